"""Truth of ``rnnzoo.losses.crf``.

The linear-chain CRF against every path there is: sums, best paths, probabilities, gradients.
"""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.decoding import viterbi
from rnnzoo.decoding.viterbi import IMPOSSIBLE
from rnnzoo.layers.chain_potentials import ChainPotentials
from rnnzoo.losses import crf

CLASSES = 3
CLOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums


def draw(rows: int, steps: int, seed: int = 0, scale: float = 2.0) -> np.ndarray:
    """Potentials as a model makes them: at the first step every tag before says the same."""
    potentials = scale * np.random.default_rng([seed, rows, steps]).normal(
        size=(rows, steps, CLASSES, CLASSES)
    )
    if steps:
        potentials[:, 0] = potentials[:, 0, :1]
    return potentials.astype(np.float32)


def paths(steps: int) -> np.ndarray:
    """Every path ``(paths, steps)``."""
    return np.array(list(itertools.product(range(CLASSES), repeat=steps)), int).reshape(CLASSES**steps, steps)


def scores(potentials: np.ndarray) -> np.ndarray:
    """The score of every path of one row, summed step by step."""
    found = []
    for path in paths(len(potentials)):
        before = [0, *path][: len(path)]
        found.append(
            sum(float(potentials[t, i, j]) for t, (i, j) in enumerate(zip(before, path, strict=True)))
        )
    return np.array(found)


def log_of_sum(values: np.ndarray) -> float:
    return float(np.log(np.sum(np.exp(values))))


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5])
def test_sums_and_best_paths_are_those_of_all_paths(steps: int) -> None:
    batch = draw(4, steps)
    for row, potentials in enumerate(batch):
        truth = scores(potentials)
        assert viterbi.log_partition(potentials) == pytest.approx(log_of_sum(truth))
        assert viterbi.log_partition(batch)[row] == pytest.approx(log_of_sum(truth))
        best = paths(steps)[truth.argmax()]
        np.testing.assert_array_equal(viterbi.best_path(potentials), best)
        np.testing.assert_array_equal(viterbi.best_path(batch)[row], best)
        if steps:
            assert viterbi.path_score(potentials, best) == pytest.approx(truth.max())
            found = crf.log_partition(tf.constant(batch))[row]
            assert float(found) == pytest.approx(log_of_sum(truth), rel=1e-5)
            np.testing.assert_array_equal(np.asarray(crf.best_paths(tf.constant(batch)))[row], best)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_probabilities_are_shares_of_all_paths(steps: int) -> None:
    (potentials,) = draw(1, steps, seed=1)
    shares = np.exp(scores(potentials) - log_of_sum(scores(potentials)))
    expected = np.zeros((steps, CLASSES))
    for path, share in zip(paths(steps), shares, strict=True):
        expected[np.arange(steps), path] += share
    np.testing.assert_allclose(viterbi.marginals(potentials), expected, rtol=1e-9)
    np.testing.assert_allclose(viterbi.marginals(potentials[None])[0], expected, rtol=1e-9)
    assert viterbi.marginals(potentials[:0]).shape == (0, CLASSES)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_gradient_of_the_sum_is_the_share_of_each_pair(steps: int) -> None:
    batch = draw(2, steps, seed=2)
    expected = np.zeros_like(batch)
    for row, potentials in enumerate(batch):
        shares = np.exp(scores(potentials) - log_of_sum(scores(potentials)))
        for path, share in zip(paths(steps), shares, strict=True):
            expected[row, np.arange(steps), [0, *path[:-1]], path] += share
    x = tf.constant(batch)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(crf.log_partition(x) * [1.0, 3.0])
    np.testing.assert_allclose(
        tape.gradient(total, x), expected * np.array([1, 3])[:, None, None, None], **CLOSE
    )


def test_the_gradient_of_the_loss_is_that_of_small_steps() -> None:
    batch, tags = draw(2, 3, seed=3).astype(np.float64), np.array([[0, 2, 1], [1, 1, 0]])
    weights = np.array([[1, 1, 1], [1, 1, 0]], np.float32)

    def loss(potentials: np.ndarray) -> float:
        total = 0.0
        for row, length in ((0, 3), (1, 2)):
            cut = potentials[row, :length]
            total += viterbi.log_partition(cut) - viterbi.path_score(cut, tags[row, :length])
        return float(total / 5)

    batch[1, 2] = np.where(np.eye(CLASSES, dtype=bool), 0.0, IMPOSSIBLE)  # the second row ends before
    x = tf.constant(batch, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = crf.CrfNegativeLogLikelihood()(tags, x, weights)
    assert float(found) == pytest.approx(loss(batch), rel=1e-5)
    gradient = np.asarray(tape.gradient(found, x))
    for place in itertools.product(range(2), range(3), range(CLASSES), range(CLASSES)):
        if place[:2] == (1, 2):
            continue
        step = np.zeros_like(batch)
        step[place] = 1e-5
        slope = (loss(batch + step) - loss(batch - step)) / 2e-5
        assert gradient[place] == pytest.approx(slope, abs=1e-5), place


def layer(seed: int = 4) -> ChainPotentials:
    """A layer with drawn weights."""
    made = ChainPotentials()
    made(np.zeros((1, 1, CLASSES), np.float32))
    rng = np.random.default_rng(seed)
    made.set_weights([rng.normal(size=weight.shape) for weight in made.get_weights()])
    return made


MASKS = [[True] * 4, [True, True, False, False], [False, True, False, True], [True, False, False, False]]


@pytest.mark.parametrize("mask", MASKS)
def test_a_path_scores_start_tags_transitions_and_end_at_valid_steps(mask: list[bool]) -> None:
    made, valid = layer(), np.array(mask)
    transitions, starts, ends = made.get_weights()
    tag_scores = np.random.default_rng(5).normal(size=(1, 4, CLASSES)).astype(np.float32)
    (potentials,) = np.asarray(made(tag_scores, valid[None]))
    short = potentials[valid]
    for path in paths(int(valid.sum())):
        expected = starts[path[0]] + ends[path[-1]] + tag_scores[0, valid][np.arange(len(path)), path].sum()
        expected += sum(transitions[i, j] for i, j in itertools.pairwise(path))
        assert viterbi.path_score(short, path) == pytest.approx(expected, rel=1e-5, abs=1e-5)
    # Masked steps hand the tag on: nothing changes if they stay.
    assert viterbi.log_partition(potentials) == pytest.approx(float(viterbi.log_partition(short)))
    np.testing.assert_array_equal(viterbi.best_path(potentials)[valid], viterbi.best_path(short))
    np.testing.assert_allclose(viterbi.marginals(potentials)[valid], viterbi.marginals(short), atol=1e-12)
    found = crf.log_partition(tf.constant(potentials[None]))[0]
    assert float(found) == pytest.approx(float(viterbi.log_partition(short)), rel=1e-5)
    np.testing.assert_array_equal(np.asarray(crf.valid_steps(potentials[None])), [mask])
    if all(mask):
        np.testing.assert_array_equal(made(tag_scores), potentials[None])


def test_rows_one_after_the_other_are_one_chain() -> None:
    made = layer()
    tag_scores = np.random.default_rng(6).normal(size=(3, 4, CLASSES)).astype(np.float32)
    rows = np.asarray(made(tag_scores))
    chain = rows.reshape(-1, CLASSES, CLASSES)
    np.testing.assert_array_equal(viterbi.best_path(chain), viterbi.best_path(rows).reshape(-1))
    assert viterbi.log_partition(chain) == pytest.approx(viterbi.log_partition(rows).sum())
    np.testing.assert_allclose(
        viterbi.marginals(chain), viterbi.marginals(rows).reshape(-1, CLASSES), atol=1e-12
    )


def truth_of(potentials: np.ndarray, tags: np.ndarray, known: np.ndarray) -> float:
    """Minus the log of the share of the paths that agree with the known tags."""
    every, all_paths = scores(potentials), paths(len(potentials))
    agree = (all_paths == tags)[:, known].all(axis=1)
    return log_of_sum(every) - log_of_sum(every[agree])


def test_unknown_tags_count_as_all_tags_together() -> None:
    batch, tags = draw(2, 4, seed=7), np.array([[0, 2, 1, 1], [1, 1, 0, 2]])
    known = np.array([[True, False, True, True], [False, True, True, False]])
    found = crf.negative_log_likelihood(tf.constant(batch), tags, known)
    expected = [truth_of(*row) for row in zip(batch, tags, known, strict=True)]
    np.testing.assert_allclose(found, expected, **CLOSE)
    loss = float(crf.CrfNegativeLogLikelihood()(tags, batch, known.astype(np.float32)))
    assert loss == pytest.approx(sum(expected) / 5, rel=1e-5)


def test_the_loss_does_not_depend_on_padding_and_leaves_out_empty_rows() -> None:
    made, rng = layer(), np.random.default_rng(8)
    tag_scores = rng.normal(size=(3, 4, CLASSES)).astype(np.float32)
    tags = np.array([[0, 2, 1, 1], [2, 0, 0, 0], [0, 0, 0, 0]])
    lengths = np.array([4, 1, 0])
    weights = (np.arange(4) < lengths[:, None]).astype(np.float32)
    valid = weights > 0
    valid[2, 0] = True  # what a model reads an empty row as
    loss = crf.CrfNegativeLogLikelihood()
    whole = float(loss(tags, made(tag_scores, valid), weights))
    parts = [
        truth_of(
            np.asarray(made(tag_scores[row, None, :length]))[0], tags[row, :length], np.ones(length, bool)
        )
        for row, length in enumerate(lengths[:2])
    ]
    assert whole == pytest.approx(sum(parts) / 5, rel=1e-5)
    # The model masks padding itself: its tags are never asked for, even without weights.
    without = float(loss(tags[:2], made(tag_scores[:2], valid[:2])))
    assert without == pytest.approx(whole, rel=1e-6)
    assert float(loss(tags[2:], made(tag_scores[2:], valid[2:]), weights[2:])) == 0.0
    # A row may weigh more.
    doubled = float(loss(tags, made(tag_scores, valid), weights * [[2], [1], [1]]))
    assert doubled == pytest.approx((2 * parts[0] + parts[1]) / 5, rel=1e-5)


def test_extreme_scores_stay_finite() -> None:
    x = tf.constant(draw(2, 6, scale=3e4))
    tags = np.zeros((2, 6), int)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = crf.CrfNegativeLogLikelihood()(tags, x)
    gradient = np.asarray(tape.gradient(loss, x))
    assert np.isfinite(float(loss))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() <= 1.0
    assert np.isfinite(viterbi.marginals(x.numpy())).all()


def test_accuracy_while_training_is_that_of_the_best_path() -> None:
    batch, rng = draw(4, 5, seed=9), np.random.default_rng(9)
    tags = rng.integers(0, CLASSES, (4, 5))
    weights = (np.arange(5) < np.array([5, 3, 1, 0])[:, None]).astype(np.float32)
    metric = crf.PathAccuracy()
    for rows in (slice(0, 1), slice(1, 4)):
        metric.update_state(tags[rows], tf.constant(batch[rows]), weights[rows])
    hits = viterbi.best_path(batch) == tags
    assert float(metric.result()) == pytest.approx(hits[weights > 0].mean())
    copy = crf.PathAccuracy.from_config(metric.get_config())
    assert copy.name == "accuracy"


def test_both_run_in_a_graph_of_any_length() -> None:
    loss, traced = crf.CrfNegativeLogLikelihood(), []

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, CLASSES, CLASSES)), tf.TensorSpec((None, None), tf.int64)]
    )
    def run(potentials: Any, tags: Any) -> Any:
        traced.append(1)
        return loss(tags, potentials), crf.best_paths(potentials)

    for rows, steps in ((1, 1), (3, 2), (2, 5)):
        batch, tags = draw(rows, steps), np.zeros((rows, steps), int)
        found, best = run(batch, tags)
        assert float(found) == pytest.approx(float(loss(tags, batch)), rel=1e-6)
        np.testing.assert_array_equal(best, viterbi.best_path(batch))
    assert len(traced) == 1


def test_a_saved_layer_is_the_same(tmp_path: Any) -> None:
    inputs = keras.Input((None, CLASSES))
    model = keras.Model(inputs, ChainPotentials(name="potentials")(inputs))
    model.layers[-1].set_weights(layer().get_weights())
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(1).normal(size=(2, 3, CLASSES)).astype(np.float32)
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
