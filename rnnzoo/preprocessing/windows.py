"""Windows of a table of series: scaling, categories and missing values, the same in training and serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import DataError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import Levels, SeriesLevels, WindowLevels, levels_from_config
from rnnzoo.preprocessing.window_request import describe_request
from rnnzoo.preprocessing.window_rows import WindowRow, checked_value, read_row

Missing = Literal["error", "ffill", "drop"]
MISSING = ("error", "ffill", "drop")


@dataclass(frozen=True)
class EncodedWindow:
    """A window as a model with further inputs reads it.

    Attributes:
        features: The past ``(window, features)``.
        future: What is known of the horizon ``(horizon, known features)``, which may be none.
        static: What is known of the series ``(static features,)``, which may be none.
        level: What its targets were centred and divided by ``(targets,)``; ``None`` where that is as for all rows.
    """

    features: np.ndarray
    future: np.ndarray
    static: np.ndarray
    level: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.features)


class WindowPreprocessing(Preprocessing):
    """The last ``window`` rows of a table of columns, as one scaled feature matrix.

    Numeric columns are scaled to mean 0 and deviation 1, categories become one indicator each. The order of the
    features is: numeric columns, then each categorical column's categories; then, in the same order, columns that are
    known for the horizon, and fields of the calendar.

    Args:
        numeric: Names of the numeric columns, the targets first.
        mean: The mean of each.
        scale: The standard deviation of each; 1 for a constant one.
        categories: The known categories of each categorical column.
        window: Rows to read.
        missing: ``"error"`` and ``"drop"`` refuse a missing value in a window, ``"ffill"`` takes the last one
            before it.
        covariates: What is read beside the past; ``None`` for nothing.
        levels: The level of each series or window, in place of that of all rows; ``None`` for none. Those of series
            are of the numeric columns, then of those that are known for the horizon.
    """

    kind: ClassVar[str] = "window"
    takes: ClassVar[Takes] = "windows"

    def __init__(
        self,
        *,
        numeric: Sequence[str],
        mean: Sequence[float],
        scale: Sequence[float],
        categories: Mapping[str, Sequence[str]],
        window: int,
        missing: Missing = "error",
        covariates: Covariates | None = None,
        levels: Levels | None = None,
    ) -> None:
        self.past = ScaledColumns(numeric, mean, scale, categories)
        self.window = checks.integer("window", window, minimum=1)
        self.missing = checks.choice("missing", missing, MISSING)
        self.covariates, self.levels = covariates, levels
        self._future = ScaledColumns() if covariates is None else covariates.future

    @property
    def numeric(self) -> list[str]:
        """The numeric columns that are not known for the horizon, the targets first."""
        return self.past.numeric

    @property
    def mean(self) -> np.ndarray:
        """The mean of each of them over all training rows."""
        return self.past.mean

    @property
    def scale(self) -> np.ndarray:
        """The standard deviation of each of them."""
        return self.past.scale

    @property
    def categories(self) -> dict[str, list[str]]:
        """The known categories of each categorical column that is not known for the horizon."""
        return self.past.categories

    @property
    def scaled_columns(self) -> ScaledColumns:
        """All columns of steps, those that are known for the horizon behind the others of their kind."""
        past, known = self.past, self._future
        return ScaledColumns(
            [*past.numeric, *known.numeric],
            [*past.mean, *known.mean],
            [*past.scale, *known.scale],
            {**past.categories, **known.categories},
        )

    @property
    def num_features(self) -> int:
        """The number of features per step."""
        return self.past.num_features + (0 if self.covariates is None else self.covariates.num_future)

    @property
    def columns(self) -> list[str]:
        """The columns of the past that it reads, without the time."""
        return [*self.past.names, *self._future.names]

    @property
    def time(self) -> list[str]:
        """The columns of times that it reads, for the calendar."""
        return [] if self.covariates is None else self.covariates.time_columns

    def matrix(
        self,
        columns: Mapping[str, Any],
        fields: np.ndarray | None = None,
        *,
        row: str = "table",
        level: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Turns whole columns ``(rows,)`` without missing values into features ``(rows, features)``.

        Args:
            columns: Values by column name.
            fields: Features of the calendar ``(rows, width)``, where there is one.
            row: What the columns belong to, for messages.
            level: Mean and deviation of the numbers of a series, in place of those of all rows.
        """
        past, known = self._parts(level)
        features = self.past.matrix(columns, row=row, level=past)
        if self.covariates is None:
            return features
        given = np.zeros((len(features), 0), np.float32) if fields is None else fields
        return np.concatenate(
            [features, self.covariates.known(columns, given, row=row, level=known)], axis=-1
        )

    def encode(self, raw: Rows) -> list[Any]:
        """Turns each raw window into features ``(window, features)``, or into an ``EncodedWindow``.

        A raw window maps each column to its values, lists one mapping per step, or is a pandas frame whose missing
        values are as pandas has them. Only the last ``window`` steps are read, so that a longer history may be passed
        as it is. A request has more: ``{"series": name, "past": window, "future": {column: values}, "static": {column:
        value}}``, where ``past`` holds the times too if there is a calendar.
        """
        names = [*self.columns, *self.time]
        return [self._encode_checked(read_row(row, number, names)) for number, row in enumerate(raw)]

    def _encode_checked(self, row: WindowRow) -> Any:
        """Encodes a row; whatever is wrong with it is a ``RowError``."""
        try:
            return self._encode(row)
        except RowError:
            raise
        except DataError as error:
            raise RowError(row.number, str(error).removeprefix(f"row {row.number}: ")) from error

    def _encode(self, row: WindowRow) -> Any:
        where = f"row {row.number}"
        past = self._past(row, where)
        if self.covariates is None and self.levels is None:
            return self.matrix(past, row=where)
        level = self._level(row, past)
        fields, ahead = self._fields(row, where)
        of_numbers = level if isinstance(self.levels, SeriesLevels) else None
        features = self.matrix(past, fields, row=where, level=of_numbers)
        covariates = self.covariates
        if covariates is None:
            future, static = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
        else:
            known = self._parts(of_numbers)[1]
            columns = self._known(row, past, where)
            future = covariates.known(columns, ahead, row=f"{where}: future", level=known)
            static = np.zeros(0, np.float32)
            if covariates.static.names:
                static = covariates.static.matrix(self._static(row, where), row=f"{where}: static")[0]
        features, level = self._windowed(features, past, level)
        return EncodedWindow(features, future, static, level)

    def level_of_rows(self, encoded: Sequence[Any]) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns what the targets of encoded windows were centred and divided by ``(rows, targets)``.

        ``None`` where that is as for all rows.
        """
        if self.levels is None or not encoded:
            return None
        locations, scales = zip(*(window.level for window in encoded), strict=True)
        return np.stack(locations), np.stack(scales)

    def _parts(self, level: tuple[np.ndarray, np.ndarray] | None) -> tuple[Any, Any]:
        """Cuts the level of a series to that of the past and that of columns that are known ahead."""
        if level is None:
            return None, None
        count = len(self.numeric)
        return tuple(part[..., :count] for part in level), tuple(part[..., count:] for part in level)

    def _level(self, row: WindowRow, past: Mapping[str, Any]) -> Any:
        """Returns the level of the series, or of the targets in the window, in original units."""
        if isinstance(self.levels, SeriesLevels):
            if row.series is None:
                raise RowError(
                    row.number,
                    f"'series' is missing; expected the {' and '.join(self.levels.columns)} of the window, by which it "
                    'is scaled. Send {"series": name, "past": {column: values}}.',
                )
            try:
                return self.levels.of(row.series)
            except DataError as error:
                raise RowError(row.number, str(error)) from error
        if isinstance(self.levels, WindowLevels):
            targets = self.numeric[: self.levels.targets]
            return self.levels.of_windows(np.stack([np.asarray(past[name]) for name in targets], axis=-1))
        return None

    def _windowed(self, features: np.ndarray, past: Mapping[str, Any], level: Any) -> tuple[np.ndarray, Any]:
        """Returns features and the level of the targets, once they are scaled by the window if that is asked for."""
        if isinstance(self.levels, WindowLevels):
            location, scale = level
            names = self.numeric[: self.levels.targets]
            own = np.stack([np.asarray(past[name], np.float64) for name in names], axis=-1)
            features = features.copy()
            features[:, : len(names)] = (own - location) / scale
        return features, level

    def _past(self, row: WindowRow, where: str) -> dict[str, list[Any]]:
        """Returns the last steps of each column of the past, without missing values."""
        columns = row.past
        names = [*self.columns, *(self.time if row.fields is None else ())]
        for name in names:
            if name not in columns:
                raise DataError(f"{where}: the column {name!r} is missing; expected {', '.join(names)}.")
        lengths = {len(columns[name]) for name in names}
        if len(lengths) > 1:
            raise DataError(
                f"{where}: received columns of {sorted(lengths)} values; expected the same number in all."
            )
        if min(lengths) < self.window:
            raise DataError(
                f"{where}: received {min(lengths)} steps; expected {self.window} or more. Pass a longer history."
            )
        return {name: self._fill(columns[name], name, where) for name in self.columns}

    def _fill(self, values: Sequence[Any], name: str, where: str) -> list[Any]:
        checked = self._checked(values, name, where)
        if self.missing == "ffill":
            checked = _filled(checked, None)
        checked = checked[-self.window :]
        if any(value is None for value in checked):
            step = next(step for step, value in enumerate(checked) if value is None)
            fix = "Pass an earlier value too." if self.missing == "ffill" else "Fill it first."
            raise DataError(
                f"{where}: {name!r} is missing at step {step} of the window; expected a value. {fix}"
            )
        return checked

    def _checked(self, values: Sequence[Any], name: str, where: str) -> list[Any]:
        numeric = name in self.numeric or name in self._future.numeric
        return [
            checked_value(value, f"{where}: {name!r} at step {step}", numeric=numeric)
            for step, value in enumerate(values)
        ]

    def _known(self, row: WindowRow, past: Mapping[str, Sequence[Any]], where: str) -> dict[str, list[Any]]:
        """Returns the steps of the horizon of each column that is known for it."""
        found = {}
        horizon = self._covariates.horizon
        for name in self._future.names:
            values = row.future.get(name)
            received = "none" if values is None else f"{len(values)}"
            if values is None or len(values) != horizon:
                raise RowError(
                    row.number,
                    f"future: received {received} of {name!r}; expected its values at the {horizon} steps ahead. Send "
                    f'"future": {{"{name}": [{horizon} values]}} beside "past".',
                )
            checked = self._checked(values, name, f"{where}: future")
            if self.missing == "ffill":
                checked = _filled(checked, past[name][-1])
            if None in checked:
                raise DataError(
                    f"{where}: future: {name!r} is missing at step {checked.index(None)}; expected a value. Fill it "
                    "first."
                )
            found[name] = checked
        return found

    def _static(self, row: WindowRow, where: str) -> dict[str, list[Any]]:
        """Returns the one value of each column of a whole series."""
        found = {}
        static = self._covariates.static
        for name in static.names:
            value = row.static.get(name)
            numeric = name in static.numeric
            checked = checked_value(value, f"{where}: static: {name!r}", numeric=numeric)
            if checked is None:
                raise RowError(
                    row.number,
                    f"static: {name!r} is missing; expected its value for the series. Send "
                    f'"static": {{"{name}": value}} beside "past".',
                )
            found[name] = [checked]
        return found

    def _fields(self, row: WindowRow, where: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns features of the calendar at the steps of the window and of the horizon."""
        covariates = self.covariates or Covariates(horizon=1)
        return covariates.calendar_features(row, self.window, where)

    @property
    def _covariates(self) -> Covariates:
        assert self.covariates is not None
        return self.covariates

    def batch(self, encoded: Sequence[Any]) -> dict[str, np.ndarray]:
        """Stacks windows to ``features`` ``(batch, window, features)``, and further inputs that there are."""
        if self.covariates is None and self.levels is None:
            return {"features": np.stack(encoded).astype(np.float32)}
        found = {"features": np.stack([window.features for window in encoded])}
        for name in self.input_names[1:]:
            found[name] = np.stack([getattr(window, name) for window in encoded])
        return found

    @property
    def input_names(self) -> tuple[str, ...]:
        """The past, and further inputs that there are."""
        return ("features", *(self.covariates.input_names if self.covariates is not None else ()))

    @property
    def request(self) -> dict[str, Any] | None:
        """What a raw row holds where it is more than a window: see ``describe_request``; ``None`` for a window."""
        if self.covariates is None and self.levels is None:
            return None
        return describe_request(self.past, self.window, self.covariates, self.levels)

    @property
    def num_numeric(self) -> int:
        """The numbers come first, then the indicators of categories."""
        return len(self.numeric)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        further = {} if self.covariates is None else self.covariates.model_arguments
        return {"window": self.window, "num_features": self.num_features, **further}

    def to_config(self) -> dict[str, Any]:
        """Returns columns, statistics, categories, window, the rule for missing values and what else is read."""
        config = {**self.past.to_config(), "window": self.window, "missing": self.missing}
        if self.covariates is not None:
            config["covariates"] = self.covariates.to_config()
        if self.levels is not None:
            config["levels"] = self.levels.to_config()
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> WindowPreprocessing:
        """Makes it again."""
        arguments = dict(config)
        if "covariates" in arguments:
            arguments["covariates"] = Covariates.from_config(arguments["covariates"])
        if "levels" in arguments:
            arguments["levels"] = levels_from_config(arguments["levels"])
        return cls(**arguments)


def _filled(values: Sequence[Any], last: Any) -> list[Any]:
    """Takes the last value before for each missing one."""
    found = []
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found
