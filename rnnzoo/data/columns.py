"""Names of columns: which they are, and whether a table has them."""

from __future__ import annotations

import numbers
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import ArgumentError, DataError, RowError, UnknownNameError
from rnnzoo.value_objects import checked_fields


def check_columns(known: Iterable[object], names: Iterable[str], *, of: object = "") -> None:
    """Checks that a table has some columns.

    Args:
        known: Its columns.
        names: Those that are wanted.
        of: What the table is called, such as its path.

    Raises:
        UnknownNameError: If one is not there; the nearest name is suggested.

    Example:
        >>> check_columns(["text", "label"], ["txt"], of="reviews.csv")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.UnknownNameError: unknown column of reviews.csv: received 'txt'; did you mean 'text'? expected one
        of label, text.
    """
    columns = [str(name) for name in known]
    for name in names:
        if name not in columns:
            _refuse_uncut(columns, name, of)
            raise UnknownNameError(f"column of {of}" if of else "column", name, columns)


def _refuse_uncut(columns: Sequence[str], name: str, of: object) -> None:
    """Raises ``ArgumentError`` where the header of a table was not cut, and has the name in it."""
    if len(columns) != 1:
        return
    marks = re.findall(r"[^\w\s\"']|\t", columns[0])
    mark = next((mark for mark in marks if name in columns[0].split(mark)), None)
    if mark is not None:
        told = "tab" if mark == "\t" else mark
        raise ArgumentError(
            f"unknown column{f' of {of}' if of else ''}: received {name!r}; expected {columns[0]!r}, the only one. If "
            f"{mark!r} separates cells, pass separator={told!r} (on the command line --separator {shlex.quote(told)})."
        )


def check_table_columns(table: Any, names: Iterable[str], *, of: object = "") -> None:
    """Checks that a table has some columns.

    Args:
        table: The table.
        names: Those that are wanted.
        of: What the table is called, such as its path.

    Raises:
        ArgumentError: If one is in the index of the frame.
        UnknownNameError: If one is not there; the nearest is suggested.
    """
    names = list(names)
    index = named_levels(table)
    for name in names:
        if name in index and name not in table.columns:
            raise ArgumentError(
                f"{of or 'the frame'}: {name!r} is in the index; expected a column. Make one of it: "
                "frame = frame.reset_index()"
            )
    check_columns(table.columns, names, of=of)


def named_levels(table: Any) -> list[Any]:
    """Returns the names of the index of a frame; none for a table of a file, whose index is its lines."""
    return [
        name for name in getattr(table.index, "names", ()) if name is not None and not is_from_file(table)
    ]


def is_from_file(table: Any) -> bool:
    """Whether a table was read from a file."""
    return table.attrs.get("path") is not None


def refuse_repeated(frame: Any) -> None:
    """Raises ``DataError`` where two columns of a frame have one name."""
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise DataError(
            f"the frame: has several columns named {repeated[0]!r}; expected each name once. Rename them, or keep the "
            "first of each: frame = frame.loc[:, ~frame.columns.duplicated()]"
        )


def text_cells(frame: Any, name: str, *, of: str = "") -> list[Any]:
    """Returns the cells of a column of texts.

    Args:
        frame: The frame.
        name: The column.
        of: The part that the frame is given as, for messages; empty where it is split.

    Raises:
        RowError: If a cell is a number, or missing; the message names the column.
    """
    cells: list[Any] = frame[name].tolist()
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            continue
        if cell is None or str(cell) in ("nan", "<NA>"):
            fix = f"Drop such rows: frame = frame[frame[{name!r}].notna()]"
        elif isinstance(cell, numbers.Number):
            fix = (
                f"Name the column of texts, or make texts of numbers: frame = frame.astype({{{name!r}: str}})"
            )
        else:
            continue
        raise RowError(row, f"{name!r} is {cell!r}; expected a text. {fix}", of=of)
    return cells


def as_names(field: str, value: object) -> tuple[str, ...]:
    """Returns the names of columns that a field holds, one name or a list of them.

    Raises:
        ArgumentError: If a name is no text, or comes twice.
    """
    if isinstance(value, str):
        return (value,)  # a column without a name can be ignored, so that "" is a name
    if value is not None and not isinstance(value, Iterable):
        raise ArgumentError(f"{field}: received {value!r}; expected the name of a column, or a list of them.")
    names = () if value is None else tuple(value)
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise ArgumentError(f"{field}: received {name!r}; expected the name of a column.")
        if name in names[:number]:
            raise ArgumentError(
                f"{field}: received {name!r} twice; expected each column once. Leave one out."
            )
    return names


#: The fields that name any number of columns.
_LISTS = ("target", "series", "categorical", "static", "future", "ignore")


@checked_fields
@dataclass(frozen=True)
class Columns:
    """Which columns of a table of series are what.

    It is passed as ``columns``; the function then takes none of its fields as keywords beside it, which are refused. A
    single name may stand for a list of one. All columns that are not named hold numbers, which are features.

    Attributes:
        target: The columns to forecast.
        time: A column of timestamps or numbers that must rise from row to row; it is not a feature. Several columns
            that make a time together, such as a date and a clock, or year, month and day, in this order. ``None`` for
            none.
        zone: The zone whose clock times without an offset are of, such as ``"Europe/Berlin"``: of the hour that comes
            twice in autumn there are then two. ``None`` for times as they are.
        series: The columns that name the series that a row is of. Rows may then come in any order.
        categorical: Columns of categories; each category becomes an indicator.
        static: Columns that are the same in all rows of a series: numbers; or categories, where they are named in
            ``categorical`` too or no cell is a number. The column that names the series may be one.
        future: Columns that are known for the horizon, such as prices that are planned: numbers, or categories that are
            named in ``categorical`` too. A model reads them in the past as well.
        ignore: Columns to leave out.
        weight: The column of weights: numbers of at least 0 that say how much each row counts, wherever it is forecast.
            It is no feature, unless it is named as one too (``future``, say). ``None`` for all rows alike. See
            ``read_series``.

    Raises:
        ArgumentError: If a name is no text.

    Example:
        >>> Columns(target="load", time="date").target
        ('load',)
    """

    target: Sequence[str] = ()
    time: str | Sequence[str] | None = None
    zone: str | None = None
    series: Sequence[str] = ()
    categorical: Sequence[str] = ()
    static: Sequence[str] = ()
    future: Sequence[str] = ()
    ignore: Sequence[str] = ()
    weight: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.weight, str | None):
            raise ArgumentError(f"weight: received {self.weight!r}; expected the name of a column.")
        times = as_names("time", self.time)
        object.__setattr__(self, "time", None if not times else times[0] if len(times) == 1 else times)
        for name in _LISTS:
            object.__setattr__(self, name, as_names(name, getattr(self, name)))

    @property
    def time_names(self) -> tuple[str, ...]:
        """The columns that make the time: none, one, or several."""
        return as_names("time", self.time)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are named."""
        parts = [getattr(self, name) for name in _LISTS]
        weight = () if self.weight is None else (self.weight,)
        return tuple(name for part in [*parts, self.time_names, weight] for name in part)
