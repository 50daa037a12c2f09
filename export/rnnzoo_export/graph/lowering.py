"""Replacing the markers in a converted model by ONNX operators. Knows nothing of TensorFlow or Keras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export.graph.counted_indices import leave_counting_to_gather
from rnnzoo_export.graph.lookup_nodes import DOMAIN as _TABLES
from rnnzoo_export.graph.lookup_nodes import write_lookup_nodes, write_text_equality
from rnnzoo_export.graph.marker_spec import DOMAIN, LinearSpec, LookupSpec, ScanSpec, Spec, spec_from_json
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.protos import _all_nodes, replace_items, walk_nodes
from rnnzoo_export.graph.recurrent_nodes import write_recurrent_nodes
from rnnzoo_export.graph.scan_nodes import write_linear_nodes, write_scan_nodes
from rnnzoo_export.graph.unique_names import unique_prefixes
from rnnzoo_export.graph.valid_steps import MaskedSequences


def lower_markers(model: onnx.ModelProto, steps: Mapping[str, onnx.ModelProto]) -> list[str]:
    """Replaces every marker in the main graph, in place.

    Args:
        model: A converted model.
        steps: The converted steps of layers that become a ``Scan``, by the key in their markers.

    Returns:
        The names of the layers that became operators, one for each operator.

    Raises:
        UnsupportedLayerError: If a marker is not rnnzoo's.
    """
    graph = model.graph
    values = _Constants(graph)
    read = Counter(name for node in graph.node for name in node.input) + Counter(o.name for o in graph.output)
    nodes: list[onnx.NodeProto] = []
    masked = MaskedSequences()
    specs = [_read_spec(node, values) for node in graph.node if node.domain == DOMAIN]
    # A layer may be called twice, and layers of nested models may have one name.
    names = [spec.layer for spec in specs]
    markers = zip(specs, unique_prefixes(graph, names), strict=True)
    for node in graph.node:
        if node.domain != DOMAIN:
            nodes += _other_nodes(graph, node, values)
            continue
        spec, prefix = next(markers)
        builder = NodeBuilder(prefix)
        inputs, outputs = node.input[1:], node.output
        if isinstance(spec, LookupSpec):
            write_lookup_nodes(spec, builder, inputs, outputs, value_of=values)
        elif isinstance(spec, LinearSpec):
            write_linear_nodes(builder, inputs, outputs)
        elif isinstance(spec, ScanSpec):
            write_scan_nodes(spec, builder, inputs, outputs, step=steps[spec.step], used=read.__contains__)
        else:
            write_recurrent_nodes(
                spec, builder, inputs, outputs, value_of=values, used=read.__contains__, masked=masked
            )
        nodes += builder.nodes
        graph.initializer.extend(builder.initializers)
    replace_items(graph.node, nodes)
    leave_counting_to_gather(graph)
    _tidy(graph)
    used = {"", *(node.domain for node in _all_nodes(model))}
    replace_items(model.opset_import, [entry for entry in model.opset_import if entry.domain in used])
    if _TABLES in used and _TABLES not in {entry.domain for entry in model.opset_import}:
        model.opset_import.append(onnx.helper.make_opsetid(_TABLES, 2))
    return [spec.layer for spec in specs if not isinstance(spec, LookupSpec)]


class _Constants:
    """The values of constants by name, seen through identities and casts."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._initializers = {tensor.name: tensor for tensor in graph.initializer}
        self._producers = {output: node for node in graph.node for output in node.output}

    def text(self, name: str) -> list[bytes] | None:
        """Returns the text that a constant holds; ``None`` of anything else."""
        tensor = self._initializers.get(name)
        return None if tensor is None else [*tensor.string_data] or None

    def __call__(self, name: str) -> np.ndarray:
        if name in self._initializers:
            return numpy_helper.to_array(self._initializers[name])
        node = self._producers.get(name)
        if node is not None and node.op_type == "Constant":
            return numpy_helper.to_array(node.attribute[0].t)
        if node is not None and node.op_type == "Identity":
            return self(node.input[0])
        if node is not None and node.op_type == "Cast":
            dtype = onnx.helper.tensor_dtype_to_np_dtype(node.attribute[0].i)
            return self(node.input[0]).astype(dtype)
        raise UnsupportedLayerError(
            f"{name}: a recurrent weight that is computed inside the model; expected a constant one. "
            "Export a copy of the layer that holds the computed weights."
        )


def _other_nodes(graph: onnx.GraphProto, node: onnx.NodeProto, values: _Constants) -> list[onnx.NodeProto]:
    """Returns a node that is no marker as it is, or what is written for a comparison of texts with a constant."""
    if node.op_type != "Equal":
        return [node]
    known = {name: value for name in node.input if (value := values.text(name)) is not None}
    if len(known) != 1:
        return [node]
    ((constant, text),) = known.items()
    (given,) = (name for name in node.input if name != constant)
    (prefix,) = unique_prefixes(graph, [node.name])
    builder = NodeBuilder(prefix)
    write_text_equality(builder, given, text, node.output)
    return builder.nodes


def _read_spec(node: onnx.NodeProto, values: _Constants) -> Spec:
    try:
        return spec_from_json(str(values(node.input[0]).reshape(-1)[0]))
    except (ValueError, KeyError, TypeError, IndexError, UnsupportedLayerError) as error:
        raise python_function() from error


def python_function() -> UnsupportedLayerError:
    """Returns what says that a model calls a Python function."""
    return UnsupportedLayerError(
        "model: calls a Python function (tf.py_function or tf.numpy_function), which no other runtime can run. "
        "Write it with keras.ops instead."
    )


def _tidy(graph: onnx.GraphProto) -> None:
    """Takes out identities and everything that nobody reads."""
    outputs = {output.name for output in graph.output}
    sources = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Identity" and node.output[0] not in outputs
    }
    kept = [node for node in graph.node if not node.output or node.output[0] not in sources]
    for node in walk_nodes(kept):
        for place, name in enumerate(node.input):
            while name in sources:
                name = sources[name]
            node.input[place] = name
    live: list[onnx.NodeProto] = []
    needed = set(outputs)
    for node in reversed(kept):
        if needed.intersection(node.output):
            live.append(node)
            needed.update(name for inner in walk_nodes([node]) for name in inner.input)
    replace_items(graph.node, live[::-1])
    replace_items(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in needed])
