"""Truth of ``rnnzoo.cli.own_code``: packages of one's own are imported first, and only those that are named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from rnnzoo.cli.own_code import import_options
from serving_client import running

#: Says when it is imported, and whether TensorFlow was there before it.
PACKAGE = """
import sys

from rnnzoo.errors import RnnzooError

sys.stderr.write(f"imported {__name__}, tensorflow {'tensorflow' in sys.modules}\\n")
"""
COMMANDS = {
    "serve": ("serve", "nowhere"),
    "predict": ("predict", "nowhere", "a text"),
    "export": ("export", "nowhere", "--out", "bundle"),
    "train": ("train", "no-such-model", "--data", "digits", "--out", "run"),
    "tune": ("tune", "no-such-model", "--data", "digits", "--out", "search"),
    "evaluate": ("evaluate", "nowhere"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that holds a package, a module in it, and a package that cannot be imported."""
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "cells.py").write_text(PACKAGE)
    (tmp_path / "broken.py").write_text("raise RuntimeError('not\\ntoday')\n")
    return tmp_path


def rnnzoo(folder: Path, *arguments: str, command: Sequence[str] = ("-m", "rnnzoo")) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, *command, *arguments], cwd=folder, capture_output=True, text=True, timeout=200
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_packages_are_imported_before_anything_is_loaded(command: str, folder: Path) -> None:
    code, error = rnnzoo(folder, *COMMANDS[command], "--import", "my_package", "--import", "my_package.cells")
    lines = error.splitlines()
    heavy = command not in ("serve", "predict")
    if heavy:
        assert lines.pop(0) == "starting TensorFlow and importing my_package, my_package.cells"
    assert lines[:2] == [
        f"imported my_package, tensorflow {heavy}",
        f"imported my_package.cells, tensorflow {heavy}",
    ]
    assert code == 2
    assert len(lines) == 3
    assert lines[2].startswith("error: ")
    assert ("no-such-model" if command in ("train", "tune") else "nowhere") in lines[2]


def test_the_installed_command_finds_the_current_directory_too(folder: Path) -> None:
    # A script has its own directory on the path, not the current one.
    script = folder / "bin" / "rnnzoo"
    script.parent.mkdir()
    script.write_text("from rnnzoo.cli import main\nmain()\n")
    _, error = rnnzoo(folder, "serve", "nowhere", "--import", "my_package", command=[str(script)])
    assert error.startswith("imported my_package, tensorflow False\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "my_packag",
            "error: --import: received 'my_packag', which cannot be imported (ModuleNotFoundError: No module named "
            "'my_packag'); expected a module that is installed or lies in the current directory. Run the command from "
            "the directory that holds it, or install it.\n",
        ),
        (
            "broken",
            "error: --import: received 'broken', which cannot be imported (RuntimeError: not today); expected a module "
            "that is installed or lies in the current directory. Run the command from the directory that holds it, or "
            "install it.\n",
        ),
        (
            "my_package/cells.py",
            "error: --import: received 'my_package/cells.py'; expected the name of a module as in Python, such as "
            "my_package or my_package.cells.\n",
        ),
    ],
)
def test_what_cannot_be_imported_is_one_line(name: str, message: str, folder: Path) -> None:
    assert rnnzoo(folder, "serve", "nowhere", "--import", name) == (2, message)


def test_the_server_imports_it_and_loads_no_tensorflow(
    folder: Path, digits_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "noted.py").write_text(
        "import atexit, pathlib, sys\n"
        "note = pathlib.Path(__file__).with_suffix('.txt')\n"
        "note.write_text('imported')\n"
        "atexit.register(lambda: note.write_text(' '.join(sorted(sys.modules))))\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    with running(digits_bundle, "series-classifier-gru", "--import", "noted") as server:
        assert (folder / "noted.txt").read_text() == "imported"
        assert httpx.get(f"{server.url}/v2/health/ready", timeout=10).json() == {"ready": True}
    loaded = (folder / "noted.txt").read_text().split()
    assert "rnnzoo_export.serving.server" in loaded
    assert {"tensorflow", "keras"}.isdisjoint(loaded)


def test_next_commands_name_the_packages_too() -> None:
    assert import_options(["my_package", "other.cells"]) == " --import my_package --import other.cells"
    assert import_options(None) == ""
