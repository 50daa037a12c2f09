"""Reads and changes ONNX files: their nodes through all subgraphs, their axes, their validity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import onnx

from rnnzoo.errors import ExportError


def dimensions(name: str, shape: tuple[int | None, ...]) -> list[int | str]:
    """Names free sizes. onnxruntime takes equal names for equal sizes, so each input has names of its own."""
    words = {0: "batch", 1: f"{name}_time"}
    return [words.get(i, f"{name}_{i}") if size is None else size for i, size in enumerate(shape)]


def checked(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Returns a file with its shapes inferred, or raises ``ExportError`` if it is not valid ONNX."""
    try:
        proto = onnx.shape_inference.infer_shapes(proto)
        onnx.checker.check_model(proto)
    except Exception as error:  # ValidationError, InferenceError: no common base but this
        raise ExportError(
            f"model: the converted file is not valid ONNX ({' '.join(str(error).split())[:300]}). "
            "Replace the operation it names by one that ONNX has."
        ) from error
    return proto


def count_operators(model: onnx.ModelProto) -> dict[str, int]:
    """Counts the operators of a model by type, through all subgraphs and functions."""
    counts: Counter[str] = Counter()
    for node in _all_nodes(model):
        counts[node.op_type] += 1
    return dict(sorted(counts.items()))


def _all_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from walk_nodes(model.graph.node)
    for function in model.functions:
        yield from walk_nodes(function.node)


def walk_nodes(nodes: object) -> Iterator[onnx.NodeProto]:
    """Yields nodes and, after each, those of its subgraphs."""
    for node in nodes:  # type: ignore[attr-defined]
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from walk_nodes(graph.node)


def replace_items(field: object, items: object) -> None:
    """Makes ``items``, which may be some of its own, the content of a repeated field."""
    kept = list(items)  # type: ignore[call-overload]
    del field[:]  # type: ignore[attr-defined]
    field.extend(kept)  # type: ignore[attr-defined]
