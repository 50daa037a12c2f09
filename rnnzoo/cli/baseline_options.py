"""Options of the commands that fit baselines beside a model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rnnzoo.cli.full_help import SEARCH
from rnnzoo.errors import ArgumentError
from rnnzoo.recipes.recipe import BASELINE_SECONDS as RECIPE_SECONDS
from rnnzoo.training.config import BASELINE_SECONDS

NoBaselines = Annotated[bool, typer.Option("--no-baselines", help="Fit no baselines beside the model.")]


def _seconds(what: str, seconds: float, **help_page: Any) -> Any:
    return typer.Option(
        "--baseline-seconds",
        help=f"Seconds for all baselines {what}. [{seconds:g}]",
        show_default=False,
        **help_page,
    )


BaselineSeconds = Annotated[float | None, _seconds("together", BASELINE_SECONDS)]
#: The same on the screen of a search.
SearchBaselineSeconds = Annotated[
    float | None, _seconds("together", BASELINE_SECONDS, hidden=True, rich_help_panel=SEARCH)
]
#: The same of a recipe, whose baselines are to be whole on any machine.
RecipeBaselineSeconds = Annotated[float | None, _seconds("of a run together", RECIPE_SECONDS)]


def baseline_seconds(
    no_baselines: bool, seconds: float | None, *, default: float = BASELINE_SECONDS
) -> float:
    """Returns the seconds that two options ask for; 0 for no baselines.

    Raises:
        ArgumentError: If both are given.
    """
    from rnnzoo import checks

    if no_baselines and seconds is not None:
        raise ArgumentError(
            f"--baseline-seconds: received {seconds:g} with --no-baselines; expected one of them. Leave one out."
        )
    if no_baselines:
        return 0.0
    return default if seconds is None else checks.number("baseline_seconds", seconds, minimum=0)
