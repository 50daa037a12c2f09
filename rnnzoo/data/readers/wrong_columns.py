"""Columns of a table that hold no numbers: all of them in one message, with the way out for each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rnnzoo.data.readers.file_tables import table_pieces
from rnnzoo.data.readers.row_places import LINE, row_place
from rnnzoo.data.readers.text_form import has_comma, has_point
from rnnzoo.data.readers.timestamps import possible_formats
from rnnzoo.errors import DataError, listed

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Table

    Parse: TypeAlias = "Callable[[pd.Series[Any]], tuple[np.ndarray, np.ndarray]]"

#: Categories at most that a column is taken to have.
_MOST_CATEGORIES = 50
#: Share of cells that may be wrong in a column of numbers.
_FEW_WRONG = 0.1


#: What the error of a single column offers, which is no way out for one that is to be forecast.
_OTHER_KIND = "or say what the column is"


def option_names(names: Sequence[str]) -> str:
    """Returns names as an option of the command line takes them.

    Example:
        >>> print(option_names(["load", "Temp, C", ""]))
        'load,"Temp, C",""'
    """
    quoted = [f'"{name}"' if not name or "," in name else name for name in names]
    return shlex.quote(",".join(quoted))


def refuse_wrong_columns(
    table: Table, errors: Mapping[str, DataError], empty: Sequence[str], *, told: Any, parse: Parse
) -> None:
    """Raises ``DataError`` where columns of features hold no numbers.

    Args:
        table: The table.
        errors: What is wrong with a first cell, by column.
        empty: Columns without any value.
        told: What columns are told to be: ``Columns``, or ``SequenceColumns``, which knows no categories.
        parse: Returns the numbers of some cells, and which are missing.
    """
    if not errors and not empty:
        return
    forecast = set(errors) & set(getattr(told, "target", ()))
    one = next(iter(errors.values()), None)
    if one and len(errors) == 1 and not empty and not (forecast and _OTHER_KIND in str(one)):
        raise one
    looks = _look_at(table, list(errors), parse)
    head = "".join(re.findall(r"^.*?expected a finite number\. (?:If the comma.*Else: )?", str(one or "")))
    if not errors and len(empty) == 1:
        head = f"{empty[0]!r} has no value in any row; expected numbers. "
    elif not errors:
        head = f"{_listed(empty)} have no value in any row; expected numbers. "
    elif len(errors) + len(empty) > 1:
        head += f"{len(errors) + len(empty)} columns hold no numbers, or not all over. "
    raise DataError(head + " ".join(_ways_out(table, looks, empty, told)))


def comma_advice(column: pd.Series[Any], name: str, cell: str) -> str:
    """Returns what to do about a cell with a decimal comma, as the beginning of an advice; empty for another cell."""
    if not has_comma(cell) or any(has_point(str(other)) for other in column):
        return ""
    if column.index.name == LINE:
        return "If the comma is a decimal mark, pass decimal=',' (on the command line --decimal ,). Else: "
    reading = column.attrs.get("reading")
    made = f"frame = {reading}; " if reading else ""
    number = f"{made}frame[{name!r}] = frame[{name!r}].str.replace(',', '.').astype(float)"
    passed = ", and pass the frame" if reading else ""
    return f"If the comma is a decimal mark, make numbers of the texts{passed}: {number}. Else: "


@dataclass
class _Look:
    """What a column holds.

    Attributes:
        rows: How many rows were looked at.
        numbers: How many cells are numbers.
        wrong: How many are neither numbers nor missing.
        first: The row of the first of these, and what it holds.
        texts: The row that each text is first in; no more than there may be categories.
        nested: Whether its first wrong cell is a list or an object.
    """

    rows: int = 0
    numbers: int = 0
    wrong: int = 0
    first: tuple[int, str] = (0, "")
    texts: dict[str, int] = field(default_factory=dict)
    nested: bool = False

    def add(self, cells: pd.Series[Any], parse: Parse) -> None:
        """Adds some cells."""
        values, absent = parse(cells)
        wrong = ~np.isfinite(values) & ~absent
        if wrong.any() and not self.wrong:
            row = int(wrong.argmax())
            self.first = (self.rows + row, str(cells.iloc[row]).strip())
            self.nested = isinstance(cells.iloc[row], list | dict | np.ndarray)
        for place in map(int, np.flatnonzero(wrong)):
            if len(self.texts) > _MOST_CATEGORIES:
                break
            self.texts.setdefault(str(cells.iloc[place]).strip(), self.rows + place)
        self.numbers += int(np.isfinite(values).sum())
        self.wrong += int(wrong.sum())
        self.rows += len(cells)

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers, but for some cells."""
        return self.wrong <= _FEW_WRONG * (self.numbers + self.wrong)

    @property
    def is_category(self) -> bool:
        """Whether it holds few texts, none of which comes up late: training has to see each."""
        few = not self.numbers and not self.nested and len(self.texts) <= _MOST_CATEGORIES
        return few and max(self.texts.values()) < self.rows / 2

    @property
    def is_time(self) -> bool:
        """Whether its first cell is a date."""
        return not self.numbers and bool(possible_formats(self.first[1]))


def _look_at(table: Table, names: Sequence[str], parse: Parse) -> dict[str, _Look]:
    looks = {name: _Look() for name in names}
    for piece in table_pieces(table, names) if names else ():
        for name, look in looks.items():
            look.add(piece[name], parse)
    return looks


def _ways_out(table: Table, looks: Mapping[str, _Look], empty: Sequence[str], told: Any) -> list[str]:
    """Returns what to do about each column, so that a reader who is told all of it goes on."""
    targets = [name for name in getattr(told, "target", ()) if name in looks or name in empty]
    others = {name: look for name, look in looks.items() if name not in targets}
    numeric = [name for name, look in others.items() if look.is_numeric]
    times = [name for name, look in others.items() if look.is_time and name not in numeric]
    time = times[:1] if told.time is None else []
    taken = {*numeric, *time}
    known = getattr(told, "categorical", None)
    kinds = [
        name for name, look in others.items() if name not in taken and look.is_category and known is not None
    ]
    texts = [name for name in others if name not in (*taken, *kinds)]
    left = [*texts, *(name for name in empty if name not in targets)]
    ways = []
    if targets:
        ways.append(
            f"{_listed(targets)}, which {_are(targets)} to be forecast, {_have(targets)} no numbers, or not all over: "
            "correct the column, or name another target."
        )
    if time:
        ways.append(
            f"{time[0]!r} holds times: time={time[0]!r} (on the command line --time {option_names(time)})."
        )
    if kinds:
        names = [*dict.fromkeys([*(known or ()), *kinds])]
        ways.append(
            f"{_listed(kinds)} {_have(kinds)} categories: categorical={names} (on the command line --categorical "
            f"{option_names(names)})."
        )
    if left:
        names = [*dict.fromkeys([*told.ignore, *left])]
        what = [f"{name!r} ({_what(looks.get(name))})" for name in left]
        ways.append(
            f"Leave out {listed(what)}: ignore={names} (on the command line --ignore {option_names(names)})."
        )
    for name in numeric:
        row, cell = others[name].first
        count = others[name].wrong
        ways.append(
            f"{name!r} holds numbers but for {count:,} cell{'s' * (count > 1)}, the first of them {cell!r} in "
            f"{row_place(table.index, row)}: correct {'them' if count > 1 else 'it'}, or leave the column out too."
        )
    return ways


def _what(look: _Look | None) -> str:
    if look is None:
        return "no value"
    return "lists or objects" if look.nested else "texts"


def _listed(names: Sequence[str]) -> str:
    return listed(map(repr, names))


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _have(names: Sequence[str]) -> str:
    return "hold" if len(names) > 1 else "holds"
