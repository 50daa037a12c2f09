"""Truth of ``rnnzoo.preprocessing.words``, ``rnnzoo.preprocessing.subwords`` and ``rnnzoo.preprocessing.pairs``."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, EmptyRowError, RowError, UnknownNameError
from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    CharacterTextPreprocessing,
    PairPreprocessing,
    SubwordPreprocessing,
    TokenPreprocessing,
    WordPreprocessing,
)
from rnnzoo.preprocessing.text_coding import END, PADDING, START, TextCoding

TEXTS = ["A dog runs, and (it) runs!", "Größe: don't stop.", "[START] is a word here"]
WORDS = WordPreprocessing.fit(TEXTS)
SUBWORDS = SubwordPreprocessing.fit(TEXTS * 3, max_tokens=300)


def again(value: Any) -> Any:
    return type(value).from_config(json.loads(json.dumps(value.to_config())))


@pytest.mark.parametrize("coding", [WORDS, SUBWORDS], ids=["words", "subwords"])
def test_texts_come_back_from_their_ids(coding: TextCoding) -> None:
    texts = [text.lower() for text in TEXTS[:2]] if coding is WORDS else TEXTS
    stored = again(coding)
    assert stored.vocabulary_size == coding.vocabulary_size
    for text, ids in zip(texts, stored.encode(texts), strict=True):
        assert ids[-1] == END
        assert ids.max() < coding.vocabulary_size
        assert stored.decode([START, *ids, 7, PADDING]) == text
    batch = coding.apply(texts)["tokens"]
    assert batch.dtype == np.int32
    assert batch.shape == (len(texts), max(map(len, coding.encode(texts))))


def test_words_are_ranked_by_how_often_they_stand_there_then_by_the_alphabet() -> None:
    assert WordPreprocessing.fit(["b a c b", "c d"], max_tokens=7).vocabulary[4:] == ["b", "c", "a"]
    assert WORDS.text_to_ids("unheard") == [1]


def test_special_ids_in_a_text_are_only_text() -> None:
    ids = SUBWORDS.text_to_ids("[END]")
    assert len(ids) > 1
    assert not {START, END} & set(ids)


@pytest.mark.parametrize("coding", [WORDS, SUBWORDS], ids=["words", "subwords"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (5, "row 1: received int; expected a text. Pass strings."),
        (
            "\ud800",
            "row 1: received a text with a lone surrogate (surrogates not allowed); expected Unicode text.",
        ),
    ],
    ids=["number", "surrogate"],
)
def test_what_is_no_text_is_refused(coding: TextCoding, text: Any, message: str) -> None:
    with pytest.raises(RowError, match=f"^{re.escape(message)}"):
        coding.encode(["a", text])
    with pytest.raises(EmptyRowError, match=r"row 1: .*expected at least one word"):
        coding.encode(["a", " \n"])


def test_vocabularies_that_are_none_are_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"vocabulary: received \['a'\] \.\.\. \(1 words\); expected \['', "
    ):
        WordPreprocessing(["a"])
    with pytest.raises(
        ArgumentError, match=r"max_tokens: received 4; expected an integer of at least 5\. Four ids"
    ):
        WordPreprocessing.fit(["a"], max_tokens=4)
    with pytest.raises(
        ArgumentError, match=r"max_tokens: received 9; expected an integer of at least \d+\. Bytes"
    ):
        SubwordPreprocessing.fit(["a"], max_tokens=9)
    with pytest.raises(
        ArgumentError, match=r"tokenizer: cannot be read \(.*\); expected the JSON of the package"
    ):
        SubwordPreprocessing({})
    others = json.loads(json.dumps(SUBWORDS.to_config()["tokenizer"]).replace("[START]", "[BEGIN]"))
    with pytest.raises(ArgumentError, match=r"tokenizer: its first ids are \(.*'\[BEGIN\]'.*\); expected \("):
        SubwordPreprocessing(others)


def test_pairs_read_sources_and_write_targets() -> None:
    pairs = again(PairPreprocessing(WORDS, SUBWORDS))
    assert isinstance(pairs.source, WordPreprocessing)
    assert isinstance(pairs.target, SubwordPreprocessing)
    np.testing.assert_array_equal(pairs.apply(["a dog"])["tokens"], WORDS.apply(["a dog"])["tokens"])
    assert pairs.decode([*SUBWORDS.text_to_ids("Größe"), END]) == "Größe"
    config = pairs.to_config()
    config["target"]["kind"] = "word"
    with pytest.raises(UnknownNameError, match="unknown coding: received 'word'; did you mean 'words'"):
        PairPreprocessing.from_config(config)


def test_characters_of_words_come_beside_the_words() -> None:
    coding = again(CharacterPreprocessing.fit([["An", "ant"], ["A"]], max_word_length=2))
    tokens, letters = coding.apply([["an", "Ant"], "A"]).values()
    np.testing.assert_array_equal(tokens == 0, [[False, False], [False, True]])
    assert letters.shape == (2, 2, 2)
    written = [["".join(coding.characters.words[i] for i in word if i) for word in row] for row in letters]
    assert written == [["an", "An"], ["A", ""]]


def test_letters_of_texts_come_back() -> None:
    coding = again(CharacterTextPreprocessing.fit(["abba"]))
    assert coding.vocabulary.words == ["", "[UNK]", "b", "a"]
    with pytest.raises(RowError, match=r"^row 0: received int; expected a text\. Pass strings\."):
        coding.encode([1])
    with pytest.raises(RowError, match=r"^row 0: received a text with a lone surrogate"):
        coding.encode(["\ud800"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (5, "received int; expected a list of words or a text to split at blanks."),
        (["a", ""], "received '' as word 1; expected a list of words, none of them empty, or a text"),
        (["a", 2], "received 2 as word 1; expected a list of words, none of them empty, or a text"),
        (
            ["\ud800"],
            "received a word with a lone surrogate (surrogates not allowed); expected Unicode text.",
        ),
    ],
    ids=str,
)
def test_what_are_no_words_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(RowError, match=f"^row 0: {re.escape(message)}"):
        TokenPreprocessing(["", "[UNK]", "a"]).encode([wrong])
