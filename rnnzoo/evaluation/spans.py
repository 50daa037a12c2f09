"""How well spans in rows of tags are found: those of the answer against those of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rnnzoo.decoding.spans import find_spans


def span_f1(
    labels: Sequence[str],
    truth: np.ndarray,
    predicted: np.ndarray,
    lengths: Sequence[int] | np.ndarray,
    weights: np.ndarray | None = None,
    *,
    strict: bool = False,
) -> float:
    """Returns the F1 of exact spans, all kinds together: kind, beginning and end must agree.

    Lenient and strict differ in which tags are spans at all: see ``rnnzoo.decoding.spans``. A model that answers
    ``I-city`` where a span begins found that span by the lenient custom, which ``conlleval`` has, and none by the
    strict one, which ``seqeval`` has with ``mode="strict"`` and ``scheme=IOB2``. Either F1 may be the higher: a wrong
    span that begins with an ``I-`` is a mistake by the lenient custom, and nothing by the strict one.

    Args:
        labels: The names of the tags by number.
        truth: The true class number of each step, row after row ``(steps,)``.
        predicted: Those that were answered.
        lengths: Steps of each row, or of each stretch of a row whose tags are known.
        weights: How much each step counts; a span counts like the mean of its steps. ``None`` for all alike.
        strict: Whether only spans that begin at a ``B-`` count, in truth and answers.

    Returns:
        The harmonic mean of precision and recall; 0 where no span is right.

    Reference:
        Tjong Kim Sang & Buchholz 2000, Introduction to the CoNLL-2000 shared task: chunking
        (lenient). Ramshaw & Marcus 1995, Text chunking using transformation-based learning; Tjong Kim Sang & Veenstra
        1999, Representing text chunks (the scheme IOB2).

    Example:
        >>> labels, truth, predicted = ["B-city", "I-city", "O"], np.array([0, 1, 2, 0]), np.array([1, 1, 2, 0])
        >>> span_f1(labels, truth, predicted, [4]), span_f1(labels, truth, predicted, [4], strict=True)
        (1.0, 0.6666666666666666)
    """
    found, expected = (_all_spans(labels, tags, lengths, strict) for tags in (predicted, truth))
    count = len if weights is None else _weighing(np.asarray(weights, np.float64), lengths)
    total = count(found) + count(expected)
    return 2 * count(found & expected) / total if total else 0.0


def _weighing(
    weights: np.ndarray, lengths: Sequence[int] | np.ndarray
) -> Callable[[set[tuple[int, str, int, int]]], float]:
    """Returns what adds up the weights of spans."""
    starts = np.cumsum(lengths) - np.asarray(lengths)
    return lambda spans: sum(
        float(weights[starts[row] + first : starts[row] + end].mean()) for row, _, first, end in spans
    )


def _all_spans(
    labels: Sequence[str], tags: np.ndarray, lengths: Sequence[int] | np.ndarray, strict: bool
) -> set[tuple[int, str, int, int]]:
    ends = np.cumsum(lengths)
    rows = zip(ends - np.asarray(lengths), ends, strict=True)
    return {
        (row, *span)
        for row, (start, end) in enumerate(rows)
        for span in find_spans([labels[tag] for tag in tags[start:end]], strict=strict)
    }
