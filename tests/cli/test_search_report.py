"""Truth of ``rnnzoo.cli.search_report``: the report of a search is written anew by one option, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hand_made_search import ADAM, done, write_search
from rnnzoo.cli.app import run


def test_it_needs_no_model_and_starts_no_tensorflow(tmp_path: Path) -> None:
    root = write_search(tmp_path / "a search", done(0.5, curve=(0.4, 0.5), **ADAM), done(0.6, **ADAM))
    code = (
        "import sys; from rnnzoo.cli.app import run\n"
        f"assert run(['tune', '--report', {str(root)!r}]) == 0\n"
        "print([name for name in ('tensorflow', 'keras', 'keras_tuner') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [f"search '{root / 'report.html'}'", "[]"]
    assert {path.name for path in root.iterdir()} == {
        "report.html",
        "search.json",
        "search.png",
        "study.db",
        "trials.json",
    }


def test_it_is_told_as_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_search(tmp_path / "search", done(0.5, **ADAM))
    for options in (["--report", str(root), "--json"], ["--json", "--report", str(root)]):
        assert run(["tune", *options]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "directory": str(root),
            "report": str(root / "report.html"),
        }


def test_a_file_is_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "search.json").touch()
    assert run(["tune", "--report", str(tmp_path / "search.json")]) != 0
    assert "search.json: is a file; expected the directory of a search." in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_directory_without_a_search_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tune", "--report", str(tmp_path)]) != 0
    assert f"{tmp_path}: holds no search.json; expected the directory of a search." in " ".join(
        capsys.readouterr().err.split()
    )
    assert list(tmp_path.iterdir()) == []
