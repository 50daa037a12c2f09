"""Rows of a table of columns, and what is known beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo.preprocessing.window_rows import CalendarNumbers, WindowRow
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.inference.raw_tensors.window_inputs import (
    field_name,
    future_name,
    series_name,
    window_inputs,
)
from rnnzoo_export.inference.raw_tensors.window_rows import window_arrays


class WindowTensors(RawTensors):
    """One tensor for each column, float64 or, for categories, texts.

    Columns of the past are ``(batch, time)``, of which the last ``window`` steps are read. Columns that are known for
    the horizon have a second tensor ``future_<column>`` ``(batch, horizon)``, static ones are ``(batch,)``. Fields of
    the calendar are their numbers, int64: ``<field>`` and ``future_<field>``, where ``holiday:DE`` is ``holiday_DE``.
    Where each series is scaled by itself, ``series_<column>`` ``(batch,)`` are the texts that name it. NaN and the
    empty text are missing values.

    Args:
        preprocessing: What reads them.

    Raises:
        ArgumentError: If two tensors would have one name.
    """

    def __init__(self, preprocessing: WindowPreprocessing) -> None:
        self._made = preprocessing
        self._covariates = preprocessing.covariates or Covariates(horizon=1)
        self.inputs = window_inputs(preprocessing)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns requests, or windows alone, of histories of one length, as tensors."""
        return window_arrays(self._made, raw)

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns requests, taken apart."""
        values = {name: array.tolist() for name, array in arrays.items()}
        return [self._row(number, values) for number in range(len(next(iter(values.values()))))]

    def _row(self, number: int, values: Mapping[str, list[Any]]) -> WindowRow:
        def of(name: str) -> Any:
            return values[name][number]

        levels, further = self._made.levels, self._covariates
        series = (
            [of(series_name(name)) for name in levels.columns] if isinstance(levels, SeriesLevels) else None
        )
        return WindowRow(
            number,
            past={name: of(name) for name in self._made.columns},
            future={name: of(future_name(name)) for name in further.future.names},
            static={name: of(name) for name in further.static.names},
            series=series,
            fields=self._fields(of) if further.calendar.fields else None,
        )

    def _fields(self, of: Any) -> CalendarNumbers:
        names = {field: field_name(field) for field in self._covariates.calendar.fields}
        return CalendarNumbers(
            {field: of(name) for field, name in names.items()},
            {field: of(future_name(name)) for field, name in names.items()},
        )
