"""Truth of ``rnnzoo.backtesting.tables``: backtests of tables whose rows have weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import BacktestResult, TrainConfig, backtest, read_series, train
from rnnzoo.errors import DataError
from rolling_data import READING, mean_model, panel

CONFIG = TrainConfig(epochs=1, tensorboard=False)


def weighed_panel() -> pd.DataFrame:
    frame = panel()
    return frame.assign(share=np.random.default_rng(3).integers(0, 3, size=len(frame)))


def run(frame: pd.DataFrame, model: Any = mean_model, **options: Any) -> BacktestResult:
    known: dict[str, Any] = {"progress": False, "baseline_seconds": 0, "origins": 3, "weight": "share"}
    if model is mean_model:
        known["config"] = CONFIG
    return backtest(model, frame, **{**known, **READING, "ignore": "price", **options})


def check_scores(found: BacktestResult, frame: pd.DataFrame) -> None:
    """Checks weights against the table, and scores against plain means of the forecasts that the weights weigh."""
    table = found.forecasts
    known = frame.rename(columns={"shop": "series"})[["series", "time", "share"]]
    np.testing.assert_array_equal(table["weight"], table.merge(known, how="left")["share"])
    error = (table["forecast"] - table["truth"]).abs()
    size = table["forecast"].abs() + table["truth"].abs()
    means = pd.DataFrame({"mae": error, "smape": 200 * error / size}).mul(table["weight"], axis=0)
    for scores, by in ((found.by_origin, "origin"), (found.by_step, "step"), (found.by_series, "series")):
        truth = means.groupby(table[by]).sum().div(table["weight"].groupby(table[by]).sum(), axis=0)
        own = scores[scores["method"] == "model"].set_index(by)
        for name in means:
            np.testing.assert_allclose(own[name], truth[name].loc[own.index], rtol=1e-9)
    overall = found.scores[found.scores["method"] == "model"]
    assert overall["mae"].item() == pytest.approx(np.average(error, weights=table["weight"]))
    assert overall["rmse"].item() == pytest.approx(np.sqrt(np.average(error**2, weights=table["weight"])))


@pytest.mark.parametrize("refit", [pytest.param(True, marks=pytest.mark.slow), False])
def test_scores_are_weighed_by_the_rows_that_are_forecast(refit: bool, tmp_path: Path) -> None:
    frame, folder = weighed_panel(), tmp_path / "backtest"
    found = run(frame, refit=refit, baseline_seconds=60, directory=folder)
    check_scores(found, frame)
    naive = found.scores[found.scores["method"] == "persistence"]
    table, sales = found.forecasts, frame.set_index(["shop", "time"])["sales"].sort_index()
    asked = zip(table["series"], table["origin"], strict=True)
    last = [sales.loc[shop].loc[:origin].iloc[-1] for shop, origin in asked]
    assert naive["mae"].item() == pytest.approx(
        np.average((np.array(last) - table["truth"]).abs(), weights=table["weight"])
    )
    (folder / "scores.csv").unlink()
    again = run(frame, refit=refit, baseline_seconds=60, directory=folder, resume=True)
    pd.testing.assert_frame_equal(again.scores, found.scores)


def test_an_origin_of_which_nothing_counts_has_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    frame = weighed_panel()
    last = frame["time"] > frame["time"].max() - pd.Timedelta(hours=4)
    closed = frame.assign(share=np.where(last, 0, frame["share"]))
    found = run(closed, refit=False, baseline_seconds=60, progress=True)
    kept = found.by_origin.set_index(["method", "origin"])["mae"].unstack()
    assert kept.isna().sum(axis=1).eq(1).all()
    assert "no step has a weight" in capsys.readouterr().err
    assert "over 2 origins" in found.verdict
    overall = found.scores.set_index("method")["mae"]
    table = found.forecasts
    error = (table["forecast"] - table["truth"]).abs()
    assert overall["model"] == pytest.approx(np.average(error, weights=table["weight"]))
    behind = frame["time"] > pd.Timestamp(found.by_origin["origin"].min())
    with pytest.raises(DataError, match="weight: received 0 for all rows behind all origins"):
        run(frame.assign(share=np.where(behind, 0, 1.0)))


def test_a_run_is_judged_by_the_weights_that_it_was_trained_with(tmp_path: Path) -> None:
    frame = weighed_panel()
    times = frame["time"].sort_values().unique()
    splits = read_series(frame[frame["time"] <= times[60]], **READING, ignore="price", weight="share")
    train(
        mean_model(splits),
        splits,
        config=CONFIG,
        directory=tmp_path / "run",
        progress=False,
        baseline_seconds=0,
    )
    options: Any = {
        "progress": False,
        "baseline_seconds": 0,
        "origins": 2,
        "gaps": "break",
        "ignore": "price",
    }
    of_table: Any = {"series": "shop", "time": "time"}
    found = backtest(tmp_path / "run", frame, **options, **of_table)
    check_scores(found, frame)
    plain = backtest(
        tmp_path / "run", frame, **{**options, "ignore": ["price", "share"]}, **of_table, weight=None
    )
    assert "weight" not in plain.forecasts
    assert plain.scores["mae"].item() != pytest.approx(found.scores["mae"].item())
