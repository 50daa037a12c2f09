"""Truth of ``rnnzoo.decoding.tagged_words``: a tagger's answer holds the words, where they are, and what they name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnzoo.decoding import Decoding
from rnnzoo.decoding.answers import TagDecoding
from rnnzoo.decoding.spans import find_spans
from rnnzoo.decoding.tagged_words import add_words
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    JoinedPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
)

LABELS = ["B-city", "I-city", "B-day", "O"]
READER = TokenPreprocessing(["", "[UNK]"])
TAGGER = Decoding("tagging", labels=LABELS)
TEXT = "From  New York,\ton Monday"
TAGS = ["O", "B-city", "I-city", "O", "B-day"]
SHARES = [0.9, 0.8, 0.7, 0.6, 0.5]
ANSWER = {"labels": TAGS, "probabilities": SHARES}


def answered(row: Any, answer: dict[str, Any], reader: Any = READER, decoding: Any = TAGGER) -> Any:
    (found,) = add_words([answer], [row], reader, decoding)
    return found


def test_a_text() -> None:
    places = [(0, 4, "From"), (6, 9, "New"), (10, 15, "York,"), (16, 18, "on"), (19, 25, "Monday")]
    assert answered(TEXT, ANSWER) == {
        **ANSWER,
        "words": [
            {"word": word, "start": start, "end": end, "tag": tag, "probability": share}
            for (start, end, word), tag, share in zip(places, TAGS, SHARES, strict=True)
        ],
        "entities": [
            {"label": "city", "start": 6, "end": 15, "text": "New York,"},
            {"label": "day", "start": 19, "end": 25, "text": "Monday"},
        ],
    }
    assert set(ANSWER) == {"labels", "probabilities"}  # what was passed stays as it is


def test_a_list_of_words() -> None:
    found = answered(TEXT.split(), ANSWER)
    assert found["words"][2] == {"word": "York,", "start": 2, "end": 3, "tag": "I-city", "probability": 0.7}
    assert found["entities"][0] == {"label": "city", "start": 1, "end": 3, "text": "New York,"}


@given(st.lists(st.tuples(st.text("aÉ🙂.", min_size=1), st.sampled_from(LABELS)), min_size=1), st.data())
def test_offsets_cut_out_words_and_entities(steps: list[tuple[str, str]], data: st.DataObject) -> None:
    text = "".join(f"{word}{data.draw(st.sampled_from([' ', '  ', chr(160)]))}" for word, _ in steps)
    tags = [tag for _, tag in steps]
    found = answered(text, {"labels": tags, "probabilities": [0.5] * len(tags)})
    assert [text[word["start"] : word["end"]] for word in found["words"]] == [word for word, _ in steps]
    assert [word["tag"] for word in found["words"]] == tags
    spans = find_spans(tags)
    assert [entity["label"] for entity in found["entities"]] == [kind for kind, _, _ in spans]
    for entity, (_, first, after) in zip(found["entities"], spans, strict=True):
        assert entity["text"] == text[entity["start"] : entity["end"]]
        assert entity["text"].split() == [word for word, _ in steps[first:after]]


def test_words_beyond_the_limit_have_no_tag() -> None:
    found = answered(TEXT, {"labels": ["O", "B-city"], "probabilities": [0.9, 0.8]})
    assert [word["word"] for word in found["words"]] == ["From", "New"]
    assert found["entities"] == [{"label": "city", "start": 6, "end": 9, "text": "New"}]


def test_entities_only_where_tags_mark_spans() -> None:
    tagger = Decoding("tagging", labels=["NOUN", "VERB"])
    found = answered("it rains", {"labels": ["NOUN", "VERB"], "probabilities": [0.5, 0.5]}, decoding=tagger)
    assert found.keys() == {"labels", "probabilities", "words"}
    paths = Decoding("crf_tagging", labels=LABELS)
    assert "entities" in answered("it rains", {"labels": ["O", "O"], "probabilities": [1, 1]}, decoding=paths)


@pytest.mark.parametrize(
    ("reader", "decoding"),
    [
        (None, TAGGER),
        (READER, None),
        (READER, Decoding("multilabel_classification", labels=LABELS)),
        (TextPreprocessing(["", "[UNK]"]), TAGGER),
    ],
)
def test_other_answers_stay_as_they_are(reader: Any, decoding: Any) -> None:
    assert answered(TEXT, ANSWER, reader, decoding) == ANSWER


class MarkedDecoding(TagDecoding):
    """A decoding of a user, which has words of its own."""

    def answer(self, row: np.ndarray) -> dict[str, Any]:
        return {**super().answer(row), "words": "mine"}


def test_a_decoding_of_your_own_keeps_what_it_answers() -> None:
    own = MarkedDecoding("tagging", labels=LABELS)
    (answer,) = own(np.eye(4)[None, [3, 0]])
    found = answered("to Rome", answer, decoding=own)
    assert found["words"] == "mine"
    assert found["entities"] == [{"label": "city", "start": 3, "end": 7, "text": "Rome"}]
    for other in ({"tags": "O"}, {"labels": ["O"] * 3}, ["O"]):
        assert answered("to Rome", other, decoding=own) == other  # type: ignore[arg-type]
    assert answered("Rome", {"labels": ["O"]}, decoding=own)["words"] == [
        {"word": "Rome", "start": 0, "end": 4, "tag": "O"}
    ]


def test_words_of_a_part_are_told_as_those_of_a_text() -> None:
    reader = JoinedPreprocessing({"shop": CategoryPreprocessing(["north"]), "order": READER})
    assert answered({"shop": "north", "order": TEXT}, ANSWER, reader) == answered(TEXT, ANSWER)
    words = TEXT.split()
    assert answered({"shop": "north", "order": words}, ANSWER, reader) == answered(words, ANSWER)
