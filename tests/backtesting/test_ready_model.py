"""Truth of ``rnnzoo.backtesting.ready_model``: runs and bundles forecast what they answer when they are asked."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import TrainConfig, backtest, load_model, train
from rnnzoo.backtesting.ready_model import _time_options
from rnnzoo.data.readers.series import read_series
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import MIXED, TimeStep
from rolling_data import READING, mean_model, panel

OWN: dict[str, Any] = {"series": "shop", "time": "time", "gaps": "break", "ignore": "price"}


@pytest.fixture(scope="module", params=["all", "window"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param) / "run"
    splits = read_series(panel(), **READING, ignore="price", scaling=request.param)
    config = TrainConfig(epochs=1, tensorboard=False)
    train(mean_model(splits), splits, config=config, directory=folder, progress=False, baseline_seconds=0)
    return folder


def of_run(run: Path, frame: pd.DataFrame, **options: Any) -> Any:
    return backtest(run, frame, progress=False, baseline_seconds=0, **{**OWN, **options})


def test_forecasts_are_those_that_the_model_answers(run: Path) -> None:
    frame = panel()
    found = of_run(run, frame, origins=2)
    scaling: Any = run.parent.name.rstrip("0")
    splits = read_series(frame, **READING, ignore="price", scaling=scaling)
    model: Any = load_model(run / "model.keras")
    preprocessing = splits.get_preprocessing()
    assert preprocessing is not None
    for (origin, shop), rows in found.forecasts.groupby(["origin", "series"]):
        own = frame[(frame["shop"] == shop) & (frame["time"] <= origin)].sort_values("time").tail(8)
        encoded = preprocessing.encode([{"past": {"sales": own["sales"].tolist()}, "series": shop}])
        level = preprocessing.level_of_rows(encoded)
        decoding = splits.get_decoding() if level is None else splits.get_decoding().with_level(*level)
        outputs = model(preprocessing.batch(encoded)["features"]).numpy()
        expected = decoding.outputs_in_original_units(outputs)[0, :, 0]
        np.testing.assert_allclose(rows["forecast"], expected, rtol=1e-5)


def test_origins_among_its_training_rows_are_left_out(run: Path) -> None:
    frame = panel()
    with pytest.warns(UserWarning, match="of 6 origins are before that and are left out") as caught:
        found = of_run(run, frame, origins=6)
    until = pd.Timestamp(str(caught[0].message).partition("rows until ")[2].partition(";")[0])
    kept = pd.to_datetime(found.by_origin["origin"])
    assert (kept >= until).all()
    assert len(kept) < 6
    early = frame[frame["time"] < until - pd.Timedelta("10h")]
    with pytest.raises(DataError, match="and all 2 origins are before that"):
        of_run(run, early, origins=2)


def test_a_run_says_how_its_table_is_read(run: Path) -> None:
    """Series, times and holes too: what is ignored alone must be told, for the model does not know it."""
    said = backtest(run, panel().drop(columns="price"), origins=2, progress=False, baseline_seconds=0)
    pd.testing.assert_frame_equal(said.forecasts, of_run(run, panel(), origins=2).forecasts)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_run_says_the_zone_of_its_times(zone: str | None) -> None:
    axis = TimeAxis(("day",), TimeStep("hour"), zone=zone)
    assert _time_options(axis) == {"time": ["day"], **({"zone": zone} if zone else {})}
    mixed = TimeAxis(("day", "clock"), TimeStep("hour"), zone=MIXED, joined="text")
    assert _time_options(mixed) == {"time": ["day", "clock"]}


def test_it_takes_nothing_that_is_said_of_training(run: Path) -> None:
    with pytest.raises(ArgumentError, match="which is trained already; expected none"):
        of_run(run, panel(), config=TrainConfig())


@pytest.mark.slow
@pytest.mark.parametrize("run", ["all"], indirect=True)
def test_a_bundle_forecasts_what_its_run_does(run: Path) -> None:
    from rnnzoo.cli.app import run as command

    bundle = run.parent / "bundle"
    assert command(["export", str(run), "--out", str(bundle)]) == 0
    first = of_run(run, panel(), origins=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        second = of_run(bundle, panel(), origins=2)
    np.testing.assert_allclose(first.forecasts["forecast"], second.forecasts["forecast"], rtol=1e-4)
    pd.testing.assert_frame_equal(first.scores, second.scores, rtol=1e-4)
