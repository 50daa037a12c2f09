"""Self-attention over what recurrent layers made of a sequence.

Recurrent outputs know their place, so that no positional embedding is added.
"""

from __future__ import annotations

from keras import layers

from rnnzoo import checks
from rnnzoo.layers.self_attention import SelfAttention
from rnnzoo.tensors import Tensor


def attention_block(x: Tensor, mask: Tensor | None, *, heads: int, dropout: float) -> Tensor:
    """Adds to each step what it attends to, and normalizes the sum."""
    seen = SelfAttention(heads, dropout=dropout, name="attention")(x, mask=mask)
    return layers.LayerNormalization(name="attention_norm")(layers.Add(name="attention_add")([x, seen]))


def transformer_blocks(x: Tensor, mask: Tensor | None, *, blocks: int, heads: int, dropout: float) -> Tensor:
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
        seen = SelfAttention(heads, dropout=dropout, name=f"attention_{depth}")(norm, mask=mask)
        x = layers.Add(name=f"attention_add_{depth}")(
            [x, _dropout(seen, dropout, f"attention_dropout_{depth}")]
        )
        norm = layers.LayerNormalization(name=f"feed_forward_norm_{depth}")(x)
        x = layers.Add(name=f"feed_forward_add_{depth}")([x, _feed_forward(norm, dropout, depth)])
    return layers.LayerNormalization(name="transformer_norm")(x)


def _feed_forward(x: Tensor, dropout: float, depth: int) -> Tensor:
    width = int(x.shape[-1])
    hidden = layers.Dense(4 * width, activation="relu", name=f"feed_forward_in_{depth}")(x)
    return _dropout(
        layers.Dense(width, name=f"feed_forward_out_{depth}")(hidden),
        dropout,
        f"feed_forward_dropout_{depth}",
    )


def _dropout(x: Tensor, rate: float, name: str) -> Tensor:
    return layers.Dropout(rate, name=name)(x) if rate else x
