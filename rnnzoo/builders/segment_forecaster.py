"""A window cut into segments in, all segments of the horizon out."""

from __future__ import annotations

from math import gcd
from typing import Unpack

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.covariates import Covariates, covariate_inputs
from rnnzoo.builders.parts.encoder import check_penalties
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import check_targets, find_head, normalize
from rnnzoo.builders.parts.inputs import feature_inputs
from rnnzoo.builders.parts.linear_map import add_linear_map
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
    others={"head": "point", "quantiles": None, "linear": False},
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

    Inputs and output: as of ``build_forecaster``.

    Args:
        num_features: Number of features per step, the targets' own past first.
        window: Number of steps in a window; such a model reads no other length.
        horizon: Number of steps ahead.
        num_targets: Number of series to forecast.
        segment: Number of steps in a segment, a divisor of ``window`` and ``horizon``; ``None`` takes the longest
            one up to 48 that leaves two segments of the window.
        normalization: ``"last"``, ``"reversible"`` or ``None``: see ``build_forecaster``.
        name: The model's name.
        **options: ``head``, ``quantiles`` and ``linear``: see ``build_forecaster``. ``num_future``: number of features
            that are known of the steps ahead, the last ones of ``num_features`` too; those of a segment are projected
            by a dense layer and added to the vector that asks for it. ``num_static``: number of features of the
            series as a whole; a dense layer encodes them, and they are joined to each segment, of the window and
            ahead. ``None`` for none.
            And the fields of ``EncoderConfig``: ``cell``, ``units``, ``dropout`` (of connections to the last layer),
            ``recurrent_dropout``, ``skip``, ``regularization``; or a ready one as ``encoder``. By default one GRU layer
            of 128.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_segment_forecaster(num_features=7, window=96, horizon=192, num_targets=7, units=8)
        >>> model.output_shape, model.get_layer("segment_projection").output.shape
        ((None, 192, 7), (None, 2, 8))
        >>> model = build_segment_forecaster(num_features=7, window=96, horizon=192, num_future=2, num_static=5)
        >>> [(tensor.name, tensor.shape) for tensor in model.inputs]
        [('features', (None, 96, 7)), ('future', (None, 192, 2)), ('static', (None, 5))]

    Reference:
        Lin 2023, SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting, arXiv:2308.11200. It
        reads the past alone; what is known ahead enters as the past does.
    """
    encoder = _WORDS.encoder(options)
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    check_targets(num_features, num_targets, "build_segment_forecaster")
    segment = _segment(segment, checks.integer("window", window, minimum=1), horizon)
    answers = find_head(options.get("head", "point"), options.get("quantiles"))
    ahead, width = horizon // segment, encoder.widths[0]
    known = covariate_inputs(
        options,
        num_features=num_features,
        num_targets=num_targets,
        horizon=horizon,
        width=width,
    )
    recurrent = _Stack(encoder)

    features, _, _ = feature_inputs(num_features, variable_length=False, steps=window)
    past, level = normalize(features, normalization, num_features=num_features, num_targets=num_targets)
    x = _cut(past, known.encoded, num_targets, num_features - num_targets, segment)
    x = layers.Dense(width, activation="relu", name="segment_projection")(x)
    _, states = recurrent.run(x)
    x = SegmentQueries(num_targets, ahead, width, name="segment_queries")(features)
    x = _join_known(x, known, num_targets, ahead)
    x, _ = recurrent.run(x, [[_repeat(state, ahead) for state in last] for last in states])
    x = drop_between(x, encoder.dropout, encoder.extra, name="dropout_out")
    linear = checks.flag("linear", options.get("linear", False))
    x = dense_head(x, segment * answers.numbers, name="projection", zeros=linear)
    x = ops.transpose(ops.reshape(x, (-1, num_targets, horizon, answers.numbers)), (0, 2, 1, 3))
    if linear:
        x = add_linear_map(x, past, known.future, answers=answers, horizon=horizon, num_targets=num_targets)
    return keras.Model(known.join(features), answers.answer(x, horizon, num_targets, level), name=name)


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


def _cut(x: Tensor, static: Tensor | None, num_targets: int, others: int, length: int) -> Tensor:
    """Cuts windows to ``(batch * targets, segments, steps)``, each series with what is no target."""
    segments = x.shape[1] // length
    parts = [ops.reshape(ops.transpose(x[..., :num_targets], (0, 2, 1)), (-1, num_targets, segments, length))]
    if others:
        shared = ops.reshape(x[..., num_targets:], (-1, 1, segments, length * others))
        parts.append(ops.tile(shared, (1, num_targets, 1, 1)))
    if static is not None:
        repeated = ops.reshape(static, (-1, 1, 1, static.shape[-1]))
        parts.append(ops.tile(repeated, (1, num_targets, segments, 1)))
    joined = ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
    return ops.reshape(joined, (-1, segments, joined.shape[-1]))


def _join_known(queries: Tensor, known: Covariates, num_targets: int, ahead: int) -> Tensor:
    """Adds what is known of the segments ahead to ``(batch * targets * segments, 1, width)``."""
    parts = []
    if known.future is not None:
        horizon, features = known.future.shape[1:]
        parts.append(ops.reshape(known.future, (-1, ahead, horizon // ahead * features)))
    if known.encoded is not None:
        parts.append(layers.RepeatVector(ahead, name="static_of_segments")(known.encoded))
    if not parts:
        return queries
    width = queries.shape[-1]
    x = ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
    x = layers.Dense(width, activation="relu", name="known_projection")(x)
    x = ops.tile(ops.expand_dims(x, 1), (1, num_targets, 1, 1))
    return layers.Add(name="queries_with_known")([queries, ops.reshape(x, (-1, 1, width))])


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
