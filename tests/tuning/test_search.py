"""Truth of ``rnnzoo_tuning.runner``.

Searches: every algorithm, one row a trial, the best kept, interrupted ones taken up.
"""

# mypy: disable-error-code="union-attr, arg-type"

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, create_model, evaluate, list_models, load_dataset, load_model
from rnnzoo.errors import ArgumentError, PathExistsError, RunError, UnknownNameError
from rnnzoo.training import loop
from rnnzoo.training.problem import prepare
from rnnzoo.training.run.run_directory import open_run
from rnnzoo.training.watching.execution import steps_at_once
from rnnzoo_tuning import (
    Choice,
    Integer,
    Real,
    SearchSpace,
    default_space,
    hypermodel,
    run_search,
    trial_runs,
)
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.report import TrialTable
from slow_cases import slow_but

NAME = "series-classifier-gru"
SPACE = SearchSpace(
    model={"width": Choice((4, 8)), "depth": Integer(1, 1)},
    training={"learning_rate": Real(1e-3, 3e-2, log=True)},
)
CONFIG = TrainConfig(epochs=2, batch_size=128, tensorboard=False)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


def search(splits: Splits, directory: Path, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "space": SPACE,
        "config": CONFIG,
        "max_trials": 3,
        "seed": 1,
        "bundle": False,
        **options,
    }
    return run_search(NAME, splits, directory=directory, **arguments)


@pytest.fixture(scope="module")
def random_search(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, list[str]]:
    """What a random search found, where it kept it, and the lines that it printed."""
    return _searched(splits, tmp_path_factory.mktemp("random") / "search", "random")


def _searched(splits: Splits, directory: Path, algorithm: str) -> tuple[Any, Path, list[str]]:
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        result = search(splits, directory, algorithm=algorithm)
    return result, directory, printed.getvalue().splitlines()


@pytest.mark.parametrize("algorithm", slow_but(["random", "tpe", "nsga2", "grid"], "random"))
def test_each_algorithm_keeps_the_best(
    algorithm: str, splits: Splits, random_search: tuple[Any, Path, list[str]], tmp_path: Path
) -> None:
    if algorithm == "random":
        result, directory, printed = random_search
    else:
        result, directory, printed = _searched(splits, tmp_path / "search", algorithm)
    scores = [row["score"] for row in result.trials]
    assert len(scores) == 3
    assert result.score == max(scores)
    lines = [line for line in printed if line.startswith("trial")]
    assert [line[:9] for line in lines] == ["trial 1/3", "trial 2/3", "trial 3/3"]
    best = scores.index(max(scores)) + 1
    assert f"best {max(scores):.4f} (trial {best})" in lines[-1] or (best == 3 and "best so far" in lines[-1])
    row = result.trials[best - 1]
    assert result.arguments["units"] == (json.loads(str(row["width"])),)
    assert result.config.learning_rate == pytest.approx(row["learning_rate"])
    # The best is trained again from the same seed: the same model with the same score.
    saved = load_model(open_run(result.best.directory).model)
    assert evaluate(saved, splits, part="validation")["accuracy"] == pytest.approx(result.score, abs=1e-6)
    assert (directory / "search.png").stat().st_size > 10_000
    assert len(json.loads((directory / "trials.json").read_text())["trials"]) == 3


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, float]]]:
    """The history of every trial that is trained from now on."""
    histories: list[list[dict[str, float]]] = []
    fit = loop.fit

    def fit_and_record(*arguments: Any, **options: Any) -> Any:
        fitted = fit(*arguments, **options)
        histories.append(fitted.history)
        return fitted

    monkeypatch.setattr(hypermodel, "fit", fit_and_record)
    monkeypatch.setattr(trial_runs, "fit", fit_and_record)
    return histories


@pytest.mark.parametrize("pruner", slow_but(["asha", "hyperband", "median"], "asha"))
def test_a_pruner_ends_trials_early_and_each_is_compared_by_its_best_epoch(
    pruner: str, splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = recorded(monkeypatch)
    config = TrainConfig(epochs=4, batch_size=128, tensorboard=False)
    space = SearchSpace(
        model={"units": Choice((4,))}, training={"learning_rate": Choice((0.03, 1e-6, 0.02, 1e-7))}
    )
    result = search(
        splits,
        tmp_path / "search",
        algorithm="grid",
        pruner=pruner,
        config=config,
        space=space,
        max_trials=4,
        baseline_seconds=0,
    )
    trials = histories[: len(result.trials)]
    assert [row["score"] for row in result.trials] == [
        max(epoch["val_accuracy"] for epoch in history) for history in trials
    ]
    statuses = [row["status"] for row in result.trials]
    assert statuses[0] == "done"
    if pruner == "asha":
        assert "pruned" in statuses
        assert min(map(len, trials)) < 4
    assert result.score == max(row["score"] for row in result.trials if row["status"] == "done")


@pytest.mark.parametrize("rate", [0.01, 3.0], ids=["goes-on", "stops-early"])
def test_a_rung_reports_its_best_epoch(rate: float, splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    histories = recorded(monkeypatch)
    space = SearchSpace(training={"learning_rate": Choice((rate,))})
    config = TrainConfig(epochs=9, batch_size=512, early_stopping=2)
    zoo = SequenceHyperModel(NAME, splits, space=space, config=config, arguments={"units": 4})
    parameters = keras_tuner.HyperParameters()
    metrics = zoo.fit(parameters, zoo.build(parameters), epochs=8, initial_epoch=3)
    (history,) = histories
    assert history[0]["epoch"] == 4
    assert (history[-1]["epoch"] < 8) == (rate > 1)
    best = max(history, key=lambda row: row["val_accuracy"])
    assert metrics == {name: value for name, value in best.items() if name.startswith("val_")}


class Tuner(keras_tuner.RandomSearch):
    """A tuner of a user's own, which looks at nothing."""


class LookingTuner(Tuner):
    """One that looks at batches."""

    def on_batch_end(self, trial: Any, model: Any, batch: int, logs: Any = None) -> None:
        pass


class Looking(keras.callbacks.Callback):
    """A callback that looks at batches and happens to know a tuner."""

    tuner = Tuner

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


@pytest.mark.parametrize(
    ("tuner", "callbacks", "steps"),
    [(Tuner, [], 8), pytest.param(LookingTuner, [], 1, marks=pytest.mark.slow), (Tuner, [Looking()], 1)],
)
def test_a_trial_runs_as_many_steps_at_once_as_training_does(
    tuner: Any,
    callbacks: list[Any],
    steps: int,
    splits: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def watched(model: Any, steps: int) -> Any:
        seen.append(steps)
        return steps_at_once(model, steps)

    monkeypatch.setattr(loop, "steps_at_once", watched)
    config = TrainConfig(epochs=1, batch_size=512)
    zoo = SequenceHyperModel(NAME, splits, space=SPACE, config=config)
    own = tuner(zoo, objective="val_accuracy", max_trials=1, directory=tmp_path)
    own.oracle.verbose = 0
    own.search(callbacks=callbacks)
    assert seen == [steps]
    model = create_model(NAME, units=(4,), **splits.model_arguments)
    loop.fit(prepare(model, splits, None, config), callbacks=callbacks)
    assert seen[1] == (8 if not callbacks else 1)


@pytest.mark.slow
def test_an_interrupted_search_goes_on(
    splits: Splits,
    random_search: tuple[Any, Path, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    updated = TrialTable.update

    def stop(table: Any, ended: Any) -> None:
        updated(table, ended)
        raise KeyboardInterrupt

    monkeypatch.setattr(TrialTable, "update", stop)
    with pytest.raises(KeyboardInterrupt):
        search(splits, tmp_path / "search", algorithm="random")
    monkeypatch.setattr(TrialTable, "update", updated)
    with pytest.raises(PathExistsError, match="already holds a search; expected a new or empty directory"):
        search(splits, tmp_path / "search", algorithm="random")
    result = search(splits, tmp_path / "search", algorithm="random", resume=True)
    assert len(result.trials) == 3
    assert all(row["seconds"] > 0 for row in result.trials)
    whole, *_ = random_search
    assert [row["score"] for row in result.trials] == [row["score"] for row in whole.trials]


@pytest.mark.slow
def test_a_failing_trial_does_not_end_the_search(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def broken(problem: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("out of memory, say")
        return loop.fit(problem, **options)

    monkeypatch.setattr(trial_runs, "fit", broken)
    result = search(splits, tmp_path / "search", algorithm="random", max_trials=2)
    assert [row["status"] for row in result.trials] == ["failed", "done"]
    printed = capsys.readouterr().err
    assert "trial 1/2  failed: MemoryError: out of memory, say" in printed
    assert "Traceback" not in printed


def test_when_all_trials_fail_it_says_why(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, *_: Any, **__: Any) -> Any:
        raise RunError("training: the loss became NaN")

    monkeypatch.setattr(trial_runs, "fit", broken)
    with pytest.raises(RunError, match=r"none of 2 trials ended well; .* the loss became NaN"):
        search(splits, tmp_path / "search", algorithm="random", max_trials=2)


@pytest.mark.parametrize("name", list_models())
def test_the_default_space_of_every_model_begins_with_one_that_can_be_built(name: str) -> None:
    space = default_space(name)
    model = create_model(name, **space.draw(keras_tuner.HyperParameters())[0])
    assert model.name == name
    assert model.trainable_variables


def test_wrong_searches_are_refused_before_the_first_trial(splits: Splits, tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"algorithm": "genetic"}, UnknownNameError, "unknown algorithm: received 'genetic'"),
        ({"pruner": "genetic"}, UnknownNameError, "unknown pruner: received 'genetic'"),
        (
            {"algorithm": "hyperband", "pruner": "asha"},
            ArgumentError,
            "pruner: received 'asha' with algorithm",
        ),
        ({"max_trials": 0}, ArgumentError, "max_trials: received 0"),
        ({"space": SearchSpace()}, ArgumentError, "space: received no dimension"),
        ({"space": SearchSpace(model={"unit": Integer(1, 2)})}, UnknownNameError, "did you mean 'units'"),
        (
            {"space": SearchSpace(model={"width": Integer(1, 2)})},
            ArgumentError,
            "width and depth go together",
        ),
        ({"space": SearchSpace(training={"lr": Real(0.1, 0.2)})}, UnknownNameError, "unknown training field"),
        ({"config": TrainConfig(monitor="val_acc")}, UnknownNameError, "unknown monitor"),
    ]
    for options, error, message in wrong:
        with pytest.raises(error, match=message):
            search(splits, tmp_path / "search", **options)
    with pytest.raises(ArgumentError, match="model 'forecaster-gru': is for forecasting; the data are for"):
        run_search("forecaster-gru", splits, directory=tmp_path / "search")
    assert not (tmp_path / "search").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(PathExistsError, match="already holds something else"):
        search(splits, tmp_path / "mine", overwrite=True)


def test_dimensions_check_themselves() -> None:
    with pytest.raises(
        ArgumentError, match=r"low: received 0; expected a finite number above 0\. A logarithmic"
    ):
        Real(0, 1, log=True)
    with pytest.raises(ArgumentError, match="high: received 1; expected an integer of at least 2"):
        Integer(2, 1)
    with pytest.raises(ArgumentError, match="Choice: received no values"):
        Choice(())
    assert "embedding_size" in default_space("text-classifier-gru").model
    assert "embedding_size" not in default_space(NAME).model


def test_the_test_part_is_never_looked_at_by_trials(splits: Splits, tmp_path: Path) -> None:
    import dataclasses

    class Forbidden:
        raw = splits.test.raw

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"a trial looked at the test part: {name}")

    blind = dataclasses.replace(splits, test=Forbidden())
    with pytest.raises(AssertionError, match="looked at the test part"):
        search(blind, tmp_path / "search", max_trials=1)  # only the best model, at the end
    rows = json.loads((tmp_path / "search" / "trials.json").read_text())["trials"]
    assert np.isfinite(rows[0]["score"])
