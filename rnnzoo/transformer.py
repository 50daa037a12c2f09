"""Self-attention over what recurrent layers made of a sequence.

Recurrent outputs know their place, so that no positional embedding is added.
"""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError


def attend(x: Any, mask: Any, *, heads: int, dropout: float, name: str) -> Any:
    """Lets every step look at all valid ones: masked multi-head self-attention ``(batch, time, width)``.

    Args:
        x: The sequence.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        heads: How many patterns of attention; they share the width.
        dropout: Share of attention weights dropped in training.
        name: Name of the layer.
    """
    width = int(x.shape[-1])
    if width % checks.integer("heads", heads, minimum=1):
        raise ArgumentError(
            f"heads: received {heads} for a width of {width}; expected a divisor of it, for heads share the width. "
            "Change heads, or the last of units (both directions count)."
        )
    attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, use_bias=False, name=name)
    # One row of the mask serves every step that looks: what a padded step sees is never read.
    return attention(x, x, attention_mask=None if mask is None else ops.expand_dims(mask, 1))


def attention_block(x: Any, mask: Any, *, heads: int, dropout: float) -> Any:
    """Adds to each step what it attends to, and normalizes the sum."""
    seen = attend(x, mask, heads=heads, dropout=dropout, name="attention")
    return layers.LayerNormalization(name="attention_norm")(layers.Add(name="attention_add")([x, seen]))


def transformer_blocks(x: Any, mask: Any, *, blocks: int, heads: int, dropout: float) -> Any:
    """Stacks pre-norm encoder blocks: attention, then a network of four times the width, each added to its input.

    Args:
        x: The sequence ``(batch, time, width)``.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        blocks: How many blocks.
        heads: Heads of each attention.
        dropout: Share dropped of attention weights and of what is added, in training.

    Returns:
        The sequence, normalized.

    Reference:
        Vaswani 2017, Attention Is All You Need, arXiv:1706.03762; Xiong 2020, On Layer Normalization in the
        Transformer Architecture, arXiv:2002.04745 (pre-norm).
    """
    for depth in range(1, checks.integer("blocks", blocks, minimum=1) + 1):
        norm = layers.LayerNormalization(name=f"attention_norm_{depth}")(x)
        seen = attend(norm, mask, heads=heads, dropout=dropout, name=f"attention_{depth}")
        x = layers.Add(name=f"attention_add_{depth}")(
            [x, _dropout(seen, dropout, f"attention_dropout_{depth}")]
        )
        norm = layers.LayerNormalization(name=f"feed_forward_norm_{depth}")(x)
        x = layers.Add(name=f"feed_forward_add_{depth}")([x, _feed_forward(norm, dropout, depth)])
    return layers.LayerNormalization(name="transformer_norm")(x)


def _feed_forward(x: Any, dropout: float, depth: int) -> Any:
    width = int(x.shape[-1])
    hidden = layers.Dense(4 * width, activation="relu", name=f"feed_forward_in_{depth}")(x)
    return _dropout(
        layers.Dense(width, name=f"feed_forward_out_{depth}")(hidden),
        dropout,
        f"feed_forward_dropout_{depth}",
    )


def _dropout(x: Any, rate: float, name: str) -> Any:
    return layers.Dropout(rate, name=name)(x) if rate else x
