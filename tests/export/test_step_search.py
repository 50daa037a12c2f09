"""Truth of ``rnnzoo_export.network.step_search``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers, ops

from proof_models import Own, of, series
from rnnzoo.errors import ExportError, UnsupportedLayerError
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import export_onnx, export_saved_model, export_streaming_onnx
from rnnzoo_export.network.step_search import find_steps


def metadata(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


LEAST: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "convolution": (lambda: series(layers.Conv1D(8, 2), layers.LSTM(4)), 2),
    # As many channels out as in: what TensorFlow makes of one step too few has the right shape.
    "convolution of as many channels": (
        lambda: series(layers.Conv1D(3, 2, use_bias=False), layers.LSTM(4)),
        2,
    ),
    "dilated": (lambda: series(layers.Conv1D(3, 3, dilation_rate=3), layers.GRU(4)), 7),
    "strided": (lambda: series(layers.Conv1D(3, 5, strides=3), layers.GRU(4, return_sequences=True)), 5),
    "depthwise": (lambda: series(layers.DepthwiseConv1D(3), layers.GRU(4)), 3),
    "sound": (lambda: series(layers.Conv1D(2, 400, strides=160), layers.GRU(2), features=1), 400),
    "largest of four": (lambda: series(layers.MaxPooling1D(4), layers.LSTM(4)), 4),
    "mean of three": (lambda: series(layers.AveragePooling1D(3), layers.SimpleRNN(4)), 3),
    "cropped": (lambda: series(layers.Cropping1D((2, 1)), layers.GRU(4)), 4),
    "mean of all": (lambda: series(layers.Conv1D(4, 5), layers.GlobalAveragePooling1D()), 5),
    "slice": (lambda: of((None, 3), lambda x: layers.LSTM(4)(x[:, 2:])), 3),
    "differences": (lambda: of((None, 3), lambda x: layers.LSTM(4)(x[:, 1:] - x[:, :-1])), 2),
    "pieces of four": (lambda: series(layers.Reshape((-1, 12)), layers.LSTM(4)), 4),
    "any": (lambda: series(layers.LSTM(4)), 1),
}


@pytest.mark.parametrize("name", LEAST)
def test_the_fewest_steps_are_found_and_said(name: str, tmp_path: Path) -> None:
    build, least = LEAST[name]
    report = export_onnx(build(), tmp_path / "model.onnx")
    assert report.parity.least_steps == least
    assert metadata(tmp_path / "model.onnx")["least_steps"] == str(least)


def test_a_model_of_ones_own_and_a_saved_model_need_as_many(tmp_path: Path) -> None:
    model = Own(lambda x, rnn: rnn(x[:, 3:]), layers.GRU(2))
    model(np.zeros((1, 5, 3), np.float32))
    signature = keras.Input((None, 3), name="x")
    assert export_onnx(model, tmp_path / "m.onnx", input_signature=signature).parity.least_steps == 4
    assert export_saved_model(model, tmp_path / "1", input_signature=signature).least_steps == 4


def test_a_fixed_number_of_steps_is_not_sought(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((5, 3)), layers.Conv1D(2, 2), layers.GRU(2)])
    assert export_onnx(model, tmp_path / "model.onnx").parity.least_steps is None
    assert "least_steps" not in metadata(tmp_path / "model.onnx")


def test_a_model_that_takes_few_steps_only_is_proved_on_those(tmp_path: Path) -> None:
    positions = tf.constant(np.random.default_rng(0).normal(size=(1, 10, 3)), tf.float32)
    model = Own(lambda x, rnn: rnn(x + positions[:, : tf.shape(x)[1]]), layers.GRU(2))
    model(np.zeros((1, 5, 3), np.float32))
    report = export_onnx(model, tmp_path / "m.onnx", input_signature=keras.Input((None, 3), name="x"))
    assert report.parity.least_steps == 1


def test_free_axes_after_time_are_long_enough_too(tmp_path: Path) -> None:
    model = of((None, None, 1), lambda x: layers.GlobalMaxPooling2D()(layers.Conv2D(2, 5)(x)))
    assert export_onnx(model, tmp_path / "model.onnx").parity.least_steps == 5


def test_a_model_that_takes_no_number_of_steps_is_refused(tmp_path: Path) -> None:
    model = of((None, 3), lambda x: layers.LSTM(2)(ops.reshape(x, (-1, 5, 7))))
    message = (
        r"^model '\w+': answers no sequence of 1 to 32 steps, nor of any power of two up to 16384; the last cause: "
        r".*requires a multiple of 35.* Fix the number of steps in its input to one that it takes: "
        r"keras\.Input\(\(steps, features\)\)\.$"
    )
    with pytest.raises(ExportError, match=message):
        export_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
    # As the message says:
    fixed = of((35, 3), lambda x: layers.LSTM(2)(ops.reshape(x, (-1, 15, 7))))
    export_onnx(fixed, tmp_path / "model.onnx")


def test_steps_are_sought_by_halving_beyond_those_tried_one_by_one() -> None:
    tried = []

    def answers(steps: int, inner: int) -> bool:
        tried.append(steps)
        if steps < 7001:
            raise ExportError("too few")
        return True

    assert find_steps(answers, "model 'm'", (3,)) == (7001, 3)
    assert len(tried) < 60


def test_a_stream_must_take_single_steps(tmp_path: Path) -> None:
    model = of((None, 3), lambda x: layers.LSTM(4, return_sequences=True)(x[:, 2:]))
    with pytest.raises(
        UnsupportedLayerError, match=r"takes no fewer than 3 steps, so that it cannot answer step by"
    ):
        export_streaming_onnx(model, tmp_path / "s.onnx")
    export_onnx(model, tmp_path / "whole.onnx")


def test_texts_that_are_too_short_are_left_out_of_the_proof(tmp_path: Path) -> None:
    made = TextPreprocessing.fit(["the cat sat on the mat and slept", "no"], max_length=30)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Conv1D(3, 3)(layers.Embedding(len(made.vocabulary), 3)(tokens))
    model = keras.Model(tokens, layers.GRU(2)(x))
    report = export_onnx(model, tmp_path / "raw.onnx", text=made)
    assert report.parity.least_steps == 3
    assert export_saved_model(model, tmp_path / "1", text=made).least_steps == 3
    session = onnxruntime.InferenceSession(tmp_path / "raw.onnx", providers=["CPUExecutionProvider"])
    texts = ["the cat sat", "on the mat and"]
    (found,) = session.run(None, {"text": np.array(texts, object)})
    np.testing.assert_allclose(found, model(made.apply(texts)["tokens"]), atol=1e-5)
