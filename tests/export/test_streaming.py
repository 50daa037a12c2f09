"""Truth of ``rnnzoo_export.formats.streaming``.

Streaming files: any pieces of a sequence answer as the whole does, and models that look ahead are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

import reference
from rnnzoo import get_spec, list_models
from rnnzoo.errors import ArgumentError, ParityError, PathExistsError, UnsupportedLayerError
from rnnzoo_export import export_onnx, export_streaming_onnx
from rnnzoo_export.reports import ExportReport
from zoo_cases import case, first_of_each, tiny

FEATURES = 3


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(5)


def series(*stack: Any, masked: bool = False) -> keras.Model:
    first = [layers.Masking()] if masked else []
    return keras.Sequential([keras.Input((None, FEATURES), name="x"), *first, *stack])


def stream(
    path: Path, states: dict[str, np.ndarray], inputs: dict[str, np.ndarray], cuts: list[int]
) -> list[Any]:
    """Feeds ``inputs`` cut along time at ``cuts``; the first output of every piece."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_outputs()]
    answers = []
    for first, last in zip([0, *cuts], [*cuts, None], strict=True):
        part = {name: np.ascontiguousarray(value[:, first:last]) for name, value in inputs.items()}
        found = dict(zip(names, session.run(names, part | states), strict=True))
        states = {name: found[f"{name}_out"] for name in states}
        answers.append(found[names[0]])
    return answers


def zeros(report: ExportReport, rows: int) -> dict[str, np.ndarray]:
    return {state.input: np.zeros((rows, *state.shape), np.float32) for state in report.states}


def assert_streams(
    model: keras.Model, path: Path, inputs: dict[str, np.ndarray], *, sequences: bool, strict: bool = True
) -> None:
    report = export_streaming_onnx(model, path, strict=strict, overwrite=True)
    rows, steps = next(iter(inputs.values())).shape[:2]
    whole = np.asarray(model(inputs if len(inputs) > 1 else next(iter(inputs.values()))))
    rng = np.random.default_rng(1)
    for count in (0, 1, 4, steps - 1):
        cuts = sorted(rng.choice(np.arange(1, steps), count, replace=False).tolist())
        answers = stream(path, zeros(report, rows), inputs, cuts)
        found = np.concatenate(answers, axis=1) if sequences else answers[-1]
        np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-5, err_msg=str(cuts))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_step_file_follows_the_equations(cell: str, tmp_path: Path) -> None:
    layer = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}[cell](
        4, return_sequences=True, bias_initializer="glorot_uniform", name="r"
    )
    model = series(layer)
    report = export_streaming_onnx(model, tmp_path / "s.onnx", strict=True)
    x = np.random.default_rng(0).normal(size=(2, 9, FEATURES)).astype(np.float32)
    truth, _ = reference.run(cell, x, None, model.get_weights())
    found = np.concatenate(stream(tmp_path / "s.onnx", zeros(report, 2), {"x": x}, [1, 2, 6]), axis=1)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-5)
    assert [state.input for state in report.states] == (["r_h", "r_c"] if cell == "lstm" else ["r_h"])
    assert report.fused == ("r",)


STACKS: dict[str, Any] = {
    "stack": lambda: [
        layers.LSTM(4, return_sequences=True),
        layers.LayerNormalization(),
        layers.GRU(5, return_sequences=True, reset_after=False),
        layers.SimpleRNN(3, return_sequences=True),
        layers.Dense(2),
    ],
    "causal convolutions": lambda: [
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
        layers.Conv1D(4, 2, padding="causal"),
        layers.GRU(3, return_sequences=True),
    ],
    "convolutions alone": lambda: [layers.Conv1D(4, 5, padding="causal", use_bias=False)],
    "stacked cells": lambda: [
        layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(4)]), return_sequences=True)
    ],
    "no operator": lambda: [layers.GRU(4, activation="gelu", return_sequences=True)],
    "zero output": lambda: [
        layers.LSTM(4, return_sequences=True),
        layers.GRU(3, return_sequences=True, zero_output_for_mask=True),
    ],
}


LOOPS = ("stacked cells", "no operator")
# A convolution drops the mask, with a warning.
MASKED = [stack for stack in STACKS if "convolutions" not in stack]


@pytest.mark.parametrize(
    ("stack", "masked"), [*((stack, False) for stack in STACKS), *((stack, True) for stack in MASKED)]
)
def test_any_pieces_answer_as_the_whole(stack: str, masked: bool, tmp_path: Path) -> None:
    model = series(*STACKS[stack](), masked=masked)
    x = np.random.default_rng(0).normal(size=(5, 17, FEATURES)).astype(np.float32)
    if masked:
        x[0, :6] = 0.0  # pieces without a valid step before the first one
        x[1, 8:] = 0.0
        x[2, 3:11] = 0.0
        x[3, ::2] = 0.0
        x[4] = 0.0  # never a valid step
    assert_streams(model, tmp_path / "s.onnx", {"x": x}, sequences=True, strict=stack not in LOOPS)


@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_the_last_answer_is_that_of_the_whole(cell: Any, tmp_path: Path) -> None:
    model = series(cell(4, return_sequences=True), cell(3), layers.Dense(2), masked=True)
    x = np.random.default_rng(0).normal(size=(3, 11, FEATURES)).astype(np.float32)
    x[0, 4:], x[1, :5] = 0.0, 0.0
    assert_streams(model, tmp_path / "s.onnx", {"x": x}, sequences=False)


def test_a_layer_used_twice_has_states_for_each_use(tmp_path: Path) -> None:
    x = keras.Input((None, FEATURES), name="x")
    shared = layers.GRU(FEATURES, return_sequences=True, name="shared")
    model = keras.Model(x, shared(shared(x)))
    report = export_streaming_onnx(model, tmp_path / "s.onnx")
    assert [state.input for state in report.states] == ["shared_h", "shared_h_again"]


def test_the_file_holds_the_table_of_its_states(tmp_path: Path) -> None:
    model = series(layers.Conv1D(4, 3, padding="causal", name="conv"), layers.LSTM(5, name="rnn"))
    report = export_streaming_onnx(model, tmp_path / "s.onnx", opset=20)
    session = onnxruntime.InferenceSession(tmp_path / "s.onnx", providers=["CPUExecutionProvider"])
    rest = {"dtype": "float32", "initial": 0.0}
    assert json.loads(session.get_modelmeta().custom_metadata_map["states"]) == [
        {"input": "conv_context", "output": "conv_context_out", "shape": ["batch", 2, FEATURES], **rest},
        {"input": "rnn_h", "output": "rnn_h_out", "shape": ["batch", 5], **rest},
        {"input": "rnn_c", "output": "rnn_c_out", "shape": ["batch", 5], **rest},
    ]
    assert [node.name for node in session.get_inputs()] == ["x", "conv_context", "rnn_h", "rnn_c"]
    assert report.opset == 20
    assert report.operators["LSTM"] == 1


def test_the_model_is_left_as_it_was(tmp_path: Path) -> None:
    model = series(layers.Conv1D(4, 3, padding="causal"), layers.LSTM(5))
    x = np.random.default_rng(0).normal(size=(2, 6, FEATURES)).astype(np.float32)
    before = np.asarray(model(x))
    export_streaming_onnx(model, tmp_path / "s.onnx")
    np.testing.assert_array_equal(np.asarray(model(x)), before)
    assert [layer for layer in model.layers if "inner_loop" in vars(layer) or "call" in vars(layer)] == []


@pytest.mark.parametrize("name", first_of_each(list_models(), ("builder",)))
def test_every_zoo_model_that_reads_forwards_streams(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    ahead = case(name).looks_ahead(get_spec(name))
    if ahead:
        with pytest.raises(UnsupportedLayerError, match=f"layer '[a-z_0-9]+': {ahead}"):
            export_streaming_onnx(model, tmp_path / "s.onnx")
        return
    spec = model.inputs[0]
    if spec.shape[1] is not None:
        with pytest.raises(ArgumentError, match="expected sequences of any length"):
            export_streaming_onnx(model, tmp_path / "s.onnx")
        return
    report = export_streaming_onnx(model, tmp_path / "s.onnx", strict=True)
    assert report.states
    if (
        get_spec(name).cell != "mlstm"
    ):  # its states are sums of exponentials: only their relative error is small
        assert report.parity.max_difference <= 1e-5


def refused(model: keras.Model, path: Path) -> str:
    with pytest.raises((UnsupportedLayerError, ArgumentError, ParityError)) as caught:
        export_streaming_onnx(model, path / "s.onnx")
    assert not list(path.iterdir())
    return str(caught.value)


FORWARDS = (
    ", so that the model cannot answer piece by piece. Build a model that reads forwards only, or export whole "
    "sequences with export_onnx."
)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (layers.Bidirectional(layers.GRU(2), name="a"), "Bidirectional needs the whole sequence"),
        (layers.LSTM(2, go_backwards=True, name="a"), "reads backwards"),
        (layers.GlobalMaxPooling1D(name="a"), "GlobalMaxPooling1D needs the whole sequence"),
        (layers.Conv1D(2, 3, name="a"), "reads steps ahead (padding='valid', expected 'causal')"),
        (
            layers.Conv1D(2, 3, padding="same", name="a"),
            "reads steps ahead (padding='same', expected 'causal')",
        ),
        (layers.Conv1D(2, 1, strides=2, name="a"), "skips steps (strides=2)"),
        (layers.MaxPooling1D(name="a"), "MaxPooling1D needs the whole sequence"),
    ],
)
def test_a_layer_that_looks_ahead_is_named(layer: keras.Layer, reason: str, tmp_path: Path) -> None:
    model = series(layers.GRU(3, return_sequences=True), layer)
    assert refused(model, tmp_path) == f"layer 'a': {reason}{FORWARDS}"


def test_attention_is_refused_inside_models_too(tmp_path: Path) -> None:
    x = keras.Input((None, FEATURES))
    inner = keras.Model(x, layers.MultiHeadAttention(1, 2, name="attention")(x, x))
    assert refused(series(inner, layers.GRU(2)), tmp_path).startswith("layer 'attention': MultiHeadAttention")


def test_an_operation_that_looks_ahead_is_found_by_its_answers(tmp_path: Path) -> None:
    x = keras.Input((None, FEATURES), name="x")
    model = keras.Model(x, layers.GRU(2, return_sequences=True)(keras.ops.flip(x, axis=1)))
    message = refused(model, tmp_path)
    assert "in pieces of 1" in message
    assert "an operation of the model looks ahead or counts steps" in message


def test_what_has_no_stream_is_refused(tmp_path: Path) -> None:
    x = keras.Input((None, FEATURES), name="x")
    started = keras.Model(x, layers.GRU(4, name="a")(x, initial_state=layers.Dense(4)(x[:, 0])))
    assert refused(started, tmp_path) == (
        "layer 'a': starts from a state that the model computes, which a stream would compute anew for every piece; "
        "expected zeros. Export whole sequences with export_onnx."
    )
    stateless = keras.Sequential([keras.Input((None, FEATURES), name="x"), layers.Dense(2)], name="m")
    assert refused(stateless, tmp_path) == (
        "model 'm': has no recurrent layer and no causal convolution, so that nothing is carried from piece to piece; "
        "expected one at least. Use export_onnx."
    )
    fixed = keras.Sequential([keras.Input((8, FEATURES), name="x"), layers.GRU(2)], name="m")
    assert refused(fixed, tmp_path) == (
        "model 'm': received the input 'x' (None, 8, 3); expected sequences of any length. "
        "Build the model with keras.Input((None, features)) and give it these weights (set_weights)."
    )


def test_a_decoder_whose_states_are_inputs_is_a_stream_already(tmp_path: Path) -> None:
    x, h, c = (
        keras.Input(shape, name=name) for name, shape in (("x", (None, FEATURES)), ("h", (4,)), ("c", (4,)))
    )
    outputs = layers.LSTM(4, return_sequences=True, return_state=True, name="decoder")(
        x, initial_state=[h, c]
    )
    model = keras.Model([x, h, c], outputs)
    assert refused(model, tmp_path) == (
        "layer 'decoder': starts from the model's own inputs ['h', 'c'], so that the model is a stream already; "
        "expected a model without states among its inputs. Export it with export_onnx, and give the states that it "
        "answers with the next piece."
    )
    # The advice: pieces with the states of the piece before answer as the whole.
    export_onnx(model, tmp_path / "decoder.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "decoder.onnx")
    sequence = np.random.default_rng(0).normal(size=(2, 7, FEATURES)).astype(np.float32)
    states = [np.zeros((2, 4), np.float32)] * 2
    truth = np.asarray(model([sequence, *states])[0])
    answers = []
    for piece in (sequence[:, :3], sequence[:, 3:]):
        answer, *states = session.run(None, {"x": piece, "h": states[0], "c": states[1]})
        answers.append(answer)
    np.testing.assert_allclose(np.concatenate(answers, axis=1), truth, atol=1e-6)


def test_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "s.onnx").write_text("mine")
    with pytest.raises(PathExistsError):
        export_streaming_onnx(series(layers.GRU(2)), tmp_path / "s.onnx")
    assert (tmp_path / "s.onnx").read_text() == "mine"
    export_streaming_onnx(series(layers.GRU(2)), tmp_path / "s.onnx", overwrite=True)
    assert (tmp_path / "s.onnx").read_bytes() != b"mine"
