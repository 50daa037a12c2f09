"""Writes the tables of these pages from what was measured and from the code.

    python docs/update_tables.py            # writes them
    python docs/update_tables.py --check    # fails where a page is not current

A table stands between ``<!-- table: SOURCE -->`` and ``<!-- end -->``. The source is a script of ``tests/benchmarks``,
whose ``--table`` prints what it has measured, or a name in ``CODE``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
BENCHMARKS = DOCS.parent / "tests" / "benchmarks"
_TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)


def measured(script: str) -> str:
    """Returns what a benchmark prints of its results."""
    path = BENCHMARKS / script
    arguments, places = sys.argv, list(sys.path)
    sys.argv, sys.path[:0] = [str(path), "--table"], [str(path.parent)]
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = arguments, places
    return printed.getvalue().strip()


def table(*rows: tuple[str, ...]) -> str:
    """Returns a table whose first row is its head.

    Example:
        >>> print(table(("a", "b"), ("1", "2")))
        | a | b |
        |---|---|
        | 1 | 2 |
    """
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *others])


def families() -> str:
    """Returns the table of the zoo's families."""
    from rnnzoo.families import FAMILIES

    rows = (
        (
            family.rows,
            family.answer,
            f"`{family.start}`",
            re.sub(r"([a-z0-9-]+-[a-z0-9-]+)", r"`\1`", family.also),
        )
        for family in FAMILIES.values()
    )
    return table(("one row is", "the answer", "start with", "or"), *rows)


def models() -> str:
    """Returns the table of all models of the zoo; sizes are of the arguments that stand in the zoo."""
    from rnnzoo.zoo import get_spec, list_models, read_facts

    rows = []
    for spec in map(get_spec, list_models()):
        facts = read_facts()[spec.name]
        yes = [facts[fact].partition(":")[0].replace("no", "") for fact in ("cudnn", "streams")]
        count = facts["parameters"]
        size = f"{count / 1e6:.1f}M" if count >= 1e6 else f"{count / 1e3:.0f}k"
        rows.append((f"`{spec.name}`", spec.summary, f"`{spec.task}`", size, *yes, spec.reference))
    return table(("model", "what it is", "task", "weights", "cuDNN", "stream", "paper"), *rows)


def cells() -> str:
    """Returns the table of the recurrent cells."""
    from rnnzoo.cells import CELLS

    rows = (
        (
            f"`{name}`",
            cell.reference,
            "yes" if cell.parallel else "",
            "yes" if cell.cudnn else "",
            f"`{cell.onnx}`",
        )
        for name, cell in CELLS.items()
    )
    return table(("cell", "paper", "all steps at once in training", "cuDNN", "in ONNX"), *rows)


def tasks() -> str:
    """Returns the table of the tasks."""
    from rnnzoo.tasks import TASKS

    rows = (
        (f"`{task.name}`", task.data, task.targets, f"`{next(iter(task.losses))}`", f"`{task.objective}`")
        for task in TASKS.values()
    )
    return table(("task", "data", "what is learned", "loss", "the best epoch by"), *rows)


def augmentations() -> str:
    """Returns the table of the augmentations, in the order in which they are applied."""
    from rnnzoo.data.augmentation.table import AUGMENTATIONS

    rows = (
        (
            f"`{name}`",
            " ".join(str(entry.augmentation.__doc__).partition("\n")[0].split()),
            ", ".join(entry.takes),
        )
        for name, entry in AUGMENTATIONS.items()
    )
    return table(("augmentation", "what it does", "rows are"), *rows)


CODE: dict[str, Callable[[], str]] = {
    "families": families,
    "models": models,
    "cells": cells,
    "tasks": tasks,
    "augmentations": augmentations,
}


def pages() -> Iterator[Path]:
    """Yields the pages that hold tables."""
    for page in [*sorted(DOCS.rglob("*.md")), DOCS.parent / "README.md"]:
        if "<!-- table: " in page.read_text(encoding="utf-8"):
            yield page


def sources(text: str) -> list[str]:
    """Returns what the tables of a page are made from."""
    return [match[2] for match in _TABLE.finditer(text)]


def current(text: str) -> str:
    """Returns a page with its tables as they are now."""

    def fill(match: re.Match[str]) -> str:
        source = match[2]
        rows = CODE[source]() if source in CODE else measured(source)
        return f"{match[1]}\n{rows}\n\n{match[3]}"

    return _TABLE.sub(fill, text)


def main() -> int:
    """Writes or checks all pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a page is not current"
    )
    wanted = parser.parse_args()
    old = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := current(text)) != text:
            old.append(page.relative_to(DOCS.parent))
            if not wanted.check:
                page.write_text(new, encoding="utf-8")
    for path in old:
        print(f"{path}: {'not current' if wanted.check else 'written'}")
    return int(wanted.check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
