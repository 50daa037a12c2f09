"""Truth of ``rnnzoo``.

The README is short and true: its Python runs, its commands exist, its tables are what was measured.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_it_is_short(readme: str) -> None:
    assert len(readme.splitlines()) <= 200
    first, table, arrays, model = blocks(readme, "python")
    assert [len([line for line in part.splitlines() if line.strip()]) for part in (table, arrays)] == [6, 6]
    assert len(first.splitlines()) <= 12
    assert len([line for line in model.splitlines() if line.strip()]) <= 6


def test_its_python_runs_as_it_stands(readme: str, tmp_path: Path) -> None:
    script = tmp_path / "path.py"
    script.write_text("\n".join(blocks(readme, "python")))
    result = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert result.returncode == 0, result.stderr
    scores, answer, forecast, labels, proof = result.stdout.splitlines()[-5:]
    assert "'accuracy'" in scores
    assert "'probability'" in answer
    assert "'mae'" in forecast
    assert "'accuracy'" in labels
    assert re.fullmatch(r"1 \d\.\d+e-0[678]", proof)  # one LSTM operator
    assert (tmp_path / "run" / "report.html").is_file()


def test_every_command_and_option_exists(readme: str) -> None:
    text = "".join(blocks(readme, "bash")).replace("\\\n", " ").replace("&&", "\n")
    seen = set()
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or not words[0].endswith("rnnzoo") or len(words) < 2:
            continue
        told = ""
        screens = {"train": ["--help-data"], "tune": ["--help-data", "--help-search"]}
        for flag in ("--help", *screens.get(words[1], [])):
            asked = [sys.executable, "-m", "rnnzoo", words[1], flag]
            result = subprocess.run(asked, capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, line
            told += result.stdout
        for word in words[2:]:
            if word.startswith("--"):
                assert word in told, line
        seen.add(words[1])
    assert {"quickstart", "train", "export", "predict", "serve"} <= seen


def test_the_two_commands_come_first_and_ci_runs_the_second(readme: str, project: Path) -> None:
    first, second = (block.strip() for block in blocks(readme, "bash")[:2])
    assert first.endswith("rnnzoo quickstart")
    steps = [step.strip() for step in second.split("&&")]
    script = (project / ".ci" / "run").read_text()
    for step in steps:
        command = step.replace("pip install", "pip install --quiet --disable-pip-version-check")
        assert command in script, step


def test_its_tables_are_current(readme: str, project: Path) -> None:
    script = runpy.run_path(str(project / "docs" / "update_tables.py"))
    assert script["sources"](readme) == ["families", "export_speed.py"]
    assert script["current"](readme) == readme, "python docs/update_tables.py writes them"


def test_it_can_be_read_without_its_pictures(readme: str) -> None:
    pictures = re.findall(r"^!\[(.*)\]\((.*)\)$", readme, flags=re.MULTILINE)
    assert len(pictures) == readme.count("![") == 3
    assert all(len(alternative.split()) >= 5 for alternative, _ in pictures)


def test_links_lead_somewhere(readme: str, project: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert target.startswith("https://") or (project / target).exists(), target
