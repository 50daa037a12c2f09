"""What logits of classes say of each row: the answer, its probability, that of the truth, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import brier_score_loss

from rnnzoo.decoding.probabilities import sigmoid, softmax

#: Rows whose probabilities are computed at once, so that those of a large part need no memory.
_ROWS = 16_384
_SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class ClassFacts:
    """Facts of rows or steps that are of one class each.

    Attributes:
        truth: The true class numbers ``(rows,)``.
        predicted: The likeliest classes ``(rows,)``.
        confidence: The probability of each answer ``(rows,)``.
        of_truth: The probability of the true class ``(rows,)``.
        brier: The Brier score: the mean of ``(probability - truth) ** 2`` of the second of two classes; of more, summed
            over the classes.
    """

    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    of_truth: np.ndarray
    brier: float

    @property
    def losses(self) -> np.ndarray:
        """The negative log-likelihood of each true class ``(rows,)``."""
        losses: np.ndarray = -np.log(np.maximum(self.of_truth, _SMALLEST))
        return losses


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """Returns the probabilities ``(rows, classes)`` of logits ``(rows, classes)``, or ``(rows, 1)`` for two classes.

    Example:
        >>> probabilities_of(np.zeros((1, 1))).tolist(), probabilities_of(np.zeros((1, 4))).tolist()
        ([[0.5, 0.5]], [[0.25, 0.25, 0.25, 0.25]])
    """
    logits = np.asarray(logits, np.float64)
    if logits.shape[1] > 1:
        return softmax(logits)
    positive = sigmoid(logits[:, 0])
    return np.stack([1.0 - positive, positive], axis=1)


def class_facts(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> ClassFacts:
    """Returns the facts of logits ``(rows, classes)``, or ``(rows, 1)`` for two classes, and true class numbers.

    The Brier score is weighed by ``weights`` ``(rows,)``, where rows do not count alike.

    Example:
        >>> facts = class_facts(np.array([[0.0], [3.0]]), np.array([0, 1]))
        >>> facts.predicted.tolist(), facts.confidence.round(3).tolist(), round(facts.brier, 3)
        ([0, 1], [0.5, 0.953], 0.126)
    """
    truth = truth.reshape(-1).astype(int)
    classes = max(2, logits.shape[1])
    weighed = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    predicted, confidence, of_truth, briers = [], [], [], []
    for start in range(0, len(truth), _ROWS):
        true, own = truth[start : start + _ROWS], weighed[start : start + _ROWS]
        shares = probabilities_of(logits[start : start + _ROWS])
        predicted.append(shares.argmax(axis=1))
        confidence.append(shares.max(axis=1))
        of_truth.append(shares[np.arange(len(true)), true])
        brier = brier_score_loss(true, _given(shares), labels=np.arange(classes), sample_weight=own)
        briers.append(float(own.sum()) * brier)
    return ClassFacts(
        truth,
        np.concatenate(predicted),
        np.concatenate(confidence),
        np.concatenate(of_truth),
        float(sum(briers) / weighed.sum()),
    )


def _given(shares: np.ndarray) -> np.ndarray:
    """Returns probabilities as scikit-learn takes them: of two classes those of the second."""
    return shares[:, 1] if shares.shape[1] == 2 else shares


@dataclass(frozen=True)
class LabelFacts:
    """Facts of rows with any number of labels, each of which is decided on its own.

    Attributes:
        truth: Indicators ``(rows, labels)``.
        predicted: Likewise.
        confidence: The probability of each decision ``(rows, labels)``.
        losses: The mean cross-entropy of the labels of each row ``(rows,)``.
        brier: The Brier score, over all decisions.
    """

    truth: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    losses: np.ndarray
    brier: float


def label_facts(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> LabelFacts:
    """Returns the facts of a logit for each label ``(rows, labels)`` and indicators of the true ones.

    The Brier score is weighed by ``weights`` ``(rows,)``, where rows do not count alike.

    Example:
        >>> facts = label_facts(np.array([[3.0, -3.0]]), np.array([[1, 1]]))
        >>> facts.predicted.tolist(), facts.losses.round(2).tolist()
        ([[1, 0]], [1.55])
    """
    truth = truth.astype(int)
    shares = sigmoid(np.asarray(logits, np.float64))
    of_truth = np.where(truth == 1, shares, 1.0 - shares)
    own = None if weights is None else np.repeat(np.asarray(weights, np.float64), truth.shape[1])
    return LabelFacts(
        truth,
        (shares > 0.5).astype(int),
        np.maximum(shares, 1.0 - shares),
        -np.log(np.maximum(of_truth, _SMALLEST)).mean(axis=1),
        float(brier_score_loss(truth.reshape(-1), shares.reshape(-1), labels=[0, 1], sample_weight=own)),
    )
