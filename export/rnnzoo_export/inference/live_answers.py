"""What is answered to a raw row while it comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo.decoding import Decoding
from rnnzoo.decoding.answers import PathDecoding, TagDecoding, TranscriptDecoding
from rnnzoo.decoding.transcripts import BeamTranscript, GreedyTranscript


class LiveAnswer:
    """What is answered to the pieces of a row, one after the other.

    Args:
        decoding: What answers whole rows.
    """

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._transcript: GreedyTranscript | BeamTranscript | None = None
        if isinstance(decoding, TranscriptDecoding):
            labels, width = decoding.labels or [], decoding.beam_width
            self._transcript = (
                GreedyTranscript(labels) if width is None else BeamTranscript(labels, beam_width=width)
            )

    @staticmethod
    def can_take(decoding: Decoding | None, rank: int) -> bool:
        """Whether outputs with so many axes can be answered piece by piece: a best path is one of the whole."""
        of_path = isinstance(decoding, PathDecoding) or (isinstance(decoding, TagDecoding) and rank > 3)
        return decoding is not None and not of_path

    def add(self, outputs: np.ndarray | None, steps: int) -> dict[str, Any] | None:
        """Returns the answer after a piece: the text so far, or what the outputs say.

        Args:
            outputs: The outputs to this piece ``(1, ...)``; ``None`` where it completed no step.
            steps: How many steps it has.
        """
        if self._transcript is not None:
            new = "" if outputs is None else self._transcript.add(outputs[0])
            text = {"text": self._transcript.text}
            return {**text, "new": new} if isinstance(self._transcript, GreedyTranscript) else text
        if outputs is None:
            return None
        (answer,) = self._decoding(outputs, [steps])
        return dict(answer)
