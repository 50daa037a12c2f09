"""Truth of ``rnnzoo.cli.backtest``: a backtest by the command, of a model that is trained and of a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command_line import ok, refused, rnnzoo
from rnnzoo.backtesting.folder import BacktestFolder

READING = ("--target", "load", "--time", "time", "--window", "8", "--horizon", "4", "--seasonality", "6")
SMALL = ("--set", "units=2", "--set", "epochs=1")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    steps = np.arange(120)
    times = pd.date_range("2024-01-01", periods=len(steps), freq="h")
    frame = pd.DataFrame({"time": times, "load": 5 + np.sin(steps * np.pi / 3), "heat": np.cos(steps)})
    frame.to_csv("load.csv", index=False)
    return tmp_path / "load.csv"


@pytest.mark.slow
def test_a_model_and_then_a_run_are_backtested(table: Path) -> None:
    model = ("backtest", "forecaster-gru", "--data", "load.csv", *READING, *SMALL)
    printed = ok(*model, "--origins", "2", "--stride", "3", "--seeds", "0,1", "--no-refit", "--out", "tested")
    assert "Scores over all origins" in printed
    assert "best baseline" in printed
    scores = pd.read_csv("tested/scores.csv")
    assert scores["method"].tolist()[:2] == ["model", "persistence"]
    assert "mase" in scores
    again = rnnzoo(*model, "--out", "tested")
    assert again.returncode == 2
    assert "already holds a backtest" in again.stderr
    assert "(--force overwrites)" in again.stderr
    # What it keeps makes the same again.
    second = json.loads(ok("backtest", "--config", "tested/config.yaml", "--out", "second", "--json"))
    assert second["scores"][0]["mae"] == pytest.approx(scores["mae"].iloc[0])
    pd.testing.assert_frame_equal(pd.read_csv("second/forecasts.csv"), pd.read_csv("tested/forecasts.csv"))

    ok("train", "forecaster-gru", "--data", "load.csv", *READING, *SMALL, "--out", "run", "--no-baselines")
    of_run = rnnzoo(
        "backtest", "run", "--data", "load.csv", "--out", "run-tested", "--no-baselines", "--json"
    )
    assert of_run.returncode == 0, of_run.stderr
    # The last 18 hours are the run's test part, and hold the horizons of four origins.
    assert "1 of 5 origins are before that and are left out" in of_run.stderr
    forecasts = pd.read_csv("run-tested/forecasts.csv", parse_dates=["time"])
    assert len(forecasts) == 16
    truth = pd.read_csv("load.csv", parse_dates=["time"]).set_index("time")["load"]
    np.testing.assert_allclose(forecasts["truth"], truth.loc[forecasts["time"]])


@pytest.mark.slow
def test_a_run_of_weighted_rows_is_judged_by_their_weights(table: Path) -> None:
    frame = pd.read_csv("load.csv")
    frame.assign(share=1 + np.arange(len(frame)) % 3).to_csv("load.csv", index=False)
    ok("train", "forecaster-gru", "--data", "load.csv", *READING, "--weight", "share", *SMALL, "--out", "run")
    assert "weight in the column &#x27;share&#x27;" in Path("run/report.html").read_text()
    metrics = json.loads(Path("run/metrics.json").read_text())
    evaluated = json.loads(ok("evaluate", "run", "--json"))
    assert evaluated["scores"]["mae"] == pytest.approx(metrics["test"]["mae"], rel=1e-5)
    judged = ("backtest", "run", "--data", "load.csv", "--no-baselines", "--json", "--origins", "2")
    found = json.loads(ok(*judged, "--out", "weighted"))
    forecasts = pd.read_csv("weighted/forecasts.csv")
    errors = (forecasts["forecast"] - forecasts["truth"]).abs()
    weighted = np.average(errors, weights=forecasts["weight"])
    assert found["scores"][0]["mae"] == pytest.approx(weighted)
    assert set(forecasts["weight"]) == {1, 2, 3}
    plain = json.loads(ok(*judged, "--weight", "", "--ignore", "share"))
    assert plain["scores"][0]["mae"] == pytest.approx(errors.mean())


def test_what_would_do_nothing_is_refused(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ("backtest", "forecaster-gru", "--data", "load.csv")
    for arguments, message in (
        (("--text", "load", "--label", "time"), "--data: received load.csv"),
        ((*READING, "--test-fraction", "0.3"), "--test-fraction: received 0.3; expected none"),
        ((*READING, "--seeds", "one"), "--seeds: received 'one'; expected whole numbers"),
        ((*READING, "--resume"), "--resume: received without --out"),
        ((*READING, "--origins", "0"), "origins: received 0"),
        ((*READING, "--origins", "50"), "Pass fewer origins"),
        (("--target", "load"), "--target: received without --window and --horizon"),
    ):
        assert message in refused(capsys, *model, *arguments)
    assert "--data: received 'digits' to forecast; expected a table of series in a file" in refused(
        capsys, "backtest", "forecaster-gru", "--data", "digits"
    )


def test_a_run_takes_nothing_that_is_said_of_training(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("run").mkdir()
    Path("run/model.keras").write_bytes(b"")
    said = refused(capsys, "backtest", "run", "--data", "load.csv", "--set", "epochs=3")
    assert (
        "--set: received ['epochs=3'] with run, which is trained already; expected none. Leave it out."
        in said
    )


def test_a_folder_of_a_run_is_no_backtest(table: Path) -> None:
    Path("run").mkdir()
    Path("run/config.yaml").write_text("model: forecaster-gru\ntraining: {epochs: 1}\n")
    folder = BacktestFolder("run")
    assert not folder.finished
    with pytest.raises(Exception, match="holds files but no backtest"):
        folder.check_free(resume=False, overwrite=True)
