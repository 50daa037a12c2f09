"""`rnnzoo models`: what is in the zoo."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from rnnzoo.cli.output import note, print_json, print_table, stdout, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.errors import ArgumentError
from rnnzoo.zoo import ModelSpec, create_model, get_spec, list_models, read_facts


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
        _show(get_spec(name), as_json=as_json)
        return
    rows = [_row(get_spec(found)) for found in list_models(name or "*", task=task)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        note(f"no model matches {name!r}" + (f" for {task}" if task else ""))
        return
    for kind in dict.fromkeys(row["task"] for row in rows):
        print_table([_in_short(row) for row in rows if row["task"] == kind], title=kind.replace("_", " "))
        stdout.print()
    stdout.print(
        "One in full: rnnzoo models NAME   Train one: rnnzoo train NAME --data FILE --out RUN", style="dim"
    )


# Of a model that a user registered.
_UNKNOWN: dict[str, Any] = {"parameters": None, "cudnn": "?", "streams": "?"}


def _row(spec: ModelSpec) -> dict[str, Any]:
    facts = read_facts().get(spec.name, _UNKNOWN)
    return {
        "name": spec.name,
        "task": spec.task,
        "cell": spec.cell,
        "parameters": facts["parameters"],
        "cudnn": _yes_or_no(facts["cudnn"]),
        "streams": _yes_or_no(facts["streams"]),
        "reference": spec.reference,
        "summary": spec.summary,
    }


def _in_short(row: dict[str, Any]) -> dict[str, Any]:
    """Leaves out and shortens what a terminal has no room for."""
    author, _, _ = row["reference"].partition(" ")
    year = re.search(r"\d{4}", row["reference"])
    return {
        "name": row["name"],
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


def _show(spec: ModelSpec, *, as_json: bool) -> None:
    from rnnzoo.keras_models.cudnn import explain_cudnn

    with tensorflow_starting("building the model"):
        model = create_model(spec.name)
        report = explain_cudnn(model)
    facts = {
        **_row(spec),
        "streams": read_facts().get(spec.name, _UNKNOWN)["streams"],
        "builder": spec.builder,
        "arguments": dict(spec.arguments),
        "parameters": model.count_params(),
        "inputs": {x.name: list(x.shape) for x in model.inputs},
        "outputs": {name: list(x.shape) for name, x in zip(model.output_names, model.outputs, strict=True)},
        "layers": [{"name": v.name, "cudnn": v.eligible, "reason": v.reason} for v in report.layers],
    }
    if as_json:
        print_json(facts)
        return
    facts["layers"] = str(report)
    print_table([{"": key, " ": value} for key, value in facts.items()], title=spec.name)
