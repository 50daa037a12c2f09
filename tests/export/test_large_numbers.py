"""Truth of ``rnnzoo_export.parity.large_numbers``: what may differ behind large numbers, and what may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from proof_models import series
from rnnzoo_export import export_onnx
from rnnzoo_export.network.exportable import Exportable

SOFTPLUS: dict[str, Callable[[], Any]] = {
    "LSTM": lambda: layers.LSTM(2, activation="softplus"),
    "GRU": lambda: layers.GRU(2, activation="softplus", return_sequences=True),
    "GRU, reset before": lambda: layers.GRU(2, activation="softplus", reset_after=False),
    "gates": lambda: layers.LSTM(2, recurrent_activation="softplus", activation="sigmoid"),
    "SimpleRNN": lambda: layers.SimpleRNN(2, activation="softplus"),
    "SimpleRNN, sequences": lambda: layers.SimpleRNN(2, activation="softplus", return_sequences=True),
    "both": lambda: layers.Bidirectional(layers.LSTM(2, activation="softplus")),
    "RNN": lambda: layers.RNN(layers.GRUCell(2, activation="softplus")),
    "backwards": lambda: layers.GRU(2, activation="softplus", go_backwards=True),
}


@pytest.mark.parametrize("name", SOFTPLUS)
def test_softplus_does_not_overflow_before_keras_does(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = series(layers.Masking(), SOFTPLUS[name]())
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.loops == ()
    assert report.operators.get("Loop", 0) == 0
    rng = np.random.default_rng(1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for size in (1.0, 90.0, 1000.0):
        x = (rng.normal(size=(400, 5, 3)) * size).astype(np.float32)
        x[1, 2:] = 0
        truth = np.asarray(model(x))
        (found,) = session.run(None, {"x": x})
        finite = np.isfinite(truth)
        np.testing.assert_array_equal(np.isfinite(found), finite)
        np.testing.assert_allclose(found[finite], truth[finite], rtol=1e-3, atol=1e-3)


def test_large_numbers_are_halved_until_the_model_answers_finite_ones(tmp_path: Path) -> None:
    # exp overflows from 89 on in Keras too, which is no fault of the file.
    model = series(layers.GRU(2, return_sequences=True), layers.Dense(2))
    x = model.inputs[0]
    grown = keras.Model(x, layers.Add()([model(x)[..., :1], ops.exp(x[..., :1])]))
    assert export_onnx(grown, tmp_path / "model.onnx").parity.cases > 7


def test_answers_that_hang_on_the_last_digit_of_large_numbers_are_not_judged(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    y = layers.MultiHeadAttention(2, 8)(x, x)
    report = export_onnx(keras.Model(x, [layers.GRU(3)(y), ops.sin(x)]), tmp_path / "model.onnx")
    assert report.parity.max_difference <= 1e-5


# Behind large numbers the units of a layer are all at their limits, where rounding decides what these answer.
JUMPS: dict[str, Callable[[Any], Any]] = {
    "largest unit": lambda x: ops.argmax(x, axis=-1),
    "largest unit as a row": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 4),
    "floor": ops.floor,
    "sign bit": lambda x: ops.cast(ops.signbit(x), "int32"),
    "comparison": lambda x: ops.cast(x >= 1, "float32"),
    "choice": lambda x: ops.where(x < 1, x, 2.0),
}


@pytest.mark.parametrize("layer", [layers.GRU, layers.LSTM])
@pytest.mark.parametrize("name", JUMPS)
def test_what_jumps_between_saturated_units_is_no_fault_of_a_file(
    name: str, layer: Any, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(4)
    x = keras.Input((None, 4), name="x")
    model = keras.Model(x, JUMPS[name](layer(4, return_sequences=True)(x)))
    export_onnx(model, tmp_path / "model.onnx")


def test_what_jumps_before_no_output_does_not_count() -> None:
    smooth = series(layers.Masking(), layers.GRU(2, dropout=0.1), layers.Dense(2, activation="gelu"))
    assert not Exportable(smooth).has_jumps
    x = keras.Input((None, 4), name="x")
    assert Exportable(keras.Model(x, ops.sign(layers.GRU(2)(x)))).has_jumps
