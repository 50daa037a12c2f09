"""Answers of taggers with the words that the tags are of, and their places in what was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.decoding.answers import Answer, Decoding, TagDecoding
from rnnzoo.decoding.spans import find_spans, marks_spans
from rnnzoo.preprocessing.base import Preprocessing, Rows
from rnnzoo.preprocessing.placed_words import PlacedWord


def add_words(
    answers: Sequence[Answer], raw: Rows, preprocessing: Preprocessing | None, decoding: Decoding | None
) -> list[Answer]:
    """Adds ``words``, and ``entities`` where tags mark spans, to the answers of a tagger of words.

    All other answers stay as they are: those of other tasks, of taggers of series, and those of a decoding of your own
    that are not a list of ``labels`` as long as the words that were read.

    Args:
        answers: What the decoding answered.
        raw: The rows that were given, one for each answer.
        preprocessing: What read the rows; it knows where the words are.
        decoding: What answered.

    Example:
        >>> from rnnzoo.preprocessing import TokenPreprocessing
        >>> reader = TokenPreprocessing.fit([["to", "New", "York"]])
        >>> tagger = Decoding("tagging", labels=["B-city", "I-city", "O"])
        >>> answer = {"labels": ["O", "B-city", "I-city"], "probabilities": [0.9, 0.8, 0.7]}
        >>> (found,) = add_words([answer], ["to New  York"], reader, tagger)
        >>> found["words"][1]
        {'word': 'New', 'start': 3, 'end': 6, 'tag': 'B-city', 'probability': 0.8}
        >>> found["entities"]
        [{'label': 'city', 'start': 3, 'end': 12, 'text': 'New  York'}]
    """
    if preprocessing is None or not isinstance(decoding, TagDecoding):
        return list(answers)
    return [
        _with_words(answer, preprocessing.stepped(row), preprocessing.placed_words(row), decoding.labels)
        for answer, row in zip(answers, raw, strict=True)
    ]


def _with_words(
    answer: Any, row: Any, words: Sequence[PlacedWord] | None, labels: Sequence[str] | None
) -> Answer:
    tags = answer.get("labels") if isinstance(answer, dict) else None
    # Rows that are longer than what the preprocessing reads have no tags at their end.
    if words is None or not isinstance(tags, list) or len(tags) > len(words):
        return answer  # type: ignore[no-any-return] # whatever a decoding of the user's answers
    words = words[: len(tags)]
    shares = answer.get("probabilities")
    known = shares if isinstance(shares, list) and len(shares) == len(tags) else None
    added: Answer = {
        "words": [
            {"word": word.word, "start": word.start, "end": word.end, "tag": tag}
            | ({} if known is None else {"probability": known[number]})
            for number, (word, tag) in enumerate(zip(words, tags, strict=True))
        ]
    }
    if marks_spans(labels):
        added["entities"] = _entities(row, words, tags)
    return {**answer, **{name: value for name, value in added.items() if name not in answer}}


def _entities(row: Any, words: Sequence[PlacedWord], tags: Sequence[str]) -> list[Answer]:
    """Returns the spans with the text from the first of their words to the last."""
    found = []
    for kind, first, after in find_spans(tags):
        start, end = words[first].start, words[after - 1].end
        text = row[start:end] if isinstance(row, str) else " ".join(word.word for word in words[first:after])
        found.append({"label": kind, "start": start, "end": end, "text": text})
    return found
