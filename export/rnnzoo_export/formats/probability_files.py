"""Files that end in a softmax or sigmoid, where scores are of logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from rnnzoo.tasks import get_task

_SAME_NUMBERS = ("Identity", "Reshape", "Squeeze", "Unsqueeze", "Cast")
_SMALLEST = float(np.finfo(np.float32).tiny)


def find_ending(path: Path, task: str) -> str | None:
    """Returns ``"Softmax"`` or ``"Sigmoid"`` if a file ends in it and its task is one of logits, else ``None``."""
    if get_task(task).activation == "linear":
        return None
    graph = onnx.load(path).graph
    made_by = {name: node for node in graph.node for name in node.output}
    node = made_by.get(graph.output[0].name)
    while node is not None and node.op_type in _SAME_NUMBERS:
        node = made_by.get(node.input[0])
    return node.op_type if node is not None and node.op_type in ("Softmax", "Sigmoid") else None


def as_logits(outputs: np.ndarray, ending: str | None) -> np.ndarray:
    """Returns logits whose probabilities are the outputs of a file with this ending.

    Example:
        >>> as_logits(np.array([[0.5]]), "Sigmoid").tolist()
        [[0.0]]
    """
    if ending is None:
        return outputs
    shares = outputs.astype(np.float64)
    logits = np.log(np.maximum(shares, _SMALLEST))
    return logits if ending == "Softmax" else logits - np.log(np.maximum(1 - shares, _SMALLEST))
