"""Which recurrent layers cuDNN will run on a GPU, and the rule that each other one breaks.

Keras takes this decision silently while it traces a layer; the rules here are those of its TensorFlow
backend, and a test holds them against the graphs that Keras traces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnzoo.tensors import Layer

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class LayerVerdict:
    """What happens to one recurrent layer on a GPU.

    Attributes:
        name: The layer's name; the directions of a bidirectional layer are listed one by one.
        kind: Its class, such as ``"LSTM"``.
        eligible: Whether cuDNN runs it.
        reason: The rule it breaks, or ``""``.
    """

    name: str
    kind: str
    eligible: bool
    reason: str


@dataclass(frozen=True)
class CudnnReport:
    """The verdicts over all recurrent layers of a model, in the order of the model."""

    layers: tuple[LayerVerdict, ...]

    @property
    def eligible(self) -> bool:
        """Whether cuDNN runs every recurrent layer (and there is at least one)."""
        return bool(self.layers) and all(layer.eligible for layer in self.layers)

    @property
    def summary(self) -> str:
        """One line: ``"yes"``, or ``"no"`` with the first rule that is broken."""
        if not self.layers:
            return "no: the model has no recurrent layer"
        broken = [layer for layer in self.layers if not layer.eligible]
        return f"no: {broken[0].name}: {broken[0].reason}" if broken else "yes"

    def __str__(self) -> str:
        return "\n".join(
            f"{layer.name} ({layer.kind}): {'cuDNN' if layer.eligible else 'no cuDNN: ' + layer.reason}"
            for layer in self.layers
        )


def explain_cudnn(model: keras.Model) -> CudnnReport:
    """Says for each recurrent layer whether cuDNN will run it on a GPU, and why not.

    With a mask, cuDNN also wants each row padded on the right and at least one valid step long. The batches
    of ``rnnzoo.data`` and the models of ``rnnzoo.builders`` see to that.

    Args:
        model: A Keras model, functional or subclassed, built or not.

    Returns:
        A report with one verdict per recurrent layer.

    Example:
        >>> from rnnzoo import build_classifier, explain_cudnn
        >>> model = build_classifier(num_classes=2, num_features=3, cell="simple_rnn", units=4)
        >>> print(explain_cudnn(model))
        simple_rnn_1 (SimpleRNN): no cuDNN: SimpleRNN has no cuDNN kernel in TensorFlow
    """
    from rnnzoo.keras_models.model_layers import (
        recurrent_layers,  # on use, so that the command can read this without Keras
    )

    return CudnnReport(tuple(_verdict(layer) for layer in recurrent_layers(model)))


def _verdict(layer: Layer) -> LayerVerdict:
    reason = _broken_rule(layer)
    return LayerVerdict(layer.name, type(layer).__name__, not reason, reason)


def _broken_rule(layer: Layer) -> str:
    from keras import activations, layers

    if type(layer) is layers.SimpleRNN:
        return "SimpleRNN has no cuDNN kernel in TensorFlow"
    if not isinstance(layer, layers.LSTM | layers.GRU):
        return "only the LSTM and GRU layers have a cuDNN kernel; an RNN around a cell has none"
    rules = (
        (layer.use_cudnn not in ("auto", True), f"use_cudnn={layer.use_cudnn!r}"),
        (layer.recurrent_dropout > 0, f"recurrent_dropout={layer.recurrent_dropout:g}, cuDNN wants 0"),
        (layer.activation is not activations.tanh, f"activation={_name(layer.activation)}, cuDNN wants tanh"),
        (
            layer.recurrent_activation is not activations.sigmoid,
            f"recurrent_activation={_name(layer.recurrent_activation)}, cuDNN wants sigmoid",
        ),
        (layer.unroll, "unroll=True"),
        (not layer.use_bias, "use_bias=False"),
        (isinstance(layer, layers.GRU) and not getattr(layer, "reset_after", True), "reset_after=False"),
    )
    return next((reason for broken, reason in rules if broken), "")


def _name(activation: Any) -> str:
    return str(getattr(activation, "__name__", activation))
