"""Truth of ``rnnzoo_tuning.report``: what a search says while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from rnnzoo.errors import RunError
from rnnzoo_tuning import report
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.trial_records import EndedTrial

OBJECTIVE = ("val_accuracy", "max")


def ended(
    number: int, score: float | None, reason: str = "", *, seconds: float = 0.0, **values: Any
) -> EndedTrial:
    status = "failed" if score is None else "done"
    return EndedTrial(number, status, score, values, seconds, reason, origin=number)


def test_each_line_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialTable(OBJECTIVE, enabled=True)
    trials = [ended(0, 0.5, seconds=2.0, rate=0.1)]
    table.start(trials, planned=4)
    for number, (score, seconds) in enumerate(((0.7, 4.0), (None, 0.0), (0.6, 600.0)), 1):
        trials.append(ended(number, score, "ValueError: too wide", seconds=seconds, rate=0.2))
        table.update(trials)
    assert capsys.readouterr().err.splitlines() == [
        "trial 2/4  val_accuracy 0.7000  best so far  4.0 s, 6 s left  rate=0.2",
        "trial 3/4  failed: ValueError: too wide  rate=0.2",
        "trial 4/4  val_accuracy 0.6000  best 0.7000 (trial 2)  600.0 s  rate=0.2",
    ]
    table.update(trials)
    assert capsys.readouterr().err == ""
    assert [row["seconds"] for row in table.rows] == [2.0, 4.0, 0.0, 600.0]


def test_trials_that_were_pruned_are_second_to_whole_ones() -> None:
    table = TrialTable(OBJECTIVE, enabled=False)
    pruned = EndedTrial(1, "pruned", 0.9, {}, 1.0, "")
    table.start([pruned], planned=2)
    assert table.best_trial() == pruned
    table.update([ended(0, 0.8), pruned])
    assert table.best_trial().number == 0
    assert table.best_row == 0


@pytest.mark.parametrize(("seconds", "words"), [(20, "20 s"), (200, "3 min"), (9000, "2.5 h")])
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, words: str) -> None:
    assert report._duration(seconds) == words


def test_where_all_fail_the_most_frequent_cause_is_named() -> None:
    table = TrialTable(OBJECTIVE, enabled=False)
    table.start(
        [ended(0, None, "OOM"), ended(1, None, "ValueError: too wide"), ended(2, None, "OOM")], planned=3
    )
    with pytest.raises(RunError) as error:
        table.best_trial()
    assert str(error.value) == (
        "search: none of 3 trials ended well; 2 of them said: OOM. Correct that, or narrow the search space."
    )
    alike = TrialTable(OBJECTIVE, enabled=False)
    alike.start([ended(0, None, "OOM"), ended(1, None, "OOM")], planned=2)
    with pytest.raises(RunError, match="none of 2 trials ended well; all said: OOM"):
        alike.best_trial()


def test_a_failed_trial_is_told_with_its_own_reason(capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialTable(OBJECTIVE, enabled=True)
    table.start([], planned=2)
    table.update([ended(0, None, "OOM"), ended(1, None, "too wide")])  # one of them of another worker
    assert capsys.readouterr().err.splitlines() == [
        "trial 1/2  failed: OOM  ",
        "trial 2/2  failed: too wide  ",
    ]
