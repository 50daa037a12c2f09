"""Do probabilities say how often an answer is right? A reliability diagram in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnzoo.evaluation.details.table_rows import TableRows

#: Bins of equal width, as in the paper.
BINS = 15


@dataclass(frozen=True)
class Calibration:
    """How confidence and accuracy go together.

    Attributes:
        error: The expected calibration error, from 0 (confidence is accuracy) to 1.
        bins: A row for each bin that holds an answer: ``from``, ``to``, ``count``, and the mean ``confidence`` and
            ``accuracy`` of its answers.
    """

    error: float
    bins: TableRows


def calibrate(
    confidence: np.ndarray, right: np.ndarray, weights: np.ndarray | None = None, *, bins: int = BINS
) -> Calibration:
    """Compares how sure answers are with how often they are right.

    The expected calibration error is the mean distance of confidence and accuracy over bins of equal width, each
    weighed by its answers. A confidence on the edge of two bins is in the lower one.

    Args:
        confidence: The probability of each answer ``(answers,)``.
        right: Whether it is right ``(answers,)``.
        weights: How much each answer counts ``(answers,)``, above 0; ``None`` for all alike.
        bins: How many bins.

    Example:
        >>> round(calibrate(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False])).error, 3)
        0.1

    Reference:
        Guo, Pleiss, Sun & Weinberger 2017, On calibration of modern neural networks, arXiv:1706.04599.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    numbers = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(numbers, minlength=bins)
    filled = np.flatnonzero(counts)
    weighed = np.ones(len(confidence)) if weights is None else np.asarray(weights, np.float64)
    sums = np.bincount(numbers, weights=weighed, minlength=bins)[filled]
    sure, correct = (
        np.bincount(numbers, weights=values * weighed, minlength=bins)[filled] / sums
        for values in (confidence, right)
    )
    shares = sums / sums.sum()
    table = [
        {
            "from": float(edges[number]),
            "to": float(edges[number + 1]),
            "count": int(counts[number]),
            "confidence": float(a),
            "accuracy": float(b),
        }
        for number, a, b in zip(filled.tolist(), sure, correct, strict=True)
    ]
    return Calibration(float((shares * np.abs(sure - correct)).sum()), table)
