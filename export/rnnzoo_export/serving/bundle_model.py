"""A bundle as a model of the server."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_export.serving.answers import json_bytes
from rnnzoo_export.serving.batching import SHORT_RUN, Batcher
from rnnzoo_export.serving.pace import Pace
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.tensor_model import TensorModel
from rnnzoo_export.serving.warm_up import stepped_inputs, warm_up
from rnnzoo_export.serving.writer import open_writer


class BundleModel(TensorModel):
    """Answers tensors with tensors, and raw rows with answers.

    Args:
        predictor: The bundle. Requests are held to ``settings`` by its limits, which are set here.
        settings: What may be asked, and how much of it.
        name: What requests call it; the bundle's own name by default.

    Attributes:
        predictor: The bundle.
        signature: What ``infer`` takes and gives.
        batcher: What runs the model.
        encoding: From raw rows to these rows encoded, one by one and as what the session takes.
        decoding: From outputs, encoded rows and raw rows to the answer of ``predict``.
        writer: What writes texts with it; ``None`` if it is no language model, or has no streaming file.
    """

    #: What a request to ``predict`` may hold.
    predict_keys = ("inputs",)

    def __init__(self, predictor: OnnxPredictor, settings: Settings, *, name: str | None = None) -> None:
        predictor.limits = settings.limits
        self.name, self.version = name or predictor.bundle.name, predictor.bundle.version
        self.predictor, self.signature = predictor, predictor.signature
        self._max_steps, self._deadline = settings.max_steps, settings.deadline
        self.encoding, self.decoding = Pace(self._encode), Pace(self._decode)
        self.batcher = Batcher(
            predictor.execute,
            max_batch=settings.max_batch if predictor.rows_are_free else None,
            max_queue=settings.max_queue,
            deadline=settings.deadline,
            free=stepped_inputs(predictor.signature),
            on_loop=SHORT_RUN,
        )
        self.writer = open_writer(predictor.bundle, settings)

    @property
    def ready(self) -> bool:
        """Whether the threads that run it keep up."""
        return super().ready and (self.writer is None or self.writer.keeps_up(self._deadline))

    @property
    def sha256(self) -> str:
        """That of the bundle."""
        return self.predictor.bundle.sha256

    @property
    def at_work(self) -> bool:
        """Whether a thread lives."""
        return super().at_work or (self.writer is not None and self.writer.at_work)

    def facts(self) -> dict[str, Any]:
        """Returns the metadata; ``request`` says what a raw row of a forecaster holds."""
        facts = super().facts()
        return facts if self.signature.request is None else {**facts, "request": self.signature.request}

    def page_facts(self) -> dict[str, Any]:
        """Returns what the page to try it must know."""
        from rnnzoo_export.serving.model_facts import describe_bundle  # a server starts sooner without

        return {**describe_bundle(self.predictor.bundle), "name": self.name, "version": self.version}

    async def start(self) -> None:
        """Starts the threads and lets them answer: the first request finds all warm, and what it costs known."""
        if self.writer is not None:
            await self.writer.start()
        await warm_up(self.batcher, self.some_row, self.signature.least_steps, self._max_steps)

    def stop(self, timeout: float) -> None:
        """Ends the threads after what waits, or after so many seconds."""
        ends = time.monotonic() + timeout
        if self.writer is not None:
            self.writer.stop(timeout)
        self.batcher.stop(max(0.0, ends - time.monotonic()))

    # What infer asks

    def prepare(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Any]:
        """Returns what the session takes in place of a request's tensors, and what ``finish`` needs to know of them."""
        return self.predictor.check(inputs), None

    def _encode(self, raw: Sequence[Any]) -> tuple[Sequence[Any], dict[str, np.ndarray]]:
        encoded = self.predictor.encode(raw)
        return encoded, self.predictor.check(self.predictor.collate(encoded))

    def _decode(self, outputs: Mapping[str, np.ndarray], encoded: Sequence[Any], raw: Sequence[Any]) -> bytes:
        answers = self.predictor.decode(outputs, encoded, raw)
        return json_bytes({"model_name": self.name, "model_version": self.version, "answers": answers})
