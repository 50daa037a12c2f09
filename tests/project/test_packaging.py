"""Truth of ``rnnzoo``: its distributions, what they hold, and that the wheel works where there is nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from built_distributions import build, create_environment, metadata, run

PACKAGES = ("rnnzoo", "tuning/rnnzoo_tuning", "export/rnnzoo_export")
# What the source distribution holds besides pyproject.toml.
FOLDERS = ("rnnzoo", "tuning", "export", "tests", "docs", "findings", ".ci")
FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")
EXTRAS = {"tables", "postgresql", "grpc", "test", "dev"}


def files(folder: Path) -> set[str]:
    """All files below, without what Python, tests and builds leave behind."""
    left = re.compile(r"__pycache__|\.py[co]$|_cache/|\.egg-info|(^|/)(build|dist|runs|\.hypothesis)/")
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not left.search(name)}


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: Path, project: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    assert "rnnzoo = rnnzoo.cli:main" in entry
    sources = {f"{Path(path).name}/{name}" for path in PACKAGES for name in files(project / path)}
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert "rnnzoo_export/serving/page_files/index.html" in sources
    for package in PACKAGES:
        assert f"{Path(package).name}/py.typed" in sources


def test_the_source_distribution_holds_what_the_tree_holds(unpacked: Path, project: Path) -> None:
    there = {f"{top}/{name}" for top in FOLDERS for name in files(project / top)}
    there |= {name for name in FILES if (project / name).is_file()}
    assert files(unpacked) - {"pyproject.toml", "PKG-INFO", ".gitignore"} == there
    assert {"docs/installation.md", "tests/conftest.py", ".ci/run", "LICENSE"} <= there
    assert any(name.startswith("findings/") for name in there)


def test_the_source_distribution_builds_the_same_wheel(unpacked: Path, wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(build(unpacked, "wheel", tmp_path)) as other:
        assert {file.filename: file.CRC for file in other.infolist()} == {
            file.filename: file.CRC for file in one.infolist()
        }


def test_the_extras_are_those_of_the_documentation(project: Path) -> None:
    assert set(metadata(project)["optional-dependencies"]) == EXTRAS
    page = (project / "docs" / "installation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == EXTRAS


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_wheel_works_whole_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    commands = create_environment(tmp_path / "venv", [str(wheel)])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    checks = run(commands / "rnnzoo", "doctor", "--json", cwd=folder)
    assert checks.returncode == 0, checks.stdout + checks.stderr
    assert {row["status"] for row in json.loads(checks.stdout)} == {"ok"}
    assert (
        "No broken requirements found." in run(commands / "python", "-m", "pip", "check", cwd=folder).stdout
    )
    summary = run(commands / "rnnzoo", "quickstart", "--json", cwd=folder, timeout=600)
    assert summary.returncode == 0, summary.stderr
    assert json.loads(summary.stdout)["test"]["accuracy"] >= 0.95
    assert (folder / "rnnzoo-quickstart" / "report.html").is_file()


def test_the_version_is_written_once(project: Path, wheel: Path) -> None:
    command = [sys.executable, "-c", "import rnnzoo; print(rnnzoo.__version__)"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert wheel.name == f"rnnzoo-{version}-py3-none-any.whl"
    changelog = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d\S*) - \d{4}-\d{2}-\d{2}$", changelog, flags=re.MULTILINE)[0] == version
