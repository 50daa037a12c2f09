"""Truth of ``rnnzoo_tuning.result``: what the result of a search shows of itself in a notebook and in a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notebook_output import facts, shown, table
from rnnzoo import TrainConfig, TrainResult
from rnnzoo_tuning import SearchResult

TRIALS: list[dict[str, Any]] = [
    {"trial": 1, "status": "done", "score": 0.5, "seconds": 1.0, "units": 4},
    {
        "trial": 2,
        "status": "failed",
        "score": None,
        "seconds": 0.1,
        "units": 3,
        "reason": "ValueError: <units> & more",
    },
    {"trial": 3, "status": "done", "score": 0.75, "seconds": None, "units": 8},
]


@pytest.fixture
def result() -> SearchResult:
    best = TrainResult(
        model=None,  # nothing is asked of it
        history=[],
        metrics={},
        best_epoch=1,
        stop_reason="",
        seconds=0.0,
        directory=Path("search/best"),
    )
    return SearchResult(
        arguments={"units": 8, "dropout": 0.1},
        config=TrainConfig(epochs=7),
        objective="val_accuracy",
        score=0.75,
        best_trial=3,
        trials=TRIALS,
        best=best,
        directory=Path("search"),
    )


def test_the_best_trial_is_marked_and_failed_ones_say_why(result: SearchResult) -> None:
    tree = shown(result)
    assert facts(tree) == {
        "val_accuracy": "0.75",
        "trials": "3, 1 failed",
        "best trial": "3",
        "arguments": "units=8, dropout=0.1",
        "training": "epochs=7",
        "best run": "search/best",
    }
    first, failed, best = table(tree, "Trials")
    assert first == {
        "trial": "1",
        "status": "done",
        "score": "0.5",
        "seconds": "1",
        "units": "4",
        "reason": "",
    }
    assert (failed["score"], failed["reason"]) == ("", "ValueError: <units> & more")
    assert (best["trial"], best["best"]) == ("3 (best)", "yes")


def test_a_shell_shows_the_same_in_lines(result: SearchResult) -> None:
    lines = repr(result).splitlines()
    assert lines[:2] == ["Search", "  val_accuracy  0.75"]
    assert lines[-1].startswith("  3 (best)  done    0.75")
    assert len(lines) < 15
