"""The layer that turns scores of single tags into scores of pairs of tags: the parameters of a linear-chain CRF."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.decoding.viterbi import IMPOSSIBLE
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class ChainPotentials(layers.Layer):
    """Makes the potentials of a linear-chain conditional random field, whose sum along a path is the path's score.

    Inputs: scores of the tags at each step ``(batch, time, classes)``, and the mask of valid steps ``(batch, time)`` or
    nothing where all are. Output: float32 ``(batch, time, classes, classes)``. Its element ``[b, t, i, j]`` is the
    score of tag ``j`` at step ``t`` plus that of the transition from tag ``i`` at the valid step before.

    * At the first valid step the score of starting with ``j`` stands in place of a transition, for every ``i`` alike:
      it does not matter which tag is thought to come before, and rows put one after the other are a chain again.
    * At the last valid step the score of ending with ``j`` is added.
    * A masked step has 0 where ``i == j`` and ``IMPOSSIBLE`` elsewhere: it hands the tag on and costs nothing. The
      potentials so say themselves which steps count.

    Transitions, starts and ends begin at 0: the first answers are those of the scores alone.

    Example:
        >>> import numpy as np
        >>> potentials = ChainPotentials()(np.array([[[1.0, 2.0], [3.0, 4.0]]], "float32"))
        >>> potentials.shape
        TensorShape([1, 2, 2, 2])

    Reference:
        Lafferty 2001, Conditional random fields: probabilistic models for segmenting and labeling sequence data.
    """

    #: Why a stream cannot have this layer.
    looks_ahead = "scores whole paths, of which a later step may change every tag"

    supports_masking = True

    def compute_mask(self, *_: Any) -> None:
        """Returns none: the potentials say themselves which steps count."""

    def build(self, scores_shape: Any, valid_shape: Shape = None) -> None:
        """Makes the weights."""
        classes = scores_shape[-1]
        self.transitions = self.add_weight(shape=(classes, classes), initializer="zeros", name="transitions")
        self.starts = self.add_weight(shape=(classes,), initializer="zeros", name="starts")
        self.ends = self.add_weight(shape=(classes,), initializer="zeros", name="ends")

    def call(self, scores: Any, valid: Tensor = None) -> Tensor:
        """Maps scores, and the mask of the steps that count, to potentials."""
        if valid is None:
            valid = ops.ones_like(scores[:, :, 0], dtype="bool")
        place = ops.cumsum(ops.cast(valid, "int32"), axis=1)
        first = ops.logical_and(valid, ops.equal(place, 1))
        last = ops.logical_and(valid, ops.equal(place, place[:, -1:]))
        scores = scores + ops.where(last[:, :, None], self.ends, 0.0)
        pairs = ops.where(first[:, :, None, None], self.starts, self.transitions) + scores[:, :, None, :]
        idle = (1.0 - ops.eye(scores.shape[-1], dtype=scores.dtype)) * IMPOSSIBLE
        return ops.where(valid[:, :, None, None], pairs, idle)

    def compute_output_spec(self, scores: Any, valid: Tensor = None) -> Tensor:
        """Describes the output: one axis of classes more."""
        return keras.KerasTensor((*scores.shape, scores.shape[-1]), dtype=self.compute_dtype)
