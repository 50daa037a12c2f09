"""How much an answer changes with what stands beside it in a batch, and with padding.

A float32 file takes each row by itself. onnxruntime's 8-bit arithmetic scales its input by the largest number of the
whole batch, so that neighbours, later steps and padding change the answer to a row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import onnxruntime

from rnnzoo.decoding.probabilities import sigmoid, softmax
from rnnzoo.decoding.viterbi import marginals
from rnnzoo.tasks import get_task

#: How many rows stand in the batch of a row that is not alone.
BATCH = 32
# Each row costs some runs of its own, so that of many rows some are taken.
_MOST_ROWS = 1024
# A probability that moves less than this with padding moves by the rounding of float32 alone.
_ROUNDING = 1e-4

Answer = Callable[[np.ndarray], np.ndarray]


class Row(NamedTuple):
    """One row.

    Attributes:
        inputs: Arrays by name, without the batch axis.
        valid: Which steps count ``(time,)``; ``None`` for all.
    """

    inputs: Mapping[str, np.ndarray]
    valid: np.ndarray | None


class RowSample:
    """Keeps some of all rows that it is shown, each with the same probability: all where there are few."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._seen = 0
        self._rng = np.random.default_rng(0)

    def add(self, inputs: Mapping[str, np.ndarray], weights: np.ndarray | None) -> None:
        """Shows a batch: arrays by name and, where some count and some do not, weights of rows or steps."""
        for number in range(len(next(iter(inputs.values())))):
            valid = None if weights is None else np.asarray(weights[number]) > 0
            if valid is not None and not valid.any():
                continue
            self._seen += 1
            place = len(self.rows) if len(self.rows) < _MOST_ROWS else int(self._rng.integers(self._seen))
            if place >= _MOST_ROWS:
                continue
            row = Row({name: np.array(array[number]) for name, array in inputs.items()}, valid)
            self.rows[place : place + 1] = [row]


def answer_of(task: str, outputs: np.ndarray) -> Answer:
    """Returns what turns the outputs for a row into numbers that can be compared.

    Args:
        task: A name in the task table.
        outputs: The outputs of the float32 file for all rows, whose standard deviations are the unit of values.

    Returns:
        Of logits and potentials the probabilities; of values the same in standard deviations of the float32 file's
        own answers (over rows and steps). A value that never varies keeps its unit.
    """
    answered = get_task(task)
    if answered.output == "potentials":
        return marginals
    if answered.activation != "linear":
        return softmax if answered.activation == "softmax" else sigmoid
    values = outputs.astype(np.float64)
    deviation = values.std(axis=(0, 1) if values.ndim > 2 else 0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return lambda found: found / scale


def measure_changes(
    original: onnxruntime.InferenceSession,
    smaller: onnxruntime.InferenceSession,
    rows: Sequence[Row],
    answer: Answer,
) -> dict[str, float]:
    """Measures how much a file's answer to a row depends on what else is in the batch.

    Each row is asked alone; then beside 31 others; then alone and padded to twice its length, if the float32 file
    answers the same with padding and without.

    Args:
        original: The float32 file, which says whether padding may change an answer.
        smaller: The file that is measured.
        rows: The rows.
        answer: From the outputs for a row to what is compared.

    Returns:
        The largest change of any number, by ``"beside"`` and, where the model takes padding, ``"padded"``.
    """
    measured = _Presentations(smaller, answer)
    padding = _Presentations(original, answer).ignores_padding(rows[:BATCH])
    kept = [measured.trim(row) for row in rows] if padding else list(rows)
    alone = [measured.run([row])[0] for row in kept]
    changes = {"beside": measured.beside(kept, alone, mixed=padding)}
    if padding:
        changes["padded"] = measured.padded(kept, alone)
    return changes


class _Presentations:
    """The ways in which a row can be given to a file."""

    def __init__(self, session: onnxruntime.InferenceSession, answer: Answer) -> None:
        self._session, self._answer = session, answer
        self._free = [
            node.name
            for node in session.get_inputs()
            if len(node.shape) > 1 and not isinstance(node.shape[1], int)
        ]

    def run(self, rows: Sequence[Row], *, longer: int = 1) -> list[np.ndarray]:
        """Returns the outputs for rows in one batch, all padded to ``longer`` times the steps of the longest."""
        batch = {
            name: np.stack(self._same_length(name, [row.inputs[name] for row in rows], longer))
            for name in rows[0].inputs
        }
        return list(self._session.run(None, batch)[0])

    def _same_length(self, name: str, arrays: Sequence[np.ndarray], longer: int) -> list[np.ndarray]:
        if name not in self._free:
            return list(arrays)
        steps = longer * max(len(array) for array in arrays)
        return [np.pad(array, [(0, steps - len(array)), *[(0, 0)] * (array.ndim - 1)]) for array in arrays]

    def ignores_padding(self, rows: Sequence[Row]) -> bool:
        """Whether the answers to rows are the same with padding behind them."""
        if not self._free:
            return False
        changes = self._when_padded(rows, [self.run([row])[0] for row in rows])
        return bool(changes) and max(changes) <= _ROUNDING

    def trim(self, row: Row) -> Row:
        """Returns a row without the padding at its end: steps of zeros in all inputs of its length."""
        inputs = dict(row.inputs)
        for steps in {len(inputs[name]) for name in self._free}:
            names = [name for name in self._free if len(inputs[name]) == steps]
            last = max(_last_step(inputs[name]) for name in names)
            inputs |= {name: inputs[name][: max(last, 1)] for name in names}
        return Row(inputs, row.valid)

    def padded(self, rows: Sequence[Row], alone: Sequence[np.ndarray]) -> float:
        """Returns the largest change of rows that are padded to twice their length."""
        return max(self._when_padded(rows, alone), default=0.0)

    def _when_padded(self, rows: Sequence[Row], alone: Sequence[np.ndarray]) -> list[float]:
        changes = []
        for row, before in zip(rows, alone, strict=True):
            try:
                after = self.run([row], longer=2)[0]
            except Exception:  # noqa: BLE001 - too long for the model; onnxruntime's errors have no other common base
                continue
            changes.append(self._change(row, before, after))
        return changes

    def beside(self, rows: Sequence[Row], alone: Sequence[np.ndarray], *, mixed: bool) -> float:
        """Returns the largest change of rows that stand beside 31 others, of other lengths too if ``mixed``."""
        changes = []
        for places in _groups(rows, mixed=mixed):
            found = self.run([rows[place] for place in places])
            changes += [
                self._change(rows[place], alone[place], after)
                for place, after in zip(places, found, strict=True)
            ]
        return max(changes)

    def _change(self, row: Row, before: np.ndarray, after: np.ndarray) -> float:
        """Returns the largest change of the answer to a row, of its steps that count."""
        if before.ndim > 0:
            after = after[: len(before)]  # the steps of padding answer too
        if row.valid is not None and row.valid.ndim == 1:
            valid = row.valid[: len(before)]
            before, after = before[: len(valid)][valid], after[: len(valid)][valid]
        first, second = (np.asarray(self._answer(outputs.astype(np.float64))) for outputs in (before, after))
        same = (first == second) | (np.isnan(first) & np.isnan(second))
        change = np.where(same, 0.0, np.nan_to_num(np.abs(first - second), nan=np.inf))
        return float(change.max(initial=0.0))


def _last_step(array: np.ndarray) -> int:
    """Returns how many steps there are up to the last that is not all zeros."""
    used = np.flatnonzero(array.reshape(len(array), -1).any(axis=1))
    return int(used[-1]) + 1 if len(used) else 0


def _groups(rows: Sequence[Row], *, mixed: bool) -> Iterator[list[int]]:
    """Yields places of rows that go into one batch: every row once at least, and as many as there are up to 32."""
    alike: dict[Hashable, list[int]] = {}
    for place in np.random.default_rng(0).permutation(len(rows)):
        shapes = None if mixed else tuple((name, array.shape) for name, array in rows[place].inputs.items())
        alike.setdefault(shapes, []).append(int(place))
    for places in alike.values():
        for first in range(0, len(places), BATCH):
            group = places[first : first + BATCH]
            yield group + places[: min(first, BATCH - len(group))]
