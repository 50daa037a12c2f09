"""The recurrent stack that all builders share."""

from __future__ import annotations

from collections.abc import Collection

from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.recurrent_layers import (
    drop_between,
    drop_weights,
    recurrent_layer,
    warn_off_cudnn,
)
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import sequence_cells
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.activation_penalty import ActivationPenalty
from rnnzoo.layers.pooling import pool
from rnnzoo.layers.skips import lead_around, skip_layer
from rnnzoo.tensors import Tensor


def encode(
    x: Tensor,
    mask: Tensor | None,
    config: EncoderConfig,
    *,
    return_sequences: bool = True,
    cells: Collection[str] | None = None,
) -> Tensor:
    """Stacks recurrent layers, one for each width in ``config.units``.

    The mask is passed to every layer explicitly: a layer that relied on Keras to hand it on would read
    padding as data where Keras does not.

    Args:
        x: The sequence ``(batch, time, features)``.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        config: The layers.
        return_sequences: Whether the last layer answers at every step or only at the last valid one.
        cells: The cells that may be used; ``None`` for all that read sequences of vectors.

    Returns:
        ``(batch, time, width)`` or ``(batch, width)``; the width doubles if bidirectional.

    Raises:
        ArgumentError: If the cell reads something else, or two fields do not go together.
    """
    checks.choice("cell", config.cell, sequence_cells() if cells is None else cells)
    config.check_skip(return_sequences=return_sequences)
    extra = config.extra
    check_penalties(extra, return_sequences=return_sequences)
    warn_off_cudnn(config)
    for depth, width in enumerate(config.widths, start=1):
        last = depth == len(config.widths)
        sequences = return_sequences or not last
        layer = recurrent_layer(config, width, return_sequences=sequences, name=f"{config.cell}_{depth}")
        if config.bidirectional:
            layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        layer = drop_weights(layer, config, name=f"weight_drop_{depth}")
        y = layer(drop_between(x, config.dropout, extra, name=f"dropout_{depth}"), mask=mask)
        skip = skip_layer(config.skip if depth > 1 and sequences else "none", f"{config.skip}_{depth}")
        x = lead_around(skip, x, y)
    x = penalize(x, mask, extra)
    return drop_between(x, config.dropout, extra, name="dropout_out")


def encode_once(x: Tensor, mask: Tensor | None, config: EncoderConfig) -> Tensor:
    """Stacks recurrent layers and makes one vector ``(batch, width)`` of a sequence, as ``config.pooling`` says."""
    x = encode(x, mask, config, return_sequences=not config.reads_last)
    return x if config.reads_last else pool(x, mask, str(config.pooling))


def penalize(
    x: Tensor, mask: Tensor | None, extra: Regularization, *, name: str = "activation_penalty"
) -> Tensor:
    """Adds the penalties on outputs to the loss; they pass through unchanged."""
    if not (extra.activation_penalty or extra.change_penalty):
        return x
    penalty = ActivationPenalty(size=extra.activation_penalty, change=extra.change_penalty, name=name)
    return penalty(x, mask=mask)


def check_penalties(extra: Regularization, *, return_sequences: bool) -> None:
    """Refuses penalties on outputs where there is one output only."""
    if (extra.activation_penalty or extra.change_penalty) and not return_sequences:
        raise ArgumentError(
            f"activation_penalty, change_penalty: received {extra.activation_penalty} and {extra.change_penalty} in a "
            "model that answers after the last step; expected 0, for they need an output at every step. Use dropout or "
            "kernel_l2."
        )
