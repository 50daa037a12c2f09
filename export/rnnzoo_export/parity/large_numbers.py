"""Compares what answers in place of a model with the model, on large numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.errors import ParityError
from rnnzoo_export.network.proof_batches import LARGE, MANY, Batch, multiplied, nudged
from rnnzoo_export.parity.comparison import Arrays, compare, largest_of_unit
from rnnzoo_export.reports import ParityReport

if TYPE_CHECKING:
    from rnnzoo_export.network.exportable import Exportable

# By how much other sums may move an answer more than numbers do that move to their neighbours.
_MARGIN = 8


def large_reports(
    exportable: Exportable, run: Callable[[Arrays], Arrays], name: str, tolerance: float
) -> Iterator[ParityReport]:
    """Compares on large numbers, one size a row.

    Each size is halved until the model's own answer is finite, and then until both agree within the tolerance: behind
    large numbers a saturated function may leave few digits. A file that is not finite where the model is, or a
    hundredth off, fails at any size; but not where the network jumps, as ``argmax`` does between units that are all
    saturated: there it may be off at large sizes. A place where the model's answer itself moves as numbers move to
    their neighbours must be finite, and is not compared: its float32 value is a matter of the order of sums.
    """
    steps = exportable.nearby_steps((exportable.least_steps or 1) + 4)
    normal, numbers = exportable.batches().large(steps)
    sizes = LARGE.copy()
    while numbers:
        found = _finite_truth(exportable, normal, numbers, sizes)
        if found is None:
            return
        batch, truth = found
        rng = np.random.default_rng(0)
        moved = [exportable.truth(nudged(batch, numbers, rng)) for _ in range(2)]
        # Once more in many rows, for the branches that a file has for them.
        many = {key: np.concatenate([value] * -(-MANY[0] // len(value))) for key, value in batch.items()}
        reports, apart = [], set()
        for answer in (run(batch), run(many)):
            for row, size in enumerate(sizes):
                try:
                    reports.append(_compare_large_row(name, row, (answer, truth, moved), batch, tolerance))
                except ParityError:
                    if size <= 1 or _is_wrong(row, (answer, truth, moved), tolerance, exportable.has_jumps):
                        raise
                    apart.add(row)
        if not apart:
            yield replace(functools.reduce(ParityReport.merge, reports), cases=2)
            return
        sizes[list(apart)] /= 2


Answers = tuple[Arrays, Arrays, list[dict[str, np.ndarray]]]


def _is_wrong(row: int, answers: Answers, tolerance: float, jumps: bool) -> bool:
    """Whether a row of a file's answer is not finite, of another shape, or a hundredth off at a steady place.

    Where the network ``jumps`` no difference is too large.
    """
    answer, truth, moved = answers
    for key, value in truth.items():
        if answer[key].shape[1:] != value.shape[1:] or answer[key].dtype != value.dtype:
            return True
        found, expected = answer[key][row].astype(np.float64), value[row : row + 1].astype(np.float64)
        near = np.abs(found - expected[0]) <= max(1e-2, tolerance) * np.maximum(
            1, largest_of_unit(expected)[0]
        )
        steady = _steady(value[row : row + 1], [answer[key][row] for answer in moved], tolerance)
        finite = np.isfinite(found) if jumps else np.isfinite(found) & ~steady
        if not (near | finite).all():
            return True
    return False


def _steady(truth: np.ndarray, moved: list[np.ndarray], tolerance: float) -> np.ndarray:
    """Returns where a row ``(1, ...)`` of the model's answer stays as numbers move to their neighbours."""
    tolerance = tolerance if truth.dtype.kind == "f" else 0.0
    expected = truth.astype(np.float64)
    moves = np.max([np.abs(answer - expected[0]) for answer in moved], axis=0)
    return np.asarray(moves * _MARGIN <= tolerance + tolerance * largest_of_unit(expected)[0])


def _finite_truth(
    exportable: Exportable, normal: Batch, numbers: list[str], sizes: np.ndarray
) -> tuple[Batch, Arrays] | None:
    """Halves sizes until the model answers with finite numbers alone; ``None`` if it does not for normal ones."""
    while True:
        batch = multiplied(normal, numbers, sizes)
        truth = exportable.truth(batch)
        if any(value.shape[:1] != sizes.shape for value in truth.values()):
            return None  # it does not answer by rows
        finite = np.all(
            [
                np.isfinite(value.astype(np.float64)).reshape(len(sizes), -1).all(1)
                for value in truth.values()
            ],
            axis=0,
        )
        if finite.all():
            return batch, truth
        if (sizes[~finite] <= 1).any():
            return None
        sizes[~finite] /= 2


def _compare_large_row(name: str, row: int, answers: Answers, batch: Batch, tolerance: float) -> ParityReport:
    answer, truth, moved = answers
    found, expected = {}, {}
    for key, value in truth.items():
        expected[key], found[key] = value[row : row + 1], answer[key][row : row + 1]
        if found[key].shape == expected[key].shape:
            unsteady = ~_steady(expected[key], [answer[key][row] for answer in moved], tolerance)
            unsteady = unsteady[None] & np.isfinite(found[key].astype(np.float64))
            found[key] = np.where(unsteady, expected[key], found[key])
    given = {key: value[row : row + 1] for key, value in batch.items()}
    return compare(name, found, expected, given, tolerance=tolerance)
