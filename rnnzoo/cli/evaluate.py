"""`rnnzoo evaluate`: a trained run on a part of its data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.output import print_json, print_table, tensorflow_starting


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run that train has written.")],
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a trained run again, on any part of the data it was trained from."""
    from rnnzoo.cli.run_data import load_run_data
    from rnnzoo.training.run_directory import open_run

    opened = open_run(run)
    config = opened.read_config()
    with tensorflow_starting("reading the data and starting TensorFlow"):
        splits = load_run_data(run, config)
        from rnnzoo.loading import load_model
        from rnnzoo.training.evaluation import evaluate as evaluate_model

        model = load_model(opened.model)
        scores = evaluate_model(model, splits, part=part)
    if as_json:
        print_json({"part": part, "scores": scores})
        return
    print_table([{"part": part, **scores}])
