"""Truth of ``rnnzoo_tuning.study``: the trials of a search, whoever runs them and however often they stop."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import keras_tuner
import optuna
import pytest

from rnnzoo.errors import RunError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning import study
from rnnzoo_tuning.study import RunningTrial, SearchStudy, storage_of

MAX = Monitor("val_accuracy", "max")


def opened(folder: Path, algorithm: str = "random", **options: Any) -> SearchStudy:
    arguments: dict[str, Any] = {"pruner": None, "epochs": 9, "seed": 0, **options}
    return SearchStudy(storage_of(folder / "study.db"), MAX, algorithm=algorithm, **arguments)


def draw(hp: keras_tuner.HyperParameters) -> float:
    hp.Choice("kind", ["a", "b"])
    return float(hp.Float("rate", 0.0, 1.0, step=0.25))


def begun(search: SearchStudy, max_trials: int = 9) -> RunningTrial:
    trial = search.next_trial(max_trials, draw)
    assert trial is not None
    draw(trial.parameters)
    trial.keep_values()
    return trial


def run(search: SearchStudy, max_trials: int = 9) -> RunningTrial:
    trial = begun(search, max_trials)
    trial.done(float(trial.parameters.get("rate")), pruned=False, seconds=1.5)
    return trial


def test_a_trial_is_what_was_kept_of_it(tmp_path: Path) -> None:
    search = opened(tmp_path)
    done = run(search)
    pruned = begun(search)
    pruned.report(0.3, 1)
    pruned.report(0.2, 2)
    pruned.done(0.3, pruned=True, seconds=0.5)
    begun(search).failed("OOM")
    first, second, third = opened(tmp_path).ended()
    assert (first.status, first.score, first.seconds) == ("done", done.parameters.get("rate"), 1.5)
    assert first.values == done.parameters.values
    assert (second.status, second.score, second.number) == ("pruned", 0.3, 1)
    assert (third.status, third.score, third.reason) == ("failed", None, "OOM")
    assert set(third.values) == {"kind", "rate"}


@pytest.mark.parametrize("algorithm", ["random", "tpe", "nsga2", "grid"])
def test_what_is_drawn_follows_from_seed_and_answers(algorithm: str, tmp_path: Path) -> None:
    values = []
    for name, reopened in (("whole", False), ("reopened", True)):
        (tmp_path / name).mkdir()
        search = opened(tmp_path / name, algorithm)
        for _ in range(9):
            search = opened(tmp_path / name, algorithm) if reopened else search
            run(search)
        values.append([trial.values for trial in search.ended()])
    assert values[0] == values[1]
    (tmp_path / "other").mkdir()
    other = opened(tmp_path / "other", algorithm, seed=1)
    for _ in range(9):
        run(other)
    assert ([trial.values for trial in other.ended()] == values[0]) == (algorithm == "grid")


def test_a_grid_ends_where_all_combinations_are_tried(tmp_path: Path) -> None:
    search = opened(tmp_path, "grid")
    for _ in range(10):
        run(search, 99)
    assert search.next_trial(99, draw) is None
    found = [(trial.values["kind"], trial.values["rate"]) for trial in search.ended()]
    assert found == [(kind, rate) for kind in "ab" for rate in (0.0, 0.25, 0.5, 0.75, 1.0)]


def test_a_trial_that_is_stopped_is_taken_up_as_it_was(tmp_path: Path) -> None:
    search = opened(tmp_path)
    run(search)
    stopped = begun(search)
    with pytest.raises(KeyboardInterrupt), stopped.alive():
        raise KeyboardInterrupt
    assert len(search.ended()) == 1
    again = begun(search, max_trials=2)
    assert again.origin == stopped.origin
    assert again.parameters.values == stopped.parameters.values
    again.done(0.5, pruned=False, seconds=1.0)
    assert search.next_trial(2, draw) is None
    assert [trial.number for trial in search.ended()] == [0, 1]


def test_the_trials_of_living_workers_are_left_to_them(tmp_path: Path) -> None:
    search, other = opened(tmp_path), opened(tmp_path)
    trial = begun(search, 2)
    assert begun(other, 2).origin != trial.origin
    assert other.next_trial(2, draw) is None
    assert other.others_run()
    with trial.alive():  # it shows that it lives
        assert other.next_trial(2, draw) is None


def test_a_trial_without_a_sign_of_life_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "HEARTBEAT", 1)
    monkeypatch.setattr(study, "GRACE", 1)
    search = opened(tmp_path)
    trial = begun(search, 1)
    trial._trial.set_user_attr("worker", {"host": "another", "pid": 1, "born": 0})
    search._storage.record_heartbeat(trial._trial._trial_id)
    assert search.next_trial(1, draw) is None
    monkeypatch.setattr(search._storage, "_get_stale_trial_ids", lambda _: [trial._trial._trial_id])
    again = search.next_trial(1, draw)
    assert again is not None
    assert again.origin == trial.origin
    # The other one lived after all: its answer comes too late.
    assert trial.report(0.9, 1)
    trial.keep_values()
    assert not trial.done(1.0, pruned=False, seconds=1.0)
    assert not trial.failed("OOM")
    assert again.done(0.5, pruned=False, seconds=1.0)
    assert [found.score for found in search.ended()] == [0.5]


def test_a_worker_of_this_machine_is_known_to_be_dead() -> None:
    process = subprocess.Popen(["sleep", "60"])
    worker = {"host": socket.gethostname(), "pid": process.pid, "born": study._born(process.pid)}
    assert not study._is_dead(worker)
    assert not study._is_dead(study._worker())
    process.kill()
    process.wait()
    assert study._is_dead(worker)
    # Another process may have got its number.
    assert study._is_dead({**worker, "pid": os.getpid()}) == (study._born(os.getpid()) is not None)
    assert not study._is_dead({**worker, "host": "another"})
    assert not study._is_dead(None)


def test_one_too_many_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search, other = opened(tmp_path), opened(tmp_path)
    seen = search._trials()
    begun(other, 1)
    trials = search._trials
    answers = [seen, seen, seen]  # of the three looks before it begins one
    monkeypatch.setattr(search, "_trials", lambda: answers.pop() if answers else trials())
    assert search.next_trial(1, draw) is None  # both saw none
    monkeypatch.undo()
    assert len(search._trials()) == 1
    states = [trial.state for trial in search._study.get_trials()]
    assert states == [optuna.trial.TrialState.RUNNING, optuna.trial.TrialState.FAIL]


@pytest.mark.parametrize("storage", ["nonsense", "sqlite:////nowhere/at/all/study.db", "mysterysql://x/y"])
def test_what_cannot_be_opened_is_told(storage: str) -> None:
    with pytest.raises(RunError) as error:
        SearchStudy(storage, MAX, algorithm="random", pruner=None, epochs=1, seed=0)
    assert str(error.value).startswith(f"{storage}: cannot be opened as the study of a search (")
    assert str(error.value).endswith(
        "); expected a database that Optuna can write. Check the address, the space on the disk and the rights, or "
        "start a new search in another directory."
    )
