"""Truth of ``rnnzoo``: every module has its tests, files and functions are short, folders say what is in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import LONG_TESTS
from modules_tested_elsewhere import TESTED_ELSEWHERE

MOST_LINES = 400
MOST_LINES_OF_A_BODY = 50
MOST_PARAMETERS = 8
# Where each package lies, and what its tests' folders begin with.
PACKAGES = {
    "rnnzoo": (".", ()),
    "rnnzoo_export": ("export", ("export",)),
    "rnnzoo_tuning": ("tuning", ("tuning",)),
}
# Parts of the exporter whose tests lie in folders of their own: they need no TensorFlow.
OWN_FOLDERS = ("inference", "load_test", "serving")

# Flat calls whose arguments no value object would make easier to read.
MANY_PARAMETERS = {
    "rnnzoo.cross_validation.runner.cross_validate",
    "rnnzoo.decoding.beam.beam_search",
    "rnnzoo.training.trainer.train",
    "rnnzoo_tuning.runner.run_search",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(scope="module")
def modules(project: Path) -> dict[str, Path]:
    """All our modules by name."""
    found = {}
    for package, (top, _) in PACKAGES.items():
        for path in sorted((project / top / package).rglob("*.py")):
            parts = path.relative_to(project / top).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


@pytest.fixture(scope="module")
def named(project: Path) -> dict[str, list[str]]:
    """Which modules each test file names in its first line."""
    return {
        path.relative_to(project).as_posix(): re.findall(
            r"``([\w.]+)``", path.read_text(encoding="utf-8").partition("\n")[0]
        )
        for path in sorted((project / "tests").rglob("test_*.py"))
    }


def fits(folder: tuple[str, ...], module: str) -> bool:
    """Whether a module's tests may lie in a folder: that of its package or of one around it."""
    package, *inner = module.split(".")
    if package == "rnnzoo" and len(inner) <= 1 and folder == ("project",):
        return True  # the package itself, and modules that stand alone
    whole = (*PACKAGES[package][1], *inner)
    if package == "rnnzoo_export" and inner and inner[0] in OWN_FOLDERS:
        whole = tuple(inner)
    return bool(folder) and folder == whole[: len(folder)]


def test_every_test_file_names_a_module_that_exists(
    named: dict[str, list[str]], modules: dict[str, Path], project: Path
) -> None:
    assert [path for path, names in named.items() if not names] == []
    assert [
        path
        for path in named
        if not (project / path).read_text(encoding="utf-8").startswith('"""Truth of ``rnnzoo')
    ] == []
    unknown = {path: name for path, names in named.items() for name in names if name not in modules}
    assert unknown == {}, "rename the modules in the first lines of these tests"


def test_every_test_file_lies_in_a_folder_of_its_module(named: dict[str, list[str]]) -> None:
    first = {path: names[0] for path, names in named.items()}
    # What goes through a whole project may name the module that begins it.
    inner = {path: name for path, name in first.items() if not path.startswith("tests/project/")}
    assert {path: name for path, name in inner.items() if not fits(Path(path).parts[1:-1], name)} == {}


def test_every_module_has_a_test_file_or_a_place_where_it_is_tested(
    named: dict[str, list[str]], modules: dict[str, Path], project: Path
) -> None:
    has_one = {name for names in named.values() for name in names}
    without = {name for name, path in modules.items() if name not in has_one and not is_empty(path)}
    assert without - TESTED_ELSEWHERE.keys() == set(), "name these in the first line of a test file"
    assert TESTED_ELSEWHERE.keys() - without == set(), (
        "take these off the list: they have a test file, or are gone"
    )
    places = {place for place in TESTED_ELSEWHERE.values() if not (project / place).is_file()}
    assert places == set(), "these test files are gone"


def is_empty(path: Path) -> bool:
    """Whether a module holds nothing but a docstring, imports and names."""
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return path.name == "__init__.py" and all(isinstance(node, allowed) for node in tree.body)


def test_no_test_file_is_long(project: Path) -> None:
    lines = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in (project / "tests").rglob("*.py")
    }
    assert {str(path): count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_two_test_files_have_one_name(project: Path) -> None:
    names = [path.name for path in (project / "tests").rglob("*.py") if path.name != "__init__.py"]
    assert sorted(names) == sorted(set(names))


def functions(modules: dict[str, Path]) -> Iterator[tuple[str, Function]]:
    """Yields all functions, those within others too, by module and name."""
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{module}.{node.name}", node


def body_lines(function: Function) -> int:
    """Counts the lines of a body, those of its docstring not."""
    first, *rest = function.body
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    body = rest if is_docstring else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_is_long(modules: dict[str, Path]) -> None:
    long = {name for name, function in functions(modules) if body_lines(function) > MOST_LINES_OF_A_BODY}
    assert long == set()


def public_functions(modules: dict[str, Path]) -> Iterator[tuple[str, Function]]:
    """Yields the public functions of modules, and the methods of their public classes.

    A command's parameters are its options, which nobody passes by hand.
    """
    for module, path in modules.items():
        if module.startswith("rnnzoo.cli."):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            inner = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
            for function in inner:
                if isinstance(function, Function) and not function.name.startswith("_"):
                    yield f"{module}.{function.name}", function


def own_parameters(function: Function) -> int:
    """Counts the parameters that a function names itself; ``self``, ``cls`` and ``**options`` are none."""
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_no_public_function_has_many_parameters_of_its_own(modules: dict[str, Path]) -> None:
    many = {
        name for name, function in public_functions(modules) if own_parameters(function) > MOST_PARAMETERS
    }
    assert many == MANY_PARAMETERS, (
        f"carry some in one object, or take off the list: {sorted(many ^ MANY_PARAMETERS)}"
    )


def test_every_line_of_the_long_tests_names_one_that_is_there(project: Path) -> None:
    lines = LONG_TESTS.read_text(encoding="utf-8").splitlines()
    assert lines == sorted({*lines})
    for line in lines:
        path, *_, name = line.partition("[")[0].split("::")
        tree = ast.parse((project / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name.rpartition(".")[2] in functions, line


def test_the_long_tests_are_slow(request: pytest.FixtureRequest) -> None:
    long = {*LONG_TESTS.read_text(encoding="utf-8").splitlines()}
    named = [item for item in request.session.items if item.nodeid in long]
    assert all(item.get_closest_marker("slow") for item in named)
