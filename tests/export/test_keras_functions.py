"""Truth of ``rnnzoo_export.network.keras_functions``: layers over steps and scans in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from rnnzoo_export import export_onnx, export_saved_model
from rnnzoo_export.network.keras_functions import traced_otherwise


def distributed(inner: keras.Layer, shape: tuple[int | None, ...]) -> keras.Model:
    x = keras.Input(shape, name="x")
    return keras.Model(x, layers.TimeDistributed(inner)(x))


def masked_words() -> keras.Model:
    words = keras.Input((5, 4), dtype="int32", name="x")
    sentences = layers.TimeDistributed(layers.LSTM(3))(layers.Embedding(7, 3, mask_zero=True)(words))
    return keras.Model(words, layers.Dense(2)(sentences))


@pytest.mark.parametrize(
    ("inner", "shape", "operators"),
    [
        (layers.Dense(4), (None, 3), {"MatMul": 1}),
        (layers.LSTM(4), (6, 5, 3), {"LSTM": 1}),
        (layers.GRU(4), (None, 5, 3), {"GRU": 1}),
        (layers.GRU(4, return_sequences=True), (5, None, 3), {"GRU": 1}),
        (layers.Bidirectional(layers.LSTM(4)), (30, 5, 3), {"LSTM": 1}),
        (layers.Conv1D(4, 2), (None, 5, 3), {"Conv": 1}),
    ],
    ids=lambda value: getattr(value, "name", str(value)).rstrip("_0123456789"),
)
def test_the_inner_layer_stands_once(
    inner: keras.Layer, shape: tuple[int | None, ...], operators: dict[str, int], tmp_path: Path
) -> None:
    report = export_onnx(distributed(inner, shape), tmp_path / "model.onnx")
    assert {name: report.operators[name] for name in operators} == operators


def test_each_step_has_its_own_mask(tmp_path: Path) -> None:
    model = masked_words()
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.operators["LSTM"] == 1
    x = np.array([[[1, 2, 0, 0], [0, 0, 0, 0], [3, 0, 4, 5], [0, 6, 0, 0], [1, 1, 1, 1]]], np.int32)
    (found,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"x": x})
    np.testing.assert_allclose(found, np.asarray(model(x)), atol=1e-6)


def test_the_number_of_steps_is_not_taken_for_that_of_rows(tmp_path: Path) -> None:
    model = distributed(layers.Dense(4), (None, 3))
    export_onnx(model, tmp_path / "model.onnx")
    assert export_saved_model(model, tmp_path / "saved").max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for shape in ((2, 7, 3), (7, 2, 3)):
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        (found,) = session.run(None, {"x": x})
        kernel, bias = (np.asarray(weight) for weight in model.weights)
        np.testing.assert_allclose(found, x @ kernel + bias, atol=1e-6)


class Scanned(layers.Layer):
    """Steps through time by ``keras.ops.scan``.

    Args:
        cell: A cell whose step it takes; a running sum without one.
        reverse: Whether from the last step on.
    """

    def __init__(self, cell: keras.Layer | None = None, reverse: bool = False) -> None:
        super().__init__()
        self.cell, self.reverse = cell, reverse

    def call(self, x: Any) -> Any:
        steps = ops.transpose(x, (1, 0, 2))
        if self.cell is None:
            _, found = ops.scan(
                lambda carry, step: (carry + step, carry * step), steps[0] * 0, steps, reverse=self.reverse
            )
        else:
            zeros = ops.zeros((ops.shape(x)[0], self.cell.units))
            _, found = ops.scan(self._step, zeros, steps, reverse=self.reverse)
        return ops.transpose(found, (1, 0, 2))

    def _step(self, carry: Any, step: Any) -> Any:
        assert self.cell is not None
        output, _ = self.cell(step, [carry])
        return output, output

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor((*x.shape[:2], x.shape[2] if self.cell is None else self.cell.units))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("with_cell", [False, True])
def test_a_scan_is_a_loop_of_the_file(with_cell: bool, reverse: bool, tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    cell = layers.GRUCell(4) if with_cell else None
    if cell is not None:
        cell.build((None, 4))
    model = keras.Model(x, Scanned(cell, reverse)(layers.LSTM(4, return_sequences=True)(x)))
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.operators["Loop"] == 1
    assert report.parity.cases > 2


def test_keras_itself_is_as_before() -> None:
    before = layers.TimeDistributed.call

    def fail() -> None:
        with traced_otherwise():
            assert layers.TimeDistributed.call is not before
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert layers.TimeDistributed.call is before
