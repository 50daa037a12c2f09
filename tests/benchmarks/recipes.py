"""Runs recipes and keeps their cards in the package: the figures of the README's table of recipes.

    RNNZOO_DATA=... python tests/benchmarks/recipes.py --runs recipe-runs

Runs what has no card yet, with ``--again`` what has one, too; a stopped one goes on. ``--baselines`` fits only the
baselines of the cards that are there again, on the same rows; ``--table`` prints the table from the cards.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from rnnzoo.data.split import as_rows
from rnnzoo.evaluation.scores import Scores
from rnnzoo.files import write_json
from rnnzoo.recipes.card import Card, known_card, signed, spread, statistics
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.recipes.table import list_recipes

CARDS = Path(__file__).parents[2] / "rnnzoo" / "recipes" / "cards"


def table() -> str:
    """The README's table."""
    lines = [
        "| recipe | data | model | score | best baseline, same rows | better by | published | weights | training "
        "| ONNX |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for recipe in list_recipes():
        card = known_card(recipe.name)
        if card is not None:
            lines.append(_line(card))
    return "\n".join(lines)


def _line(card: Card) -> str:
    assert card.best_baseline is not None, f"{card.recipe}: the baselines are missing"
    baseline, value = card.best_baseline
    wins = " (wins)" if card.lead < 0 else " (equal)" if card.lead == 0 else ""
    size = f"{card.onnx['bytes'] / 1e6:.1f} MB, {card.onnx['milliseconds']['1']:.2g} ms"
    metric = "" if card.metric == "accuracy" else f"{card.metric.replace('_', ' ')} "
    return (
        f"| `{card.recipe}` | {card.data['name']} | `{card.model}` "
        f"| {metric}{spread(card.scores[card.metric], digits=3)}, {len(card.runs)} {_runs(card)} "
        f"| {baseline} {value:.3f}{wins} | {signed(card.difference)} | {card.reference or '-'} "
        f"| {card.parameters / 1e3:,.0f}k | {card.train_seconds:.0f} s | {size} |"
    )


def _runs(card: Card) -> str:
    return "folds" if card.data["folds"] else "seeds"


def renew_baselines(recipe: Recipe, known: dict[str, dict[str, Scores]]) -> None:
    """Fits the baselines of a card again; they hang on the data alone, which only folds change from run to run.

    Args:
        recipe: The recipe.
        known: What was fitted to data before, which is taken.
    """
    card, path = known_card(recipe.name), CARDS / f"{recipe.name}.json"
    assert card is not None, f"{recipe.name} has no card yet"
    found = []
    for number in range(recipe.folds or 1):
        data = f"{recipe.data} {dict(recipe.data_options)} {number}"
        if data not in known:
            known[data] = fit_baselines(recipe, number)
        found.append(known[data])
    # Without folds each run has the same.
    found *= len(card.runs) // len(found)
    fitted = {name: statistics([row[name] for row in found]) for name in found[0]}
    more = recipe.further_baselines
    baselines = {name: row for name, row in card.baselines.items() if any(one in name for one in more)}
    facts = {name: getattr(recipe, name) for name in ("summary", "reference", "notes")}
    renewed = dataclasses.replace(card, **facts, baselines={**fitted, **baselines})
    if renewed.best_baseline != card.best_baseline:
        # What was compared with another baseline, row by row, is no longer true.
        renewed = dataclasses.replace(renewed, difference=None, robustness=())
    write_json(path, renewed.to_dict())


def fit_baselines(recipe: Recipe, number: int) -> dict[str, Scores]:
    """Fits and scores the baselines of one run."""
    from rnnzoo.evaluation.baselines import answer_each
    from rnnzoo.evaluation.evaluation import score_outputs
    from rnnzoo.recipes.runs import load
    from rnnzoo.tasks import get_task

    splits = load(recipe, number)
    part = splits.test if splits.test is not None else splits.validation
    truth = as_rows(part).gather(np.arange(len(part)))[1]
    if splits.task == "forecasting":
        truth = splits.get_decoding().in_original_units(truth)
    found: dict[str, Scores] = {}
    for answer in answer_each(splits, part):
        assert answer.outputs is not None, answer.skipped
        found[answer.name] = score_outputs(answer.outputs, truth, splits, get_task(splits.task))
        print(f"{recipe.name}: {answer.name} {found[answer.name]} ({answer.seconds:.1f} s)", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", default="*", help="a pattern of names")
    parser.add_argument("--runs", type=Path, default=Path("recipe-runs"), help="where to keep the runs")
    parser.add_argument("--again", action="store_true", help="make cards that are there again")
    parser.add_argument("--table", action="store_true", help="only print the table")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines of cards again")
    options = parser.parse_args()
    if options.baselines:
        fitted: dict[str, dict[str, Scores]] = {}
        for recipe in list_recipes(options.recipes):
            renew_baselines(recipe, fitted)
        return
    if options.table:
        print(table())
        return
    from rnnzoo.recipes.runs import run_recipe

    for recipe in list_recipes(options.recipes):
        if options.again or known_card(recipe.name) is None:
            card = run_recipe(recipe.name, options.runs / recipe.name, resume=True, report=print)
            CARDS.mkdir(exist_ok=True)
            write_json(CARDS / f"{recipe.name}.json", card.to_dict())


if __name__ == "__main__":
    main()
