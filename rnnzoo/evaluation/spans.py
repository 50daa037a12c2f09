"""Spans in rows of tags: names of people, slots, whatever is marked by a beginning (B-) and what is inside (I-).

A span is found as the scorer of CoNLL-2000 finds it: it begins at ``B-x``, or at ``I-x`` after anything but ``B-x`` and
``I-x``, and goes on while ``I-x`` follows; it never reaches into the next row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

#: The kind, the first step and the step after the last.
Span = tuple[str, int, int]


def marks_spans(labels: Sequence[str] | None) -> bool:
    """Returns whether labels are ``O``, ``B-x`` and ``I-x``, with one ``B-x`` at least.

    Example:
        >>> marks_spans(["B-city", "O"]), marks_spans(["NOUN", "O"])
        (True, False)
    """
    known = labels or ()
    return any(label.startswith("B-") for label in known) and all(
        label == "O" or (label[:2] in ("B-", "I-") and len(label) > 2) for label in known
    )


def find_spans(tags: Sequence[str]) -> list[Span]:
    """Returns the spans of one row, in order.

    Example:
        >>> find_spans(["B-city", "I-city", "O", "I-day", "B-day"])
        [('city', 0, 2), ('day', 3, 4), ('day', 4, 5)]
    """
    return list(_spans(tags))


def _spans(tags: Sequence[str]) -> Iterator[Span]:
    kind, start = "", 0
    for step, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            yield kind, start, step
            kind = ""
        if not kind and mark in ("B", "I"):
            kind, start = name, step


def span_f1(
    labels: Sequence[str],
    truth: np.ndarray,
    predicted: np.ndarray,
    lengths: Sequence[int] | np.ndarray,
    weights: np.ndarray | None = None,
) -> float:
    """Returns the F1 of exact spans, all kinds together: kind, beginning and end must agree.

    Args:
        labels: The names of the tags by number.
        truth: The true class number of each step, row after row ``(steps,)``.
        predicted: Those that were answered.
        lengths: Steps of each row, or of each stretch of a row whose tags are known.
        weights: How much each step counts; a span counts like the mean of its steps. ``None`` for all alike.

    Returns:
        The harmonic mean of precision and recall; 0 where no span is right.

    Reference:
        Tjong Kim Sang & Buchholz 2000, Introduction to the CoNLL-2000 shared task: chunking.
    """
    found, expected = (_all_spans(labels, tags, lengths) for tags in (predicted, truth))
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
    labels: Sequence[str], tags: np.ndarray, lengths: Sequence[int] | np.ndarray
) -> set[tuple[int, str, int, int]]:
    ends = np.cumsum(lengths)
    rows = zip(ends - np.asarray(lengths), ends, strict=True)
    return {
        (row, *span)
        for row, (start, end) in enumerate(rows)
        for span in _spans([labels[tag] for tag in tags[start:end]])
    }
