"""Truth of ``rnnzoo_tuning.trial_runs``: a search that is killed at any moment ends as one that is not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Notes each epoch once its checkpoint is written, and searches.
SEARCH = """
import os, sys
import numpy as np
from rnnzoo import Splits, TrainConfig
from rnnzoo.training.run.checkpoint import Checkpoint
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search

directory, algorithm, trials = sys.argv[1:]
save = Checkpoint.on_epoch_end

def noted(self, epoch, logs=None):
    save(self, epoch, logs)
    with open(directory + ".epochs", "a") as file:
        file.write(f"{self.path.parent.name} {epoch}\\n")

Checkpoint.on_epoch_end = noted
x = np.random.default_rng(0).normal(size=(160, 5, 3)).astype(np.float32)
splits = Splits.from_arrays(x, ["up" if row[-1, 0] > 0 else "down" for row in x])
run_search(
    "series-classifier-gru", splits, directory=directory, algorithm=algorithm, max_trials=int(trials), seed=3,
    space=SearchSpace(model={"units": Choice(((3,), (4,)))}, training={"learning_rate": Real(1e-3, 1e-1, log=True)}),
    config=TrainConfig(epochs=3, batch_size=32, tensorboard=False), resume=True,
    baseline_seconds=0, progress=False, bundle=False,
)
"""


def started(directory: Path, algorithm: str, trials: int) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("", "tuning", "export"))
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-c", SEARCH, str(directory), algorithm, str(trials)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(directory: Path, algorithm: str, trials: int) -> dict[str, Any]:
    """Runs a search to its end; returns what it left."""
    process = started(directory, algorithm, trials)
    _, told = process.communicate(timeout=600)
    assert process.returncode == 0, told.decode()[-2000:]
    rows = json.loads((directory / "trials.json").read_text())["trials"]
    assert not (directory / "running").exists()
    return {
        "rows": [{name: value for name, value in row.items() if name != "seconds"} for row in rows],
        "best": {
            part: scores
            for part, scores in json.loads((directory / "best" / "metrics.json").read_text()).items()
            if part in ("validation", "test", "best_epoch")
        },
    }


def epochs(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def sweep(folder: Path, algorithm: str, *, trials: int, kills: int, how: signal.Signals, seed: int) -> None:
    """Stops a search at random moments: each some time after a random number of epochs were noted."""
    whole = finished(folder / "whole", algorithm, trials)
    total, noted = len(epochs(folder / "whole.epochs")), folder / "killed.epochs"
    rng = random.Random(seed)
    for target in sorted(rng.sample(range(total - 1), kills)):
        process = started(folder / "killed", algorithm, trials)
        while process.poll() is None and len(epochs(noted)) < target:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.5))
        assert process.poll() is None, "it came to its end"
        process.send_signal(how)
        process.communicate(timeout=60)
    assert finished(folder / "killed", algorithm, trials) == whole
    counts = Counter(epochs(noted))
    assert max(counts.values()) == 1, "an epoch was run again after its checkpoint"


def test_a_search_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    sweep(tmp_path, "tpe", trials=8, kills=3, how=signal.SIGKILL, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("algorithm", ["random", "tpe", "grid"])
def test_a_search_that_is_killed_twenty_times_ends_as_one_that_is_not(algorithm: str, tmp_path: Path) -> None:
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        sweep(folder, algorithm, trials=12, kills=5, how=signal.SIGKILL, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_search_that_is_stopped_ends_as_one_that_is_not(how: signal.Signals, tmp_path: Path) -> None:
    sweep(tmp_path, "tpe", trials=8, kills=3, how=how, seed=2)


@pytest.mark.slow
def test_two_processes_share_one_search(tmp_path: Path) -> None:
    alone = finished(tmp_path / "alone", "random", 8)
    first = started(tmp_path / "shared", "random", 8)
    while not (tmp_path / "shared" / "study.db").exists():
        time.sleep(0.1)
    second = started(tmp_path / "shared", "random", 8)
    for process in (first, second):
        _, told = process.communicate(timeout=600)
        assert process.returncode == 0, told.decode()[-2000:]
    rows = json.loads((tmp_path / "shared" / "trials.json").read_text())["trials"]
    assert sorted(row["trial"] for row in rows) == list(range(1, 9))
    assert {row["status"] for row in rows} == {"done"}
    assert len(alone["rows"]) == 8
