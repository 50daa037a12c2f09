"""What a forecaster reads beside the past: what is known of the horizon, the calendar, and what never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.window_rows import WindowRow


class Covariates:
    """The columns that are known for the horizon, and those that are the same in all rows of a series.

    Args:
        horizon: Steps ahead.
        future: Columns that are known for the horizon; they are features of the past too.
        calendar: Fields of the time, likewise.
        time: How times are read, and which come next; needed for a calendar.
        static: Columns that do not change within a series.
        series: The columns that name a series, in a table of several.
    """

    def __init__(
        self,
        *,
        horizon: int,
        future: ScaledColumns | None = None,
        calendar: Calendar | None = None,
        time: TimeAxis | None = None,
        static: ScaledColumns | None = None,
        series: Sequence[str] = (),
    ) -> None:
        self.horizon = checks.integer("horizon", horizon, minimum=1)
        self.future, self.static = future or ScaledColumns(), static or ScaledColumns()
        self.calendar, self.time = calendar or Calendar(), time
        self.series = list(series)

    @property
    def num_future(self) -> int:
        """The number of features that are known for the horizon."""
        return self.future.num_features + self.calendar.width

    @property
    def num_static(self) -> int:
        """The number of features of a whole series."""
        return self.static.num_features

    @property
    def input_names(self) -> tuple[str, ...]:
        """The model's inputs that they are."""
        counts = {"future": self.num_future, "static": self.num_static}
        return tuple(name for name, count in counts.items() if count)

    @property
    def model_arguments(self) -> dict[str, int]:
        """The arguments of a builder, of inputs that exist."""
        counts = {"num_future": self.num_future, "num_static": self.num_static}
        return {name: count for name, count in counts.items() if count}

    def known(
        self,
        columns: Mapping[str, Any],
        fields: np.ndarray,
        *,
        row: str = "table",
        level: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Returns the features of some steps of columns that are known ahead ``(steps, known features)``.

        Args:
            columns: Values by column name.
            fields: Features of the calendar at these steps ``(steps, width)``.
            row: What the columns belong to, for messages.
            level: Mean and deviation of the numbers, in place of those of all rows.
        """
        matrix = self.future.matrix(columns, row=row, level=level)
        return np.concatenate([matrix if self.future.names else fields[:, :0], fields], axis=-1)

    @property
    def time_columns(self) -> list[str]:
        """The columns of times that are read, for the calendar."""
        return list(self.time.columns) if self.time is not None and self.calendar.fields else []

    def calendar_features(self, row: WindowRow, window: int, where: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns features of the calendar at the last steps of a row and at those of the horizon ``(steps, width)``.

        Args:
            row: The row, with times or the numbers of fields.
            window: Steps of the past.
            where: What it is, for messages.

        Raises:
            DataError: If times are none or do not follow each other, or a number is none of its field.
        """
        if row.fields is not None:
            past = {field: numbers[-window:] for field, numbers in row.fields.past.items()}
            of_past = self.calendar.number_features(past, where)
            return of_past, self.calendar.number_features(row.fields.future, f"{where}: future")
        if self.time is None or not self.calendar.fields:
            return np.zeros((window, 0), np.float32), np.zeros((self.horizon, 0), np.float32)
        cells = [row.past[name] for name in self.time.columns]
        past_times, ahead = self.time.window_and_horizon(cells, window, self.horizon, where)
        return self.calendar.features(past_times), self.calendar.features(ahead)

    def to_config(self) -> dict[str, Any]:
        """Returns horizon, columns, calendar, time axis and what names series."""
        config: dict[str, Any] = {"horizon": self.horizon}
        if self.series:
            config["series"] = self.series
        for name, columns in (("future", self.future), ("static", self.static)):
            if columns.names:
                config[name] = columns.to_config()
        if self.calendar.fields:
            config["calendar"] = self.calendar.to_config()
        if self.time is not None:
            config["time"] = self.time.to_config()
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Covariates:
        """Makes it again."""
        readers: dict[str, Any] = {
            "future": ScaledColumns,
            "static": ScaledColumns,
            "calendar": Calendar,
            "time": TimeAxis,
        }
        return cls(
            horizon=config["horizon"],
            series=config.get("series", ()),
            **{name: kind.from_config(config[name]) for name, kind in readers.items() if name in config},
        )
