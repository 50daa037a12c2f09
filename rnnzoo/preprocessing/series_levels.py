"""At which level each window of a series is read, where it is not that of all training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, listed

Scaling = Literal["all", "series", "window"]
SCALINGS = ("all", "series", "window")
#: What names a series: the value of each column that does.
Key = tuple[str, ...]


class SeriesLevels:
    """Mean and deviation of the numbers of each series, by its training rows.

    Args:
        columns: The columns that name a series.
        keys: What they hold for each series.
        mean: The mean of each number ``(series, numbers)``.
        scale: The standard deviation; 1 for what never changes.

    Raises:
        ArgumentError: If shapes do not fit.

    Example:
        >>> levels = SeriesLevels(["shop"], [["a"], ["b"]], [[0.0], [100.0]], [[1.0], [20.0]])
        >>> levels.of("b")[0].tolist(), levels.of(["b"])[1].tolist()
        ([100.0], [20.0])
        >>> levels.of("c")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.DataError: series: received 'c', which was not there in training; expected one of a, b. Scale by
        all rows or by the window (scaling='all', scaling='window') to answer series that are new.
    """

    def __init__(
        self,
        columns: Sequence[str],
        keys: Sequence[Sequence[str]],
        mean: Any,
        scale: Any,
    ) -> None:
        self.columns = list(columns)
        self.keys: list[Key] = [tuple(key) for key in keys]
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        if not self.mean.shape == self.scale.shape or len(self.mean) != len(self.keys):
            raise ArgumentError(
                f"levels: received {len(self.keys)} series, means {self.mean.shape} and scales {self.scale.shape}; "
                "expected a row of each for every series."
            )
        self._places = {key: place for place, key in enumerate(self.keys)}

    def of(self, series: Any) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and deviation ``(numbers,)`` of a series.

        Args:
            series: What its column holds; a list of values, or a mapping by column, where several columns name it.

        Raises:
            DataError: If it was not there in training.
        """
        key = self.key(series)
        if key not in self._places:
            raise DataError(
                f"series: received {shown_key(key)!r}, which was not there in training; expected one of "
                f"{listed([shown_key(known) for known in self.keys])}. Scale by all rows or by the window "
                "(scaling='all', scaling='window') to answer series that are new."
            )
        place = self._places[key]
        return self.mean[place], self.scale[place]

    def key(self, series: Any) -> Key:
        """Returns what names a series, one text for each column."""
        if isinstance(series, Mapping):
            values = [series.get(name) for name in self.columns]
        elif isinstance(series, list | tuple):
            values = list(series)
        else:
            values = [series]
        if len(values) != len(self.columns) or any(
            value is None or isinstance(value, Mapping | list) for value in values
        ):
            raise DataError(
                f"series: received {series!r:.60}; expected a value for each of the columns "
                f"{', '.join(self.columns)}, in a list."
                if len(self.columns) > 1
                else f"series: received {series!r:.60}; expected the {self.columns[0]!r} that the window is of."
            )
        return tuple(str(value) for value in values)

    def to_config(self) -> dict[str, Any]:
        """Returns columns, names, means and deviations."""
        return {
            "by": "series",
            "columns": self.columns,
            "keys": [list(key) for key in self.keys],
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
        }


class WindowLevels:
    """The mean absolute value of the targets' past in each window, by which past and future are divided.

    A window of zeros is divided by 1. Other numbers are scaled by the mean and deviation of all training rows.

    Args:
        targets: How many numbers, the first ones, are the targets.

    Example:
        >>> mean, scale = WindowLevels(1).of_windows(np.array([[[2.0], [-6.0]], [[0.0], [0.0]]]))
        >>> mean.tolist(), scale.tolist()
        ([[0.0], [0.0]], [[4.0], [1.0]])

    Reference:
        Salinas 2017, DeepAR: Probabilistic Forecasting with Autoregressive Recurrent Networks, arXiv:1704.04110.
    """

    def __init__(self, targets: int) -> None:
        self.targets = targets

    def of_windows(self, past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns location and scale ``(batch, targets)`` of windows of targets ``(batch, window, targets)``."""
        scale = np.abs(past).mean(axis=-2)
        return np.zeros_like(scale), np.where(scale > 0, scale, 1.0)

    def to_config(self) -> dict[str, Any]:
        """Returns how many targets there are."""
        return {"by": "window", "targets": self.targets}


Levels = SeriesLevels | WindowLevels


def levels_from_config(config: Mapping[str, Any]) -> Levels:
    """Makes levels again from ``to_config``."""
    given = {name: value for name, value in config.items() if name != "by"}
    return (SeriesLevels if config["by"] == "series" else WindowLevels)(**given)


def shown_key(key: Key) -> str:
    """Returns the name of a series as messages have it."""
    return " / ".join(key)
