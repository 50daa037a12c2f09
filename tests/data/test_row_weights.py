"""Truth of ``rnnzoo.data.row_weights``: a row of weight 2 counts like the same row twice, in losses and scores."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, create_model, train
from rnnzoo.data.row_weights import check_weights
from rnnzoo.errors import DataError, RowError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.evaluation import evaluate_part, forward_function
from rnnzoo.evaluation.scores import score
from rnnzoo.evaluation.spans import span_f1
from rnnzoo.losses.gaussian import GaussianNegativeLogLikelihood
from rnnzoo.losses.pinball import Pinball
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.class_weights import class_weights, weigh_by_class
from toy_training import config

RNG = np.random.default_rng(5)
X = RNG.normal(size=(80, 5, 2)).astype(np.float32)
LABELS = np.where(X[:, :, 0].sum(axis=1) > 0, "up", "down")
WEIGHTS = RNG.integers(0, 4, 80)


def weighted(**options: Any) -> Splits:
    return Splits.from_arrays(X, LABELS, weights=WEIGHTS, **options)


def test_weights_go_with_their_rows_and_have_the_mean_one() -> None:
    splits = weighted()
    for name in ("train", "validation", "test"):
        part = splits.rows(name)
        numbers = [int(np.flatnonzero((row == X).all(axis=(1, 2)))[0]) for row in np.asarray(part.raw)]
        given: Any = part.gather(range(len(part)))[2]
        np.testing.assert_allclose(given, WEIGHTS[numbers] / WEIGHTS[numbers].mean(), rtol=1e-6)
    own = Splits.from_arrays(X, LABELS, validation=(X[:9], LABELS[:9], WEIGHTS[:9]))
    assert own.rows("train").gather([0])[2] is None
    of_validation: Any = own.rows("validation").gather(range(9))[2]
    np.testing.assert_allclose(of_validation, WEIGHTS[:9] / WEIGHTS[:9].mean())
    assert splits.description["checksum"] != Splits.from_arrays(X, LABELS).description["checksum"]


@pytest.mark.parametrize(
    ("task", "shape"),
    [
        ("classification", (12, 3)),
        ("binary_classification", (12, 1)),
        ("multilabel_classification", (12, 3)),
        ("regression", (12, 2)),
        ("tagging", (12, 3)),
        ("forecasting", (12, 4, 2)),
        ("quantile_forecasting", (12, 4, 2, 3)),
        ("gaussian_forecasting", (12, 4, 2, 2)),
    ],
)
def test_scores_of_a_weight_are_those_of_as_many_rows(task: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=shape)
    if task == "gaussian_forecasting":
        outputs[..., 1] = np.abs(outputs[..., 1]) + 0.1
    if task == "quantile_forecasting":
        outputs = np.sort(outputs, axis=-1)
    targets: Any = rng.normal(size=shape[:3] if len(shape) > 2 else shape)
    if get_task(task).targets == "classes":
        targets = rng.integers(0, max(2, shape[1]), 12)
    elif get_task(task).targets == "labels":
        targets = rng.integers(0, 2, shape)
    weights = np.array([0, 1, 2, 3, 1, 1, 2, 0, 1, 4, 1, 2], float)
    again = np.repeat(np.arange(12), weights.astype(int))
    options: dict[str, Any] = {"scale": np.array([1.0, 2.0])} if task == "forecasting" else {}
    of_rows = np.repeat(weights[:, None], 4, axis=1) if len(shape) > 2 else weights
    found = score(task, outputs, targets, weights=of_rows, **options)
    assert found == pytest.approx(score(task, outputs[again], targets[again], **options))
    assert found != pytest.approx(score(task, outputs, targets, **options))


def test_spans_count_like_their_steps() -> None:
    labels, lengths = ["B-a", "I-a", "O"], [3, 2]
    truth, found = np.array([0, 1, 2, 0, 2]), np.array([0, 1, 2, 2, 0])
    # The first row's span is right; the second's two are wrong.
    assert span_f1(labels, truth, found, lengths) == pytest.approx(2 / 4)
    assert span_f1(labels, truth, found, lengths, np.array([2, 2, 2, 1, 1])) == pytest.approx(4 / 6)


@pytest.mark.parametrize("loss", [Pinball((0.1, 0.5)), GaussianNegativeLogLikelihood()])
def test_a_weight_of_a_step_is_that_of_all_its_targets(loss: Any) -> None:
    rng = np.random.default_rng(1)
    truth, outputs = rng.normal(size=(2, 3, 3)), np.abs(rng.normal(size=(2, 3, 3, 2))) + 0.1
    weights = rng.uniform(size=(2, 3))
    values = np.asarray(loss.call(truth, outputs))
    expected = (values * weights[..., None]).mean()
    assert float(loss(truth, outputs, sample_weight=weights)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_a_part_is_the_weighted_mean() -> None:
    splits = weighted()
    keras.utils.set_random_seed(0)
    model = create_model("series-classifier-gru", **{**splits.model_arguments, "units": (4,)})
    found = evaluate_part(model, splits.validation, splits, get_task("classification"), batch_size=5)
    inputs, truth, weights = splits.rows("validation").gather(range(len(splits.validation)))
    logits = forward_function(model)(inputs).astype(np.float64)
    losses = np.log(np.exp(logits).sum(-1)) - logits[np.arange(len(logits)), truth]
    assert found.metrics["loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-5)
    hits = logits.argmax(-1) == truth
    assert found.metrics["accuracy"] == pytest.approx(np.average(hits, weights=weights))
    result = train(model, splits, config=config(epochs=1), progress=False)
    # Keras's metrics are weighted likewise.
    row = result.history[0]
    assert row["val_loss"] == pytest.approx(result.metrics["validation"]["loss"], rel=1e-4)
    assert row["val_accuracy"] == pytest.approx(result.metrics["validation"]["accuracy"], rel=1e-4)


def test_what_weighs_nothing_is_not_learned() -> None:
    """Half of the rows have the wrong label, and no weight."""
    wrong = np.arange(80) % 2 == 0
    flipped = np.where(wrong, np.where(LABELS == "up", "down", "up"), LABELS)
    splits = Splits.from_arrays(X, flipped, weights=1.0 - wrong)
    keras.utils.set_random_seed(0)
    model = create_model("series-classifier-gru", **{**splits.model_arguments, "units": (6,), "dropout": 0.0})
    train(model, splits, config=config(epochs=25, learning_rate=0.03), progress=False)
    rows = splits.rows("train")
    inputs, truth, weights = rows.gather(range(len(rows)))
    right = forward_function(model)(inputs).argmax(-1) == truth
    assert weights is not None
    assert right[weights > 0].mean() > 0.9
    assert right[weights == 0].mean() < 0.2


def test_baselines_learn_by_weight() -> None:
    heavy = np.where(LABELS == "up", 9.0, 1.0)
    splits = Splits.from_arrays(X, LABELS, weights=heavy)
    assert (run_baselines(splits, splits.validation)["majority class"].argmax(-1) == 1).all()
    numbers = X[:, :, 0].sum(axis=1)
    found = Splits.from_arrays(X, numbers, task="regression", weights=WEIGHTS)
    _, scaled, weights = found.rows("train").gather(range(len(found.train)))
    assert weights is not None
    usual = found.get_decoding().in_original_units(np.average(scaled, axis=0, weights=weights)[None])
    np.testing.assert_allclose(run_baselines(found, found.validation)["mean"][0], usual[0], rtol=1e-5)


def test_weights_of_classes_multiply_those_of_rows() -> None:
    splits = weighted()
    _, truth, weights = splits.rows("train").gather(range(len(splits.train)))
    assert weights is not None
    sums = np.bincount(truth, weights)
    found = class_weights(splits, get_task("classification"), "balanced")
    np.testing.assert_allclose(found, sums.sum() / (2 * sums), rtol=1e-5)
    table = np.array([2.0, 3.0], np.float32)
    _, _, both = weigh_by_class(table)({}, truth[:, None].astype(np.float32), weights)
    np.testing.assert_allclose(both, table[truth] * weights, rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 79, "weights: received 79 for 80 rows; expected a number for each"),
        ([*[1.0] * 79, -1.0], r"weights: row 79: received -1\.0; expected a finite number of at least 0"),
        ([*[1.0] * 79, float("nan")], "weights: row 79: received nan"),
        ([*[1.0] * 79, "much"], "weights: row 79: received 'much'"),
        ([*[1.0] * 79, [1.0, 2.0]], "weights: row 79: received 2 numbers; expected one"),
        ([0.0] * 80, "train weights: received 0 for all of 56; expected one above 0 at least"),
    ],
)
def test_weights_that_are_none_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Splits.from_arrays(X, LABELS, weights=weights)


def test_steps_of_a_tagger_may_have_weights_each() -> None:
    words, tags = [["a", "b", "c"], ["b"]] * 20, [["x", "y", "x"], ["y"]] * 20
    splits = Splits.from_arrays(words, tags, task="tagging", weights=[[1, 2, 0], 5] * 20, test_fraction=0)
    _, _, weights = splits.rows("train").gather([0, 1])
    assert weights is not None
    assert len(np.unique(weights[weights > 0])) == len({1, 2, 5})
    with pytest.raises(RowError, match="validation weights: row 1: received 2 numbers for 3 tags"):
        check_weights([1, [1, 2]], [["x"], ["x", "y", "x"]], get_task("tagging"), part="validation")
