"""What messages say, read from the source, and whether it works when it is followed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rnnzoo.errors import RnnzooError

PACKAGES = ("rnnzoo", "tuning/rnnzoo_tuning", "export/rnnzoo_export")
#: Stands for what a message fills in.
FILLED = "…"
#: What is refused, what the message says to do, and the same with that done, in one way or several.
Advice = tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]
# Modules whose strings are words of other libraries, and files of other servers.
_NO_MESSAGES = ("foreign_words.py", "engines.py")
#: Words of a message at least; shorter strings are names.
_LEAST_WORDS = 3


@dataclass(frozen=True)
class Message:
    """A string of the source.

    Attributes:
        place: Its file and line.
        text: What it says, with ``FILLED`` for what is filled in.
    """

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def messages(project: Path) -> list[Message]:
    """Returns all strings that users may read."""
    return [
        Message(f"{path.relative_to(project)}:{line}", text)
        for path, tree in sources(project)
        if path.name not in _NO_MESSAGES
        for line, text in _strings(tree)
        if len(text.split()) >= _LEAST_WORDS and "<" not in text and not text.startswith(".")
    ]


def sources(project: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yields the modules of our packages."""
    for top in PACKAGES:
        for path in sorted((project / top).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def identifiers(project: Path) -> set[str]:
    """Returns all names that our modules define: of modules, functions, classes, arguments and attributes."""
    found: set[str] = set()
    for path, tree in sources(project):
        found.add(path.stem)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.AnnAssign | ast.Assign):
                targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
                found |= {t.id for t in targets if isinstance(t, ast.Name)}
                found |= {t.attr for t in targets if isinstance(t, ast.Attribute)}
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found.add(node.value)  # names of tasks, scores, files and cells
    return found


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    seen = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # docstrings
    for node in ast.walk(tree):
        if id(node) in seen or not isinstance(node, ast.expr):
            continue
        text = _template(node)
        if text is not None:
            seen |= {id(inner) for inner in ast.walk(node)}
            yield node.lineno, text


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else FILLED for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _template(node.left), _template(node.right)
        return None if left is None and right is None else (left or FILLED) + (right or FILLED)
    return None


def followed(
    wrong: Callable[[], object], advice: str, right: Callable[[], object], *more: Callable[[], object]
) -> None:
    """Checks that a message gives an advice, and that all that it advises works.

    Args:
        wrong: What is refused.
        advice: What the message says to do.
        right: The same, the advice followed; returns no ``False``.
        *more: The other things that it offers.
    """
    with pytest.raises(RnnzooError) as caught:
        wrong()
    assert advice in str(caught.value), caught.value
    for way in (right, *more):
        assert way() is not False
