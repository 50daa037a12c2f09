"""Requests to a forecaster as the arrays that a file takes: numbers, texts, and fields of the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo.preprocessing.window_rows import WindowRow, read_row
from rnnzoo_export.inference.raw_tensors.window_inputs import field_name, future_name, series_name


def window_arrays(preprocessing: WindowPreprocessing, raw: Rows) -> dict[str, np.ndarray]:
    """Returns requests, or windows alone, as arrays by input; missing values are NaN and the empty string.

    Args:
        preprocessing: What reads them.
        raw: Rows whose histories are of one length.

    Raises:
        DataError: If a row's times cannot be read.
    """
    made, covariates = preprocessing, preprocessing.covariates
    rows = [read_row(row, number, [*made.columns, *made.time]) for number, row in enumerate(raw)]
    found = _columns(made.past, [row.past for row in rows])
    if covariates is not None:
        found |= _columns(covariates.future, [row.past for row in rows])
        ahead = _columns(covariates.future, [row.future for row in rows])
        found |= {future_name(name): values for name, values in ahead.items()}
        statics = [{name: [value] for name, value in row.static.items()} for row in rows]
        found |= {name: values[:, 0] for name, values in _columns(covariates.static, statics).items()}
        found |= _fields(made, rows)
    if isinstance(made.levels, SeriesLevels):
        keys = np.array([made.levels.key(row.series) for row in rows], object)
        found |= {series_name(name): keys[:, place] for place, name in enumerate(made.levels.columns)}
    return found


def _columns(columns: ScaledColumns, rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    numbers = {
        name: np.array([[np.nan if v in (None, "") else v for v in row[name]] for row in rows], np.float64)
        for name in columns.numeric
    }
    return numbers | {
        name: np.array([["" if v is None else str(v) for v in row[name]] for row in rows], object)
        for name in columns.categories
    }


def _fields(preprocessing: WindowPreprocessing, rows: Sequence[WindowRow]) -> dict[str, np.ndarray]:
    """Returns the numbers of all fields of the calendar, of whole histories and of the horizon."""
    covariates = preprocessing.covariates
    if covariates is None or covariates.time is None or not covariates.calendar.fields:
        return {}
    found: dict[str, list[np.ndarray]] = {}
    for row in rows:
        cells = [row.past[name] for name in preprocessing.time]
        where = f"row {row.number}"
        past, ahead = covariates.time.window_and_horizon(cells, len(cells[0]), covariates.horizon, where)
        for field, numbers in covariates.calendar.field_values(past).items():
            found.setdefault(field_name(field), []).append(numbers)
        for field, numbers in covariates.calendar.field_values(ahead).items():
            found.setdefault(future_name(field_name(field)), []).append(numbers)
    return {name: np.stack(values) for name, values in found.items()}
