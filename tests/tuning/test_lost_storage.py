"""Truth of ``rnnzoo_tuning.study_storage``: a search that cannot be kept says so, and goes on later."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy

from command_line import rnnzoo
from rnnzoo.errors import RunError
from rnnzoo_tuning.study_storage import StudyPlace, is_lost, study_place, told_if_lost

TUNE = ("tune", "series-classifier-gru", "--data", "digits", "--no-baselines", "--no-bundle", "--epochs", "3")
LOST = (
    sqlalchemy.exc.OperationalError("insert", {}, Exception("database or disk is full")),
    optuna.exceptions.StorageInternalError("An exception is raised during the commit."),
    OSError(errno.ENOSPC, "No space left on device"),
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_what_ends_a_search_is_told(error: Exception, tmp_path: Path) -> None:
    assert is_lost(error)
    outer = ValueError("a model")
    outer.__context__ = error
    assert is_lost(outer)
    with (
        pytest.raises(RunError, match="resume the search") as caught,
        told_if_lost(tmp_path, place(tmp_path)),
    ):
        raise error
    assert str(tmp_path) in str(caught.value)


def place(folder: Path) -> StudyPlace:
    return study_place(folder, None, None)


def test_other_errors_are_those_of_a_trial(tmp_path: Path) -> None:
    for error in (ValueError("a"), RunError("b"), OSError(errno.ENOENT, "c"), MemoryError()):
        assert not is_lost(error)
        with pytest.raises(type(error)) as caught, told_if_lost(tmp_path, place(tmp_path)):
            raise error
        assert caught.value is error


def refused(disk: Path, *options: str, code: int) -> str:
    result = rnnzoo(*TUNE, "--out", disk / "search", "--max-trials", "2", *options)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert "trial 1" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_what_cannot_be_written_is_told_before_the_first_trial(disk: Path) -> None:
    remount(disk, "ro")
    said = f"error: {disk}/search: cannot be written (Read-only file system); expected a directory with space"
    assert refused(disk, code=1).startswith(said)
    remount(disk, "rw")
    fill(disk)
    assert "No space left on device" in refused(disk, code=1)
    unfill(disk)
    (disk / "search").mkdir(exist_ok=True)
    (disk / "search" / "search.json").write_text("{}")
    (disk / "search" / "study.db").write_text("{" * 200)
    assert "study.db: cannot be used as the study of a search" in refused(disk, "--resume", code=1)


@pytest.mark.slow
def test_an_unknown_objective_is_told_before_the_first_trial(tmp_path: Path) -> None:
    said = refused(tmp_path, "--set", "monitor=val_f9", code=2)
    assert "val_f9" in said
    assert not (tmp_path / "search").exists()


@pytest.mark.slow
def test_the_usual_error_is_told_where_all_trials_fail(tmp_path: Path) -> None:
    result = rnnzoo(*TUNE, "--out", tmp_path / "search", "--max-trials", "2", "--fix", "learning_rate=3e38")
    assert result.returncode == 1
    said = result.stderr.splitlines()[-1]
    assert said.startswith("error: search: none of 2 trials ended well; all said: RunError: ")
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_search_whose_disk_was_full_goes_on(disk: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rnnzoo", *TUNE, "--max-trials", "6", "--resume", "--out"]
    whole = subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        [*command, str(disk / "search")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while len(rows(disk)) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    fill(disk)
    _, told = process.communicate(timeout=200)
    text = told.decode()
    assert process.returncode == 1, text
    assert "Traceback" not in text
    assert "trials that ended are kept" in text.splitlines()[-1]
    assert 2 <= len(rows(disk)) < 6
    assert not [path for path in disk.rglob("*") if ".partial-" in path.name]
    unfill(disk)
    again = subprocess.run([*command, str(disk / "search")], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert rows(disk) == rows(tmp_path, "whole")


def rows(folder: Path, name: str = "search") -> list[dict[str, Any]]:
    path = folder / name / "trials.json"
    found = json.loads(path.read_text())["trials"] if path.exists() else []
    return [{key: value for key, value in row.items() if key != "seconds"} for row in found]


def fill(disk: Path) -> None:
    """Leaves no space, also not what is given back soon after."""
    with (disk / "filler").open("wb", buffering=0) as file:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            try:
                file.write(b"0" * 4096)
            except OSError:
                time.sleep(0.01)


def unfill(disk: Path) -> None:
    (disk / "filler").unlink()
