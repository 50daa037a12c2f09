"""Truth of ``rnnzoo.evaluation.details.class_tables``, and of facts and calibration: what scikit-learn says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from rnnzoo.decoding.probabilities import sigmoid, softmax
from rnnzoo.evaluation.details import class_facts as facts_module
from rnnzoo.evaluation.details.calibration import BINS, calibrate
from rnnzoo.evaluation.details.class_facts import class_facts, label_facts
from rnnzoo.evaluation.details.class_tables import class_scores, confused_pairs

LABELS = ["a", "b", "c", "never"]
TRUTH = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, 2, 0])


def test_scores_of_each_class_are_those_of_sklearn() -> None:
    rows = class_scores(TRUTH, PREDICTED, LABELS)
    report = metrics.classification_report(
        TRUTH, PREDICTED, labels=range(4), target_names=LABELS, output_dict=True, zero_division=0
    )
    assert [row["class"] for row in rows] == LABELS
    for row in rows:
        expected = report[row["class"]]
        assert [row["precision"], row["recall"], row["f1"], row["support"]] == pytest.approx(
            [expected["precision"], expected["recall"], expected["f1-score"], expected["support"]]
        )
    assert [row["predicted"] for row in rows] == [2, 3, 1, 0]
    assert list(rows[0]) == ["class", "precision", "recall", "f1", "support", "predicted"]


def test_scores_of_labels_count_each_label_on_its_own() -> None:
    truth = np.array([[1, 0], [1, 1], [0, 0]])
    first, second = class_scores(truth, np.array([[1, 1], [0, 1], [0, 0]]), ["x", "y"])
    assert first == pytest.approx(
        {"class": "x", "precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 2, "predicted": 1}
    )
    assert (second["precision"], second["recall"]) == (0.5, 1.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_confused_pairs_are_the_matrix_without_its_diagonal(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(4))
    found = confused_pairs(truth, predicted, LABELS)
    counts = [row["count"] for row in found]
    assert counts == sorted(counts, reverse=True)
    again = np.zeros((4, 4), int)
    for row in found:
        place = LABELS.index(row["true"]), LABELS.index(row["predicted"])
        again[place] = row["count"]
        assert row["share"] == pytest.approx(row["count"] / matrix[place[0]].sum())
    np.testing.assert_array_equal(again, matrix - np.diag(np.diag(matrix)))


def test_no_more_pairs_than_wanted() -> None:
    found = confused_pairs(TRUTH, PREDICTED, LABELS, most=1)
    assert found == [{"true": "a", "predicted": "b", "count": 2, "share": 2 / 3}]
    assert confused_pairs(TRUTH, TRUTH, LABELS) == []


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("rows", [7, 100_000])
def test_facts_of_logits(classes: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "_ROWS", 3 if rows == 7 else 16_384)
    rng = np.random.default_rng(classes)
    logits = 3 * rng.normal(size=(rows, classes)).astype(np.float32)
    truth = rng.integers(0, max(2, classes), rows)
    shares = softmax(logits.astype(float))
    if classes == 1:
        positive = sigmoid(logits[:, 0].astype(float))
        shares = np.stack([1 - positive, positive], axis=1)
    facts = class_facts(logits, truth[:, None])
    np.testing.assert_array_equal(facts.predicted, shares.argmax(axis=1))
    np.testing.assert_allclose(facts.confidence, shares.max(axis=1))
    np.testing.assert_allclose(facts.losses, -np.log(shares[np.arange(rows), truth]))
    loss = metrics.log_loss(truth, shares, labels=range(max(2, classes)))
    assert facts.losses.mean() == pytest.approx(loss)
    squares = (shares - np.eye(max(2, classes))[truth]) ** 2
    assert facts.brier == pytest.approx(squares.sum(axis=1).mean() / (2 if classes < 3 else 1))


def test_a_truth_that_is_all_but_excluded_has_a_finite_loss() -> None:
    assert np.isfinite(class_facts(np.array([[2000.0, 0.0]]), np.array([1])).losses).all()
    assert np.isfinite(label_facts(np.array([[2000.0]]), np.array([[0]])).losses).all()


def test_facts_of_labels() -> None:
    rng = np.random.default_rng(0)
    logits, truth = rng.normal(size=(40, 3)), rng.integers(0, 2, (40, 3))
    facts, shares = label_facts(logits, truth), sigmoid(logits)
    np.testing.assert_array_equal(facts.predicted, shares > 0.5)
    np.testing.assert_allclose(facts.confidence, np.where(shares > 0.5, shares, 1 - shares))
    expected = [metrics.log_loss(row, share, labels=[0, 1]) for row, share in zip(truth, shares, strict=True)]
    np.testing.assert_allclose(facts.losses, expected)
    assert facts.brier == pytest.approx(((shares - truth) ** 2).mean())


def test_bins_are_those_of_sklearn() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.2, 1.0, 500)
    right = rng.random(500) < confidence**2
    found = calibrate(confidence, right)
    accuracy, sure = calibration_curve(right, confidence, n_bins=BINS)
    np.testing.assert_allclose([row["accuracy"] for row in found.bins], accuracy)
    np.testing.assert_allclose([row["confidence"] for row in found.bins], sure)
    counts = np.array([row["count"] for row in found.bins])
    assert counts.sum() == 500
    assert found.error == pytest.approx((counts / 500 * np.abs(accuracy - sure)).sum())
    for row in found.bins:
        inside = (confidence > row["from"]) & (confidence <= row["to"])
        assert inside.sum() == row["count"]


@pytest.mark.parametrize(
    ("confidence", "right", "expected"),
    [([1.0, 1.0], [1, 1], 0.0), ([1.0, 1.0], [0, 0], 1.0), ([0.5] * 4, [1, 0, 1, 0], 0.0)],
)
def test_the_error_from_none_to_all(confidence: Any, right: Any, expected: float) -> None:
    assert calibrate(np.array(confidence), np.array(right)).error == pytest.approx(expected)


def test_an_edge_belongs_to_the_lower_bin() -> None:
    (lower,) = calibrate(np.array([0.5]), np.array([True]), bins=2).bins
    assert lower == {"from": 0.0, "to": 0.5, "count": 1, "confidence": 0.5, "accuracy": 1.0}
    assert calibrate(np.array([0.0]), np.array([True]), bins=2).bins[0]["from"] == 0.0
