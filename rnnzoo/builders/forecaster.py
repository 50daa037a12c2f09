"""A window of the past in, all steps of the horizon out."""

from __future__ import annotations

from typing import Unpack

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.covariates import Covariates, covariate_inputs
from rnnzoo.builders.parts.encoder import encode_once, penalize
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.horizon import find_head, normalize
from rnnzoo.builders.parts.inputs import feature_inputs
from rnnzoo.builders.parts.linear_map import add_linear_map, linear_window
from rnnzoo.builders.parts.option_types import ForecasterOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.recurrent_layers import drop_between, drop_weights, recurrent_layer
from rnnzoo.layers.queries import StepQueries
from rnnzoo.tensors import Tensor

DECODERS = ("direct", "recurrent")
_WORDS = OptionWords(
    ForecasterOptions,
    encoder=EncoderConfig(units=(64, 64), pooling="last"),
    others={"head": "point", "quantiles": None, "linear": None},
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

    Inputs: ``features`` float32 ``(batch, window, features)``, scaled; with ``num_future`` also ``future`` ``(batch,
    horizon, known)``, with ``num_static`` also ``static`` ``(batch, static)``, both float32 and scaled. Output, in the
    same scale: ``values`` ``(batch, horizon, targets)``; ``quantiles`` ``(batch, horizon, targets, quantiles)``; or
    ``distribution`` ``(batch, horizon, targets, 2)``, mean and scale of a Gaussian. No forecast is fed back, so that
    errors do not add up.

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
            ``num_future``: number of features that are known of the steps ahead, such as the hour; they are the last
            ones of ``num_features`` too. With the direct decoder, one layer that all steps share reads what the first
            ones made of the window, the step's own known features and a learned vector of the step; its forecast is
            added. The recurrent decoder reads them beside its learned vectors. ``None`` for none.
            ``num_static``: number of features of the series as a whole. A dense layer encodes them; they are joined to
            each step of the window, and to what the decoder reads. ``None`` for none.
            ``linear``: whether a linear map is added to the network's forecast: from each target's own past, the first
            features, with weights that all targets share, and from the known features of the step. Series are often
            forecast best by such a map alone. Training begins at ridge regression
            (``TrainConfig.linear_start``), and the network learns what is left. ``None``: wherever ``window`` is told,
            as ``**splits.model_arguments`` tells it; ``False`` for models that are to answer piece by piece.
            ``window``: number of steps in a window, for the linear map alone, whose model reads no other length;
            ``None`` for windows of any length.
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
        >>> model = build_forecaster(num_features=4, horizon=24, num_future=2, num_static=5, units=8)
        >>> [(tensor.name, tensor.shape) for tensor in model.inputs]
        [('features', (None, None, 4)), ('future', (None, 24, 2)), ('static', (None, 5))]

    Reference:
        Ben Taieb 2012, A review and comparison of strategies for multi-step ahead time series forecasting (direct);
        Cho 2014, arXiv:1406.1078 (recurrent decoder); Wen 2017, arXiv:1711.11053 (quantiles); Salinas 2017,
        arXiv:1704.04110 (Gaussian; static features at each step); Kim 2022, Reversible Instance Normalization
        (reversible). Known features ahead: the local network of Wen 2017 beside a projection of the window, as in Das
        2023, TiDE, arXiv:2304.08424. Linear map: Lai 2018, LSTNet, arXiv:1703.07015; Zeng 2022, arXiv:2205.13504.
    """
    encoder = _WORDS.encoder(options)
    checks.integer("horizon", horizon, minimum=1)
    checks.integer("num_targets", num_targets, minimum=1)
    unrolled = checks.choice("decoder", decoder, DECODERS) == "recurrent"
    answers = find_head(options.get("head", "point"), options.get("quantiles"))
    known = covariate_inputs(
        options,
        num_features=num_features,
        num_targets=num_targets,
        horizon=horizon,
        width=encoder.widths[0],
    )
    window = linear_window(options, num_features=num_features, num_targets=num_targets)
    features, _, mask = feature_inputs(num_features, variable_length=False, steps=window)
    past, level = normalize(features, normalization, num_features=num_features, num_targets=num_targets)
    x = known.at_each_step(past, name="window")
    width = num_targets * answers.numbers
    if unrolled:
        x = encode_once(x, mask, encoder.without_output_penalties())
        x = _unroll(x, horizon, encoder, known)
        x = dense_head(x, width, name="projection", zeros=window is not None)
    else:
        x = encode_once(x, mask, encoder)
        x = _project(x, horizon, width, encoder, known, zeros=window is not None)
    if window is not None:
        x = add_linear_map(x, past, known.future, answers=answers, horizon=horizon, num_targets=num_targets)
    return keras.Model(known.join(features), answers.answer(x, horizon, num_targets, level), name=name)


def _unroll(x: Tensor, horizon: int, encoder: EncoderConfig, known: Covariates) -> Tensor:
    """Unrolls a recurrent layer over the horizon from a summary of the window, to ``(batch, horizon, units)``."""
    units = encoder.widths[-1]
    layer = recurrent_layer(encoder, units, name="decoder")
    states = [
        layers.Dense(size, activation="tanh", name=f"first_state_{number}")(x)
        for number, size in enumerate(keras.tree.flatten(layer.state_size), start=1)
    ]
    queries = StepQueries(horizon, units, name="step_queries")(x)
    if known.future is not None:
        queries = layers.Concatenate(name="queries_with_future")([queries, known.future])
    queries = known.at_each_step(queries, name="queries")
    x = drop_weights(layer, encoder, name="weight_drop_decoder")(queries, initial_state=states)
    x = penalize(x, None, encoder.extra)
    return drop_between(x, encoder.dropout, encoder.extra, name="dropout_decoder")


def _project(
    x: Tensor, horizon: int, width: int, encoder: EncoderConfig, known: Covariates, *, zeros: bool
) -> Tensor:
    """Projects a summary of the window to ``width`` numbers for each step ahead.

    A network that all steps share adds what the known values of a step change: one layer over the summary, these
    values and a learned vector that says which step it is.
    """
    if known.encoded is not None:
        x = layers.Concatenate(name="summary_with_static")([x, known.encoded])
    numbers = dense_head(x, horizon * width, name="projection", zeros=zeros)
    if known.future is None:
        return numbers
    units = encoder.widths[-1]
    steps = layers.Add(name="step_sum")(
        [
            layers.Reshape((1, units), name="summary")(layers.Dense(units, name="summary_projection")(x)),
            layers.Dense(units, use_bias=False, name="future_projection")(known.future),
            StepQueries(horizon, units, name="step_queries")(x),
        ]
    )
    steps = layers.Activation("relu", name="step_activation")(steps)
    steps = drop_between(steps, encoder.dropout, encoder.extra, name="dropout_step")
    numbers = layers.Reshape((horizon, width), dtype="float32", name="numbers_of_window")(numbers)
    return layers.Add(dtype="float32", name="with_future")(
        [numbers, dense_head(steps, width, name="step_projection", zeros=zeros)]
    )
