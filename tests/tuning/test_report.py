"""Truth of ``rnnzoo_tuning.report``: what a search says while it runs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rnnzoo.errors import RunError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning import report
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.trial_records import EndedTrial

OBJECTIVE = Monitor("val_accuracy", "max")


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


def test_values_of_choices_are_told_as_they_are() -> None:
    table = TrialTable(OBJECTIVE, enabled=False, choices={"units", "pooling"})
    trial = ended(0, 0.5, units="[8, 8]", pooling='"mean"', rate=0.1)
    table.start(
        [dataclasses.replace(trial, measures={"parameters": 14857.0, "size_mb": 0.123456})], planned=1
    )
    assert table.rows[0] == {
        "trial": 1,
        "status": "done",
        "score": 0.5,
        "seconds": 0.0,
        "parameters": 14857,
        "size_mb": 0.1235,
        "units": [8, 8],
        "pooling": "mean",
        "rate": 0.1,
    }
    assert table.best_place == 1


def test_of_many_refused_points_in_a_row_few_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialTable(OBJECTIVE, enabled=True)
    trials: list[EndedTrial] = []
    for number in range(112):
        if number == 105:
            trials.append(ended(number, 0.5))
        else:
            trials.append(EndedTrial(None, "refused", None, {}, 0.0, f"size_mb {number}", origin=number))
        table.update(trials)
    assert [
        line.removeprefix("trial -/0  refused: size_mb ").strip()
        for line in capsys.readouterr().err.splitlines()
    ] == [
        *map(str, range(5)),
        "49    (50 in a row)",
        "99    (100 in a row)",
        "trial 106/0  val_accuracy 0.5000  best so far  0.0 s",
        *map(str, range(106, 111)),
    ]


def test_where_the_same_is_trained_with_several_seeds_no_line_names_the_best(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = TrialTable(OBJECTIVE, enabled=True, word="confirming")
    table.start([], planned=2)
    table.update([ended(0, 0.5, candidate="trial 3", seed=1), ended(1, 0.4, candidate="default", seed=1)])
    assert capsys.readouterr().err.splitlines() == [
        "confirming 1/2  val_accuracy 0.5000  0.0 s  candidate=trial 3  seed=1",
        "confirming 2/2  val_accuracy 0.4000  0.0 s  candidate=default  seed=1",
    ]


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


def test_what_limits_refuse_is_no_cause_of_failed_trials() -> None:
    table = TrialTable(OBJECTIVE, enabled=False)
    refused = [EndedTrial(None, "refused", None, {}, 0.0, "size_mb 2 > 1", origin=n) for n in range(3)]
    table.start([*refused, ended(3, None, "OOM")], planned=2)
    with pytest.raises(RunError, match="none of 1 trials ended well; all said: OOM"):
        table.best_trial()


def test_a_failed_trial_is_told_with_its_own_reason(capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialTable(OBJECTIVE, enabled=True)
    table.start([], planned=2)
    table.update([ended(0, None, "OOM"), ended(1, None, "too wide")])  # one of them of another worker
    assert capsys.readouterr().err.splitlines() == [
        "trial 1/2  failed: OOM  ",
        "trial 2/2  failed: too wide  ",
    ]


@pytest.mark.parametrize(
    ("values", "apart"),
    [
        ([32.0, 64.0], True),
        ([0.0, 1e-4, 1e-2], False),
        ([8.0], True),
        ([0.05234, 0.05728, 0.05921, 0.06128], False),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], False),
    ],
)
def test_values_have_ticks_of_their_own_where_these_do_not_overlap(values: list[float], apart: bool) -> None:
    table = TrialTable(OBJECTIVE, enabled=False)
    table.start([ended(n, 0.5 + n / 99, width=value) for n, value in enumerate(values)], planned=9)
    panel = report.search_figure(table).axes[1]
    assert (list(panel.get_xticks()) == values) == apart
