"""What is learned of the training rows of a table of series: statistics, categories and levels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.columns import Columns
from rnnzoo.data.readers.series_columns import SeriesColumns
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.data.readers.static_columns import StaticColumns
from rnnzoo.data.readers.time_axes import refuse_calendar, time_axis
from rnnzoo.data.readers.window_config import Windows
from rnnzoo.data.readers.window_split import WindowTable
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import Levels, SeriesLevels, WindowLevels, shown_key
from rnnzoo.preprocessing.time_axis import TimeAxis

if TYPE_CHECKING:
    from rnnzoo.data.readers.file_tables import Table


@dataclass(frozen=True)
class ChosenColumns:
    """The columns of steps by what they are.

    Attributes:
        targets: The columns to forecast.
        past_numeric: Numbers that are not known ahead, the targets first, where models find it that normalise windows.
        past_categorical: Categories that are not known ahead.
        known_numeric: Numbers that are known for the horizon.
        known_categorical: Categories that are.
    """

    targets: tuple[str, ...]
    past_numeric: tuple[str, ...]
    past_categorical: tuple[str, ...]
    known_numeric: tuple[str, ...]
    known_categorical: tuple[str, ...]

    @property
    def numeric(self) -> tuple[str, ...]:
        """All numbers."""
        return (*self.past_numeric, *self.known_numeric)

    @property
    def categorical(self) -> tuple[str, ...]:
        """All categories."""
        return (*self.past_categorical, *self.known_categorical)


def choose_columns(table: Table, columns: Columns) -> ChosenColumns:
    """Sorts the columns of a table by what they are: those that are not named are numbers.

    Raises:
        ArgumentError: If a column is named as two things that do not go together.
    """
    others = {*columns.categorical, *columns.ignore, *columns.time_names, *columns.series, *columns.static}
    _check_weight(columns)
    for name in columns.target:
        if name in others or name in columns.future:
            raise ArgumentError(
                f"target: received {name!r}, which is categorical, ignored or the time; expected a number. Name it "
                "once."
                if name in {*columns.categorical, *columns.ignore, *columns.time_names}
                else f"target: received {name!r}, which names series, is static or known ahead; expected a number that "
                "is to be forecast. Name it once."
            )
    for name in (*columns.static, *columns.future):
        if name in {*columns.ignore, *columns.time_names} or (
            name in columns.static and name in columns.future
        ):
            raise ArgumentError(
                f"{'static' if name in columns.static else 'future'}: received {name!r}, which is ignored, the time or "
                "named as the other; expected a column of its own. Name it once."
            )
    if columns.weight is not None and columns.weight not in columns.target:
        others.add(columns.weight)
    categories = [name for name in columns.categorical if name not in columns.static]
    numeric = [
        name for name in dict.fromkeys([*columns.target, *map(str, table.columns)]) if name not in others
    ]
    return ChosenColumns(
        tuple(columns.target),
        tuple(name for name in numeric if name not in columns.future),
        tuple(name for name in categories if name not in columns.future),
        tuple(name for name in columns.future if name not in categories),
        tuple(name for name in columns.future if name in categories),
    )


def _check_weight(columns: Columns) -> None:
    """Raises ``ArgumentError`` where the column of weights is named as what holds none."""
    if columns.weight in {*columns.ignore, *columns.time_names, *columns.series}:
        raise ArgumentError(
            f"weight: received {columns.weight!r}, which is ignored, the time or names series; expected a column of "
            "numbers that say how much rows count. Name it once: a column of weights is no feature anyway."
        )


@dataclass(frozen=True)
class FittedWindows:
    """What was learned of the training rows.

    Attributes:
        preprocessing: Raw windows to features.
        decoding: Outputs to answers.
        chosen: The columns by what they are.
        static: Scaled features of each series; ``None`` for none.
        raw_static: Their raw values.
        readable_series: Which series can be read ``(series,)``; ``None`` for one series.
        facts: What the description of the splits says.
    """

    preprocessing: WindowPreprocessing
    decoding: Decoding
    chosen: ChosenColumns
    static: np.ndarray | None
    raw_static: Mapping[str, Sequence[Any]]
    readable_series: np.ndarray | None
    facts: Mapping[str, Any]

    def readable(self, rows: SeriesRows) -> np.ndarray:
        """Returns which rows are of a series that can be read ``(rows,)``."""
        if self.readable_series is None or rows.codes is None:
            return np.ones(len(rows), bool)
        return np.asarray(self.readable_series[rows.codes])

    def window_table(
        self,
        features: np.ndarray,
        values: SeriesColumns,
        rows: SeriesRows,
        times: Mapping[str, Any] | None,
        weights: np.ndarray | None,
    ) -> WindowTable:
        """Returns the table that windows are cut from.

        Args:
            features: Scaled features.
            values: The raw columns.
            rows: Which row is of which series.
            times: The raw columns of times, where they are read.
            weights: How much each row counts.
        """
        covariates = self.preprocessing.covariates
        request = covariates is not None or isinstance(self.preprocessing.levels, SeriesLevels)
        return WindowTable(
            features,
            values,
            self.chosen.targets,
            num_known=0 if covariates is None else covariates.num_future,
            codes=rows.codes,
            names=[key[0] if len(key) == 1 else list(key) for key in rows.names],
            static=self.static,
            raw_static=self.raw_static,
            levels=self.preprocessing.levels,
            times=times,
            known=(*self.chosen.known_numeric, *self.chosen.known_categorical) if request else None,
            weights=weights,
        )


def fit_windows(
    values: SeriesColumns,
    static: StaticColumns,
    rows: SeriesRows,
    chosen: ChosenColumns,
    windows: Windows,
    trained: np.ndarray,
    weights: np.ndarray | None = None,
) -> FittedWindows:
    """Learns statistics, categories and levels.

    Numbers of rows that weigh nothing are learned from only where there are no others.

    Args:
        values: The columns of steps.
        static: Those of series.
        rows: Which row is of which series.
        chosen: The columns by what they are.
        windows: What is read and forecast.
        trained: Which rows are complete and for training ``(rows,)``.
        weights: How much each row counts ``(rows,)``; ``None`` for all alike.

    Raises:
        DataError: If there is no such row.
    """
    if not trained.any():
        raise DataError(
            "series: no complete training row; expected at least one. Add rows or fill missing values."
        )
    counted = _counted(trained, weights)
    past = _fit_columns(values, chosen.past_numeric, chosen.past_categorical, trained, counted)
    known = _fit_columns(values, chosen.known_numeric, chosen.known_categorical, trained, counted)
    seen = None
    if rows.codes is not None:
        seen = np.bincount(rows.codes[trained], minlength=len(rows.names)) > 0
    of_series = static.fit(seen)
    calendar = Calendar(windows.calendar)
    covariates = None
    if known.names or of_series.names or calendar.fields or rows.codes is not None:
        covariates = Covariates(
            horizon=windows.horizon,
            future=known,
            static=of_series,
            calendar=calendar,
            time=_time_axis(rows, calendar),
            series=static.series if rows.codes is not None else (),
        )
    preprocessing = WindowPreprocessing(
        **past.to_config(),
        window=windows.window,
        missing=windows.missing,
        covariates=covariates,
        levels=_levels(values, static.series, rows, chosen, windows, _counted(trained, weights, rows.codes)),
    )
    readable = _readable(static, of_series, seen, windows)
    if readable is not None:
        _warn_of_left_out(rows, readable)
    return FittedWindows(
        preprocessing,
        _decoding(preprocessing, chosen.targets),
        chosen,
        static.matrix(of_series, readable),
        static.raw(),
        readable,
        _facts(chosen, static, rows, windows, readable),
    )


def _time_axis(rows: SeriesRows, calendar: Calendar) -> TimeAxis | None:
    """Returns how times are read, of a calendar and of several series."""
    if not calendar.fields and rows.codes is None:
        return None
    if rows.times is None or rows.steps is None:
        raise ArgumentError(
            f"calendar: received {', '.join(map(repr, calendar.fields))} without time; expected the column of times. "
            "Pass time= (on the command line --time) too."
        )
    refuse_calendar(rows.times, rows.steps, calendar)
    return time_axis(rows.times, rows.steps)


def _counted(trained: np.ndarray, weights: np.ndarray | None, codes: np.ndarray | None = None) -> np.ndarray:
    """Returns the training rows that weigh something; all, or all of a series, where none of them does."""
    if weights is None:
        return trained
    counted = trained & (weights > 0)
    if codes is not None:
        without = np.bincount(codes[counted], minlength=int(codes.max()) + 1) == 0
        return counted | (trained & without[codes])
    return counted if counted.any() else trained


def _fit_columns(
    values: SeriesColumns,
    numeric: Sequence[str],
    categorical: Sequence[str],
    rows: np.ndarray,
    counted: np.ndarray,
) -> ScaledColumns:
    # Column by column, so that one is in memory where they lie on disk.
    fitted = [fit_scale(values[name][counted][:, None]) for name in numeric]
    return ScaledColumns(
        numeric,
        [float(mean[0]) for mean, _ in fitted],
        [float(scale[0]) for _, scale in fitted],
        {name: values[name].known(rows) for name in categorical},
    )


def _levels(
    values: SeriesColumns,
    series: Sequence[str],
    rows: SeriesRows,
    chosen: ChosenColumns,
    windows: Windows,
    trained: np.ndarray,
) -> Levels | None:
    if windows.scaling == "window":
        return WindowLevels(len(chosen.targets))
    if windows.scaling != "series" or rows.codes is None:
        return None
    codes = rows.codes[trained]
    count = np.bincount(codes, minlength=len(rows.names))
    some = np.maximum(count, 1)
    means, scales = [], []
    for name in chosen.numeric:
        column = values[name][trained].astype(np.float64)
        mean = np.bincount(codes, column, minlength=len(count)) / some
        variance = np.bincount(codes, (column - mean[codes]) ** 2, minlength=len(count)) / some
        means.append(mean)
        scales.append(np.where(variance > 0, np.sqrt(variance), 1.0))
    return SeriesLevels(series, rows.names, np.stack(means, axis=1), np.stack(scales, axis=1))


def _readable(
    static: StaticColumns, fitted: ScaledColumns, seen: np.ndarray | None, windows: Windows
) -> np.ndarray | None:
    """Returns which series can be read: those with a level, and with categories that training rows have."""
    if seen is None:
        return None
    readable = np.broadcast_to(static.known(fitted), seen.shape)
    return readable & seen if windows.scaling == "series" else readable


def _warn_of_left_out(rows: SeriesRows, readable: np.ndarray) -> None:
    left_out = np.flatnonzero(~readable)
    if not len(left_out):
        return
    shown = ", ".join(repr(shown_key(rows.names[code])) for code in left_out[:3])
    warnings.warn(
        f"series: {len(left_out):,} of {len(rows.names):,} are left out, such as {shown}: no training row has their "
        "level or their static categories. Pass scaling='all' or scaling='window', and leave columns of categories "
        "that they alone have out of static.",
        UserWarning,
        stacklevel=2,
    )


def _facts(
    chosen: ChosenColumns,
    static: StaticColumns,
    rows: SeriesRows,
    windows: Windows,
    readable: np.ndarray | None,
) -> dict[str, Any]:
    known = [*chosen.known_numeric, *chosen.known_categorical]
    facts: dict[str, Any] = {} if rows.codes is None else {"num_series": len(rows.names)}
    if readable is not None and not readable.all():
        facts["series_left_out"] = int((~readable).sum())
    further = {"future": known, "static": list(static.names), "calendar": list(windows.calendar)}
    facts |= {name: names for name, names in further.items() if names}
    return facts if windows.scaling == "all" else {**facts, "scaling": windows.scaling}


def _decoding(preprocessing: WindowPreprocessing, targets: Sequence[str]) -> Decoding:
    count = len(targets)
    return Decoding(
        "forecasting",
        target_names=targets,
        mean=preprocessing.mean[:count].tolist(),
        scale=preprocessing.scale[:count].tolist(),
    )
