"""Truth of ``rnnzoo.data.augmentation.text_noise`` and ``rnnzoo.data.augmentation.keyboard``."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augmented_data import SEEDS, rng
from rnnzoo.data.augmentation.keyboard import LAYOUTS, neighbours
from rnnzoo.data.augmentation.text_noise import (
    UNKNOWN_WORD,
    KeyboardTypos,
    TokenDropout,
    TokenInsertion,
    TokenSwap,
)

WORDS = st.lists(st.text("abcxyz,.", min_size=1, max_size=6), min_size=1, max_size=12)


def is_part_of(part: list[str], whole: list[str]) -> bool:
    """Whether the words of a part are in the whole, in order."""
    rest = iter(whole)
    return all(word in rest for word in part)


@given(WORDS, SEEDS)
def test_words_are_dropped_swapped_and_inserted_and_nothing_else(words: list[str], seed: int) -> None:
    dropped = TokenDropout(rate=0.5).apply(words, rng(seed))
    assert dropped
    assert is_part_of(dropped, words)
    unknown = TokenDropout(rate=0.5, keep_place=True).apply(words, rng(seed))
    assert [w for w in unknown if w != UNKNOWN_WORD] == dropped
    assert len(unknown) == len(words)
    swapped = TokenSwap(rate=0.5).apply(words, rng(seed))
    assert collections.Counter(swapped) == collections.Counter(words)
    inserted = TokenInsertion(rate=0.5, words=("NEW",)).apply(words, rng(seed))
    assert [word for word in inserted if word != "NEW"] == words
    assert inserted[0] != "NEW"


@given(WORDS, SEEDS)
def test_typos_are_one_key_beside_the_right_one(words: list[str], seed: int) -> None:
    typed = KeyboardTypos(rate=1.0).apply(words, rng(seed))
    for word, other in zip(words, typed, strict=True):
        wrong = [(a, b) for a, b in zip(word, other, strict=True) if a != b]
        letters = [a for a in word if a.isalpha()]
        assert len(wrong) == min(1, len(letters))
        assert all(b in neighbours("qwerty")[a] for a, b in wrong)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_beside_each_other_are_so_in_both_directions(layout: str) -> None:
    near = neighbours(layout)
    assert set(near) == set("".join(LAYOUTS[layout]))
    assert all(a in near[b] for a in near for b in near[a])
    assert all(2 <= len(others) <= 6 for others in near.values())


def test_capitals_and_punctuation_stay_and_what_has_no_key() -> None:
    assert KeyboardTypos(rate=1.0).apply("É, 12!", rng()) == "É, 12!"
    assert KeyboardTypos(rate=1.0).apply("Q", rng()) in ("A", "W")


def test_swaps_move_two_words_each() -> None:
    words = [str(number) for number in range(4000)]
    moved = [TokenSwap(rate=0.1).apply(words, rng(seed)) for seed in range(5)]
    share = np.mean([a != b for row in moved for a, b in zip(row, words, strict=True)])
    # Of 0.1 n swaps both partners move; some words meet two swaps.
    assert share == pytest.approx(1 - np.exp(-0.2), abs=0.02)
