"""`rnnzoo models`: what is in the zoo, by task and family."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.cli.model_page import show_model
from rnnzoo.cli.output import note, print_json, print_table, stdout
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.errors import ArgumentError
from rnnzoo.families import FAMILIES, family_of
from rnnzoo.tasks import get_task, row_tasks
from rnnzoo.zoo import ZOO, ModelSpec, find_facts, get_spec, list_models

#: Where a model is that a user registered.
OWN = "models of your own"
#: Behind the name of the model to start with.
_MARK = " *"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("models")(models)


def models(
    name: Annotated[
        str | None, typer.Argument(help="A model to show in full, or a pattern such as '*-gru'.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only models for this task.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """List the models of the zoo, or show one in full."""
    import_packages(packages, tensorflow=True)
    if name is not None and not any(mark in name for mark in "*?["):
        if task is not None:
            raise ArgumentError(
                f"--task: received {task!r} with the model {name!r}; expected it with a pattern or alone. Leave it out."
            )
        show_model(get_spec(name), packages or (), as_json=as_json)
        return
    found = _find(name or "*", task)
    if as_json:
        print_json([_row(spec) for spec in found])
        return
    if not found:
        note("no model matches" + (f" {name!r}" if name else "") + (f" for {task}" if task else ""))
        return
    _print_groups(found, task)
    stdout.print(
        "* start with this one   One in full: rnnzoo models NAME\n"
        "Train one: rnnzoo train NAME --data FILE --out RUN" + _task_option(found, task),
        style="dim",
    )


def _task_option(specs: Sequence[ModelSpec], task: str | None) -> str:
    """Returns the option that a model for another task needs."""
    return f" --task {task}" if task and all(spec.task != task for spec in specs) else ""


def _find(pattern: str, task: str | None) -> list[ModelSpec]:
    """Returns the models for a task, those of classifiers too that can be built for it."""
    specs = [get_spec(name) for name in list_models(pattern)]
    if task is None:
        return specs
    wanted = set(list_models(pattern, task=task))
    for_rows = row_tasks()
    if task in for_rows:
        wanted |= {
            spec.name
            for spec in specs
            if spec.task in for_rows and "task" in builder_parameters(spec.builder)
        }
    return [spec for spec in specs if spec.name in wanted]


def _print_groups(specs: Sequence[ModelSpec], task: str | None) -> None:
    """Prints models by task and, within one, by family in the order of the families."""
    order = [*FAMILIES, OWN]
    groups: dict[str, dict[str, list[ModelSpec]]] = {}
    for spec in specs:
        groups.setdefault(task or _data_task(spec), {}).setdefault(_group(spec), []).append(spec)
    for kind, families in groups.items():
        stdout.print(kind.replace("_", " ").upper(), style="bold")
        for name in sorted(families, key=order.index):
            stdout.print()
            _print_family(name, families[name])
        stdout.print()


def _data_task(spec: ModelSpec) -> str:
    """Returns the task whose data a model reads: taggers that answer whole rows stand beside the others."""
    return get_task(spec.task).data_of or spec.task


def _group(spec: ModelSpec) -> str:
    family = family_of(spec)
    return OWN if family is None or ZOO.is_own(spec.name) else family.name


def _print_family(name: str, specs: Iterable[ModelSpec]) -> None:
    stdout.print(name, style="bold")
    family = FAMILIES.get(name)
    if family is not None:
        lines = [
            ("reads", family.rows),
            ("answers", family.answer),
            ("start with", family.start),
            ("", family.also),
        ]
        for word, text in lines:
            if text:
                stdout.print(f"{word:<10}  {text}")
    print_table([_in_short(_row(spec)) for spec in specs])


def _row(spec: ModelSpec) -> dict[str, Any]:
    facts, group = find_facts(spec), _group(spec)
    return {
        "name": spec.name,
        "task": spec.task,
        "family": None if group == OWN else group,
        "start": group != OWN and FAMILIES[group].start == spec.name,
        "cell": spec.cell,
        "parameters": facts["parameters"],
        "cudnn": _yes_or_no(facts["cudnn"]),
        "streams": _yes_or_no(facts["streams"]),
        "reference": spec.reference,
        "summary": spec.summary,
    }


def _in_short(row: dict[str, Any]) -> dict[str, Any]:
    """Leaves out and shortens what a terminal has no space for."""
    author, _, _ = row["reference"].partition(" ")
    year = re.search(r"\d{4}", row["reference"])
    return {
        "name": row["name"] + _MARK * row["start"],
        "cell": row["cell"],
        "weights": _rounded(row["parameters"]),
        "cudnn": row["cudnn"],
        "streams": row["streams"],
        "paper": f"{author} {year[0]}" if year else author,
    }


def _rounded(count: int | None) -> str:
    if count is None:
        return "?"
    return f"{count / 1e6:.1f}M" if count >= 1e6 else f"{count / 1e3:.0f}k"


def _yes_or_no(verdict: str) -> str:
    return verdict.partition(":")[0]
