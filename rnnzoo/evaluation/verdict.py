"""Is a baseline better than the model? Said in a sentence, by the first score that both have."""

from __future__ import annotations

from collections.abc import Mapping

from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.report import show


def verdict(scores: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> str:
    """Compares a model with the best of its baselines.

    Args:
        scores: The model's scores; the first of which the direction is known decides.
        baselines: Those of the baselines by name.

    Returns:
        A sentence; empty where nothing can be compared.

    Example:
        >>> verdict({"accuracy": 0.91}, {"majority class": {"accuracy": 0.2}, "linear SVM": {"accuracy": 0.95}})
        'A baseline is better: linear SVM, accuracy 0.95 beside 0.91.'
    """
    name = next((score for score in scores if score != "loss" and direction_of(score)), None)
    others = {method: row[name] for method, row in baselines.items() if name in row} if name else {}
    if name is None or not others:
        return ""
    sign = direction_of(name)
    best = max(others, key=lambda method: sign * others[method])
    ahead = sign * (scores[name] - others[best])
    said = "No baseline is better; the best is" if ahead > 0 else "A baseline is better:"
    if ahead == 0:
        said = "A baseline is as good:"
    values = f"{show(others[best])} beside {show(scores[name])}"
    return f"{said} {best}, {name.replace('_', ' ')} {values}."
