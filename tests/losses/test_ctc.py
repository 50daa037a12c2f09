"""Truth of ``rnnzoo.losses.ctc``.

Connectionist temporal classification against every path written out: loss, probability and decoding.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.decoding import Decoding
from rnnzoo.decoding.ctc import (
    best_symbols,
    collapse,
    frames_needed,
    log_probability,
    log_softmax,
    prefix_beam_search,
)
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.losses.ctc import CTC

# The best path is blank, blank (0.36); but 1 has three paths: 0.24, 0.24 and 0.16.
MISLEADING = np.log([[0.6, 0.4], [0.6, 0.4]])


def merged(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def enumerate_paths(logits: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every labelling, path by path."""
    shares = np.exp(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        found[merged(path)] += math.prod(shares[t, symbol] for t, symbol in enumerate(path))
    return found


def random_logits(frames: int, symbols: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, frames, symbols]).normal(scale=2.0, size=(frames, symbols))


SIZES = [(frames, symbols) for frames in (1, 2, 3, 4) for symbols in (2, 3)]


@pytest.mark.parametrize(("frames", "symbols"), SIZES)
def test_the_loss_of_every_labelling_is_that_of_its_paths(frames: int, symbols: int) -> None:
    logits = random_logits(frames, symbols)
    truth = enumerate_paths(logits)
    assert sum(truth.values()) == pytest.approx(1.0)
    labels = np.zeros((len(truth), frames), np.int32)
    for row, labelling in enumerate(truth):
        labels[row, : len(labelling)] = labelling
    loss = CTC(reduction="none")(labels, np.repeat(logits[None], len(truth), axis=0).astype(np.float32))
    np.testing.assert_allclose(loss, [-math.log(p) for p in truth.values()], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("frames", "symbols"), SIZES)
def test_the_probability_of_every_labelling_is_that_of_its_paths(frames: int, symbols: int) -> None:
    logits = random_logits(frames, symbols, seed=1)
    for labelling, probability in enumerate_paths(logits).items():
        assert log_probability(logits, labelling) == pytest.approx(math.log(probability), abs=1e-9)
    assert log_probability(logits, [1] * (frames + 1)) == -math.inf


@pytest.mark.parametrize(("frames", "symbols"), SIZES)
def test_a_wide_beam_finds_every_labelling_with_its_probability(frames: int, symbols: int) -> None:
    for seed in range(5):
        logits = random_logits(frames, symbols, seed=seed)
        truth = enumerate_paths(logits)
        found = prefix_beam_search(logits, beam_width=1000)
        assert {tuple(labelling): score for labelling, score in found} == pytest.approx(
            {labelling: math.log(probability) for labelling, probability in truth.items()}, abs=1e-9
        )
        assert tuple(found[0][0]) == max(truth, key=lambda labelling: truth[labelling])


def test_the_beam_finds_what_the_best_symbols_misses() -> None:
    assert best_symbols(MISLEADING) == []
    assert enumerate_paths(MISLEADING)[(1,)] == pytest.approx(0.64)
    assert prefix_beam_search(MISLEADING, beam_width=2)[0][0] == [1]
    answers = {
        width: Decoding("transcription", labels=["", "a"], beam_width=width)(MISLEADING[None])[0]
        for width in (None, 2)
    }
    assert answers[None] == {"text": "", "probability": pytest.approx(0.36)}
    assert answers[2] == {"text": "a", "probability": pytest.approx(0.64)}


def test_a_language_model_changes_what_is_heard() -> None:
    logits = np.log([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    seen: list[tuple[tuple[int, ...], int]] = []

    def language_model(prefix: tuple[int, ...], symbol: int) -> float:
        seen.append((prefix, symbol))
        return 0.0 if symbol == 1 else -5.0

    plain = {tuple(labelling): score for labelling, score in prefix_beam_search(logits, beam_width=100)}
    scored = prefix_beam_search(logits, beam_width=100, language_model=language_model)
    assert max(plain, key=lambda labelling: plain[labelling]) == (1, 2)
    assert scored[0][0] == [1]
    for labelling, score in scored:
        assert score == pytest.approx(plain[tuple(labelling)] - 5.0 * labelling.count(2), abs=1e-9)
    assert ((1,), 2) in seen


def test_a_narrow_beam_answers_a_long_row() -> None:
    logits = random_logits(200, 20)
    labelling, score = prefix_beam_search(logits, beam_width=8)[0]
    assert log_probability(logits, labelling) >= score - 1e-9
    assert log_probability(logits, labelling) >= log_probability(logits, best_symbols(logits)) - 1e-9


def test_certain_blanks_change_nothing() -> None:
    logits = random_logits(4, 3)
    blanks = np.full((5, 3), -1e4)
    blanks[:, 0] = 0.0
    longer = np.concatenate([logits, blanks])
    labels = np.array([[1, 2]], np.int32)
    losses = [float(CTC()(labels, x[None].astype(np.float32))) for x in (logits, longer)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert log_probability(longer, [1, 2]) == pytest.approx(log_probability(logits, [1, 2]), abs=1e-12)
    assert prefix_beam_search(longer, beam_width=99)[:3] == [
        (labelling, pytest.approx(score))
        for labelling, score in prefix_beam_search(logits, beam_width=99)[:3]
    ]


def test_the_loss_of_many_frames_is_exact_in_float32_and_the_same_under_half_precision() -> None:
    logits = random_logits(300, 20)
    symbols = np.random.default_rng(3).integers(1, 20, 60)
    loss = float(CTC()(symbols[None], logits[None].astype(np.float32)))
    assert loss == pytest.approx(-log_probability(logits, symbols.tolist()), rel=1e-5)
    half = tf.cast(logits[None], tf.bfloat16)
    exact = -log_probability(np.asarray(tf.cast(half, tf.float32))[0], symbols.tolist())
    assert float(CTC(dtype="float32")(symbols[None], half)) == pytest.approx(exact, rel=1e-5)


def test_the_gradient_is_that_of_finite_differences() -> None:
    logits, labels = random_logits(4, 3), np.array([[2, 2]], np.int32)
    with tf.GradientTape() as tape:
        x = tf.constant(logits[None].astype(np.float32))
        tape.watch(x)
        loss = CTC()(labels, x)
    gradient = np.asarray(tape.gradient(loss, x))[0]
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-5
        slope = (log_probability(logits - step, [2, 2]) - log_probability(logits + step, [2, 2])) / 2e-5
        assert gradient[place] == pytest.approx(slope, abs=1e-4)


def test_a_transcript_without_room_is_an_error_not_a_number() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="more frames than the model answers"):
        CTC()(np.array([[1, 1, 0]]), np.zeros((1, 2, 3), np.float32))
    assert frames_needed([1, 1]) == 3
    assert np.isfinite(CTC()(np.array([[1, 1, 0]]), np.zeros((1, 3, 3), np.float32)))


def test_an_empty_transcript_has_the_loss_of_blanks() -> None:
    logits = random_logits(3, 4)
    loss = float(CTC()(np.zeros((1, 2), np.int32), logits[None].astype(np.float32)))
    assert loss == pytest.approx(-float(log_softmax(logits)[:, 0].sum()), rel=1e-5)


def test_paths_collapse() -> None:
    for path in itertools.product(range(3), repeat=5):
        assert tuple(collapse(path)) == merged(path)
    assert collapse([]) == []


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ArgumentError, match="beam_width: received 0; expected an integer of at least 1"):
        prefix_beam_search(MISLEADING, beam_width=0)
    with pytest.raises(ArgumentError, match="beam_width: received 4 for task 'classification'"):
        Decoding("classification", labels=["a", "b"], beam_width=4)
    with pytest.raises(DataError, match="answers 2 classes; the labels are 3"):
        Decoding("transcription", labels=["", "a", "b"])(MISLEADING[None])


def test_a_decoding_survives_its_file() -> None:
    decoding = Decoding("transcription", labels=["", "a"], beam_width=2)
    again = Decoding.from_config(decoding.to_config())
    assert again(MISLEADING[None]) == decoding(MISLEADING[None])
    assert "beam_width" not in Decoding("transcription", labels=["", "a"]).to_config()
