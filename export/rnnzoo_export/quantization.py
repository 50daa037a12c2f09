"""Smaller ONNX files, written only if they still answer well on given data."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from rnnzoo import checks, files
from rnnzoo.errors import AccuracyError, ArgumentError, DataError, ExportError
from rnnzoo.tasks import get_task
from rnnzoo.training.joining import join_rows
from rnnzoo.training.scores import score
from rnnzoo_export.lowering import walk_nodes
from rnnzoo_export.onnx_session import open_session
from rnnzoo_export.weight_compression import Compression, compress_weights

if TYPE_CHECKING:
    from rnnzoo.data.split import Split

METHODS = ("weights_int8", "dynamic_int8", "float16")
_ROWS = 256
# The operators that onnxruntime computes in 8 bits, and which of their inputs is the weight.
_DYNAMIC = {"LSTM": 1, "MatMul": 1, "Gather": 0}

Batches = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class QuantizationReport:
    """What a quantization gave.

    Attributes:
        path: The file.
        method: How it was made.
        size: Bytes of the file.
        original_size: Bytes of the file it was made from.
        metric: What the two were compared by.
        score: The file's score on the data.
        original_score: The score of the file it was made from.
        drop: How much worse the file is, in points (see ``quantize_onnx``); negative if it is better.
        max_difference: The largest absolute difference of any output on the data.
        quantized: The weights, or for ``"dynamic_int8"`` the operators, in fewer bits.
        kept: What stayed float32, and why.
    """

    path: Path
    method: str
    size: int
    original_size: int
    metric: str
    score: float
    original_score: float
    drop: float
    max_difference: float
    quantized: tuple[str, ...]
    kept: Mapping[str, str]


def quantize_onnx(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    method: str = "weights_int8",
    data: Split | Batches,
    task: str,
    max_drop: float = 0.3,
    quantiles: Sequence[float] | None = None,
    overwrite: bool = False,
) -> QuantizationReport:
    """Makes a smaller file of an exported one, if it answers nearly as well on held-out data.

    ``"weights_int8"`` keeps the weights of LSTM, GRU, SimpleRNN, Dense and Embedding in 8 bits, one scale per column
    (about a quarter of the size), and computes in float32. ``"float16"`` keeps them in 16 bits, likewise. With
    ``"dynamic_int8"`` onnxruntime also computes LSTM and dense layers in 8 bits, all but the last dense layer, whose
    rounding would show in every answer; it has no 8-bit GRU and SimpleRNN, which stay float32. The weights of
    ``"dynamic_int8"`` use 7 of their 8 bits, so that processors with and without VNNI answer alike.

    Args:
        path: A float32 file of ``export_onnx`` with one output.
        out: The file to write.
        method: One of the three.
        data: Held-out rows: a split such as ``splits.validation``, or batches ``(inputs by name, targets)`` or
            ``(inputs by name, targets, weights)`` where steps of weight 0 do not count.
        task: A name in the task table: says how answers are scored.
        max_drop: How much worse the file may be: in percentage points of accuracy, micro-averaged F1 or
            character error rate, or in percent of the mean absolute error or the pinball loss.
        quantiles: For ``"quantile_forecasting"``, the levels that the model answers; ``None`` for 0.1, 0.5 and 0.9.
        overwrite: Whether an existing file is replaced.

    Returns:
        Sizes, scores, what became smaller and what did not.

    Raises:
        ArgumentError: If an argument is out of range.
        PathNotFoundError: If there is no file at ``path``.
        PathExistsError: If ``out`` exists and ``overwrite`` is false.
        ExportError: If nothing in the file can be made smaller, or onnxruntime cannot load it.
        AccuracyError: If the drop is larger than ``max_drop``; nothing is written then.
    """
    checks.choice("method", method, METHODS)
    get_task(task)
    if task == "language_modeling":
        raise ArgumentError(
            "task: received 'language_modeling', whose answers are not kept all at once; expected another "
            "task. Serve the float32 file."
        )
    if not 0 <= max_drop < math.inf:
        raise ArgumentError(f"max_drop: received {max_drop!r}; expected 0 or more points.")
    source, target = files.existing_file(path, "an ONNX file"), Path(out)
    files.refuse_existing_file(target, overwrite=overwrite)
    with files.replacing(target) as temporary:
        done = _write(source, temporary, method)
        outputs, truth, changed = _answers(source, temporary, data)
        metric, original, found, drop = _compare(task, outputs, changed, truth, quantiles)
        if drop > max_drop:
            raise AccuracyError(
                f"{target}: {method} lowers {metric} from {original:.4f} to {found:.4f}, {drop:.2f} points; expected "
                f"at most {max_drop:g}. Try another method, or a larger max_drop of quantize_onnx. The file was not "
                "written."
            )
        size = temporary.stat().st_size
    return QuantizationReport(
        path=target,
        method=method,
        size=size,
        original_size=source.stat().st_size,
        metric=metric,
        score=found,
        original_score=original,
        drop=drop,
        max_difference=float(np.abs(outputs.astype(np.float64) - changed).max()),
        quantized=done.compressed,
        kept=done.kept,
    )


def _write(source: Path, target: Path, method: str) -> Compression:
    """Writes the smaller file and says what was done."""
    try:
        model = onnx.load(source)
        onnx.checker.check_model(model)
    except Exception as error:  # DecodeError and ValidationError have no common base but this
        raise ExportError(
            f"{source}: not a readable ONNX file ({' '.join(str(error).split())[:200]}); expected one of export_onnx."
        ) from error
    if method == "dynamic_int8":
        done = _quantize_dynamically(model, target)
        model = onnx.load(target)
    else:
        done = compress_weights(model, int8=method == "weights_int8")
    if not done.compressed:
        raise ExportError(
            f"{source}: holds nothing that {method} makes smaller; expected float32 weights of recurrent layers, dense "
            "layers or embeddings. Keep the file as it is."
        )
    properties = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**properties, "quantization": method})
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return done


def _quantize_dynamically(model: onnx.ModelProto, target: Path) -> Compression:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    weights = {
        tensor.name for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT
    }
    weighted = [
        (node.name, node.op_type)
        for node in model.graph.node
        if node.op_type in _DYNAMIC and node.input[_DYNAMIC[node.op_type]] in weights
    ]
    last = [name for name, operator in weighted if operator == "MatMul"][-1:]
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=list(_DYNAMIC),
        nodes_to_exclude=last,
        weight_type=QuantType.QInt8,
        # Weights of 7 bits. Processors without VNNI add two products of 8 bits in 16, where those of larger weights
        # do not fit: the file would answer well on one machine and wrongly on another.
        reduce_range=True,
    )
    kept = dict.fromkeys(last, "the last dense layer, whose rounding shows in every answer")
    kept |= {
        node.name: f"onnxruntime has no 8-bit {node.op_type}"
        for node in walk_nodes(model.graph.node)
        if node.op_type in ("GRU", "RNN", "Scan")
    }
    return Compression(tuple(name for name, _ in weighted if name not in last), kept)


def _answers(source: Path, target: Path, data: Split | Batches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the outputs of the original, the truth, and the outputs of the smaller file, row by row."""
    original, smaller = _session(source), _session(target)
    batches = data.batches(_ROWS) if hasattr(data, "batches") else data
    outputs, truths, changed = [], [], []
    for inputs, truth, *weights in batches:
        valid = ... if not weights or weights[0] is None else np.asarray(weights[0]) > 0
        names = [node.name for node in original.get_inputs()]
        if not isinstance(inputs, Mapping) or not set(names) <= set(inputs):
            found = sorted(inputs) if isinstance(inputs, Mapping) else type(inputs).__name__
            raise DataError(f"data: received the inputs {found}; expected arrays by name, {names}.")
        arrays = {name: inputs[name] for name in names}
        outputs.append(original.run(None, arrays)[0][valid])
        changed.append(smaller.run(None, arrays)[0][valid])
        truths.append(np.asarray(truth)[valid])
    if not outputs:
        raise DataError("data: received no rows; expected held-out ones to compare on.")
    return join_rows(outputs), join_rows(truths), join_rows(changed)


def _session(path: Path) -> onnxruntime.InferenceSession:
    session = open_session(path, name=str(path), fix="Try another method.")
    if len(session.get_outputs()) != 1:
        names = [node.name for node in session.get_outputs()]
        raise ExportError(f"{path}: has the outputs {names}; expected one, which the data can score.")
    return session


def _compare(
    task: str,
    outputs: np.ndarray,
    changed: np.ndarray,
    truth: np.ndarray,
    quantiles: Sequence[float] | None,
) -> tuple[str, float, float, float]:
    """Returns the metric, both scores and the drop in points."""
    before, after = (score(task, found, truth, quantiles=quantiles) for found in (outputs, changed))
    # A distribution is judged as a whole, not by its median alone.
    metric = next(name for name in ("accuracy", "micro_f1", "pinball", "mae", "cer") if name in before)
    error = metric in ("mae", "pinball", "cer")
    worse = after[metric] - before[metric] if error else before[metric] - after[metric]
    scale = before[metric] if metric in ("mae", "pinball") else 1.0
    return (
        metric,
        before[metric],
        after[metric],
        100 * worse / scale if scale else float("inf") * max(worse, 0),
    )
