"""How far back in time gradients reach: their norms by weight and by step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.feeding import feed
from rnnzoo.keras_models.model_layers import methods_replaced, recurrent_layers

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer

#: From the last quarter of the steps to the first one a gradient may change by these factors.
VANISHED, EXPLODED = 1e-5, 1e3


@dataclass(frozen=True)
class GradientNorms:
    """The L2 norms of the gradients of one batch.

    Attributes:
        total: The norm over all weights together, which clipping by the global norm compares with its bound.
        weights: The norm of each weight, by its path.
        steps: For each recurrent layer the norm with respect to what it alone reads at each step ``(time,)``, mean over
            the rows, in the order in which it reads: backwards in a layer that reads backwards. Where they fall to
            nothing towards the first step, the layer cannot learn from what was there.
    """

    total: float
    weights: dict[str, float]
    steps: dict[str, np.ndarray]

    def verdict(self) -> str:
        """Says in words whether gradients reach back, vanish or explode, and what helps."""
        found = []
        for layer, norms in self.steps.items():
            reach = _reach(norms)
            if not np.isfinite(norms).all() or reach > EXPLODED:
                found.append(f"{layer}: gradients explode by {reach:.1e} towards the first step")
            elif reach < VANISHED:
                found.append(f"{layer}: gradients vanish by {reach:.1e} towards the first step")
        if not found:
            return "gradients reach the first step"
        fix = []
        if any("explode" in one for one in found):
            fix.append("clip the global norm (TrainConfig(clip='global_norm'))")
        if any("vanish" in one for one in found):
            fix.append(
                "use cell='lstm', 'gru', 'ind_rnn' or 'min_gru', skip='residual', or shorter sequences"
            )
        return f"{'; '.join(found)}. To fix it: {'; '.join(fix)}."


def measure_gradient_norms(
    model: keras.Model, inputs: Mapping[str, Any], targets: Any, *, loss: Any, weights: Any = None
) -> GradientNorms:
    """Measures gradients of the loss and of the model's penalties on one batch, in training mode; changes nothing.

    Args:
        model: A model with one recurrent layer at least.
        inputs: Its inputs by name.
        targets: The targets.
        loss: A Keras loss, such as ``get_task("classification").loss()``.
        weights: The weight of each target, where they differ.

    Returns:
        The norms.

    Raises:
        ArgumentError: If the model has no recurrent layer.

    Example:
        >>> from rnnzoo import build_classifier
        >>> model = build_classifier(num_classes=2, num_features=3, units=4)
        >>> x = np.zeros((2, 6, 3), "float32")
        >>> norms = measure_gradient_norms(
        ...     model,
        ...     {"features": x},
        ...     np.array([0, 1]),
        ...     loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ... )
        >>> norms.steps["lstm_1"].shape
        (6,)

    Reference:
        Bengio 1994, Learning long-term dependencies with gradient descent is difficult; Pascanu 2013, On the difficulty
        of training recurrent neural networks, arXiv:1211.5063.
    """
    import tensorflow as tf

    with (
        _unchanged(model.non_trainable_variables),
        tf.GradientTape(persistent=True) as tape,
        _reading(model, tape) as read,
    ):
        value = loss(targets, model(feed(model, inputs), training=True), weights)
        value = sum(model.losses, value)
    if not read:
        raise ArgumentError(f"model {model.name!r}: has no recurrent layer; expected one at least.")
    trained = model.trainable_variables
    gradients = tape.gradient(value, [variable.value for variable in trained])
    norms = {
        variable.path: 0.0 if gradient is None else float(tf.norm(tf.convert_to_tensor(gradient)))
        for variable, gradient in zip(trained, gradients, strict=True)
    }
    return norms_of(
        norms,
        {
            layer.name: _by_step(tape.gradient(value, read[layer.name]))[:: -1 if layer.go_backwards else 1]
            for layer in recurrent_layers(model)
            if layer.name in read
        },
    )


def norms_of(weights: dict[str, float], steps: dict[str, np.ndarray]) -> GradientNorms:
    """Returns norms by weight and by step, with that of all weights together."""
    total = float(np.sqrt(sum(norm**2 for norm in weights.values())))
    return GradientNorms(total=total, weights=weights, steps=steps)


@contextlib.contextmanager
def _unchanged(variables: list[Any]) -> Iterator[None]:
    """Brings back what running a model in training mode moves: dropout generators and moving averages."""
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


@contextlib.contextmanager
def _reading(model: keras.Model, tape: Any) -> Iterator[dict[str, Any]]:
    """Notes what each recurrent layer reads, apart from others that read the same: its other direction, a skip."""
    import tensorflow as tf

    read: dict[str, Any] = {}

    def reader(layer: Layer) -> Any:
        inner_loop = layer.inner_loop

        def note(sequences: Any, *rest: Any, **named: Any) -> Any:
            own = tf.identity(sequences)
            tape.watch(own)
            read[layer.name] = own
            return inner_loop(own, *rest, **named)

        return note

    with methods_replaced((layer, "inner_loop", reader(layer)) for layer in recurrent_layers(model)):
        yield read


def _by_step(gradient: Any) -> np.ndarray:
    """Returns the norm of the gradient at each step, mean over the rows."""
    return np.linalg.norm(np.asarray(gradient, np.float64), axis=-1).mean(axis=0)


def _reach(norms: np.ndarray) -> float:
    """Returns the norm at the end that is further from the answer as a share of the largest near the other."""
    quarter = max(1, len(norms) // 4)
    first, last = norms[:quarter].mean(), norms[-quarter:].mean()
    return float(first / last) if last > 0 else 0.0
