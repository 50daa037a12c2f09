"""Truth of ``rnnzoo_tuning.study`` and ``rnnzoo_tuning.trial_records``: trials, whoever runs them."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras_tuner
import optuna
import pytest
import sqlalchemy

from rnnzoo.errors import RunError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning import running_trial, study
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import storage_of, without_warnings
from rnnzoo_tuning.trial_records import TrialScore

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
    trial.done(TrialScore(float(trial.parameters.get("rate")), pruned=False, seconds=1.5))
    return trial


def test_a_trial_is_what_was_kept_of_it(tmp_path: Path) -> None:
    search = opened(tmp_path)
    done = run(search)
    pruned = begun(search)
    pruned.report(0.3, 1)
    pruned.report(0.2, 2)
    pruned.done(TrialScore(0.3, pruned=True, seconds=0.5))
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
    again.done(TrialScore(0.5, pruned=False, seconds=1.0))
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
    assert not trial.done(TrialScore(1.0, pruned=False, seconds=1.0))
    assert not trial.failed("OOM")
    assert again.done(TrialScore(0.5, pruned=False, seconds=1.0))
    assert [found.score for found in search.ended()] == [0.5]


def test_one_too_many_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search, other = opened(tmp_path), opened(tmp_path)
    seen = search._trials()
    begun(other, 1)
    trials = search._trials
    answers = [seen]  # of the look before it begins one
    monkeypatch.setattr(search, "_trials", lambda: answers.pop() if answers else trials())
    assert search.next_trial(1, draw) is None  # both saw none
    monkeypatch.undo()
    assert len(search._trials()) == 1
    states = [trial.state for trial in search._study.get_trials()]
    assert states == [optuna.trial.TrialState.RUNNING, optuna.trial.TrialState.FAIL]


def test_the_settings_of_a_study_are_compared(tmp_path: Path) -> None:
    opened(tmp_path).agree({"seed": 1, "space": {"rate": [1, 2]}})
    opened(tmp_path).agree({"seed": 1, "space": {"rate": (1, 2)}})
    with pytest.raises(RunError) as error:
        opened(tmp_path).agree({"seed": 2, "space": {"rate": [1, 3]}})
    assert str(error.value) == (
        "study search: cannot resume: seed differs: it was 1, now 2; space differs: rate was [1, 2], now [1, 3]. "
        "Resume with the settings it was started with, or start a new search under another name."
    )


@pytest.mark.parametrize("algorithm", ["random", "grid"])
def test_what_two_workers_take_up_at_the_same_time_is_run_once(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, other = opened(tmp_path, algorithm), opened(tmp_path, algorithm)
    stopped = begun(search)
    search._study.tell(stopped._trial, state=optuna.trial.TrialState.FAIL)
    for worker in (search, other):  # both see that it failed before either has put it in line
        monkeypatch.setattr(worker, "_trials", functools.partial(list, worker._trials()))
    search._take_up_dead()
    other._take_up_dead()
    monkeypatch.undo()
    again = begun(search, 2)
    assert again.origin == stopped.origin
    assert begun(other, 2).origin != stopped.origin
    assert other.next_trial(2, draw) is None


def test_two_workers_try_other_combinations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search, other = opened(tmp_path, "grid"), opened(tmp_path, "grid")
    assert search._enqueue_combination(draw)
    monkeypatch.setattr(other, "_trials", list)
    assert other._enqueue_combination(draw)  # the same: it sees none yet
    monkeypatch.undo()
    values = [begun(worker).parameters.values for worker in (search, other)]
    assert values == [{"kind": "a", "rate": 0.0}, {"kind": "a", "rate": 0.25}]


def test_a_worker_that_dies_before_its_first_sign_of_life_is_given_time(tmp_path: Path) -> None:
    search, other = opened(tmp_path), opened(tmp_path)
    with without_warnings():
        trial = search._study.ask()
    assert other.next_trial(1, draw) is None
    heartbeat = sqlalchemy.text("select count(*) from trial_heartbeats")
    with other._storage.engine.connect() as connection:
        assert connection.execute(heartbeat).scalar() == 1
    assert other._unsigned == {trial.number}


def test_what_cannot_be_opened_is_told() -> None:
    with pytest.raises(RunError) as error:
        SearchStudy("sqlite:////nowhere/at/all/study.db", MAX)
    assert str(error.value) == (
        "/nowhere/at/all/study.db: cannot be used as the study of a search (unable to open database file); expected a "
        "database that Optuna can read and write. Check the space on the disk and the rights, or start a new search in "
        "another directory; trials that ended are kept: resume the search once it can be written."
    )


def test_a_worker_that_is_stopped_waits_for_no_locked_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_trial, "_PATIENCE", 0.2)
    address = storage_of(tmp_path / "study.db")
    mine, other = (SearchStudy(address, Monitor("val_accuracy", "max")) for _ in range(2))
    trial = mine.next_trial(2, lambda hp: None)
    assert trial is not None

    def interrupted() -> None:
        with trial.alive():
            raise KeyboardInterrupt

    with contextlib.closing(sqlite3.connect(tmp_path / "study.db")) as another:
        another.execute("begin immediate")  # it writes, or was stopped while it did
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert time.monotonic() - began < 5
    while (again := other.next_trial(1, lambda hp: None)) is None:  # it is left as soon as that one is done
        assert time.monotonic() - began < 60
        time.sleep(0.1)
    assert again.origin == trial.origin


DIES = """
import os, sys
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import storage_of
search = SearchStudy(sys.argv[1], Monitor("val_accuracy", "max"), algorithm=sys.argv[2])
search._storage.record_heartbeat = lambda number: os._exit(9)  # the first thing after a trial is there
search.next_trial(9, lambda hp: (hp.Choice("kind", ["a", "b"]), hp.Float("rate", 0.0, 1.0, step=0.25)))
"""


@pytest.mark.parametrize("algorithm", ["random", "grid"])
def test_a_trial_whose_worker_died_as_it_began_is_taken_up_at_once(algorithm: str, tmp_path: Path) -> None:
    search = opened(tmp_path, algorithm)
    run(search)
    arguments = [sys.executable, "-c", DIES, storage_of(tmp_path / "study.db"), algorithm]
    for _ in range(2):  # a new trial, then one that was put in line again
        assert subprocess.run(arguments, check=False).returncode == 9
    assert [run(search).origin for _ in range(2)] == [1, 4]
    assert [trial.number for trial in search.ended()] == [0, 1, 2]
