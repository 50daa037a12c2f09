"""Truth of ``rnnzoo.cli.worker_processes``: several processes of one machine search together, and end together."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from command_line import refused
from rnnzoo.cli import worker_processes

TUNE = (
    "tune",
    "series-classifier-gru",
    "--data",
    "digits",
    "--no-baselines",
    "--no-bundle",
    "--algorithm",
    "random",
)
PATIENCE = 240


def started(folder: Path, *options: str, trials: int = 8) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "rnnzoo",
        *TUNE,
        "--out",
        "search",
        "--max-trials",
        str(trials),
        *options,
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workers(folder: Path) -> list[int]:
    """The processes that have begun trials."""
    try:
        with sqlite3.connect(folder / "search" / "study.db") as study:
            rows = study.execute(
                "select value_json from trial_user_attributes where key = 'worker'"
            ).fetchall()
        study.close()
    except sqlite3.OperationalError:  # there are no tables yet
        return []
    return [json.loads(text)["pid"] for (text,) in rows]


def wait_for_both(folder: Path) -> tuple[int, int]:
    """Waits until two workers have begun trials; returns the later one's process and the first one's."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        found = list(dict.fromkeys(workers(folder)))
        if len(found) == 2:
            return found[1], found[0]
        time.sleep(0.05)
    log = folder / "search" / "worker-2.log"
    raise AssertionError(f"there are no two workers: {log.read_text() if log.exists() else 'no log'}")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / "search" / "trials.json").read_text())["trials"]
    return rows


def test_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes, "_cores", lambda: 9)
    environment = {"OMP_NUM_THREADS": "3"}
    monkeypatch.setattr(os, "environ", environment)
    worker_processes.share_cores(1)
    assert environment == {"OMP_NUM_THREADS": "3"}
    worker_processes.share_cores(2)
    assert environment == {
        "OMP_NUM_THREADS": "3",  # what the user has set
        "TF_NUM_INTRAOP_THREADS": "4",
        "TF_NUM_INTEROP_THREADS": "4",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }


def test_there_is_one_worker_at_least(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    error = refused(capsys, *TUNE, "--out", tmp_path / "search", "--workers", "0")
    assert error == "error: workers: received 0; expected an integer of at least 1.\n"
    (tmp_path / "config.yaml").write_text("search: {workers: many}")
    error = refused(capsys, *TUNE, "--out", tmp_path / "search", "--config", tmp_path / "config.yaml")
    assert error == "error: workers: received 'many'; expected an integer of at least 1.\n"


@pytest.mark.slow
def test_two_workers_run_each_trial_once(tmp_path: Path) -> None:
    process = started(tmp_path, "--workers", "2", "--epochs", "4")
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    rows = rows_of(tmp_path)
    assert sorted(row["trial"] for row in rows) == list(range(1, 9))
    assert all(row["status"] == "done" and row["score"] > 0 for row in rows)
    assert sum(line.startswith("trial ") for line in told.splitlines()) == 8, "rows of all are printed"
    ran = Counter(workers(tmp_path))
    assert len(ran) == 2
    assert ran.total() == 9  # with the training of the best
    assert "signal" not in told
    assert (tmp_path / "search" / "worker-2.log").read_text() == "reading the data and starting TensorFlow\n"


@pytest.mark.slow
def test_a_search_goes_on_where_a_worker_dies(tmp_path: Path) -> None:
    process = started(tmp_path, "--workers", "2", "--epochs", "4")
    other, _ = wait_for_both(tmp_path)
    os.kill(other, signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    (line,) = [line for line in told.splitlines() if line.startswith("worker 2")]
    assert line == (
        "worker 2 was killed by signal 9: the others go on with its trial; its log is search/worker-2.log"
    )
    rows = rows_of(tmp_path)
    assert sorted(row["trial"] for row in rows) == list(range(1, 9))
    assert {row["status"] for row in rows} == {"done"}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_all_workers_end_with_the_first(how: signal.Signals, tmp_path: Path) -> None:
    process = started(tmp_path, "--workers", "2", "--epochs", "4", trials=20)
    other, first = wait_for_both(tmp_path)
    assert first == process.pid
    process.send_signal(how)
    _, told = process.communicate(timeout=90)
    until = time.monotonic() + 15
    while psutil.pid_exists(other) and psutil.Process(other).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it outlives the first one"
        time.sleep(0.1)
    assert "Traceback" not in told
    assert "worker 2" not in told
    if how == signal.SIGKILL:
        assert process.returncode == -how
        return
    assert process.returncode == 128 + how
    advice = (
        f"every finished trial is kept; to go on: rnnzoo {' '.join(TUNE)} --out search --max-trials 20 --workers 2 "
        "--epochs 4 --resume"
    )
    assert told.endswith((f"{advice}\n", f"{advice}\n\n", f"{advice}\nstopped\n")), told


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_the_command_that_goes_on_works(how: signal.Signals, tmp_path: Path) -> None:
    process = started(tmp_path, "--epochs", "2", "--force", trials=3)
    until = time.monotonic() + 90
    while len(workers(tmp_path)) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(how)
    _, told = process.communicate(timeout=90)
    assert process.returncode == 128 + how, told
    (line,) = [line for line in told.splitlines() if "to go on: " in line]
    words = line.partition("to go on: rnnzoo ")[2].split()
    assert "--force" not in words
    again = subprocess.run(
        [sys.executable, "-m", "rnnzoo", *words], cwd=tmp_path, timeout=PATIENCE, check=False
    )
    assert again.returncode == 0
    assert [row["trial"] for row in rows_of(tmp_path)] == [1, 2, 3]
