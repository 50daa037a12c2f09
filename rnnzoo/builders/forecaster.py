"""A window of the past in, all steps of the horizon out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from rnnzoo import checks
from rnnzoo.encoder import encode
from rnnzoo.heads import horizon_head
from rnnzoo.inputs import sequence_inputs
from rnnzoo.regularization import Regularization


def build_forecaster(
    *,
    num_features: int,
    horizon: int,
    num_targets: int = 1,
    cell: str = "lstm",
    units: int | Sequence[int] = (64, 64),
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "forecaster",
) -> keras.Model:
    """Builds a direct multi-horizon forecaster: one pass over the window gives every step ahead.

    Input: ``features`` float32 ``(batch, window, features)``, scaled. Output: ``values`` ``(batch, horizon,
    targets)``, in the same scale. Direct forecasts do not feed errors of one step into the next.

    Args:
        num_features: Number of features per step, the targets' own past included.
        horizon: Number of steps ahead.
        num_targets: Number of series to forecast.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each layer also reads the window backwards.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> model = build_forecaster(num_features=4, horizon=24, num_targets=2, units=8)
        >>> model.output_shape
        (None, 24, 2)

    Reference:
        Ben Taieb 2012, A review and comparison of strategies for multi-step ahead time series forecasting.
    """
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    inputs, x, mask = sequence_inputs(
        vocabulary_size=None, num_features=num_features, embedding_size=1, variable_length=False
    )
    x = encode(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        skip=skip,
        regularization=regularization,
        return_sequences=False,
    )
    return keras.Model(inputs, horizon_head(x, horizon, num_targets, name="values"), name=name)
