"""Truth of ``rnnzoo.cli.search_goals`` and ``rnnzoo.cli.search_result``: limits and objectives by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import ok, refused
from rnnzoo.cli.search_goals import read_goals
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.measure_config import MeasureConfig

MODEL = "series-classifier-gru"
NOTHING = {"precision": None, "batch": None, "steps": None}


def test_options_win_over_the_file() -> None:
    kept = {"objectives": ["val_loss", "size_mb"], "constraints": {"size_mb": 2.0}, "measure": {"batch": 4}}
    assert read_goals(None, (), NOTHING, kept) == {
        "objectives": ["val_loss", "size_mb"],
        "constraints": {"size_mb": 2.0},
        "measure": MeasureConfig(batch=4),
    }
    found = read_goals(
        "accuracy, step_ms", ["size_mb=1", "latency_ms=0.5"], {**NOTHING, "precision": "float16"}, kept
    )
    assert found == {
        "objectives": ["accuracy", "step_ms"],
        "constraints": {"size_mb": 1.0, "latency_ms": 0.5},
        "measure": MeasureConfig(batch=4, precision="float16"),
    }


def test_nothing_is_measured_where_nothing_is_said() -> None:
    assert read_goals(None, (), NOTHING, {}) == {"objectives": None, "constraints": {}, "measure": None}


@pytest.mark.parametrize("text", ["latency_ms", "latency_ms=", "latency_ms=fast"])
def test_a_limit_is_a_number(text: str) -> None:
    with pytest.raises(ArgumentError, match=rf"received {text!r}.*Write e.g. --constraint latency_ms=2"):
        read_goals(None, [text], NOTHING, {})
    assert read_goals(None, ["latency_ms=2"], NOTHING, {})["constraints"] == {"latency_ms": 2.0}


def test_a_wrong_precision_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownNameError, match="weights_int8"):
        read_goals(None, (), {**NOTHING, "precision": "int8"}, {})


def test_the_command_searches_within_limits_and_says_it_all(tmp_path: Path) -> None:
    out = tmp_path / "search"
    options = ["--data", "digits", "--epochs", "1", "--max-trials", "2", "--no-baselines", "--fix", "depth=1"]
    limits = [
        "--constraint",
        "size_mb=0.03",
        "--objectives",
        "accuracy,parameters",
        "--fix",
        "batch_size=256",
    ]
    found = json.loads(ok("tune", MODEL, "--out", out, *options, *limits, "--json"))
    assert found["bundle"] == str(out / "bundle")
    assert (out / "bundle" / "model.onnx").is_file()
    assert found["measured"]["bundle"]["size_mb"] <= 0.033
    assert {row["status"] for row in found["trials"]} <= {"done", "refused"}
    assert found["front"][0]["score"] == max(row["score"] or 0 for row in found["trials"])
    again = ok("tune", MODEL, "--out", out, *options, *limits, "--resume")
    assert "Pareto front" in again
    assert f"bundle {out / 'bundle'}" in again
    assert "rnnzoo export" not in again
    config = (out / "config.yaml").read_text()
    assert "objectives: [val_accuracy, parameters]" in config


def test_a_limit_on_nothing_that_can_be_measured_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(
        capsys, "tune", MODEL, "--data", "digits", "--out", tmp_path / "no", "--constraint", "latency=2"
    )
    assert "did you mean 'latency_ms'" in told
    assert not (tmp_path / "no").exists()


def test_how_to_measure_is_refused_where_nothing_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("tune", MODEL, "--data", "digits", "--out", tmp_path / "no", "--measure-batch", "4")
    assert refused(capsys, *options) == (
        "error: measure: received batch where nothing is measured; expected a limit or a second objective. Add "
        "--constraint latency_ms=2, say, or leave it out.\n"
    )
    assert not (tmp_path / "no").exists()


def test_a_directory_that_holds_a_search_is_refused_with_the_options_that_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search.json").write_text("{}")
    assert refused(capsys, "tune", MODEL, "--data", "digits", "--out", tmp_path / "search") == (
        f"error: {tmp_path}/search: already holds a search; expected a new or empty directory. Choose another "
        "directory, resume the search, or overwrite it. (--resume goes on with it, --force overwrites)\n"
    )
