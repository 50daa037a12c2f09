"""The tables of a backtest: scores over all, by origin, step ahead, series and season, and the forecasts themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.backtesting.origin_forecasts import MODEL, Method, OriginForecasts
from rnnzoo.errors import DataError
from rnnzoo.evaluation.forecast_scores import Forecasts, score_groups

if TYPE_CHECKING:
    import pandas as pd

#: The score that decides, and what takes its place where no series has one.
DECISIVE, OTHERWISE = "mase", "mae"
#: What of a time tells seasons, and what pandas calls it.
_SEASONS = {"hour": "hour", "weekday": "day_of_week", "month": "month"}


class BacktestTables:
    """The tables, of the forecasts at all origins.

    Where rows have weights, scores are weighed by them; an origin, step or series of which nothing counts has none. A
    score of the model is the mean over its seeds. A baseline that was left out at one origin is in no table, for its
    other scores are not of the same windows.

    Args:
        origins: What was forecast at each origin, the earliest first.
        season: Steps of a season; ``None`` for none.

    Raises:
        DataError: If rows have weights, and all that were forecast weigh nothing.
    """

    def __init__(self, origins: Sequence[OriginForecasts], season: int | None) -> None:
        self.origins, self._season = list(origins), season
        first = self.origins[0]
        self.baselines = [
            name for name in first.baselines if all(name in origin.baselines for origin in self.origins)
        ]
        self.seeds = list(first.model)
        self._joined = {name: self._join(name) for name in ("truth", "naive_errors")}
        self._weights = None if first.weights is None else self._join("weights")
        if self._weights is not None and not self._weights.any():
            raise DataError(
                "weight: received 0 for all rows behind all origins; expected one above 0 at least, for nothing is "
                "scored that weighs nothing. Correct them, or pass other origins."
            )

    @property
    def skipped(self) -> dict[str, str]:
        """Why baselines are in no table, by name."""
        return {name: reason for origin in self.origins for name, reason in origin.skipped.items()}

    def overall(self) -> pd.DataFrame:
        """Scores over all windows, a row a method, with the deviation of the decisive score over origins."""
        table = self._scores(np.zeros((1, 1, 1), int), ["all"], "over").drop(columns="over")
        decisive = decisive_score(table)
        spread = self.by_origin().groupby("method", sort=False)[decisive].std(ddof=0)
        place = table.columns.get_loc(decisive)
        assert isinstance(place, int)
        table.insert(place + 1, f"{decisive}_deviation", table["method"].map(spread))
        return table

    def by_origin(self) -> pd.DataFrame:
        """Scores at each origin."""
        sizes = [len(origin.truth) for origin in self.origins]
        groups = np.repeat(np.arange(len(sizes)), sizes)[:, None, None]
        return self._scores(groups, [origin.origin for origin in self.origins], "origin")

    def by_step(self) -> pd.DataFrame:
        """Scores at each step ahead, from 1."""
        horizon = self.origins[0].truth.shape[1]
        return self._scores(np.arange(horizon)[None, :, None], list(range(1, horizon + 1)), "step")

    def by_series(self) -> pd.DataFrame:
        """Scores of each series."""
        names, groups = np.unique(self._join("series"), return_inverse=True)
        return self._scores(groups[:, None, None], names.tolist(), "series")

    def by_target(self) -> pd.DataFrame:
        """Scores of each target."""
        targets = self.origins[0].targets
        return self._scores(np.arange(len(targets))[None, None], list(targets), "target")

    def by_season(self) -> pd.DataFrame:
        """Scores by the season of the time that is forecast: hour, weekday and month of dates, as far as they differ.

        Where there are no dates, but a season is known, by the place in it, from 0.
        """
        import pandas as pd

        tables = []
        for name, values in self._seasons():
            found, groups = np.unique(values, return_inverse=True)
            if len(found) > 1:
                table = self._scores(groups.reshape(values.shape)[..., None], found.tolist(), "value")
                table.insert(1, "season", name)
                tables.append(table)
        empty: dict[str, list[Any]] = {"method": [], "season": [], "value": []}
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(empty)

    def forecasts(self) -> pd.DataFrame:
        """What the model has forecast beside what came, a row for each window, step, target and seed."""
        import pandas as pd

        return pd.concat(
            [
                _rows(origin, seed, method, several=len(self.seeds) > 1)
                for origin in self.origins
                for seed, method in origin.model.items()
            ],
            ignore_index=True,
        )

    def _seasons(self) -> Iterator[tuple[str, np.ndarray]]:
        import pandas as pd

        times = self._join("times")
        if times.dtype.kind == "M":
            index = pd.DatetimeIndex(times.reshape(-1))
            for name, part in _SEASONS.items():
                yield name, np.asarray(getattr(index, part)).reshape(times.shape)
        elif self._season is not None:
            yield "place in the season", self._join("places") % self._season

    def _join(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(origin, name) for origin in self.origins])

    def _scores(self, groups: np.ndarray, names: Sequence[Any], what: str) -> pd.DataFrame:
        """Returns a row for each method and group."""
        import pandas as pd

        tables = []
        for method in (MODEL, *self.baselines):
            runs = [score_groups(found, groups, len(names)) for found in self._of_method(method)]
            means = {score: np.mean([run[score] for run in runs], axis=0) for score in runs[0]}
            tables.append(pd.DataFrame({"method": method, what: names, **means}))
        return pd.concat(tables, ignore_index=True)

    def _of_method(self, name: str) -> Iterator[Forecasts]:
        """Yields the forecasts of a method over all origins, those of the model for each seed."""
        each: list[list[Method]] = (
            [[origin.model[seed] for origin in self.origins] for seed in self.seeds]
            if name == MODEL
            else [[origin.baselines[name] for origin in self.origins]]
        )
        for methods in each:
            point = np.concatenate([method.point for method in methods])
            every = [method.quantiles for method in methods if method.quantiles is not None]
            yield Forecasts(
                self._joined["truth"],
                point,
                self._joined["naive_errors"],
                np.concatenate(every) if every else None,
                self.origins[0].levels,
                self._weights,
            )


def decisive_score(table: pd.DataFrame) -> str:
    """Returns the score that decides: MASE where all methods have one, else MAE."""
    return DECISIVE if DECISIVE in table and table[DECISIVE].notna().all() else OTHERWISE


def _rows(origin: OriginForecasts, seed: int, method: Method, *, several: bool) -> pd.DataFrame:
    import pandas as pd

    windows, horizon, targets = origin.truth.shape
    each = horizon * targets
    columns: dict[str, Any] = {
        "origin": origin.origin,
        **({"seed": seed} if several else {}),
        "series": np.repeat(origin.series, each),
        "time": np.repeat(origin.times.reshape(-1), targets),
        "step": np.tile(np.repeat(np.arange(1, horizon + 1), targets), windows),
        "target": np.tile(np.asarray(origin.targets, object), windows * horizon),
        "truth": origin.truth.reshape(-1),
        "forecast": method.point.reshape(-1),
    }
    if origin.weights is not None:
        columns["weight"] = np.repeat(origin.weights.reshape(-1), targets)
    if method.quantiles is not None:
        for number, level in enumerate(origin.levels):
            columns[f"quantile_{level:g}"] = method.quantiles[..., number].reshape(-1)
    return pd.DataFrame(columns)
