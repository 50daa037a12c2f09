"""Truth of ``rnnzoo_tuning.trial_runs``: a search that is killed at any moment ends as one that is not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rnnzoo import load_model
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.watching import interruption
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import storage_of
from rnnzoo_tuning.trial_records import TrialScore
from rnnzoo_tuning.trial_runs import TrialRunner, quick_collections

ROOT = Path(__file__).parents[2]
# Notes each epoch once its checkpoint is written, and searches.
SEARCH = """
import os, sys
from rnnzoo import TrainConfig, load_dataset
from rnnzoo.training.run.checkpoint import Checkpoint
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search

directory, algorithm, trials, refit = sys.argv[1:]
save = Checkpoint.on_epoch_end

def noted(self, epoch, logs=None):
    save(self, epoch, logs)
    with open(directory + ".epochs", "a") as file:
        file.write(f"{self.path.parent.name} {epoch}\\n")

Checkpoint.on_epoch_end = noted
run_search(
    "series-classifier-gru", load_dataset("digits"), directory=directory, algorithm=algorithm, max_trials=int(trials),
    space=SearchSpace(model={"units": Choice(((3,), (4,)))}, training={"learning_rate": Real(1e-3, 1e-1, log=True)}),
    config=TrainConfig(epochs=3, batch_size=256, tensorboard=False), seed=3, resume=True, refit=refit,
    baseline_seconds=0, progress=False, bundle=refit != "checkpoint",
)
"""


@dataclass(frozen=True)
class Searched:
    """A search on digits.

    Attributes:
        algorithm: Its algorithm.
        trials: How many trials it has.
        refit: Where the weights of the best model come from; with those of training anew there is a bundle.
    """

    algorithm: str = "tpe"
    trials: int = 12
    refit: str = "checkpoint"


def started(directory: Path, search: Searched) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("", "tuning", "export"))
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [
        sys.executable,
        "-c",
        SEARCH,
        str(directory),
        search.algorithm,
        str(search.trials),
        search.refit,
    ]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(directory: Path, search: Searched) -> dict[str, Any]:
    """Runs a search to its end; returns what it left."""
    process = started(directory, search)
    _, told = process.communicate(timeout=600)
    assert process.returncode == 0, told.decode()[-2000:]
    rows = json.loads((directory / "trials.json").read_text())["trials"]
    assert not (directory / "running").exists()
    assert not [path for path in directory.rglob(".*") if not is_young(path)]
    best = json.loads((directory / "best" / "metrics.json").read_text())
    return {
        "rows": [{name: value for name, value in row.items() if name != "seconds"} for row in rows],
        "best": {part: best[part] for part in ("validation", "test", "best_epoch")},
        "weights": [
            weight.tobytes() for weight in load_model(directory / "best" / "model.keras").get_weights()
        ],
        "report": "not finished" not in (directory / "report.html").read_text(),
        "bundle": sorted(path.name for path in (directory / "bundle").glob("*")),
    }


def is_young(path: Path) -> bool:
    """Whether another worker might still write a file that they all write."""
    return (
        path.name.startswith((".trials.", ".search.", ".report.")) and time.time() - path.stat().st_mtime < 60
    )


def epochs(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def sweep(folder: Path, search: Searched, *, kills: int, how: signal.Signals, seed: int) -> None:
    """Stops a search at random moments: each some time after a random number of epochs were noted."""
    whole = finished(folder / "whole", search)
    total, noted = len(epochs(folder / "whole.epochs")), folder / "killed.epochs"
    rng = random.Random(seed)
    for target in sorted(rng.sample(range(total - 1), kills)):
        process = started(folder / "killed", search)
        wait_for_epochs(process, noted, target)
        time.sleep(rng.uniform(0.0, 0.5))
        assert process.poll() is None, "it came to its end"
        process.send_signal(how)
        process.communicate(timeout=60)
    assert finished(folder / "killed", search) == whole
    assert_no_epoch_twice(noted)


def wait_for_epochs(process: subprocess.Popen[bytes], noted: Path, target: int) -> None:
    while process.poll() is None and len(epochs(noted)) < target:
        time.sleep(0.01)


def assert_no_epoch_twice(noted: Path) -> None:
    assert max(Counter(epochs(noted)).values()) == 1, "an epoch was run again after its checkpoint"


def test_a_search_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    sweep(tmp_path, Searched(), kills=3, how=signal.SIGKILL, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("algorithm", ["random", "tpe", "grid"])
def test_a_search_that_is_killed_twenty_times_ends_as_one_that_is_not(algorithm: str, tmp_path: Path) -> None:
    sweep(tmp_path, Searched(algorithm), kills=20, how=signal.SIGKILL, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_search_that_is_stopped_ends_as_one_that_is_not(how: signal.Signals, tmp_path: Path) -> None:
    sweep(tmp_path, Searched(), kills=8, how=how, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_search_that_is_killed_while_its_best_model_is_made_ends_as_one_that_is_not(tmp_path: Path) -> None:
    """At 21 moments from the end of its last trial: training anew, scores, export and proof, measures, report."""
    search, rng = Searched(trials=2, refit="train+validation"), random.Random(4)
    process = started(tmp_path / "begun", search)
    wait_for_epochs(process, tmp_path / "begun.epochs", 3 * search.trials)
    process.kill()
    process.communicate()
    began = time.monotonic()
    whole = finished(copied(tmp_path, "whole"), search)
    took = time.monotonic() - began
    killed = 0
    for place in range(7):
        folder = copied(tmp_path, str(place))
        for share in sorted(rng.uniform(0.3, 1.0) for _ in range(3)):
            process = started(folder, search)
            try:
                process.communicate(timeout=share * took)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed += 1
        assert finished(folder, search) == whole
        assert_no_epoch_twice(tmp_path / f"{place}.epochs")
    assert killed > 10


def copied(folder: Path, name: str) -> Path:
    """Copies a search that was begun, with the note of its epochs."""
    shutil.copytree(folder / "begun", folder / name)
    shutil.copy(folder / "begun.epochs", folder / f"{name}.epochs")
    return folder / name


@pytest.mark.parametrize(
    "error", [SystemError("error return without exception set"), TypeError("Failed to convert elements")]
)
def test_what_ctrl_c_becomes_in_a_trial_is_no_failure(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is the cause, and where nothing tells but the signal that came."""
    study = SearchStudy(storage_of(tmp_path / "study.db"), Monitor("val_accuracy", "max"))

    def problem(hp: Any) -> Any:
        if isinstance(error, SystemError):
            raise error from KeyboardInterrupt()
        monkeypatch.setattr(interruption, "STOPPING", stopping)
        raise error

    stopping = threading.Event()
    stopping.set()
    runner = TrialRunner(
        trained=SimpleNamespace(draw=lambda hp: None, problem=problem), study=study, directory=tmp_path
    )
    with pytest.raises(KeyboardInterrupt):
        runner.run(1)
    assert not study.ended()


def test_files_of_a_failed_trial_that_is_tried_again_are_left_alone(tmp_path: Path) -> None:
    study = SearchStudy(storage_of(tmp_path / "study.db"), Monitor("val_accuracy", "max"))
    trial = study.next_trial(1, lambda hp: None)
    assert trial is not None
    assert trial.failed("OOM")
    runner = TrialRunner(trained=SimpleNamespace(draw=lambda hp: None), study=study, directory=tmp_path)
    files = tmp_path / "running" / "00000"
    files.mkdir(parents=True)
    study.retry_failed()
    again = study.next_trial(1, lambda hp: None)  # of another worker, say
    assert again is not None
    runner._keep_best()
    assert files.is_dir()
    assert again.done(TrialScore(0.5))
    runner._keep_best()
    assert not files.exists()


@pytest.mark.slow
def test_short_trials_are_not_collected_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(seconds=0.0, collected=-1)  # once before the first trial

    def collect() -> None:
        now.collected += 1
        now.seconds += 0.05

    nothing = SimpleNamespace(collect=collect, freeze=lambda: None, unfreeze=lambda: None)
    monkeypatch.setattr("rnnzoo_tuning.trial_runs.time", SimpleNamespace(perf_counter=lambda: now.seconds))
    monkeypatch.setattr("rnnzoo_tuning.trial_runs.gc", nothing)
    with quick_collections() as between:
        for trial_seconds, trials, expected in ((1.0, 25, 3), (60.0, 10, 13)):
            for _ in range(trials):
                now.seconds += trial_seconds
                between()
            assert now.collected == expected


def test_two_processes_share_one_search(tmp_path: Path) -> None:
    search = Searched("random", trials=8)
    alone = finished(tmp_path / "alone", search)
    first = started(tmp_path / "shared", search)
    while not (tmp_path / "shared" / "study.db").exists():
        time.sleep(0.1)
    second = started(tmp_path / "shared", search)
    for process in (first, second):
        _, told = process.communicate(timeout=600)
        assert process.returncode == 0, told.decode()[-2000:]
    rows = json.loads((tmp_path / "shared" / "trials.json").read_text())["trials"]
    assert sorted(row["trial"] for row in rows) == list(range(1, 9))
    assert {row["status"] for row in rows} == {"done"}
    assert len(alone["rows"]) == 8
