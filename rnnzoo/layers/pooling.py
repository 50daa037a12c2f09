"""From a sequence to one vector: mean, maximum, attention over the valid steps, several side by side, or the middle."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.cells.class_registration import forget_class, register_class
from rnnzoo.cells.trial import tried
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.self_attention import masked_softmax
from rnnzoo.registry import Registry
from rnnzoo.tensors import Shape, Tensor


class Pooling(layers.Layer):
    """Base class of what makes one vector of a sequence.

    A pooling of one's own is a subclass with a method ``call(self, x, mask=None)``: ``x`` ``(batch, time, width)``,
    ``mask`` bool ``(batch, time)`` of its valid steps or ``None`` where all are, to ``(batch, width)``. Padding and
    holes must never count, and a row without a valid step give zeros. Where it answers in another width it overrides
    ``compute_output_shape``; where it takes arguments it needs ``get_config``, as any Keras layer does, and defaults
    for all of them. ``POOLINGS.add`` makes it known: builders then take its name as ``pooling``, and saved models load
    wherever it is added first. The exporters write any ``keras.ops``; a model with a pooling is refused for streams.

    Example:
        >>> class SumPooling(Pooling):
        ...     def call(self, x, mask=None):
        ...         return ops.sum(x if mask is None else ops.where(mask[:, :, None], x, 0.0), axis=1)
        >>> POOLINGS.add("sum", SumPooling)
        >>> from rnnzoo.builders.classifier import build_classifier
        >>> model = build_classifier(num_classes=2, num_features=3, units=4, pooling="sum")
        >>> model.get_layer("sum_pooling").output.shape
        (None, 4)
        >>> POOLINGS.remove("sum")
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.supports_masking = True

    @property
    def looks_ahead(self) -> str:
        """Why a model with this layer cannot be streamed."""
        return f"{type(self).__name__} needs the whole sequence"

    def compute_mask(self, x: Tensor, mask: Tensor | None = None) -> None:
        """Ends the mask: there is no time axis any more."""

    def compute_output_shape(self, x_shape: Shape) -> tuple[int | None, ...]:
        """Drops the time axis."""
        return (x_shape[0], x_shape[-1])


@keras.saving.register_keras_serializable("rnnzoo")
class MeanPooling(Pooling):
    """The mean over valid steps: ``(batch, time, width)`` to ``(batch, width)``.

    Example:
        >>> import numpy as np
        >>> x = np.array([[[1.0], [3.0], [100.0]]], "float32")
        >>> MeanPooling()(x, mask=np.array([[True, True, False]])).numpy().tolist()
        [[2.0]]
    """

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools a sequence; ``mask`` ``(batch, time)`` marks its valid steps."""
        return _mean(x, mask)


@keras.saving.register_keras_serializable("rnnzoo")
class MaxPooling(Pooling):
    """The maximum of each feature over valid steps: ``(batch, time, width)`` to ``(batch, width)``.

    Example:
        >>> import numpy as np
        >>> x = np.array([[[-1.0], [-3.0], [100.0]]], "float32")
        >>> MaxPooling()(x, mask=np.array([[True, True, False]])).numpy().tolist()
        [[-1.0]]

    Reference:
        Conneau 2017, Supervised Learning of Universal Sentence Representations, arXiv:1705.02364.
    """

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools a sequence; ``mask`` ``(batch, time)`` marks its valid steps."""
        return _largest(x, mask)


@keras.saving.register_keras_serializable("rnnzoo")
class AttentionPooling(Pooling):
    """A mean weighted by attention: how well each valid step agrees with one learned query.

    A step ``h`` scores ``query . tanh(h kernel + bias)``; the weights are the softmax of the scores.

    Args:
        units: Width of the comparison with the query; ``None`` for that of the sequence.
        **arguments: Those of every Keras layer.

    Example:
        >>> import numpy as np
        >>> AttentionPooling()(np.ones((2, 5, 3), "float32")).shape
        TensorShape([2, 3])

    Reference:
        Yang 2016, Hierarchical Attention Networks for Document Classification; Lin 2017, A Structured
        Self-attentive Sentence Embedding, arXiv:1703.03130 (with one hop).
    """

    def __init__(self, units: int | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.units = None if units is None else checks.integer("units", units, minimum=1)

    def build(self, x_shape: Shape) -> None:
        """Makes kernel, bias and query."""
        units = self.units or int(x_shape[-1])
        self.kernel = self.add_weight(shape=(x_shape[-1], units), initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        self.query = self.add_weight(shape=(units, 1), initializer="glorot_uniform", name="query")

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools a sequence; ``mask`` ``(batch, time)`` marks its valid steps."""
        return ops.cast(ops.sum(self.weigh(x, mask) * ops.cast(x, "float32"), axis=1), x.dtype)

    def weigh(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns the weight of each step, ``(batch, time, 1)`` in float32; 0 where the mask says so."""
        agreement = ops.tanh(ops.matmul(x, self.kernel) + self.bias)
        valid = None if mask is None else ops.expand_dims(mask, -1)
        return masked_softmax(ops.matmul(agreement, self.query), valid, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("rnnzoo")
class ConcatPooling(Pooling):
    """The last valid step, the maximum and the mean side by side: ``(batch, time, width)`` to ``(batch, 3 width)``.

    What matters in a long text may be a few words anywhere. Of a bidirectional layer the last step is that of the text
    in both halves; the backward half has read one word there.

    Example:
        >>> import numpy as np
        >>> x = np.array([[[4.0], [2.0], [100.0]]], "float32")
        >>> ConcatPooling()(x, mask=np.array([[True, True, False]])).numpy().tolist()
        [[2.0, 4.0, 3.0]]

    Reference:
        Howard & Ruder 2018, Universal Language Model Fine-tuning for Text Classification, arXiv:1801.06146 (section
        3.3).
    """

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools a sequence; ``mask`` ``(batch, time)`` marks its valid steps."""
        return ops.concatenate([_last(x, mask), _largest(x, mask), _mean(x, mask)], axis=-1)

    def compute_output_shape(self, x_shape: Shape) -> tuple[int | None, ...]:
        """Drops the time axis and triples the width."""
        return (x_shape[0], 3 * x_shape[-1])


@keras.saving.register_keras_serializable("rnnzoo")
class MiddlePooling(Pooling):
    """The step in the middle of the valid ones: ``(batch, time, width)`` to ``(batch, width)``.

    For windows that are cut around what is to be judged, such as a splice site: a bidirectional layer has read up to it
    from both ends there. Of an even number of steps it is the first of the second half.

    Example:
        >>> import numpy as np
        >>> x = np.array([[[4.0], [2.0], [8.0], [100.0]]], "float32")
        >>> MiddlePooling()(x, mask=np.array([[True, True, True, False]])).numpy().tolist()
        [[2.0]]
    """

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools a sequence; ``mask`` ``(batch, time)`` marks its valid steps."""
        if mask is None:
            return x[:, ops.shape(x)[1] // 2]
        valid = ops.cast(mask, "int32")
        half = ops.sum(valid, axis=1, keepdims=True) // 2
        return _chosen(x, ops.logical_and(mask, ops.equal(ops.cumsum(valid, axis=1) - 1, half)))


def _mean(x: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return ops.mean(x, axis=1)
    # Summed in float32: in half precision a long sequence would lose its small terms.
    kept = ops.where(ops.expand_dims(mask, -1), ops.cast(x, "float32"), 0.0)
    steps = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
    return ops.cast(ops.sum(kept, axis=1) / ops.maximum(steps, 1.0), x.dtype)


def _largest(x: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return ops.max(x, axis=1)
    largest = ops.max(ops.where(ops.expand_dims(mask, -1), x, ops.cast(-np.inf, x.dtype)), axis=1)
    return ops.where(ops.any(mask, axis=1, keepdims=True), largest, ops.zeros_like(largest))


def _last(x: Tensor, mask: Tensor | None) -> Tensor:
    """Returns the last valid step, zeros where there is none."""
    if mask is None:
        return x[:, -1]
    valid = ops.cast(mask, "int32")
    # The last valid step is the one that no other follows.
    following = ops.sum(valid, axis=1, keepdims=True) - ops.cumsum(valid, axis=1)
    return _chosen(x, ops.logical_and(mask, ops.equal(following, 0)))


def _chosen(x: Tensor, step: Tensor) -> Tensor:
    """Returns the one step of each row that ``step`` ``(batch, time)`` marks, zeros where it marks none."""
    return ops.sum(ops.where(ops.expand_dims(step, -1), x, ops.zeros_like(x)), axis=1)


#: The pooling that needs no layer: a recurrent layer that answers after the last valid step.
LAST = "last"


class PoolingTable(Registry[type[Pooling]]):
    """The poolings by name."""

    def add(self, name: str, entry: type[Pooling]) -> None:
        """Adds a pooling of one's own, which builders then take by its name.

        Args:
            name: Small letters and digits, with single ``-`` or ``_`` between them.
            entry: A subclass of ``Pooling``. It is registered with Keras too, so that saved models load wherever it is
                added first.

        Raises:
            ArgumentError: If the name is another pooling's, or the class is no pooling.
        """
        if name == LAST:
            raise ArgumentError(
                f"name: received {name!r} for a pooling, which needs no layer; expected one that no other has. Choose "
                "another name."
            )
        known = isinstance(name, str) and name in self
        super().add(name, entry)
        try:
            register_class(self.kind, entry)
        except ArgumentError:
            if not known:
                super().remove(name)
            raise

    def remove(self, name: str) -> None:
        """Takes out a pooling that a user has registered, also from what Keras can load."""
        entry = self.get(name)
        super().remove(name)
        if entry is not None and entry not in self.values():
            forget_class(entry)


def _check_pooling_class(entry: object) -> None:
    if not isinstance(entry, type) or not issubclass(entry, Pooling):
        raise ArgumentError(f"pooling: received {entry!r}; expected a subclass of Pooling.")
    if entry.call is Pooling.call:
        raise ArgumentError(
            f"pooling: received {entry.__name__} without a method call; expected call(self, x, mask=None)."
        )
    _try_pooling(entry)


def _try_pooling(kind: type[Pooling]) -> None:
    """Pools two rows of three steps, eagerly and in a graph."""
    what = f"pooling: received {kind.__name__}"
    parameters = inspect.signature(kind.call).parameters
    if "mask" not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        raise ArgumentError(
            f"{what}, whose call takes no mask; expected call(self, x, mask=None). Padding must never count."
        )
    try:
        layer: Any = kind()
    except TypeError as error:
        raise ArgumentError(
            f"{what}, which cannot be made without arguments ({error}); expected defaults for all of them, and "
            "**arguments for those of every Keras layer."
        ) from error
    shape = (2, 3, 4)
    masks = (None, np.arange(3) < np.array([[3], [1]]))
    for mask, said in zip(masks, ("without a mask", "with a mask"), strict=True):
        found = tried(f"{what}, whose call fails {said}", partial(layer, ops.ones(shape), mask=mask))
        declared = tuple(layer.compute_output_shape(shape))
        if tuple(found.shape) != declared or len(declared) != 2:
            raise ArgumentError(
                f"{what}, whose call returned shape {tuple(found.shape)} for {shape}, and compute_output_shape says "
                f"{declared}; expected the same shape (batch, width). Correct one of them."
            )
    inputs = (keras.Input((None, 4)), keras.Input((None,), dtype="bool"))
    tried(f"{what}, whose call fails in a graph", lambda: kind()(inputs[0], mask=inputs[1]))


#: The poolings by name, as builders take them; ``POOLINGS.add`` takes one of your own.
POOLINGS = PoolingTable(
    "pooling",
    {
        "mean": MeanPooling,
        "max": MaxPooling,
        "attention": AttentionPooling,
        "concat": ConcatPooling,
        "middle": MiddlePooling,
    },
    check=_check_pooling_class,
)


def check_pooling(pooling: object) -> str:
    """Checks that there is a pooling of this name, ``"last"`` included."""
    return checks.choice("pooling", pooling, (LAST, *POOLINGS))


def pool(x: Tensor, mask: Tensor | None, pooling: str) -> Tensor:
    """Pools a sequence ``(batch, time, width)`` over its valid steps to ``(batch, width)``.

    Args:
        x: The sequence.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        pooling: A name in ``POOLINGS``.
    """
    layer = POOLINGS[checks.choice("pooling", pooling, POOLINGS)]
    return layer(name=f"{pooling}_pooling")(x, mask=mask)
