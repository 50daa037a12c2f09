"""Truth of ``rnnzoo_tuning.report``: what a search says while it runs, and the files that it keeps up to date."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rnnzoo.errors import RunError
from rnnzoo_tuning import report
from rnnzoo_tuning.report import SearchFiles, TrialTable

OBJECTIVE = ("val_accuracy", "max")


def ended(score: float | None, message: str = "", **values: Any) -> Any:
    return SimpleNamespace(
        status="FAILED" if score is None else "COMPLETED",
        score=score,
        message=message,
        hyperparameters=SimpleNamespace(values={"tuner/epochs": 1, **values}),
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Time that passes as it is told."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr("rnnzoo_tuning.report.time.perf_counter", lambda: now.seconds)
    return now


def test_each_line_says_what_is_left(clock: Any, capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialTable(OBJECTIVE, enabled=True)
    table.start([ended(0.5, rate=0.1)], planned=4)
    for score, seconds in ((0.7, 4.0), (None, 2.0), (0.6, 600.0)):
        clock.seconds += seconds
        table.add(ended(score, "ValueError: too wide", rate=0.2))
    assert capsys.readouterr().err.splitlines() == [
        "trial 2/4  val_accuracy 0.7000  best so far  4.0 s, 8 s left  rate=0.2",
        "trial 3/4  failed: ValueError: too wide  rate=0.2",
        "trial 4/4  val_accuracy 0.6000  best 0.7000 (trial 2)  600.0 s  rate=0.2",
    ]
    assert [row["seconds"] for row in table.rows] == [None, 4.0, 2.0, 600.0]


@pytest.mark.parametrize(("seconds", "words"), [(20, "20 s"), (200, "3 min"), (9000, "2.5 h")])
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, words: str) -> None:
    assert report._duration(seconds) == words


def test_where_all_fail_the_most_frequent_cause_is_named() -> None:
    table = TrialTable(OBJECTIVE, enabled=False)
    table.start([ended(None, "OOM"), ended(None, "Traceback\nValueError: too wide")], planned=3)
    table.add(ended(None, "OOM"))
    with pytest.raises(RunError) as error:
        table.best_trial()
    assert str(error.value) == (
        "search: none of 3 trials ended well; 2 of them said: OOM. Correct that, or narrow the search space."
    )
    alike = TrialTable(OBJECTIVE, enabled=False)
    alike.start([ended(math.nan), ended(math.nan)], planned=2)
    with pytest.raises(RunError, match="none of 2 trials ended well; all said: the objective was not finite"):
        alike.best_trial()


def test_the_table_is_kept_after_each_trial_and_the_picture_in_its_share(clock: Any, tmp_path: Path) -> None:
    files = SearchFiles(tmp_path, "mine")
    table = TrialTable(OBJECTIVE, enabled=False, keep=files.write)
    table.start([], planned=3)
    table.add(ended(None, "OOM", rate=0.1))
    assert not (tmp_path / "search.png").exists()
    for number, score in enumerate((0.5, 0.6), 2):
        table.add(ended(score, rate=0.1 * number))
        kept = json.loads((tmp_path / "trials.json").read_text())
        assert kept["model"] == "mine"
        assert kept["trials"] == table.rows
    drawn = (tmp_path / "search.png").stat().st_mtime_ns
    files._drawing = 1.0
    clock.seconds = 99.0
    files.write(table)
    assert (tmp_path / "search.png").stat().st_mtime_ns == drawn
    clock.seconds = 100.0
    files.write(table)
    assert (tmp_path / "search.png").stat().st_mtime_ns > drawn
