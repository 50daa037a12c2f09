"""The convolutional stack that hybrids put before or beside their recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence

from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.packing import PackSteps
from rnnzoo.tensors import Tensor

# Moving statistics follow within some tens of steps, as many as an epoch of a small set has.
_MOMENTUM = 0.9


def pack(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Moves valid steps together, so that a convolution reads no hole. Without a mask there is none."""
    return (x, None) if mask is None else PackSteps(name="packed")(x, mask)


def convolve(
    x: Tensor,
    mask: Tensor | None,
    *,
    filters: int | Sequence[int],
    kernel_size: int | Sequence[int],
    causal: bool,
) -> Tensor:
    """Stacks convolutions over time, each with batch normalization and a rectifier.

    Padding is zeroed before each convolution, so that the end of a row looks the same however far it is padded,
    and left out of the statistics of batch normalization.

    Args:
        x: The packed sequence ``(batch, time, features)``.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        filters: Width of each convolution.
        kernel_size: Steps that each convolution reads; one number for all of them, or one each.
        causal: Whether a convolution reads its own and earlier steps only.

    Returns:
        ``(batch, time, filters[-1])``, zero at padded steps.
    """
    widths = checks.widths("filters", filters)
    for depth, (width, size) in enumerate(
        zip(widths, _sizes(kernel_size, len(widths)), strict=True), start=1
    ):
        x = layers.Conv1D(
            width,
            size,
            padding="causal" if causal else "same",
            use_bias=False,  # the normalization has one
            kernel_initializer="he_uniform",
            name=f"convolution_{depth}",
        )(x)
        normalization = layers.BatchNormalization(momentum=_MOMENTUM, name=f"batch_normalization_{depth}")
        x = normalization(x, mask=mask)
        x = layers.ReLU(name=f"relu_{depth}")(x)
        if mask is not None:
            x = ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))
    return x


def _sizes(kernel_size: int | Sequence[int], depth: int) -> tuple[int, ...]:
    sizes = checks.widths("kernel_size", kernel_size)
    if len(sizes) not in (1, depth):
        raise ArgumentError(
            f"kernel_size: received {len(sizes)} sizes for {depth} convolutions; expected one size, or one for each "
            "width in filters."
        )
    return sizes * depth if len(sizes) == 1 else sizes
