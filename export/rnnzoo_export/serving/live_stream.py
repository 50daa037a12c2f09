"""One sequence that comes through a connection of its own: pieces in, an answer to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.live_answers import LiveAnswer
from rnnzoo_export.inference.live_rows import LiveRow, encode_piece, live_row
from rnnzoo_export.inference.validation import as_named
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.answers import json_bytes
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.datatypes import describe_tensors
from rnnzoo_export.serving.sequences import Run, advance
from rnnzoo_export.serving.stream_messages import StreamMessage, read_message
from rnnzoo_export.serving.stream_model import StreamModel


@dataclass(frozen=True)
class _Piece:
    """A message that was understood.

    Attributes:
        message: The message.
        inputs: What the file takes; ``None`` where the piece completes no step.
        steps: How many steps it completes.
        row: The raw row with this piece; ``None`` for tensors.
    """

    message: StreamMessage
    inputs: dict[str, np.ndarray] | None = None
    steps: int = 0
    row: LiveRow | None = None


class LiveStream:
    """Where a sequence stands, and what was said of it.

    A piece that is not answered moves nothing.

    Args:
        model: The bundle's model.
        stream: What answers its pieces.
    """

    def __init__(self, model: BundleModel, stream: StreamModel) -> None:
        self._model, self._stream = model, stream
        self._states = stream.file.start()
        bundle, output = model.predictor.bundle, stream.pieces.outputs[0]
        self._row: LiveRow | None = None
        if bundle.decoding is not None and LiveAnswer.can_take(bundle.decoding, len(output.shape)):
            self._row = live_row(bundle.preprocessing)
            self._answer = LiveAnswer(bundle.decoding)

    def greeting(self) -> bytes:
        """Returns what a client is told first: what a piece is."""
        pieces = self._stream.pieces
        facts = {
            "model_name": self._model.name,
            "model_version": self._model.version,
            "input": None if self._row is None else self._row.facts,
            "inputs": describe_tensors(pieces.inputs),
            "outputs": describe_tensors(pieces.outputs),
        }
        return json_bytes(facts)

    def read(self, content: str | bytes) -> _Piece:
        """Returns a message as a piece.

        Raises:
            RequestError: If it is none, or does not fit the model.
        """
        message = read_message(content)
        if message.tensors is not None:
            listed = protocol.parse_inputs(message.tensors, self._stream.pieces, self._stream.file.limits)
            return _Piece(message, self._stream.check_piece(listed))
        if message.raw is None:
            return _Piece(message)
        if self._row is None:
            raise RequestError(
                f"piece: {self._model.name} takes no raw pieces, for its rows are not read step by step; expected "
                f'tensors. Send {{"inputs": [...]}} with {", ".join(spec.name for spec in self._stream.pieces.inputs)}.'
            )
        raw = self._row.numbers(message.raw) if isinstance(message.raw, bytes) else message.raw
        encoded, row = encode_piece(self._row, raw, self._stream.file.limits.max_steps)
        if not len(encoded):
            return _Piece(message, row=row)
        inputs = as_named(self._stream.pieces, row.preprocessing.batch([encoded]))
        return _Piece(message, self._stream.check_piece(inputs), len(encoded), row)

    async def answer(self, piece: _Piece, run: Run) -> Mapping[str, np.ndarray] | None:
        """Runs a piece, and moves on by it; returns the outputs, if it has steps."""
        outputs = None
        if piece.inputs is not None:
            outputs, self._states = await advance(self._stream.file, self._states, piece.inputs, run)
        if piece.row is not None:
            self._row = piece.row
        return outputs

    def render(self, piece: _Piece, outputs: Mapping[str, np.ndarray] | None) -> bytes:
        """Returns the answer to a piece as JSON."""
        answer: dict[str, Any] = {} if piece.message.id is None else {"id": piece.message.id}
        if piece.message.tensors is not None and outputs is not None:
            answer["outputs"] = protocol.describe_values(outputs)
        elif self._row is not None:
            found = None if outputs is None else outputs[self._stream.pieces.outputs[0].name]
            answer |= {"steps": piece.steps, "answer": self._answer.add(found, piece.steps)}
        return json_bytes({**answer, "end": True} if piece.message.end else answer)
