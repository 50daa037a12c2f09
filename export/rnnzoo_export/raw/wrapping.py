"""One ONNX file from raw examples to answers: a network with its preprocessing in front, and its units behind."""

from __future__ import annotations

import dataclasses
import functools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from rnnzoo import files
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError
from rnnzoo_export.conversion import write_onnx
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.protos import check_proto, count_operators, dimensions, walk_graphs, walk_nodes
from rnnzoo_export.graph.shared_weights import share_initializers
from rnnzoo_export.graph.unique_names import unique_prefixes
from rnnzoo_export.inference.raw_model import raw_signature
from rnnzoo_export.network.export_config import DEFAULT_OPSET, ExportConfig
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.decoding_check import check_distribution
from rnnzoo_export.parity.parity import check_onnx
from rnnzoo_export.parity.runtimes import open_session
from rnnzoo_export.raw.kinds import check_fit
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.raw.raw_parity import check_examples
from rnnzoo_export.reports import ExportReport
from rnnzoo_export.signature import Signature, TensorSpec


def write_raw_onnx(
    exportable: Exportable,
    target: Path,
    raw: RawGraph,
    config: ExportConfig,
    *,
    decoding: Decoding | None,
) -> ExportReport:
    """Converts the network, proves it, puts the preprocessing around it and proves the whole.

    Args:
        exportable: The network.
        target: The file to write.
        raw: What comes before it.
        config: How it is exported; ``opset=None`` is the oldest operator set that has all operators.
        decoding: Whose units its values leave in; ``None`` to leave them as they are.

    Raises:
        ArgumentError: If network, preprocessing and decoding do not go together.
        ParityError: If the file does not answer as preprocessing and model do.
    """
    opset = max(raw.opset, DEFAULT_OPSET) if config.opset is None else config.opset
    if opset < raw.opset:
        raise ArgumentError(
            f"opset: received {opset}; expected {raw.opset} or newer, the first with the operators that "
            f"{type(raw.preprocessing).__name__} needs."
        )
    signature = _signature(exportable.signature, raw, decoding)
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "network.onnx"
        prove = functools.partial(
            check_onnx,
            exportable,
            inputs=config.parity_inputs,
            name=str(target),
            tolerance=config.tolerance,
        )
        report = write_onnx(exportable, network, dataclasses.replace(config, opset=opset), check=prove)
        proto = onnx.load(network)
    _wrap(proto, raw, decoding, signature)
    proto = check_proto(proto)
    with files.replacing(target) as temporary:
        onnx.save(proto, temporary)
        session = open_session(temporary, name=str(target), fix="Please report it with the preprocessing.")
        parity = check_examples(
            exportable,
            raw,
            functools.partial(_answer, session, raw, decoding),
            name=str(target),
            tolerance=config.tolerance,
        )
    return dataclasses.replace(
        report, path=target, operators=count_operators(proto), parity=report.parity.merge(parity)
    )


def _signature(network: Signature, raw: RawGraph, decoding: Decoding | None) -> Signature:
    check_fit(network, raw)
    if decoding is not None:
        _check_decoding(network.outputs, decoding)
    found = raw_signature(network, raw.inputs, raw.preprocessing, decoding)
    both = {spec.name for spec in found.inputs} & {spec.name for spec in found.outputs}
    if both:
        raise ArgumentError(
            f"input {min(both)!r}: the model has an output of this name; expected another. Rename the column."
        )
    return found


def _check_decoding(outputs: tuple[TensorSpec, ...], decoding: Decoding) -> None:
    check_distribution(outputs, decoding, None)
    if decoding.quantiles is not None:
        return
    names = decoding.target_names
    if names is None or len(outputs) != 1 or outputs[0].shape[-1] != len(names):
        found = ", ".join(f"{spec.name} {spec.shape}" for spec in outputs)
        raise ArgumentError(
            f"decoding: received one for {decoding.task} of {len(names or ())} values, and the model's {found}; "
            "expected a decoding of regression or forecasting with one name for each value of the only output."
        )


def _wrap(proto: onnx.ModelProto, raw: RawGraph, decoding: Decoding | None, signature: Signature) -> None:
    """Puts the nodes around the network, and the new signature on the file."""
    graph = proto.graph
    outside = {spec.name for spec in signature.inputs + signature.outputs}
    elements = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    network, *prefixes = unique_prefixes(graph, ["network", "raw", "answer"])
    _rename(graph, {value.name: f"{network}/{value.name}" for value in (*graph.input, *graph.output)})
    before, after = (NodeBuilder(prefix) for prefix in prefixes)
    values = raw.write(before)
    for name, value in values.inputs.items():
        before.add_many("Cast", [value], [f"{network}/{name}"], to=elements[name])
    for spec in signature.outputs:
        _write_answer(after, spec, f"{network}/{spec.name}", values, decoding)
    _refuse_clashes(graph, outside)
    nodes = [*before.nodes, *graph.node, *after.nodes]
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(before.initializers + after.initializers)
    graph.input.extend(_value(spec) for spec in signature.inputs)
    graph.output.extend(_value(spec) for spec in signature.outputs)
    share_initializers(graph)
    if "ai.onnx.ml" not in {entry.domain for entry in proto.opset_import}:
        proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2))
    for entry in proto.metadata_props:
        if entry.key == "signature":
            entry.value = json.dumps(signature.to_config())


def _write_answer(
    builder: NodeBuilder, spec: TensorSpec, value: str, raw: RawValues, decoding: Decoding | None
) -> None:
    """Brings an output to its units, and makes it NaN for the rows that the preprocessing refuses."""
    if decoding is not None:
        value = builder.add("Cast", [value], to=TensorProto.DOUBLE)
        if raw.level is None:
            factor, offset = map(builder.constant, decoding.output_scaling)
        else:
            factor, offset = _scaling_of_rows(builder, decoding, raw.level)
        value = builder.add("Mul", [value, factor])
        value = builder.add("Add", [value, offset])
    if raw.refused and spec.kind == "f":
        axes = builder.integers(*range(1, len(spec.shape)))
        rows = builder.add("Unsqueeze", [raw.refused, axes]) if len(spec.shape) > 1 else raw.refused
        value = builder.add("Where", [rows, builder.constant(np.array(np.nan, spec.dtype)), value])
    builder.add_many("Identity", [value], [spec.name])


def _scaling_of_rows(builder: NodeBuilder, decoding: Decoding, level: tuple[str, str]) -> tuple[str, str]:
    """Writes the factor and the offset of outputs, of which a decoding tells which numbers have which."""
    count = len(decoding.target_names or ())
    one = np.ones((1, count))
    found = []
    mean, scale = level
    for pattern, part in zip(decoding.with_level(one, one).output_scaling, (scale, mean), strict=True):
        targets = builder.add("Slice", [part, *map(builder.integers, (0, count, 1))])
        axes = builder.integers(1, *range(3, pattern.ndim))
        targets = builder.add("Unsqueeze", [targets, axes])
        found.append(builder.add("Mul", [targets, builder.constant(pattern)]))
    return found[0], found[1]


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Renames values wherever they are made or read, in subgraphs too."""
    for node in walk_nodes(graph.node):
        for field in (node.input, node.output):
            for i, name in enumerate(field):
                field[i] = names.get(name, name)
    for body in walk_graphs(graph):
        for value in body.output:
            value.name = names.get(value.name, value.name)


def _refuse_clashes(graph: onnx.GraphProto, outside: set[str]) -> None:
    inside = {name for node in walk_nodes(graph.node) for name in node.output}
    inside |= {tensor.name for body in walk_graphs(graph) for tensor in body.initializer}
    if inside & outside:
        raise ArgumentError(
            f"input {min(inside & outside)!r}: the model uses this name inside; expected another. Rename the column."
        )


def _value(spec: TensorSpec) -> onnx.ValueInfoProto:
    element = helper.np_dtype_to_tensor_dtype(np.dtype(object if spec.kind == "O" else spec.dtype))
    return helper.make_tensor_value_info(spec.name, element, dimensions(spec.name, spec.shape))


def _answer(
    session: onnxruntime.InferenceSession, raw: RawGraph, decoding: Decoding | None, batch: list[Any]
) -> dict[str, np.ndarray]:
    """Runs the file on raw examples; answers in the network's units, in which the tolerance means something."""
    names = [node.name for node in session.get_outputs()]
    found: dict[str, np.ndarray] = dict(zip(names, session.run(names, raw.arrays(batch)), strict=True))
    if decoding is None:
        return found
    level = raw.preprocessing.level_of_rows(raw.preprocessing.encode_rows(batch))
    units = decoding if level is None else decoding.with_level(*level)
    return {key: _network_units(value, units) for key, value in found.items()}


def _network_units(values: np.ndarray, decoding: Decoding) -> np.ndarray:
    factor, offset = decoding.output_scaling
    return ((values - offset) / factor).astype(np.float32)
