"""Truth of ``rnnzoo``: every module has its tests, files and functions are short, and folders say what is in them."""

from __future__ import annotations

import ast
from pathlib import Path

MOST_LINES = 400
MOST_LINES_OF_A_BODY = 50
MOST_PARAMETERS = 8
# Where the packages lie, and the folder of the tests of each.
PACKAGES = {"rnnzoo": (".", ""), "rnnzoo_export": ("export", "export"), "rnnzoo_tuning": ("tuning", "tuning")}
# Rooms of the exporter whose tests need a folder of their own: what serves has no TensorFlow.
OWN_FOLDERS = ("inference", "serving")

# Longer still; to be shortened.
LONG_BODIES: set[str] = set()
# More parameters still, and why.
MANY_PARAMETERS: set[str] = set()


def module_paths(project: Path) -> dict[str, Path]:
    """All our modules but the ``__init__`` of packages that hold nothing but a docstring."""
    found = {}
    for package, (top, _) in PACKAGES.items():
        for path in sorted((project / top / package).rglob("*.py")):
            parts = path.relative_to(project / top).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


def is_empty(path: Path) -> bool:
    return path.name == "__init__.py" and len(ast.parse(path.read_text(encoding="utf-8")).body) <= 1


def test_files(project: Path) -> list[Path]:
    return sorted((project / "tests").rglob("test_*.py"))


test_files.__test__ = False  # type: ignore[attr-defined]
