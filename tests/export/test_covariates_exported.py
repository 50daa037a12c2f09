"""Truth of ``rnnzoo_export.network.exportable``: forecasters of several inputs, in every form that they are written."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from rnnzoo import create_model, get_spec, list_models
from rnnzoo.errors import ArgumentError, RequestError, UnsupportedLayerError
from rnnzoo_export import export_onnx, export_saved_model, export_streaming_onnx, quantize_onnx
from rnnzoo_export.inference.validation import check_inputs
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.signature import Signature, TensorSpec
from zoo_cases import first_of_each

RNG = np.random.default_rng(0)
FORECASTERS = [name for name in list_models() if name.startswith("forecaster-")]
WINDOW, HORIZON, FEATURES, KNOWN, STATIC = 8, 4, 5, 2, 3


def forecaster(name: str, *, units: int = 4, **arguments: Any) -> keras.Model:
    sizes = {"num_features": FEATURES, "num_targets": 2, "horizon": HORIZON, "window": WINDOW}
    widths = (units,) * len(get_spec(name).arguments["units"])
    return create_model(
        name, **{**sizes, "num_future": KNOWN, "num_static": STATIC, **arguments}, units=widths
    )


def inputs(rows: int = 3, steps: int = WINDOW) -> dict[str, np.ndarray]:
    shapes = {"features": (steps, FEATURES), "future": (HORIZON, KNOWN), "static": (STATIC,)}
    return {name: RNG.normal(size=(rows, *shape)).astype(np.float32) for name, shape in shapes.items()}


def run(path: Path, given: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(onnxruntime.InferenceSession(path).run(None, given)[0])


def test_the_signature_says_what_each_axis_is() -> None:
    assert signature().inputs == (
        TensorSpec("features", "float32", (None, None, FEATURES), ("batch", "time", "features")),
        TensorSpec("future", "float32", (None, HORIZON, KNOWN), ("batch", "horizon", "known")),
        TensorSpec("static", "float32", (None, STATIC), ("batch", "static")),
    )


def test_another_models_inputs_of_these_names_are_sequences() -> None:
    """A model of one's own may call anything so."""
    given = [keras.Input((None, 2), name="future"), keras.Input((3, 4), name="static")]
    x = [keras.layers.GRU(2)(tensor) for tensor in given]
    exportable = Exportable(keras.Model(given, keras.layers.Concatenate(name="logits")(x)))
    assert [spec.axes for spec in exportable.signature.inputs] == [("batch", "time", "features")] * 2


@pytest.mark.parametrize("name", first_of_each(FORECASTERS, ("builder",)))
def test_a_file_of_three_inputs_answers_as_the_model(name: str, tmp_path: Path) -> None:
    model, given = forecaster(name), inputs()
    assert export_onnx(model, tmp_path / "plain.onnx", strict=True).loops == ()
    expected = np.asarray(model(list(given.values())))
    np.testing.assert_allclose(run(tmp_path / "plain.onnx", given), expected, rtol=1e-4, atol=1e-5)


def test_a_saved_model_of_three_inputs_answers_as_the_model(tmp_path: Path) -> None:
    model, given = forecaster("forecaster-gru"), inputs()
    assert export_saved_model(model, tmp_path / "saved").max_difference <= 1e-5
    signature = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    (answer,) = signature(**{name: tf.constant(array) for name, array in given.items()}).values()
    np.testing.assert_allclose(answer, model(list(given.values())), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "covariates",
    [{"num_static": None}, {"num_future": None}, {"linear": True}],
    ids=lambda one: next(iter(one)),
)
@pytest.mark.parametrize("name", FORECASTERS)
def test_files_take_the_inputs_of_their_model(name: str, covariates: dict[str, Any], tmp_path: Path) -> None:
    model = forecaster(name, **covariates)
    report = export_onnx(model, tmp_path / "plain.onnx", strict=True)
    assert report.parity.max_difference <= 1e-5
    names = [node.name for node in onnxruntime.InferenceSession(tmp_path / "plain.onnx").get_inputs()]
    assert names == [tensor.name for tensor in model.inputs]


@pytest.mark.parametrize(
    "method",
    ["weights_int8", *(pytest.param(name, marks=pytest.mark.slow) for name in ("float16", "dynamic_int8"))],
)
def test_smaller_files_take_three_inputs(method: str, tmp_path: Path) -> None:
    model = forecaster("forecaster-lstm", units=64)
    export_onnx(model, tmp_path / "plain.onnx")
    given = inputs(rows=64)
    targets = np.asarray(model(list(given.values()))) + 1.0
    report = quantize_onnx(
        tmp_path / "plain.onnx",
        tmp_path / "small.onnx",
        method=method,
        data=(given, targets),
        task="forecasting",
        max_drop=2.0,
        max_change=0.1,
    )
    assert report.size < (tmp_path / "plain.onnx").stat().st_size
    np.testing.assert_allclose(
        run(tmp_path / "small.onnx", given), run(tmp_path / "plain.onnx", given), atol=0.1
    )


@pytest.mark.parametrize(
    "name", ["forecaster-gru", pytest.param("forecaster-quantile-lstm", marks=pytest.mark.slow)]
)
def test_a_stream_is_told_what_is_known_with_each_piece(name: str, tmp_path: Path) -> None:
    """What is known ahead counts from the last step of the piece; what is known of the series is the same in all."""
    model = forecaster(name, linear=False)
    export_streaming_onnx(model, tmp_path / "stream.onnx", strict=True)
    session, given = onnxruntime.InferenceSession(tmp_path / "stream.onnx"), inputs()
    names = [node.name for node in session.get_outputs()]
    carried = {
        node.name: np.zeros((3, *node.shape[1:]), np.float32)
        for node in session.get_inputs()
        if node.name not in given
    }
    for first in range(0, WINDOW, 4):
        piece = {**given, "features": given["features"][:, first : first + 4]}
        found = dict(zip(names, session.run(names, piece | carried), strict=True))
        carried = {state: found[f"{state}_out"] for state in carried}
        whole = {**given, "features": given["features"][:, : first + 4]}
        np.testing.assert_allclose(
            found[model.output_names[0]], model(list(whole.values())), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("forecaster-seq2seq-gru", UnsupportedLayerError, "starts from a state that the model computes"),
        ("forecaster-revin-gru", UnsupportedLayerError, "WindowNormalization needs the whole sequence"),
        ("forecaster-nlinear-gru", ArgumentError, "a linear map of 8 steps; .* with linear=False"),
        ("forecaster-segrnn", ArgumentError, "expected sequences of any length"),
    ],
)
def test_what_needs_the_whole_window_is_no_stream(
    name: str, error: type[Exception], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=reason):
        export_streaming_onnx(forecaster(name, linear="nlinear" in name), tmp_path / "stream.onnx")


@functools.cache
def signature() -> Signature:
    return Exportable(forecaster("forecaster-gru", linear=False)).signature


def refused(**changed: Any) -> str:
    given = {name: array for name, array in {**inputs(), **changed}.items() if array is not None}
    with pytest.raises(RequestError) as caught:
        check_inputs(signature(), given)
    return str(caught.value)


def test_a_request_says_what_is_wrong_with_which_input() -> None:
    assert (
        refused(static=None) == "inputs: static missing; expected features, future, static. Send every input."
    )
    assert refused(future=np.zeros((3, HORIZON + 1, KNOWN))) == (
        "future: received shape [3, 5, 2]; expected (batch, 4, 2): the size of axis 'horizon' is 4."
    )
    assert refused(future=np.zeros((3, HORIZON, 1))).endswith("the size of axis 'known' is 2.")
    assert refused(static=np.zeros((3, 1))) == (
        "static: received shape [3, 1]; expected (batch, 3): the size of axis 'static' is 3."
    )
    assert refused(static=np.zeros((2, STATIC))) == (
        "inputs: received rows {'features': 3, 'future': 3, 'static': 2}; expected equal numbers. Send one row per "
        "example."
    )
    wrong = np.zeros((3, HORIZON, KNOWN), np.float32)
    wrong[1, 2, 0] = np.nan
    assert "at batch 1, horizon 2, known 0;" in refused(future=wrong)
