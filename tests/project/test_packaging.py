"""Truth of ``rnnzoo``.

The wheel: its contents, that it works from anywhere, and that it serves without TensorFlow.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(project),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_holds_the_three_packages_and_nothing_else(wheel: Path, project: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "rnnzoo",
        "rnnzoo_tuning",
        "rnnzoo_export",
    }
    assert "rnnzoo = rnnzoo.cli:main" in entry
    sources = {
        path.relative_to(top).as_posix()
        for top, package in (
            (project, "rnnzoo"),
            (project / "tuning", "rnnzoo_tuning"),
            (project / "export", "rnnzoo_export"),
        )
        for path in (top / package).rglob("*")
        if path.is_file() and path.suffix in (".py", ".pyi", ".html", ".json", ".typed")
    }
    packed = {name for name in names if ".dist-info" not in name}
    assert packed == sources
    assert "rnnzoo_export/serving/page.html" in packed
    assert "rnnzoo/py.typed" in packed


@pytest.fixture(scope="module")
def serving_python(wheel: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a virtual environment with what serving needs, as the README says to make it."""
    folder = tmp_path_factory.mktemp("serving") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    extras = tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for arguments in (extras["serve"], ["--no-deps", str(wheel)]):
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, capture_output=True, text=True)
    return python


def test_it_predicts_and_serves_where_there_is_no_tensorflow(
    serving_python: Path, digits_bundle: Path, tmp_path: Path
) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import importlib.util, json, sys\n"
        "from rnnzoo_export import OnnxPredictor\n"
        "answers = OnnxPredictor(sys.argv[1]).predict([[[0.5 * i] * 8 for i in range(8)]] * 2)\n"
        "names = ('tensorflow', 'keras', 'tf2onnx', 'onnx', 'pandas', 'sklearn', 'matplotlib')\n"
        "found = [n for n in names if importlib.util.find_spec(n)]\n"
        "print(json.dumps({'found': found, 'labels': [a['label'] for a in answers]}))\n"
    )
    result = subprocess.run(
        [str(serving_python), str(script), str(digits_bundle)], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["found"] == []
    assert len(set(answer["labels"])) == 1
    command = [str(serving_python), "-m", "rnnzoo", "serve", str(digits_bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        assert server.stderr is not None
        assert "serving series-classifier-gru at http://127.0.0.1:" in server.stderr.readline()
        server.terminate()
        assert server.wait(20) == 0
    command = [
        str(serving_python),
        "-m",
        "rnnzoo",
        "predict",
        str(digits_bundle),
        json.dumps([[0.0] * 8] * 8),
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr


def test_names_are_typed_and_version_is_one(project: Path) -> None:
    for marker in ("rnnzoo", "tuning/rnnzoo_tuning", "export/rnnzoo_export"):
        assert (project / marker / "py.typed").is_file()
