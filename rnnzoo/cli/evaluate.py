"""`rnnzoo evaluate`: a trained run on a part of its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnzoo.cli.baseline_options import BaselineSeconds, baseline_seconds
from rnnzoo.cli.output import print_json, print_left_out, print_table, stdout, tensorflow_starting
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.score_table import score_table

if TYPE_CHECKING:
    from rnnzoo.evaluation.details.examination import Details

#: Rows of a table of details, at most.
_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run that train has written.")],
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines",
            help="Fit the baselines too; on the part that the run compares, it keeps those it lacks.",
        ),
    ] = False,
    baseline_time: BaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """Score a trained run again, on any part of the data it was trained from, and show what it gets wrong."""
    import_packages(packages, tensorflow=True)
    from rnnzoo.cli.run_data import load_run_data
    from rnnzoo.training.run.run_directory import open_run

    seconds = _baseline_seconds(baselines, baseline_time)
    opened = open_run(run)
    config = opened.read_config()
    with tensorflow_starting("reading the data and starting TensorFlow"):
        splits = load_run_data(run, config)
        from rnnzoo.evaluation.details.examination import examine
        from rnnzoo.evaluation.evaluation import evaluate_whole
        from rnnzoo.keras_models.loading import load_model

        model = load_model(opened.model)
        evaluation, whole, task = evaluate_whole(model, splits, part=part)
        details = examine(evaluation, whole, task, part)
    scores = evaluation.metrics
    found: dict[str, Any] = {"part": part, "scores": scores, "details": details.to_dict()}
    if seconds is not None:
        from rnnzoo.training.run.baseline_scores import baselines_of_run

        found["baselines"] = baselines_of_run(opened, model, splits, part, seconds=seconds)
    if as_json:
        print_json(found)
        return
    if seconds is None:
        print_table([{"part": part, **scores}])
    else:
        _print(found)
    _print_details(details)


def _baseline_seconds(wanted: bool, seconds: float | None) -> float | None:
    """Returns the seconds that baselines may take; ``None`` where none are wanted."""
    if not wanted and seconds is not None:
        raise ArgumentError(
            f"--baseline-seconds: received {seconds:g} without --baselines; expected both. Add --baselines."
        )
    return baseline_seconds(False, seconds) if wanted else None


def _print_details(details: Details) -> None:
    from rnnzoo.evaluation.details.detail_sections import detail_sections

    sections = detail_sections(details.tables, details.calibration, shown=_SHOWN, files=False)
    for section in sections.values():
        stdout.print()
        if section.rows:
            print_table(section.rows, title=section.title)
        else:
            stdout.print(section.title, style="bold")
        if section.text:
            stdout.print(section.text)


def _print(found: dict[str, Any]) -> None:
    rows = score_table("model", found["scores"], found["baselines"]["scores"])
    print_table(rows, title=f"Scores on the {found['part']} part", best=0)
    print_left_out(found["baselines"]["skipped"])
