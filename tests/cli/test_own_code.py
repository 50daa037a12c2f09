"""Truth of ``rnnzoo.cli.own_code``: packages of one's own are imported first, and only those that are named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from advice import followed
from command_line import refused
from rnnzoo.cli.own_code import import_options, import_packages, server_packages
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.tasks import TASKS
from rnnzoo.training.run.run_directory import RunDirectory
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
    (tmp_path / "ended.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "lacking.py").write_text("import nowhere_at_all\n")
    (tmp_path / "unparsable.py").write_text("x = 1\nx = = 2\n")
    (tmp_path / "refused.py").write_text("import rnnzoo\n\nrnnzoo.register('cel', 'a', 1)\n")
    return tmp_path


def rnnzoo(folder: Path, *arguments: str, command: Sequence[str] = ("-m", "rnnzoo")) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, *command, *arguments], cwd=folder, capture_output=True, text=True, timeout=200
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


# All go the same way through the command line; each starts TensorFlow.
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in ("export", "tune", "evaluate") else [])
        for name in COMMANDS
    ],
)
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
            "error: --import: received 'broken', which raised RuntimeError: not today (broken.py:1); expected a module "
            "that can be imported. Correct it there.\n",
        ),
        (
            "ended",
            "error: --import: received 'ended', which raised SystemExit: 3 (ended.py:2); expected a module that can be "
            "imported. Correct it there.\n",
        ),
        (
            "lacking",
            "error: --import: received 'lacking', which raised ModuleNotFoundError: No module named 'nowhere_at_all' "
            "(lacking.py:1); expected a module that can be imported. Correct it there.\n",
        ),
        (
            "unparsable",
            "error: --import: received 'unparsable', which raised SyntaxError: invalid syntax (unparsable.py, line 2) "
            "(unparsable.py:2); expected a module that can be imported. Correct it there.\n",
        ),
        (
            "refused",
            "error: --import: received 'refused', which raised UnknownNameError: unknown kind: received 'cel'; did you "
            "mean 'cell'? expected one of builder, cell, decoding, model, pooling, preprocessing, reader, task. "
            "(refused.py:3); expected a module that can be imported. Correct it there.\n",
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


ROWS = """
import rnnzoo

def read_tides(*, seed=0):
    "Levels of the sea."
    return rnnzoo.Splits.from_arrays([[[n]] for n in range(40)], ["low", "high"] * 20, seed=seed)

rnnzoo.register("reader", "tides", read_tides)
arguments = {"num_features": 1, "num_classes": 2, "units": (2,)}
spec = rnnzoo.ModelSpec("tidal", "build_classifier", "classification", "the tide", arguments=arguments)
rnnzoo.register("model", "tidal", spec)
"""


@pytest.mark.slow
def test_models_and_datasets_list_what_a_package_registers(tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text(ROWS)

    def listed(*arguments: str) -> str:
        command = [sys.executable, "-m", "rnnzoo", *arguments, "--import", "rows"]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert found.returncode == 0, found.stderr
        return found.stdout

    assert [row["name"] for row in json.loads(listed("models", "tid*", "--json"))] == ["tidal"]
    assert "the tide" in listed("models", "tidal")
    own = json.loads(listed("datasets", "tid*", "--json"))
    assert [(row["name"], row["title"], row["present"]) for row in own] == [
        ("tides", "Levels of the sea.", "registered")
    ]
    assert "Levels of the sea." in listed("datasets", "tides")
    assert "tides" in listed("datasets")


@pytest.mark.parametrize("arguments", [("models", "my-own"), ("datasets", "my-own")])
def test_an_unknown_name_may_be_one_to_import(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, *arguments)
    assert error.endswith(", or pass --import with the package that registers it.\n")
    assert "--import" not in refused(capsys, *arguments, "--import", "json")


def test_a_server_imports_what_defines_its_classes_alone() -> None:
    class Own:
        """A preprocessing of a user."""

    assert server_packages(Own(), None, Own()) == [__name__]
    assert server_packages(DNAPreprocessing(), None) == []


def test_next_commands_name_the_packages_too() -> None:
    assert import_options(["my_package", "other.cells"]) == " --import my_package --import other.cells"
    assert import_options(None) == ""


def test_the_task_of_a_run_is_imported_as_advised(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "config.json").write_text('{"format_version": 1, "task": "own_classes"}')
    (folder / "my_tasks.py").write_text(
        "import rnnzoo\nfrom own_task import task_with\nrnnzoo.register('task', 'own_classes', task_with())\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    run = RunDirectory(folder / "run")
    try:
        followed(
            run.read_task,
            "needs the task 'own_classes', which is not registered here; expected the package that registers it to be "
            "imported before. Pass --import with its name, or import it.",
            lambda: import_packages(["my_tasks"]),
            run.read_task,
        )
    finally:
        TASKS.remove("own_classes")
        sys.modules.pop("my_tasks", None)
