"""Truth of ``rnnzoo.evaluation.baselines.own_levels``: baselines of many series, each at a level of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.evaluation.baselines import forecasts, run_baselines
from rnnzoo.evaluation.baselines.forecasts import NLINEAR, RIDGE, TREES
from rnnzoo.evaluation.baselines.own_levels import OwnLevels
from rnnzoo.evaluation.rows_of_windows import naive_errors

LEVELS = (1.0, 1e3, 1e6)


def panel(lengths: tuple[int, ...] = (140, 200, 170), levels: tuple[float, ...] = LEVELS) -> pd.DataFrame:
    """Series of one daily season, alike but for their length and level, in any order of rows."""
    rng = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=max(lengths), freq="h")
    frames = []
    for number, (length, level) in enumerate(zip(lengths, levels, strict=True)):
        hours = np.arange(max(lengths))[-length:]
        values = level * (2 + np.sin(hours * np.pi / 12) + 0.1 * rng.normal(size=length))
        frames.append(pd.DataFrame({"shop": f"shop {number}", "time": times[-length:], "sales": values}))
    return pd.concat(frames).sample(frac=1, random_state=0)


def read(frame: pd.DataFrame, **options: Any) -> Splits:
    arguments: dict[str, Any] = {"window": 24, "horizon": 12, "seasonality": 24, "gaps": "break"}
    return read_series(frame, target="sales", series="shop", time="time", **{**arguments, **options})


def windows(splits: Splits) -> WindowSplit:
    assert isinstance(splits.test, WindowSplit)
    return splits.test


def shops(split: WindowSplit, rows: np.ndarray | None = None) -> np.ndarray:
    """The number of the shop of each window."""
    numbers = np.array([int(str(name).split()[-1]) for name in split.table.names])
    return np.asarray(numbers[split.series_of(rows)])


def check_errors(found: dict[str, np.ndarray], test: WindowSplit) -> None:
    """The noise is a tenth of the level, whose mean absolute value is 0.08."""
    future, series = test.raw_targets()[1], shops(test)
    for name, outputs in found.items():
        errors = np.abs(outputs - future)[..., 0].mean(axis=1)
        for number, level in enumerate(LEVELS):
            limit = 1.5 if name == "persistence" else 0.2
            assert errors[series == number].mean() < limit * level, (name, number)


def test_series_whose_levels_differ_a_millionfold_are_forecast_well_whatever_scaling_a_model_has() -> None:
    first, *others = (read(panel(), scaling=scaling) for scaling in ("all", "series", "window"))
    expected = run_baselines(first, windows(first))
    check_errors(expected, windows(first))
    for splits in others:
        for name, outputs in run_baselines(splits, windows(splits)).items():
            np.testing.assert_allclose(outputs, expected[name], rtol=1e-6, err_msg=name)


def test_levels_are_those_of_each_series_own_training_rows() -> None:
    frame = panel()
    splits = read(frame, window=5, horizon=3)
    assert isinstance(splits.train, WindowSplit)
    test = windows(splits)
    rows = np.array([0, len(test) - 1])
    mean, scale = OwnLevels(splits).levels(test, rows)
    # Parts are cut at one time for all series.
    cut = frame["time"].sort_values().iloc[round(0.7 * len(frame)) :].min()
    training = frame[frame["time"] < cut]
    for place, series in enumerate(shops(test, rows)):
        own = training[training["shop"] == f"shop {series}"]["sales"].to_numpy()
        np.testing.assert_allclose([mean[place, 0], scale[place, 0]], [own.mean(), own.std()], rtol=1e-9)


def test_series_without_training_rows_and_without_change_are_answered() -> None:
    # The second begins behind the training part, the third never changes.
    frame = panel((200, 40, 200), (1.0, 1e3, 1.0))
    frame.loc[frame["shop"] == "shop 2", "sales"] = 5.0
    splits = read(frame, window=12, horizon=4, seasonality=None, scaling="window")
    test = windows(splits)
    future, series = test.raw_targets()[1], shops(test)
    late = OwnLevels(splits).levels(test, np.flatnonzero(series == 1)[:1])
    past = test.raw_targets(np.flatnonzero(series == 1)[:1])[0]
    np.testing.assert_allclose(late, [past.mean(axis=1), past.std(axis=1)])
    assert OwnLevels(splits).scales(test, np.flatnonzero(series == 2)).min() == 5.0
    for name, outputs in run_baselines(splits, test).items():
        assert np.isfinite(outputs).all(), name
        np.testing.assert_allclose(outputs[series == 2], future[series == 2], rtol=0.05, err_msg=name)


def test_of_many_windows_every_so_manieth_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "_MAX_PRODUCTS", 50_000)
    splits = read(panel())
    found = run_baselines(splits, windows(splits))
    strided = [name for name in found if "of one window in" in name]
    assert [name.partition(" of one window")[0] for name in strided] == [NLINEAR, RIDGE]
    check_errors(found, windows(splits))


def test_trees_read_what_is_known_of_the_step_and_of_the_series() -> None:
    rng = np.random.default_rng(0)
    frame = panel((200, 200, 200), (1.0, 1.0, 1.0))
    # What comes hangs on a price that is known, with another sign in one of the series.
    frame["price"] = rng.normal(size=len(frame))
    frame["sign"] = np.where(frame["shop"] == "shop 2", -1.0, 1.0)
    frame["sales"] = frame["price"] * frame["sign"]
    told = read(frame, future="price", static="sign", window=6, horizon=3)
    blind = read(frame, ignore=["price", "sign"], window=6, horizon=3)
    future = windows(told).raw_targets()[1]
    knowing, guessing = (run_baselines(splits, windows(splits))[TREES] for splits in (told, blind))
    assert np.abs(knowing - future).mean() < 0.5 * np.abs(guessing - future).mean()


def test_intervals_of_baselines_are_as_wide_as_each_series_needs() -> None:
    from rnnzoo import create_model

    splits = read(panel())
    suited = splits.for_model(create_model("forecaster-quantile-lstm", units=2, **splits.model_arguments))
    test = windows(suited)
    series = shops(test)
    for outputs in run_baselines(suited, test).values():
        width = (outputs[..., -1] - outputs[..., 0]).mean(axis=(1, 2))
        widths = [width[series == number].mean() for number in range(3)]
        np.testing.assert_allclose(np.divide(widths, LEVELS), widths[0], rtol=0.3)


def test_a_model_and_its_baselines_are_scored_with_mase_and_smape() -> None:
    from rnnzoo import create_model, evaluate
    from rnnzoo.evaluation.evaluation import evaluate_part
    from rnnzoo.tasks import get_task

    splits = read(panel())
    model = create_model("forecaster-gru", units=2, **splits.model_arguments)
    test = windows(splits)
    found = evaluate_part(model, test, splits, get_task("forecasting"))
    errors = np.abs(found.outputs - found.targets)
    assert isinstance(splits.train, WindowSplit)
    scale = naive_errors(splits.train, season=24)[test.series_of()]
    scores = evaluate(model, splits)
    assert scores["mase"] == pytest.approx((errors / scale[:, None]).mean())
    size = np.abs(found.outputs) + np.abs(found.targets)
    assert scores["smape"] == pytest.approx((200 * errors / size).mean())
    assert list(scores)[:2] == ["mae", "rmse"]  # the first decides verdicts
