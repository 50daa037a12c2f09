"""Truth of ``rnnzoo``: the rules of the layout, read from the source."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

import rnnzoo
from source_imports import HEAVY, SERVING, imported, modules

# From the ground up, one row a room: a package, or a module that stands alone. A module may import from its own room
# and from those above it in this list; of the rows that fit, the longest is its room.
ROOMS = (
    "rnnzoo.native_logs",
    "rnnzoo.errors",
    "rnnzoo.version",
    "rnnzoo.checks",
    "rnnzoo.value_objects",
    "rnnzoo.defaults",
    "rnnzoo.files",
    "rnnzoo.registry",
    "rnnzoo.registration",
    "rnnzoo.extensions",
    "rnnzoo.report",
    "rnnzoo.line_chart",
    "rnnzoo.summary",
    "rnnzoo.yaml_text",
    "rnnzoo.tensors",
    "rnnzoo.preprocessing",
    "rnnzoo.decoding",
    "rnnzoo.keras_names",
    "rnnzoo.task",
    "rnnzoo.tasks",
    "rnnzoo.losses",
    "rnnzoo.cells",
    "rnnzoo.layers",
    "rnnzoo.keras_models",
    "rnnzoo.builders.parts",
    "rnnzoo.builders",
    "rnnzoo.zoo",
    "rnnzoo.families",
    "rnnzoo.data",
    "rnnzoo.data.readers",
    "rnnzoo.data.vectors",
    "rnnzoo.data.sets",
    "rnnzoo.data.augmentation",
    "rnnzoo.evaluation",
    "rnnzoo.evaluation.baselines",
    "rnnzoo.training.own_objects",
    "rnnzoo.training.config",
    "rnnzoo.training.optimization",
    "rnnzoo.training.problem",
    "rnnzoo.training.written_gradients",
    "rnnzoo.training.watching",
    "rnnzoo.training.result",
    "rnnzoo.training.run",
    "rnnzoo.training.transfer",
    "rnnzoo.training",
    "rnnzoo.cross_validation",
    "rnnzoo_export.measure_config",
    "rnnzoo_export.signature",
    "rnnzoo_export.bundle",
    "rnnzoo_export.reports",
    "rnnzoo_export.graph",
    "rnnzoo_export.inference",
    "rnnzoo_export.load_test",
    "rnnzoo_export.explanation",
    "rnnzoo_export.network",
    "rnnzoo_export.parity",
    "rnnzoo_export.operators",
    "rnnzoo_export.conversion",
    "rnnzoo_export.serving",
    "rnnzoo_export.raw",
    "rnnzoo_export.streaming",
    "rnnzoo_export.formats",
    "rnnzoo_export.deployment",
    "rnnzoo_tuning",
    "rnnzoo.backtesting",
    "rnnzoo.recipes",
    "rnnzoo.cli",
    "rnnzoo.__main__",
)
# The package's own __init__ only forwards names.
FORWARDS = ("rnnzoo", "rnnzoo_export", "rnnzoo_tuning")


def room(module: str) -> str | None:
    """The room of a module; ``None`` for the three packages' own ``__init__``."""
    if module in FORWARDS:
        return None
    return max((row for row in ROOMS if module == row or module.startswith(f"{row}.")), key=len, default=None)


@pytest.fixture(scope="module")
def graph(project: Path) -> dict[str, set[str]]:
    """What each of our modules imports of ours."""
    trees = dict(modules(project))
    return {name: (imported(tree, trees) & trees.keys()) - {name} for name, tree in trees.items()}


def assert_no_circle(graph: Mapping[str, Collection[str]]) -> None:
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"import circle: {' <- '.join(error.args[1])}")


def test_every_module_has_a_room_and_every_room_modules(graph: Mapping[str, set[str]]) -> None:
    assert len(graph) > 200
    assert {name for name in graph if room(name) is None} == set(FORWARDS)
    assert {room(name) for name in graph} - {None} == set(ROOMS)
    assert len(set(ROOMS)) == len(ROOMS)


def test_imports_only_go_down(graph: Mapping[str, set[str]]) -> None:
    floor = {row: number for number, row in enumerate(ROOMS)}
    upward = [
        f"{name} imports {target}"
        for name, targets in graph.items()
        for target in targets
        if room(name) and room(target) and floor[str(room(target))] > floor[str(room(name))]
    ]
    assert upward == []


def test_no_module_imports_in_a_circle(graph: Mapping[str, set[str]]) -> None:
    assert_no_circle(graph)


def test_no_room_imports_in_a_circle(graph: Mapping[str, set[str]]) -> None:
    rooms: dict[str, set[str]] = {}
    for name, targets in graph.items():
        rooms.setdefault(str(room(name)), set()).update(str(room(target)) for target in targets)
    assert_no_circle({name: targets - {name} for name, targets in rooms.items()})


def test_inner_code_does_not_import_through_the_public_packages(graph: Mapping[str, set[str]]) -> None:
    assert [name for name, targets in graph.items() if targets & set(FORWARDS)] == []


def test_export_knows_no_zoo_and_tuning_reaches_export_in_one_place(graph: Mapping[str, set[str]]) -> None:
    # A search measures what is exported: through one module, and by a config that needs no exporter.
    known = ("rnnzoo_tuning.artefact", "rnnzoo_export.measure_config")
    for package, unknown in (
        ("rnnzoo_export", ("rnnzoo.zoo", "rnnzoo.builders")),
        ("rnnzoo_tuning", "rnnzoo_export"),
    ):
        found = [
            f"{name} imports {target}"
            for name, targets in graph.items()
            if name.startswith(package) and name not in known
            for target in targets
            if target.startswith(unknown) and target not in known
        ]
        assert found == []


def test_what_serves_imports_only_what_needs_no_tensorflow(project: Path) -> None:
    trees = dict(modules(project))
    for name, tree in trees.items():
        if not name.startswith(SERVING):
            continue
        for target in imported(tree, trees):
            assert target.split(".")[0] not in HEAVY, f"{name} imports {target}"
            assert not target.startswith("rnnzoo") or target.startswith(SERVING), f"{name} imports {target}"


def test_package_inits_only_forward_and_keep_native_logs_quiet(project: Path) -> None:
    for name, tree in modules(project):
        if name in FORWARDS:
            docstring, forwarder, hook, install, names = tree.body
            assert [type(node) for node in (docstring, forwarder, names)] == [
                ast.Expr,
                ast.Import,
                ast.Assign,
            ]
            assert ast.unparse(hook) == "from rnnzoo.native_logs import install_hook as _install_hook"
            assert ast.unparse(install) == "_install_hook()", name


@pytest.mark.parametrize("package", FORWARDS)
def test_every_public_name_exists_and_is_documented(package: str) -> None:
    module = __import__(package)
    assert sorted(module.__all__) == module.__all__
    for name in module.__all__:
        value = getattr(module, name)
        assert name == "__version__" or (value.__doc__ or "").strip(), name


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    name = "nothing"
    with pytest.raises(AttributeError, match="No rnnzoo attribute nothing"):
        getattr(rnnzoo, name)


@pytest.mark.parametrize(
    "statement",
    [
        "import rnnzoo",
        "import rnnzoo.cli",
        "import rnnzoo_export",
        "import rnnzoo_tuning",
        "import rnnzoo.zoo; rnnzoo.zoo.list_models()",
    ],
)
def test_imports_that_must_be_light_load_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
