"""The wheel and the source distribution, built from the tree, and environments of their own to install them in."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def build(source: Path, kind: str, folder: Path) -> Path:
    """Builds a distribution (``wheel``, ``sdist``) and returns its file."""
    command = [
        sys.executable,
        "-m",
        "build",
        f"--{kind}",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (path,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(project, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def unpacked(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, built and unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(project, "sdist", folder / "file")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (root,) = (folder / "unpacked").iterdir()
    return root


def metadata(project: Path) -> dict[str, Any]:
    """What pyproject.toml says of the distribution."""
    table: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def own_environment() -> dict[str, str]:
    """The variables of this process without those that would let an installation see this checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def create_environment(folder: Path, *installs: Iterable[str]) -> Path:
    """Makes a virtual environment, runs each `pip install` in it and returns the folder of its commands."""
    venv.create(folder, with_pip=True)
    commands = folder / "bin"
    for arguments in installs:
        pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        result = subprocess.run([*pip, *arguments], capture_output=True, text=True, env=own_environment())
        assert result.returncode == 0, result.stderr
    return commands


def run(*command: str | Path, cwd: Path, timeout: float = 280) -> subprocess.CompletedProcess[str]:
    """Runs a command of an environment of its own."""
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, cwd=cwd, timeout=timeout, env=own_environment()
    )
