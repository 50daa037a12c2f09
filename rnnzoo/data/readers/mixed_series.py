"""Tables whose times repeat or fall back: what they hold, and what to do about it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.clock_changes import find_zone, refuse_repeated_hour
from rnnzoo.data.readers.date_formats import possible_formats
from rnnzoo.data.readers.file_tables import (
    FileColumn,
    FileTable,
    column_cell,
    column_codes,
    column_pieces,
    map_column,
    table_column,
    table_pieces,
)
from rnnzoo.data.readers.row_places import LINE, row_place
from rnnzoo.data.readers.table_frames import has_own_names
from rnnzoo.data.readers.timestamps import COMPACT, Times, read_times
from rnnzoo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Column, Table

#: Where a share of rows have a time that others have too, it is no accident.
_REPEATED = 0.1
_PAIRED = 8
_CLOCK_NAMES = ("hour", "hr", "hours", "clock", "time", "minute", "time_of_day", "hour_of_day")
_MOST_HOURS = 20
#: Seconds and milliseconds since 1970 of our days, by their number of digits.
_EPOCHS = {9: 1, 10: 1, 12: 1000, 13: 1000}
_YEAR = 365.2425 * 86_400
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2})?$"
_PARTS = ("year", "month", "day", "hour", "minute", "second")


def refuse_mixed(frame: Table, times: Times, *, target: Collection[Any], named: bool) -> None:
    """Raises ``DataError`` where times do not rise from row to row, and says why and what to do.

    Args:
        frame: The table.
        times: Times of its rows.
        target: The columns to be forecast, which name no series.
        named: Whether they are known to be the times of the series. Where they are not, only a table of several series
            is refused.
    """
    fallen = ~(times.values[1:] > times.values[:-1])
    if not fallen.any():
        return
    row = int(fallen.argmax()) + 1
    if named:
        refuse_repeated_hour(times, frame.index)
    if isinstance(frame, FileTable):
        table = _Table(frame.by_columns(), times, target)
    elif times.name is not None and has_own_names(frame):
        table = _Table(frame.reset_index(), times, target, read="table = frame.reset_index(); ")
    else:
        table = _Table(frame, times, target)
    what = "repeats the time of" if times.values[row] == times.values[row - 1] else "is earlier than"
    before = "line" if frame.index.name == LINE else "row"
    where = f"{row_place(frame.index, row)}: {times.shown_name} {what} the {before} before"
    clock = table.clock()
    if clock is not None:
        if named:
            raise DataError(
                f"{where}; expected times that rise. {clock!r} seems to hold the time of day. {table.with_clock(clock)}"
            )
        return
    keys = table.keys()
    if keys:
        raise DataError(
            f"{where}, and every {_listed(keys)} has each time once at most: the table holds several series; expected "
            f"one, or the column that names them. {_as_panel(times, keys[0])}, to train one model for all. Or keep the "
            f"rows of one: {table.one_of(keys[0])}"
        )
    if table.restarts() and not (named and table.repeats_rows()):
        raise DataError(
            f"{where}, and starts anew {int(fallen.sum()) + 1} times in all: the table holds several series, and no "
            f"column says which row is of which; expected one. Keep the rows of one: {table.first(row)}"
        )
    if named:
        raise DataError(f"{where}; expected times that rise. {table.correction(fallen)}")


def refuse_mixed_dates(frame: Table, *, target: Sequence[Any]) -> None:
    """Raises ``DataError`` for a table of several series of which the times are not named.

    Args:
        frame: The table.
        target: The columns to be forecast.
    """
    found = list(_dates(frame, [name for name in frame.columns if name not in target]))
    if any((times.values[1:] > times.values[:-1]).all() for times in found):
        return
    for times in found:
        refuse_mixed(frame, times, target=target, named=False)


def refuse_fallen_dates(frame: pd.DataFrame, *, used: Collection[Any]) -> None:
    """Raises ``DataError`` for a table to forecast from whose dates repeat or fall back, if no other dates rise.

    Args:
        frame: The table.
        used: The columns that the model reads, which are not looked at.
    """
    others = frame[[name for name in frame.columns if name not in used]]
    found = [times for times in _dates(others, list(others.columns)) if times.name in others.columns]
    if any((times.values[1:] > times.values[:-1]).all() for times in found):
        return
    values = [name for name in used if str(name).lower() not in _CLOCK_NAMES]
    for times in found:
        # Dates beside the time of day repeat as they should, and so does an hour in autumn.
        if _Table(frame, times, values).clock() is not None or find_zone(times) is not None:
            continue
        try:
            refuse_mixed(frame, times, target=used, named=True)
        except DataError as error:
            raise DataError(
                f"{frame.attrs.get('path', 'table')}: the dates of the column {times.shown_name} do not rise. Drop the "
                f"column if they are not the times of the rows. Otherwise: {error}"
            ) from error


def refuse_text_dates(frame: pd.DataFrame) -> None:
    """Raises ``DataError`` for a frame whose index holds dates as texts that do not rise."""
    index = frame.index
    if index.dtype.kind != "O" or not len(index):
        return
    times = next(_dates(index.to_frame(name="index"), ["index"]), None)
    if times is None or (times.values[1:] > times.values[:-1]).all():
        return
    row = int((~(times.values[1:] > times.values[:-1])).argmax()) + 1
    name = "index" if index.name is None else index.name
    raise DataError(
        f"{row_place(index, row)}: the index holds dates as texts, and this one is not later than the row before; "
        f"expected times that rise. Make a column of it, frame = frame.reset_index(), and name it: time={name!r}"
    )


def _dates(frame: Table, columns: Sequence[Any]) -> Iterator[Times]:
    """Yields the columns that hold dates in all rows, read in a way that is right at least for their order in a day."""
    import pandas as pd

    for name in columns:
        column = table_column(frame, name)
        first = str(column_cell(column, 0)).strip()
        number = first.replace(".", "", 1).lstrip("+-").isdigit()
        if not re.search(r"\d", first) or (number and not _may_be_date(first)):
            continue
        if not isinstance(column, FileColumn) and column.isna().any():
            continue
        times = _as_dates(column)
        if times is not None:
            yield times
    parts = [name for part in _PARTS for name in frame.columns if str(name).lower() == part]
    if [str(name).lower() for name in parts[:3]] == list(_PARTS[:3]):
        numbers = pd.concat(
            [piece[parts].apply(pd.to_numeric, errors="coerce") for piece in table_pieces(frame, parts)]
        ).set_axis(map(str.lower, parts), axis=1)
        assembled = pd.to_datetime(numbers, errors="coerce").rename(", ".join(parts))
        if not assembled.isna().any():
            yield read_times(assembled)


def _as_dates(column: Column) -> Times | None:
    formats: list[str | None] = [None]
    if column.dtype.kind == "O":
        formats += possible_formats(str(column_cell(column, 0)).strip())[:1]
    for form in formats:
        try:
            times = read_times(column, time_format=form)
        except DataError:  # several readings, or no dates
            continue
        return times if times.are_dates or _are_epochs(times.values) else None
    return None


def _may_be_date(digits: str) -> bool:
    """Whether digits may be a date, or the seconds or milliseconds since 1970."""
    return digits.isdigit() and len(digits) in (*COMPACT, *_EPOCHS)


def _are_epochs(values: np.ndarray) -> bool:
    """Whether numbers are all seconds, or milliseconds, of the years 2000 to 2050."""
    lengths = [power for digits, power in _EPOCHS.items() if len(str(int(values[0]))) == digits]
    years = values / lengths[0] / _YEAR + 1970 if lengths else np.zeros(1)
    return bool((values % 1 == 0).all() and ((years >= 2000) & (years < 2050)).all())


@dataclass(frozen=True)
class _Table:
    """A frame with times that do not rise."""

    frame: Table
    times: Times
    measured: Collection[Any] = ()
    read: str = "table = frame.copy(); "

    @property
    def _names(self) -> list[Any]:
        """The columns that may say what a row is of."""
        others = {*self.times.columns, *str(self.times.name).split(", "), *self.measured}
        return [name for name in self.frame.columns if name not in others]

    def keys(self) -> list[tuple[Any, ...]]:
        """Returns the columns, or pairs of columns, in each value of which the times rise, or are all different."""
        codes = {name: code for name in self._names if (code := self._codes(name)) is not None}
        few = sorted(codes, key=lambda name: int(codes[name].max()))
        single = [(name,) for name in few if self._separates(codes[name])]
        if single:
            return single
        pairs = []
        for first, second in itertools.combinations(few[:_PAIRED], 2):
            both = codes[first] * (int(codes[second].max()) + 1) + codes[second]
            if self._separates(np.unique(both, return_inverse=True)[1]):
                pairs.append((first, second))
        return pairs

    def _codes(self, name: Any) -> np.ndarray | None:
        """Numbers the values of a column that may name series: none that is measured, and each value more than once."""
        import pandas as pd

        column = table_column(self.frame, name)
        numbers = map_column(column, lambda cells: pd.to_numeric(cells, errors="coerce"))
        if column.dtype.kind != "b" and not numbers.isna().any() and (numbers % 1 != 0).any():
            return None
        codes, values = column_codes(column)
        return codes if 2 <= values <= len(codes) // 2 else None

    def _separates(self, codes: np.ndarray) -> bool:
        order = np.lexsort((self.times.values, codes))
        same = np.diff(codes[order]) == 0
        values = self.times.values[order]
        if (values[1:][same] == values[:-1][same]).any():
            return False
        stable = np.argsort(codes, kind="stable")
        in_order = self.times.values[stable]
        rising = bool((in_order[1:] > in_order[:-1])[np.diff(codes[stable]) == 0].all())
        blocks = int((np.diff(codes) != 0).sum()) + 1 == len(np.unique(codes))
        return (rising and blocks and self._overlap(codes)) or self._repeated() >= _REPEATED

    def _overlap(self, codes: np.ndarray) -> bool:
        """Whether the series that follow each other were going on at the same time; the years of one never are."""
        import pandas as pd

        ends = pd.Series(self.times.values).groupby(codes).agg(["min", "max"]).sort_values("min")
        return bool((ends["min"].to_numpy()[1:] <= ends["max"].to_numpy()[:-1]).any())

    def _repeated(self) -> float:
        _, inverse, counts = np.unique(self.times.values, return_inverse=True, return_counts=True)
        return float((counts[inverse] > 1).mean())

    def restarts(self) -> bool:
        """Whether times that others have too come in few rising blocks, as of series put one after the other."""
        steps = np.diff(self.times.values.astype(np.int64) if self.times.are_dates else self.times.values)
        return bool((steps != 0).all() and (steps < 0).sum() <= len(steps) / 10 and self._repeated() >= 0.5)

    def repeats_rows(self) -> bool:
        """Whether all rows of one time are copies of each other."""
        return len(np.unique(self.times.values)) == int((~self._copies()).sum())

    def clock(self) -> Any:
        """Returns the column that tells rows of one date apart as the time of day, if there is one."""
        values = self.times.values
        if not self.times.are_dates or (values[1:] < values[:-1]).any():
            return None
        if (values != values.astype("datetime64[D]")).any():
            return None
        for name in self._names:
            column = table_column(self.frame, name)
            clocks = map_column(column, lambda cells: _text(cells).str.match(_CLOCK)).all()
            numbers = map_column(column, _seconds if clocks else _numbers)
            hours = numbers.between(0, 24).all() and (
                str(name).lower() in _CLOCK_NAMES or numbers.nunique() >= _MOST_HOURS
            )
            if not (clocks or hours):
                continue
            later = np.diff(numbers.to_numpy(np.float64)) > 0
            if not numbers.isna().any() and ((values[1:] > values[:-1]) | later).all():
                return name
        return None

    def with_clock(self, clock: Any) -> str:
        """Returns how date and time of day are read as one."""
        if self.times.name is None:
            return "Make a column of the index, frame = frame.reset_index(), and name both as the time, the date first."
        name = self.times.name
        return f"Name both: time={[name, clock]!r} (on the command line --time {name},{clock})."

    def one_of(self, key: tuple[Any, ...]) -> str:
        """Returns code that keeps the rows of one series, in order."""
        values = [column_cell(table_column(self.frame, name), 0) for name in key]
        plain = [value.item() if isinstance(value, np.generic) else value for value in values]
        rows = [f"table[{name!r}] == {value!r}" for name, value in zip(key, plain, strict=True)]
        chosen = rows[0] if len(rows) == 1 else " & ".join(f"({row})" for row in rows)
        one = [self._equal(name, value) for name, value in zip(key, values, strict=True)]
        own = self.times.values[np.logical_and.reduce(one)]
        sort = "" if (own[1:] > own[:-1]).all() else self._sorting()
        return f"{self._read()}one = table[{chosen}]{sort}{self._written('one')}"

    def _equal(self, name: Any, value: Any) -> np.ndarray:
        """Whether each row has a value in a column ``(rows,)``."""
        pieces = column_pieces(table_column(self.frame, name))
        return np.concatenate([cells.to_numpy() == value for cells in pieces])

    def first(self, row: int) -> str:
        """Returns code that keeps the rows before one of them."""
        return f"{self._read()}one = table.iloc[:{row}]{self._written('one')}"

    def correction(self, fallen: np.ndarray) -> str:
        """Returns what to do about a single series: sort it, and leave out what it holds twice."""
        copies = self._copies()
        left = self.times.values[~copies]
        _, counts = np.unique(left, return_counts=True)
        several = int((counts > 1).sum())
        what, do = "", ""
        if several:
            what = f"Keep one row for each time, of which {several:,} {'has' if several == 1 else 'have'} several"
            do, left = self._last_of_each_time(), self.times.values[~self._repeats()]
        elif copies.any():
            count = int(copies.sum())
            rows = (
                "row that is a copy of another" if count == 1 else f"{count:,} rows that are copies of others"
            )
            what, do = f"Drop the {rows}", ".drop_duplicates()"
            if self.times.name is None:
                do = (
                    self._last_of_each_time()
                )  # which are all copies, and "drop_duplicates" does not look at the index
        if (left[1:] < left[:-1]).any():
            what, do = f"{what}, and sort the table" if what else "Sort the table", do + self._sorting()
        return f"{what}: {self._read()}table = table{do}{self._written('table')}"

    def _copies(self) -> np.ndarray:
        """Whether each row is a copy of one before it, its time among what it holds ``(rows,)``."""
        import pandas as pd

        if isinstance(self.frame, FileTable) or self.times.name is not None:
            return self.frame.duplicated().to_numpy()
        cells = self.frame.reset_index(drop=True)
        return pd.concat([cells, pd.Series(self.times.values)], axis=1).duplicated().to_numpy()

    def _repeats(self) -> np.ndarray:
        """Whether a later row has the same time ``(rows,)``."""
        import pandas as pd

        return np.asarray(pd.Series(self.times.values).duplicated(keep="last"))

    def _last_of_each_time(self) -> str:
        if self.times.name is None:
            return "[~table.index.duplicated(keep='last')]"
        return f".drop_duplicates({self._time!r}, keep='last')"

    def _sorting(self) -> str:
        if self.times.name is None:
            return ".sort_index()"
        return f".sort_values({self._time!r}{self.times.sorting})"

    @property
    def _time(self) -> Any:
        """The columns of times as code has them."""
        return list(self.times.name) if isinstance(self.times.name, tuple) else self.times.name

    def _read(self) -> str:
        reading = self.frame.attrs.get("reading")
        return self.read if reading is None else f"table = {reading}; "

    def _written(self, table: str, *, drop: Sequence[Any] = ()) -> str:
        left = f".drop(columns={list(drop)!r})" if drop else ""
        writing = self.frame.attrs.get("writing")
        return (left and f"; table = {table}{left}") if writing is None else f"; {table}{left}{writing}"


def _text(cells: pd.Series[Any]) -> pd.Series[Any]:
    return cells.astype(str).str.strip()


def _numbers(cells: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.to_numeric(_text(cells), errors="coerce")


def _seconds(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Returns the seconds of times of day."""
    import pandas as pd

    text = _text(cells)
    whole = text.where(text.str.count(":") == 2, text + ":00")
    seconds: pd.Series[Any] = pd.to_timedelta(whole, errors="coerce").dt.total_seconds()
    return seconds


def _as_panel(times: Times, key: tuple[Any, ...]) -> str:
    """Returns how a table of several series is read as such."""
    names = [str(name) for name in key]
    if times.name is None:
        return f"Make a column of the index (frame = frame.reset_index()), and pass its name as time and series={names}"
    option = f"--time {times.name} --series {','.join(names)}"
    return f"Pass time={times.name!r} and series={names} (on the command line {option})"


def _listed(keys: Sequence[tuple[Any, ...]]) -> str:
    shown = [" and ".join(repr(name) for name in key) for key in keys[:3]]
    return "value of " + " or of ".join(shown)
