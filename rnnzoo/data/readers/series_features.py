"""What models read of a series: scaled features and targets, written some rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series_columns import CategoryColumn, SeriesColumns
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.errors import DataError, listed
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.series_levels import SeriesLevels

if TYPE_CHECKING:
    import pandas as pd


def scale_features(
    columns: SeriesColumns,
    preprocessing: WindowPreprocessing,
    broken: np.ndarray,
    arranged: SeriesRows,
) -> np.ndarray:
    """Returns the features of all rows ``(rows, features)``, float32, in the store of the columns.

    Args:
        columns: The columns.
        preprocessing: What was fitted on the training rows.
        broken: Which rows no window touches ``(rows,)``; their features are 0.
        arranged: What messages call each row, the series that it is of, and its time where a calendar is read.

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
                {name: columns[name][rows][whole] for name in preprocessing.columns},
                _calendar(preprocessing, arranged, rows, whole),
                level=_level(preprocessing, arranged, rows, whole),
            )
        except DataError:
            _refuse_number(columns, preprocessing, broken, arranged.lines)
            _refuse_category(columns, preprocessing, broken, arranged.lines)
            raise
    return features


def _calendar(
    preprocessing: WindowPreprocessing, arranged: SeriesRows, rows: slice, whole: np.ndarray
) -> np.ndarray | None:
    covariates, times = preprocessing.covariates, arranged.times
    if covariates is None or times is None or not covariates.calendar.fields:
        return None
    return covariates.calendar.features(times.local[rows][whole])


def _level(
    preprocessing: WindowPreprocessing, arranged: SeriesRows, rows: slice, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    levels, codes = preprocessing.levels, arranged.codes
    if codes is None or not isinstance(levels, SeriesLevels):
        return None
    series = codes[rows][whole]
    return levels.mean[series], levels.scale[series]


def _refuse_number(
    columns: SeriesColumns, preprocessing: WindowPreprocessing, broken: np.ndarray, lines: pd.Index[Any]
) -> None:
    """Raises ``DataError`` for the first number that is beyond float32 once it is scaled."""
    scaled_columns = preprocessing.scaled_columns
    names = scaled_columns.numeric
    for rows in columns.spans():
        values = np.stack([columns[name][rows] for name in names], axis=-1).astype(np.float64)
        with np.errstate(over="ignore"):
            scaled = ((values - scaled_columns.mean) / scaled_columns.scale).astype(np.float32)
        wrong = ~np.isfinite(scaled) & ~broken[rows, None]
        if wrong.any():
            row, column = (int(place) for place in np.argwhere(wrong)[0])
            place = row_place(lines, rows.start + row)
            raise DataError(
                f"{place}: {names[column]!r} is {values[row, column]:g}, "
                "which is beyond float32 once it is scaled; expected numbers like those of the training rows. Correct "
                "it, or check its unit."
            )


def _refuse_category(
    columns: SeriesColumns, preprocessing: WindowPreprocessing, broken: np.ndarray, lines: pd.Index[Any]
) -> None:
    """Raises ``DataError`` for the first category that no training row has."""
    for name, known in preprocessing.scaled_columns.categories.items():
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
