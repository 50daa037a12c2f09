"""What models read of a series: scaled features and targets, written some rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import CategoryColumn, SeriesColumns
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError, listed
from rnnzoo.preprocessing import WindowPreprocessing

if TYPE_CHECKING:
    import pandas as pd


def scale_features(
    columns: SeriesColumns, preprocessing: WindowPreprocessing, broken: np.ndarray, lines: pd.Index[Any]
) -> np.ndarray:
    """Returns the features of all rows ``(rows, features)``, float32, in the store of the columns.

    Args:
        columns: The columns.
        preprocessing: What was fitted on the training rows.
        broken: Which rows no window touches ``(rows,)``; their features are 0.
        lines: What messages call each row.

    Raises:
        DataError: If a number is beyond float32 once it is scaled, or no training row has a category; the message names
            the line.
    """
    features = columns.store.empty((columns.num_rows, preprocessing.num_features), np.float32)
    for rows in columns.spans():
        whole = ~broken[rows]
        features[rows][~whole] = 0.0
        try:
            features[rows][whole] = preprocessing.matrix(
                {name: columns[name][rows][whole] for name in preprocessing.columns}
            )
        except DataError:
            _refuse_number(columns, preprocessing, broken, lines)
            _refuse_category(columns, preprocessing, broken, lines)
            raise
    return features


def scale_targets(columns: SeriesColumns, decoding: Decoding) -> tuple[np.ndarray, np.ndarray]:
    """Returns the targets of all rows ``(rows, targets)``: in original units, and scaled to float32."""
    names = decoding.target_names or ()
    values = columns.store.empty((columns.num_rows, len(names)), np.float64)
    scaled = columns.store.empty((columns.num_rows, len(names)), np.float32)
    for rows in columns.spans():
        values[rows] = np.stack([columns[name][rows] for name in names], axis=-1)
        scaled[rows] = ((values[rows] - decoding.mean) / decoding.scale).astype(np.float32)
    return values, scaled


def _refuse_number(
    columns: SeriesColumns, preprocessing: WindowPreprocessing, broken: np.ndarray, lines: pd.Index[Any]
) -> None:
    """Raises ``DataError`` for the first number that is beyond float32 once it is scaled."""
    for rows in columns.spans():
        values = np.stack([columns[name][rows] for name in preprocessing.numeric], axis=-1)
        with np.errstate(over="ignore"):
            scaled = ((values - preprocessing.mean) / preprocessing.scale).astype(np.float32)
        wrong = ~np.isfinite(scaled) & ~broken[rows, None]
        if wrong.any():
            row, column = (int(place) for place in np.argwhere(wrong)[0])
            place = row_place(lines, rows.start + row)
            raise DataError(
                f"{place}: {preprocessing.numeric[column]!r} is {values[row, column]:g}, "
                "which is beyond float32 once it is scaled; expected numbers like those of the training rows. Correct "
                "it, or check its unit."
            )


def _refuse_category(
    columns: SeriesColumns, preprocessing: WindowPreprocessing, broken: np.ndarray, lines: pd.Index[Any]
) -> None:
    """Raises ``DataError`` for the first category that no training row has."""
    for name, known in preprocessing.categories.items():
        column: CategoryColumn = columns[name]
        new = np.array([*(category not in known for category in column.names), False])
        wrong = new[column.codes] & ~broken
        if wrong.any():
            row = int(wrong.argmax())
            place = row_place(lines, row)
            raise DataError(
                f"{place}: {name!r} has the unknown category {column[row : row + 1][0]!r}; expected one "
                f"of {listed(known)}. Train on rows that have it."
            )
