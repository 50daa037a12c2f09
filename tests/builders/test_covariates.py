"""Truth of ``rnnzoo.builders.parts.covariates`` and ``rnnzoo.builders.parts.linear_map``."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import keras
import numpy as np
import pytest

import forecast_data
from quick_training import quick_training
from reference import gru_step
from rnnzoo import build_forecaster, build_segment_forecaster, create_model, get_spec, list_models
from rnnzoo.data.split import Rows
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.compatibility import check_model_fits, choose_task
from rnnzoo.keras_models.feeding import feed
from zoo_cases import first_of_each

RNG = np.random.default_rng(0)
FORECASTERS = [name for name in list_models() if name.startswith("forecaster-")]
#: Sizes of a small problem: targets first, then one feature more, then what is known ahead.
TARGETS, KNOWN, STATIC, FEATURES, WINDOW, HORIZON = 2, 2, 3, 5, 12, 6
SIZES: dict[str, Any] = {"num_features": FEATURES, "num_targets": TARGETS, "horizon": HORIZON}
COVARIATES: dict[str, Any] = {"num_future": KNOWN, "num_static": STATIC}
NEAR: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}  # float32 sums in another order


def small(name: str, **arguments: Any) -> keras.Model:
    """A forecaster of the zoo in a small size, whose linear map is not the zero that it begins with."""
    units = (5,) * len(get_spec(name).arguments["units"])
    model = create_model(name, window=WINDOW, units=units, **{**SIZES, **COVARIATES, **arguments})
    return stirred(model)


def stirred(model: keras.Model) -> keras.Model:
    """Gives random numbers to weights that are zero at first."""
    for weight in model.trainable_variables:
        if not np.any(np.asarray(weight)):
            weight.assign(0.3 * RNG.normal(size=weight.shape))
    return model


def inputs(rows: int = 3) -> dict[str, np.ndarray]:
    shapes = {"features": (WINDOW, FEATURES), "future": (HORIZON, KNOWN), "static": (STATIC,)}
    return {name: RNG.normal(size=(rows, *shape)).astype(np.float32) for name, shape in shapes.items()}


def answer(model: keras.Model, given: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(model(feed(model, {tensor.name: given[tensor.name] for tensor in model.inputs})))


def weights_of(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {layer.name: [w.astype(np.float64) for w in layer.get_weights()] for layer in model.layers}


def dense(x: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    kernel, *bias = weights
    return x @ kernel + (bias[0] if bias else 0.0)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def read_window(x: np.ndarray, static: np.ndarray, weights: dict[str, list[np.ndarray]]) -> np.ndarray:
    """The state of a GRU after the window, what is known of the series beside each step."""
    state = np.zeros((len(x), weights["gru_1"][1].shape[0]))
    for step in range(WINDOW):
        state, _ = gru_step(np.concatenate([x[:, step], static], axis=-1), [state], weights["gru_1"])
    return state


def test_the_direct_decoder_adds_what_a_step_knows() -> None:
    model = build_forecaster(cell="gru", units=4, **SIZES, **COVARIATES)
    given, weights = inputs(), weights_of(model)
    static = relu(dense(given["static"], weights["static_projection"]))
    summary = np.concatenate([read_window(given["features"], static, weights), static], axis=-1)
    expected = dense(summary, weights["projection"]).reshape(3, HORIZON, TARGETS)
    for step in range(HORIZON):
        context = dense(summary, weights["summary_projection"]) + weights["step_queries"][0][step]
        hidden = relu(context + dense(given["future"][:, step], weights["future_projection"]))
        expected[:, step] += dense(hidden, weights["step_projection"])
    np.testing.assert_allclose(answer(model, given), expected, **NEAR)


def test_the_recurrent_decoder_reads_what_a_step_knows() -> None:
    model = build_forecaster(cell="gru", units=4, decoder="recurrent", **SIZES, **COVARIATES)
    given, weights = inputs(), weights_of(model)
    static = relu(dense(given["static"], weights["static_projection"]))
    state = np.tanh(dense(read_window(given["features"], static, weights), weights["first_state_1"]))
    found = answer(model, given)
    for step in range(HORIZON):
        query = np.repeat(weights["step_queries"][0][step : step + 1], 3, axis=0)
        query = np.concatenate([query, given["future"][:, step], static], axis=-1)
        state, _ = gru_step(query, [state], weights["decoder"])
        np.testing.assert_allclose(found[:, step], dense(state, weights["projection"]), **NEAR)


def test_segments_ahead_are_asked_for_with_what_they_know() -> None:
    length = 3
    model = build_segment_forecaster(window=WINDOW, segment=length, units=4, **SIZES, **COVARIATES)
    given, weights = inputs(), weights_of(model)
    found, x = answer(model, given), given["features"]
    segments, series = weights["segment_queries"]
    for row, target in itertools.product(range(3), range(TARGETS)):
        static = relu(dense(given["static"][row], weights["static_projection"]))
        last = x[row, -1, target]
        state = np.zeros((1, 4))
        for first in range(0, WINDOW, length):
            piece = x[row, first : first + length]
            joined = np.concatenate([piece[:, target] - last, piece[:, TARGETS:].reshape(-1), static])
            step = relu(dense(joined[None], weights["segment_projection"]))
            state, _ = gru_step(step, [state], weights["gru_1"])
        for number in range(HORIZON // length):
            place = slice(number * length, (number + 1) * length)
            known = np.concatenate([given["future"][row, place].reshape(-1), static])
            query = np.concatenate([segments[0, number], series[target, 0]])
            query = query + relu(dense(known, weights["known_projection"]))
            ahead, _ = gru_step(query[None], [state], weights["gru_1"])
            expected = dense(ahead, weights["projection"])[0] + last
            np.testing.assert_allclose(found[row, place, target], expected, **NEAR)


@pytest.mark.parametrize("name", first_of_each(FORECASTERS, ("builder", "task")))
def test_each_step_depends_on_what_it_knows_and_on_its_series(name: str) -> None:
    model, given = small(name), inputs()
    before = answer(model, given)
    for step in (0, HORIZON - 1):
        future = given["future"].copy()
        future[:, step] += 1.0
        changed = np.any(
            answer(model, {**given, "future": future}) != before, axis=(0, *range(2, before.ndim))
        )
        assert changed[step]
        if get_spec(name).arguments.get("decoder") == "recurrent":
            assert not changed[:step].any()
        elif get_spec(name).builder == "build_forecaster":
            assert changed.sum() == 1  # no other step's
    other = answer(model, {**given, "static": given["static"] + 1.0})
    assert np.all(np.any(other != before, axis=tuple(range(2, before.ndim))))


@pytest.mark.parametrize(
    ("normalization", "head"), [(None, "quantile"), ("last", "point"), ("reversible", "gaussian")]
)
@pytest.mark.parametrize("build", [build_forecaster, build_segment_forecaster])
def test_the_linear_map_moves_where_a_value_lies(build: Any, normalization: str | None, head: str) -> None:
    arguments = {**SIZES, **COVARIATES, "units": 4, "normalization": normalization, "head": head}
    model = stirred(build(window=WINDOW, linear=True, **arguments))
    network = build(window=WINDOW, linear=False, **arguments)
    for layer in network.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    given, weights = inputs(), weights_of(model)
    past = given["features"][..., :TARGETS].astype(np.float64)
    location, scale = np.zeros((3, 1, TARGETS)), np.ones((3, 1, TARGETS))
    if normalization == "last":
        location = past[:, -1:]
    elif normalization == "reversible":
        log_factor, shift = weights["window_normalization"]
        scale = np.sqrt(past.var(1, keepdims=True) + 1e-5) * np.exp(-log_factor)
        location = past.mean(1, keepdims=True) - shift * scale
    lags = np.swapaxes((past - location) / scale, 1, 2)
    moved = np.swapaxes(dense(lags, weights["linear_map"]), 1, 2)
    moved = (moved + dense(given["future"], weights["linear_future"])) * scale
    alone = answer(network, given)
    if head != "point":
        # Where the other numbers lie beside this one is the network's, but for a spread of each step.
        spread = model.get_layer("linear_spread")
        np.testing.assert_array_equal(spread(given["features"]).shape, (3, HORIZON, model.output_shape[-1]))
        spread.set_weights([np.zeros_like(w) for w in spread.get_weights()])
    found = answer(model, given)
    if head == "point":
        np.testing.assert_allclose(found, alone + moved, **NEAR)
    else:
        place = {"quantile": 1, "gaussian": 0}[head]
        np.testing.assert_allclose(found[..., place], alone[..., place] + moved, **NEAR)
        others = [one[..., -1] - one[..., place] * (head == "quantile") for one in (found, alone)]
        np.testing.assert_allclose(others[0], others[1], **NEAR)


@pytest.mark.parametrize("normalization", ["reversible", "last"])
@pytest.mark.parametrize("name", ["forecaster-gru", "forecaster-segrnn"])
def test_covariates_have_no_level(name: str, normalization: str) -> None:
    """A shifted past gives forecasts shifted by as much, whatever is known beside it."""
    model, given = small(name, normalization=normalization, linear=True), inputs()
    shift = np.array([64.0, -16.0, *[0.0] * (FEATURES - TARGETS)], np.float32)
    other = answer(model, {**given, "features": given["features"] + shift})
    np.testing.assert_allclose(other, answer(model, given) + shift[:TARGETS], atol=1e-3)


@pytest.mark.parametrize("decoder", ["direct", "recurrent", "segments"])
@pytest.mark.parametrize("head", ["point", "quantile"])
def test_a_network_beside_a_linear_map_adds_nothing_before_training(decoder: str, head: str) -> None:
    arguments = {"window": WINDOW, "linear": True, "units": 4, "head": head, **SIZES, **COVARIATES}
    if decoder == "segments":
        model = build_segment_forecaster(**arguments)
    else:
        model = build_forecaster(decoder=decoder, normalization="last", **arguments)
    given = inputs()
    found = answer(model, given)
    last = given["features"][:, -1:, :TARGETS]
    middle = found[..., 1] if head == "quantile" else found
    np.testing.assert_array_equal(middle, np.broadcast_to(last, middle.shape))
    if head == "quantile":
        np.testing.assert_allclose(np.diff(found, axis=-1), np.log(2), rtol=1e-4)


def refused(**arguments: Any) -> str:
    build = build_segment_forecaster if arguments.pop("segments", False) else build_forecaster
    with pytest.raises(ArgumentError) as caught:
        build(**{**SIZES, "units": 3, **arguments})
    return str(caught.value)


@pytest.mark.parametrize("segments", [False, True])
def test_sizes_that_do_not_fit_are_refused_in_words(segments: bool) -> None:
    window = {"segments": segments, "window": WINDOW}
    assert refused(num_future=4, **window) == (
        "num_future: received 4 with num_features=5 and num_targets=2; expected at most 3, for the first features are "
        "the targets' own past and the last ones what is known ahead. Count both in num_features."
    )
    assert refused(num_future=0, **window) == "num_future: received 0; expected an integer of at least 1."
    assert refused(num_static=0, **window) == "num_static: received 0; expected an integer of at least 1."
    assert refused(linear="yes", **window).startswith("linear: received 'yes'; expected ")
    assert refused(linear=True, num_targets=6, **window).startswith(
        "num_targets: received 6 with num_features=5; expected at most as many with "
    )


def test_a_linear_map_asks_for_the_window() -> None:
    assert refused(linear=True) == (
        "linear: received True without window; expected the number of steps that the linear map reads. Pass window= "
        "too, as **splits.model_arguments does."
    )
    assert refused(linear=True, window=0).startswith("window: received 0; ")
    assert build_forecaster(units=3, window=WINDOW, linear=True, **SIZES).input_shape == (None, 12, 5)


def test_a_forecaster_that_is_told_its_window_has_a_linear_map() -> None:
    def shape(**arguments: Any) -> tuple[int | None, ...]:
        model = build_forecaster(**{**SIZES, "units": 3, **arguments})
        assert any(layer.name == "linear_map" for layer in model.layers) == (model.input_shape[1] is not None)
        return tuple(model.input_shape)

    assert shape(window=WINDOW) == (None, WINDOW, FEATURES)
    assert shape(window=WINDOW, linear=False) == shape() == (None, None, FEATURES)
    # Without their own past there is nothing to map.
    assert shape(window=WINDOW, num_targets=FEATURES + 1) == (None, None, FEATURES)


class _Known(Rows):
    """Windows of a series beside which numbers are known ahead and of the series."""

    def __init__(self, windows: Rows, names: tuple[str, ...]) -> None:
        self._windows, self._names, self.lengths = windows, names, windows.lengths

    def __len__(self) -> int:
        return len(self._windows)

    def encoded(self, rows: Any) -> Any:
        return self._windows.encoded(rows)

    def gather(self, rows: Any) -> Any:
        return self.gather_encoded(rows, self.encoded(rows))

    def gather_encoded(self, rows: Any, encoded: Any) -> Any:
        arrays, targets, weights = self._windows.gather_encoded(rows, encoded)
        known = {name: array for name, array in inputs(len(targets)).items() if name in self._names}
        return {**arrays, **known}, targets, weights


@pytest.mark.parametrize("name", first_of_each(FORECASTERS, ("builder",)))
def test_data_and_model_say_which_of_them_lacks_an_input(name: str) -> None:
    data = forecast_data.splits(horizon=HORIZON, window=WINDOW)
    units = (4,) * len(get_spec(name).arguments["units"])

    def tried(covariates: dict[str, int], *given: str) -> str:
        arguments = {**data.model_arguments, **covariates, "units": units}
        splits = dataclasses.replace(data, train=_Known(data.rows("train"), given))
        try:
            model = create_model(name, **arguments)
            task, splits = choose_task(model, splits)
            check_model_fits(model, splits, task)
        except ArgumentError as error:
            return str(error)
        return "fits"

    assert tried({}) == tried({"num_future": KNOWN}, "future") == "fits"
    assert tried(COVARIATES, "future", "static") == tried({"num_static": STATIC}, "static") == "fits"
    assert tried({}, "future", "static") == (
        f"model {name!r}: takes the inputs ['features']; the data have ['features', 'future', 'static']. Build it with "
        "num_future and num_static, as create_model(name, **splits.model_arguments) does."
    )
    assert tried(COVARIATES, "future") == (
        f"model {name!r}: takes the inputs ['features', 'future', 'static']; the data have ['features', 'future']. "
        "Build it with **splits.model_arguments alone, or read the data with what it takes: 'static' comes of static= "
        "of read_series."
    )
    assert tried({"num_future": 1}, "future").startswith(f"model {name!r}: cannot read inputs of shapes {{")


def seasons(seed: int, rows: int = 600) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Windows of series of eight kinds, each with a season of its own: too short to tell the kind by."""
    season, window, horizon = 12, 3, 6
    profiles = np.random.default_rng(9).normal(size=(8, season))
    rng = np.random.default_rng(seed)
    kinds, starts = rng.integers(0, 8, rows), rng.integers(0, season, rows)
    phases = (starts[:, None] + np.arange(window + horizon)) % season
    noise = rng.normal(size=phases.shape)
    values = rng.normal(size=(rows, 1)) + profiles[kinds[:, None], phases] + 0.2 * noise
    calendar = np.eye(season, dtype=np.float32)[phases]
    features = np.concatenate([values[..., None], calendar], axis=-1).astype(np.float32)
    known = {"future": calendar[:, window:], "static": np.eye(8, dtype=np.float32)[kinds]}
    return {"features": features[:, :window], **known}, features[:, window:, :1]


def error_of(name: str, seed: int, **covariates: int) -> float:
    """The mean absolute error on series that were not learned from."""
    keras.utils.set_random_seed(seed)
    (learned, targets), (asked, truth) = seasons(seed), seasons(seed + 100)
    units = (32,) * len(get_spec(name).arguments["units"])
    sizes = {"num_features": 13, "horizon": 6, "num_targets": 1, "window": 3}
    model = create_model(name, **sizes, **covariates, units=units, dropout=0.0)
    model.compile(keras.optimizers.Adam(0.01), "mae")
    taken = [tensor.name for tensor in model.inputs]
    quick_training(model, [learned[name] for name in taken], targets, batch_size=128)(40)
    return float(np.abs(answer(model, asked) - truth).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seeds"), [("forecaster-gru", 3), ("forecaster-seq2seq-gru", 1), ("forecaster-segrnn", 1)]
)
def test_a_season_that_depends_on_the_series_is_learned_from_what_is_static(name: str, seeds: int) -> None:
    without = [error_of(name, seed, num_future=12) for seed in range(seeds)]
    found = [error_of(name, seed, num_future=12, num_static=8) for seed in range(seeds)]
    assert max(found) < 2 / 3 * min(without), (found, without)
