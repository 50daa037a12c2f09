"""A table of series to requests: one for each series, with its last rows and what is known of the steps ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import check_columns
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.series import read_columns
from rnnzoo.data.readers.series_columns import read_categories, read_numbers
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.series_levels import SeriesLevels, shown_key
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimePoints

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SeriesRequest:
    """A request, and what its answer is of.

    Attributes:
        request: What a predictor takes.
        series: What names the series: a text, or one for each column; ``None`` where there is one series.
        times: The times of the steps ahead; ``None`` where they are not known.
    """

    request: Mapping[str, Any]
    series: str | list[str] | None = None
    times: list[Any] | None = None


def needs_requests(preprocessing: Any) -> bool:
    """Whether a preprocessing reads more than a window, so that a table becomes requests."""
    return isinstance(preprocessing, WindowPreprocessing) and (
        preprocessing.covariates is not None or isinstance(preprocessing.levels, SeriesLevels)
    )


def read_requests(
    frame: pd.DataFrame,
    preprocessing: WindowPreprocessing,
    targets: Sequence[str],
    future: pd.DataFrame | None = None,
) -> list[SeriesRequest]:
    """Reads the past of one series or of several, and what is known of their horizon.

    The rows of a series follow each other in time; those of several may be mixed. Where the model reads columns that
    are known ahead, the rows of the horizon stand behind those of the past with empty targets, or in a table of their
    own. There may be more of them than the horizon has.

    Args:
        frame: The table; each of its cells is a text, and its index is the line.
        preprocessing: What will encode the requests.
        targets: The columns that are forecast.
        future: The rows of the horizon, in place of those with empty targets.

    Returns:
        One for each series, in order of their first rows.

    Raises:
        UnknownNameError: If a column is missing; the nearest is suggested.
        DataError: If a series cannot be read; the message names it.
    """
    table = _Table(frame, preprocessing, targets)
    ahead = None if future is None else _Table(future, preprocessing, targets, ahead=True)
    found = [table.request(key, rows, ahead) for key, rows in table.rows_by_series().items()]
    if ahead is not None:
        _refuse_others(table, ahead)
    return found


class _Table:
    """A table and the columns that are read of it."""

    def __init__(
        self,
        frame: pd.DataFrame,
        preprocessing: WindowPreprocessing,
        targets: Sequence[str],
        *,
        ahead: bool = False,
    ) -> None:
        self.frame, self.targets = frame, targets
        self.path = str(frame.attrs.get("path", "table"))
        self.covariates = preprocessing.covariates or Covariates(horizon=1)
        levels = preprocessing.levels
        self.levels = levels if isinstance(levels, SeriesLevels) else None
        self.series = self.covariates.series if self.levels is None else self.levels.columns
        self.axis: TimeAxis | None = self.covariates.time
        known, static = self.covariates.future.names, self.covariates.static.names
        columns = known if ahead else [*preprocessing.columns, *static]
        times = [] if self.axis is None else list(self.axis.columns)
        check_columns(frame.columns, [*self.series, *times, *columns], of=self.path)
        self.values = read_columns(frame, preprocessing)
        self.static = {} if ahead else self._read_static()

    def _read_static(self) -> dict[str, np.ndarray]:
        columns = self.covariates.static
        numbers = {name: read_numbers(self.frame[name], name, training=False) for name in columns.numeric}
        return numbers | {name: read_categories(self.frame[name]) for name in columns.categories}

    def rows_by_series(self) -> dict[tuple[str, ...], np.ndarray]:
        """Returns the rows of each series, in order of their first ones."""
        if not self.series:
            return {(): np.arange(len(self.frame))}
        names = [
            self.frame[name].astype(str).str.strip().where(~self.frame[name].isna(), "")
            for name in self.series
        ]
        found: dict[tuple[str, ...], list[int]] = {}
        for row, key in enumerate(zip(*names, strict=True)):
            if not all(key):
                empty = next(name for name, text in zip(self.series, key, strict=True) if not text)
                raise DataError(
                    f"{self.path}: {row_place(self.frame.index, row)}: {empty!r} is missing; expected the name of the "
                    "series. Correct it, or leave such rows out."
                )
            found.setdefault(key, []).append(row)
        return {key: np.array(rows) for key, rows in found.items()}

    def where(self, key: tuple[str, ...]) -> str:
        """Returns what messages call a series."""
        return f"{self.path}: series {shown_key(key)!r}" if key else self.path

    def request(self, key: tuple[str, ...], rows: np.ndarray, ahead: _Table | None) -> SeriesRequest:
        """Returns the request for a series."""
        if self.levels is not None:
            try:
                self.levels.of(key[0] if len(key) == 1 else list(key))
            except DataError as error:  # before anything is asked of rows that cannot be forecast
                raise DataError(f"{self.path}: {error}") from error
        past, horizon = self._parts(key, rows, ahead)
        request: dict[str, Any] = {}
        if key:
            request["series"] = key[0] if len(key) == 1 else list(key)
        request["past"] = {name: [values[row] for row in past] for name, values in self.values.items()}
        times = None
        if self.axis is not None:
            cells = self.times(past)
            request["past"] |= dict(zip(self.axis.columns, cells, strict=True))
            points = self._points(key, cells, None if horizon is None else horizon[0].times(horizon[1]))
            times = self._ahead(points)
        if horizon is not None:
            table, chosen = horizon
            request["future"] = {
                name: [table.values[name][row] for row in chosen] for name in self.covariates.future.names
            }
        if self.static:
            request["static"] = {name: self._static_value(key, name, past) for name in self.static}
        return SeriesRequest(request, request.get("series"), times)

    def _parts(
        self, key: tuple[str, ...], rows: np.ndarray, ahead: _Table | None
    ) -> tuple[np.ndarray, tuple[_Table, np.ndarray] | None]:
        """Cuts the rows of a series into the past and those of the horizon, with the table where these are."""
        count, known = self.covariates.horizon, self.covariates.future.names
        if not known:
            return rows, None
        columns = " and ".join(map(repr, known))
        if ahead is not None:
            found = ahead.rows_by_series().get(key, np.empty(0, int))
            if len(found) < count:
                raise DataError(
                    f"{ahead.where(key)}: received {len(found)} rows; expected the {count} steps ahead, of which the "
                    f"model reads {columns}. Add them."
                )
            return rows, (ahead, found[:count])
        last = len(rows)
        while last and all(self.values[name][rows[last - 1]] is None for name in self.targets):
            last -= 1
        if len(rows) - last < count:
            raise DataError(
                f"{self.where(key)}: received {len(rows) - last} rows with empty targets at its end; expected the "
                f"{count} steps ahead, of which the model reads {columns}. Add them behind the past with nothing in "
                f"{' and '.join(map(repr, self.targets))}, or give them as --future FILE."
            )
        return rows[:last], (self, rows[last : last + count])

    def times(self, rows: np.ndarray) -> list[list[Any]]:
        """Returns the cells of the columns of times in some rows."""
        assert self.axis is not None
        found = [self.frame[name].iloc[rows] for name in self.axis.columns]
        if self.axis.are_dates:
            return [cells.tolist() for cells in found]
        return [read_numbers(cells, str(cells.name), training=False).tolist() for cells in found]

    def _points(
        self, key: tuple[str, ...], past: Sequence[list[Any]], horizon: Sequence[list[Any]] | None
    ) -> TimePoints:
        """Returns the times of the past, once they are found to follow each other, those of the horizon too."""
        assert self.axis is not None
        cells = [[*before, *after] for before, after in zip(past, horizon, strict=True)] if horizon else past
        points = self.axis.read_columns(cells, self.where(key))
        self.axis.check(points, self.where(key))
        return points[: len(past[0])]

    def _ahead(self, points: TimePoints) -> list[Any] | None:
        axis = self.axis
        if axis is None or axis.step is None or not len(points):
            return None
        cells = axis.cells(axis.ahead(points, self.covariates.horizon))
        return [step[0] if len(step) == 1 else " ".join(map(str, step)) for step in zip(*cells, strict=True)]

    def _static_value(self, key: tuple[str, ...], name: str, rows: np.ndarray) -> Any:
        """Returns the value of a column that does not change within a series."""
        values = [value for value in self.static[name][rows].tolist() if value is not None and value == value]
        if len(set(values)) > 1:
            raise DataError(
                f"{self.where(key)}: {name!r} is {values[0]!r} and {next(v for v in values if v != values[0])!r}; "
                "expected one value for all rows of a series. Correct it."
            )
        return values[0] if values else None


def _refuse_others(table: _Table, ahead: _Table) -> None:
    """Raises ``DataError`` for a series that has rows ahead and no past."""
    known = table.rows_by_series()
    other = next((key for key in ahead.rows_by_series() if key not in known), None)
    if other is not None:
        raise DataError(
            f"{ahead.where(other)}: has no past in {table.path}; expected series of that table. Correct its name, or "
            "leave its rows out."
        )
