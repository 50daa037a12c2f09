"""The recurrent cells by name, as builders take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A recurrent cell.

    Attributes:
        layer: Makes the Keras layer from ``(units, *, return_sequences, recurrent_dropout, name)``.
        cudnn: Whether cuDNN can run it.
        reference: The paper it comes from.
    """

    layer: Callable[..., Any]
    cudnn: bool
    reference: str


def _simple_rnn(units: int, **arguments: Any) -> Any:
    from keras import layers

    return layers.SimpleRNN(units, recurrent_initializer="orthogonal", **arguments)


def _lstm(units: int, **arguments: Any) -> Any:
    from keras import layers

    # A forget gate that starts open (bias 1) lets gradients reach far back from the first step on.
    return layers.LSTM(units, recurrent_initializer="orthogonal", unit_forget_bias=True, **arguments)


def _gru(units: int, **arguments: Any) -> Any:
    from keras import layers

    return layers.GRU(units, recurrent_initializer="orthogonal", **arguments)


CELLS: dict[str, Cell] = {
    "simple_rnn": Cell(_simple_rnn, cudnn=False, reference="Elman 1990, Finding Structure in Time"),
    "lstm": Cell(_lstm, cudnn=True, reference="Hochreiter & Schmidhuber 1997; Gers 2000 (forget gate)"),
    "gru": Cell(_gru, cudnn=True, reference="Cho 2014, arXiv:1406.1078"),
}
