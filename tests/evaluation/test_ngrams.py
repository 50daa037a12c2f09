"""Truth of ``rnnzoo.evaluation.baselines.ngrams``.

Counts of short sequences against the textbook's sums, written out with dictionaries.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.baselines.ngrams import KneserNey

SIZE = 7


def text(length: int, seed: int = 0) -> np.ndarray:
    """Tokens 1 to 6, of which each makes some that may follow likelier; 6 is rare."""
    rng = np.random.default_rng(seed)
    ids = [1]
    while len(ids) < length:
        shares = np.array([1.0, 1, 1, 1, 1, 0.1])
        shares[ids[-1] % 5] += 4
        ids.append(int(rng.choice(6, p=shares / shares.sum())) + 1)
    return np.array(ids)


class Truth:
    """The recursion as papers write it, one token at a time."""

    def __init__(self, ids: list[int], order: int) -> None:
        self.order = order
        grams = {n: Counter(zip(*(ids[i:] for i in range(n)), strict=False)) for n in range(1, order + 2)}
        self.counts: dict[int, Counter[Any]] = {order: grams[order]}
        for n in range(1, order):
            self.counts[n] = Counter(longer[1:] for longer in grams[n + 1])
        self.discounts = {n: self._discount(counts) for n, counts in self.counts.items()}

    @staticmethod
    def _discount(counts: Counter[Any]) -> float:
        kinds = Counter(counts.values())
        return min(kinds[1] / (kinds[1] + 2 * kinds[2]), 0.95) if kinds[1] else 0.5

    def probability(self, past: tuple[int, ...], token: int, n: int | None = None) -> float:
        n = self.order if n is None else n
        if n == 0:
            return 1 / (SIZE - 1)
        shorter = self.probability(past[1:] if len(past) >= n - 1 else past, token, n - 1)
        if len(past) < n - 1:
            return shorter
        past = past[len(past) - (n - 1) :]
        followers = {gram[-1]: count for gram, count in self.counts[n].items() if gram[:-1] == past}
        total, discount = sum(followers.values()), self.discounts[n]
        if not total:
            return shorter
        return (max(followers.get(token, 0) - discount, 0) + discount * len(followers) * shorter) / total


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_shares_are_those_of_the_recursion(order: int) -> None:
    train, held = text(150), text(60, seed=1)
    truth = Truth(train.tolist(), order)
    expected = [
        np.log(truth.probability(tuple(held[max(0, t - order + 1) : t].tolist()), int(held[t])))
        for t in range(1, len(held))
    ]
    found = KneserNey(train, vocabulary_size=SIZE, order=order).log_probabilities(held)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("past", [[1, 2, 3], [6, 6, 6], [3], [5, 1, 4, 2, 2]])
def test_shares_of_all_that_may_come_sum_to_one(order: int, past: list[int]) -> None:
    model = KneserNey(text(200), vocabulary_size=SIZE, order=order)
    shares = [np.exp(model.log_probabilities(np.array([*past, token]))[-1]) for token in range(1, SIZE)]
    assert abs(sum(shares) - 1) < 1e-12
    assert min(shares) > 0


def test_longer_pasts_help_where_there_is_something_to_learn() -> None:
    train, held = text(20_000), text(2_000, seed=2)
    loss = [-KneserNey(train, vocabulary_size=SIZE, order=n).log_probabilities(held).mean() for n in (1, 2)]
    assert loss[1] < loss[0] - 0.1


def test_a_token_that_follows_one_other_alone_is_not_expected_elsewhere() -> None:
    """6 comes as often as 4, but only after 5."""
    train = np.array([5, 6, 1, 4, 5, 6, 2, 4, 5, 6, 3, 4] * 3)
    model = KneserNey(train, vocabulary_size=SIZE, order=2)
    after_two = [np.exp(model.log_probabilities(np.array([6, token]))[0]) for token in (4, 6)]
    assert after_two[1] < 0.6 * after_two[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"order": 0}, ArgumentError, "order: received 0; expected an integer of at least 1"),
        (
            {"ids": np.array([0, 1, 2, 3])},
            DataError,
            r"ids: received 0 to 3; expected 1 to 6\. Encode the text",
        ),
        ({"ids": np.array([1, 2, 7])}, DataError, "ids: received 1 to 7; expected 1 to 6"),
        ({"ids": np.array([1])}, DataError, r"ids: received int64 of shape \(1,\); expected whole numbers"),
        ({"ids": np.ones((2, 3))}, DataError, r"ids: received float64 of shape \(2, 3\)"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        KneserNey(**{"ids": text(9), "vocabulary_size": SIZE, "order": 2, **arguments})
