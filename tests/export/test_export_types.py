"""Truth of ``rnnzoo_export.graph.recurrent_nodes``.

Inputs of any type: recurrent layers answer in their own, whatever they read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from rnnzoo.cells.min_gru import MinGRUCell
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export import export_onnx, export_streaming_onnx

LAYERS: dict[str, Callable[[], Any]] = {
    "GRU": lambda: layers.GRU(4),
    "LSTM": lambda: layers.LSTM(4, return_sequences=True),
    "SimpleRNN": lambda: layers.SimpleRNN(4, go_backwards=True),
    "both ways": lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="ave"),
    "Scan": lambda: Recurrence(MinGRUCell(4)),
    "behind a mask": lambda: keras.Sequential([layers.Masking(), layers.GRU(4)]),
}
WHOLE = ["int8", "uint8", "int32", "int64", "bool"]
OTHERS = ["float16", "float64"]


def random(dtype: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, shape).astype(dtype)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", [*WHOLE, *OTHERS])
def test_outputs_have_the_type_of_the_layer(dtype: str, layer: str, tmp_path: Path) -> None:
    x = keras.Input((None, 2), dtype=dtype, name="x")
    model = keras.Model(x, LAYERS[layer]()(x))
    export_onnx(model, tmp_path / "model.onnx")
    values = random(dtype, 3, 5, 2)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": values})
    assert found.dtype == np.float32
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(found, model(values), rtol=1e-5, atol=1e-5)


def test_states_and_streams_of_whole_numbers(tmp_path: Path) -> None:
    x = keras.Input((None, 2), dtype="uint8", name="x")
    model = keras.Model(x, layers.LSTM(4, return_sequences=True, return_state=True)(x))
    assert export_onnx(model, tmp_path / "model.onnx").parity.max_difference <= 1e-5
    assert len(export_streaming_onnx(model, tmp_path / "stream.onnx").states) == 2


def test_mixed_precision_reads_whole_numbers(tmp_path: Path) -> None:
    x = keras.Input((None, 2), dtype="int32", name="x")
    hidden = layers.Bidirectional(layers.GRU(4, dtype="mixed_float16"), dtype="mixed_float16")(x)
    model = keras.Model(x, layers.Dense(2, dtype="mixed_float16")(hidden))
    assert export_onnx(model, tmp_path / "model.onnx").parity.max_difference <= 1e-5


@pytest.mark.parametrize("inside", [False, True])
def test_layers_of_float64_answer_in_float64(inside: bool, tmp_path: Path) -> None:
    x = keras.Input((None, 2), name="x")
    layer = layers.Bidirectional(layers.GRU(4, dtype="float64")) if inside else layers.GRU(4, dtype="float64")
    model = keras.Model(x, layer(x))
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    expected = np.asarray(model(random("float32", 2, 4, 2)))
    (found,) = session.run(None, {"x": random("float32", 2, 4, 2)})
    assert found.dtype == expected.dtype == (np.float32 if inside else np.float64)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bfloat16_has_no_arrays_and_the_way_out_works(tmp_path: Path) -> None:
    def build(dtype: str) -> keras.Model:
        x = keras.Input((None, 2), dtype=dtype, name="x")
        return keras.Model(x, layers.GRU(4)(x))

    model = build("bfloat16")
    with pytest.raises(UnsupportedLayerError) as caught:
        export_onnx(model, tmp_path / "model.onnx")
    assert str(caught.value) == (
        "input 'x': received the type bfloat16, which onnxruntime takes from no array; expected float32. Build the "
        "model with keras.Input(..., dtype='float32') and give it these weights (set_weights)."
    )
    assert list(tmp_path.iterdir()) == []
    again = build("float32")
    again.set_weights(model.get_weights())
    assert export_onnx(again, tmp_path / "model.onnx").parity.max_difference <= 1e-5
