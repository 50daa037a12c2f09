"""Truth of ``rnnzoo``.

The README is true: its Python runs, and its commands exist.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    return (project / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


# Translators, transcribers and language models learn for a minute.
_LONG = ("running_text_splits", "pair_splits", "audio_splits")


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["first", "whole"])
def test_the_python_path_runs_as_it_stands(readme: str, tmp_path: Path, whole: bool) -> None:
    parts = blocks(readme, "python")
    script = tmp_path / "path.py"
    script.write_text("\n".join(part for part in parts if whole or not any(word in part for word in _LONG)))
    result = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert result.returncode == 0, result.stderr
    assert "accuracy" in result.stdout
    assert "probability" in result.stdout
    assert ("perplexity" in result.stdout) == whole


@pytest.mark.slow
def test_the_articles_example_runs(readme: str, tmp_path: Path) -> None:
    if not os.environ.get("RNNZOO_DATA"):
        pytest.skip("RNNZOO_DATA is not set: AG News is not there")
    (example,) = blocks(readme, "py")
    assert len([line for line in example.splitlines() if line.strip()]) <= 11
    script = tmp_path / "news.py"
    script.write_text(example.replace("epochs=10", "epochs=1"))
    result = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=280
    )
    assert result.returncode == 0, result.stderr
    assert "accuracy" in result.stdout


def test_every_command_and_option_exists(readme: str) -> None:
    text = "".join(blocks(readme, "bash")).replace("\\\n", " ").replace("&&", "\n")
    seen = set()
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or not words[0].endswith("rnnzoo") or len(words) < 2:
            continue
        result = subprocess.run(
            [sys.executable, "-m", "rnnzoo", words[1], "--help"], capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, line
        for word in words[2:]:
            if word.startswith("--"):
                assert word in result.stdout, line
        seen.add(words[1])
    assert {"quickstart", "train", "tune", "export", "predict", "serve", "recipes", "run", "datasets"} <= seen


def test_the_two_commands_come_first_and_ci_runs_the_second(readme: str, project: Path) -> None:
    first, second = (block.strip() for block in blocks(readme, "bash")[:2])
    assert first.endswith("rnnzoo quickstart")
    steps = [step.strip() for step in second.split("&&")]
    script = (project / ".ci" / "run").read_text()
    for step in steps:
        command = step.replace("pip install", "pip install --quiet --disable-pip-version-check")
        assert command in script, step


def test_links_lead_somewhere(readme: str, project: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert target.startswith("https://") or (project / target).exists(), target
