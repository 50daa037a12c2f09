"""What a preprocessing is when it becomes part of an ONNX file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rnnzoo.preprocessing import Preprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.inference.raw_tensors.kinds import find_raw_tensors
from rnnzoo_export.signature import TensorSpec


class RawGraph(ABC):
    """A fitted preprocessing as standard ONNX operators.

    A file cannot raise errors of its own. Where the preprocessing refuses a row, the file answers NaN for that row.

    Args:
        preprocessing: What it is made of, fitted.

    Attributes:
        opset: The oldest ONNX operator set that has the operators.
        tensors: What raw rows are as tensors.
        inputs: What the file takes instead of the network's inputs: these tensors.

    Raises:
        ArgumentError: If the preprocessing does not say what its rows are.
    """

    opset: ClassVar[int]

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing: Preprocessing = preprocessing
        self.tensors: RawTensors = find_raw_tensors(preprocessing)
        self.inputs: tuple[TensorSpec, ...] = self.tensors.inputs

    @property
    @abstractmethod
    def network_inputs(self) -> tuple[str, ...]:
        """The network's inputs that it makes."""

    @abstractmethod
    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes."""

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns raw rows as the file takes them."""
        return self.tensors.arrays(raw)

    @abstractmethod
    def examples(self) -> Iterator[list[Any]]:
        """Yields batches of raw rows, hard ones among them, on which the file must agree with the preprocessing."""


class RawValues(NamedTuple):
    """What the nodes of a preprocessing make.

    Attributes:
        inputs: For each input of the network the name of its value.
        refused: The name of a boolean vector ``(batch,)`` that is true where a row cannot be answered; empty if none.
        level: The names of what the values of each row were centred and divided by, float64 ``(batch, values)`` with
            the targets first; ``None`` where all rows are scaled alike.
    """

    inputs: dict[str, str]
    refused: str = ""
    level: tuple[str, str] | None = None
