"""Truth of ``rnnzoo_export.graph.recurrent_nodes``: every mask and every kind of recurrent layer."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
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
from rnnzoo_export import export_onnx
from rnnzoo_export.graph.simple_rnn_nodes import SCAN_FROM
from small_networks import TOLERANCE, census, embedded, series
from zoo_cases import case, first_of_each, tiny

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
def test_any_mask_is_exact_with_fused_operators(
    kind: str, direction: str, sequences: bool, masked: bool, tmp_path: Path
) -> None:
    x, mask = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="bool", name="valid")
    layer = recurrent(kind, direction, return_sequences=sequences)
    model = keras.Model([x, mask], layer(x, mask=mask)) if masked else keras.Model(x, layer(x))
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    directions = 2 if direction == "both" else 1
    scans = {"Scan": directions} if kind == "SimpleRNN" else {}
    # Under a mask each direction reads steps of its own.
    assert census(report.operators) == {OPERATORS[kind]: directions if masked else 1, **scans}
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
    "two masks, one after the other": (lambda: two_masks(), {"LSTM": 3, "GRU": 1}),
    "one sequence, many readers": (lambda: many_readers(), {"GRU": 6}),
    "states of two directions under a mask": (lambda: both_states(), {"LSTM": 4}),
}


def two_masks() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    one, two = (keras.Input((None,), dtype="bool", name=name) for name in ("one", "two"))
    y = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x, mask=one)
    y = layers.LSTM(3, return_sequences=True)(y, mask=two)
    return keras.Model([x, one, two], layers.GRU(4)(y, mask=one))


def many_readers() -> keras.Model:
    x = layers.Masking()(inputs := keras.Input((None, 3), name="x"))
    y = layers.Bidirectional(layers.GRU(4, return_sequences=True))(x)
    backwards = layers.GRU(3, go_backwards=True, return_sequences=True)(y)
    last = layers.GRU(3, go_backwards=True)(layers.GRU(3, return_sequences=True)(y))
    turned = layers.GRU(2)(backwards)  # whose steps stand the other way round than its mask
    return keras.Model(inputs, [y, backwards, last, turned])


def both_states() -> keras.Model:
    x, valid = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="bool", name="valid")
    first = layers.Bidirectional(layers.LSTM(4, return_sequences=True, return_state=True))
    y, *states = first(x, mask=valid)
    last, *_ = layers.Bidirectional(layers.LSTM(4, return_state=True))(y, mask=valid, initial_state=states)
    return keras.Model([x, valid], [last, *states])


def answers(path: Path, inputs: dict[str, np.ndarray], *, lengths: bool) -> dict[str, np.ndarray]:
    """What a file answers, or would in a runtime that ignores the lengths that its operators are given."""
    proto = onnx.load(path)
    for node in proto.graph.node:
        if node.op_type in ("LSTM", "GRU", "RNN") and not lengths:
            node.input[4:5] = [""] * len(node.input[4:5])
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


@pytest.mark.parametrize(
    # The last output of both_states starts from two states c.
    ("build", "needing"),
    [(many_readers, []), (two_masks, []), (both_states, [0, 2, 4])],
)
def test_only_the_state_c_needs_the_lengths(
    build: Callable[[], keras.Model], needing: list[int], tmp_path: Path
) -> None:
    export_onnx(build(), tmp_path / "model.onnx", strict=True)
    rng = np.random.default_rng(0)
    valid = rng.random((6, 9)) < 0.6
    x = rng.normal(size=(6, 9, 3)).astype(np.float32)
    x[~valid] = 0.0
    masks = {"x": x, "valid": valid, "one": valid, "two": rng.random((6, 9)) < 0.6}
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {node.name: masks[node.name] for node in session.get_inputs()}
    with_them, without = (answers(tmp_path / "model.onnx", inputs, lengths=given) for given in (True, False))
    changed = [
        number for number, name in enumerate(with_them) if not np.array_equal(with_them[name], without[name])
    ]
    assert changed == needing


def test_layers_under_one_mask_share_what_follows_from_it(tmp_path: Path) -> None:
    x = layers.Masking()(inputs := keras.Input((None, 3), name="x"))
    hidden = layers.LSTM(4, return_sequences=True)(x)
    model = keras.Model(inputs, layers.LSTM(4)(layers.LSTM(4, return_sequences=True)(hidden)))
    operators = export_onnx(model, tmp_path / "model.onnx", strict=True).operators
    assert operators["NonZero"] == 1
    assert operators["LSTM"] == 3
    assert "Transpose" not in operators  # one operator reads what the other answers


def test_padding_costs_no_steps(tmp_path: Path) -> None:
    export_onnx(masked_states(), tmp_path / "model.onnx", strict=True)
    proto = onnx.load(tmp_path / "model.onnx")
    (operator,) = (node for node in proto.graph.node if node.op_type == "GRU")
    proto.graph.output.append(onnx.ValueInfoProto(name=operator.output[0]))
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    valid = np.zeros((2, 50), bool)
    valid[0, 40:43] = valid[1, 7] = True
    x, h = np.ones((2, 50, 3), np.float32), np.ones((2, 4), np.float32)
    assert session.run(None, {"x": x, "valid": valid, "h": h})[-1].shape == (3, 1, 2, 4)


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
        # Under a mask each direction is an operator of its own.
        masked = any(report.parity.masks.values())
        both = sum(masked and isinstance(layer, layers.Bidirectional) for layer in model.layers)
        assert found.pop(cell.onnx) == depth + both * case(name).passes(get_spec(name))
        assert found == ({"Scan": depth * directions} if cell.onnx == "RNN" else {})
    assert report.parity.max_difference <= TOLERANCE


def test_answers_hold_on_a_machine_that_has_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = importlib.import_module("keras.src.backend.tensorflow.rnn")
    model = create_model("series-classifier-bilstm", units=(4,))
    monkeypatch.setattr(backend, "_is_gpu_available", lambda: True)
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert census(report.operators) == {"LSTM": 1}
