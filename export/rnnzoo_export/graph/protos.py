"""Reads and changes ONNX files: their nodes through all subgraphs, their axes, their validity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, MutableSequence
from typing import TypeVar

import onnx

from rnnzoo.errors import ExportError, one_line

Item = TypeVar("Item")


def dimensions(name: str, shape: tuple[int | None, ...]) -> list[int | str]:
    """Names free sizes. onnxruntime takes equal names for equal sizes, so each input has names of its own."""
    words = {0: "batch", 1: f"{name}_time"}
    return [words.get(i, f"{name}_{i}") if size is None else size for i, size in enumerate(shape)]


def check_proto(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Returns a file with its shapes inferred, or raises ``ExportError`` if it is not valid ONNX."""
    try:
        proto = onnx.shape_inference.infer_shapes(proto)
        onnx.checker.check_model(proto)
    except Exception as error:  # ValidationError, InferenceError: no common base but this
        raise ExportError(
            f"model: the converted file is not valid ONNX ({one_line(error, 300)}). "
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


def walk_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yields nodes and, after each, those of its subgraphs."""
    for node in nodes:
        yield node
        for body in _bodies(node):
            yield from walk_nodes(body.node)


def walk_graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yields a graph and all its subgraphs."""
    yield graph
    for node in walk_nodes(graph.node):
        yield from _bodies(node)


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def replace_items(field: MutableSequence[Item], items: Iterable[Item]) -> None:
    """Makes ``items``, which may be some of its own, the content of a repeated field."""
    kept = list(items)
    del field[:]
    field.extend(kept)
