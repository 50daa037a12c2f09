"""A window cut into segments in, all segments of the horizon out."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import check_targets, find_head, normalize
from rnnzoo.cells import CELLS, SEQUENCE_CELLS
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.queries import SegmentQueries

_LONGEST = 48


def build_segment_forecaster(
    *,
    num_features: int,
    window: int,
    horizon: int,
    num_targets: int = 1,
    segment: int | None = None,
    cell: str = "gru",
    units: int | Sequence[int] = (128,),
    head: str = "point",
    quantiles: Sequence[float] | None = None,
    normalization: str | None = "last",
    dropout: float = 0.0,
    name: str = "segment_forecaster",
) -> keras.Model:
    """Builds a forecaster whose recurrent layer takes a whole segment of the window at each of a few steps.

    Every target is forecast on its own, with the weights that all share, from its own past (the first
    ``num_targets`` features, as in the splits of ``read_table``) and from all features that are no targets. The
    segments ahead are decoded side by side, each in one step from the last state, asked for by a learned vector that
    says which segment and which series it is. So neither a long window nor a long horizon makes many steps.

    Input: ``features`` float32 ``(batch, window, features)``, scaled. Output: as of ``build_forecaster``.

    Args:
        num_features: Number of features per step, the targets' own past first.
        window: Number of steps in a window; such a model reads no other length.
        horizon: Number of steps ahead.
        num_targets: Number of series to forecast.
        segment: Number of steps in a segment, a divisor of ``window`` and ``horizon``; ``None`` takes the longest
            one up to 48 that leaves two segments of the window.
        cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer.
        head: ``"point"``, ``"quantile"`` or ``"gaussian"``: see ``build_forecaster``.
        quantiles: The levels for ``"quantile"``: see ``build_forecaster``.
        normalization: ``"last"``, ``"reversible"`` or ``None``: see ``build_forecaster``.
        dropout: Share of connections to the last layer dropped in training.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_segment_forecaster(num_features=7, window=96, horizon=192, num_targets=7, units=8)
        >>> model.output_shape, model.get_layer("segment_projection").output.shape
        ((None, 192, 7), (None, 2, 8))

    Reference:
        Lin 2023, SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting, arXiv:2308.11200.
    """
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    check_targets(num_features, num_targets, "build_segment_forecaster")
    checks.number("dropout", dropout, minimum=0, below=1)
    segment = _segment(segment, checks.integer("window", window, minimum=1), horizon)
    widths = checks.widths("units", units)
    recurrent = [_recurrent(cell, width, depth) for depth, width in enumerate(widths, start=1)]
    answers = find_head(head, quantiles)
    past, ahead = window // segment, horizon // segment

    features = keras.Input((window, num_features), dtype="float32", name="features")
    x, level = normalize(features, normalization, num_features=num_features, num_targets=num_targets)
    x = _cut(x, num_targets, num_features - num_targets, past, segment)
    x = layers.Dense(widths[0], activation="relu", name="segment_projection")(x)
    states = []
    for layer in recurrent:
        x, *last = layer(x)
        states.append(last)
    x = SegmentQueries(num_targets, ahead, widths[0], name="segment_queries")(features)
    for layer, last in zip(recurrent, states, strict=True):
        x, *_ = layer(x, initial_state=[_repeat(state, ahead) for state in last])
    x = layers.Dropout(dropout, name="dropout_out")(x) if dropout else x
    x = dense_head(x, segment * answers.numbers, name="projection")
    x = ops.transpose(ops.reshape(x, (-1, num_targets, horizon, answers.numbers)), (0, 2, 1, 3))
    return keras.Model(features, answers.answer(x, horizon, num_targets, level), name=name)


def _cut(x: Any, num_targets: int, others: int, segments: int, length: int) -> Any:
    """Cuts windows to ``(batch * targets, segments, steps)``, each series with the features that are no targets."""
    own = ops.transpose(x[..., :num_targets], (0, 2, 1))
    own = ops.reshape(own, (-1, num_targets, segments, length))
    if others:
        shared = ops.reshape(x[..., num_targets:], (-1, 1, segments, length * others))
        own = ops.concatenate([own, ops.tile(shared, (1, num_targets, 1, 1))], axis=-1)
    return ops.reshape(own, (-1, segments, length * (1 + others)))


def _repeat(state: Any, times: int) -> Any:
    """Repeats each row of ``(batch, units)``."""
    units = state.shape[-1]
    return ops.reshape(ops.tile(ops.expand_dims(state, 1), (1, times, 1)), (-1, units))


def _recurrent(cell: str, units: int, depth: int) -> Any:
    layer = CELLS[checks.choice("cell", cell, SEQUENCE_CELLS)].layer(
        units, return_sequences=True, name=f"{cell}_{depth}"
    )
    layer.return_state = True
    return layer


def _segment(segment: int | None, window: int, horizon: int) -> int:
    common = gcd(window, horizon)
    divisors = [length for length in range(1, common + 1) if common % length == 0]
    if segment is None:
        return max(length for length in divisors if length <= max(1, min(_LONGEST, window // 2)))
    checks.integer("segment", segment, minimum=1)
    if segment not in divisors:
        raise ArgumentError(
            f"segment: received {segment} with window={window} and horizon={horizon}; expected a divisor of both, one "
            f"of {', '.join(map(str, divisors))}. Pass segment=None to have one chosen, or change window or horizon."
        )
    return segment
