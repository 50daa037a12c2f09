"""One origin after the other: the data as they were known then, the model, the baselines."""

from __future__ import annotations

import dataclasses
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from rnnzoo.backtesting.folder import BacktestFolder
from rnnzoo.backtesting.origin_forecasts import Method, OriginForecasts
from rnnzoo.backtesting.ready_model import ReadyModel
from rnnzoo.backtesting.rolling_origin import FoundRows, OriginParts, RollingOrigin
from rnnzoo.backtesting.trained_model import FittedModel, TrainedModel
from rnnzoo.data.readers.series import Windows, read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.splits import Splits
from rnnzoo.decoding import Decoding
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.baselines import Answered, answer_each
from rnnzoo.evaluation.forecast_scores import score_forecasts
from rnnzoo.evaluation.rows_of_windows import naive_errors
from rnnzoo.preprocessing.series_levels import shown_key
from rnnzoo.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.files import FilePath


#: What the command calls arguments of ``read_series``, where it has another name.
_CALLED = {"column_names": "columns"}


class BacktestRun:
    """A backtest while it runs.

    Args:
        model: What is trained at each origin, or is trained already.
        source: The table.
        plan: The origins.
        options: How the table is read.
        baseline_seconds: Seconds for the baselines of each origin; 0 for none.
        progress: Whether a line for each origin is printed on standard error.
    """

    def __init__(
        self,
        model: TrainedModel | ReadyModel,
        source: FilePath | pd.DataFrame,
        plan: RollingOrigin,
        options: Mapping[str, Any],
        *,
        baseline_seconds: float,
        progress: bool,
    ) -> None:
        self._model, self._source, self._baseline_seconds = model, source, baseline_seconds
        self._plan = dataclasses.replace(plan, refit=False) if isinstance(model, ReadyModel) else plan
        self._options = model.reading_options(options) if isinstance(model, ReadyModel) else dict(options)
        self._fraction = self._options.pop("validation_fraction", FRACTION)
        for name in ("fractions", "test_fraction"):
            if name in self._options:
                raise ArgumentError(
                    f"{name}: received {self._options[name]!r}; expected none, for origins say what is forecast. Pass "
                    "validation_fraction, origins and stride in place of it."
                )
        self._horizon = _horizon(self._options)
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._progress = progress
        self._numbers = range(self._plan.origins)
        self._first: tuple[Splits, FoundRows] | None = None
        self._facts: Mapping[str, Any] = {}
        self._answered: list[Answered] | None = None

    @property
    def season(self) -> int | None:
        """Steps of a season."""
        season = self._facts.get("seasonality")
        return None if season is None else int(season)

    def prepare(self) -> None:
        """Reads the table for the first time, and finds out which origins a ready model may be judged at.

        Raises:
            DataError: If there is none.
        """
        # Where nothing is fitted anew, with the windows of all origins.
        splits, found = self._first = self._read(0 if self._plan.refit else None)
        self._facts = splits.description
        if isinstance(self._model, ReadyModel):
            self._numbers = self._unseen(self._model, found)

    def describe(self) -> dict[str, Any]:
        """Returns what is asked for, as JSON has it: a backtest that is resumed must be the same."""
        said = {_CALLED.get(name, name): _plain(value) for name, value in _flat(self._options).items()}
        data = {name: value for name, value in said.items() if value not in (None, False, [], "")}
        source = (
            str(Path(self._source).resolve()) if isinstance(self._source, str | os.PathLike) else "a frame"
        )
        described = self._model.describe()
        return {
            "model": described.pop("model"),
            "data": {"data": source, **data, "validation_fraction": self._fraction},
            **{name: value for name, value in described.items() if value},
            "backtest": {**self._plan.to_dict(), "checksum": self._facts["checksum"]},
        }

    def forecasts(self, folder: BacktestFolder | None) -> list[OriginForecasts]:
        """Returns the forecasts of all origins; those that a folder holds are not made again.

        Args:
            folder: Where each is kept as soon as it is there.
        """
        made, fitted = [], None
        for place, number in enumerate(self._numbers):
            kept = None if folder is None else folder.load_origin(number)
            if kept is not None:
                self._say(place, kept, "done before")
                made.append(kept)
                continue
            start = time.perf_counter()
            if self._plan.refit or fitted is None:
                fitted = None  # so that the data of one origin are in memory
                splits, found = self._take(number)
                fitted = self._fit(splits), found
            kept = self._forecast(number, *fitted)
            if folder is not None:
                kept.save(folder.origin(number))
            self._say(place, kept, f"{time.perf_counter() - start:.1f} s")
            made.append(kept)
        return made

    def _take(self, number: int) -> tuple[Splits, FoundRows]:
        """Returns the data at an origin, those that are there already where they are the same."""
        first, self._first = self._first, None
        if first is not None and (number == 0 or not self._plan.refit):
            return first
        return self._read(number if self._plan.refit else None)

    def _read(self, number: int | None) -> tuple[Splits, FoundRows]:
        found = FoundRows()
        parts = OriginParts(
            validation_fraction=self._fraction,
            plan=self._plan,
            horizon=self._horizon,
            number=number,
            found=found,
        )
        return read_series(self._source, fractions=parts, **self._options), found

    def _unseen(self, model: ReadyModel, found: FoundRows) -> range:
        """Returns the origins behind all that a model was trained on."""
        import pandas as pd

        until, rows = model.trained_until, found.rows
        assert rows is not None
        if until is None:
            warnings.warn(
                f"{model.name}: does not say which rows it was trained on. At origins among them its scores are too "
                "good; pass rows behind them alone.",
                UserWarning,
                stacklevel=3,
            )
            return range(self._plan.origins)
        if rows.times is None:
            seen = found.ends < int(until) - 1
        elif rows.times.are_dates:
            seen = np.array([pd.Timestamp(found.shown(n)) for n in self._numbers]) < pd.Timestamp(until)
        else:
            seen = found.ends < float(until)
        count = int(seen.sum())
        if count == self._plan.origins:
            raise DataError(
                f"{model.name}: was trained on rows until {until}, and all {count} origins are before that; expected "
                "one behind it. Pass later rows, or name a model of the zoo to be trained at each origin."
            )
        if count:
            warnings.warn(
                f"{model.name}: was trained on rows until {until}; {count} of {self._plan.origins} origins are before "
                "that and are left out.",
                UserWarning,
                stacklevel=3,
            )
        return range(count, self._plan.origins)

    def _fit(self, splits: Splits) -> dict[int, FittedModel] | Splits:
        """Returns the model by seed, or the data for a model that is ready."""
        if isinstance(self._model, ReadyModel):
            task = self._model.task
            config = splits.get_decoding().for_task(task.name).to_config()
            levels = {"quantiles": task.quantiles} if task.quantiles else {}
            return dataclasses.replace(
                splits, task=task.name, decoding=Decoding.from_config({**config, **levels})
            )
        return {seed: self._model.fit(splits, seed) for seed in self._plan.seed_numbers}

    def _forecast(
        self, number: int, fitted: dict[int, FittedModel] | Splits, found: FoundRows
    ) -> OriginForecasts:
        splits = fitted if isinstance(fitted, Splits) else next(iter(fitted.values())).splits
        split = _windows(splits.test)
        rows = found.windows_at(split, number)
        if not len(rows):
            longest = min(found.longest_window(split, place) for place in self._numbers)
            shorter = (
                f", or a window of {longest:,} steps at most"
                if longest and not isinstance(fitted, Splits)
                else ""
            )
            raise DataError(
                f"origins: no series has {split.window} steps before {found.shown(number)} and {split.horizon} behind "
                f"it without holes; expected one. Pass fewer origins or another stride{shorter}."
            )
        there = WindowSplit(split.table, split.starts[rows], window=split.window, horizon=split.horizon)
        if isinstance(fitted, Splits):
            assert isinstance(self._model, ReadyModel)
            raw: Any = there.raw
            task, model = self._model.task, {0: self._model.forecast(raw)}
        else:
            task = next(iter(fitted.values())).task
            model = {
                seed: dataclasses.replace(one, splits=dataclasses.replace(one.splits, test=there)).forecast()
                for seed, one in fitted.items()
            }
        baselines, skipped = self._baselines(splits, found, number, task)
        return _gather(found, number, splits, there, (task, model, baselines, skipped))

    def _baselines(
        self, splits: Splits, found: FoundRows, number: int, task: Task
    ) -> tuple[dict[str, Method], dict[str, str]]:
        if not self._baseline_seconds:
            return {}, {}
        split = _windows(splits.test)
        rows = [found.windows_at(split, place) for place in range(len(found.ends))]
        if self._plan.refit:
            answered = self._answer(splits, rows[number])
            own = slice(None)
        else:
            # Fitted once, they answer the windows of all origins.
            if self._answered is None:
                self._answered = self._answer(splits, np.concatenate(rows))
            answered = self._answered
            first = sum(len(part) for part in rows[:number])
            own = slice(first, first + len(rows[number]))
        methods = {
            one.name: Method.of_outputs(task, one.outputs[own]) for one in answered if one.outputs is not None
        }
        return methods, {one.name: str(one.skipped) for one in answered if one.outputs is None}

    def _answer(self, splits: Splits, rows: np.ndarray) -> list[Answered]:
        """Fits the baselines and returns what they answer to some windows of the test part."""
        split = _windows(splits.test)
        there = WindowSplit(split.table, split.starts[rows], window=split.window, horizon=split.horizon)
        data = dataclasses.replace(splits, test=there)
        return list(answer_each(data, there, seconds=self._baseline_seconds))

    def _say(self, place: int, found: OriginForecasts, how: str) -> None:
        if not self._progress:
            return
        methods = {"model": next(iter(found.model.values())), **found.baselines}
        scores = {name: score_forecasts(found.forecasts(method)) for name, method in methods.items()}
        windows = f"{len(found.truth)} window{'s' * (len(found.truth) != 1)}"
        heading = f"origin {place + 1}/{len(self._numbers)}  {found.origin}  {windows}"
        if not scores["model"]:
            self._console.print(f"{heading}  no step has a weight  {how}")
            return
        name = "mase" if all("mase" in row for row in scores.values()) else "mae"
        best = (
            min((row[name], method) for method, row in scores.items() if method != "model")
            if len(scores) > 1
            else None
        )
        beside = "" if best is None else f"  best baseline {best[0]:.4g} ({best[1]})"
        self._console.print(f"{heading}  {name} {scores['model'][name]:.4g}{beside}  {how}")


def _gather(
    found: FoundRows, number: int, splits: Splits, split: WindowSplit, answers: tuple[Any, Any, Any, Any]
) -> OriginForecasts:
    task, model, baselines, skipped = answers
    rows = found.rows
    assert rows is not None
    series = split.series_of()
    names = [shown_key(key) for key in rows.names] or [""]
    places = split.starts[:, None] + split.window + np.arange(split.horizon)
    scale = naive_errors(
        _windows(splits.train), _windows(splits.validation), season=splits.description.get("seasonality")
    )
    return OriginForecasts(
        origin=found.shown(number),
        targets=list(split.table.targets),
        series=np.asarray(names)[series],
        times=places + 1 if rows.times is None else rows.times.local[places],
        places=np.searchsorted(found.axis, found.times[places]),
        truth=split.raw_targets()[1],
        naive_errors=scale[series],
        levels=task.quantiles or (),
        model=model,
        baselines=baselines,
        skipped=skipped,
        weights=split.raw_weights(),
    )


def _windows(split: Any) -> WindowSplit:
    assert isinstance(split, WindowSplit), "forecasts come from windows"
    return split


def _horizon(options: Mapping[str, Any]) -> int:
    windows = options.get("windows")
    horizon = windows.horizon if isinstance(windows, Windows) else options.get("horizon")
    if not isinstance(horizon, int):
        raise ArgumentError(
            "horizon: received none; expected the steps ahead, as read_series takes them, e.g. window=72, horizon=24."
        )
    return horizon


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns options with the fields of value objects in place of these."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        given = dataclasses.is_dataclass(value) and not isinstance(value, type)
        found |= vars(value) if given else {name: value}
    return found


def _plain(value: Any) -> Any:
    """Returns an option as JSON has it."""
    return list(value) if isinstance(value, tuple | list) else value
