"""Truth of ``rnnzoo.preprocessing.placed_words``: words are those that are read, and lie where they are said to."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from rnnzoo.preprocessing import CharacterPreprocessing, TextPreprocessing, TokenPreprocessing
from rnnzoo.preprocessing.placed_words import PlacedWord, place_words

READER = TokenPreprocessing(["", "[UNK]"], max_length=2)


@given(st.text())
@example("to\u00a0New\u2003York,\x1cnow")
@example("\ud800 a")
def test_words_of_a_text_are_cut_out_by_their_places(text: str) -> None:
    words = place_words(text)
    assert [word.word for word in words] == text.split()
    assert all(text[word.start : word.end] == word.word for word in words)
    assert all(one.end < next_one.start for one, next_one in itertools.pairwise(words))


@given(st.lists(st.text(min_size=1)))
def test_words_of_a_list_are_cut_out_by_their_numbers(row: list[str]) -> None:
    words = place_words(row)
    assert [row[word.start : word.end] for word in words] == [[word.word] for word in words]
    assert [word.word for word in words] == row


def test_a_word_keeps_its_capitals_and_marks() -> None:
    assert place_words(" Rome, ok") == [PlacedWord("Rome,", 1, 6), PlacedWord("ok", 7, 9)]


@given(st.lists(st.text("aÉ🙂", min_size=1), min_size=1))
def test_readers_of_words_have_places_for_the_steps_they_read(words: list[str]) -> None:
    for row in (words, " ".join(words)):
        (steps,) = READER.encode_rows([row])
        places = READER.placed_words(row)
        assert [place.word for place in places] == words
        assert len(steps) == min(2, len(places))


def test_who_knows_no_words() -> None:
    assert TextPreprocessing(["", "[UNK]"]).placed_words("a text") is None
    reader = CharacterPreprocessing.fit([["An", "ant"]])
    assert reader.placed_words("An ant") == [PlacedWord("An", 0, 2), PlacedWord("ant", 3, 6)]
