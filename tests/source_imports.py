"""What our modules import, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

# What a server is made of, which has no TensorFlow: it imports nothing of ours but itself.
SERVING = (
    "rnnzoo.errors",
    "rnnzoo.version",
    "rnnzoo.files",
    "rnnzoo.checks",
    "rnnzoo.value_objects",
    "rnnzoo.defaults",
    "rnnzoo.registry",
    "rnnzoo.extensions",
    "rnnzoo.preprocessing",
    "rnnzoo.decoding",
    "rnnzoo.keras_names",
    "rnnzoo.task",
    "rnnzoo.tasks",
    "rnnzoo_export.inference",
    "rnnzoo_export.load_test",
    "rnnzoo_export.serving",
    "rnnzoo_export.bundle",
    "rnnzoo_export.signature",
)
HEAVY = ("tensorflow", "keras", "tf2onnx", "onnx", "pandas", "sklearn", "matplotlib", "keras_tuner")


def modules(project: Path) -> Iterator[tuple[str, ast.Module]]:
    for top in (project, project / "tuning", project / "export"):
        for package in ("rnnzoo", "rnnzoo_tuning", "rnnzoo_export"):
            for path in sorted((top / package).rglob("*.py")):
                parts = path.relative_to(top).with_suffix("").parts
                name = ".".join(part for part in parts if part != "__init__")
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def names_imported(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yields what is imported when the code runs, and from where; imports for type checkers alone do not count."""
    typing_only = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and "TYPE_CHECKING" in ast.unparse(guard.test)
        for node in ast.walk(guard)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, "imports are absolute"
            yield from ((node.module, alias.name) for alias in node.names)


def imported(tree: ast.Module, known: Collection[str]) -> set[str]:
    """The modules imported: ``from package import module`` is that module, not its package."""
    found = set()
    for module, name in names_imported(tree):
        inner = f"{module}.{name}"
        found.add(inner if inner in known else module)
    return found
