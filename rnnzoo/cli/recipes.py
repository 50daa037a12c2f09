"""`rnnzoo recipes` and `rnnzoo run`: results that anyone can make again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.baseline_options import NoBaselines, RecipeBaselineSeconds, baseline_seconds
from rnnzoo.cli.output import (
    note,
    print_json,
    print_left_out,
    print_table,
    shell_path,
    stdout,
    tensorflow_starting,
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("recipes")(recipes)
    app.command("run")(run)


def recipes(
    pattern: Annotated[str, typer.Argument(help="A recipe, or a pattern such as 'snips*'.")] = "*",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the whole cards.")] = False,
) -> None:
    """List recipes: a data set, a model and a configuration, and what they gave."""
    from rnnzoo.recipes.card import known_card
    from rnnzoo.recipes.table import get_recipe, list_recipes

    by_name = not any(mark in pattern for mark in "*?[")
    wanted = [get_recipe(pattern)] if by_name else list_recipes(pattern)
    found = [(recipe, known_card(recipe.name)) for recipe in wanted]
    if as_json:
        print_json([{**_facts(r), "card": None if card is None else card.to_dict()} for r, card in found])
        return
    if not found:
        note(f"no recipe matches {pattern!r}")
        return
    print_table([_row(recipe, card) for recipe, card in found])
    stdout.print("\nRun one: rnnzoo run NAME --out DIR", style="dim")


def _facts(recipe: Any) -> dict[str, Any]:
    import dataclasses

    names = [field.name for field in dataclasses.fields(recipe)]
    values = {name: getattr(recipe, name) for name in names}
    return {name: dict(v) if hasattr(v, "items") else v for name, v in values.items()}


def _row(recipe: Any, card: Any) -> dict[str, Any]:
    from rnnzoo.recipes.card import signed

    row = {"name": recipe.name, "model": recipe.model, "data": recipe.data, "score": recipe.metric}
    if card is None or card.best_baseline is None:
        return {**row, "mean": "", "better by": "", "baseline": ""}
    best, value = card.best_baseline
    return {
        **row,
        "mean": f"{card.scores[recipe.metric]['mean']:.4f}",
        "better by": signed(card.difference),
        "baseline": f"{value:.4f} {best}{' (wins)' if card.lead < 0 else ''}",
    }


def run(
    name: Annotated[str, typer.Argument(help="A recipe: see rnnzoo recipes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep runs and card.")],
    runs: Annotated[
        int | None, typer.Option(help="How many runs to make. [all]", show_default=False, min=1)
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Fail if the result is further from the known card than its runs vary."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is there.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    no_baselines: NoBaselines = False,
    baseline_time: RecipeBaselineSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Run a recipe and write its result card."""
    from rnnzoo.recipes.folder import check_folder
    from rnnzoo.recipes.recipe import BASELINE_SECONDS
    from rnnzoo.recipes.table import get_recipe

    recipe = get_recipe(name)
    recipe.count_runs(runs)
    seconds = baseline_seconds(no_baselines, baseline_time, default=BASELINE_SECONDS)
    check_folder(out, recipe, resume=resume, overwrite=force)
    with tensorflow_starting("starting TensorFlow"):
        from rnnzoo.recipes.card_check import check_card
        from rnnzoo.recipes.runs import run_recipe
    card = run_recipe(
        name, out, runs=runs, resume=resume, overwrite=force, baseline_seconds=seconds, report=note
    )
    if as_json:
        print_json(card.to_dict())
    else:
        _print(out, card)
    if check:
        note(check_card(card, recipe))


def _print(out: Path, card: Any) -> None:
    from rnnzoo.recipes.card_page import difference_text, robustness_rows, score_rows

    print_table(
        score_rows(card),
        title=f"{card.recipe}: {card.summary} ({len(card.runs)} runs)",
        best=0,
    )
    print_left_out(card.baselines_left_out)
    if card.difference is not None:
        stdout.print(f"\n{difference_text(card)}")
    if card.calibration:
        shown = (f"{name} {row['mean']:.4f}" for name, row in card.calibration.items())
        stdout.print(f"calibration  {', '.join(shown)}")
    if card.robustness:
        print_table(robustness_rows(card), title=f"\n{card.metric} on disturbed test rows", best=0)
    if card.reference:
        stdout.print(f"\npublished  {card.reference}")
    stdout.print(
        f"weights {card.parameters:,}; {card.train_seconds:.0f} s of training; ONNX {card.onnx['bytes']:,} bytes, "
        f"{card.onnx['milliseconds']['1']} ms a row"
    )
    stdout.print(f"card {shell_path(out / 'card.html')}")
