"""A model that takes and gives tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.datatypes import describe_tensors
from rnnzoo_export.serving.metrics import Metrics
from rnnzoo_export.serving.models import Load, ServedModel
from rnnzoo_export.serving.protocol import Leeway
from rnnzoo_export.serving.readiness import Readiness
from rnnzoo_export.serving.warm_up import some_inputs
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

    def finish(self, outputs: Mapping[str, np.ndarray], context: Any) -> Mapping[str, np.ndarray]:
        """Returns the tensors of the answer."""
        return outputs

    @property
    def ready(self) -> bool:
        """Whether the threads that run it keep up."""
        return self.batcher.ready

    @property
    def at_work(self) -> bool:
        """Whether a thread lives."""
        return self.batcher.at_work

    @property
    def load(self) -> Load:
        """What waits for it."""
        return Load(self.batcher.jobs_waiting, self.batcher.seconds_waiting)

    def facts(self) -> dict[str, Any]:
        """Returns the metadata."""
        return {
            "name": self.name,
            "platform": "onnxruntime_onnx",
            "inputs": describe_tensors(self.signature.inputs),
            "outputs": describe_tensors(self.signature.outputs),
        }

    def stop(self, timeout: float) -> None:
        """Ends the threads after what waits, or after so many seconds."""
        self.batcher.stop(timeout)

    def observe(self, metrics: Metrics) -> None:
        """Counts its runs there."""
        self.batcher.observe(partial(metrics.runs, self.name))

    async def check(self) -> bool:
        """Returns whether it keeps up, and has answered lately, or a small row now."""
        return self.ready and await self._readiness.check()

    @cached_property
    def _readiness(self) -> Readiness:
        return Readiness(self.batcher, self.some_row(self.signature.least_steps))

    def some_row(self, steps: int) -> dict[str, np.ndarray]:
        """Returns what the session takes for one row of so many steps."""
        return some_inputs(self.signature, steps)

    def work_of(self, size: int) -> int:
        """Returns how many bytes of numbers take as long to read and to prepare as a body of so many bytes."""
        return size
