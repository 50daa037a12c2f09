"""Truth of ``rnnzoo.data.unlabelled``: steps without a tag are read, and are out of all that is learned and scored."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from rnnzoo import Splits, create_model, evaluate, train
from rnnzoo.errors import ArgumentError, DataError, RowError, UnknownNameError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.evaluation import evaluate_part, forward_function
from rnnzoo.losses.crf import CrfNegativeLogLikelihood
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.class_weights import class_weights
from toy_training import config

RNG = np.random.default_rng(3)
ROWS = [RNG.normal(size=(RNG.integers(4, 9), 2)).astype(np.float32) for _ in range(60)]
TRUTH: list[list[str]] = [["up" if value > 0 else "down" for value in row[:, 0]] for row in ROWS]
MISSING = [None, float("nan"), pd.NA, ""]
#: A third of the steps have no tag.
PARTLY: list[list[Any]] = [
    [MISSING[(row + step) % 4] if (row + step) % 3 == 0 else tag for step, tag in enumerate(tags)]
    for row, tags in enumerate(TRUTH)
]


def partly(targets: Any = None, **options: Any) -> Splits:
    given = PARTLY if targets is None else targets
    return Splits.from_arrays(ROWS, given, task="tagging", unlabelled="leave_out", **options)


def test_steps_without_a_tag_have_weight_zero_and_no_class_of_their_own() -> None:
    splits = partly()
    assert splits.get_decoding().labels == ["down", "up"]
    _, tags, weights = splits.rows("train").gather(range(5))
    assert weights is not None
    raw = splits.train.raw
    assert raw is not None
    for row in range(5):
        number = next(
            place for place, own in enumerate(ROWS) if own is raw[row] or np.array_equal(own, raw[row])
        )
        steps = len(ROWS[number])
        known = [(number + step) % 3 != 0 for step in range(steps)]
        np.testing.assert_array_equal(weights[row, :steps], np.array(known, np.float32))
        expected = [int(tag == "up") for tag, own in zip(TRUTH[number], known, strict=True) if own]
        np.testing.assert_array_equal(tags[row, :steps][known], expected)
    total = sum(len(row) for row in ROWS)
    without = sum((row + step) % 3 == 0 for row, tags in enumerate(TRUTH) for step in range(len(tags)))
    assert sum(splits.description["steps_left_out"].values()) == without
    counted = sum(int(row["all"]) for row in _classes(splits))
    assert counted == total - without


def _classes(splits: Splits) -> list[Any]:
    from rnnzoo.data.overview import overview

    return list(overview(splits).tables[1].rows)


def test_loss_scores_and_class_weights_are_those_of_the_labelled_steps() -> None:
    splits = partly()
    keras.utils.set_random_seed(1)
    model = create_model("series-tagger-bigru", **{**splits.model_arguments, "units": (4,)})
    found = evaluate_part(model, splits.validation, splits, get_task("tagging"))
    logits, truth = [], []
    forward = forward_function(model)
    for inputs, tags, weights in splits.validation.batches(3):
        assert weights is not None
        logits.append(forward(inputs)[weights > 0])
        truth.append(tags[weights > 0])
    every, known = np.concatenate(logits).astype(np.float64), np.concatenate(truth)
    losses = np.log(np.exp(every).sum(-1)) - every[np.arange(len(every)), known]
    assert found.metrics["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert found.metrics["accuracy"] == accuracy_score(known, every.argmax(-1))
    assert found.metrics["macro_f1"] == f1_score(known, every.argmax(-1), average="macro")
    learned = [tags[np.asarray(weights) > 0] for _, tags, weights in splits.train.batches(9)]
    counts = np.bincount(np.concatenate(learned))
    np.testing.assert_allclose(
        class_weights(splits, get_task("tagging"), "balanced"), counts.sum() / (2 * counts), rtol=1e-6
    )
    for name, answers in run_baselines(splits, splits.validation).items():
        assert answers.shape == every.shape, name


@pytest.mark.slow
def test_training_is_the_same_whatever_an_unlabelled_step_might_be() -> None:
    """The loss is the mean over labelled steps: the history does not know what stands in the gaps."""
    other = [[tag if isinstance(tag, str) and tag else None for tag in tags] for tags in PARTLY]
    histories = []
    for targets in (PARTLY, other):
        splits = partly(targets)
        keras.utils.set_random_seed(0)
        model = create_model(
            "series-tagger-bigru", **{**splits.model_arguments, "units": (4,), "dropout": 0.0}
        )
        result = train(model, splits, config=config(epochs=2, learning_rate=0.03), progress=False)
        histories.append([[row["loss"], row["val_loss"], row["val_accuracy"]] for row in result.history])
        # Keras's own mean of one batch is that of the labelled steps.
        assert result.history[-1]["val_loss"] == pytest.approx(result.metrics["validation"]["loss"], rel=1e-3)
    assert histories[0] == histories[1]


def test_a_crf_sums_over_the_tags_that_an_unlabelled_step_may_have() -> None:
    rng = np.random.default_rng(0)
    potentials = rng.normal(size=(1, 3, 2, 2)).astype(np.float32)
    weights = np.array([[1, 0, 1]], np.float32)
    scores = {
        (a, b, c): potentials[0, 0, 0, a] + potentials[0, 1, a, b] + potentials[0, 2, b, c]
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
    }
    total = np.log(sum(np.exp(score) for score in scores.values()))
    through = np.log(sum(np.exp(scores[1, b, 0]) for b in (0, 1)))
    for unknown in (0, 1):
        loss = CrfNegativeLogLikelihood()(np.array([[1, unknown, 0]]), potentials, weights)
        assert float(loss) == pytest.approx((total - through) / 2, rel=1e-5)


@pytest.mark.slow
def test_a_tagger_with_a_crf_is_trained_and_scored_on_the_labelled_steps() -> None:
    words = [["anna", "sings", "in", "rome"], ["rome", "sleeps"]] * 20
    tags: list[list[Any]] = [["B-p", "O", None, "B-l"], [None, "O"]] * 20
    splits = Splits.from_arrays(words, tags, task="tagging", unlabelled="leave_out")
    model = create_model(
        "text-tagger-bilstm-crf", **{**splits.model_arguments, "units": (4,), "embedding_size": 4}
    )
    result = train(model, splits, config=config(epochs=8, learning_rate=0.1), progress=False)
    assert result.metrics["validation"]["span_f1"] == 1.0
    assert evaluate(model, splits)["accuracy"] == 1.0


def test_no_span_reaches_over_a_gap() -> None:
    words = [["new", "york", "city", "x"], ["x", "new", "york", "city"]] * 20
    tags: list[list[Any]] = [["B-l", None, "I-l", "O"], ["O", "B-l", "I-l", "I-l"]] * 20
    splits = Splits.from_arrays(words, tags, task="tagging", unlabelled="leave_out")
    model = create_model(
        "text-tagger-bilstm", **{**splits.model_arguments, "units": (2,), "embedding_size": 2}
    )
    found = evaluate_part(model, splits.validation, splits, get_task("tagging"))
    assert found.lengths is not None
    assert found.stretches is not None
    assert sorted(set(found.lengths)) == [3, 4]
    assert sorted(set(found.stretches)) == [1, 2, 4]
    assert found.stretches.sum() == found.lengths.sum() == len(found.targets)


def test_what_cannot_be_left_out_is_refused() -> None:
    with pytest.raises(RowError, match=r"row \d+: step \d: received .*unlabelled='leave_out'"):
        Splits.from_arrays(ROWS, PARTLY, task="tagging")
    with pytest.raises(UnknownNameError, match="did you mean 'leave_out'"):
        Splits.from_arrays(ROWS, PARTLY, task="tagging", unlabelled="leave")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="whose rows have one target each; expected 'refuse'"):
        Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20, unlabelled="leave_out")
    nothing = (ROWS[:2], [[None] * len(row) for row in ROWS[:2]])
    with pytest.raises(DataError, match=r"validation targets: received .* steps, none of which has a tag"):
        partly(validation=nothing)
