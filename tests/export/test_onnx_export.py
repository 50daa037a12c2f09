"""Truth of ``rnnzoo_export.formats.onnx_export``: what is in a file, and what is refused."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo.errors import (
    ArgumentError,
    ExportError,
    PathExistsError,
    UnsupportedLayerError,
)
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import export_onnx, export_saved_model, export_streaming_onnx
from small_networks import census, series
from zoo_cases import tiny


def test_axes_and_names_and_origin_are_in_the_file(tmp_path: Path) -> None:
    model = tiny("series-tagger-bigru")
    export_onnx(model, tmp_path / "model.onnx")
    proto = onnx.load(tmp_path / "model.onnx")
    described = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*proto.graph.input, *proto.graph.output)
    }
    assert described == {
        "features": ["batch", "features_time", 3],
        "mask": ["batch", "mask_time"],
        "logits": ["batch", "logits_time", 3],
    }
    assert {entry.domain for entry in proto.opset_import} == {""}
    assert {"rnnzoo", "keras", "tensorflow", "signature"} <= {entry.key for entry in proto.metadata_props}


def test_a_layer_without_operator_stays_a_loop_where_that_is_accepted_and_is_named(tmp_path: Path) -> None:
    model = series(
        layers.GRU(4, activation="silu", name="odd", return_sequences=True), layers.LSTM(4, name="plain")
    )
    report = export_onnx(model, tmp_path / "model.onnx", strict=False)
    assert (report.fused, report.loops) == (("plain",), ("odd",))
    assert report.operators["Loop"] == 1


NO_OPERATOR = (
    "layer 'slow': ONNX has no operator for it, so that it would run as a slow loop; expected LSTM, GRU or SimpleRNN "
    "with activations that ONNX has. Change it, or pass strict=False (rnnzoo export: --allow-loops), which accepts the "
    "loop."
)


@pytest.mark.parametrize(
    "name",
    ["my-model", "text-classifier-gru", pytest.param("series-classifier-lstm", marks=pytest.mark.slow)],
)
def test_a_loop_is_refused_unless_it_is_asked_for_whatever_the_model_is_called(
    name: str, tmp_path: Path
) -> None:
    inputs = keras.Input((None, 3), name="features")
    outputs = layers.LSTM(4, activation="gelu", name="slow")(inputs)
    model = keras.Model(inputs, outputs, name=name)
    exports: dict[str, Any] = {
        "model.onnx": export_onnx,
        "stream.onnx": export_streaming_onnx,
        "raw.onnx": functools.partial(
            export_onnx, series=FeaturePreprocessing([0.0] * 3, [1.0] * 3, variable_length=False)
        ),
    }
    for file, export in exports.items():
        with pytest.raises(UnsupportedLayerError) as caught:
            export(model, tmp_path / file)
        assert str(caught.value) == NO_OPERATOR
        assert not (tmp_path / file).exists()
        assert export(model, tmp_path / file, strict=False).loops == ("slow",)


def test_strict_is_true_or_false(tmp_path: Path) -> None:
    model: Any = series(layers.GRU(4))
    none: Any = None
    with pytest.raises(ArgumentError, match=r"^strict: received None; expected True or False\.$"):
        export_onnx(model, tmp_path / "model.onnx", strict=none)


def test_a_loop_is_refused_though_a_convlstm_has_its_name(tmp_path: Path) -> None:
    def inner(name: str, *stack: keras.Layer) -> keras.Model:
        return keras.Sequential([keras.Input((None, 3)), *stack], name=name)

    x = keras.Input((None, 3), name="x")
    images = (layers.Reshape((-1, 3, 1)), layers.ConvLSTM1D(2, 1, name="rnn"), layers.Flatten())
    parts = [inner("a", *images)(x), inner("b", layers.GRU(4, activation="gelu", name="rnn"))(x)]
    model = keras.Model(x, layers.Concatenate()(parts))
    with pytest.raises(UnsupportedLayerError, match="layer 'rnn': ONNX has no operator"):
        export_onnx(model, tmp_path / "model.onnx")
    assert export_onnx(model, tmp_path / "model.onnx", strict=False).loops == ("rnn", "rnn")


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="mine")
        self.cell, self.head = layers.LSTM(4), layers.Dense(2)

    def call(self, x: Any) -> Any:
        return {"answer": self.head(self.cell(x))}


def test_a_subclassed_model_needs_a_signature_and_then_exports(tmp_path: Path) -> None:
    model = Subclassed()
    model(np.zeros((1, 2, 3), np.float32))
    with pytest.raises(ArgumentError, match="model 'mine': a subclassed model does not say what it takes"):
        export_onnx(model, tmp_path / "model.onnx")
    report = export_onnx(model, tmp_path / "model.onnx", input_signature=keras.Input((None, 3), name="x"))
    assert census(report.operators) == {"LSTM": 1}
    assert [o.name for o in onnx.load(tmp_path / "model.onnx").graph.output] == ["answer"]


def test_a_model_that_takes_a_dictionary(tmp_path: Path) -> None:
    inputs = {"b": keras.Input((None, 3), name="b"), "a": keras.Input((4,), name="a")}
    model = keras.Model(inputs, layers.Concatenate()([layers.GRU(4)(inputs["b"]), inputs["a"]]))
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.operators["GRU"] == 1
    assert [i.name for i in onnx.load(tmp_path / "model.onnx").graph.input] == ["a", "b"]


def stateful() -> keras.Model:
    return keras.Sequential(
        [keras.Input(batch_shape=(2, 5, 3)), layers.LSTM(4, stateful=True, name="memory")]
    )


def python_function() -> keras.Model:
    class Python(layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.ensure_shape(tf.numpy_function(lambda v: v, [x], tf.float32), x.shape)

    return series(Python(), layers.GRU(4))


def nan_weights() -> keras.Model:
    model = series(layers.Dense(2, name="dense"))
    model.layers[0].bias.assign([np.nan, 0.0])
    return model


def half_precision() -> keras.Model:
    return series(layers.GRU(4, dtype="float16", name="half"))


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "stateful": (stateful, UnsupportedLayerError, "layer 'memory': keeps its state between calls"),
    "python": (python_function, UnsupportedLayerError, "calls a Python function"),
    "NaN": (nan_weights, ExportError, "weight '.*dense/bias': holds NaN or infinity"),
    "texts": (
        lambda: keras.Sequential([keras.Input((), dtype="string", name="texts"), layers.TextVectorization()]),
        UnsupportedLayerError,
        "input 'texts': takes texts",
    ),
    "a blank in a name": (
        lambda: series(layers.GRU(4, name="my gru")),
        ArgumentError,
        "layer 'my gru': received a name that no graph can hold; expected letters",
    ),
    "a name of a model": (
        lambda: keras.Sequential([keras.Input((None, 3), name="x"), layers.GRU(4)], name="_hidden"),
        ArgumentError,
        "model '_hidden': received a name that no graph can hold",
    ),
    "half precision": (
        half_precision,
        UnsupportedLayerError,
        "layer 'half': keeps its weights in float16; expected float32. .* policy 'mixed_float16' or 'float32'",
    ),
    "not a model": (lambda: layers.LSTM(3), ArgumentError, "model: received LSTM; expected a keras.Model"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exact_is_refused_by_name(name: str, tmp_path: Path) -> None:
    build, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        export_onnx(build(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_wrong_use(tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    (tmp_path / "there.onnx").write_bytes(b"")
    with pytest.raises(PathExistsError, match="exists; expected a new file"):
        export_onnx(model, tmp_path / "there.onnx")
    with pytest.raises(ArgumentError, match="opset: received 12"):
        export_onnx(model, tmp_path / "model.onnx", opset=12)
    with pytest.raises(ArgumentError, match="opset: received 99; expected 13 to 26"):
        export_onnx(model, tmp_path / "model.onnx", opset=99)


def test_layers_are_as_before_after_an_export(tmp_path: Path) -> None:
    loops = {kind: kind.__dict__["inner_loop"] for kind in (layers.RNN, layers.LSTM, layers.GRU)}
    call = layers.Bidirectional.call
    model = series(layers.Bidirectional(layers.LSTM(4), name="both"))
    export_onnx(model, tmp_path / "model.onnx")
    assert all(kind.__dict__["inner_loop"] is loop for kind, loop in loops.items())
    assert layers.Bidirectional.call is call
    assert model.get_layer("both").forward_layer.use_cudnn == "auto"


@pytest.mark.parametrize("policy", [pytest.param("mixed_float16", marks=pytest.mark.slow), "mixed_bfloat16"])
def test_mixed_precision_becomes_float32(policy: str, tmp_path: Path) -> None:
    model = series(
        layers.Masking(dtype=policy),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True, dtype=policy), dtype=policy),
        layers.LayerNormalization(dtype=policy),
        layers.GRU(4, dtype=policy),
        layers.Dense(2, dtype=policy),
    )
    values = np.random.default_rng(0).normal(size=(3, 6, 3)).astype(np.float32)
    before = np.asarray(keras.ops.cast(model(values), "float32"))
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.parity.max_difference <= 1e-5
    assert {layer.dtype_policy.name for layer in model.layers} == {policy}
    np.testing.assert_array_equal(np.asarray(keras.ops.cast(model(values), "float32")), before)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": values})
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, before, atol=0.02)
    assert export_saved_model(model, tmp_path / "saved").max_difference <= 1e-5
