"""The recurrent stack that all builders share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from keras import layers

from rnnzoo import checks
from rnnzoo.cells import CELLS
from rnnzoo.errors import CudnnWarning


def encode(
    x: Any,
    mask: Any,
    *,
    cell: str,
    units: int | Sequence[int],
    bidirectional: bool,
    dropout: float,
    recurrent_dropout: float,
    return_sequences: bool,
) -> Any:
    """Stacks recurrent layers, one for each width in ``units``.

    The mask is passed to every layer explicitly: a layer that relied on Keras to hand it on would read
    padding as data where Keras does not. Dropout stands on the connections between layers, never on the
    recurrent ones (Zaremba 2014), so that it keeps cuDNN.

    Args:
        x: The sequence ``(batch, time, features)``.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        cell: A name in ``rnnzoo.cells.CELLS``.
        units: Width of each layer (of each direction, if bidirectional).
        bidirectional: Whether each layer also reads backwards; the two outputs are concatenated.
        dropout: Share of inputs and outputs of each layer dropped in training.
        recurrent_dropout: Share of recurrent inputs dropped in training (Gal 2016); leaves cuDNN.
        return_sequences: Whether the last layer answers at every step or only at the last valid one.

    Returns:
        ``(batch, time, width)`` or ``(batch, width)``; the width doubles if bidirectional.
    """
    checks.choice("cell", cell, CELLS)
    checks.flag("bidirectional", bidirectional)
    checks.number("dropout", dropout, minimum=0, below=1)
    checks.number("recurrent_dropout", recurrent_dropout, minimum=0, below=1)
    widths = checks.widths("units", units)
    if recurrent_dropout and CELLS[cell].cudnn:
        _warn_off_cudnn(cell, recurrent_dropout)

    for depth, width in enumerate(widths, start=1):
        x = _dropout(x, dropout, name=f"dropout_{depth}")
        layer = CELLS[cell].layer(
            width,
            return_sequences=return_sequences or depth < len(widths),
            recurrent_dropout=recurrent_dropout,
            name=f"{cell}_{depth}",
        )
        if bidirectional:
            layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        x = layer(x, mask=mask)
    return _dropout(x, dropout, name="dropout_out")


def _dropout(x: Any, rate: float, *, name: str) -> Any:
    return layers.Dropout(rate, name=name)(x) if rate else x


def _warn_off_cudnn(cell: str, recurrent_dropout: float) -> None:
    warnings.warn(
        f"recurrent_dropout={recurrent_dropout} takes {cell} off cuDNN: training on a GPU becomes many times "
        "slower. Use dropout between the layers instead, or pass recurrent_dropout=0.",
        CudnnWarning,
        stacklevel=4,  # the line that called the builder
    )
