"""What a search is for: objectives, limits on the exported file, and what becomes of the best model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from rnnzoo.cli.full_help import search_option
from rnnzoo.errors import ArgumentError
from rnnzoo_export.measure_config import MEASURES, PRECISIONS
from rnnzoo_tuning.algorithms import REFITS

Objectives = Annotated[
    str | None,
    search_option(f"A score, or a score and some of {', '.join(MEASURES)}, with commas."),
]
Constraints = Annotated[
    list[str] | None,
    search_option(
        f"What of the exported file may be at most so much: {', '.join(MEASURES)}; repeatable.",
        "--constraint",
        metavar="KEY=NUMBER",
    ),
]
Precision = Annotated[
    str | None,
    search_option(f"The file that is measured: {', '.join(PRECISIONS)}. Default: float32."),
]
MeasureBatch = Annotated[
    int | None,
    search_option("Rows of a call that is timed. Default: 1."),
]
MeasureSteps = Annotated[
    int | None,
    search_option("Steps of each of these rows. Default: those of a typical row."),
]
Confirm = Annotated[
    int | None,
    search_option("Train so many of the best trials with three other seeds. Default: 0."),
]
Refit = Annotated[
    str | None,
    search_option(f"Where the best weights come from: {', '.join(REFITS)}. Default: {REFITS[0]}."),
]
NoBundle = Annotated[
    bool,
    search_option("Do not export the best model.", "--no-bundle"),
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
        ArgumentError: If a text has no number, or it is said how to measure where nothing is measured.
        UnknownNameError: If a measure or a precision is unknown.

    Example:
        >>> read_goals("accuracy,size_mb", ["latency_ms=2"], {"batch": None}, {})["constraints"]
        {'latency_ms': 2.0}
    """
    from rnnzoo_export.measure_config import MeasureConfig

    names = kept.get("objectives") if objectives is None else [name.strip() for name in objectives.split(",")]
    limits = dict(kept.get("constraints") or {}) | dict(map(_limit, constraints))
    given = {**(kept.get("measure") or {}), **{k: v for k, v in measured.items() if v is not None}}
    measure = MeasureConfig(**given) if given else None
    if given and not limits and not (names and len(names) > 1):
        raise ArgumentError(
            f"measure: received {', '.join(given)} where nothing is measured; expected a limit or a second objective. "
            "Add --constraint latency_ms=2, say, or leave it out."
        )
    return {
        "objectives": names,
        "constraints": limits,
        "measure": measure,
    }


def _limit(text: str) -> tuple[str, float]:
    key, _, value = text.partition("=")
    try:
        return key, float(value)
    except ValueError:
        raise ArgumentError(
            f"--constraint: received {text!r}; expected KEY=NUMBER. Write e.g. --constraint latency_ms=2."
        ) from None
