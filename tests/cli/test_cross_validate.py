"""Truth of ``rnnzoo.cli.cross_validate``: folds of a file, by the column that names the groups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import ok, refused

TEXTS = ("cross-validate", "text-classifier-gru", "--text", "text", "--label", "label")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    lines = [f"a {('good', 'bad')[n % 2]} film,{('yes', 'no')[n % 2]},p{n // 4}" for n in range(48)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["text,label,patient", *lines]) + "\n")
    return path


@pytest.mark.slow
def test_a_file_is_cross_validated_by_group_and_its_runs_are_evaluated(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "cv"
    options = (*TEXTS, "--data", table, "--group", "patient", "--folds", "2", "--out", out, "--keep-runs")
    settings = ("--epochs", "1", "--set", "units=4", "--baseline-seconds", "20")
    printed = ok(*options, *settings)
    assert "Scores over 2 folds, mean ± standard deviation" in printed
    assert "In " in printed
    assert "folds the model is ahead of it." in printed
    again = json.loads(ok(*options, *settings, "--resume", "--json"))
    kept = json.loads((out / "results.json").read_text())
    assert again == {"directory": str(out), **kept}
    assert {row["fold"] for row in kept["folds"]} == {0, 1}
    # A kept run is scored on its own fold again.
    scores = json.loads(ok("evaluate", out / "fold-1", "--json"))
    assert scores["scores"]["accuracy"] == pytest.approx(kept["folds"][1]["scores"]["accuracy"])


def test_what_cannot_be_cut_into_folds_is_refused_before_anything_is_written(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cv"
    said = refused(capsys, "cross-validate", "forecaster-gru", "--data", table, "--out", out)
    assert said == (
        "error: data: received those of task 'forecasting', which follow each other in time; expected rows. A model of "
        "the future would be scored on the past: use a backtest with a rolling origin for them.\n"
    )
    said = refused(capsys, *TEXTS, "--data", table, "--test", table, "--out", out)
    assert said.startswith(
        f"error: --test: received '{table}'; expected none, for each fold is the test once."
    )
    said = refused(capsys, *TEXTS, "--data", table, "--group", "patients", "--out", out)
    assert "received 'patients'; did you mean 'patient'?" in said
    said = refused(capsys, *TEXTS, "--data", table, "--group", "patient", "--folds", "13", "--out", out)
    assert "received fewer than 13 groups of no, yes; expected 13 at least of every class" in said
    said = refused(capsys, *TEXTS, "--data", table, "--from-disk", "--out", out)
    assert "fold: received it with from_disk" in said
    assert not out.exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    said = refused(capsys, *TEXTS, "--data", table, "--out", tmp_path / "full")
    assert "holds files but no cross-validation" in said
