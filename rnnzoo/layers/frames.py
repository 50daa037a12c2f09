"""Frames of a video to images of their own and back; ``TimeDistributed`` maps over the wrong axis in Keras 3.15."""

from __future__ import annotations

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class FoldFrames(layers.Layer):
    """Makes an image of every frame: ``(batch, time, ...)`` to ``(batch * time, ...)``.

    Example:
        >>> import numpy as np
        >>> FoldFrames()(np.zeros((2, 3, 8, 8, 1), "float32")).shape
        TensorShape([6, 8, 8, 1])
    """

    def call(self, frames: Tensor) -> Tensor:
        """Folds time into the batch."""
        return ops.reshape(frames, (-1, *frames.shape[2:]))

    def compute_output_spec(self, frames: Tensor) -> Tensor:
        """Describes the output."""
        return keras.KerasTensor((None, *frames.shape[2:]), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("rnnzoo")
class UnfoldFrames(layers.Layer):
    """Makes a sequence of vectors of what images gave: ``(batch * time, ...)`` to ``(batch, time, width)``.

    The width is the product of all axes but the first, so that a map keeps what stood where.

    Example:
        >>> import numpy as np
        >>> frames = np.zeros((2, 3, 8, 8, 1), "float32")
        >>> UnfoldFrames()(np.zeros((6, 2, 2, 5), "float32"), frames).shape
        TensorShape([2, 3, 20])
    """

    def call(self, images: Tensor, frames: Tensor) -> Tensor:
        """Unfolds ``images`` to the batch and time of ``frames``."""
        return ops.reshape(images, (-1, ops.shape(frames)[1], _width(images)))

    def compute_output_spec(self, images: Tensor, frames: Tensor) -> Tensor:
        """Describes the output."""
        return keras.KerasTensor((frames.shape[0], frames.shape[1], _width(images)), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("rnnzoo")
class FrameConvolution(layers.Conv2D):
    """A convolution over one frame at a time. Frames are folded into its batch, so that it sees no other step."""

    #: Other than a `Conv2D`, which may have time as an axis of its images.
    looks_ahead = ""


def _width(images: Tensor) -> int:
    width = 1
    for size in images.shape[1:]:
        width *= int(size)
    return width
