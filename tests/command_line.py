"""The command, in a process of its own or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnnzoo.cli.app import run


def rnnzoo(
    *arguments: str | Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rnnzoo", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=200,
        env={**os.environ, **environment},
    )


def ok(*arguments: str | Path, **options: str) -> str:
    result = rnnzoo(*arguments, **options)
    assert result.returncode == 0, result.stderr
    assert "absl" not in result.stderr + result.stdout
    assert "Traceback" not in result.stderr
    return result.stdout


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that is wrong says, run in this process, which is quicker than in one of its own."""
    capsys.readouterr()
    assert run([str(argument) for argument in arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    return error
