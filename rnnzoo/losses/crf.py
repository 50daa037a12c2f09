"""Loss and accuracy of a linear-chain conditional random field, from its potentials.

Potentials ``(batch, time, classes, classes)`` are those of ``rnnzoo.layers.chain_potentials``: the sum of
``[t, tag before, tag]`` along a path is the score of the path. All sums run in log space.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnnzoo.decoding.viterbi import IMPOSSIBLE
from rnnzoo.tensors import Tensor

# A step that the model masks has potentials far below this one off the diagonal; those of a network never are.
_MASKED = IMPOSSIBLE / 10


@keras.saving.register_keras_serializable("rnnzoo")
class CrfNegativeLogLikelihood(keras.losses.Loss):
    """The mean negative log-likelihood of a step: that of all rows, over the number of labelled steps.

    The weights of a training pipeline, one for each step, say which steps are labelled: those above 0. A step that
    the model masks never is. At a valid step of weight 0 the tag counts as unknown, and the likelihood is that of all
    tags together; a row without a labelled step adds nothing. A row is weighted by the mean weight of its labelled
    steps.

    Targets are class numbers ``(batch, time)``, predictions potentials ``(batch, time, classes, classes)``.

    Example:
        >>> import numpy as np
        >>> loss = CrfNegativeLogLikelihood()
        >>> round(float(loss(np.array([[0, 1, 1]]), np.zeros((1, 3, 2, 2), "float32"))), 4)
        0.6931

    Reference:
        Lafferty 2001, Conditional random fields; Tsuboi 2008, Training conditional random fields using incomplete
        annotations (unknown tags).
    """

    def __init__(self, name: str = "crf_negative_log_likelihood", **options: Any) -> None:
        super().__init__(name=name, **options)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        """Returns the loss. The weights enter the sum over paths itself, which Keras's own way does not allow for."""
        potentials = ops.convert_to_tensor(y_pred, dtype="float32")
        tags = ops.cast(y_true, "int32")
        valid = valid_steps(potentials)
        weights = (
            ops.ones_like(valid, "float32") if sample_weight is None else ops.cast(sample_weight, "float32")
        )
        labelled = ops.cast(ops.logical_and(valid, weights > 0), "float32")
        counts = ops.sum(labelled, axis=1)
        rows = ops.sum(labelled * weights, axis=1) / ops.maximum(counts, 1.0)
        losses = rows * negative_log_likelihood(potentials, tags, labelled > 0)
        return ops.sum(losses) / ops.maximum(ops.sum(counts), 1.0)


@keras.saving.register_keras_serializable("rnnzoo")
class PathAccuracy(keras.metrics.MeanMetricWrapper):
    """The share of steps whose tag on the best path is right; steps that the model masks do not count."""

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(fn=_hits, name=name, dtype=dtype)

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        """Adds a batch."""
        valid = ops.cast(valid_steps(y_pred), "float32")
        weights = valid if sample_weight is None else valid * ops.cast(sample_weight, "float32")
        return super().update_state(y_true, y_pred, sample_weight=weights)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {"name": self.name, "dtype": self.dtype}


def valid_steps(potentials: Tensor) -> Tensor:
    """Returns the steps ``(batch, time)`` that the model does not mask."""
    return potentials[:, :, 0, 1] > _MASKED


def negative_log_likelihood(potentials: Tensor, tags: Tensor, labelled: Any) -> Tensor:
    """Returns for each row minus the log of the share of paths that go through its tags ``(batch,)``.

    Args:
        potentials: ``(batch, time, classes, classes)``.
        tags: Class numbers ``(batch, time)``.
        labelled: The steps whose tag is known ``(batch, time)``.
    """
    wrong = ops.arange(potentials.shape[-1]) != tags[:, :, None]
    shut = ops.logical_and(labelled[:, :, None], wrong)[:, :, None, :]
    clamped = ops.where(shut, IMPOSSIBLE, potentials)
    return log_partition(potentials) - log_partition(clamped)


def log_partition(potentials: Tensor) -> Tensor:
    """Returns the log of the sum of ``exp(score)`` over all paths of each row ``(batch,)``.

    The gradient is the probability of each pair of tags, found by the backward algorithm: less than half the work of
    letting TensorFlow go back through the loop.
    """
    return _log_partition(potentials)


@ops.custom_gradient
def _log_partition(potentials: Tensor) -> Tensor:
    by_step = ops.transpose(potentials, (1, 0, 2, 3))
    start = _start(by_step)
    end, after = ops.scan(_forwards, start, by_step)
    total = ops.logsumexp(end, axis=-1)

    def gradient(upstream: Tensor) -> Tensor:
        _, ahead = ops.scan(_backwards, ops.zeros_like(start), by_step, reverse=True)
        before = ops.concatenate([start[None], after[:-1]])
        ahead = ops.concatenate([ahead[1:], ops.zeros_like(start)[None]])
        logs = before[..., :, None] + by_step + ahead[..., None, :] - total[None, :, None, None]
        return ops.transpose(ops.exp(logs), (1, 0, 2, 3)) * upstream[:, None, None, None]

    return total, gradient


def _start(by_step: Any) -> Any:
    """The log-weights before the first step: all on tag 0, for the first step does not ask what came before."""
    classes = by_step.shape[-1]
    alone = ops.concatenate([ops.zeros(1), ops.full((classes - 1,), IMPOSSIBLE)])
    return ops.zeros_like(by_step[0, :, 0]) + alone


def _forwards(before: Any, step: Any) -> Any:
    after = ops.logsumexp(before[:, :, None] + step, axis=1)
    return after, after


def _backwards(ahead: Any, step: Any) -> Any:
    here = ops.logsumexp(step + ahead[:, None, :], axis=2)
    return here, here


def best_paths(potentials: Tensor) -> Tensor:
    """Returns the path of the highest score of each row, as class numbers ``(batch, time)`` (Viterbi 1967).

    ``rnnzoo.decoding.viterbi`` is the same for NumPy, which answers and scores come from; this one counts hits while
    training.
    """
    by_step = ops.transpose(potentials, (1, 0, 2, 3))

    def forwards(before: Any, step: Any) -> Any:
        best = ops.max(before[:, :, None] + step, axis=1)
        return best, best

    def backwards(tag: Any, scores: Any) -> Any:
        return _highest(ops.take_along_axis(scores, tag[:, None, None], axis=2)[:, :, 0]), tag

    start = _start(by_step)
    end, after = ops.scan(forwards, start, by_step)
    before = ops.concatenate([start[None], after[:-1]])
    # One array to scan: Keras 3.15 fails on two of unknown length.
    _, tags = ops.scan(backwards, _highest(end), before[..., :, None] + by_step, reverse=True)
    return ops.transpose(tags, (1, 0))


def _highest(scores: Any) -> Any:
    return ops.cast(ops.argmax(scores, axis=-1), "int32")


def _hits(tags: Tensor, potentials: Tensor) -> Tensor:
    return ops.cast(ops.equal(ops.cast(tags, "int32"), best_paths(potentials)), "float32")
