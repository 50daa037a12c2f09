"""Truth of ``tests/long_tests.txt``: what it leaves to the slow suite is there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from conftest import LONG_TESTS


def test_every_line_names_a_test_once_in_order(project: Path) -> None:
    lines = LONG_TESTS.read_text(encoding="utf-8").splitlines()
    assert lines == sorted({*lines})
    for line in lines:
        path, *_, name = line.partition("[")[0].split("::")
        tree = ast.parse((project / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name.rpartition(".")[2] in functions, line


def test_what_is_named_is_slow(request: pytest.FixtureRequest) -> None:
    long = {*LONG_TESTS.read_text(encoding="utf-8").splitlines()}
    named = [item for item in request.session.items if item.nodeid in long]
    assert all(item.get_closest_marker("slow") for item in named)
