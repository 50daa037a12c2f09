"""The streaming file of a bundle as a model of the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.inference.streaming_file import StreamingFile
from rnnzoo_export.inference.validation import check_inputs
from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.models import Load, Models, ServedModel
from rnnzoo_export.serving.sequences import Sequences
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.tensor_model import TensorModel
from rnnzoo_export.serving.warm_up import stepped_inputs, warm_up

#: What its name has behind that of the bundle's model.
SUFFIX = "-streaming"


class StreamModel(TensorModel):
    """Answers pieces of sequences, with states that the client brings or that the server keeps.

    Args:
        bundle: A bundle with a streaming file.
        settings: What may be asked, and how much of it.
        name: What requests call the bundle's model.
        version: Its version.

    Attributes:
        file: The streaming file.
        signature: What ``infer`` takes and gives, states among it.
        pieces: The same without states, for sequences whose states the server keeps.
        batcher: What runs the file.
        sequences: The sequences that are open.
    """

    beside = True

    def __init__(self, bundle: Bundle, settings: Settings, *, name: str, version: str) -> None:
        self.name, self.version = name + SUFFIX, version
        self.file = StreamingFile(bundle.streaming_path, threads=settings.threads)
        self.file.limits = settings.limits
        self.signature, self.pieces = self.file.signature, self.file.pieces
        self._max_steps = settings.max_steps
        self.batcher = Batcher(
            self.file.execute,
            max_batch=settings.max_batch,
            max_queue=settings.max_queue,
            deadline=settings.deadline,
            free=stepped_inputs(self.pieces),
        )
        self.sequences = Sequences(
            self.file,
            name,
            most=settings.max_sessions,
            idle=settings.sequence_idle_timeout,
            deadline=settings.deadline,
        )

    @property
    def load(self) -> Load:
        """What waits for it, and its sequences."""
        return replace(super().load, sessions=self.open_sessions)

    @property
    def open_sessions(self) -> int:
        """How many sequences are open."""
        return self.sequences.open_sessions

    def facts(self) -> dict[str, Any]:
        """Returns the metadata; ``states`` says which inputs and outputs are carried from piece to piece."""
        return {
            **super().facts(),
            "states": [state.to_config() for state in self.file.states],
        }

    async def start(self) -> None:
        """Starts the threads and lets them answer."""
        await warm_up(self.batcher, self.some_row, self.signature.least_steps, self._max_steps)

    def prepare(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Any]:
        """Returns what the session takes in place of a request's tensors."""
        return self.file.check(inputs), None

    def check_piece(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns the inputs of a piece as arrays of the file's types, or raises ``RequestError``."""
        arrays = check_inputs(self.pieces, inputs, self.file.limits)
        rows = len(next(iter(arrays.values())))
        if rows != 1:
            raise RequestError(
                f"inputs: received {rows} rows; must specify batch-size 1 due to requirements of sequence batcher. "
                "Send the pieces of other sequences in requests of their own."
            )
        return arrays


def stream_models(models: Iterable[ServedModel], settings: Settings) -> list[StreamModel]:
    """Returns what answers the pieces of models, where their bundles hold a file for it."""
    return [
        StreamModel(model.predictor.bundle, settings, name=model.name, version=model.version)
        for model in models
        if isinstance(model, BundleModel) and model.predictor.bundle.streaming_path.is_file()
    ]


def stream_of(models: Models, model: ServedModel) -> StreamModel | None:
    """Returns what answers the pieces of a model, which may be itself; ``None`` if its bundle has no streaming file."""
    found = model if isinstance(model, StreamModel) else models.get(model.name + SUFFIX, model.version)
    return found if isinstance(found, StreamModel) else None
