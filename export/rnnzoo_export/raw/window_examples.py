"""Requests on which a file of raw inputs is proved, with times, holes and series drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo.errors import DataError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimePoints

_MISSING = 0.3
#: Where the times of examples begin; those are taken from which times can be told, away from changes of clocks.
_STARTS = np.datetime64("2024-01-15", "D") + np.arange(0, 366, 40)


class WindowExamples:
    """Draws requests that a preprocessing takes.

    Args:
        preprocessing: What reads them.
    """

    def __init__(self, preprocessing: WindowPreprocessing) -> None:
        self._made = preprocessing

    def requests(self, rng: np.random.Generator, rows: int, steps: int) -> list[Any]:
        """Returns requests whose histories have so many steps, or windows alone where no more is read."""
        return [self._request(rng, steps) for _ in range(rows)]

    def _request(self, rng: np.random.Generator, steps: int) -> dict[str, Any]:
        made, covariates = self._made, self._made.covariates
        columns, level = made.scaled_columns, None
        request: dict[str, Any] = {}
        if isinstance(made.levels, SeriesLevels):
            place = int(rng.integers(len(made.levels.keys)))
            request["series"] = list(made.levels.keys[place])
            level = made.levels.mean[place], made.levels.scale[place]
        past = self._holed(rng, _drawn(rng, columns, steps, level), first=1)
        if covariates is None and made.levels is None:
            return past
        request["past"] = past
        if covariates is None:
            return request
        if covariates.time is not None and made.time:
            past |= example_times(covariates.time, steps, rng)
        if covariates.future.names:
            drawn = _drawn(rng, columns, covariates.horizon, level)
            known = {name: drawn[name] for name in covariates.future.names}
            request["future"] = self._holed(rng, known, first=0)
        if covariates.static.names:
            static = _drawn(rng, covariates.static, 1, None)
            request["static"] = {name: values[0] for name, values in static.items()}
        return request

    def _holed(self, rng: np.random.Generator, columns: dict[str, list[Any]], first: int) -> dict[str, Any]:
        """Leaves some values out from a step on, where missing ones are filled."""
        if self._made.missing == "ffill":
            for values in columns.values():
                for step in range(first, len(values)):
                    values[step] = None if rng.random() < _MISSING else values[step]
        return columns


def _drawn(
    rng: np.random.Generator,
    columns: ScaledColumns,
    steps: int,
    level: tuple[np.ndarray, np.ndarray] | None,
) -> dict[str, list[Any]]:
    means, scales = (columns.mean, columns.scale) if level is None else level
    found: dict[str, list[Any]] = {
        name: (mean + scale * rng.normal(size=steps)).tolist()
        for name, mean, scale in zip(columns.numeric, means, scales, strict=True)
    }
    return found | {name: rng.choice(known, steps).tolist() for name, known in columns.categories.items()}


def example_times(axis: TimeAxis, steps: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """Returns the cells of the columns of times, at the step of training.

    Args:
        axis: How times are read.
        steps: How many.
        rng: Where the day that they begin at comes from.

    Raises:
        DataError: If no times can be told, as where there is no common step.
    """
    problem: DataError | None = None
    for start in rng.permutation(_STARTS):
        try:
            first = np.array([start], "datetime64[ns]")
            cells = axis.cells(axis.ahead(TimePoints(first, first), steps))
            axis.window_and_horizon(cells, steps, 1)
        except DataError as error:
            problem = error
            continue
        return dict(zip(axis.columns, cells, strict=True))
    assert problem is not None
    raise problem
