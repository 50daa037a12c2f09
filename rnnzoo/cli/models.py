"""`rnnzoo models`: what is in the zoo."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rnnzoo.cells import CELLS
from rnnzoo.cli.output import print_json, print_table, stdout, tensorflow_starting
from rnnzoo.zoo import ModelSpec, create_model, get_spec, list_models

# Of what stands in place of a cell.
_REFERENCES = {"convlstm": "Shi 2015, arXiv:1506.04214"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("models")(models)


def models(
    name: Annotated[
        str | None, typer.Argument(help="A model to show in full, or a pattern such as '*-gru'.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only models for this task.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models of the zoo, or show one in full."""
    if name is not None and not any(mark in name for mark in "*?["):
        _show(get_spec(name), as_json=as_json)
        return
    rows = [_row(get_spec(found)) for found in list_models(name or "*", task=task)]
    if as_json:
        print_json(rows)
        return
    print_table(rows)
    stdout.print(
        "\nOne in full: rnnzoo models NAME   Train one: rnnzoo train NAME --data FILE --out RUN", style="dim"
    )


def _row(spec: ModelSpec) -> dict[str, Any]:
    cell = CELLS.get(spec.cell)
    on_cudnn = cell is not None and cell.cudnn and not spec.arguments.get("recurrent_dropout")
    return {
        "name": spec.name,
        "task": spec.task,
        "cell": spec.cell,
        "cudnn": "yes" if on_cudnn else "no",
        "summary": spec.summary,
    }


def _show(spec: ModelSpec, *, as_json: bool) -> None:
    from rnnzoo.cudnn import explain_cudnn

    with tensorflow_starting("building the model"):
        model = create_model(spec.name)
        report = explain_cudnn(model)
    facts = {
        **_row(spec),
        "builder": spec.builder,
        "arguments": dict(spec.arguments),
        "parameters": model.count_params(),
        "inputs": {x.name: list(x.shape) for x in model.inputs},
        "outputs": {name: list(x.shape) for name, x in zip(model.output_names, model.outputs, strict=True)},
        "reference": CELLS[spec.cell].reference if spec.cell in CELLS else _REFERENCES[spec.cell],
        "layers": [{"name": v.name, "cudnn": v.eligible, "reason": v.reason} for v in report.layers],
    }
    if as_json:
        print_json(facts)
        return
    facts["layers"] = str(report)
    print_table([{"": key, " ": value} for key, value in facts.items()], title=spec.name)
