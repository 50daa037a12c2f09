"""A window of the past in, all steps of the horizon out."""

from __future__ import annotations

from typing import Unpack

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode_once, penalize
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import find_head, normalize
from rnnzoo.builders.parts.inputs import feature_inputs
from rnnzoo.builders.parts.option_types import ForecasterOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.recurrent_layers import drop_between, drop_weights, recurrent_layer
from rnnzoo.layers.queries import StepQueries
from rnnzoo.tensors import Tensor

DECODERS = ("direct", "recurrent")
_WORDS = OptionWords(
    ForecasterOptions,
    encoder=EncoderConfig(units=(64, 64), pooling="last"),
    others={"head": "point", "quantiles": None},
)


@_WORDS.sign
def build_forecaster(
    *,
    num_features: int,
    horizon: int,
    num_targets: int = 1,
    decoder: str = "direct",
    normalization: str | None = None,
    name: str = "forecaster",
    **options: Unpack[ForecasterOptions],
) -> keras.Model:
    """Builds a multi-horizon forecaster: one pass over the window gives every step ahead.

    Input: ``features`` float32 ``(batch, window, features)``, scaled. Output, in the same scale: ``values`` ``(batch,
    horizon, targets)``; ``quantiles`` ``(batch, horizon, targets, quantiles)``; or ``distribution`` ``(batch, horizon,
    targets, 2)``, mean and scale of a Gaussian. No forecast is fed back, so that errors do not add up.

    Args:
        num_features: Number of features per step, the targets' own past included.
        horizon: Number of steps ahead.
        num_targets: Number of series to forecast.
        decoder: ``"direct"``: one dense layer gives all steps ahead. ``"recurrent"``: a second recurrent layer, of
            the same cell and the last width, starts from what the first ones made of the window and is run once over
            learned vectors, one for each step ahead; the steps so share their weights and know of each other. It is
            regularised as the first ones are; penalties on outputs are on its outputs.
        normalization: ``"reversible"`` normalises the targets' past by the window's own mean and deviation and
            brings the forecasts back; ``"last"`` does so with the window's last value alone; ``None`` leaves windows
            as they are. Both help where the level drifts. The first ``num_targets`` features must then be the
            targets' own past in the targets' scale, as in the splits of ``read_table``.
        name: The model's name.
        **options: ``head``: ``"point"``, ``"quantile"`` or ``"gaussian"``, what is answered for each value ahead;
            quantiles never cross. ``quantiles``: the levels for ``"quantile"``, the median 0.5 among them; ``None``
            for 0.1, 0.5 and 0.9.
            And the fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; or a ready one as ``encoder``. By
            default two LSTM layers of 64.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

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
    encoder = _WORDS.encoder(options)
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    unrolled = checks.choice("decoder", decoder, DECODERS) == "recurrent"
    answers = find_head(options.get("head", "point"), options.get("quantiles"))
    inputs, x, mask = feature_inputs(num_features, variable_length=False)
    x, level = normalize(x, normalization, num_features=num_features, num_targets=num_targets)
    width = num_targets * answers.numbers
    if unrolled:
        x = encode_once(x, mask, encoder.without_output_penalties())
        x = _decode(x, horizon, encoder)
    else:
        x = encode_once(x, mask, encoder)
        width *= horizon
    x = dense_head(x, width, name="projection")
    return keras.Model(inputs, answers.answer(x, horizon, num_targets, level), name=name)


def _decode(x: Tensor, horizon: int, encoder: EncoderConfig) -> Tensor:
    """Unrolls a recurrent layer over the horizon from a summary of the window, to ``(batch, horizon, units)``."""
    units = encoder.widths[-1]
    layer = recurrent_layer(encoder, units, name="decoder")
    states = [
        layers.Dense(size, activation="tanh", name=f"first_state_{number}")(x)
        for number, size in enumerate(keras.tree.flatten(layer.state_size), start=1)
    ]
    queries = StepQueries(horizon, units, name="step_queries")(x)
    x = drop_weights(layer, encoder, name="weight_drop_decoder")(queries, initial_state=states)
    x = penalize(x, None, encoder.extra)
    return drop_between(x, encoder.dropout, encoder.extra, name="dropout_decoder")
