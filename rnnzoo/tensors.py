"""Names for what Keras and TensorFlow give and take, for annotations; running code imports neither for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    #: A tensor, symbolic or of numbers.
    Tensor: TypeAlias = tf.Tensor
    Layer: TypeAlias = keras.Layer
    #: An operation of a TensorFlow graph, and a function that TensorFlow traces.
    Operation: TypeAlias = tf.Operation
    TracedFunction: TypeAlias = tf.types.experimental.PolymorphicFunction
else:
    Tensor = Layer = Operation = TracedFunction = Any

#: A mask ``(batch, time)``; Keras gives a layer with initial states a list, that of the sequences first.
Mask: TypeAlias = Tensor | Sequence[Tensor] | None
#: The states of a recurrent layer, ``(batch, units)`` each.
States: TypeAlias = Tensor | Sequence[Tensor]
#: The shape of a tensor, ``None`` where an axis may have any length; of several tensors a collection of shapes.
Shape: TypeAlias = Any
#: A regularizer of Keras, its name or its config; ``None`` for none.
Regularizer: TypeAlias = Any
