"""Truth of ``rnnzoo.backtesting.backtests``: tables of a backtest against plain pandas, and its folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from rnnzoo import BacktestResult, Splits, TrainConfig, backtest
from rnnzoo.errors import ArgumentError, DataError, PathExistsError, RunError, UnknownNameError
from rolling_data import READING, mean_model, panel

CONFIG = TrainConfig(epochs=1)


def run(model: Any = mean_model, frame: pd.DataFrame | None = None, **options: Any) -> BacktestResult:
    arguments: dict[str, Any] = {"config": CONFIG, "progress": False, "baseline_seconds": 0}
    table = panel() if frame is None else frame
    return backtest(model, table, **{**arguments, **READING, "ignore": "price", **options})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> BacktestResult:
    return run(
        origins=2, seeds=(0, 1), baseline_seconds=60, directory=tmp_path_factory.mktemp("backtest") / "shops"
    )


def test_tables_are_what_pandas_makes_of_the_forecasts(whole: BacktestResult) -> None:
    found, frame = whole.forecasts, panel()
    assert found.columns.tolist() == [
        *("origin", "seed", "series", "time", "step", "target", "truth", "forecast"),
    ]
    # What came is what the table says.
    truth = frame.set_index(["shop", "time"])["sales"]
    keys = pd.MultiIndex.from_arrays([found["series"], found["time"]])
    np.testing.assert_array_equal(found["truth"], truth.loc[keys])
    error = (found["forecast"] - found["truth"]).abs()
    size = found["forecast"].abs() + found["truth"].abs()
    # Each is divided by the mean seasonal difference of its series before the origin; no hole is crossed.
    scale = []
    for origin, shop in zip(found["origin"], found["series"], strict=True):
        own = frame[(frame["shop"] == shop) & (frame["time"] <= origin)].set_index("time")["sales"]
        hourly = own.sort_index().asfreq("h")
        whole_season = hourly.notna().rolling(7).sum() == 7
        scale.append(hourly.diff(6).abs()[whole_season].mean())
    each = found.assign(mae=error, smape=200 * error / size, mase=error / scale, squared=error**2)
    names = ["mae", "mase", "smape"]
    for key, table, what in (
        ("step", whole.by_step, "step"),
        ("series", whole.by_series, "series"),
        ("origin", whole.by_origin, "origin"),
        ("target", whole.by_target, "target"),
    ):
        expected = each.groupby(key, sort=True)[names].mean()
        own = table[table["method"] == "model"].set_index(what).sort_index()
        np.testing.assert_allclose(own[names], expected, rtol=1e-9, err_msg=key)
    own = whole.scores[whole.scores["method"] == "model"].iloc[0]
    np.testing.assert_allclose([own[name] for name in names], each[names].mean(), rtol=1e-9)
    rmse = np.sqrt(each.groupby("seed")["squared"].mean()).mean()
    assert own["rmse"] == pytest.approx(rmse)
    spread = whole.by_origin[whole.by_origin["method"] == "model"]["mase"].std(ddof=0)
    assert own["mase_deviation"] == pytest.approx(spread)
    hours = whole.by_season[(whole.by_season["season"] == "hour") & (whole.by_season["method"] == "model")]
    by_hour = each.groupby(each["time"].dt.hour)[names].mean()
    np.testing.assert_allclose(hours.set_index("value")[names], by_hour, rtol=1e-9)


def test_baselines_are_beside_the_model_on_the_same_windows(whole: BacktestResult) -> None:
    methods = whole.scores["method"].tolist()
    assert methods[:3] == ["model", "persistence", "seasonal naive"]
    assert len(methods) == 6
    assert not whole.skipped
    frame = panel()
    first = whole.forecasts[whole.forecasts["seed"] == 0]
    truth = frame.set_index(["shop", "time"])["sales"]
    last = truth.loc[pd.MultiIndex.from_arrays([first["series"], pd.to_datetime(first["origin"])])].to_numpy()
    persistence = whole.scores.set_index("method").loc["persistence", "mae"]
    assert persistence == pytest.approx((first["truth"] - last).abs().mean())
    best: Any = whole.scores.iloc[1:].set_index("method")["mase"].idxmin()
    assert best in whole.verdict
    assert "over 2 origins" in whole.verdict
    assert whole.verdict in repr(whole)


def test_the_folder_holds_all_of_it(whole: BacktestResult) -> None:
    folder = whole.directory
    assert folder is not None
    for name in ("scores", "by_origin", "by_step", "by_series", "by_season", "by_target"):
        read = pd.read_csv(folder / f"{name}.csv")
        pd.testing.assert_frame_equal(read, getattr(whole, name), check_dtype=False)
    forecasts = pd.read_csv(folder / "forecasts.csv", parse_dates=["time"])
    pd.testing.assert_frame_equal(forecasts, whole.forecasts, check_dtype=False)
    assert (folder / "verdict.txt").read_text(encoding="utf-8").strip() == whole.verdict
    assert (folder / "backtest.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in folder.rglob(".*")] == []
    with pytest.raises(PathExistsError, match="already holds a backtest; expected a new or empty directory"):
        run(directory=folder)


class Counting:
    """Counts the models that are made, and stops before one of them."""

    def __init__(self, stop: int | None = None) -> None:
        self.made, self.stop, self.__qualname__ = 0, stop, "mean_model"

    def __call__(self, splits: Splits) -> keras.Model:
        if self.made == self.stop:
            raise KeyboardInterrupt
        self.made += 1
        return mean_model(splits)


@pytest.mark.slow
def test_origins_that_are_done_are_not_run_twice(tmp_path: Path) -> None:
    stopped = Counting(stop=2)
    with pytest.raises(KeyboardInterrupt):
        run(stopped, origins=3, directory=tmp_path / "b")
    assert not (tmp_path / "b" / "scores.csv").exists()
    with pytest.raises(PathExistsError, match=re.escape("an unfinished backtest (resume goes on with it)")):
        run(origins=3, directory=tmp_path / "b")
    with pytest.raises(RunError, match="cannot resume: backtest is"):
        run(origins=2, directory=tmp_path / "b", resume=True)
    going_on = Counting()
    resumed = run(going_on, origins=3, directory=tmp_path / "b", resume=True)
    assert going_on.made == 1
    unstopped = run(origins=3)
    pd.testing.assert_frame_equal(resumed.forecasts, unstopped.forecasts)
    pd.testing.assert_frame_equal(resumed.scores, unstopped.scores)
    nothing = Counting()
    run(nothing, origins=3, directory=tmp_path / "b", resume=True)
    assert nothing.made == 0
    other = panel()
    other["sales"] += 1
    with pytest.raises(RunError, match="cannot resume"):
        run(frame=other, origins=3, directory=tmp_path / "b", resume=True)
    again = Counting()
    run(again, origins=1, directory=tmp_path / "b", overwrite=True)
    assert again.made == 1
    assert len(list((tmp_path / "b" / "origins").iterdir())) == 1


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PathExistsError, match="holds files but no backtest"):
        run(directory=tmp_path, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_model_is_fitted_once_where_that_is_asked_for() -> None:
    once, each = Counting(), Counting()
    run(once, origins=3, refit=False)
    run(each, origins=3)
    assert (once.made, each.made) == (1, 3)


@pytest.mark.slow
def test_quantiles_have_columns_and_scores() -> None:
    result = run("forecaster-quantile-lstm", origins=1, model_arguments={"units": 2})
    assert {"quantile_0.1", "quantile_0.5", "quantile_0.9"} <= set(result.forecasts.columns)
    inside = result.forecasts["truth"].between(
        result.forecasts["quantile_0.1"], result.forecasts["quantile_0.9"]
    )
    assert result.scores["coverage_80"].iloc[0] == pytest.approx(inside.mean())
    np.testing.assert_array_equal(result.forecasts["forecast"], result.forecasts["quantile_0.5"])


def test_a_table_without_dates_has_places_in_its_season() -> None:
    frame = pd.DataFrame({"sales": np.sin(np.arange(60) * np.pi / 3), "visits": np.arange(60.0)})
    result = backtest(
        mean_model,
        frame,
        target=["sales", "visits"],
        window=8,
        horizon=4,
        seasonality=6,
        origins=1,
        config=CONFIG,
        progress=False,
        baseline_seconds=0,
    )
    assert result.by_season["season"].unique().tolist() == ["place in the season"]
    assert result.forecasts["time"].unique().tolist() == list(range(57, 61))
    assert result.by_target["target"].tolist() == ["sales", "visits"]
    # A straight line has no season that differs; a wave of six steps is the same after six.
    assert result.verdict == ""


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownNameError, match="unknown argument of backtest: received 'orgins'; did you mean 'origins'"
    ):
        run(orgins=3)
    with pytest.raises(ArgumentError, match=re.escape("test_fraction: received 0.2; expected none")):
        run(test_fraction=0.2)
    with pytest.raises(ArgumentError, match="horizon: received none"):
        backtest(mean_model, panel(), target="sales", window=8)
    inputs = keras.Input((2,))
    with pytest.raises(ArgumentError, match="model: received Functional; expected the name of a model"):
        run(keras.Model(inputs, keras.layers.Dense(1)(inputs)))
    with pytest.raises(ArgumentError, match="a function that returns str; expected a Keras model"):
        run(lambda splits: "no model")
    with pytest.raises(ArgumentError, match="which holds no finished run and no bundle"):
        run(tmp_path)
    with pytest.raises(DataError, match="Pass fewer origins"):
        run(origins=40)


@pytest.mark.slow
def test_a_window_that_is_too_long_for_an_origin_is_told_how_long_it_may_be() -> None:
    steps = np.arange(100)
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=100, freq="h"), "sales": steps % 7.0})
    reading: dict[str, Any] = {"series": (), "ignore": (), "gaps": "break", "missing": "drop", "refit": False}
    # Five steps lie between the hole and the first origin.
    for holes in (frame.drop([80, 81, 82]), frame.assign(sales=frame["sales"].where(steps != 82))):
        origin = {**reading, "origins": 3, "stride": 4, "horizon": 4}
        with pytest.raises(DataError, match=r"no series has 8 steps .* or a window of (\d+) steps") as caught:
            run(frame=holes, window=8, **origin)
        found = re.search(r"Pass fewer origins or another stride, or a window of (\d+)", str(caught.value))
        assert found is not None
        longest = int(found[1])
        assert longest == 5
        assert run(frame=holes, window=longest, **origin).forecasts["origin"].nunique() == 3
        with pytest.raises(DataError, match=rf"a window of {longest} steps at most"):
            run(frame=holes, window=longest + 1, **origin)
        assert run(frame=holes, window=8, **{**origin, "origins": 2}).forecasts["origin"].nunique() == 2
