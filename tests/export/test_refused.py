"""Truth of ``rnnzoo_export.operators.refused``: what ONNX cannot say is told by the names of what was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from keras import layers, ops
from onnx import helper

from rnnzoo.errors import UnsupportedLayerError
from rnnzoo_export import export_onnx
from rnnzoo_export.operators.refused import refuse_operations, refuse_traced


class Noisy(layers.Layer):
    """Adds noise whether it is trained or not, unless ``quiet``."""

    def __init__(self, quiet: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.quiet, self.seeds = quiet, keras.random.SeedGenerator(1)

    def call(self, x: Any, training: bool = False) -> Any:
        if self.quiet and not training:
            return x
        return x + keras.random.normal(ops.shape(x), seed=self.seeds)


class Loss(layers.Layer):
    """Answers the CTC loss of outputs and labels."""

    def call(self, inputs: Any) -> Any:
        outputs, labels = inputs
        rows = ops.shape(outputs)[0]
        lengths = [ops.ones((rows,), "int32") * ops.shape(x)[1] for x in (labels, outputs)]
        return ops.ctc_loss(labels, outputs, *lengths)

    def compute_output_shape(self, shapes: Any) -> Any:
        return (shapes[0][0],)


def refused(model: keras.Model, folder: Path) -> str:
    with pytest.raises(UnsupportedLayerError) as caught:
        export_onnx(model, folder / "model.onnx")
    assert not list(folder.iterdir())
    return str(caught.value)


def behind_gru(function: Callable[..., Any]) -> keras.Model:
    x = keras.Input((None, 4), name="x")
    return keras.Model(x, function(layers.GRU(4, return_sequences=True)(x)))


def test_a_draw_names_its_layer_and_its_advice_works(tmp_path: Path) -> None:
    assert refused(behind_gru(Noisy(name="haze")), tmp_path) == (
        "layer 'haze': TensorFlow's StatelessRandomNormalV2, a random draw (keras.random) that is made outside of "
        "training too, has no operator in ONNX; expected operations that ONNX has. Draw only if training is true: "
        "`if training: ...` in the layer's call."
    )
    export_onnx(behind_gru(Noisy(quiet=True)), tmp_path / "model.onnx")


def test_a_ctc_loss_is_left_out_as_advised(tmp_path: Path) -> None:
    x, labels = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="int32", name="labels")
    logits = layers.Dense(5, name="logits")(layers.GRU(4, return_sequences=True)(x))
    model = keras.Model([x, labels], Loss(name="loss")([logits, labels]))
    assert refused(model, tmp_path) == (
        "layer 'loss': TensorFlow's CTCLoss, a CTC loss, which only training needs, has no operator in ONNX; expected "
        "operations that ONNX has. Export the model up to its logits: keras.Model(model.inputs[0], "
        "model.get_layer(NAME).output), NAME being the layer that the loss reads."
    )
    export_onnx(keras.Model(model.inputs[0], model.get_layer("logits").output), tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (
            lambda x: ops.svd(ops.einsum("btf,btg->bfg", x, x))[1],
            "TensorFlow's Svd, a function of keras.ops on matrices",
        ),
        (ops.erfinv, "TensorFlow's Erfinv, keras.ops.erfinv,"),
        (
            lambda x: ops.ctc_decode(x, ops.cast(ops.sum(x[:, :, 0] * 0, 1), "int32") + 1)[0],
            "TensorFlow's CTCGreedyDecoder, keras.ops.ctc_decode,",
        ),
    ],
)
def test_functions_of_keras_are_named(function: Callable[..., Any], part: str, tmp_path: Path) -> None:
    message = refused(behind_gru(function), tmp_path)
    assert part in message
    assert message.endswith(".")


def test_what_is_not_known_is_named_as_tensorflow_does() -> None:
    node = helper.make_node("Unheard", ["x"], ["y"], name="model/odd_1/inner/Unheard")
    graph = helper.make_graph([node], "g", [], [])
    with pytest.raises(UnsupportedLayerError) as caught:
        refuse_operations(helper.make_model(graph), ["odd", "other"])
    assert str(caught.value) == (
        "layer 'odd': TensorFlow's Unheard has no operator in ONNX; expected operations that ONNX has. Compute it "
        "outside of the network, before or after it, or write it otherwise."
    )


def test_what_onnx_has_passes() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], name="model/dense/Relu")
    refuse_operations(onnx.helper.make_model(helper.make_graph([node], "g", [], [])), ["dense"])
    graph = tf.Graph()
    with graph.as_default():
        tf.nn.relu(np.zeros(3, np.float32))
    refuse_traced(graph, ["dense"])


class Inside(layers.Layer):
    """Calls a recurrent layer in a branch or a loop, or before it."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place, self.rnn = place, layers.GRU(3, name="inside")

    def build(self, shape: Any) -> None:
        self.rnn.build(shape)

    def call(self, x: Any) -> Any:
        if self.place == "branch":
            return ops.cond(ops.sum(x) > 0, lambda: self.rnn(x), lambda: x[:, 0])
        answer = self.rnn(x) if self.place == "before" else None

        def step(i: Any, total: Any) -> Any:
            return i + 1, total + (self.rnn(x) if answer is None else answer)

        return ops.while_loop(lambda i, _: i < 2, step, (0, ops.zeros_like(x[:, 0])))[1]

    def compute_output_shape(self, shape: Any) -> Any:
        return shape[0], 3


@pytest.mark.parametrize("place", ["branch", "loop"])
def test_a_recurrent_layer_in_a_loop_or_branch_is_named_and_the_advice_works(
    place: str, tmp_path: Path
) -> None:
    x = keras.Input((None, 3), name="x")
    with pytest.raises(UnsupportedLayerError) as caught:
        export_onnx(keras.Model(x, Inside(place)(x)), tmp_path / "model.onnx")
    assert str(caught.value) == (
        "layer 'inside': a recurrent layer, or one that looks up in a table, is called inside a loop or branch "
        "(keras.ops.cond, keras.ops.while_loop, keras.ops.scan); expected it outside of them. Call it before, and let "
        "the loop or branch read its answer."
    )
    report = export_onnx(keras.Model(x, Inside("before")(x)), tmp_path / "model.onnx")
    assert report.operators["GRU"] == 1
