"""Software of others, each in an environment of its own; a test that needs it is skipped where it cannot be had."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest

from built_distributions import own_environment


def environment(folder: Path, *packages: str) -> Path:
    """Makes an environment with these packages in a folder and returns the folder of its commands."""
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *packages], capture_output=True, text=True, env=own_environment())
    if done.returncode:
        pytest.skip(f"{' '.join(packages)} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return folder / "bin"
