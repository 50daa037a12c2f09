"""Truth of ``rnnzoo.training.run.baseline_scores``: runs with baselines, without, and interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from baseline_data import NAMES, series, texts, words
from rnnzoo import TrainConfig, TrainResult, create_model, load_dataset, load_model, train
from rnnzoo.cli.app import run as command
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo.evaluation.baselines import classes, forecasts
from rnnzoo.evaluation.baselines.budget import Budget
from rnnzoo.evaluation.baselines.forecasts import NLINEAR, RIDGE, TREES
from rnnzoo.training.run.baseline_scores import baselines_of_run
from rnnzoo.training.run.run_directory import RunDirectory


def train_texts(directory: Path, **options: Any) -> TrainResult:
    keras.utils.set_random_seed(0)
    model = create_model("text-classifier-gru", units=(4,), **texts().model_arguments)
    config = TrainConfig(epochs=2, tensorboard=False)
    return train(model, texts(), config=config, directory=directory, **{"progress": False, **options})


def known(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "metrics.json").read_text())["baselines"]
    return found


def test_a_run_names_what_was_left_out(tmp_path: Path) -> None:
    train_texts(tmp_path / "run", baseline_seconds=1e-9)
    reason = "the 1e-09 s for baselines were over"
    skipped = dict.fromkeys(NAMES, reason)
    assert known(tmp_path / "run") == {"part": "test", "scores": {}, "skipped": skipped}
    report = (tmp_path / "run" / "report.html").read_text()
    assert "Baselines left out" in report
    assert reason in report
    with pytest.raises(
        ArgumentError, match="baseline_seconds: received -1; expected a finite number at least 0"
    ):
        train_texts(tmp_path / "wrong", baseline_seconds=-1)


def test_each_baseline_has_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train_texts(tmp_path / "run", progress=True)
    lines = [line for line in capsys.readouterr().err.splitlines() if "baseline" in line]
    assert lines[0] == "the run is written; fitting 4 baselines on the same rows, 120 s at most"
    for number, name in enumerate(NAMES, start=1):
        assert lines[number].startswith(f"baseline {number}/4  {name}  accuracy 0.")
        assert lines[number].endswith(" s")
    assert list(known(tmp_path / "run")["scores"]) == NAMES


def interrupted(fit: Callable[..., Any]) -> Callable[..., Any]:
    """A plan of baselines whose third is interrupted."""

    def plan(*arguments: Any) -> dict[str, Any]:
        def stop(budget: Budget) -> np.ndarray:
            raise KeyboardInterrupt

        fits: dict[str, Any] = fit(*arguments)
        return {name: stop if number == 2 else one for number, (name, one) in enumerate(fits.items())}

    return plan


@pytest.mark.slow
def test_an_interruption_leaves_a_whole_run_that_a_resume_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train_texts(tmp_path / "plain")
    plan = classes.classification
    with monkeypatch.context() as patch:
        patch.setattr(classes, "classification", interrupted(plan))
        with pytest.raises(KeyboardInterrupt):
            train_texts(tmp_path / "run")
    assert RunDirectory(tmp_path / "run").finished
    assert list(known(tmp_path / "run")["scores"]) == NAMES[:2]
    assert known(tmp_path / "run")["skipped"] == dict.fromkeys(NAMES[2:], "fitting was stopped")
    fitted: list[str] = []

    def watched(*arguments: Any) -> dict[str, Any]:
        def noted(name: str, fit: Any) -> Any:
            def fit_it(budget: Budget) -> Any:
                fitted.append(name)
                return fit(budget)

            return fit_it

        return {name: noted(name, fit) for name, fit in plan(*arguments).items()}

    monkeypatch.setattr(classes, "classification", watched)
    again = train_texts(tmp_path / "run", resume=True)
    assert fitted == NAMES[2:]
    assert known(tmp_path / "run")["skipped"] == {}
    assert known(tmp_path / "run")["scores"] == known(tmp_path / "plain")["scores"]
    assert again.metrics == plain.metrics
    # A finished run runs no second time, and its result is that of the file.
    third = train_texts(tmp_path / "run", resume=True)
    assert fitted == NAMES[2:]
    assert (third.history, third.metrics) == (again.history, again.metrics)
    for found, expected in zip(third.model.get_weights(), plain.model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(RunError, match="cannot resume: train_config differs: epochs was 2, now 5"):
        train(third.model, texts(), config=TrainConfig(epochs=5), directory=tmp_path / "run", resume=True)


def test_a_finished_run_is_returned_with_its_gradients(tmp_path: Path) -> None:
    splits = load_dataset("digits")

    def once() -> TrainResult:
        keras.utils.set_random_seed(0)
        model = create_model("series-classifier-gru", units=(4,), **splits.model_arguments)
        config = TrainConfig(epochs=1, monitor_gradients=True, tensorboard=False)
        return train(
            model,
            splits,
            config=config,
            directory=tmp_path / "run",
            resume=True,
            baseline_seconds=0,
            progress=False,
        )

    first, second = once(), once()
    assert first.gradients is not None
    assert second.gradients is not None
    assert second.gradients.verdict == first.gradients.verdict
    assert second.gradients.clipped == first.gradients.clipped
    assert second.gradients.norms is not None
    assert second.history == first.history
    assert (second.best_epoch, second.stop_reason) == (first.best_epoch, first.stop_reason)


def test_forecasts_keep_what_they_have_when_there_is_no_time_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = series(200)

    def run(**options: Any) -> dict[str, Any]:
        keras.utils.set_random_seed(0)
        model = create_model("forecaster-gru", units=2, **splits.model_arguments)
        config = TrainConfig(epochs=1, tensorboard=False)
        train(model, splits, config=config, directory=tmp_path / "run", progress=False, **options)
        return known(tmp_path / "run")

    picture = tmp_path / "run" / "plots" / "errors_by_step.png"
    plan = forecasts.values
    with monkeypatch.context() as patch:
        patch.setattr(forecasts, "values", interrupted(plan))
        with pytest.raises(KeyboardInterrupt):
            run()
    first, drawn = known(tmp_path / "run"), picture.read_bytes()
    assert list(first["scores"]) == ["persistence", "seasonal naive"]
    late = run(resume=True, baseline_seconds=1e-9)
    assert late["scores"] == first["scores"]
    assert late["skipped"] == dict.fromkeys([NLINEAR, RIDGE, TREES], "the 1e-09 s for baselines were over")
    assert picture.read_bytes() == drawn
    # What there was no time for is not tried again unasked.
    assert run(resume=True) == late
    found = baselines_of_run(
        RunDirectory(tmp_path / "run"),
        load_model(tmp_path / "run" / "model.keras"),
        splits,
        "test",
        seconds=100,
    )
    assert list(found["scores"]) == ["persistence", "seasonal naive", NLINEAR, RIDGE, TREES]
    assert found == known(tmp_path / "run")
    assert picture.read_bytes() != drawn


# A shell that starts tests in the background has them ignore Ctrl-C.
INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from rnnzoo.evaluation.baselines import classes
classes.choose_logistic = lambda *arguments: time.sleep(100)
from rnnzoo.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.slow
def test_ctrl_c_while_baselines_are_fitted_leaves_a_run_for_evaluate_and_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, labels = words()
    pd.DataFrame({"text": rows, "label": labels}).to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "run"
    arguments = [
        *("train", "text-classifier-gru", "--data", str(tmp_path / "table.csv"), "--text", "text"),
        *("--label", "label", "--epochs", "1", "--set", "units=4", "--out", str(out)),
    ]
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("baseline 3/4"):
                break
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130, errors
    assert f"the run is whole, with 3 baselines: rnnzoo evaluate {out} --baselines fits the others" in errors
    assert command(["export", str(out), "--out", str(tmp_path / "bundle")]) == 0
    capsys.readouterr()
    assert command(["evaluate", str(out), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"part", "scores", "details"}
    assert known(out)["skipped"] == {"logistic regression on TF-IDF": "fitting was stopped"}
    assert command(["evaluate", str(out), "--baselines"]) == 0
    assert "logistic regression on TF-IDF" in capsys.readouterr().out
    assert list(known(out)["scores"]) == NAMES
    assert command([*arguments, "--resume"]) == 0
    assert "the run is finished: nothing is trained again" in capsys.readouterr().err


def test_commands_take_no_baselines_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "series-classifier-gru", "--data", "digits", "--epochs", "1", "--set", "units=4"]
    out = tmp_path / "run"
    assert command([*arguments, "--out", str(out), "--no-baselines"]) == 0
    shown = capsys.readouterr()
    assert "left out  logistic regression on all values: no baselines were wanted" in shown.out
    assert "fitting" not in shown.err
    assert known(out)["scores"] == {}
    both = [*arguments, "--out", str(tmp_path / "x"), "--no-baselines", "--baseline-seconds", "5"]
    assert command(both) == 2
    assert capsys.readouterr().err == (
        "error: --baseline-seconds: received 5 with --no-baselines; expected one of them. Leave one out.\n"
    )
    assert command(["evaluate", str(out), "--baseline-seconds", "5"]) == 2
    assert capsys.readouterr().err == (
        "error: --baseline-seconds: received 5 without --baselines; expected both. Add --baselines.\n"
    )
    # Of another part they are only shown.
    both = ["majority class", "logistic regression on all values"]
    assert command(["evaluate", str(out), "--baselines", "--part", "validation", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["baselines"]
    assert (found["part"], list(found["scores"])) == ("validation", both)
    assert known(out)["scores"] == {}
    assert command(["evaluate", str(out), "--baselines", "--baseline-seconds", "50"]) == 0
    assert list(known(out)["scores"]) == both
