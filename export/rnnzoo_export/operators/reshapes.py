"""One step of tf2onnx's simplification of graphs, with what it forgets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tf2onnx
from tf2onnx.optimizer import back_to_back_optimizer

_STEPS: dict[tuple[str, ...], Any] = back_to_back_optimizer._func_map


@contextlib.contextmanager
def reshapes_kept() -> Iterator[None]:
    """Keeps tf2onnx from joining two reshapes of which the second takes sizes from between them.

    A size 0 of ONNX's ``Reshape`` is that of the tensor which it gets, so that without the first it is another.
    """
    original = _STEPS["Reshape",]

    def joined(graph: tf2onnx.graph.Graph, node: Any, readers: list[Any]) -> Any:
        if len(readers) == 1 and readers[0].type == "Reshape" and not _says_all(readers[0].inputs[1]):
            return []
        return original(graph, node, readers)

    _STEPS["Reshape",] = joined
    try:
        yield
    finally:
        _STEPS["Reshape",] = original


def _says_all(shape: Any) -> bool:
    """Whether a shape has its sizes from nowhere else."""
    return not shape.is_const() or 0 not in shape.get_tensor_value(as_list=True)
