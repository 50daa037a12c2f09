"""A part whose rows are sequences."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.row_weights import RowWeights
from rnnzoo.data.split import Batch, Rows
from rnnzoo.data.unlabelled import labelled
from rnnzoo.errors import DataError, RowError
from rnnzoo.preprocessing import Preprocessing
from rnnzoo.preprocessing.base import Rows as RawRows
from rnnzoo.preprocessing.base import pad


class SequenceSplit(Rows):
    """Rows in memory, each a sequence.

    Args:
        raw: The raw rows.
        targets: One target per row; for tagging one array of classes per row, -1 for a step without a tag.
        preprocessing: What encodes them.
        tagging: Whether every step has a target.
        origin: Which rows of the caller they are, for reports.
        weights: How much each row counts ``(rows,)``; for tagging one array per row, a number for each step. ``None``
            for all alike.
        unlabelled: How many steps have no tag.
    """

    targets: RawRows

    def __init__(
        self,
        raw: RawRows,
        targets: RawRows,
        *,
        preprocessing: Preprocessing,
        tagging: bool,
        origin: RowOrigin | None = None,
        weights: RowWeights | None = None,
        unlabelled: int = 0,
    ) -> None:
        self.raw = raw
        self.row_numbers = None if origin is None else origin.numbers
        self._encoded = preprocessing.encode_rows(raw)
        self.targets = targets if tagging else np.asarray(targets)
        self._preprocessing = preprocessing
        self._tagging, self.weights, self.unlabelled = tagging, weights, unlabelled
        self.lengths = np.array([len(row) for row in self._encoded], int)
        if tagging:
            self._check_steps()

    def __len__(self) -> int:
        return len(self._encoded)

    def joined(self, other: Rows) -> Rows:
        """Returns the rows of this part and then those of another; their numbers are those within the whole."""
        if type(other) is not type(self):
            return super().joined(other)
        whole = copy.copy(self)
        whole._example = whole.row_numbers = None
        whole.raw = _chained(self.raw, other.raw)
        whole._encoded = [*self._encoded, *other._encoded]
        whole.targets = _chained(self.targets, other.targets)
        if self.weights is not None and other.weights is not None:
            whole.weights = _chained(self.weights, other.weights)
        whole.unlabelled = self.unlabelled + other.unlabelled
        whole.lengths = np.concatenate([self.lengths, other.lengths])
        return whole

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns what the preprocessing made of some rows."""
        return [self._encoded[row] for row in rows]

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one batch."""
        return self.gather_encoded(rows, [self._encoded[row] for row in rows])

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch with other inputs; where steps have tags, as many steps as before."""
        inputs = self._preprocessing.batch(encoded)
        if not self._tagging:
            return inputs, np.asarray(self.targets)[np.asarray(rows, int)], self._weights_of(rows)
        for row, other in zip(rows, encoded, strict=True):
            if len(other) != self.lengths[row]:
                raise DataError(
                    f"row {row}: received {len(other)} steps for {self.lengths[row]} tags; expected one tag per step."
                )
        tags = [np.asarray(self.targets[row][: self.lengths[row]]) for row in rows]
        weights = pad(
            [self._step_weights(row, tag) for row, tag in zip(rows, tags, strict=True)], dtype=np.float32
        )
        # A step without a tag has some class, which its weight of 0 takes out.
        return inputs, pad([np.maximum(tag, 0) for tag in tags], dtype=np.int32), weights

    def _weights_of(self, rows: Sequence[int] | np.ndarray) -> np.ndarray | None:
        """Returns the weights of rows with one target each."""
        return None if self.weights is None else np.asarray(self.weights)[np.asarray(rows, int)]

    def _step_weights(self, row: int, tags: np.ndarray) -> np.ndarray:
        weights = labelled(tags).astype(np.float32)
        return weights if self.weights is None else weights * self.weights[row][: len(tags)]

    def _check_steps(self) -> None:
        limit = self._preprocessing.max_length
        for number, (length, tags) in enumerate(zip(self.lengths, self.targets, strict=True)):
            expected = len(tags) if limit is None else min(len(tags), limit)
            if length != expected:
                raise RowError(
                    number, f"received {length} steps and {len(tags)} tags; expected one tag per step."
                )


def _chained(first: Any, second: Any) -> Any:
    """Returns two parts' targets or weights as one: an array of two arrays, a list of anything else."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate([first, second])
    return [*first, *second]
