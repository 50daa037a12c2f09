"""Does a new card agree with the one that comes with rnnzoo, within the measured spread?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import RunError
from rnnzoo.recipes.card import Card, known_card
from rnnzoo.recipes.recipe import Recipe

#: How many standard deviations two results of the same recipe may differ.
DEVIATIONS = 3.0


def check_card(card: Card, recipe: Recipe) -> str:
    """Compares a new card with the one that comes with rnnzoo.

    Runs are compared with the known card's runs of the same seeds, or folds. What may differ follows from the spread of
    the known card's runs: see ``tolerance_of``.

    Returns:
        One line that says that they agree.

    Raises:
        RunError: If there is no known card, it is of other data, or the mean is further from that of the known card's
            same runs than the tolerance.
    """
    known = known_card(recipe.name)
    if known is None:
        raise RunError(f"{recipe.name}: there is no known card to compare with; run it without --check.")
    other = {name: (known.data.get(name), card.data.get(name)) for name in ("options", "rows", "checksum")}
    if any(before != now for before, now in other.values()):
        differing = ", ".join(f"{n} {before} -> {now}" for n, (before, now) in other.items() if before != now)
        raise RunError(
            f"{recipe.name}: the card is of other data: {differing}. Fetch the data that it names."
        )
    count = len(card.runs)
    tolerance, origin = tolerance_of(known, recipe, runs=count)
    found = card.scores[recipe.metric]["mean"]
    expected = float(np.mean([run["scores"][recipe.metric] for run in known.runs[:count]]))
    line = (
        f"{recipe.metric} {found:.4f} (mean over {count} run{'s' * (count != 1)}); the card says {expected:.4f} for "
        f"{'them' if count != 1 else 'it'}, tolerance {tolerance:.2g} ({origin})"
    )
    # Scores on cards are rounded to five digits.
    if abs(found - expected) > tolerance + 1e-5:
        raise RunError(
            f"{recipe.name}: {line}. Look at what differs: versions {_difference(card.versions, known.versions)}."
        )
    return line


def tolerance_of(known: Card, recipe: Recipe, *, runs: int) -> tuple[float, str]:
    """Returns how far the mean of some runs may be from that of the same runs on a known card, and why.

    Other versions and processors round differently, and a training that rounds differently ends somewhere else: at
    worst as far away as with another seed. Two means of ``n`` such runs differ with the standard deviation ``s *
    sqrt(2 / n)``, where ``s`` is that of the known card's runs; three times as much is allowed. Runs that all agree
    may still differ by a row on another machine, so that one test row is allowed in any case. Where the spread between
    seeds is not known, because each run has test rows of its own (folds) or the card has a single run, the recipe's own
    tolerance holds.

    Args:
        known: The known card.
        recipe: The recipe.
        runs: How many runs were made.
    """
    if recipe.folds is not None or len(known.runs) < 2:
        return recipe.tolerance, "of the recipe"
    statistics = known.scores[recipe.metric]
    spread = DEVIATIONS * float(statistics["deviation"]) * math.sqrt(2.0 / runs)
    row = _one_row(known, recipe)
    if spread >= row:
        return spread, f"{DEVIATIONS:g} standard deviations of the card's runs"
    return row, "one test row"


def _one_row(known: Card, recipe: Recipe) -> float:
    """Returns by how much one test row changes a score: of errors, as much as a usual row adds."""
    rows = known.data.get("rows", {}).get(known.data.get("part"))
    if not rows:
        return 0.0
    return (1.0 if recipe.higher_is_better else abs(float(known.scores[recipe.metric]["mean"]))) / rows


def _difference(found: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    differing = [name for name in known if found.get(name) != known[name]]
    return ", ".join(f"{name} {known[name]} -> {found.get(name)}" for name in differing) or "equal"
