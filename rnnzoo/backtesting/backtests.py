"""Backtests: what a model would have forecast at points of the past, beside what came and beside baselines."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import keras

from rnnzoo import checks
from rnnzoo.backtesting.folder import BacktestFolder
from rnnzoo.backtesting.origin_runs import BacktestRun
from rnnzoo.backtesting.ready_model import ReadyModel, is_ready
from rnnzoo.backtesting.result import BacktestResult
from rnnzoo.backtesting.rolling_origin import RollingOrigin
from rnnzoo.backtesting.tables import BacktestTables, decisive_score
from rnnzoo.backtesting.trained_model import MakeModel, TrainedModel
from rnnzoo.backtesting.verdict import backtest_verdict
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.series import SeriesOptions, read_series
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.files import FilePath, replacing
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig

if TYPE_CHECKING:
    import pandas as pd

_TABLES = ("by_origin", "by_step", "by_series", "by_season", "by_target", "forecasts", "scores")


def backtest(
    model: str | os.PathLike[str] | MakeModel,
    source: FilePath | pd.DataFrame,
    *,
    rolling_origin: RollingOrigin | None = None,
    model_arguments: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    directory: FilePath | None = None,
    **options: Any,
) -> BacktestResult:
    """Forecasts from several points of the past, each with what was known then, and scores it beside baselines.

    At each origin model and baselines are fitted on the rows before it alone (statistics and categories too), and
    forecast the steps behind it. Nothing behind an origin changes what is forecast at it. A trained run or a bundle is
    not fitted: it forecasts at those origins that lie behind all it was trained on, where it says what that was.

    Args:
        model: The name of a model of the zoo; a function that makes a model of the data at an origin (``Splits``); or
            the directory of a run or a bundle.
        source: The table, one series or many, as ``read_series`` takes it.
        rolling_origin: Which origins, and whether models are fitted at each, as one value.
        model_arguments: Builder arguments, beside those that the data say.
        config: How to optimise; ``None`` for the defaults. Its seed is replaced by ``seeds``.
        directory: Where to keep tables, picture and the forecasts of each origin; ``None`` keeps nothing.
        **options: The fields of ``RollingOrigin`` as they are: ``origins`` (5), ``stride`` (the horizon), ``refit``
            (True), ``seeds`` (0); ``validation_fraction`` (0.15), the share of the rows before an origin that is
            validated on; ``baseline_seconds``, the seconds for baselines at each origin; ``resume`` and ``overwrite``
            for a directory that holds a backtest; ``progress`` (True); and all that ``read_series`` takes: ``target``,
            ``window``, ``horizon``, ``series``, ``time``, ``weight`` and so on. A run or a bundle says itself what
            is not given.

    Returns:
        Tables of scores and forecasts, and a verdict.

    Raises:
        ArgumentError: If arguments do not go together.
        UnknownNameError: If a keyword is unknown; the nearest is suggested.
        DataError: If the table cannot be used, or is too short for so many origins.
        PathExistsError: If ``directory`` holds something and nothing says what to do with it.
        RunError: If a backtest is resumed with other settings.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from rnnzoo import TrainConfig
        >>> frame = pd.DataFrame({"load": np.sin(np.arange(120) * np.pi / 6)})
        >>> config = TrainConfig(epochs=1)
        >>> options = {"target": "load", "window": 12, "horizon": 4, "seasonality": 12, "progress": False}
        >>> result = backtest("forecaster-gru", frame, origins=2, config=config, **options)
        >>> len(result.forecasts), result.by_step.columns[:3].tolist()
        (8, ['method', 'step', 'mae'])

    Reference:
        Tashman 2000, Out-of-sample tests of forecasting accuracy: an analysis and review.
    """
    _refuse_unknown(options)
    rest = dict(options)
    own = {name: rest.pop(name, default) for name, default in _OWN.items()}
    flat = FlatOptions("backtest", {name: rest.pop(name) for name in _PLAN if name in rest})
    plan = flat.take(RollingOrigin, rolling_origin, "rolling_origin")
    chosen = _choose_model(model, model_arguments, config)
    folder = None if directory is None else BacktestFolder(directory)
    if folder is not None:
        folder.check_free(resume=own["resume"], overwrite=own["overwrite"])
    run = BacktestRun(
        chosen,
        source,
        plan,
        rest,
        baseline_seconds=checks.number("baseline_seconds", own["baseline_seconds"], minimum=0),
        progress=checks.flag("progress", own["progress"]),
    )
    run.prepare()
    if folder is not None:
        folder.prepare(run.describe(), resume=own["resume"], overwrite=own["overwrite"])
    return _finish(BacktestTables(run.forecasts(folder), run.season), folder)


_OWN: dict[str, Any] = {
    "baseline_seconds": BASELINE_SECONDS,
    "resume": False,
    "overwrite": False,
    "progress": True,
}


_PLAN = tuple(field.name for field in dataclasses.fields(RollingOrigin))


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    """Raises ``UnknownNameError`` for a keyword that neither the backtest nor ``read_series`` takes."""
    reading = [
        name for name in inspect.signature(read_series).parameters if name not in ("source", "options")
    ]
    known = [*_OWN, *_PLAN, *reading, *get_type_hints(SeriesOptions)]
    for name in options:
        if name not in known:
            raise UnknownNameError("argument of backtest", name, known)


def _choose_model(
    model: Any, arguments: Mapping[str, Any] | None, config: TrainConfig | None
) -> TrainedModel | ReadyModel:
    if isinstance(model, os.PathLike) or (isinstance(model, str) and is_ready(model)):
        if not is_ready(Path(model)):
            raise ArgumentError(
                f"model: received {os.fspath(model)}, which holds no finished run and no bundle; expected one. Train "
                "or export one first, or name a model of the zoo."
            )
        for name, value in (("model_arguments", arguments), ("config", config)):
            if value is not None:
                raise ArgumentError(
                    f"{name}: received {value!r:.80} with {os.fspath(model)}, which is trained already; expected none. "
                    "Leave it out."
                )
        return ReadyModel(Path(model))
    if isinstance(model, keras.Model) or not (isinstance(model, str) or callable(model)):
        raise ArgumentError(
            f"model: received {type(model).__name__}; expected the name of a model, a function that makes one, or the "
            "directory of a run or a bundle. Of a Keras model, pass what makes it: lambda splits: create_model(...)."
        )
    return TrainedModel(model, arguments or {}, config or TrainConfig())


def _finish(tables: BacktestTables, folder: BacktestFolder | None) -> BacktestResult:
    made = {
        "scores": tables.overall(),
        **{name: getattr(tables, name)() for name in _TABLES if name != "scores"},
    }
    verdict = backtest_verdict(made["scores"], made["by_origin"])
    if folder is not None:
        from rnnzoo.backtesting.picture import draw_backtest
        from rnnzoo.training.run.plots import save_figure

        figure = draw_backtest(tables.origins, made["by_step"], decisive_score(made["scores"]))
        save_figure(figure, folder.picture)
        with replacing(folder.verdict) as path:
            path.write_text(verdict + "\n", encoding="utf-8")
        for name in _TABLES:  # scores last, which say that all is there
            with replacing(folder.table(name)) as path:
                made[name].to_csv(path, index=False)
    return BacktestResult(
        **made, verdict=verdict, skipped=tables.skipped, directory=None if folder is None else folder.path
    )
