"""Spans in rows of tags: names of people, slots, whatever is marked by a beginning (B-) and what is inside (I-).

A span is found as the scorer of CoNLL-2000 finds it: it begins at ``B-x``, or at ``I-x`` after anything but ``B-x`` and
``I-x``, and goes on while ``I-x`` follows; it never reaches into the next row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
