"""Truth of ``rnnzoo_export.operators.handlers``: operations that tf2onnx lacks, in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export import export_onnx

LIMITS = np.array([-0.5, 0.0, 0.5], np.float32)
PARTS = {
    "argmax": lambda x: ops.argmax(x, axis=-1),
    "argmin": lambda x: ops.argmin(x, axis=1),
    "one_hot of argmax": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 4),
    "signbit": lambda x: ops.cast(ops.signbit(x), "int32"),
    "expm1": ops.expm1,
    "log1p": lambda x: ops.log1p(ops.abs(x)),
    "logaddexp": lambda x: ops.logaddexp(x, 2 * x),
    "celu": keras.activations.celu,
    "erfc": ops.erfc,
    "cross": lambda x: ops.cross(x[..., :3], 2 * x[..., 1:] + 1),
    "linspace": lambda x: ops.linspace(x, x + 1, 5),
    "discretization": lambda x: layers.Discretization(bin_boundaries=LIMITS.tolist())(x),
    "digitize": lambda x: ops.digitize(x, LIMITS),
    "searchsorted left": lambda x: ops.searchsorted(LIMITS, ops.reshape(x, (-1,))),
    "searchsorted right": lambda x: ops.searchsorted(LIMITS, ops.reshape(x, (-1,)), side="right"),
    "in_top_k": lambda x: ops.in_top_k(ops.cast(x[:, 0, 0] > 0, "int32"), x[:, 0], 2),
    "slice_update": lambda x: ops.slice_update(x, (0, 0, 1), ops.ones((1, 1, 2))),
}
# From operator set 16, 17 or 18 on.
LATER = {
    "scatter": lambda x: x + ops.scatter(ops.cast(x[0, :, :1] > 0, "int32"), x[0], (2, 4))[None, :1],
    "segment_max": lambda x: x + ops.segment_max(x[0], ops.cast(x[0, :, 0] > 0, "int32"), 3)[None, :1],
    "rfft": lambda x: ops.concatenate(ops.rfft(x), axis=-1),
    "fft": lambda x: ops.concatenate(ops.fft((x, 2 * x)), axis=-1),
    "irfft": lambda x: ops.irfft((x, 2 * x)),
    "stft": lambda x: ops.stft(x[..., 0], 4, 2, 4)[1],
}


def network(function: Callable[..., Any]) -> keras.Model:
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, function(layers.GRU(4, return_sequences=True)(x)))


def ready(function: Callable[..., Any]) -> keras.Model:
    """The function of the input alone, so that numbers of one's own reach it."""
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, function(x))


def answer(path: Path, x: np.ndarray) -> np.ndarray:
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    return np.asarray(found)


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("name", PARTS)
def test_it_is_proved_behind_a_recurrent_layer(name: str, opset: int, tmp_path: Path) -> None:
    report = export_onnx(network(PARTS[name]), tmp_path / "model.onnx", opset=opset)
    assert report.operators["GRU"] == 1
    assert report.parity.cases > 2


@pytest.mark.parametrize("name", LATER)
def test_newer_operators_are_used_where_they_exist(name: str, tmp_path: Path) -> None:
    report = export_onnx(network(LATER[name]), tmp_path / "model.onnx", opset=18)
    assert report.parity.cases > 2


def test_fourier_transforms_name_the_operator_set_they_need(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError) as caught:
        export_onnx(network(LATER["rfft"]), tmp_path / "model.onnx", opset=13)
    assert str(caught.value) == (
        "model: ONNX has Fourier transforms from operator set 17 on; received opset=13. Pass opset=17 or a later one."
    )
    export_onnx(network(LATER["rfft"]), tmp_path / "model.onnx", opset=17)


def test_a_spectrogram_goes_into_the_file(tmp_path: Path) -> None:
    sound = keras.Input((512,), name="x")
    mel = layers.MelSpectrogram(
        num_mel_bins=8, fft_length=64, sequence_stride=32, sampling_rate=4000, max_freq=2000
    )(sound)
    model = keras.Model(sound, layers.GRU(3)(ops.transpose(mel, (0, 2, 1))))
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.operators["DFT"] == 1


@pytest.mark.parametrize("name", ["argmax", "argmin", "signbit"])
def test_the_sign_of_zero_counts(name: str, tmp_path: Path) -> None:
    x = np.array([[[0.0, -0.0, -0.0, 0.0], [-0.0, 0.0, 0.0, -0.0], [1, 1, -2, -2]]], np.float32)
    model = ready(PARTS[name])
    export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_array_equal(answer(tmp_path / "model.onnx", x), np.asarray(model(x)))


@pytest.mark.parametrize(("name", "truth"), [("expm1", np.expm1), ("log1p", lambda x: np.log1p(np.abs(x)))])
def test_small_numbers_keep_their_digits(name: str, truth: Callable[..., Any], tmp_path: Path) -> None:
    x = np.array([[[1e-7, -3e-8, 5e-4, -2e-3], [0.3, -0.7, 20, -20], [80, -100, 0, 1e-30]]], np.float32)
    export_onnx(ready(PARTS[name]), tmp_path / "model.onnx")
    np.testing.assert_allclose(answer(tmp_path / "model.onnx", x), truth(x.astype(np.float64)), rtol=5e-7)


@pytest.mark.parametrize("name", ["discretization", "digitize", "searchsorted left", "searchsorted right"])
def test_numbers_on_a_limit_are_counted_as_in_keras(name: str, tmp_path: Path) -> None:
    x = np.array([[[-0.5, 0.0, 0.5, 0.7], [-0.51, 0.49, np.inf, -np.inf]]], np.float32)
    model = ready(PARTS[name])
    export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_array_equal(answer(tmp_path / "model.onnx", x), np.asarray(model(x)))


def test_rows_of_one_place_are_summed_and_empty_segments_are_kept(tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4) - 5
    for name in ("scatter", "segment_max"):
        model = ready(LATER[name])
        export_onnx(model, tmp_path / f"{name}.onnx")
        np.testing.assert_array_equal(answer(tmp_path / f"{name}.onnx", x), np.asarray(model(x)))


class Reshaped(layers.Layer):
    """Cuts the features of each step in two axes, by the shape that it gets."""

    def call(self, x: Any) -> Any:
        batch, time = ops.shape(x)[:2]
        return ops.reshape(x, (batch, time, 4, 4))


def test_a_reshape_by_the_shape_of_the_input_behind_a_dense_layer(tmp_path: Path) -> None:
    model = network(lambda x: layers.Dense(5)(Reshaped()(layers.Dense(16)(x))))
    assert export_onnx(model, tmp_path / "model.onnx").parity.cases > 2
