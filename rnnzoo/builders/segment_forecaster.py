"""A window cut into segments in, all segments of the horizon out."""

from __future__ import annotations

from math import gcd
from typing import Unpack

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import check_penalties
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import check_targets, find_head, normalize
from rnnzoo.builders.parts.option_types import SegmentForecasterOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.recurrent_layers import drop_between, drop_weights, recurrent_layer, warn_off_cudnn
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.queries import SegmentQueries
from rnnzoo.layers.skips import lead_around, skip_layer
from rnnzoo.tensors import Tensor

_LONGEST = 48
_WORDS = OptionWords(
    SegmentForecasterOptions,
    encoder=EncoderConfig(cell="gru", units=(128,)),
    others={"head": "point", "quantiles": None},
)


@_WORDS.sign
def build_segment_forecaster(
    *,
    num_features: int,
    window: int,
    horizon: int,
    num_targets: int = 1,
    segment: int | None = None,
    normalization: str | None = "last",
    name: str = "segment_forecaster",
    **options: Unpack[SegmentForecasterOptions],
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
        normalization: ``"last"``, ``"reversible"`` or ``None``: see ``build_forecaster``.
        name: The model's name.
        **options: ``head`` and ``quantiles``: see ``build_forecaster``. And the fields of ``EncoderConfig``: ``cell``,
            ``units``, ``dropout`` (of connections to the last layer), ``recurrent_dropout``, ``skip``,
            ``regularization``; or a ready one as ``encoder``. By default one GRU layer of 128.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_segment_forecaster(num_features=7, window=96, horizon=192, num_targets=7, units=8)
        >>> model.output_shape, model.get_layer("segment_projection").output.shape
        ((None, 192, 7), (None, 2, 8))

    Reference:
        Lin 2023, SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting, arXiv:2308.11200.
    """
    encoder = _WORDS.encoder(options)
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    check_targets(num_features, num_targets, "build_segment_forecaster")
    segment = _segment(segment, checks.integer("window", window, minimum=1), horizon)
    answers = find_head(options.get("head", "point"), options.get("quantiles"))
    past, ahead = window // segment, horizon // segment
    recurrent = _Stack(encoder)

    features = keras.Input((window, num_features), dtype="float32", name="features")
    x, level = normalize(features, normalization, num_features=num_features, num_targets=num_targets)
    x = _cut(x, num_targets, num_features - num_targets, past, segment)
    x = layers.Dense(encoder.widths[0], activation="relu", name="segment_projection")(x)
    _, states = recurrent.run(x)
    x = SegmentQueries(num_targets, ahead, encoder.widths[0], name="segment_queries")(features)
    x, _ = recurrent.run(x, [[_repeat(state, ahead) for state in last] for last in states])
    x = drop_between(x, encoder.dropout, encoder.extra, name="dropout_out")
    x = dense_head(x, segment * answers.numbers, name="projection")
    x = ops.transpose(ops.reshape(x, (-1, num_targets, horizon, answers.numbers)), (0, 2, 1, 3))
    return keras.Model(features, answers.answer(x, horizon, num_targets, level), name=name)


class _Stack:
    """Recurrent layers that are run twice: over the segments of the window, and over those ahead."""

    def __init__(self, config: EncoderConfig) -> None:
        config.check_skip(return_sequences=True)
        check_penalties(config.extra, return_sequences=False)
        warn_off_cudnn(config)
        self._layers = [
            drop_weights(
                recurrent_layer(config, width, return_state=True, name=f"{config.cell}_{depth}"),
                config,
                name=f"weight_drop_{depth}",
            )
            for depth, width in enumerate(config.widths, start=1)
        ]
        self._skips = [
            skip_layer(config.skip if depth > 1 else "none", f"{config.skip}_{depth}")
            for depth in range(1, len(config.widths) + 1)
        ]

    def run(self, x: Tensor, states: list[list[Tensor]] | None = None) -> tuple[Tensor, list[list[Tensor]]]:
        """Reads a sequence, from zeros or from states; returns the outputs and the states after it."""
        after = []
        for depth, layer in enumerate(self._layers):
            y, *last = layer(x, initial_state=states[depth]) if states else layer(x)
            x = lead_around(self._skips[depth], x, y)
            after.append(last)
        return x, after


def _cut(x: Tensor, num_targets: int, others: int, segments: int, length: int) -> Tensor:
    """Cuts windows to ``(batch * targets, segments, steps)``, each series with the features that are no targets."""
    own = ops.transpose(x[..., :num_targets], (0, 2, 1))
    own = ops.reshape(own, (-1, num_targets, segments, length))
    if others:
        shared = ops.reshape(x[..., num_targets:], (-1, 1, segments, length * others))
        own = ops.concatenate([own, ops.tile(shared, (1, num_targets, 1, 1))], axis=-1)
    return ops.reshape(own, (-1, segments, length * (1 + others)))


def _repeat(state: Tensor, times: int) -> Tensor:
    """Repeats each row of ``(batch, units)``."""
    units = state.shape[-1]
    return ops.reshape(ops.tile(ops.expand_dims(state, 1), (1, times, 1)), (-1, units))


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
