"""Truth of ``rnnzoo.cells``: the cells against plain NumPy: in Keras, and in the ONNX file that they become."""

# mypy: disable-error-code="call-overload"

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

import reference
from rnnzoo import build_classifier, build_tagger
from rnnzoo.cells import CELLS, SEQUENCE_CELLS
from rnnzoo_export import export_onnx

CLOSE = {"rtol": 2e-5, "atol": 2e-6}
RIGHT_PADDED = np.arange(9) < np.array([9, 4, 1])[:, None]


def random_weights(model: keras.Model) -> None:
    rng = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.4, size=variable.shape))


def weights_of(layer: keras.layers.Layer) -> reference.Weights:
    """By name for the cells of rnnzoo, in order for those of Keras."""
    if type(layer).__module__.startswith("keras"):
        return [np.asarray(weight) for weight in layer.weights]
    return {weight.name: np.asarray(weight) for weight in layer.weights}


def inputs() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(3, 9, 4)).astype(np.float32)


def truth(model: keras.Model, cell: str, *, last: bool) -> np.ndarray:
    """The model's logits from its weights alone."""
    layer, head = model.get_layer(f"{cell}_1"), model.get_layer("logits")
    outputs, final = reference.run(cell, inputs(), RIGHT_PADDED, weights_of(layer))
    kernel, bias = head.get_weights()
    return (final if last else outputs) @ kernel + bias


@pytest.mark.parametrize("cell", SEQUENCE_CELLS)
@pytest.mark.parametrize("last", [pytest.param(True, marks=pytest.mark.slow), False])
def test_keras_and_onnx_compute_what_numpy_does(cell: str, last: bool, tmp_path: Path) -> None:
    build = build_classifier if last else build_tagger
    model = build(
        num_classes=3, num_features=4, variable_length=True, cell=cell, units=(6,), bidirectional=False
    )
    random_weights(model)
    expected = truth(model, cell, last=last)
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (from_onnx,) = session.run(["logits"], {"features": inputs(), "mask": RIGHT_PADDED})
    from_keras = np.asarray(model([inputs(), RIGHT_PADDED]))
    valid = ... if last else RIGHT_PADDED
    np.testing.assert_allclose(from_keras[valid], expected[valid], **CLOSE)
    np.testing.assert_allclose(from_onnx[valid], expected[valid], **CLOSE)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_recurrent_weights_start_orthogonal_and_forget_gates_open(cell: str) -> None:
    model = build_classifier(num_classes=2, num_features=4, cell=cell, units=(8,))
    _, recurrent, bias = (np.asarray(weight) for weight in model.get_layer(f"{cell}_1").weights)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)
    expected = np.zeros(bias.shape)
    if cell == "lstm":
        expected[8:16] = 1  # i, f, c, o
    np.testing.assert_array_equal(bias, expected)


def test_the_reference_reads_backwards_like_keras() -> None:
    layer = keras.layers.GRU(5, go_backwards=True, return_sequences=True)
    x = inputs()
    expected, _ = reference.run(
        "gru", x, None, [np.asarray(w) for w in _built(layer, x).weights], backwards=True
    )
    np.testing.assert_allclose(np.asarray(layer(x))[:, ::-1], expected, **CLOSE)


def _built(layer: keras.layers.Layer, x: np.ndarray) -> keras.layers.Layer:
    layer(x)
    return layer


PARALLEL = [name for name in SEQUENCE_CELLS if CELLS[name].parallel]
# What float32 loses over so many steps, as a share of the largest output where that is above 1: |all at once - step by
# step| at most this, and of mLSTM, whose loop loses more in sums that cancel, twice this.
AT_ONCE = {1: 1e-6, 2: 1e-6, 37: 3e-6, 128: 3e-6, 512: 5e-6, 2048: 5e-6}


@pytest.mark.parametrize("cell", PARALLEL)
@pytest.mark.parametrize("steps", AT_ONCE)
def test_all_steps_at_once_are_the_steps_one_by_one(cell: str, steps: int) -> None:
    keras.utils.set_random_seed(2)
    x = np.random.default_rng(4).normal(size=(2, steps, 5)).astype(np.float32)
    layer = CELLS[cell].layer(8, return_sequences=True, name="layer")
    at_once = np.asarray(layer(x))
    loop = keras.layers.RNN(layer.cell, return_sequences=True)
    one_by_one = np.asarray(tf.function(loop)(x))  # a graph, for an eager loop takes long
    exact, _ = reference.run(cell, x, None, weights_of(layer))
    bound = AT_ONCE[steps] * max(1.0, np.abs(exact).max())
    assert np.abs(at_once - one_by_one).max() <= (2 * bound if cell == "mlstm" else bound)
    assert np.abs(at_once - exact).max() <= bound


@pytest.mark.parametrize("cell", [name for name in SEQUENCE_CELLS if CELLS[name].onnx == "Scan"])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("zero_output", [False, True])
def test_masks_states_and_gradients_are_those_of_keras_loop(
    cell: str, backwards: bool, sequences: bool, zero_output: bool
) -> None:
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(4)
    x, mask = rng.normal(size=(4, 9, 5)).astype(np.float32), rng.random((4, 9)) < 0.6
    mask[1] = False
    arguments = {
        "return_sequences": sequences,
        "go_backwards": backwards,
        "zero_output_for_mask": zero_output,
        "return_state": True,
    }
    layer = CELLS[cell].layer(6, name="layer", **arguments)
    layer(x)
    initial = [rng.normal(size=(4, size)).astype(np.float32) for size in layer.state_size]
    loop = keras.layers.RNN(layer.cell, **arguments)
    answers, gradients = [], []
    for one in (layer, loop):
        with tf.GradientTape() as tape:
            found = one(x, mask=mask, initial_state=[tf.constant(state) for state in initial])
            total = tf.add_n([tf.reduce_sum(tf.square(part)) for part in found])
        answers.append([np.asarray(part) for part in found])
        gradients.append(tape.gradient(total, layer.trainable_variables))
    for found, expected in zip(*answers, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)
    for found, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=2e-4, atol=2e-5)


def test_a_scan_holds_only_what_each_step_needs(tmp_path: Path) -> None:
    """The body of a cell that is solved all at once is one product and one sum."""
    model = build_tagger(num_classes=3, num_features=4, cell="min_gru", units=(6,), bidirectional=False)
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    (scan,) = [node for node in onnx.load(report.path).graph.node if node.op_type == "Scan"]
    (body,) = [attribute.g for attribute in scan.attribute if attribute.name == "body"]
    assert [node.op_type for node in body.node] == ["Mul", "Add", "Identity"]
    assert report.fused == ("min_gru_1",)


class TestGRUD:
    def joined(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(6)
        values = rng.normal(size=(3, 9, 4))
        observed = rng.random(values.shape) < 0.5
        gaps = rng.random(values.shape) * 3
        return np.concatenate([values, observed, gaps], axis=-1).astype(np.float32), observed

    def layer(self) -> keras.layers.Layer:
        keras.utils.set_random_seed(3)
        layer = CELLS["gru_d"].layer(5, return_sequences=True, name="layer")
        layer(self.joined()[0])
        rng = np.random.default_rng(7)
        for variable in layer.trainable_variables:
            variable.assign(rng.normal(scale=0.5, size=variable.shape))
        return layer

    def test_the_equations_of_the_paper(self) -> None:
        layer, (x, _) = self.layer(), self.joined()
        expected, _ = reference.run("gru_d", x, RIGHT_PADDED, weights_of(layer))
        found = np.asarray(layer(x, mask=RIGHT_PADDED))
        np.testing.assert_allclose(found, expected, **CLOSE)

    def test_what_stands_in_missing_values_is_never_read(self) -> None:
        layer, (x, observed) = self.layer(), self.joined()
        spoiled = x.copy()
        spoiled[..., :4][~observed] = np.nan
        np.testing.assert_array_equal(np.asarray(layer(spoiled)), np.asarray(layer(x)))

    def test_features_that_are_not_three_parts_are_refused(self) -> None:
        with pytest.raises(
            ValueError, match="GRU-D: received 4 features; expected values, observed and gaps"
        ):
            CELLS["gru_d"].layer(5, name="layer")(np.zeros((1, 2, 4), np.float32))


def test_weights_of_an_ind_rnn_stay_within_one() -> None:
    model = build_tagger(num_classes=3, num_features=4, cell="ind_rnn", units=(6,), bidirectional=False)
    weights = model.get_layer("ind_rnn_1").cell.recurrent_weights
    weights.assign([3.0, -2.0, 0.5, 1.0, 0.0, -1.0])
    model.compile("sgd", "mse", jit_compile=False)
    x = inputs()
    model.train_on_batch(x, np.zeros((*x.shape[:2], 3)))
    assert np.abs(np.asarray(weights)).max() <= 1.0
