"""The rows of a table of series: which series each is of, in which order, and at which steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import Columns
from rnnzoo.data.readers.clock_changes import refuse_repeated_hour
from rnnzoo.data.readers.file_tables import FileTable, table_codes
from rnnzoo.data.readers.joined_times import read_table_times
from rnnzoo.data.readers.mixed_series import refuse_mixed, refuse_mixed_dates, refuse_text_dates
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import is_missing
from rnnzoo.data.readers.table_frames import refuse_levels
from rnnzoo.data.readers.time_steps import Steps, fill_rows, find_steps, refuse_holes, refuse_uneven
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.series_levels import Key, shown_key

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table


#: The words of ``gaps`` with which holes are refused.
_REFUSED = ("refuse", "error")


@dataclass(frozen=True)
class SeriesRows:
    """The rows of a table, those of a series one after the other in time.

    Attributes:
        lines: What messages call each row.
        pieces: The number of the piece between holes that each row is in; every series has pieces of its own.
        source: The row of the table that each is; ``None`` where they are as in the table.
        codes: The number of the series that each is of; ``None`` for one series.
        names: The series by number.
        times: Their times; ``None`` where they are not known.
        steps: Their steps, likewise.
    """

    lines: pd.Index[Any]
    pieces: np.ndarray
    source: np.ndarray | None = None
    codes: np.ndarray | None = None
    names: Sequence[Key] = ()
    times: Times | None = None
    steps: Steps | None = None

    def __len__(self) -> int:
        return len(self.pieces)

    def without_steps(self, *, times: bool) -> SeriesRows:
        """Returns the rows without their steps and pieces, and without their times unless those are kept."""
        return dataclasses.replace(
            self, pieces=np.empty(0, np.int32), steps=None, times=self.times if times else None
        )

    def behind(self, first: int) -> SeriesRows:
        """Returns the rows from one on."""
        if not first:
            return self
        # They are no longer as in the table.
        rows = self if self.source is not None else dataclasses.replace(self, source=np.arange(len(self)))
        return rows.take(np.arange(first, len(self)))

    def take(self, rows: np.ndarray) -> SeriesRows:
        """Returns some rows, in their order."""
        return dataclasses.replace(
            self,
            lines=self.lines[rows],
            pieces=self.pieces[rows] if len(self.pieces) else self.pieces,
            source=None if self.source is None else self.source[rows],
            codes=None if self.codes is None else self.codes[rows],
            times=None if self.times is None else self.times.take(rows),
        )


@dataclass(frozen=True)
class TimeReading:
    """How times are read.

    Attributes:
        gaps: What a hole means: see ``Windows``.
        time_format: How dates are written; ``None`` to find out.
        zone: The zone whose clock they are of; ``None`` for times as they are.
    """

    gaps: str
    time_format: str | None = None
    zone: str | None = None


def arrange_rows(table: Table, columns: Columns, reading: TimeReading) -> SeriesRows:
    """Finds out how the rows of a table follow each other.

    Args:
        table: The table.
        columns: Which columns are what; those of ``series`` make it a panel, whose rows may come in any order.
        reading: How times are read.

    Raises:
        ArgumentError: If times are needed and not named.
        DataError: If times do not rise, or have holes that are refused.
    """
    if columns.series:
        return _panel(table, columns, reading)
    times = _times(table, columns, reading)
    if times is None:
        if reading.gaps not in _REFUSED:
            raise ArgumentError(
                f"gaps: received {reading.gaps!r} without time; expected the column of times. Pass time= (on the "
                "command line --time) too."
            )
        refuse_mixed_dates(table, target=columns.target)
        return SeriesRows(table.index, np.zeros(len(table), np.int32))
    refuse_mixed(table, times, target=columns.target, named=True)
    return _stepped(SeriesRows(table.index, np.zeros(len(table), np.int32), times=times), reading.gaps)


def _panel(table: Table, columns: Columns, reading: TimeReading) -> SeriesRows:
    if not columns.time_names:
        raise ArgumentError(
            f"series: received {', '.join(map(repr, columns.series))} without time; expected the column of times, for "
            "the parts are cut at one time for all series. Pass time= (on the command line --time) too."
        )
    for name in columns.series:
        if name in columns.time_names:
            raise ArgumentError(
                f"series: received {name!r}, which is the time; expected a column that names the series. Name another, "
                "or leave series out."
            )
    codes, names = _read_codes(table, columns.series)
    times = read_table_times(
        table, columns.time_names, time_format=reading.time_format, zone=reading.zone, codes=codes
    )
    order = np.lexsort((times.values, codes))
    rows = SeriesRows(table.index, np.empty(0), codes=codes, names=names, times=times)
    if not (order[1:] > order[:-1]).all():
        rows = dataclasses.replace(rows, source=np.arange(len(codes))).take(order)
    _refuse_repeated(rows)
    return _stepped(rows, reading.gaps)


def _stepped(rows: SeriesRows, gaps: str) -> SeriesRows:
    """Returns the rows with their steps, once holes are refused, filled or taken note of."""
    times, names = rows.times, [shown_key(key) for key in rows.names] or None
    assert times is not None
    steps = find_steps(times, rows.codes)
    refuse_uneven(times, steps, names)
    if gaps in _REFUSED:
        refuse_holes(times, steps, rows.lines, names)
    if gaps == "fill" and steps.holes.any():
        rows = _with_absent_rows(rows, times, steps)
        assert rows.times is not None
        steps = find_steps(rows.times, rows.codes)
    return dataclasses.replace(rows, steps=steps, pieces=steps.pieces.astype(np.int32))


def _with_absent_rows(rows: SeriesRows, times: Times, steps: Steps) -> SeriesRows:
    """Puts in the rows that are missing in holes; messages call each as the row before it."""
    places, filled = fill_rows(times, steps, rows.lines)
    before = np.maximum.accumulate(places)
    source = np.arange(len(rows.lines)) if rows.source is None else rows.source
    return dataclasses.replace(
        rows,
        lines=rows.lines[before],
        source=np.where(places < 0, -1, source[places]),
        codes=None if rows.codes is None else rows.codes[before],
        times=filled,
    )


def _read_codes(table: Table, columns: Sequence[str]) -> tuple[np.ndarray, list[Key]]:
    """Returns the number of each row's series, in the order in which they come, and the names of the series."""
    import pandas as pd

    parts, texts = [], []
    for name in columns:
        codes, known = _codes(table, name)
        parts.append(codes)
        texts.append(known)
    if len(parts) == 1:
        return parts[0], [(text,) for text in texts[0]]
    joined, unique = pd.factorize(pd.MultiIndex.from_arrays(parts))
    names = [tuple(texts[place][code] for place, code in enumerate(key)) for key in unique]
    return joined.astype(np.int32), names


def _codes(table: Table, name: str) -> tuple[np.ndarray, list[str]]:
    """Numbers the values of a column in the order in which they come.

    Raises:
        DataError: If one is missing; the message names the line.
    """
    codes, values = table_codes(table, name)
    texts = [str(value).strip() for value in values]
    missing = (codes < 0) | np.isin(codes, [number for number, text in enumerate(texts) if is_missing(text)])
    if missing.any():
        raise DataError(
            f"{row_place(table.index, int(missing.argmax()))}: {name!r} is missing; expected the name of the series. "
            "Correct it, or leave such rows out."
        )
    known = list(dict.fromkeys(texts))
    if len(known) == len(texts):
        return codes, known
    place = {text: number for number, text in enumerate(known)}
    return np.array([place[text] for text in texts], np.int32)[codes], known


def _refuse_repeated(rows: SeriesRows) -> None:
    """Raises ``DataError`` where a series has two rows of one time."""
    codes, times = rows.codes, rows.times
    assert codes is not None
    assert times is not None
    twice = (codes[1:] == codes[:-1]) & (times.values[1:] == times.values[:-1])
    if not twice.any():
        return
    as_read = np.arange(len(rows)) if rows.source is None else np.argsort(rows.source)
    refuse_repeated_hour(times.take(as_read), rows.lines[as_read], codes[as_read])
    row = int(twice.argmax())
    places = sorted((row, row + 1), key=lambda place: 0 if rows.source is None else rows.source[place])
    more = f", and so have {int(twice.sum()) - 1:,} more" if twice.sum() > 1 else ""
    raise DataError(
        f"{row_place(rows.lines, places[1])}: {times.shown_name} is {times.shown(row)} for the series "
        f"{shown_key(rows.names[codes[row]])!r} as in {row_place(rows.lines, places[0])}{more}; expected each time "
        "once for a series. Name all columns that tell series apart in series, or drop such rows."
    )


def _times(table: Table, columns: Columns, reading: TimeReading) -> Times | None:
    import pandas as pd

    if columns.time_names:
        return read_table_times(table, columns.time_names, time_format=reading.time_format, zone=reading.zone)
    if reading.time_format is not None:
        raise ArgumentError(
            f"time_format: received {reading.time_format!r} without time; expected the column of times. Pass time= (on "
            "the command line --time) too."
        )
    if not isinstance(table, FileTable):
        refuse_levels(table)
        if isinstance(table.index, pd.DatetimeIndex | pd.PeriodIndex):
            times = read_times(table.index.to_series(), zone=reading.zone)
            return dataclasses.replace(times, name=None)
        refuse_text_dates(table)
    if reading.zone is not None:
        raise ArgumentError(
            f"zone: received {reading.zone!r} without time; expected the column of times. Pass time= (on the command "
            "line --time) too."
        )
    return None
