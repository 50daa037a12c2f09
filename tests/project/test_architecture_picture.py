"""Truth of ``rnnzoo``: the picture of the packages is drawn from the imports as they are."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def script(project: Path) -> ModuleType:
    """The script that draws it."""
    spec = importlib.util.spec_from_file_location("architecture", project / "docs/pictures/architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_current(script: ModuleType) -> None:
    assert script.PICTURE.read_text(encoding="utf-8") == script.draw(), (
        "python docs/pictures/architecture.py draws it"
    )


def test_every_package_is_in_one_box(script: ModuleType) -> None:
    packages = [package for _, packages in script.GROUPS.values() for package in packages]
    assert len(set(packages)) == len(packages)
    assert {script.group_of(f"{package}.inner") for package in script.rules().ROOMS} == script.GROUPS.keys()
    with pytest.raises(KeyError, match=r"write its package into GROUPS of architecture.py"):
        script.group_of("rnnzoo.unheard")


@pytest.mark.slow
def test_the_picture_has_every_box_and_arrow_and_names_what_needs_no_tensorflow(script: ModuleType) -> None:
    picture = script.draw()
    arrows = script.imports()
    arrows = script.reduced({group: targets & script.GROUPS.keys() for group, targets in arrows.items()})
    assert picture.count("marker-end") == sum(map(len, arrows.values()))
    for group in script.GROUPS:
        assert f">{group}</text>" in picture
    light = re.findall(r'<g class="light"><rect [^>]*/>\n<text class="name" [^>]*>(\w+)</text>', picture)
    assert sorted(light) == ["bundle", "decoding", "ground", "inference", "preprocessing", "serving", "task"]


@pytest.mark.slow
def test_another_import_changes_the_picture(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    arrows = script.imports()
    monkeypatch.setattr(script, "imports", lambda: {**arrows, "serving": arrows["serving"] | {"graph"}})
    assert script.draw() != script.PICTURE.read_text(encoding="utf-8")


def test_the_examples_are_true(script: ModuleType) -> None:
    results = doctest.testmod(script)
    assert (results.failed, results.attempted) == (0, 3)
