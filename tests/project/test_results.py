"""Truth of ``rnnzoo``: the tables of the pages are what was measured, and what the code says."""

from __future__ import annotations

import doctest
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [
    path.relative_to(DOCS).as_posix()
    for path in sorted(DOCS.rglob("*.md"))
    if "<!-- table: " in path.read_text(encoding="utf-8")
]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What the script that writes the tables defines."""
    return runpy.run_path(str(DOCS / "update_tables.py"))


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_a_page_are_current(page: str, script: dict[str, Any]) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert script["current"](text) == text, "python docs/update_tables.py writes them"
    assert all(table.count("\n|") > 2 for table in text.split("<!-- table: ")[1:])


def test_every_benchmark_that_prints_a_table_is_on_a_page(script: dict[str, Any], project: Path) -> None:
    shown = [
        source for page in PAGES for source in script["sources"]((DOCS / page).read_text(encoding="utf-8"))
    ]
    printing = [
        path.name
        for path in (project / "tests" / "benchmarks").glob("*.py")
        if '"--table"' in path.read_text(encoding="utf-8")
    ]
    assert sorted(shown) == sorted([*printing, *script["CODE"]])


def test_a_table_that_is_not_current_is_found_and_written(script: dict[str, Any]) -> None:
    page = "# Models\n\n<!-- table: families -->\n<!-- end -->\n\nBelow.\n"
    new = script["current"](page)
    assert "| a text | a label" in new
    assert new.startswith("# Models\n\n<!-- table: families -->\n\n| one row is")
    assert new.endswith("|\n\n<!-- end -->\n\nBelow.\n")
    assert script["current"](new) == new


def test_measuring_leaves_the_process_as_it_was(script: dict[str, Any]) -> None:
    arguments, places = list(sys.argv), list(sys.path)
    assert script["measured"]("streaming.py").startswith("| | 1 session")
    assert (sys.argv, sys.path) == (arguments, places)


def test_the_examples_of_the_script_are_true(script: dict[str, Any]) -> None:
    found = doctest.DocTestFinder().find(script["table"], globs=dict(script))
    assert found
    assert all(doctest.DocTestRunner().run(test).failed == 0 for test in found)
