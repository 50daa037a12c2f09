"""Truth of ``rnnzoo.tasks``: what a task is stands in its table, and nowhere else is a task known by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rnnzoo.tasks import TASKS, TaskRegistry

# Where a task's name is data: the table itself, the class that answers for each task, and rows that name the task of
# a model, of a recipe's data, or of a data set.
TABLE = "rnnzoo/tasks.py"
ZOO = "rnnzoo/zoo.py"
RECIPES = "rnnzoo/recipes/table.py"
READERS = ("rnnzoo/data/readers/", "rnnzoo/data/sets/")
DECODINGS = ("rnnzoo/decoding/answers.py", "rnnzoo/decoding/distributions.py")
DECODING_TABLES = ("DECODINGS", "_QUANTILES")
# A word that is a task's name by chance: a parameter of requests to Triton, which ranks outputs.
OTHER_MEANINGS = (("export/rnnzoo_export/serving/parameters.py", "classification"),)
#: What builders of classifiers are told where no task is named.
DEFAULT_OF_BUILDERS = ("rnnzoo/task.py", "_OF_BUILDERS")


def sources(project: Path) -> Iterator[tuple[str, ast.Module]]:
    for package in ("rnnzoo", "tuning", "export"):
        for path in sorted((project / package).rglob("*.py")):
            yield path.relative_to(project).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def named_tasks(path: str, tree: ast.Module, tasks: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields line and text of each literal that is a task's name, but where it is data."""
    if path == TABLE:
        return
    allowed = set(map(id, allowed_literals(path, tree)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node.value not in tasks or id(node) in allowed:
            continue
        if (path, node.value) not in OTHER_MEANINGS:
            yield node.lineno, str(node.value)


def allowed_literals(path: str, tree: ast.Module) -> Iterator[ast.expr]:
    """Yields the literals that only say which task something is of, and which nothing is compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from defaults_of_task(node)
        if isinstance(node, ast.Call) and path.startswith((RECIPES, *READERS)):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "task")
        if isinstance(node, ast.Call) and path.startswith(READERS):
            yield from literals_of_readers(node)
        if isinstance(node, ast.Tuple) and path == ZOO and len(node.elts) == 2:
            yield from behind_a_builder(node.elts)
        if isinstance(node, ast.Call) and path == ZOO and ast.unparse(node.func) == "_row":
            yield from behind_a_builder(node.args[1:3])
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            if path in DECODINGS and names & set(DECODING_TABLES):
                dicts = (inner for inner in ast.walk(node) if isinstance(inner, ast.Dict))
                yield from (key for table in dicts for key in table.keys if key)
            if (path, *names) == DEFAULT_OF_BUILDERS and node.value:
                yield node.value


def defaults_of_task(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yields the default of an argument ``task``."""
    arguments, keyword_only = function.args.args, function.args.kwonlyargs
    placed = function.args.defaults
    for argument, default in zip(arguments[len(arguments) - len(placed) :], placed, strict=True):
        if argument.arg == "task":
            yield default
    for argument, given in zip(keyword_only, function.args.kw_defaults, strict=True):
        if argument.arg == "task" and given is not None:
            yield given


def behind_a_builder(pair: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """Yields the task in a pair of a builder's name and its task."""
    if isinstance(pair[0], ast.Constant) and str(pair[0].value).startswith("build_"):
        yield pair[1]


def literals_of_readers(call: ast.Call) -> Iterator[ast.expr]:
    """Yields the task of a decoding that a reader makes, and the tasks that a data set can be read for."""
    name = ast.unparse(call.func)
    if name == "Decoding":
        yield from call.args[:1]
    if name == "checks.choice" and isinstance(call.args[0], ast.Constant) and call.args[0].value == "task":
        choices = call.args[2]
        yield from choices.elts if isinstance(choices, ast.Tuple) else ()


def test_no_code_knows_a_task_by_its_name(project: Path) -> None:
    brought = [name for name in TASKS if not TASKS.is_own(name)]
    found = [
        f"{path}:{line}: {name!r}"
        for path, tree in sources(project)
        for line, name in named_tasks(path, tree, brought)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "code", "count"),
    [
        ("rnnzoo/a.py", 'if task == "tagging": pass', 1),
        ("rnnzoo/a.py", 'KNOWN = ("tagging", "translation")', 2),
        ("rnnzoo/a.py", 'found = {"tagging": 1}[task]', 1),
        ("rnnzoo/a.py", 'match task:\n    case "tagging": pass', 1),
        ("rnnzoo/a.py", 'task.startswith("tagging")', 1),
        ("rnnzoo/a.py", 'build(task="tagging")', 1),
        ("rnnzoo/a.py", 'def build(*, task: str = "classification"): pass', 0),
        ("rnnzoo/a.py", 'def build(task="classification"):\n    "classification"\n    return task', 1),
        ("rnnzoo/a.py", 'def build(*, kind="classification"): pass', 1),
        ("rnnzoo/zoo.py", 'if task == "tagging": _TAGGER = ("build_tagger", "tagging")', 1),
        ("rnnzoo/zoo.py", '_row("a", "build_tagger", "tagging", "tagging")', 1),
        ("rnnzoo/data/sets/a.py", 'split(task="tagging")', 0),
        ("rnnzoo/data/sets/a.py", 'checks.choice("task", task, ("tagging", "transcription"))', 0),
        ("rnnzoo/data/sets/a.py", 'checks.choice("word", task, ("tagging", "transcription"))', 2),
        ("rnnzoo/data/readers/a.py", 'x = task in ("tagging",) or Decoding("tagging", labels=[])', 1),
        ("rnnzoo/decoding/answers.py", 'DECODINGS = Registry("a", {"tagging": Tags}); a = "tagging"', 1),
        ("rnnzoo/evaluation/scores.py", 'a = "tagging"', 1),
        ("rnnzoo/tasks.py", 'a = "tagging"', 0),
    ],
)
def test_what_counts_as_knowing_a_task_by_its_name(path: str, code: str, count: int) -> None:
    assert len(list(named_tasks(path, ast.parse(code), list(TASKS)))) == count


def test_the_table_is_a_registry_of_tasks() -> None:
    assert isinstance(TASKS, TaskRegistry)
    assert all(name == task.name for name, task in TASKS.items())
