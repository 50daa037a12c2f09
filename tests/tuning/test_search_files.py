"""Truth of ``rnnzoo_tuning.search_files``: files of a search are kept up to date, and written anew from its study."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hand_made_search import ADAM, MODEL, done, failed, write_search
from rnnzoo import TrainConfig, load_dataset
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning import Choice, SearchSpace, run_search
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.search_files import SearchFiles, write_report
from rnnzoo_tuning.trial_records import EndedTrial

OBJECTIVE = Monitor("val_accuracy", "max")


def ended(number: int, score: float | None, reason: str = "", **values: Any) -> EndedTrial:
    status = "failed" if score is None else "done"
    return EndedTrial(number, status, score, values, 0.0, reason)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Time that passes as it is told."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr("rnnzoo_tuning.search_files.time.perf_counter", lambda: now.seconds)
    return now


def test_the_report_of_a_finished_search_is_written_once_and_what_killed_workers_left_is_deleted(
    tmp_path: Path,
) -> None:
    root = write_search(tmp_path / "search", done(0.5, **ADAM), finished=True)
    old = [root / f".{name}" for name in ("trials.partial-01.json", "search.partial-02.png")]
    new = root / ".report.partial-03.html"
    for path in (*old, new):
        path.write_text("x")
    for path in old:
        os.utime(path, (time.time() - 100,) * 2)
    files = SearchFiles(root, MODEL)
    files.close(TrialTable(OBJECTIVE, enabled=False))
    assert [path for path in root.glob(".*") if path.is_file()] == [new]
    written = (root / "report.html").stat().st_mtime_ns
    files.close(TrialTable(OBJECTIVE, enabled=False))
    assert (root / "report.html").stat().st_mtime_ns == written
    os.utime(root / "report.html", ns=(written, written - 10**12))  # as of a search that was killed then
    files.close(TrialTable(OBJECTIVE, enabled=False))
    assert (root / "report.html").stat().st_mtime_ns > written


def test_the_table_is_kept_after_each_trial_and_the_picture_in_its_share(clock: Any, tmp_path: Path) -> None:
    files = SearchFiles(tmp_path, "mine")
    table = TrialTable(OBJECTIVE, enabled=False, keep=files.write)
    table.start([], planned=3)
    trials = [ended(0, None, "OOM", rate=0.1)]
    table.update(trials)
    assert not (tmp_path / "search.png").exists()
    for number, score in enumerate((0.5, 0.6), 1):
        trials.append(ended(number, score, rate=0.1 * number))
        table.update(trials)
        kept = json.loads((tmp_path / "trials.json").read_text())
        assert kept["model"] == "mine"
        assert kept["trials"] == table.rows
    assert not (tmp_path / "search.png").exists()
    clock.seconds = 60.0
    files.write(table)
    drawn = (tmp_path / "search.png").stat().st_mtime_ns
    files._drawing, files._next_drawing = 0.5, 0.25
    clock.seconds = 149.0
    files.write(table)
    assert (tmp_path / "search.png").stat().st_mtime_ns == drawn
    clock.seconds = 150.0
    files.write(table)
    assert (tmp_path / "search.png").stat().st_mtime_ns > drawn


def test_the_report_is_written_in_its_share(clock: Any, tmp_path: Path) -> None:
    root = write_search(tmp_path / "search", done(0.5, **ADAM))
    files = SearchFiles(root, MODEL)
    table = TrialTable(OBJECTIVE, enabled=False)
    table.start([ended(0, 0.5, **ADAM)], planned=3)
    clock.seconds = 199.0
    files.write(table)
    assert not (root / "report.html").exists()
    clock.seconds = 200.0
    files.write(table)
    written = (root / "report.html").stat().st_mtime_ns
    files._reporting, files._next_report = 3.0, 1.5
    clock.seconds = 449.0
    files.write(table)
    assert (root / "report.html").stat().st_mtime_ns == written
    clock.seconds = 450.0
    files.write(table)
    assert (root / "report.html").stat().st_mtime_ns > written


def test_a_report_that_fails_ends_no_search(tmp_path: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"report.html: not written \(PathNotFoundError: .* holds no search.json"
    ):
        SearchFiles(tmp_path, "mine").report()


def test_all_is_written_anew_from_the_study(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search", done(0.5, **ADAM), failed("OOM", **ADAM))
    assert write_report(root) == root / "report.html"
    before = {name: (root / name).read_bytes() for name in ("trials.json", "search.png", "report.html")}
    assert [row["status"] for row in json.loads(before["trials.json"])["trials"]] == ["done", "failed"]
    for name in before:
        (root / name).unlink()
    write_report(root)
    assert {name: (root / name).read_bytes() for name in before} == before


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of two trials."""
    folder = tmp_path_factory.mktemp("search") / "search"
    run_search(
        MODEL,
        load_dataset("digits"),
        space=SearchSpace(model={"units": Choice((2, 3))}, training={}),
        config=TrainConfig(epochs=2, batch_size=512),
        max_trials=2,
        directory=folder,
        progress=False,
    )
    return folder


def test_a_search_leaves_what_is_written_anew(search: Path, tmp_path: Path) -> None:
    root = tmp_path / "search"
    shutil.copytree(search, root)
    left = {name: (root / name).read_bytes() for name in ("trials.json", "report.html")}
    write_report(root)
    assert {name: (root / name).read_bytes() for name in left} == left
    assert b'alt="Learning curves"' in left["report.html"]
    assert b"The search is finished." in left["report.html"]


def answer(address: str) -> Any:
    """What a server says that is starting."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                return json.load(response)
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.mark.slow
def test_the_dashboard_of_optuna_opens_the_study(search: Path) -> None:
    """The command that the guide names, on a search that has ended."""
    pytest.importorskip("optuna_dashboard")
    start = (
        "from importlib.metadata import entry_points\n"
        "next(iter(entry_points(group='console_scripts', name='optuna-dashboard'))).load()()"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = (f"sqlite:///{search / 'study.db'}", "--host", "127.0.0.1", "--port", port, "--server", "wsgiref")
    with subprocess.Popen([sys.executable, "-c", start, *words]) as server:
        try:
            studies = answer(f"http://127.0.0.1:{port}/api/studies")["study_summaries"]
            (found,) = (study for study in studies if study["study_name"] == "search")
            detail = answer(f"http://127.0.0.1:{port}/api/studies/{found['study_id']}?after=0")
            assert [trial["state"] for trial in detail["trials"]] == ["Complete", "Complete"]
        finally:
            server.terminate()
