"""Truth of ``rnnzoo_export.conversion``.

Keras to ONNX: every mask, every kind of recurrent layer, and what is refused.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo import create_model, get_spec, list_models
from rnnzoo.cells import CELLS
from rnnzoo.errors import (
    ArgumentError,
    ExportError,
    ParityError,
    PathExistsError,
    UnsupportedLayerError,
)
from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export import check_parity, export_onnx, export_saved_model, export_streaming_onnx
from rnnzoo_export.graph.simple_rnn_nodes import SCAN_FROM
from rnnzoo_export.parity.comparison import compare
from zoo_cases import case, first_of_each, tiny

TOLERANCE = 1e-5
OPERATORS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU", "GRU, reset before": "GRU"}


def recurrent(kind: str, direction: str, **arguments: Any) -> keras.Layer:
    if kind == "GRU, reset before":
        arguments["reset_after"] = False
    layer = getattr(layers, kind.partition(",")[0])(
        4, go_backwards=direction == "backwards", bias_initializer="glorot_uniform", **arguments
    )
    return layers.Bidirectional(layer) if direction == "both" else layer


def masks(rows: int, steps: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    lengths = rng.integers(1, steps + 1, rows)
    right = np.arange(steps) < lengths[:, None]
    holes = rng.random((rows, steps)) < 0.5
    holes[:, -1] = True
    empty = right.copy()
    empty[rows // 2] = False
    return {
        "right": right,
        "left": right[:, ::-1],
        "holes": holes,
        "empty row": empty,
        "all empty": holes & False,
    }


def assert_close(found: np.ndarray, expected: Any, what: object) -> None:
    expected = np.asarray(expected)
    assert found.shape == expected.shape, what
    worst = np.abs(found - expected) - TOLERANCE * np.abs(expected)
    assert worst.max(initial=0.0) <= TOLERANCE, what


@pytest.mark.parametrize("masked", [False, True], ids=["no mask", "masked"])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("direction", ["forwards", pytest.param("backwards", marks=pytest.mark.slow), "both"])
@pytest.mark.parametrize("kind", OPERATORS)
def test_any_mask_is_exact_with_one_operator_a_layer(
    kind: str, direction: str, sequences: bool, masked: bool, tmp_path: Path
) -> None:
    x, mask = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="bool", name="valid")
    layer = recurrent(kind, direction, return_sequences=sequences)
    model = keras.Model([x, mask], layer(x, mask=mask)) if masked else keras.Model(x, layer(x))
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    scans = {"Scan": 2 if direction == "both" else 1} if kind == "SimpleRNN" else {}
    assert census(report.operators) == {OPERATORS[kind]: 1, **scans}
    assert report.loops == ()
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    truth = traced(model)
    for rows, steps in itertools.product((1, 7, SCAN_FROM // 4), (1, 13, 50)):
        values = np.random.default_rng(3).normal(size=(rows, steps, 3)).astype(np.float32)
        if not masked:
            assert_close(session.run(None, {"x": values})[0], truth(values), (rows, steps))
            continue
        for name, valid in masks(rows, steps).items():
            (found,) = session.run(None, {"x": values, "valid": np.ascontiguousarray(valid)})
            assert_close(found, truth(values, valid), (rows, steps, name))


def traced(model: keras.Model) -> Any:
    """The model as a graph of any shape: its loops take long where TensorFlow runs each step as it comes."""
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs]
    return tf.function(
        lambda *tensors: model(tensors if len(tensors) > 1 else tensors[0]), input_signature=specs
    )


def census(operators: Any) -> dict[str, int]:
    return {name: operators[name] for name in ("LSTM", "GRU", "RNN", "Loop", "Scan") if name in operators}


def series(*stack: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((None, 3), name="x"), *stack])


def with_states() -> keras.Model:
    x, h, c = keras.Input((None, 3), name="x"), keras.Input((4,), name="h"), keras.Input((4,), name="c")
    outputs = layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")(x, initial_state=[h, c])
    return keras.Model([x, h, c], outputs)


def masked_states() -> keras.Model:
    x, h = keras.Input((None, 3), name="x"), keras.Input((4,), name="h")
    valid = keras.Input((None,), dtype="bool", name="valid")
    return keras.Model([x, valid, h], layers.GRU(4, return_state=True)(x, mask=valid, initial_state=h))


def simple_states() -> keras.Model:
    x, h = keras.Input((None, 3), name="x"), keras.Input((4,), name="h")
    layer = layers.SimpleRNN(4, use_bias=False, return_sequences=True, return_state=True)
    return keras.Model([x, h], layer(x, initial_state=h))


def encoder_decoder() -> keras.Model:
    source, target = keras.Input((None, 3), name="source"), keras.Input((None, 3), name="target")
    _, *states = layers.Bidirectional(layers.LSTM(3, return_state=True))(source)
    joined = [layers.Concatenate()(states[0::2]), layers.Concatenate()(states[1::2])]
    return keras.Model([source, target], layers.LSTM(6, return_sequences=True)(target, initial_state=joined))


def embedded() -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    return keras.Model(ids, layers.Dense(2)(layers.LSTM(4)(layers.GRU(4, return_sequences=True)(x))))


def normalized() -> keras.Model:
    layer = layers.Normalization()  # keeps its statistics in plain tensors
    layer.adapt(np.random.default_rng(0).normal(3.0, 2.0, (20, 3)).astype(np.float32))
    return series(layer, layers.GRU(4))


def attention() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    y = layers.GRU(4, return_sequences=True)(layers.LayerNormalization()(x))
    y = layers.Add()([y, layers.MultiHeadAttention(2, 2)(y, y)])
    return keras.Model(x, layers.GlobalAveragePooling1D()(layers.Dense(4, activation="gelu")(y)))


VARIANTS: dict[str, tuple[Any, dict[str, int]]] = {
    "stacked": (lambda: series(layers.LSTM(4, return_sequences=True), layers.GRU(4)), {"LSTM": 1, "GRU": 1}),
    "no bias": (lambda: series(layers.LSTM(4, use_bias=False)), {"LSTM": 1}),
    "GRU without bias": (lambda: series(layers.GRU(4, use_bias=False)), {"GRU": 1}),
    "hard_sigmoid": (lambda: series(layers.LSTM(4, recurrent_activation="hard_sigmoid")), {"LSTM": 1}),
    "relu": (lambda: series(layers.GRU(4, activation="relu")), {"GRU": 1}),
    "linear": (lambda: series(layers.SimpleRNN(4, activation="linear")), {"RNN": 1, "Scan": 1}),
    **{
        f"SimpleRNN, {name}": (
            lambda name=name: series(layers.Masking(), layers.SimpleRNN(4, activation=name)),
            {"RNN": 1, "Scan": 1},
        )
        for name in ("sigmoid", "relu", "hard_sigmoid", "softsign", "elu", "leaky_relu")
    },
    # onnxruntime's recurrent operators compute softplus so that it overflows.
    "SimpleRNN, softplus": (
        lambda: series(layers.Masking(), layers.SimpleRNN(4, activation="softplus")),
        {"Scan": 1},
    ),
    "softplus both ways": (
        lambda: series(layers.Bidirectional(layers.LSTM(4, activation="softplus"))),
        {"Scan": 2},
    ),
    "SimpleRNN with states, no bias": (simple_states, {"RNN": 1, "Scan": 1}),
    "elu both ways": (
        lambda: series(layers.Bidirectional(layers.LSTM(4, activation="elu", return_sequences=True))),
        {"LSTM": 1},
    ),
    "sum": (lambda: series(layers.Bidirectional(layers.GRU(4), merge_mode="sum")), {"GRU": 1}),
    "mul, sequences": (
        lambda: series(layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="mul")),
        {"GRU": 1},
    ),
    "ave": (lambda: series(layers.Bidirectional(layers.LSTM(4), merge_mode="ave")), {"LSTM": 1}),
    "unlike directions": (
        lambda: series(layers.Bidirectional(layers.LSTM(4), backward_layer=layers.GRU(4, go_backwards=True))),
        {"LSTM": 1, "GRU": 1},
    ),
    "RNN around a cell": (lambda: series(layers.RNN(layers.LSTMCell(4))), {"LSTM": 1}),
    "unrolled": (
        lambda: keras.Sequential([keras.Input((5, 3), name="x"), layers.GRU(4, unroll=True)]),
        {"GRU": 1},
    ),
    "recurrent dropout": (lambda: series(layers.LSTM(4, recurrent_dropout=0.3)), {"LSTM": 1}),
    "Masking": (lambda: series(layers.Masking(), layers.GRU(4, return_sequences=True)), {"GRU": 1}),
    "zero output": (
        lambda: series(
            layers.Masking(), layers.RNN(layers.GRUCell(4), return_sequences=True, zero_output_for_mask=True)
        ),
        {"GRU": 1},
    ),
    "zero last output": (
        lambda: series(layers.Masking(), layers.RNN(layers.GRUCell(4), zero_output_for_mask=True)),
        {"GRU": 1},
    ),
    "states in and out": (with_states, {"LSTM": 1}),
    "states under a mask": (masked_states, {"GRU": 1}),
    "encoder and decoder": (encoder_decoder, {"LSTM": 2}),
    "embedding": (embedded, {"LSTM": 1, "GRU": 1}),
    "attention and gelu": (attention, {"GRU": 1}),
    "Normalization": (normalized, {"GRU": 1}),
    "shared layer": (lambda: _shared(), {"LSTM": 2}),
}


def _shared() -> keras.Model:
    a, b = keras.Input((None, 3), name="a"), keras.Input((None, 3), name="b")
    layer = layers.LSTM(4)
    return keras.Model([a, b], layers.Concatenate()([layer(a), layer(b)]))


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_are_proved_and_fused(name: str, tmp_path: Path) -> None:
    build, expected = VARIANTS[name]
    keras.utils.set_random_seed(4)
    model = build()
    for variable in model.trainable_variables:  # biases too
        variable.assign(np.random.default_rng(6).normal(scale=0.5, size=variable.shape))
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert census(report.operators) == expected
    assert report.parity.max_difference <= 1e-4
    assert report.parity.cases >= 7


@pytest.mark.parametrize("name", first_of_each(list_models()))
def test_every_zoo_entry_exports_and_agrees(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    if case(name).stays_a_loop(get_spec(name)):
        report = export_onnx(model, tmp_path / "model.onnx")
        assert list(report.loops) == [one.name for one in model.layers if isinstance(one, layers.RNN)]
        assert census(report.operators) == {"Loop": len(report.loops)}
        return
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    cell = CELLS[get_spec(name).cell]
    depth = sum(isinstance(layer, layers.RNN | layers.Bidirectional) for layer in model.layers)
    depth *= case(name).passes(get_spec(name))
    directions = 2 if any(isinstance(layer, layers.Bidirectional) for layer in model.layers) else 1
    found = census(report.operators)
    if cell.onnx == "Scan":
        # Where the output is not the state, masked steps repeat the output before them with a second one.
        most = 2 if get_spec(name).cell in ("sru", "mlstm") else 1
        assert depth * directions <= found.pop("Scan") <= most * depth * directions
        assert found == {}
    else:
        assert found.pop(cell.onnx) == depth
        assert found == ({"Scan": depth * directions} if cell.onnx == "RNN" else {})
    assert report.parity.max_difference <= TOLERANCE


def test_answers_hold_on_a_machine_that_has_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = importlib.import_module("keras.src.backend.tensorflow.rnn")
    model = create_model("series-classifier-bilstm", units=(4,))
    monkeypatch.setattr(backend, "_is_gpu_available", lambda: True)
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert census(report.operators) == {"LSTM": 1}


@pytest.mark.parametrize("opset", [13, 15, 18, 21, 24])
def test_opsets(opset: int, tmp_path: Path) -> None:
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    x = layers.SimpleRNN(4, return_sequences=True)(layers.GRU(4, return_sequences=True)(x))
    model = keras.Model(ids, layers.Dense(2)(layers.LSTM(4)(x)))
    report = export_onnx(model, tmp_path / "model.onnx", opset=opset)
    written = {entry.domain: entry.version for entry in onnx.load(tmp_path / "model.onnx").opset_import}
    assert report.opset == written[""] == opset
    assert census(report.operators) == {"LSTM": 1, "GRU": 1, "RNN": 1, "Scan": 1}


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
    "time distributed": (
        lambda: series(layers.TimeDistributed(layers.Dense(2), name="each")),
        UnsupportedLayerError,
        "layer 'each': TimeDistributed over a free time axis",
    ),
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


def test_a_wrong_conversion_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = importlib.import_module("rnnzoo_export.graph.recurrent_nodes")
    monkeypatch.setitem(nodes._GATES, "LSTM", (0, 1, 2, 3))
    (tmp_path / "model.onnx").write_bytes(b"the old one")
    with pytest.raises(
        ParityError, match=r"the file answers .*, the model .*; expected a difference of at most 1e-05"
    ):
        export_onnx(series(layers.LSTM(4)), tmp_path / "model.onnx", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"the old one"


def test_parity_finds_a_file_of_another_model(tmp_path: Path) -> None:
    first, second = series(layers.GRU(4, name="gru")), series(layers.GRU(4, name="gru"))
    export_onnx(first, tmp_path / "model.onnx")
    assert check_parity(first, tmp_path / "model.onnx").max_difference <= TOLERANCE
    with pytest.raises(ParityError):
        check_parity(second, tmp_path / "model.onnx")
    with pytest.raises(ParityError, match="has the inputs"):
        check_parity(embedded(), tmp_path / "model.onnx")


def compared(found: np.ndarray, expected: np.ndarray) -> float:
    return compare("model.onnx", {"x": found}, {"x": expected}, {}).max_difference


def test_parity_allows_the_rounding_of_terms_that_cancel() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 512)).astype(np.float32)
    kernel = rng.normal(size=(512, 1)).astype(np.float32) * 3
    sums, backwards = rows @ kernel, rows[:, ::-1].copy() @ kernel[::-1].copy()
    truth = rows.astype(np.float64) @ kernel
    # Two float32 sums of the same terms, neither within 1e-5 + 1e-5 x the value of the exact ones.
    for found in (sums, backwards):
        assert (np.abs(found - truth) > TOLERANCE + TOLERANCE * np.abs(truth)).any()
    assert 0 < compared(sums, backwards) < TOLERANCE * np.abs(truth).max()


def test_parity_judges_each_unit_by_its_own_size() -> None:
    expected = np.random.default_rng(0).normal(size=(4, 7, 2)).astype(np.float32) * [1e6, 1e-2]
    expected = expected.astype(np.float32)
    assert compared(expected * np.float32(1 + 1e-6), expected) > 0.1
    found = expected.copy()
    found[2, 3, 1] += 2e-5
    message = (
        r"x at \(2, 3, 1\) .* difference of at most 1e-05 \+ 1e-05 x 0\.0\d+, the largest value of its unit\."
    )
    with pytest.raises(ParityError, match=message):
        compared(found, expected)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_parity_finds_what_is_not_finite_on_one_side(wrong: float) -> None:
    expected = np.ones((2, 3), np.float32)
    found = expected.copy()
    found[1, 2] = wrong
    for pair in ((found, expected), (expected, found)):
        with pytest.raises(ParityError, match=r"x at \(1, 2\)"):
            compared(*pair)
    assert compared(found, found) == 0


def test_parity_of_whole_numbers_is_exact() -> None:
    expected = np.array([[10**6, 3]])
    with pytest.raises(ParityError, match=r"x at \(0, 0\) .* at most 0\."):
        compared(expected + 1, expected)


@pytest.mark.parametrize("place", [0, 1])
def test_parity_finds_an_axis_that_is_fixed(place: int, tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    export_onnx(model, tmp_path / "model.onnx")
    proto = onnx.load(tmp_path / "model.onnx")
    proto.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 7
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(ParityError, match=r"has the axes \[.*7.*\]; the model has \[None, None, 3\]"):
        check_parity(model, tmp_path / "model.onnx")


def test_held_out_inputs_are_compared_too(tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    inputs = {"x": np.full((2, 3, 3), 5.0, np.float32)}
    plain = export_onnx(model, tmp_path / "a.onnx").parity
    given = export_onnx(model, tmp_path / "b.onnx", parity_inputs=inputs).parity
    assert (given.cases, given.values) == (plain.cases + 1, plain.values + 8)
    with pytest.raises(ArgumentError, match=r"inputs: received \['y'\]; expected \['x'\]"):
        export_onnx(model, tmp_path / "c.onnx", parity_inputs={"y": inputs["x"]})


def test_wrong_use(tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    (tmp_path / "there.onnx").write_bytes(b"")
    with pytest.raises(PathExistsError, match="exists; expected a new file"):
        export_onnx(model, tmp_path / "there.onnx")
    with pytest.raises(ArgumentError, match="opset: received 12"):
        export_onnx(model, tmp_path / "model.onnx", opset=12)
    with pytest.raises(ArgumentError, match="opset: received 99; expected 13 to 24"):
        export_onnx(model, tmp_path / "model.onnx", opset=99)


def test_layers_are_as_before_after_an_export(tmp_path: Path) -> None:
    loops = {kind: kind.__dict__["inner_loop"] for kind in (layers.RNN, layers.LSTM, layers.GRU)}
    call = layers.Bidirectional.call
    model = series(layers.Bidirectional(layers.LSTM(4), name="both"))
    export_onnx(model, tmp_path / "model.onnx")
    assert all(kind.__dict__["inner_loop"] is loop for kind, loop in loops.items())
    assert layers.Bidirectional.call is call
    assert model.get_layer("both").forward_layer.use_cudnn == "auto"


def test_nan_of_the_model_is_nan_of_the_file(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    valid = layers.Masking()(x)
    model = keras.Model(x, layers.GRU(2)(layers.MultiHeadAttention(1, 2)(valid, valid)))
    export_onnx(model, tmp_path / "model.onnx")
    values = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    values[1] = 0.0
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    found, expected = session.run(None, {"x": values})[0], np.asarray(model(values))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-5)
    hopeless = keras.Sequential(
        [keras.Input((None, 3), name="x"), layers.GRU(2), layers.Lambda(lambda x: x * np.nan)]
    )
    with pytest.raises(ParityError, match=r"the model answers \w+ with NaN alone for"):
        export_onnx(hopeless, tmp_path / "nan.onnx")


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
