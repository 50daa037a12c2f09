"""A window of the past in, all steps of the horizon out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import find_head, normalize
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import CELLS
from rnnzoo.layers.queries import StepQueries

DECODERS = ("direct", "recurrent")


def build_forecaster(  # noqa: PLR0913 - flat keywords, as in every builder
    *,
    num_features: int,
    horizon: int,
    num_targets: int = 1,
    cell: str = "lstm",
    units: int | Sequence[int] = (64, 64),
    bidirectional: bool = False,
    decoder: str = "direct",
    head: str = "point",
    quantiles: Sequence[float] | None = None,
    normalization: str | None = None,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "forecaster",
) -> keras.Model:
    """Builds a multi-horizon forecaster: one pass over the window gives every step ahead.

    Input: ``features`` float32 ``(batch, window, features)``, scaled. Output, in the same scale: ``values`` ``(batch,
    horizon, targets)``; ``quantiles`` ``(batch, horizon, targets, quantiles)``; or ``distribution`` ``(batch, horizon,
    targets, 2)``, mean and scale of a Gaussian. No forecast is fed back, so that errors do not add up.

    Args:
        num_features: Number of features per step, the targets' own past included.
        horizon: Number of steps ahead.
        num_targets: Number of series to forecast.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each layer also reads the window backwards.
        decoder: ``"direct"``: one dense layer gives all steps ahead. ``"recurrent"``: a second recurrent layer, of
            the same cell and the last width, starts from what the first ones made of the window and is run once over
            learned vectors, one for each step ahead; the steps so share their weights and know of each other.
        head: ``"point"``, ``"quantile"`` or ``"gaussian"``: what is answered for each value ahead. Quantiles never
            cross.
        quantiles: The levels for ``"quantile"``, the median 0.5 among them; ``None`` for 0.1, 0.5 and 0.9.
        normalization: ``"reversible"`` normalises the targets' past by the window's own mean and deviation and
            brings the forecasts back; ``"last"`` does so with the window's last value alone; ``None`` leaves windows
            as they are. Both help where the level drifts. The first ``num_targets`` features must then be the
            targets' own past in the targets' scale, as in the splits of ``read_table``.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do. For
            the layers that read the window, not for a recurrent decoder.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_forecaster(num_features=4, horizon=24, num_targets=2, units=8)
        >>> model.output_shape
        (None, 24, 2)
        >>> build_forecaster(num_features=4, horizon=24, units=8, head="quantile").output_shape
        (None, 24, 1, 3)

    Reference:
        Ben Taieb 2012, A review and comparison of strategies for multi-step ahead time series forecasting (direct);
        Cho 2014, arXiv:1406.1078 (recurrent decoder); Wen 2017, arXiv:1711.11053 (quantiles); Salinas 2017,
        arXiv:1704.04110 (Gaussian); Kim 2022, Reversible Instance Normalization (reversible).
    """
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    checks.choice("decoder", decoder, DECODERS)
    answers = find_head(head, quantiles)
    inputs, x, mask = sequence_inputs(
        vocabulary_size=None, num_features=num_features, embedding_size=1, variable_length=False
    )
    x, level = normalize(x, normalization, num_features=num_features, num_targets=num_targets)
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
    width = num_targets * answers.numbers
    if decoder == "recurrent":
        size = checks.widths("units", units)[-1]
        x = _decode(x, horizon, cell=cell, units=size, dropout=dropout, recurrent_dropout=recurrent_dropout)
    else:
        width *= horizon
    x = dense_head(x, width, name="projection")
    return keras.Model(inputs, answers.answer(x, horizon, num_targets, level), name=name)


def _decode(x: Any, horizon: int, *, cell: str, units: int, dropout: float, recurrent_dropout: float) -> Any:
    """Unrolls a recurrent layer over the horizon from a summary of the window, to ``(batch, horizon, units)``."""
    dropped = {"recurrent_dropout": recurrent_dropout} if CELLS[cell].recurrent_dropout else {}
    layer = CELLS[cell].layer(units, return_sequences=True, name="decoder", **dropped)
    states = [
        layers.Dense(size, activation="tanh", name=f"first_state_{number}")(x)
        for number, size in enumerate(keras.tree.flatten(layer.state_size), start=1)
    ]
    queries = StepQueries(horizon, units, name="step_queries")(x)
    x = layer(queries, initial_state=states)
    return layers.Dropout(dropout, name="dropout_decoder")(x) if dropout else x
