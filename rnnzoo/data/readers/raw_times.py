"""The cells of columns of times, as a request has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.file_tables import column_pieces, table_column
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.data.readers.time_axes import time_axis
from rnnzoo.preprocessing.time_step import TimePoints

if TYPE_CHECKING:
    from rnnzoo.data.readers.file_tables import Table


class RawTimes:
    """A column of times, which answers slices with texts, or numbers where it holds numbers.

    Args:
        cells: The cells of the table.
        source: The row of the table that each row is of; ``None`` where they are as in the table.

    Example:
        >>> RawTimes(np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]"), None)[1:].tolist()
        ['2024-01-02T00:00:00']
    """

    def __init__(self, cells: np.ndarray, source: np.ndarray | None) -> None:
        self._cells, self._source = cells, source

    def __getitem__(self, rows: slice) -> np.ndarray:
        cells = self._cells[rows] if self._source is None else self._cells[self._source[rows]]
        if cells.dtype.kind in "iuf":
            return cells
        return np.array([_text(cell) for cell in cells], object)


class FilledTimes:
    """A column of times of rows of which some were put in, which answers slices with what a request has.

    Args:
        rows: The rows, whose times are known.
        column: The number of the column among those that make the time.
    """

    def __init__(self, rows: SeriesRows, column: int) -> None:
        assert rows.times is not None, "rows are put in by their times"
        assert rows.steps is not None
        self._times, self._column = rows.times, column
        self._axis = time_axis(rows.times, rows.steps)

    def __getitem__(self, rows: slice) -> np.ndarray:
        points = TimePoints(self._times.local[rows], self._times.values[rows])
        return np.array(self._axis.cells(points)[self._column])


def read_raw_times(
    table: Table, names: Sequence[str], rows: SeriesRows
) -> Mapping[str, RawTimes | FilledTimes]:
    """Returns the columns that make the time, row by row as they are arranged.

    Args:
        table: The table.
        names: The columns.
        rows: How its rows are arranged.
    """
    if rows.source is not None and (rows.source < 0).any():
        return {name: FilledTimes(rows, column) for column, name in enumerate(names)}
    found = {}
    for name in names:
        if name in table.columns:
            pieces = [cells.to_numpy() for cells in column_pieces(table_column(table, name))]
        else:  # that of times which are the index of a frame
            pieces = [table.index.to_numpy()]
        found[name] = RawTimes(pieces[0] if len(pieces) == 1 else np.concatenate(pieces), rows.source)
    return found


def _text(cell: Any) -> str:
    if isinstance(cell, np.datetime64):
        return str(cell.astype("datetime64[s]"))
    return str(cell.isoformat()) if hasattr(cell, "isoformat") else str(cell)
