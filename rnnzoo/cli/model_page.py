"""One model of the zoo in full: what it is, how to train it on a file of one's own, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.cli.output import print_json, print_table, stdout, tensorflow_starting
from rnnzoo.cli.own_code import import_options
from rnnzoo.families import Family, family_of
from rnnzoo.zoo import ZOO, ModelSpec, create_model, find_facts

#: What a command is told where nothing is known of the data.
_ANY_DATA = "--data FILE"


def show_model(spec: ModelSpec, packages: Sequence[str], *, as_json: bool) -> None:
    """Prints a model in full.

    Args:
        spec: The model.
        packages: What commands are to import for it.
        as_json: Whether a program is to read it.
    """
    family = None if ZOO.is_own(spec.name) else family_of(spec)
    facts, commands = _facts(spec, family), commands_for(spec, packages)
    if as_json:
        print_json({**facts, "commands": commands})
        return
    rows = [{"": key, " ": _in_words(value)} for key, value in facts.items() if value is not None]
    print_table(rows[1:], title=spec.name)
    stdout.print(f"\nTrain it on {family.file if family else 'a file of your own'}:")
    stdout.print(commands["train"], style="bold")
    stdout.print("\nTry next:")
    for line in _other_models(spec, family):
        stdout.print(line)
    stdout.print("other sizes, rates and dropouts:")
    stdout.print(commands["tune"], style="bold")


def _other_models(spec: ModelSpec, family: Family | None) -> list[str]:
    """Says which models of the family may be better."""
    if family is None:
        return []
    start = [] if family.start == spec.name else [f"what its family starts with: {family.start}"]
    return start + [hint for hint in family.also.split("; ") if hint and not hint.endswith(f" {spec.name}")]


def commands_for(spec: ModelSpec, packages: Sequence[str] = ()) -> dict[str, str]:
    """Returns the commands that train a model on a file of its kind, and search its arguments."""
    family = None if ZOO.is_own(spec.name) else family_of(spec)
    data = _ANY_DATA if family is None else family.data
    own = import_options(packages)
    return {
        "train": f"rnnzoo train {spec.name} {data} --out run{own}",
        "tune": f"rnnzoo tune {spec.name} {data} --out search{own}",
    }


def _facts(spec: ModelSpec, family: Family | None) -> dict[str, Any]:
    from rnnzoo.keras_models.cudnn import explain_cudnn

    with tensorflow_starting("building the model"):
        model = create_model(spec.name)
        report = explain_cudnn(model)
    return {
        "name": spec.name,
        "summary": spec.summary,
        "task": spec.task,
        "family": None if family is None else family.name,
        "start": family is not None and family.start == spec.name,
        "reads": None if family is None else family.rows,
        "answers": None if family is None else family.answer,
        "cell": spec.cell,
        "parameters": model.count_params(),
        "cudnn": "yes" if report.eligible else "no",
        "streams": find_facts(spec)["streams"],
        "reference": spec.reference,
        "builder": spec.builder,
        "arguments": dict(spec.arguments),
        "inputs": {x.name: list(x.shape) for x in model.inputs},
        "outputs": {name: list(x.shape) for name, x in zip(model.output_names, model.outputs, strict=True)},
        "layers": [{"name": v.name, "cudnn": v.eligible, "reason": v.reason} for v in report.layers],
    }


def _in_words(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key}={inner}" for key, inner in value.items())
    if isinstance(value, list):
        return "\n".join(
            f"{layer['name']}: {'cuDNN' if layer['cudnn'] else 'no cuDNN: ' + layer['reason']}"
            for layer in value
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
