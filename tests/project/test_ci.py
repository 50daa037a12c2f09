"""Truth of ``rnnzoo``: the checks in .ci that are no tests themselves."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from built_distributions import metadata


@pytest.fixture
def range_of_keras(project: Path) -> str:
    return (project / ".ci" / "keras_range").read_text(encoding="utf-8")


def test_keras_is_admitted_as_far_as_it_was_tested(project: Path, range_of_keras: str) -> None:
    oldest, newest = (
        re.search(rf"^{word}=(\d+)\.(\d+)\.\d+$", range_of_keras, flags=re.MULTILINE)
        for word in ("oldest", "newest")
    )
    assert oldest
    assert newest
    (bounds,) = [line for line in metadata(project)["dependencies"] if re.match(r"keras[<>=]", line)]
    assert bounds == f"keras>={oldest[1]}.{oldest[2]},<{newest[1]}.{int(newest[2]) + 1}"


def test_the_tests_for_keras_exist(project: Path, range_of_keras: str) -> None:
    tests = re.findall(r"(tests/[\w/]+(?:\.py)?)(?:::(\w+))?", range_of_keras)
    assert len(tests) > 15
    for path, name in tests:
        assert (project / path).exists(), path
        assert not name or f"def {name}(" in (project / path).read_text(encoding="utf-8"), name


@pytest.fixture
def other_pythons(project: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("other_pythons", str(project / ".ci" / "other_pythons"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("other_pythons", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


def put_python(folder: Path, minor: int, line: str) -> Path:
    """Writes a command that prints a line, or fails as that of a version manager without a version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python3.{minor}"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


def test_other_pythons_are_found_on_the_path_and_with_a_version_manager(
    other_pythons: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = sys.version_info.minor
    first, second = [minor for minor in (12, 13, 14) if minor != own][:2]
    shims, system, kept = tmp_path / "shims", tmp_path / "system", tmp_path / "pyenv" / "versions"
    put_python(shims, first, "echo 'command not found' >&2; exit 127")
    put_python(shims, own, f"echo 3 {own}")
    put_python(shims, 15, "echo 3 11")
    found = put_python(system, first, f"echo 3 {first}")
    put_python(kept / "one" / "bin", first, f"echo 3 {first}")
    managed = put_python(kept / "two" / "bin", second, f"echo 3 {second}")
    manager = put_python(system, 0, f"echo {tmp_path / 'pyenv'}").rename(system / "pyenv")
    monkeypatch.setenv("PATH", f"{shims}:{system}")
    assert other_pythons.other_pythons() == {first: found, second: managed}
    manager.unlink()
    found.unlink()
    assert other_pythons.other_pythons() == {}


def test_only_a_missing_wheel_excuses_a_python(other_pythons: ModuleType) -> None:
    missing = "ERROR: No matching distribution found for tensorflow>=2.21\n"
    assert other_pythons.without_wheel(missing) == "tensorflow>=2.21"
    assert other_pythons.without_wheel("error: subprocess-exited-with-error") is None


def test_the_pythons_that_are_named_are_those_that_are_looked_for(
    other_pythons: ModuleType, project: Path
) -> None:
    least = re.fullmatch(r">=3\.(\d+)", metadata(project)["requires-python"])
    assert least
    assert other_pythons.MINORS.start == int(least[1]) == min(other_pythons.named_pythons())
    page = (project / "docs" / "installation.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| Python \| (.*) \|$", page, flags=re.MULTILINE)
    assert {int(minor) for minor in re.findall(r"3\.(\d+)", row)} == other_pythons.named_pythons()
