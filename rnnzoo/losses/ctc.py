"""Connectionist temporal classification: the probability of a transcript, whatever its timing."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class CTC(keras.losses.Loss):
    """The negative logarithm of the probability of each transcript, summed over all its alignments.

    Targets: symbols int ``(batch, symbols)``, padded on the right with 0, the blank. Predictions: logits ``(batch,
    frames, symbols)``. All frames count: where rows are padded the logits must make the blank certain there, as the
    models of ``build_transcriber`` do (``rnnzoo.layers.blank_padding``); such frames change nothing. Computed in
    float32 whatever the model's precision.

    A transcript that needs more frames than there are (one a symbol, one more between equal ones) stops the training
    with an error: its probability is 0, and the loss would be infinite.

    Example:
        >>> import numpy as np
        >>> logits = np.zeros((1, 2, 3))  # 9 equally likely paths, of which 1-, -1 and 11 say 1
        >>> round(float(np.exp(-CTC()(np.array([[1]]), logits))) * 9, 4)
        3.0

    Reference:
        Graves 2006, Connectionist temporal classification.
    """

    def __init__(self, reduction: str = "sum_over_batch_size", name: str = "ctc", **arguments: Any) -> None:
        super().__init__(reduction=reduction, name=name, **arguments)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns one loss per row."""
        labels = tf.cast(y_true, tf.int32)
        logits = tf.cast(y_pred, tf.float32)
        rows, frames = tf.shape(logits)[0], tf.shape(logits)[1]
        check = tf.debugging.assert_less_equal(
            tf.reduce_max(_frames_needed(labels)),
            frames,
            message="ctc: a transcript needs more frames than the model answers; leave the row out, or use less "
            "subsampling. Needed and available:",
        )
        with tf.control_dependencies([check] if check is not None else []):
            return tf.nn.ctc_loss(
                labels,
                logits,
                label_length=tf.reduce_sum(tf.cast(labels > 0, tf.int32), axis=1),
                logit_length=tf.fill([rows], frames),
                logits_time_major=False,
                blank_index=0,
            )


def _frames_needed(labels: Any) -> Any:
    repeats = tf.logical_and(labels[:, 1:] == labels[:, :-1], labels[:, 1:] > 0)
    return tf.reduce_sum(tf.cast(labels > 0, tf.int32), axis=1) + tf.reduce_sum(
        tf.cast(repeats, tf.int32), axis=1
    )
