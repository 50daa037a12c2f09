"""Operations that ONNX does not have, told by the names of what a user wrote."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import onnx
import tensorflow as tf

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export.graph.lowering import python_function
from rnnzoo_export.graph.marker_spec import MARKER
from rnnzoo_export.graph.protos import walk_nodes
from rnnzoo_export.operators.fourier import LEAST_OPSET

_OUTSIDE = "Compute it outside of the network, before or after it"
#: What is written where the operator set is new enough.
_FOURIER = ("Complex", "FFT", "IFFT", "RFFT", "IRFFT")
_CTC_LOSSES = ("CTCLoss", "CTCLossV2")
_CTC_DECODERS = ("CTCGreedyDecoder", "CTCBeamSearchDecoder", "CTCBeamSearchDecoderV2")
#: What each operation of TensorFlow comes from, and what to do.
_CAUSES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            *("Svd", "SelfAdjointEigV2", "Eig", "Qr", "Lu", "Cholesky", "MatrixInverse", "MatrixSolve"),
            *("MatrixTriangularSolve", "MatrixDeterminant", "LogMatrixDeterminant", "MatrixSolveLs"),
        ),
        ("a function of keras.ops on matrices, such as svd, eigh, qr, cholesky, inv, solve or det", _OUTSIDE),
    ),
    **dict.fromkeys(
        (*_FOURIER, "FFT2D", "IFFT2D", "RFFT2D", "ComplexAbs", "Real", "Imag"),
        ("a Fourier transform (keras.ops.fft, rfft, stft or a layer on them)", _OUTSIDE),
    ),
    **dict.fromkeys(
        _CTC_LOSSES,
        (
            "a CTC loss, which only training needs",
            "Export the model up to its logits: keras.Model(model.inputs[0], model.get_layer(NAME).output), NAME being "
            "the layer that the loss reads",
        ),
    ),
    **dict.fromkeys(
        _CTC_DECODERS,
        ("keras.ops.ctc_decode", "Export the model up to its logits, and decode what the file answers"),
    ),
    "Erfinv": ("keras.ops.erfinv", _OUTSIDE),
    "NextAfter": ("keras.ops.nextafter", _OUTSIDE),
    "Bitcast": ("keras.ops.view or tf.bitcast", "Convert numbers with keras.ops.cast"),
    **dict.fromkeys(
        ("BesselI0", "BesselI0e", "BesselI1", "BesselI1e", "Lgamma", "Digamma", "Igamma", "Zeta"),
        ("a special function, such as keras.ops.i0", _OUTSIDE),
    ),
    **dict.fromkeys(
        (
            *(
                "AsString",
                "StringFormat",
                "StringToHashBucketFast",
                "StringToHashBucketStrong",
                "StringLower",
            ),
            *("StaticRegexReplace", "StringSplitV2", "LookupTableFindV2", "StringJoin"),
        ),
        (
            "a layer that reads texts (StringLookup, TextVectorization, Hashing)",
            "Export the network behind it, and give the bundle a preprocessing: save_bundle(..., preprocessing=...)",
        ),
    ),
}
_RANDOM = re.compile(
    r"(Stateless)?(Random(Standard|Uniform|Normal|Gamma|Poisson|Shuffle)|Truncated|Multinomial|Parameterized)"
)
_RANDOM_CAUSE = (
    "a random draw (keras.random) that is made outside of training too",
    "Draw only if training is true: `if training: ...` in the layer's call",
)


#: The loss is made of many operations, within this scope.
_CTC_SCOPE = "/ctc_loss_dense/"
#: What tf2onnx stumbles over, or answers otherwise.
_BEFORE = (*_CTC_LOSSES, *_CTC_DECODERS)


def refuse_traced(graph: tf.Graph, layers: Iterable[str]) -> None:
    """Refuses a traced model that holds operations which tf2onnx cannot leave as they are.

    Args:
        graph: The traced model.
        layers: The names of the model's layers.

    Raises:
        UnsupportedLayerError: If it holds one; the message names the layer and what was written in it.
    """
    names = set(layers)
    definition = graph.as_graph_def()
    bodies = (definition.node, *(function.node_def for function in definition.library.function))
    for node in itertools.chain.from_iterable(bodies):
        if _CTC_SCOPE in node.name:
            raise UnsupportedLayerError(_message(node.name, "CTCLoss", names))
        if node.op in _BEFORE:
            raise UnsupportedLayerError(_message(node.name, node.op, names))


def refuse_operations(proto: onnx.ModelProto, layers: Iterable[str]) -> None:
    """Refuses a converted model that holds operations which tf2onnx has left as they are.

    Args:
        proto: What tf2onnx has made.
        layers: The names of the model's layers.

    Raises:
        UnsupportedLayerError: If it holds one; the message names the layer and what was written in it.
    """
    names = set(layers)
    _refuse_nested(proto, names)
    opset = next((entry.version for entry in proto.opset_import if entry.domain == ""), 0)
    for node in walk_nodes(proto.graph.node):
        if node.domain != "" or (onnx.defs.has(node.op_type) and not _RANDOM.match(node.op_type)):
            continue
        if node.op_type in _FOURIER and opset < LEAST_OPSET:
            raise UnsupportedLayerError(
                f"model: ONNX has Fourier transforms from operator set {LEAST_OPSET} on; received opset={opset}. Pass "
                f"opset={LEAST_OPSET} or a later one."
            )
        raise UnsupportedLayerError(_message(node.name, node.op_type, names))


def _refuse_nested(proto: onnx.ModelProto, layers: set[str]) -> None:
    """Refuses a recurrent layer, or a Python function, in a loop or branch: its operators have no place there."""
    nested = (itertools.islice(walk_nodes([node]), 1, None) for node in proto.graph.node)
    for node in itertools.chain.from_iterable(nested):
        if node.op_type != "PyFunc":
            continue
        if MARKER not in node.name:
            raise python_function()
        layer = _layer(node.name.partition("_tfg_inlined_")[0], layers)
        raise UnsupportedLayerError(
            f"{f'layer {layer!r}' if layer else 'model'}: a recurrent layer, or one that looks up in a table, is "
            "called inside a loop or branch (keras.ops.cond, keras.ops.while_loop, keras.ops.scan); expected it "
            "outside of them. Call it before, and let the loop or branch read its answer."
        )


def _message(name: str, kind: str, layers: set[str]) -> str:
    random = _RANDOM.match(kind) is not None
    written, fix = _RANDOM_CAUSE if random else _CAUSES.get(kind, ("", f"{_OUTSIDE}, or write it otherwise"))
    cause = f", {written}," if written else ""
    layer = _layer(name, layers)
    return (
        f"{f'layer {layer!r}' if layer else 'model'}: TensorFlow's {kind}{cause} has no operator in ONNX; expected "
        f"operations that ONNX has. {fix}."
    )


def _layer(name: str, layers: set[str]) -> str | None:
    """Returns the innermost layer in whose scope a node lies; scopes may have a number behind a layer's name."""
    for part in reversed(name.split("/")[:-1]):
        if part in layers:
            return part
        bare = re.sub(r"_\d+$", "", part)
        if bare in layers:
            return bare
    return None
