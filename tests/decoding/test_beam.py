"""Truth of ``rnnzoo.decoding.beam``: searches against the enumeration of all sequences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.decoding.beam import Hypothesis, States, Step, beam_search, greedy_search
from rnnzoo.decoding.probabilities import log_softmax
from rnnzoo.errors import ArgumentError, DataError

END = 1


def model(seed: int, vocabulary: int) -> Step:
    """The next token depends on all before it, which the state sums up, and on the row's own state."""
    rng = np.random.default_rng(seed)
    mix, embed, head = (2 * rng.normal(size=shape) for shape in ((3, 3), (vocabulary, 3), (3, vocabulary)))

    def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
        assert len(states["h"]) == len(last) == len(rows)
        # A state that went astray would belong to another row.
        np.testing.assert_array_equal(states["row"], rows)
        h = np.tanh(states["h"] @ mix + embed[last])
        return log_softmax(h @ head), {"h": h, "row": states["row"]}

    return step


def starts(rows: int, seed: int = 5) -> States:
    return {"h": np.random.default_rng(seed).normal(size=(rows, 3)), "row": np.arange(rows)}


def enumerate_all(
    step: Step, state: States, row: int, vocabulary: int, longest: int, alpha: float
) -> list[tuple[float, tuple[int, ...]]]:
    found = []
    for length in range(longest + 1):
        others = [token for token in range(vocabulary) if token != END]
        for tokens in itertools.product(others, repeat=length):
            now = {name: value[row : row + 1] for name, value in state.items()}
            total, last = 0.0, 0
            for token in (*tokens, END):
                answer, now = step(now, np.array([last]), np.array([row]))
                total += answer[0, token]
                last = token
            found.append((total / ((5 + length + 1) / 6) ** alpha, tokens))
    return sorted(found, reverse=True)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.6, 1.0]), st.sampled_from([(3, 4), (4, 3), (5, 2)]))
@settings(max_examples=30, deadline=None)
def test_a_wide_beam_finds_the_best_of_all_sequences(seed: int, alpha: float, sizes: tuple[int, int]) -> None:
    vocabulary, longest = sizes
    step, states = model(seed, vocabulary), starts(3, seed)
    found = beam_search(
        step, states, 3, start=0, end=END, max_length=longest, beams=vocabulary ** (longest + 1), alpha=alpha
    )
    for row in range(3):
        truth = enumerate_all(step, states, row, vocabulary, longest, alpha)
        assert [one.tokens for one in found[row]] == [tokens for _, tokens in truth]
        np.testing.assert_allclose([one.score for one in found[row]], [score for score, _ in truth])


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_greedy_search_takes_the_best_token_at_each_step(seed: int) -> None:
    step, states = model(seed, 5), starts(4, seed)
    found = greedy_search(step, states, 4, start=0, end=END, max_length=6)
    for row in range(4):
        now = {name: value[row : row + 1] for name, value in states.items()}
        tokens: list[int] = []
        last, ended, total = 0, False, 0.0
        while not ended and len(tokens) < 6:
            answer, now = step(now, np.array([last]), np.array([row]))
            last = int(answer[0].argmax())
            total += answer[0, last]
            ended = last == END
            tokens += [] if ended else [last]
        assert found[row].tokens == tuple(tokens)
        if ended:
            assert found[row].ended
            assert math.isclose(found[row].log_probability, total)
    beam = beam_search(step, states, 4, start=0, end=END, max_length=6, beams=1, alpha=0.8)
    assert [row[0].tokens for row in beam] == [one.tokens for one in found]


def test_companions_never_change_an_answer() -> None:
    step, states = model(3, 6), starts(5)
    together = beam_search(step, states, 5, start=0, end=END, max_length=7, beams=3)
    for row in range(5):

        def alone(
            now: States, last: np.ndarray, rows: np.ndarray, row: int = row
        ) -> tuple[np.ndarray, States]:
            return step(now, last, rows + row)

        one = {name: value[row : row + 1] for name, value in states.items()}
        single = beam_search(alone, one, 1, start=0, end=END, max_length=7, beams=3)[0]
        assert [hypothesis.tokens for hypothesis in single] == [h.tokens for h in together[row]]


def test_rows_that_are_done_leave_the_batch() -> None:
    seen: list[list[int]] = []

    def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
        seen.append(rows.tolist())
        # Row n ends after n tokens.
        ends = len(seen) - 1 >= rows
        return np.where(ends[:, None], np.log([[0.1, 0.9]]), np.log([[0.9, 0.1]])), {}

    found = greedy_search(step, {}, 3, start=0, end=END, max_length=9)
    assert seen == [[0, 1, 2], [1, 2], [2]]
    assert [one.tokens for one in found] == [(), (0,), (0, 0)]


def test_normalisation_by_length_favours_longer_answers() -> None:
    # "0 0" has half the probability of the empty answer.
    def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
        table = {0: [0.55, 0.45], 1: [0.56, 0.44], 2: [1e-9, 1.0]}
        return np.log([table[n] for n in states["n"].tolist()]), {"n": states["n"] + 1}

    def best(alpha: float) -> Hypothesis:
        start = {"n": np.array([0])}
        return beam_search(step, start, 1, start=0, end=END, max_length=2, beams=8, alpha=alpha)[0][0]

    assert best(0.0).tokens == ()
    assert best(2.0).tokens == (0, 0)
    assert math.isclose(best(2.0).score, math.log(0.55 * 0.56) / (8 / 6) ** 2)


def test_the_greatest_length_cuts_and_says_so() -> None:
    def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
        return np.log([[0.9, 0.1]]), {}

    found = greedy_search(step, {}, 1, start=0, end=END, max_length=3)[0]
    assert (found.tokens, found.ended) == ((0, 0, 0), False)


def test_banned_tokens_are_never_taken() -> None:
    def step(states: States, last: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, States]:
        return np.log([[0.8, 0.05, 0.15]]), {}

    assert greedy_search(step, {}, 1, start=0, end=END, max_length=2, banned=[0])[0].tokens == (2, 2)


def test_no_rows_need_no_step() -> None:
    assert beam_search(model(0, 3), {}, 0, start=0, end=END, max_length=3) == []


def test_wrong_arguments_and_answers_are_refused() -> None:
    step, states = model(0, 3), starts(1)
    with pytest.raises(ArgumentError, match="beams: received 0; expected an integer of at least 1"):
        beam_search(step, states, 1, start=0, end=END, max_length=3, beams=0)
    with pytest.raises(ArgumentError, match="alpha: received -1; expected a finite number at least 0"):
        beam_search(step, states, 1, start=0, end=END, max_length=3, alpha=-1)
    with pytest.raises(ArgumentError, match="banned: received the end token 1"):
        beam_search(step, states, 1, start=0, end=END, max_length=3, banned=[1])
    with pytest.raises(DataError, match="the model answered NaN"):
        beam_search(lambda s, t, r: (np.full((1, 3), np.nan), s), states, 1, start=0, end=END, max_length=3)
    with pytest.raises(DataError, match=r"answered \(3,\) for 1 hypotheses; expected \(1, vocabulary\)"):
        beam_search(lambda s, t, r: (np.zeros(3), s), states, 1, start=0, end=END, max_length=3)
