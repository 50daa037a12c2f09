"""One recurrent layer of a model, with what regularises it."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import keras
from keras import layers

from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import CELLS
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.cells.zoneout import ZoneoutCell
from rnnzoo.errors import CudnnWarning
from rnnzoo.layers.weight_drop import WeightDrop
from rnnzoo.tensors import Layer, Regularizer, Tensor

_PACKAGE = str(Path(__file__).parents[2])


def recurrent_layer(
    config: EncoderConfig,
    units: int,
    *,
    name: str,
    return_sequences: bool = True,
    return_state: bool = False,
) -> Layer:
    """Makes a recurrent layer that reads forwards, with its penalties, dropout of the state and zoneout.

    Args:
        config: The encoder that it belongs to.
        units: Its width.
        name: Its name.
        return_sequences: Whether it answers at every step.
        return_state: Whether it gives its states too.

    Returns:
        The Keras layer.
    """
    cell, extra = CELLS[config.cell], config.extra
    arguments: dict[str, Any] = {
        "return_sequences": return_sequences,
        "name": name,
        "kernel_regularizer": _penalty(extra.kernel_l1, extra.kernel_l2),
    }
    if cell.recurrent_matrix:
        arguments["recurrent_regularizer"] = _penalty(extra.recurrent_l1, extra.recurrent_l2)
    if cell.recurrent_dropout:
        arguments["recurrent_dropout"] = config.recurrent_dropout
    layer = cell.layer(units, **arguments)
    if extra.zoneout:
        layer = Recurrence(
            ZoneoutCell(layer.cell, extra.zoneout), return_sequences=return_sequences, name=name
        )
    layer.return_state = return_state
    return layer


def drop_weights(layer: Layer, config: EncoderConfig, *, name: str) -> Layer:
    """Wraps a layer, or both directions of one, so that some of its recurrent weights are dropped in training."""
    rate = config.extra.weight_drop
    return WeightDrop(layer, rate, name=name) if rate else layer


def drop_between(x: Tensor, rate: float, extra: Regularization, *, name: str) -> Tensor:
    """Drops a share of what one layer hands to the next, in training."""
    return dropout_layer(rate, extra, name=name, steps=len(x.shape) == 3)(x) if rate else x


def dropout_layer(rate: float, extra: Regularization, *, name: str, steps: bool) -> Layer:
    """Makes the layer that does so; ``steps`` says whether there are any, all of which may drop the same numbers."""
    # One mask for all steps: Keras calls it spatial.
    kind = layers.SpatialDropout1D if extra.variational and steps else layers.Dropout
    return kind(rate, name=name)


def warn_off_cudnn(config: EncoderConfig) -> None:
    """Warns of what takes a cell off cuDNN, at the line outside of the package that builds the model."""
    if not CELLS[config.cell].cudnn:
        return
    for name, value in (("recurrent_dropout", config.recurrent_dropout), ("zoneout", config.extra.zoneout)):
        if value:
            warnings.warn(
                f"{name}={value} takes {config.cell} off cuDNN: training on a GPU becomes many times "
                f"slower. Use dropout between the layers instead, or pass {name}=0.",
                CudnnWarning,
                stacklevel=_frames_to_caller(),
            )


def _penalty(l1: float, l2: float) -> Regularizer:
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None


def _frames_to_caller() -> int:
    """Returns how many frames the caller of this is from the line outside of the package that built the model."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
