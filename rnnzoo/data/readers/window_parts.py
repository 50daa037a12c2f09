"""Parts of a table of series, cut by time, and the windows that lie in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.data.readers.window_config import Windows
from rnnzoo.data.splitting import Fractions
from rnnzoo.errors import DataError

PARTS = ("train", "validation", "test")


class RowParts(Fractions):
    """Parts that are cut otherwise than by shares of all rows; passed in place of them."""

    def of_rows(self, rows: SeriesRows) -> np.ndarray:
        """Returns the number of the part that each row is in ``(rows,)``: 0, 1, 2, and 3 for none, whatever it holds.

        Args:
            rows: The rows; those of one series are in order.
        """
        raise NotImplementedError


def cut_parts(rows: SeriesRows, fractions: Fractions) -> np.ndarray:
    """Returns the number of the part that each row is in ``(rows,)``: 0 training, 1 validation, 2 test.

    Parts are cut at a time, one for all series, so that about the wanted shares of rows are in each.

    Args:
        rows: The rows; those of one series are in order.
        fractions: The shares.
    """
    if isinstance(fractions, RowParts):
        return fractions.of_rows(rows)
    count = len(rows)
    test = count - round(count * fractions.test_fraction)
    validation = test - round(count * fractions.validation_fraction)
    parts = np.zeros(count, np.int8)
    if rows.codes is None or rows.times is None:
        parts[validation:test], parts[test:] = 1, 2
        return parts
    times = rows.times.values
    for number, first in ((1, validation), (2, test)):
        if first < count:
            parts[times >= np.partition(times, first)[first]] = number
    return parts


def checked_parts(names: Sequence[str], fractions: Fractions) -> Sequence[str]:
    """Returns the parts of which some step must count: all, but for the steps behind the origin of a backtest."""
    return [name for name in names if name != "test" or not isinstance(fractions, RowParts)]


def trained_until(rows: SeriesRows, parts: np.ndarray) -> str | int:
    """Returns the last time that training and validation see; where there are no times, how many rows they have.

    Args:
        rows: The rows.
        parts: The part of each row ``(rows,)``.
    """
    seen = parts < PARTS.index("test")
    if rows.times is None or not seen.any():
        return int(seen.sum())
    # No copy of the times of the rows that are seen is made, for tables are long.
    times = rows.times.values.view(np.int64) if rows.times.are_dates else rows.times.values
    last = np.max(times, where=seen, initial=times.min())
    return rows.times.shown(int(((times == last) & seen).argmax()))


def find_starts(
    part: str, parts: np.ndarray, broken: np.ndarray, pieces: np.ndarray, windows: Windows
) -> np.ndarray:
    """Returns the first rows of the windows whose targets lie in a part, and that lie in one piece.

    Args:
        part: Its name.
        parts: The number of the part of each row ``(rows,)``.
        broken: Which rows no window may touch ``(rows,)``.
        pieces: The piece between holes that each row is in ``(rows,)``.
        windows: What is read and what is forecast.

    Raises:
        DataError: If there is none.
    """
    window, horizon, number = windows.window, windows.horizon, PARTS.index(part)
    count = len(parts) - window - horizon + 1
    if count > 0:
        end = window + horizon
        good = pieces[:count] == pieces[end - 1 :]
        good &= parts[window : window + count] == number
        good &= parts[end - 1 :] == number
        bad = np.zeros(len(parts) + 1, np.int32)
        np.cumsum(broken, out=bad[1:])
        good &= bad[end:] == bad[:count]
        starts = np.flatnonzero(good)
    if count <= 0 or not len(starts):
        raise DataError(
            f"series: the {part} part has {int((parts == number).sum())} rows and no whole window; expected at least "
            f"{horizon + (window if part == 'train' else 0)} rows without gaps "
            f"(window {window}, horizon {horizon}). {_what_fits(number, parts, broken, pieces, horizon)}"
        )
    return starts.astype(np.int32) if len(parts) < 2**31 else starts


def _what_fits(number: int, parts: np.ndarray, broken: np.ndarray, pieces: np.ndarray, horizon: int) -> str:
    """Returns what to do where a part has no whole window, with the longest ones that all parts have."""
    spans = [_spans(part, parts, broken, pieces) for part in {number, *np.unique(parts)} if part < len(PARTS)]
    ahead = min(int(targets.max(initial=0)) for targets, _ in spans)
    shorter = min(ahead, horizon)
    steps = min(int(whole[targets >= shorter].max(initial=0)) for targets, whole in spans)
    if not shorter or steps < 2:
        return "Add rows."
    own = f", and the horizon {ahead:,}" if ahead < horizon else ""
    return f"Add rows, or shorten window or horizon: together they may have {steps:,} steps{own} at most."


def stretch_starts(broken: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Returns the first row of each stretch of rows that one window may touch ``(stretches,)``; broken rows are alone.

    Args:
        broken: Which rows no window may touch ``(rows,)``, at least one row.
        pieces: The piece between holes that each row is in ``(rows,)``.

    Example:
        >>> stretch_starts(np.array([False, False, True, False]), np.array([0, 0, 0, 0])).tolist()
        [0, 2, 3]
    """
    cut = (np.diff(pieces) != 0) | broken[1:] | broken[:-1]
    return np.concatenate([[0], np.flatnonzero(cut) + 1])


def _spans(
    number: int, parts: np.ndarray, broken: np.ndarray, pieces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many rows of a part each stretch has ``(stretches,)``, and how many with those before it."""
    if not len(parts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    good, first = ~broken, stretch_starts(broken, pieces)
    # The parts of a stretch follow each other in time.
    targets = np.add.reduceat(good & (parts == number), first, dtype=np.int64)
    return targets, np.add.reduceat(good & (parts <= number), first, dtype=np.int64)
