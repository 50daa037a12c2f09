"""A model that takes and gives tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.models import ServedModel
from rnnzoo_export.serving.protocol import Leeway
from rnnzoo_export.signature import Signature


class TensorModel(ServedModel):
    """What ``infer`` asks.

    Attributes:
        signature: What goes in and comes out.
        batcher: What runs the session.
        leeway: What it takes that others do not.
    """

    signature: Signature
    batcher: Batcher
    leeway: Leeway = Leeway()

    @abstractmethod
    def prepare(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Any]:
        """Returns what the session takes in place of a request's tensors, and what ``finish`` needs to know of them."""

    @abstractmethod
    def finish(self, outputs: Mapping[str, np.ndarray], context: Any) -> Mapping[str, np.ndarray]:
        """Returns the tensors of the answer."""

    def work_of(self, size: int) -> int:
        """Returns how many bytes of numbers take as long to read and to prepare as a body of so many bytes."""
        return size
