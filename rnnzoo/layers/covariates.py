"""What is known of a whole row, brought to each of its steps."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class RepeatOverSteps(layers.Layer):
    """Repeats one vector a row at each step of a sequence.

    Inputs: ``(batch, size)``, and any sequence ``(batch, time, ...)``, which says how many steps there are. Output:
    ``(batch, time, size)``.

    Example:
        >>> import numpy as np
        >>> RepeatOverSteps()(np.array([[1.0, 2.0]]), np.zeros((1, 3, 5))).numpy().tolist()
        [[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]]
    """

    def call(self, values: Tensor, sequence: Tensor) -> Tensor:
        """Repeats the vectors."""
        return ops.tile(ops.expand_dims(values, 1), (1, ops.shape(sequence)[1], 1))

    def compute_output_spec(self, values: Tensor, sequence: Tensor) -> Any:
        """Describes the output."""
        return keras.KerasTensor(
            (values.shape[0], sequence.shape[1], values.shape[-1]), dtype=self.compute_dtype
        )
