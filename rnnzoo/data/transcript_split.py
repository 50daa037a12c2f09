"""Rows whose target is a text, symbol by symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.row_weights import RowWeights
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.data.split import Batch
from rnnzoo.data.split import Rows as Part
from rnnzoo.decoding.ctc import frames_needed
from rnnzoo.errors import RowError
from rnnzoo.preprocessing import Preprocessing
from rnnzoo.preprocessing.base import Rows, pad


class TranscriptSplit(SequenceSplit):
    """Rows in memory, each a sequence with a transcript of its own length.

    Args:
        raw: The raw rows.
        targets: The symbols of each transcript, from 1.
        preprocessing: What encodes the rows.
        origin: Which rows of the caller they are, for messages of ``check_frames``.
        weights: How much each row counts ``(rows,)``; ``None`` for all alike.

    Raises:
        DataError: If a row has fewer steps than its transcript needs.
    """

    free_targets = True

    def __init__(
        self,
        raw: Rows,
        targets: Sequence[np.ndarray],
        *,
        preprocessing: Preprocessing,
        origin: RowOrigin | None = None,
        weights: RowWeights | None = None,
    ) -> None:
        super().__init__(raw, (), preprocessing=preprocessing, tagging=False, origin=origin, weights=weights)
        self._symbols = list(targets)
        self._origin = RowOrigin()
        self.check_frames(1)
        self._origin = origin or self._origin  # for models that are checked later

    def joined(self, other: Part) -> Part:
        """Returns the rows of this part and then those of another."""
        whole = cast(TranscriptSplit, super().joined(other))
        whole._symbols = [*self._symbols, *cast(TranscriptSplit, other)._symbols]
        whole._origin = RowOrigin()
        return whole

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch with other inputs; transcripts are padded with 0, the blank."""
        inputs = self._preprocessing.batch(encoded)
        return inputs, pad([self._symbols[row] for row in rows], dtype=np.int32), self._weights_of(rows)

    def check_frames(self, subsampling: int) -> None:
        """Checks that every transcript fits its row, of which a model makes one frame of so many steps."""
        for number, (steps, symbols) in enumerate(zip(self.lengths, self._symbols, strict=True)):
            frames, needed = -(-int(steps) // subsampling), frames_needed(symbols)
            if frames < needed:
                fewer = f" ({steps} steps, {subsampling} to a frame)" if subsampling > 1 else ""
                problem = (
                    f"its transcript of {len(symbols)} symbols needs {needed} frames, one each and one "
                    f"more between equal ones; it has {frames}{fewer}. Leave it out, or make more frames: a smaller "
                    "frame_step, less subsampling."
                )
                raise self._origin.error(RowError(number, problem))
