"""Spans in rows of tags: names of people, slots, whatever is marked by a beginning (B-) and what is inside (I-).

Two customs find spans in tags; in both a span never reaches into the next row.

* Lenient, as the scorer of CoNLL-2000: a span begins at ``B-x``, or at ``I-x`` after anything but ``B-x`` and ``I-x``,
  and goes on while ``I-x`` follows.
* Strict, as the scheme IOB2 is defined: a span begins at ``B-x`` alone; an ``I-x`` that continues no span of its kind
  is no span.
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


def find_spans(tags: Sequence[str], *, strict: bool = False) -> list[Span]:
    """Returns the spans of one row, in order.

    Args:
        tags: The tags of its steps.
        strict: Whether only spans that begin at a ``B-`` count, as in IOB2.

    Example:
        >>> find_spans(["B-city", "I-city", "O", "I-day", "B-day"])
        [('city', 0, 2), ('day', 3, 4), ('day', 4, 5)]
        >>> find_spans(["B-city", "I-city", "O", "I-day", "B-day"], strict=True)
        [('city', 0, 2), ('day', 4, 5)]
    """
    return [span for span in _spans(tags) if not strict or tags[span[1]].startswith("B-")]


def _spans(tags: Sequence[str]) -> Iterator[Span]:
    kind, start = "", 0
    for step, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            yield kind, start, step
            kind = ""
        if not kind and mark in ("B", "I"):
            kind, start = name, step
