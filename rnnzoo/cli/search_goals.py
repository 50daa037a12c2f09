"""What a search is for: objectives, limits on the exported file, and what becomes of the best model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from rnnzoo.cli.full_help import SEARCH
from rnnzoo.errors import ArgumentError
from rnnzoo_export.measure_config import MEASURES, PRECISIONS
from rnnzoo_tuning.algorithms import REFITS

Objectives = Annotated[
    str | None,
    typer.Option(
        help=f"A score, or a score and some of {', '.join(MEASURES)}, with commas.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="KEY=NUMBER",
        help=f"What of the exported file may be at most so much: {', '.join(MEASURES)}; repeatable.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help=f"The file that is measured: {', '.join(PRECISIONS)}. Default: float32.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
MeasureBatch = Annotated[
    int | None,
    typer.Option(help="Rows of a call that is timed. Default: 1.", rich_help_panel=SEARCH, hidden=True),
]
MeasureSteps = Annotated[
    int | None,
    typer.Option(
        help="Steps of each of these rows. Default: those of a typical row.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
Confirm = Annotated[
    int | None,
    typer.Option(
        help="Train so many of the best trials with three other seeds. Default: 0.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
Refit = Annotated[
    str | None,
    typer.Option(
        help=f"Where the best weights come from: {', '.join(REFITS)}. Default: {REFITS[0]}.",
        rich_help_panel=SEARCH,
        hidden=True,
    ),
]
NoBundle = Annotated[
    bool,
    typer.Option("--no-bundle", help="Do not export the best model.", rich_help_panel=SEARCH, hidden=True),
]


def read_goals(
    objectives: str | None, constraints: Sequence[str], measured: Mapping[str, Any], kept: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns ``objectives``, ``constraints`` and ``measure`` of ``run_search``.

    Args:
        objectives: Names with commas.
        constraints: ``"key=number"`` texts.
        measured: What ``MeasureConfig`` is given; ``None`` for what is not named.
        kept: The same from a file of settings, by the words of ``run_search``.

    Raises:
        ArgumentError: If a text has no number.
        UnknownNameError: If a measure or a precision is unknown.

    Example:
        >>> read_goals("accuracy,size_mb", ["latency_ms=2"], {"batch": None}, {})["constraints"]
        {'latency_ms': 2.0}
    """
    from rnnzoo_export.measure_config import MeasureConfig

    names = kept.get("objectives") if objectives is None else [name.strip() for name in objectives.split(",")]
    limits = dict(kept.get("constraints") or {}) | dict(map(_limit, constraints))
    given = {**(kept.get("measure") or {}), **{k: v for k, v in measured.items() if v is not None}}
    return {
        "objectives": names,
        "constraints": limits,
        "measure": MeasureConfig(**given) if given else None,
    }


def _limit(text: str) -> tuple[str, float]:
    key, _, value = text.partition("=")
    try:
        return key, float(value)
    except ValueError:
        raise ArgumentError(
            f"--constraint: received {text!r}; expected KEY=NUMBER. Write e.g. --constraint latency_ms=2."
        ) from None
