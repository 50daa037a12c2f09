"""Truth of ``rnnzoo.recipes.card_check``: a new card may differ from the known one as far as its own runs do."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import RunError
from rnnzoo.recipes import card_check
from rnnzoo.recipes.card import Card, known_card, statistics
from rnnzoo.recipes.card_check import check_card, tolerance_of
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.recipes.table import get_recipe


def card_of(accuracies: Sequence[float], *, name: str = "digits-shifted", **facts: Any) -> Card:
    """The known card of a recipe, with runs of these scores."""
    known, recipe = known_card(name), get_recipe(name)
    assert known is not None
    scores = [{recipe.metric: value} for value in accuracies]
    runs = [{**known.runs[0], "seed": seed, "scores": row} for seed, row in enumerate(scores)]
    return dataclasses.replace(known, runs=runs, scores=statistics(scores), **facts)


@pytest.fixture
def recipe() -> Recipe:
    return get_recipe("digits-shifted")


def know(monkeypatch: pytest.MonkeyPatch, card: Card | None) -> None:
    monkeypatch.setattr(card_check, "known_card", lambda name: card)


def test_three_deviations_of_a_difference_of_two_means_are_allowed(recipe: Recipe) -> None:
    known = card_of([0.95, 0.98, 0.96])
    deviation = np.std([0.95, 0.98, 0.96], ddof=1)
    for runs in (1, 2, 3):
        allowed, origin = tolerance_of(known, recipe, runs=runs)
        assert allowed == pytest.approx(3 * deviation * math.sqrt(2 / runs), abs=1e-4)
        assert origin == "3 standard deviations of the card's runs"


def test_one_test_row_is_allowed_where_all_runs_agree(recipe: Recipe) -> None:
    assert tolerance_of(card_of([0.98, 0.98, 0.98]), recipe, runs=3) == (1 / 270, "one test row")
    forecasts = get_recipe("etth1-96")
    allowed, origin = tolerance_of(card_of([0.4, 0.4, 0.4], name="etth1-96"), forecasts, runs=3)
    assert (allowed, origin) == (0.4 / 2785, "one test row")


def test_the_recipes_own_tolerance_holds_where_the_spread_of_seeds_is_unknown(recipe: Recipe) -> None:
    assert tolerance_of(card_of([0.98]), recipe, runs=1) == (recipe.tolerance, "of the recipe")
    folds = get_recipe("splice-junctions")
    known = known_card("splice-junctions")
    assert known is not None
    assert tolerance_of(known, folds, runs=10) == (folds.tolerance, "of the recipe")


def test_runs_are_compared_with_those_of_the_same_seeds(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, card_of([0.94, 0.97, 0.97]))
    assert check_card(card_of([0.94]), recipe) == (
        "accuracy 0.9400 (mean over 1 run); the card says 0.9400 for it, tolerance 0.073 (3 standard deviations of the "
        "card's runs)"
    )
    assert "the card says 0.9550 for them, tolerance 0.052" in check_card(card_of([0.94, 0.97]), recipe)


def test_the_check_fails_outside_of_the_tolerance(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {**card_of([0.9]).versions, "keras": "1.0"}
    known = card_of([0.95, 0.96, 0.97], versions=versions)
    know(monkeypatch, known)
    allowed = tolerance_of(known, recipe, runs=3)[0]
    for sign in (1, -1):
        inside = [value + sign * (allowed - 1e-5) for value in (0.95, 0.96, 0.97)]
        assert "the card says 0.9600 for them, tolerance 0.024" in check_card(card_of(inside), recipe)
        outside = [value + sign * (allowed + 1e-4) for value in (0.95, 0.96, 0.97)]
        with pytest.raises(
            RunError, match=r"tolerance 0\.024 .*\. Look at what differs: versions keras 1\.0 -> "
        ):
            check_card(card_of(outside), recipe)


def test_other_data_and_recipes_without_a_card_are_told(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = card_of([0.95, 0.96])
    know(monkeypatch, dataclasses.replace(known, data={**known.data, "rows": {"train": 5}}))
    with pytest.raises(
        RunError, match=r"digits-shifted: the card is of other data: rows \{'train': 5\} -> .*Fetch the data"
    ):
        check_card(known, recipe)
    know(monkeypatch, None)
    with pytest.raises(
        RunError, match="digits-shifted: there is no known card to compare with; run it without"
    ):
        check_card(known, recipe)


@pytest.mark.parametrize("name", ["digits-shifted", "etth1-96", "splice-junctions"])
def test_a_known_card_agrees_with_itself(name: str) -> None:
    known = known_card(name)
    assert known is not None
    assert "the card says" in check_card(known, get_recipe(name))
