"""Truth of ``rnnzoo_export.conversion``: files of every ONNX operator set from 13 to 26.

onnxruntime 1.32 loads the operator sets 13 to 28, onnx 1.23 knows those up to 28.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import keras
import onnx
import onnxruntime
import pytest
from keras import layers

from rnnzoo.cells.min_gru import MinGRUCell
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.errors import ArgumentError, ExportError
from rnnzoo.preprocessing import FeaturePreprocessing, TextPreprocessing
from rnnzoo_export import export_onnx, export_streaming_onnx
from rnnzoo_export.graph.protos import count_operators
from rnnzoo_export.reports import ExportReport
from slow_cases import slow_but
from small_networks import census, series

OPSETS = range(13, 27)
RAW_TEXT = 20  # the first that splits strings


def valid(path: Path, opset: int) -> dict[str, int]:
    """Returns the operators of a file, which the checker and strict shape inference must accept."""
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)
    assert {entry.domain: entry.version for entry in proto.opset_import}[""] == opset
    assert proto.ir_version >= onnx.helper.find_min_ir_version_for(proto.opset_import)
    return census(count_operators(proto))


def masked() -> keras.Model:
    """All recurrent operators behind one mask."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True))(x)
    x = layers.SimpleRNN(4, return_sequences=True)(x)
    return keras.Model(
        ids, layers.Dense(2)(layers.LSTM(4)(Recurrence(MinGRUCell(4), return_sequences=True)(x)))
    )


@pytest.mark.parametrize("opset", slow_but(OPSETS, 13, 18, 26))
def test_every_recurrent_operator_exports_to_every_opset(opset: int, tmp_path: Path) -> None:
    report = export_onnx(masked(), tmp_path / "model.onnx", opset=opset)
    assert report.opset == opset
    assert valid(tmp_path / "model.onnx", opset) == {"LSTM": 1, "GRU": 2, "RNN": 1, "Scan": 2}
    assert report.parity.max_difference <= 1e-5


def image_loop() -> keras.Model:
    x = keras.Input((None, 4, 4, 2), name="x")
    return keras.Model(x, layers.GlobalAveragePooling2D()(layers.ConvLSTM2D(2, 3, padding="same")(x)))


def convolved() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    y = layers.MaxPooling1D(2)(layers.Conv1D(4, 3, activation="gelu")(x))
    y = layers.LayerNormalization()(layers.BatchNormalization()(y))
    return keras.Model(x, layers.MultiHeadAttention(2, 4)(y, layers.LSTM(4, return_sequences=True)(y)))


def exported(model: keras.Model, path: Path, opset: int) -> ExportReport:
    return export_onnx(model, path, opset=opset)


def streamed(model: keras.Model, path: Path, opset: int) -> ExportReport:
    return export_streaming_onnx(model, path, opset=opset)


def of_rows(model: keras.Model, path: Path, opset: int) -> ExportReport:
    scaling = FeaturePreprocessing([0.0] * 3, [1.0] * 3, variable_length=False)
    return export_onnx(model, path, series=scaling, opset=opset)


MODELS: dict[str, tuple[Callable[[], keras.Model], Callable[..., ExportReport]]] = {
    "loop": (image_loop, exported),
    "convolution and attention": (convolved, exported),
    "stream": (lambda: series(layers.GRU(4), layers.Dense(2)), streamed),
    "raw rows": (lambda: series(layers.LSTM(4), layers.Dense(2)), of_rows),
}


@pytest.mark.slow
@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("name", MODELS)
def test_so_do_other_networks_and_files(name: str, opset: int, tmp_path: Path) -> None:
    build, write = MODELS[name]
    report = write(build(), tmp_path / "model.onnx", opset)
    assert report.opset == opset
    valid(tmp_path / "model.onnx", opset)


@pytest.mark.parametrize("opset", slow_but(OPSETS, 13, 26))
def test_raw_texts_need_opset_20(opset: int, tmp_path: Path) -> None:
    ids = keras.Input((None,), dtype="int32", name="tokens")
    model = keras.Model(ids, layers.LSTM(4)(layers.Embedding(9, 4, mask_zero=True)(ids)))
    text = TextPreprocessing(["", "[UNK]", "a", "b", "c", "d"], max_length=6)

    def write() -> ExportReport:
        return export_onnx(model, tmp_path / "raw.onnx", text=text, opset=opset)

    if opset >= RAW_TEXT:
        assert write().opset == opset
        valid(tmp_path / "raw.onnx", opset)
        return
    with pytest.raises(ArgumentError, match=f"opset: received {opset}; expected 20 or newer, the first with"):
        write()


def test_an_opset_that_onnx_or_onnxruntime_does_not_know_is_refused_with_a_way_out(tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    path = tmp_path / "model.onnx"
    with (
        mock.patch("onnx.version_converter.convert_version", side_effect=RuntimeError("unsupported opset")),
        pytest.raises(ExportError) as refused,
    ):
        export_onnx(model, path, opset=26)
    assert str(refused.value) == (
        f"opset: received 26, to which onnx {onnx.__version__} cannot convert the model (unsupported opset). "
        "Pass opset=18, or install a newer onnx."
    )
    with (
        mock.patch("onnxruntime.InferenceSession", side_effect=RuntimeError("Opset 26 is under development")),
        pytest.raises(ExportError) as refused,
    ):
        export_onnx(model, path, opset=26)
    assert str(refused.value) == (
        f"{path}: onnxruntime {onnxruntime.__version__} cannot load it (Opset 26 is under development). Try another "
        "opset, or replace the operation it names."
    )
    assert not list(tmp_path.iterdir())
    export_onnx(model, path, opset=18)
