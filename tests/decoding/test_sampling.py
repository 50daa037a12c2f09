"""Truth of ``rnnzoo.decoding.sampling``: which tokens are drawn, and how often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo.decoding.sampling import generate_tokens, sample_token, token_probabilities
from rnnzoo.errors import ArgumentError

LOGITS = np.log([0.1, 0.4, 0.2, 0.3])


def test_a_temperature_sharpens_or_flattens() -> None:
    np.testing.assert_allclose(token_probabilities(LOGITS), [0.1, 0.4, 0.2, 0.3], rtol=1e-12)
    squared = np.array([0.01, 0.16, 0.04, 0.09])
    np.testing.assert_allclose(
        token_probabilities(LOGITS, temperature=0.5), squared / squared.sum(), rtol=1e-12
    )
    np.testing.assert_array_equal(token_probabilities(LOGITS, temperature=0), [0, 1, 0, 0])
    # So small that what the others are divided by overflows.
    np.testing.assert_array_equal(token_probabilities(np.array([3.0, -9.0]), temperature=1e-308), [1, 0])


def test_the_likeliest_are_left_by_number_and_by_share() -> None:
    np.testing.assert_allclose(token_probabilities(LOGITS, top_k=2), [0, 4 / 7, 0, 3 / 7], rtol=1e-12)
    np.testing.assert_allclose(token_probabilities(LOGITS, top_p=0.41), [0, 4 / 7, 0, 3 / 7], rtol=1e-12)
    # The share is that of those which top_k left: 4/9 and 3/9 are enough for 0.7.
    found = token_probabilities(LOGITS, top_k=3, top_p=0.7)
    np.testing.assert_allclose(found, [0, 4 / 7, 0, 3 / 7], rtol=1e-12)
    # Of equal ones those of lower number.
    np.testing.assert_array_equal(token_probabilities(np.zeros(4), top_k=2), [0.5, 0.5, 0, 0])
    np.testing.assert_array_equal(token_probabilities(np.array([0.0, -np.inf]), top_k=9), [1, 0])


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    rng = np.random.default_rng(0)
    drawn = np.bincount([sample_token(LOGITS, rng) for _ in range(4000)], minlength=4) / 4000
    # Three standard deviations of a share of 0.4 among 4,000.
    np.testing.assert_allclose(drawn, [0.1, 0.4, 0.2, 0.3], atol=3 * np.sqrt(0.4 * 0.6 / 4000))


def follow(tokens: np.ndarray) -> np.ndarray:
    """After a token the next number is by far the likeliest, and after 4 it is 0."""
    return np.eye(5)[(tokens + 1) % 5] * 50


def written(prompt: list[int], **options: Any) -> list[int]:
    return list(generate_tokens(follow, prompt, rng=np.random.default_rng(0), **options))


def test_a_text_is_written_on_until_its_length_or_its_end() -> None:
    assert written([0, 1], length=5) == [2, 3, 4, 0, 1]
    assert written([0, 1], length=5, end=4) == [2, 3]
    assert set(written([3], length=20, forbidden=(0, 4))) <= {1, 2, 3}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"temperature": -1}, "temperature: received -1; expected a finite number at least 0."),
    ({"top_k": 0}, "top_k: received 0; expected an integer of at least 1."),
    ({"top_p": 1.5}, "top_p: received 1.5; expected a finite number above 0 and at most 1."),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=str)
def test_what_is_out_of_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        token_probabilities(LOGITS, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("logits", [[0.0, np.nan], [0.0, np.inf], [-np.inf, -np.inf]], ids=str)
def test_scores_that_are_none_are_refused(logits: list[float]) -> None:
    with pytest.raises(
        ArgumentError, match="received NaN, plus infinity, or none that is finite; expected scores"
    ):
        token_probabilities(np.array(logits))


@pytest.mark.parametrize("prompt", [[], [[1]]], ids=str)
def test_a_text_needs_a_beginning(prompt: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"prompt: received shape .*; expected one token at least\. Begin"
    ):
        written(prompt, length=1)
