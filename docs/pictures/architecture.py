"""Draws the packages and what they import, from the source itself.

    python docs/pictures/architecture.py    # writes docs/pictures/architecture.svg

A box is a group of packages, with what it is for. An arrow is an import; one that follows from two others is left out.
The packages are those of ``tests/project/test_architecture.py``; those of green boxes need no TensorFlow.
"""

from __future__ import annotations

import graphlib
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_suffix(".svg")

# What is drawn as one box: the packages in it, and what it is for.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "command": ("the rnnzoo command", ("rnnzoo.cli", "rnnzoo.__main__")),
    "recipes": ("results to make again", ("rnnzoo.recipes",)),
    "rnnzoo_tuning": ("searches", ("rnnzoo_tuning",)),
    "deployment": ("bundles, Triton, KServe", ("rnnzoo_export.deployment",)),
    "formats": (
        "the files that are written",
        ("rnnzoo_export.formats", "rnnzoo_export.raw", "rnnzoo_export.streaming"),
    ),
    "proof": (
        "convert a model, compare",
        (
            *("rnnzoo_export.conversion", "rnnzoo_export.operators"),
            *("rnnzoo_export.parity", "rnnzoo_export.network"),
        ),
    ),
    "graph": ("markers to operators", ("rnnzoo_export.graph", "rnnzoo_export.reports")),
    "serving": ("HTTP", ("rnnzoo_export.serving", "rnnzoo_export.load_test")),
    "explanation": ("what answers rest on", ("rnnzoo_export.explanation",)),
    "inference": ("answers from files", ("rnnzoo_export.inference",)),
    "bundle": (
        "manifest, signature",
        ("rnnzoo_export.bundle", "rnnzoo_export.signature", "rnnzoo_export.measure_config"),
    ),
    "training": (
        "train, runs, folds, transfer",
        ("rnnzoo.training", "rnnzoo.cross_validation", "rnnzoo.backtesting"),
    ),
    "evaluation": ("scores, baselines", ("rnnzoo.evaluation",)),
    "data": ("readers, splits, sets", ("rnnzoo.data",)),
    "zoo": ("named models", ("rnnzoo.zoo", "rnnzoo.families")),
    "builders": ("models from arguments", ("rnnzoo.builders",)),
    "keras_models": ("what a Keras model holds", ("rnnzoo.keras_models",)),
    "layers": (
        "cells, layers, losses",
        ("rnnzoo.cells", "rnnzoo.layers", "rnnzoo.losses", "rnnzoo.tensors"),
    ),
    "task": ("what is learned", ("rnnzoo.task", "rnnzoo.tasks", "rnnzoo.keras_names")),
    "preprocessing": ("raw rows to arrays", ("rnnzoo.preprocessing",)),
    "decoding": ("outputs to answers", ("rnnzoo.decoding",)),
    "ground": (
        "errors, checks, files, registry",
        (
            "rnnzoo.errors",
            "rnnzoo.version",
            "rnnzoo.checks",
            "rnnzoo.value_objects",
            "rnnzoo.defaults",
            "rnnzoo.files",
            "rnnzoo.yaml_text",
            "rnnzoo.registry",
            "rnnzoo.extensions",
            "rnnzoo.native_logs",
            "rnnzoo.line_chart",
            "rnnzoo.summary",
            "rnnzoo.report",
            "rnnzoo.registration",
        ),
    ),
}
WIDTH, HEIGHT, BEND, GAP, RISE = 176, 54, 4, 20, 46
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1d2733}.name{font-weight:600}.for{font-size:11px;fill:#4a5866}"
    "rect{fill:#fff;stroke:#5b6b7b;rx:6}.light rect{fill:#e3f3e6;stroke:#2e7d4f}"
    "path{fill:none;stroke:#8a98a6;stroke-width:1.2}.ground{fill:#f7f9fb}"
)


@cache
def rules() -> ModuleType:
    """Returns the test that has the order of the packages."""
    path = ROOT / "tests" / "project" / "test_architecture.py"
    spec = importlib.util.spec_from_file_location("architecture_rules", path)
    assert spec is not None
    assert spec.loader is not None
    if str(path.parents[1]) not in sys.path:
        sys.path.append(str(path.parents[1]))  # what the tests share
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def group_of(module: str) -> str | None:
    """Returns the box of a module; ``None`` for the packages' own ``__init__``."""
    if module in rules().FORWARDS:
        return None
    for group, (_, packages) in GROUPS.items():
        if any(module == package or module.startswith(f"{package}.") for package in packages):
            return group
    raise KeyError(f"{module}: write its package into GROUPS of {Path(__file__).name}")


def imports() -> dict[str, set[str]]:
    """Returns what each box imports of others; of libraries, only those that a server does without."""
    trees = dict(rules().modules(ROOT))
    arrows: dict[str, set[str]] = {group: set() for group in GROUPS}
    for module, tree in trees.items():
        group = group_of(module)
        if group is None:
            continue
        for target in rules().imported(tree, trees):
            library = target.partition(".")[0]
            found = group_of(target) if target in trees else library if library in rules().HEAVY else None
            if found is not None and found != group:
                arrows[group].add(found)
    return arrows


def without_tensorflow(arrows: Mapping[str, set[str]]) -> set[str]:
    """Returns the boxes that need NumPy and onnxruntime only, whatever they import.

    Example:
        >>> sorted(without_tensorflow({"a": {"b"}, "b": {"keras"}, "c": set(), "d": {"c"}}))
        ['c', 'd']
    """
    light = set(arrows)
    while found := {group for group in light if not arrows[group] <= light}:
        light -= found
    return light


def reduced(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Leaves out the arrows that follow from others.

    Example:
        >>> reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
        {'a': {'b'}, 'b': {'c'}, 'c': set()}
    """

    @cache
    def below(group: str) -> frozenset[str]:
        return frozenset(arrows[group]).union(*(below(target) for target in arrows[group]))

    return {
        group: {
            target for target in targets if not any(target in below(other) for other in targets - {target})
        }
        for group, targets in arrows.items()
    }


def heights(arrows: Mapping[str, set[str]]) -> dict[str, int]:
    """Returns how high each box lies: above all that it imports.

    Example:
        >>> heights({"a": {"b", "c"}, "b": {"c"}, "c": set()})
        {'c': 0, 'b': 1, 'a': 2}
    """
    found: dict[str, int] = {}
    for group in graphlib.TopologicalSorter(arrows).static_order():
        found[group] = 1 + max((found[target] for target in arrows[group]), default=-1)
    return found


def chains(arrows: Mapping[str, set[str]]) -> tuple[dict[str, int], list[list[str]]]:
    """Returns the heights of boxes and bends, and each arrow as the way from box to box, with a bend on each floor."""
    height = heights(arrows)
    ways = []
    for group, targets in arrows.items():
        for target in sorted(targets):
            bends = [f"{group} {target} {level}" for level in range(height[group] - 1, height[target], -1)]
            height |= {bend: int(bend.rpartition(" ")[2]) for bend in bends}
            ways.append([group, *bends, target])
    return height, ways


def width_of(name: str) -> int:
    """Returns how wide a box or a bend is."""
    return WIDTH if name in GROUPS else BEND


def places(height: Mapping[str, int], ways: list[list[str]]) -> tuple[dict[str, float], float]:
    """Returns the middle of each box and bend, near to what it imports, and the width of the picture."""
    below: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        for upper, lower in pairwise(way):
            below[upper].append(lower)
    middle: dict[str, float] = {}
    for level in range(max(height.values()) + 1):
        row = [name for name in height if height[name] == level]
        row.sort(key=lambda name: sum(middle[lower] for lower in below[name]) / max(1, len(below[name])))
        left = -sum(width_of(name) + GAP for name in row) / 2
        for name in row:
            middle[name] = left + (width_of(name) + GAP) / 2
            left += width_of(name) + GAP
    most = max(abs(x) + width_of(name) / 2 for name, x in middle.items()) + GAP
    return {name: x + most for name, x in middle.items()}, 2 * most


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Returns an arrow from the first point down to the last one; each bend passes between two boxes."""
    (x, y), *others = points
    parts = [f"M{x:g} {y:g}"]
    for number, (to, down) in enumerate(others):
        half = (down - y) / 2
        parts.append(f"C{x:g} {y + half:g} {to:g} {down - half:g} {to:g} {down:g}")
        x, y = to, down
        if number < len(others) - 1:
            y += HEIGHT
            parts.append(f"V{y:g}")
    return f'<path d="{"".join(parts)}" marker-end="url(#tip)"/>'


def draw() -> str:
    """Returns the picture as SVG."""
    arrows = imports()
    light = without_tensorflow(arrows)
    height, ways = chains(reduced({group: targets & GROUPS.keys() for group, targets in arrows.items()}))
    middle, width = places(height, ways)
    whole = (max(height.values()) + 1) * (HEIGHT + RISE) - RISE + 2 * GAP
    top = {name: whole - GAP - HEIGHT - level * (HEIGHT + RISE) for name, level in height.items()}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {whole:g}" role="img">',
        "<title>Packages of rnnzoo and what they import</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#8a98a6;stroke:none"/></marker></defs>',
        f'<rect class="ground" width="{width:g}" height="{whole:g}" style="stroke:none"/>',
    ]
    for first, *bends, last in ways:
        between = [(middle[bend], top[bend]) for bend in bends]
        ends = [(middle[first], top[first] + HEIGHT), *between, (middle[last], top[last] - 2)]
        lines.append(curve(ends))
    for group, (purpose, _) in GROUPS.items():
        left = middle[group] - WIDTH / 2
        kind = "light" if group in light else "heavy"
        lines += [
            f'<g class="{kind}"><rect x="{left:g}" y="{top[group]:g}" width="{WIDTH}" height="{HEIGHT}"/>',
            f'<text class="name" x="{left + 10:g}" y="{top[group] + 22:g}">{escape(group)}</text>',
            f'<text class="for" x="{left + 10:g}" y="{top[group] + 41:g}">{escape(purpose)}</text></g>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
