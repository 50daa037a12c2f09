"""Truth of ``rnnzoo.evaluation.baselines.baselines``.

Baselines: linear maps against their formula, strengths chosen on validation, a budget, and runs without them.
"""

from __future__ import annotations

import functools
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
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from rnnzoo import Splits, TrainConfig, TrainResult, create_model, load_dataset, load_model, train
from rnnzoo.cli.app import run as command
from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split, as_rows
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo.evaluation.baselines import baselines as table
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.baselines.baselines import answer_each, list_baselines
from rnnzoo.evaluation.baselines.budget import Budget, BudgetExceededError
from rnnzoo.evaluation.baselines.forecasts import NLINEAR, RIDGE, TREES, _fit_nlinear
from rnnzoo.evaluation.baselines.ridge import RATIOS, BatchedRidge
from rnnzoo.evaluation.baselines.strengths import STRENGTHS, choose_ridge, log_probabilities
from rnnzoo.training.run.baseline_scores import baselines_of_run
from rnnzoo.training.run.run_directory import RunDirectory

NAMES = [
    "majority class",
    "linear SVM on TF-IDF",
    "linear SVM on TF-IDF of characters",
    "logistic regression on TF-IDF",
]
CLASSES = {
    "up": ["rise", "climb", "soar"],
    "down": ["fall", "sink", "drop"],
    "flat": ["rest", "wait", "stay"],
}


def series(rows: int = 400, level: float = 0.0) -> Splits:
    steps, noise = np.arange(rows), np.random.default_rng(3).normal(size=(2, rows))
    frame = pd.DataFrame(
        {
            "small": 0.01 * (np.sin(steps / 3) + 0.3 * noise[0]),
            "large": level + 50 * np.cos(steps / 5) + 10 * noise[1],
            "other": np.sqrt(steps),
        }
    )
    return series_splits(frame, target=["large", "small"], window=12, horizon=5, seasonality=6)


def words(rows: int = 90) -> tuple[list[str], list[str]]:
    rng, names = np.random.default_rng(0), list(CLASSES)
    labels = [names[row % 3] for row in range(rows)]
    # Every third text is of another class than it says, so that strengths differ.
    heard = [label if rng.random() < 0.7 else rng.choice(names) for label in labels]
    return [f"prices {rng.choice(CLASSES[name])} at {row} today" for row, name in enumerate(heard)], labels


@functools.cache
def texts() -> Splits:
    return Splits.from_arrays(*words())


def test_nlinear_is_its_closed_form() -> None:
    splits = series()
    scale = splits.get_decoding().scale

    def rows(split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert isinstance(split, WindowSplit)
        history, future = (values / scale for values in split.raw_targets())
        last = history[:, -1]
        x = np.concatenate([history[:, :-1, k] - last[:, [k]] for k in range(2)])
        y = np.concatenate([future[:, :, k] - last[:, [k]] for k in range(2)])
        return np.column_stack([x, np.ones(len(x))]), y, last

    x, y, _ = rows(splits.train)
    held_x, held_y, _ = rows(splits.validation)
    free = np.diag([1.0] * (x.shape[1] - 1) + [0.0])  # the intercept has no penalty
    size = x[:, :-1].var(axis=0).sum()
    maps = [np.linalg.solve(x.T @ x + ratio * size * free, x.T @ y) for ratio in RATIOS]
    best = min(maps, key=lambda weights: float(((held_x @ weights - held_y) ** 2).sum()))
    assert splits.test is not None
    test_x, _, last = rows(splits.test)
    ahead = (test_x @ best).reshape(2, len(last), 5).transpose(1, 2, 0)
    found = run_baselines(splits, splits.test)[NLINEAR]
    np.testing.assert_allclose(found, (ahead + last[:, None]) * scale, rtol=1e-7)


def shifted(split: Any, by: float) -> WindowSplit:
    """The same windows at another level of the first target."""
    values = split._values + np.array([by, 0.0])
    return WindowSplit(
        split._features, split._targets, values, {}, split.starts, window=split.window, horizon=split.horizon
    )


@pytest.mark.parametrize("name", [NLINEAR, TREES])
def test_a_level_that_was_never_seen_moves_the_forecast_along(name: str) -> None:
    splits = series()
    assert splits.test is not None
    plain = run_baselines(splits, splits.test)[name]
    moved = run_baselines(splits, shifted(splits.test, 1000.0))[name]
    np.testing.assert_allclose(moved[..., 0], plain[..., 0] + 1000, rtol=1e-6)
    np.testing.assert_array_equal(moved[..., 1], plain[..., 1])


def test_trees_answer_the_same_twice_and_know_the_season() -> None:
    splits = series(600)
    assert splits.test is not None
    first, second = (run_baselines(splits, splits.test) for _ in range(2))
    for name, outputs in first.items():
        np.testing.assert_array_equal(outputs, second[name])
    assert isinstance(splits.test, WindowSplit)
    _, truth = splits.test.raw_targets()

    def error(name: str) -> float:
        return float((((first[name] - truth) / splits.get_decoding().scale) ** 2).mean())

    assert error(TREES) < 0.5 * error("persistence")


def test_a_window_of_one_step_has_no_lag_to_map() -> None:
    frame = pd.DataFrame({"x": np.arange(60.0) + np.random.default_rng(0).normal(size=60)})
    splits = series_splits(frame, target=["x"], window=1, horizon=2)
    found = run_baselines(splits, splits.validation)[NLINEAR]
    assert isinstance(splits.train, WindowSplit)
    assert isinstance(splits.validation, WindowSplit)
    history, future = splits.train.raw_targets()
    mean = (future - history).mean(axis=0)
    np.testing.assert_allclose(found, splits.validation.raw_targets()[0] + mean)


@pytest.mark.parametrize("noise", [1e-6, 30.0])
def test_ridge_takes_the_penalty_that_errs_least_on_held_out_rows(noise: float) -> None:
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(140, 30)), rng.normal(size=(30, 2))
    y = x @ weights + noise * rng.normal(size=(140, 2))
    learned, held_out = (x[:60], y[:60]), (x[60:100], y[60:100])
    size = learned[0].var(axis=0).sum()
    models = [Ridge(alpha=ratio * size).fit(*learned) for ratio in RATIOS]
    best = min(models, key=lambda model: ((model.predict(held_out[0]) - held_out[1]) ** 2).sum())
    batched = BatchedRidge().fit_chosen([(x[:25], y[:25]), (x[25:60], y[25:60])], [held_out])
    assert batched.alpha == pytest.approx(best.alpha)
    np.testing.assert_allclose(batched.predict(x[100:]), best.predict(x[100:]), rtol=1e-6)
    chosen = choose_ridge(*learned, held_out, Budget())
    np.testing.assert_allclose(chosen.predict(x[100:]), best.predict(x[100:]), rtol=1e-6)
    assert (best.alpha < size) == (noise < 1)


def test_copies_of_a_feature_do_not_stop_the_ridge() -> None:
    rng = np.random.default_rng(2)
    x = np.repeat(rng.normal(size=(50, 1)), 40, axis=1) * 1e8
    y = x[:, :1] + rng.normal(size=(50, 1))
    model = BatchedRidge().fit_chosen([(x[:30], y[:30])], [(x[30:], y[30:])])
    np.testing.assert_allclose(model.predict(x), x[:, :1], rtol=1e-3, atol=5)


def vectors(analyzer: str) -> tuple[Any, ...]:
    data, options = texts(), {"word": {"ngram_range": (1, 2)}, "char": {"ngram_range": (2, 5)}}
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, **options[analyzer])
    assert data.test is not None
    parts = [data.train, data.validation, data.test]
    vectorizer.fit(list(data.train.raw or ()))
    return tuple(
        (vectorizer.transform(list(part.raw or ())), as_rows(part).gather(np.arange(len(part)))[1])
        for part in parts
    )


@pytest.mark.parametrize(("name", "analyzer"), [("TF-IDF", "word"), ("TF-IDF of characters", "char")])
def test_support_vectors_of_texts_are_those_of_the_best_strength_on_validation(
    name: str, analyzer: str
) -> None:
    learned, held_out, (test_x, _) = vectors(analyzer)
    models = [LinearSVC(C=strength, random_state=0).fit(*learned) for strength in STRENGTHS]
    best = max(models, key=lambda model: model.score(*held_out))
    data = texts()
    assert data.test is not None
    found = run_baselines(data, data.test)[f"linear SVM on {name}"]
    np.testing.assert_allclose(found, best.decision_function(test_x), atol=1e-4)


def test_logistic_regression_has_the_strength_of_the_highest_likelihood_on_validation() -> None:
    learned, (held_x, held_y), (test_x, _) = vectors("word")
    models = [LogisticRegression(C=strength, max_iter=2000).fit(*learned) for strength in STRENGTHS]
    rows = np.arange(len(held_y))
    best = max(models, key=lambda model: model.predict_log_proba(held_x)[rows, held_y].sum())
    data = texts()
    assert data.test is not None
    found = run_baselines(data, data.test)["logistic regression on TF-IDF"]
    np.testing.assert_allclose(found, best.predict_log_proba(test_x), atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_that_is_all_but_sure_has_a_finite_likelihood(classes: int) -> None:
    x = np.repeat(np.eye(classes), 50, axis=0)
    model = LogisticRegression().fit(x, np.repeat(np.arange(classes), 50))
    model.coef_ *= 1e4
    found = log_probabilities(model, x)
    assert np.isfinite(found).all()
    assert found.min() < -1000
    np.testing.assert_allclose(np.exp(found), model.predict_proba(x), atol=1e-12)


def test_two_classes_and_several_labels_have_the_same_baselines() -> None:
    rows, labels = words(120)
    expected = {
        "linear SVM on TF-IDF",
        "linear SVM on TF-IDF of characters",
        "logistic regression on TF-IDF",
    }
    two = Splits.from_arrays(rows, [name == "up" for name in labels], task="binary_classification")
    several = Splits.from_arrays(
        rows,
        [[name, "all"] if row % 2 else [name] for row, name in enumerate(labels)],
        task="multilabel_classification",
    )
    for splits, columns in ((two, 1), (several, 4)):
        assert splits.test is not None
        found = run_baselines(splits, splits.test)
        assert set(found) - {"majority class"} == expected
        truth = splits.rows("test").gather(np.arange(len(splits.test)))[1].reshape(-1, columns)
        for name in expected:
            assert found[name].shape == truth.shape
            agreement = ((found[name] > 0) == truth)[:, 0 if columns == 1 else -1].mean()
            assert agreement > 0.6


def test_a_baseline_that_cannot_be_fitted_is_named_and_the_others_are_there() -> None:
    # No text has a word of two letters.
    rows = [f"{'ab'[row % 2]} {row // 10} {row % 10}" for row in range(60)]
    splits = Splits.from_arrays(rows, ["up", "down"] * 30)
    assert splits.test is not None
    answers = {answer.name: answer for answer in answer_each(splits, splits.test)}
    assert list(answers) == list_baselines(splits, splits.test) == NAMES
    for name in ("linear SVM on TF-IDF", "logistic regression on TF-IDF"):
        assert answers[name].outputs is None
        assert answers[name].skipped == (
            "it cannot be fitted to these rows: empty vocabulary; perhaps the documents only contain stop words"
        )
    found, truth = (
        answers["linear SVM on TF-IDF of characters"].outputs,
        splits.rows("test").gather(range(9))[1],
    )
    assert found is not None
    np.testing.assert_array_equal(found.argmax(axis=1), truth)


def test_what_the_budget_does_not_hold_is_left_out_and_named() -> None:
    data = series()
    answers = list(answer_each(data, data.validation, seconds=1e-9))
    assert [answer.name for answer in answers] == ["persistence", "seasonal naive", NLINEAR, RIDGE, TREES]
    assert {answer.skipped for answer in answers} == {"the 1e-09 s for baselines were over"}
    budget = Budget(60)
    budget.ask(59)
    with pytest.raises(BudgetExceededError, match="about 61 s of work, of 60 s for baselines 60 s were left"):
        budget.ask(61)
    with pytest.raises(BudgetExceededError):
        _fit_nlinear(data, 1, Budget(-1))


# --- Runs --------------------------------------------------------------------------------------------------------


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


def test_an_interruption_leaves_a_whole_run_that_a_resume_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train_texts(tmp_path / "plain")
    plan = table._BASELINES["classification"]
    with monkeypatch.context() as patch:
        patch.setitem(table._BASELINES, "classification", interrupted(plan))
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

    monkeypatch.setitem(table._BASELINES, "classification", watched)
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
    plan = table._BASELINES["forecasting"]
    with monkeypatch.context() as patch:
        patch.setitem(table._BASELINES, "forecasting", interrupted(plan))
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
    assert set(json.loads(capsys.readouterr().out)) == {"part", "scores"}
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
