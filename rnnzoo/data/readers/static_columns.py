"""Columns of a table of series that are the same in all rows of one: a value for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import Columns
from rnnzoo.data.readers.file_tables import column_pieces, map_column, table_column
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import parse_numbers, read_categories, read_numbers
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import shown_key

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Column, Table


@dataclass(frozen=True)
class StaticColumns:
    """The value of each series in each of some columns.

    Attributes:
        series: The columns that name a series.
        numbers: Numbers by column ``(series,)``.
        categories: Texts by column ``(series,)``.
    """

    series: Sequence[str] = ()
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    categories: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return (*self.numbers, *self.categories)

    def fit(self, seen: np.ndarray | None) -> ScaledColumns:
        """Learns statistics and categories of the series that have training rows ``(series,)``."""
        rows = slice(None) if seen is None else seen
        fitted = [fit_scale(column[rows][:, None]) for column in self.numbers.values()]
        return ScaledColumns(
            list(self.numbers),
            [float(mean[0]) for mean, _ in fitted],
            [float(scale[0]) for _, scale in fitted],
            {name: sorted(set(column[rows].tolist())) for name, column in self.categories.items()},
        )

    def known(self, fitted: ScaledColumns) -> np.ndarray:
        """Returns of which series all categories are known ``(series,)``; of all if there are none."""
        found = np.ones(1, bool)
        for name, column in self.categories.items():
            found = found & np.isin(column, fitted.categories[name])
        return found

    def matrix(self, fitted: ScaledColumns, readable: np.ndarray | None) -> np.ndarray | None:
        """Returns scaled features ``(series, features)``, zeros for series that cannot be read; ``None`` for none."""
        if not self.names or readable is None:
            return None
        columns = {**self.numbers, **self.categories}
        count = len(next(iter(columns.values())))
        rows = np.broadcast_to(readable, (count,))
        found = np.zeros((count, fitted.num_features), np.float32)
        found[rows] = fitted.matrix({name: column[rows] for name, column in columns.items()}, row="static")
        return found

    def raw(self) -> dict[str, list[Any]]:
        """Returns the values by column."""
        return {name: column.tolist() for name, column in {**self.numbers, **self.categories}.items()}


def read_static(table: Table, columns: Columns, rows: SeriesRows) -> StaticColumns:
    """Reads the columns that are the same in all rows of a series.

    Those are categories that are named in ``categorical`` too, or of which no cell is a number.

    Args:
        table: The table.
        columns: Which columns are what.
        rows: Which row is of which series.

    Raises:
        DataError: If a series has two values in one of them, or none; the message names the line.
    """
    numbers, categories = {}, {}
    for name in columns.static:
        column = table_column(table, name)
        if name in columns.categorical or _holds_texts(column):
            cells = np.concatenate([read_categories(piece) for piece in column_pieces(column)])
            categories[name] = _of_series(cells, cells == np.array(None), name, rows)
        else:
            values = map_numbers(column, name)
            numbers[name] = _of_series(values, np.isnan(values), name, rows)
    return StaticColumns(columns.series, numbers, categories)


def map_numbers(column: Column, name: str) -> np.ndarray:
    """Returns the numbers of a whole column, NaN where one is missing."""
    return np.concatenate([read_numbers(piece, name) for piece in column_pieces(column)]).astype(np.float64)


def _holds_texts(column: Column) -> bool:
    """Whether no cell of a column is a number, and some are texts."""

    def numeric(cells: pd.Series[Any]) -> pd.Series[Any]:
        import pandas as pd

        values, absent = parse_numbers(cells)
        return pd.Series(np.where(absent, 0, np.where(np.isnan(values), -1, 1)))

    found = map_column(column, numeric).to_numpy()
    return bool((found < 0).any() and not (found > 0).any())


def _of_series(cells: np.ndarray, absent: np.ndarray, name: str, rows: SeriesRows) -> np.ndarray:
    """Returns the value of each series in a column, of which it may have no other."""
    assert rows.codes is not None
    source = np.arange(len(cells)) if rows.source is None else rows.source
    there = source >= 0
    places, codes = source[there], rows.codes[there]
    kept = ~absent[places]
    places, codes = places[kept], codes[kept]
    series, first = np.unique(codes, return_index=True)
    if len(series) < len(rows.names):
        missing = int(np.setdiff1d(np.arange(len(rows.names)), series)[0])
        raise DataError(
            f"static: {name!r} is missing in all rows of the series {shown_key(rows.names[missing])!r}; expected a "
            "value. Write it, or leave the column out of static."
        )
    values = cells[places[first]]
    wrong = cells[places] != values[np.searchsorted(series, codes)]
    if wrong.any():
        row = int(wrong.argmax())
        lines = rows.lines[np.flatnonzero(there)[np.flatnonzero(kept)]]
        own = shown_key(rows.names[codes[row]])
        raise DataError(
            f"{row_place(lines, row)}: {name!r} is {_shown(cells[places[row]])} for the series {own!r}, and "
            f"{_shown(values[np.searchsorted(series, codes[row])])} before; expected one value for all rows of a "
            "series. Correct it, or leave the column out of static: it is then a feature of each step."
        )
    return np.asarray(values)


def _shown(cell: Any) -> str:
    """Returns a value as people write it."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)
