"""Names for what layers take and give, for annotations only: import them where ``TYPE_CHECKING`` is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import keras
import tensorflow as tf

Layer: TypeAlias = keras.Layer
Tensor: TypeAlias = tf.Tensor
#: A mask ``(batch, time)``; Keras gives a layer with initial states a list, that of the sequences first.
Mask: TypeAlias = tf.Tensor | Sequence[tf.Tensor] | None
#: The states of a recurrent layer, ``(batch, units)`` each.
States: TypeAlias = tf.Tensor | Sequence[tf.Tensor]
#: An operation of a TensorFlow graph, and a function that TensorFlow traces.
Operation: TypeAlias = tf.Operation
TracedFunction: TypeAlias = tf.types.experimental.PolymorphicFunction
