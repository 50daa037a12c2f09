"""The column of a table of series that says how much each row counts where it is forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.data.readers.array_store import ArrayStore
from rnnzoo.data.readers.file_tables import table_pieces
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.data.readers.target_columns import read_weights
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.errors import DataError

if TYPE_CHECKING:
    from rnnzoo.data.readers.file_tables import Table


def read_weight_column(
    table: Table, name: str | None, rows: SeriesRows, store: ArrayStore
) -> np.ndarray | None:
    """Returns the weight of each row as the rows are arranged ``(rows,)``, float64; ``None`` for all alike.

    A row that was put in into a hole weighs 0, for the table says nothing of it.

    Args:
        table: The table.
        name: The column; ``None`` for none.
        rows: How the rows of the table are arranged.
        store: Where the weights are to lie.

    Raises:
        DataError: If one is missing, no number, negative or not finite; the message names file, line and column.
    """
    if name is None:
        return None
    read = store.empty((len(table.index),), np.float64)
    first = 0
    for piece in table_pieces(table, [name]):
        try:
            read[first : first + len(piece)] = read_weights(piece[name])
        except DataError as error:
            raise DataError(f"{_file(table)}{error}") from error
        first += len(piece)
    if rows.source is None:
        return read
    arranged = store.empty((len(rows),), np.float64)
    arranged[:] = read[rows.source]
    arranged[rows.source < 0] = 0.0
    return arranged


def check_part_weights(
    splits: Mapping[str, WindowSplit], parts: Sequence[str], name: str | None, table: Table
) -> None:
    """Checks that each part has a step to forecast that weighs something.

    Args:
        splits: The parts by name.
        parts: Those to check.
        name: The column of weights; ``None`` where rows have none.
        table: The table.

    Raises:
        DataError: If one has none; the message names file and column.
    """
    for part in parts:
        if not splits[part].mean_weight:
            raise DataError(
                f"{_file(table)}the weight {name!r} is 0 in all rows that the {part} part forecasts; expected one "
                "above 0 at least, for nothing is learned or scored that weighs nothing. Correct them."
            )


def _file(table: Table) -> str:
    path = table.attrs.get("path")
    return "" if path is None else f"{path}: "
