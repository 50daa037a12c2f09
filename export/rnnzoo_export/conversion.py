"""A network as ONNX with fused recurrent operators, proved equal before the file appears."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from keras import layers
from onnx import helper, numpy_helper, version_converter

from rnnzoo import files
from rnnzoo.errors import ExportError, UnsupportedLayerError, one_line
from rnnzoo.keras_models.model_layers import all_layers
from rnnzoo.version import __version__
from rnnzoo_export.graph.lowering import lower_markers
from rnnzoo_export.graph.marker_spec import DOMAIN
from rnnzoo_export.graph.markers import mark_layers
from rnnzoo_export.graph.protos import check_proto, count_operators, dimensions, replace_items
from rnnzoo_export.graph.shared_weights import share_initializers
from rnnzoo_export.network.export_config import DEFAULT_OPSET, ExportConfig
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.tables import closed_tables
from rnnzoo_export.operators.handlers import HANDLERS
from rnnzoo_export.operators.refused import refuse_operations, refuse_traced
from rnnzoo_export.operators.reshapes import reshapes_kept
from rnnzoo_export.reports import TOLERANCE, ExportReport, ParityReport
from rnnzoo_export.signature import Signature

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Tensor, TracedFunction

_TF2ONNX_NEWEST = 18
# ONNX has no recurrence over images at all: whoever builds one of these wants its loop.
_LOOPS_BY_NATURE = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)


def write_onnx(
    exportable: Exportable,
    target: Path,
    config: ExportConfig,
    *,
    check: Callable[[Path], ParityReport],
    properties: Mapping[str, str] | None = None,
) -> ExportReport:
    """Converts, proves and writes; the work under the functions that export.

    Args:
        exportable: What to convert.
        target: The file to write.
        config: The ONNX operator set, and whether loops are refused, but for those of ConvLSTM.
        check: Proves the file, which still has a temporary name.
        properties: Further metadata of the file.
    """
    opset = DEFAULT_OPSET if config.opset is None else config.opset
    _refuse_types(exportable.signature)
    proto, fused, looping = _convert(exportable, min(opset, _TF2ONNX_NEWEST))
    if config.strict:
        _refuse_loops(looping)
    loops = [layer.name for layer in looping]
    if opset > _TF2ONNX_NEWEST:
        proto = _newer(proto, opset)
    share_initializers(proto.graph)
    steps = {} if exportable.least_steps is None else {"least_steps": str(exportable.least_steps)}
    stated = {} if config.tolerance == TOLERANCE else {"tolerance": repr(config.tolerance)}
    _describe(proto, exportable.signature, loops, {**steps, **stated, **(properties or {})})
    proto = check_proto(proto)
    with files.replacing(target) as temporary:
        onnx.save(proto, temporary)
        parity = check(temporary)
    return ExportReport(target, opset, count_operators(proto), tuple(fused), tuple(loops), parity)


def _newer(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Returns a model of an operator set that tf2onnx does not write."""
    try:
        proto = version_converter.convert_version(proto, opset)
    except Exception as error:  # RuntimeError, ConvertError, ValidationError: no common base but this
        raise ExportError(
            f"opset: received {opset}, to which onnx {onnx.__version__} cannot convert the model "
            f"({one_line(error, 300)}). Pass opset={DEFAULT_OPSET}, or install a newer onnx."
        ) from error
    # The format of the file that came with the operator set.
    proto.ir_version = max(proto.ir_version, helper.find_min_ir_version_for(proto.opset_import))
    return proto


def _refuse_loops(looping: Sequence[Layer]) -> None:
    refused = [layer.name for layer in looping if not isinstance(layer, _LOOPS_BY_NATURE)]
    if refused:
        raise UnsupportedLayerError(
            f"layer {refused[0]!r}: ONNX has no operator for it, so that it would run as a slow loop; expected LSTM, "
            "GRU or SimpleRNN with activations that ONNX has. Change it, or pass strict=False (rnnzoo export: "
            "--allow-loops), which accepts the loop."
        )


def _refuse_types(signature: Signature) -> None:
    for spec in signature.inputs:
        if spec.dtype == "bfloat16":
            raise UnsupportedLayerError(
                f"input {spec.name!r}: received the type bfloat16, which onnxruntime takes from no array; expected "
                "float32. Build the model with keras.Input(..., dtype='float32') and give it these weights "
                "(set_weights)."
            )


def _convert(exportable: Exportable, opset: int) -> tuple[onnx.ModelProto, list[str], list[Layer]]:
    """Returns the lowered model, the names of the fused layers and the layers that stayed loops."""
    specs = exportable.tensor_specs
    with exportable.portable(), exportable.tracing(), mark_layers(closed_tables(exportable.model)) as marked:
        function = tf.function(exportable, input_signature=specs, autograph=False)
        graph = function.get_concrete_function().graph
        steps = {key: _run_tf2onnx(step, step.input_signature, opset) for key, step in marked.steps.items()}
    names = [layer.name for layer in all_layers(exportable.model)]
    refuse_traced(graph, names)
    proto = _run_tf2onnx(function, specs, opset)
    refuse_operations(proto, names)
    _restore_constants(proto, graph.captures, {spec.name for spec in exportable.signature.inputs})
    fused = lower_markers(proto, steps)
    _order(proto, exportable.signature)
    return proto, fused, marked.loops


@contextmanager
def _without_table_warning() -> Iterator[None]:
    """Keeps back one warning of TensorFlow: tables of words of models loaded before have no place in an ONNX file."""
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_no_table_warning)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_table_warning)


def _is_no_table_warning(record: logging.LogRecord) -> bool:
    of_tables = isinstance(record.args, tuple) and record.args[:1] == ("table_initializer",)
    return not (of_tables and str(record.msg).startswith("Issue encountered"))


def _run_tf2onnx(function: TracedFunction, specs: Sequence[tf.TensorSpec], opset: int) -> onnx.ModelProto:
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with _without_table_warning(), reshapes_kept():
            proto, _ = tf2onnx.convert.from_function(
                function,
                specs,
                opset=opset,
                custom_ops={"PyFunc": DOMAIN},
                custom_op_handlers=HANDLERS,
                extra_opset=[helper.make_opsetid(DOMAIN, 1)],
            )
    except Exception as error:  # tf2onnx raises whatever comes: ValueError, KeyError, its own
        raise ExportError(
            f"model: tf2onnx {tf2onnx.__version__} cannot convert it ({one_line(error, 300)}). "
            "Replace the operation it names by one that ONNX has."
        ) from error
    finally:
        logger.setLevel(level)
    return proto


def _restore_constants(
    proto: onnx.ModelProto, captures: Sequence[tuple[Tensor, Tensor]], inputs: set[str]
) -> None:
    """Gives tensors that a layer keeps outside of variables their values back; tf2onnx makes inputs of them."""
    values = {inner.name: outer for outer, inner in captures}
    for value in proto.graph.input:
        if value.name not in inputs and value.name in values:
            constant = np.asarray(values[value.name].numpy())
            if constant.dtype.kind == "S":  # a text alone
                constant = constant.astype(object)
            tensor = numpy_helper.from_array(constant, value.name)
            proto.graph.initializer.append(tensor)


def _order(proto: onnx.ModelProto, signature: Signature) -> None:
    """Puts inputs and outputs in the model's order and names their free axes."""
    for field, specs in ((proto.graph.input, signature.inputs), (proto.graph.output, signature.outputs)):
        found = {value.name: value for value in field}
        missing = [spec.name for spec in specs if spec.name not in found]
        if missing:
            raise ExportError(
                f"model: its {missing[0]!r} was lost in the conversion; found {sorted(found)}. "
                "An input that nothing reads cannot be exported: leave it out of the model."
            )
        ordered = [found[spec.name] for spec in specs]
        for value, spec in zip(ordered, specs, strict=True):
            value.CopyFrom(
                helper.make_tensor_value_info(
                    value.name, value.type.tensor_type.elem_type, dimensions(spec.name, spec.shape)
                )
            )
        replace_items(field, ordered)


def _describe(
    proto: onnx.ModelProto, signature: Signature, loops: list[str], properties: Mapping[str, str]
) -> None:
    proto.producer_name, proto.producer_version = "rnnzoo", __version__
    helper.set_model_props(
        proto,
        {
            "rnnzoo": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "tf2onnx": tf2onnx.__version__,
            "signature": json.dumps(signature.to_config()),
            "loops": json.dumps(loops),
            **properties,
        },
    )
