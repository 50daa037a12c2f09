"""Truth of ``rnnzoo_tuning.search_directory``.

A search that was stopped: the same trials in the same order, and only with the same settings.
"""

from __future__ import annotations

import gc
import inspect
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras_tuner
import numpy as np
import optuna
import pandas as pd
import pytest

from rnnzoo import Splits, TrainConfig, load_dataset
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.data.readers.series import series_splits
from rnnzoo.errors import ArgumentError, DataError, RunError
from rnnzoo.training import trainer
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.run.checkpoint import Checkpoint
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search, search_files, trial_runs
from rnnzoo_tuning.ending import Ending
from rnnzoo_tuning.goals import make_goals
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.search_directory import STUDY
from rnnzoo_tuning.search_settings import plain_arguments
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import storage_of
from rnnzoo_tuning.trial_records import TrialScore
from rnnzoo_tuning.worker import this_worker
from slow_cases import mark_slow

NAME = "series-classifier-gru"
SPACE = SearchSpace(model={"units": Choice((4, 8))}, training={"learning_rate": Real(1e-3, 3e-2, log=True)})
CONFIG = TrainConfig(epochs=4, batch_size=512, tensorboard=False)
#: Trials of each: more than six, from where they go by scores.
ALGORITHMS = {"random": 11, "tpe": 12, "nsga2": 9, "grid": 8}


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Trials are scored by a formula in place of training; returns the values of those that were."""
    values: list[dict[str, Any]] = []
    gc.collect()
    gc.freeze()  # each trial collects, which takes long beside TensorFlow

    def problem(hypermodel: SequenceHyperModel, hp: Any) -> Any:
        hypermodel.draw(hp)
        return SimpleNamespace(model=None)

    def score(_: Any, trial: RunningTrial, run: Any) -> TrialScore:
        values.append(dict(trial.parameters.values))
        units, rate = int(trial.parameters.get("units")), trial.parameters.get("learning_rate")
        return TrialScore(1 / (1 + abs(math.log(rate) + 5)) + units / 1000, seconds=0.5)

    monkeypatch.setattr(SequenceHyperModel, "problem", problem)
    monkeypatch.setattr(trial_runs, "_fitted", score)
    monkeypatch.setattr(Ending, "write", lambda *_, **__: (None, {}))
    monkeypatch.setattr(search_files, "save_figure", lambda *_: None)
    monkeypatch.setattr(search_files, "write_page", lambda *_: None)
    yield values
    gc.unfreeze()


def search(splits: Splits, directory: Path, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "space": SPACE,
        "config": CONFIG,
        "algorithm": "random",
        "max_trials": 3,
        "seed": 1,
        **{"progress": False, "bundle": False, **options},
    }
    return run_search(NAME, splits, directory=directory, **arguments)


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def stop_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, calls: int) -> Callable[[], None]:
    """Lets a method stop the program at one of its calls, as Ctrl-C does; returns what lets it go on."""
    method, counted = getattr(owner, name), [0]

    def stopping(*arguments: Any, **options: Any) -> Any:
        counted[0] += 1
        if counted[0] == calls:
            raise KeyboardInterrupt
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, stopping)
    return lambda: monkeypatch.setattr(owner, name, method)


@pytest.mark.parametrize("algorithm", mark_slow(ALGORITHMS, "nsga2"))
def test_a_stopped_search_ends_with_the_same_rows(
    algorithm: str,
    splits: Splits,
    trained: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {"algorithm": algorithm, "max_trials": ALGORITHMS[algorithm]}
    whole = search(splits, tmp_path / "whole", **options).trials
    assert [row["trial"] for row in whole] == list(range(1, 1 + ALGORITHMS[algorithm]))
    expected = trained.copy()
    trained.clear()
    # In its second trial, then after the sixth of those that follow.
    for owner, method, calls in ((trial_runs, "_fitted", 2), (TrialTable, "update", 6)):
        go_on = stop_after(monkeypatch, owner, method, calls)
        with pytest.raises(KeyboardInterrupt):
            search(splits, tmp_path / "stopped", **options, resume=True)
        go_on()
    resumed = search(splits, tmp_path / "stopped", **options, resume=True).trials
    assert trained == expected  # nothing was trained twice, nothing left out
    assert without_seconds(resumed) == without_seconds(whole)


def test_the_settings_lie_in_one_file(splits: Splits, trained: list[dict[str, Any]], tmp_path: Path) -> None:
    search(splits, tmp_path / "search", max_trials=2, arguments={"dropout": 0.1})
    kept = json.loads((tmp_path / "search" / "search.json").read_text())
    assert kept == {
        "format_version": 2,
        "settings": {
            "model": NAME,
            "algorithm": "random",
            "pruner": None,
            "objective": "val_accuracy",
            "direction": "max",
            "model_space": {"units": {"kind": "choice", "values": [4, 8]}},
            "training_space": {
                "learning_rate": {"kind": "real", "low": 0.001, "high": 0.03, "log": True, "step": None}
            },
            "arguments": {"dropout": 0.1},
            "train_config": CONFIG.to_dict(),
            **make_goals(None, None, None).to_dict(),
            **{"seed": 1, "data": splits.description, "study": None},
        },
        "max_trials": 2,
        "finished": True,
    }


OTHER: dict[str, tuple[dict[str, Any], str]] = {
    "another-space": (
        {"space": SearchSpace(model=SPACE.model, training={"learning_rate": Real(1e-5, 1e-4, log=True)})},
        "training_space differs: learning_rate was {'kind': 'real', 'low': 0.001, 'high': 0.03, 'log': True, 'step': "
        "None}, now {'kind': 'real', 'low': 1e-05, 'high': 0.0001, 'log': True, 'step': None}",
    ),
    "a-dimension-less": (
        {"space": SearchSpace(model=SPACE.model, training={"batch_size": Choice((32, 64))})},
        "training_space differs: learning_rate was {'kind': 'real', 'low': 0.001, 'high': 0.03, 'log': True, 'step': "
        "None}, now absent, batch_size was absent, now {'kind': 'choice', 'values': [32, 64]}",
    ),
    "another-algorithm": ({"algorithm": "grid"}, "algorithm differs: it was 'random', now 'grid'"),
    "hyperband": (
        {"algorithm": "hyperband"},
        "algorithm differs: it was 'random', now 'tpe'; pruner differs: it was None, now 'hyperband'",
    ),
    "another-seed": ({"seed": 2}, "seed differs: it was 1, now 2"),
    "fixed-arguments": (
        {"arguments": {"dropout": 0.2, "pooling": "mean"}},
        "arguments differs: dropout was absent, now 0.2, pooling was absent, now 'mean'",
    ),
    "objective": (
        {"config": TrainConfig(epochs=4, batch_size=512, tensorboard=False, monitor="val_loss")},
        "objective differs: it was 'val_accuracy', now 'val_loss'; direction differs: it was 'max', now 'min'; "
        "train_config differs: monitor was None, now 'val_loss'",
    ),
    "training-fields": (
        {"config": TrainConfig(epochs=5, batch_size=256, tensorboard=False)},
        "train_config differs: epochs was 4, now 5, batch_size was 512, now 256",
    ),
    "several": (
        {"seed": 2, "algorithm": "bayesian", "max_trials": 3},
        "algorithm differs: it was 'random', now 'tpe'; seed differs: it was 1, now 2",
    ),
}


def test_a_search_with_other_settings_is_not_resumed(
    splits: Splits, trained: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "search"
    go_on = stop_after(monkeypatch, TrialTable, "update", 2)
    with pytest.raises(KeyboardInterrupt):
        search(splits, root, max_trials=3)
    go_on()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    other = load_dataset("digits", seed=5)
    cases = {**OTHER, "data": ({}, "data differs: checksum was ")}
    for name, (options, message) in cases.items():
        data = other if name == "data" else splits
        with pytest.raises(RunError) as caught:
            search(data, root, **options, resume=True)
        text = str(caught.value)
        assert text.startswith(f"{root}: cannot resume: {message}"), name
        advice = ". Resume with the settings it was started with, or start a new search in another directory."
        assert text.endswith(advice)
        assert name == "data" or text == f"{root}: cannot resume: {message}{advice}"
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    trained.clear()
    assert len(search(splits, root, max_trials=3, resume=True).trials) == 3
    assert len(trained) == 1
    assert len(search(splits, tmp_path / "another", max_trials=3, seed=2, resume=True).trials) == 3


def test_a_search_may_be_given_more_trials(
    splits: Splits, trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    whole = search(splits, tmp_path / "whole", max_trials=5).trials
    trained.clear()
    few = search(splits, tmp_path / "few", max_trials=2).trials
    assert len(trained) == len(few) == 2
    more = search(splits, tmp_path / "few", max_trials=5, resume=True).trials
    assert len(trained) == 5
    assert without_seconds(more) == without_seconds(whole)
    for fewer in (5, 3):
        assert search(splits, tmp_path / "few", max_trials=fewer, resume=True).trials == more
    assert len(trained) == 5


def test_damaged_files_are_said_to_be_damaged(
    splits: Splits, trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    for name, content, error, message in (
        ("study.db", "{" * 200, RunError, "study.db: cannot be used as the study of a search"),
        ("search.json", "{", DataError, "search.json: not valid JSON"),
        (
            "search.json",
            '{"format_version": 1}',
            DataError,
            "search.json: received format version 1; expected 2. Use the version of rnnzoo that wrote it.",
        ),
    ):
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        search(splits, root, max_trials=2)
        (root / name).write_text(content)
        with pytest.raises(error) as caught:
            search(splits, root, max_trials=4, resume=True)
        assert message in str(caught.value)


def dead() -> dict[str, Any]:
    """A worker of this machine that is no more."""
    process = subprocess.Popen(["sleep", "0"])
    process.wait()
    return {**this_worker(), "pid": process.pid, "born": 0}


@pytest.mark.parametrize("noted", ["nothing", "worker", "values", "failed", "in line"])
@pytest.mark.parametrize("algorithm", ["random", "tpe", "grid"])
def test_what_a_kill_leaves_half_noted_is_put_right(
    algorithm: str, noted: str, splits: Splits, trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    options = {"algorithm": algorithm, "max_trials": 9}
    whole = search(splits, tmp_path / "whole", **options).trials
    root = tmp_path / "killed"
    search(splits, root, **{**options, "max_trials": 7})
    trained.clear()
    hypermodel = SequenceHyperModel(NAME, splits, space=SPACE, config=CONFIG)
    kept = SearchStudy(
        storage_of(root / STUDY),
        Monitor("val_accuracy", "max"),
        algorithm=algorithm,
        pruner=None,
        epochs=4,
        seed=1,
    )
    trial = kept.next_trial(9, hypermodel.draw)
    assert trial is not None
    trial._trial.set_user_attr("worker", dead() if noted != "nothing" else {})
    if noted in ("values", "failed", "in line"):
        hypermodel.draw(trial.parameters)
        trial.keep_values()
    if noted in ("failed", "in line", "nothing"):  # as after the time without a sign of life
        kept._study.tell(trial._trial, state=optuna.trial.TrialState.FAIL)
    if noted == "in line":
        kept._take_up_dead()
    resumed = search(splits, root, **options, resume=True).trials
    assert len(trained) == 2
    assert without_seconds(resumed) == without_seconds(whole)


def test_failed_trials_are_tried_again_where_a_search_is_resumed(
    splits: Splits, trained: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(splits, tmp_path / "whole", max_trials=3).trials
    with monkeypatch.context() as patch:
        patch.setattr(trial_runs, "_fitted", lambda *_: 1 / 0)
        with pytest.raises(RunError) as caught:
            search(splits, tmp_path / "again", max_trials=3)
        assert str(caught.value) == (
            "search: none of 3 trials ended well; all said: ZeroDivisionError: division by zero. Correct that, or "
            "narrow the search space."
        )
    again = search(splits, tmp_path / "again", max_trials=3, resume=True).trials
    assert without_seconds(again) == without_seconds(whole)


def test_arguments_that_are_no_json_are_named_by_their_content(
    trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    texts = Splits.from_arrays([f"a w{i % 7}" for i in range(60)], ["x", "y"] * 30)
    size = texts.model_arguments["vocabulary_size"]
    weights = np.arange(4 * size, dtype=np.float32).reshape(size, 4)

    def run(**arguments: Any) -> Any:
        kept = {"embedding_size": 4, "regularization": Regularization(weight_drop=0.1), **arguments}
        options: dict[str, Any] = {"space": SPACE, "config": CONFIG, "algorithm": "random", "max_trials": 1}
        return run_search(
            "text-classifier-gru",
            texts,
            directory=tmp_path / "search",
            arguments=kept,
            resume=True,
            **options,
        )

    run(embedding_weights=weights)
    assert run(embedding_weights=weights.copy()).score > 0
    assert len(trained) == 1
    with pytest.raises(RunError, match=r"arguments differs: embedding_weights was .*sha256"):
        run(embedding_weights=weights + 1)
    with pytest.raises(RunError, match="arguments differs: regularization was"):
        run(embedding_weights=weights, regularization=Regularization(weight_drop=0.2))
    with pytest.raises(
        ArgumentError, match=r"arguments: received set for pooling; expected what search\.json can keep"
    ):
        plain_arguments({"pooling": {"mean"}})


def test_series_that_were_read_from_a_frame_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"load": rng.normal(size=80), "hour": np.arange(80.0) % 24})
    made = [
        series_splits(data, target=["load"], window=4, horizon=2).description["checksum"]
        for data in (frame, frame.copy(), frame + 1e-9, frame[["hour", "load"]])
    ]
    assert made[0] == made[1]
    assert len(set(made)) == 3


@pytest.mark.slow
def test_a_finished_search_gives_its_result_again(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(epochs=2, batch_size=512, tensorboard=False)
    options: dict[str, Any] = {"max_trials": 2, "config": config, "refit": "train+validation"}
    save = Checkpoint.on_epoch_end

    def stop(self: Checkpoint, epoch: int, logs: Any = None) -> None:
        save(self, epoch, logs)
        if self.path.parent.name == "best":
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "on_epoch_end", stop)
    with pytest.raises(KeyboardInterrupt):
        search(splits, tmp_path / "search", **options)
    monkeypatch.setattr(Checkpoint, "on_epoch_end", save)
    monkeypatch.setattr(trial_runs, "fit", None)  # no trial is run again
    with np.load(tmp_path / "search" / "best" / "checkpoint.npz") as kept:
        first_epoch = json.loads(kept["state"].tobytes())["history"]
    found = search(splits, tmp_path / "search", **options, resume=True)
    assert len(found.best.history) == found.best.best_epoch == 2
    assert found.best.history[:1] == first_epoch  # its seconds too: it was not trained again
    monkeypatch.setattr(trainer, "fit", None)
    again = search(splits, tmp_path / "search", **options, resume=True)
    for name in ("arguments", "config", "objective", "score", "trials", "directory"):
        assert getattr(again, name) == getattr(found, name)
    for name in ("history", "metrics", "best_epoch", "stop_reason", "seconds", "directory", "gradients"):
        assert getattr(again.best, name) == getattr(found.best, name)
    for one, other in zip(again.best.model.get_weights(), found.best.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_keras_tuner_registers_what_is_named_by_one_method() -> None:
    """The method of Keras Tuner's own through which ``rnnzoo_tuning.trial_parameters`` draws values."""
    assert list(inspect.signature(keras_tuner.HyperParameters._register).parameters) == [
        "self",
        "hyperparameter",
        "overwrite",
    ]
