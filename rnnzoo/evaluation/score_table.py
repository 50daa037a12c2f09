"""The scores of a model beside those of its baselines, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def score_table(
    model: str, scores: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Returns a row for the model, then one for each baseline, with the scores of the model but the loss.

    Args:
        model: What the model is called.
        scores: Its scores.
        baselines: Those of the baselines by name.

    Example:
        >>> score_table("model", {"accuracy": 0.9, "loss": 0.3}, {"majority class": {"accuracy": 0.2}})
        [{'method': 'model', 'accuracy': 0.9}, {'method': 'majority class', 'accuracy': 0.2}]
    """
    names = [name for name in scores if name != "loss"]
    return [
        {"method": method, **{name: row[name] for name in names if name in row}}
        for method, row in {model: scores, **baselines}.items()
    ]
