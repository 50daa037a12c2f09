"""What Keras, which states no types, gives and takes: names for readers, and one place to say more once it does."""

from __future__ import annotations

from typing import Any, TypeAlias

#: A tensor of Keras, symbolic or of numbers.
Tensor: TypeAlias = Any
#: A layer of Keras; ``keras.layers.Layer`` is ``Any`` to type checkers.
Layer: TypeAlias = Any
#: The shape of a tensor, ``None`` where an axis may have any length; of several tensors a collection of shapes.
Shape: TypeAlias = Any
#: A regularizer of Keras, its name or its config; ``None`` for none.
Regularizer: TypeAlias = Any
