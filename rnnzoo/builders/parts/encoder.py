"""The recurrent stack that all builders share."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import CELLS, SEQUENCE_CELLS
from rnnzoo.errors import ArgumentError, CudnnWarning
from rnnzoo.layers.activation_penalty import ActivationPenalty
from rnnzoo.layers.highway import Highway
from rnnzoo.layers.pooling import POOLINGS, pool
from rnnzoo.layers.weight_drop import WeightDrop

SKIPS = ("none", "residual", "highway")
_LAST = "last"


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
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    cells: Sequence[str] = SEQUENCE_CELLS,
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
        skip: What leads around each layer whose input is as wide as its output, that is all but the first (and the
            last, if it answers only once): ``"none"``, ``"residual"`` (the sum of input and output) or ``"highway"``
            (a learned mix of them). The widths must be equal.
        regularization: The rarer ways to regularise.
        cells: The cells that the builder takes.

    Returns:
        ``(batch, time, width)`` or ``(batch, width)``; the width doubles if bidirectional.

    Raises:
        ArgumentError: If an argument is out of range, or the cell cannot do what is asked.
    """
    checks.choice("cell", cell, cells)
    checks.flag("bidirectional", bidirectional)
    checks.number("dropout", dropout, minimum=0, below=1)
    checks.number("recurrent_dropout", recurrent_dropout, minimum=0, below=1)
    widths = checks.widths("units", units)
    extra = Regularization.of(regularization)
    _check_skip(skip, widths, return_sequences=return_sequences)
    _check_penalties(extra, return_sequences=return_sequences)
    _check_cell(cell, recurrent_dropout, extra)

    for depth, width in enumerate(widths, start=1):
        last = depth == len(widths)
        sequences = return_sequences or not last
        layer = _layer(cell, width, recurrent_dropout, extra, sequences=sequences, name=f"{cell}_{depth}")
        if bidirectional:
            layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        if extra.weight_drop:
            layer = WeightDrop(layer, extra.weight_drop, name=f"weight_drop_{depth}")
        y = layer(_dropout(x, dropout, extra, name=f"dropout_{depth}"), mask=mask)
        x = _around(x, y, skip if depth > 1 and sequences else "none", depth)
        if last and (extra.activation_penalty or extra.change_penalty):
            penalty = ActivationPenalty(
                size=extra.activation_penalty, change=extra.change_penalty, name="activation_penalty"
            )
            x = penalty(x, mask=mask)
    return _dropout(x, dropout, extra, name="dropout_out")


def _layer(
    cell: str,
    width: int,
    recurrent_dropout: float,
    extra: Regularization,
    *,
    sequences: bool,
    name: str,
) -> Any:
    arguments: dict[str, Any] = {"return_sequences": sequences, "name": name}
    arguments["kernel_regularizer"] = _penalty(extra.kernel_l1, extra.kernel_l2)
    if CELLS[cell].recurrent_matrix:
        arguments["recurrent_regularizer"] = _penalty(extra.recurrent_l1, extra.recurrent_l2)
    if CELLS[cell].recurrent_dropout:
        arguments["recurrent_dropout"] = recurrent_dropout
    if not extra.zoneout:
        return CELLS[cell].layer(width, **arguments)
    from rnnzoo.cells.recurrence import Recurrence
    from rnnzoo.cells.zoneout import ZoneoutCell

    inner = CELLS[cell].layer(width, **arguments)
    return Recurrence(ZoneoutCell(inner.cell, extra.zoneout), return_sequences=sequences, name=name)


def _penalty(l1: float, l2: float) -> Any:
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None


def _dropout(x: Any, rate: float, extra: Regularization, *, name: str) -> Any:
    if not rate:
        return x
    if extra.variational and len(x.shape) == 3:
        # One mask for all steps: Keras calls it spatial.
        return layers.SpatialDropout1D(rate, name=name)(x)
    return layers.Dropout(rate, name=name)(x)


def encode_once(x: Any, mask: Any, *, pooling: str, **arguments: Any) -> Any:
    """Stacks recurrent layers and makes one vector of a sequence.

    Args:
        x: The sequence ``(batch, time, features)``.
        mask: Valid steps ``(batch, time)``, or ``None`` where all are.
        pooling: ``"last"``, the output after the last valid step, or a name in ``POOLINGS``.
        **arguments: Those of ``encode``.

    Returns:
        ``(batch, width)``.
    """
    last = checks.choice("pooling", pooling, (_LAST, *POOLINGS)) == _LAST
    x = encode(x, mask, return_sequences=not last, **arguments)
    return x if last else pool(x, mask, pooling)


def _around(x: Any, y: Any, skip: str, depth: int) -> Any:
    if skip == "residual":
        return layers.Add(name=f"residual_{depth}")([x, y])
    return Highway(name=f"highway_{depth}")(x, y) if skip == "highway" else y


def _check_skip(skip: str, widths: Sequence[int], *, return_sequences: bool) -> None:
    checks.choice("skip", skip, SKIPS)
    least = 2 if return_sequences else 3
    if skip != "none" and (len(set(widths)) > 1 or len(widths) < least):
        raise ArgumentError(
            f"skip: received {skip!r} with units={tuple(widths)}; expected {least} layers or more, of equal width. "
            f"Pass e.g. units={(64,) * least}."
        )


def _check_penalties(extra: Regularization, *, return_sequences: bool) -> None:
    if (extra.activation_penalty or extra.change_penalty) and not return_sequences:
        raise ArgumentError(
            f"activation_penalty, change_penalty: received {extra.activation_penalty} and {extra.change_penalty} in a "
            "model that answers after the last step; expected 0, for they need an output at every step. Use dropout or "
            "kernel_l2."
        )


def _check_cell(cell: str, recurrent_dropout: float, extra: Regularization) -> None:
    """Refuses what a cell cannot do."""
    able = CELLS[cell]
    if recurrent_dropout and not able.recurrent_dropout:
        why = "computes all steps at once" if able.parallel else "has no dropout of its state"
        raise ArgumentError(
            f"recurrent_dropout: received {recurrent_dropout} with cell={cell!r}, which {why}; expected 0. Use dropout "
            f"between the layers, or one of the cells {', '.join(_names(lambda c: c.recurrent_dropout))}."
        )
    if extra.weight_drop and not able.recurrent_dropout:
        raise ArgumentError(
            f"weight_drop: received {extra.weight_drop} with cell={cell!r}; expected 0. It needs one of the cells "
            f"{', '.join(_names(lambda c: c.recurrent_dropout))}, whose recurrent weights are one matrix."
        )
    if extra.zoneout and not able.recurrent_dropout:
        raise ArgumentError(
            f"zoneout: received {extra.zoneout} with cell={cell!r}; expected 0. It needs one of the cells "
            f"{', '.join(_names(lambda c: c.recurrent_dropout))}."
        )
    if extra.zoneout and recurrent_dropout:
        raise ArgumentError(
            f"zoneout: received {extra.zoneout} and recurrent_dropout={recurrent_dropout}; expected one of them."
        )
    if (extra.recurrent_l1 or extra.recurrent_l2) and not able.recurrent_matrix:
        raise ArgumentError(
            f"recurrent_l1, recurrent_l2: received a penalty with cell={cell!r}, which has no matrix that reads the "
            "state; expected 0. Use kernel_l1 or kernel_l2."
        )
    for name, value in (("recurrent_dropout", recurrent_dropout), ("zoneout", extra.zoneout)):
        if value and able.cudnn:
            _warn_off_cudnn(name, cell, value)


def _names(able: Any) -> list[str]:
    return [name for name, cell in CELLS.items() if able(cell)]


def _warn_off_cudnn(name: str, cell: str, value: float) -> None:
    warnings.warn(
        f"{name}={value} takes {cell} off cuDNN: training on a GPU becomes many times "
        f"slower. Use dropout between the layers instead, or pass {name}=0.",
        CudnnWarning,
        stacklevel=_frames_to_caller(),
    )


def _frames_to_caller() -> int:
    """Returns how many frames the caller of this is from the line outside of the package that built the model."""
    inside, level = str(Path(__file__).parents[2]), 0  # the package itself
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(inside):
        frame, level = frame.f_back, level + 1
    return level
