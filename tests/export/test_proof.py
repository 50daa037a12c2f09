"""Truth of ``rnnzoo_export.parity.parity``.

What the proof of an export tries: steps, ids, masks and large numbers, wherever in a model they are asked for.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers, ops

from rnnzoo.errors import ExportError, ParityError, UnsupportedLayerError
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import check_parity, export_onnx, export_saved_model, export_streaming_onnx
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_facts import InputFacts
from rnnzoo_export.network.proof_batches import BatchMaker, valid_steps
from rnnzoo_export.network.step_search import find_steps
from rnnzoo_export.network.traced_model import MASK_SHAPES, mask_shapes
from rnnzoo_export.signature import Signature, TensorSpec


def series(*stack: Any, features: int = 3) -> keras.Model:
    return keras.Sequential([keras.Input((None, features), name="x"), *stack])


def of(shape: tuple[int | None, ...], function: Callable[[Any], Any], dtype: str = "float32") -> keras.Model:
    x = keras.Input(shape, dtype=dtype, name="x")
    return keras.Model(x, function(x))


class Own(keras.Model):
    """A model of one's own around a function and the layers that it uses."""

    def __init__(self, function: Callable[..., Any], *parts: Any) -> None:
        super().__init__(name="own")
        self.parts, self._function = list(parts), function

    def call(self, x: Any) -> Any:
        return self._function(x, *self.parts)


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


# Ids.


def embedded(x: Any) -> Any:
    return layers.LSTM(3)(layers.Embedding(2, 3)(x))


def own(function: Callable[..., Any], *parts: Any) -> keras.Model:
    model = Own(function, *parts)
    model(np.ones((1, 4), np.float32))
    return model


def with_table(x: Any, rnn: Any, table: Any) -> Any:
    return rnn(tf.gather(tf.convert_to_tensor(table.embeddings), tf.cast(x, tf.int32)))


IDS: dict[str, tuple[Callable[[], keras.Model], tuple[int, int], int | None]] = {
    "embedding": (lambda: of((None,), embedded), (0, 2), 2),
    "nested": (
        lambda: of((None,), keras.Sequential([keras.Input((None,)), layers.Embedding(5, 3), layers.GRU(2)])),
        (0, 5),
        5,
    ),
    "after moves": (
        lambda: of((None, 1), lambda x: embedded(ops.squeeze(ops.cast(x, "int32"), -1))),
        (0, 2),
        2,
    ),
    "two tables": (
        lambda: of((None,), lambda x: layers.Add()([layers.Embedding(9, 2)(x), layers.Embedding(4, 2)(x)])),
        (0, 4),
        4,
    ),
    "counted from one": (lambda: of((None,), lambda x: embedded(x - 1.0)), (1, 3), None),
    "a column": (
        lambda: of((None, 4), lambda x: layers.GRU(2)(layers.Embedding(6, 2)(x[..., 0]))),
        (0, 6),
        None,  # the other columns may hold more
    ),
    "replaced": (
        lambda: of((None,), lambda x: embedded(ops.where(x < 2, x, ops.zeros_like(x)))),
        (0, 2),
        None,
    ),
    "clipped": (lambda: of((None,), lambda x: embedded(ops.clip(x, 0, 1))), (0, 2), None),
    "one hot": (
        lambda: of((None,), lambda x: layers.GRU(2)(ops.one_hot(ops.cast(x, "int32"), 4))),
        (0, 4),
        None,
    ),
    "encoded": (
        lambda: of((1,), lambda x: layers.CategoryEncoding(5, output_mode="one_hot")(x), "int32"),
        (0, 5),
        None,
    ),
    "own model": (
        lambda: own(
            lambda x, table, rnn: rnn(table(ops.cast(x, "int32"))), layers.Embedding(7, 2), layers.GRU(2)
        ),
        (0, 7),
        7,
    ),
    "own table": (
        lambda: own(lambda x, rnn, table: with_table(x, rnn, table), layers.GRU(2), built(8)),
        (0, 8),
        8,
    ),
}


def built(size: int) -> Any:
    table = layers.Embedding(size, 2)
    table.build((None,))
    return table


@pytest.mark.parametrize("name", IDS)
def test_ids_are_drawn_wherever_their_number_is_known(name: str, tmp_path: Path) -> None:
    build, ids, categories = IDS[name]
    model = build()
    signature = keras.Input((None,), name="x") if isinstance(model, Own) else None
    export_onnx(model, tmp_path / "model.onnx", input_signature=signature)
    exportable = Exportable(model, input_signature=signature)
    (facts,) = exportable.facts.values()
    assert facts.ids == ids
    # What is said to servers: which ids are refused.
    assert exportable.signature.inputs[0].categories == categories
    drawn = exportable.batches().batch("full", 200, 7).arrays["x"]
    used = drawn[..., 0] if name == "a column" else drawn
    assert set(np.unique(used)) <= set(range(*ids))
    assert len(np.unique(used)) >= max(1, ids[1] - ids[0] - 1)


# Masks.


def mean_of_chars(x: Any) -> Any:
    return layers.GRU(2)(
        ops.mean(layers.Embedding(7, 3)(x), axis=2), mask=ops.any(ops.not_equal(x, 0), axis=2)
    )


MASKED: dict[str, tuple[Callable[[], keras.Model], tuple[float, ...]]] = {
    "Masking": (lambda: series(layers.Masking(-1.0), layers.GRU(2)), (-1.0,)),
    "fixed time": (
        lambda: keras.Sequential([keras.Input((6, 3)), layers.Masking(2.5), layers.GRU(2)]),
        (2.5,),
    ),
    "nested twice": (
        lambda: of(
            (None, 3),
            keras.Sequential([keras.Input((None, 3)), series(layers.Masking(-1.0), layers.LSTM(3))]),
        ),
        (-1.0,),
    ),
    "two values": (
        lambda: of(
            (None, 3),
            lambda x: layers.Add()([layers.GRU(2)(layers.Masking(value)(x)) for value in (-1.0, 4.0)]),
        ),
        (-1.0, 4.0),
    ),
    "after a scale": (
        lambda: series(layers.Rescaling(2.0, 1.0), layers.Masking(3.0), layers.GRU(2)),
        (1.0,),
    ),
    "ids": (lambda: of((6,), lambda x: layers.GRU(2)(layers.Embedding(5, 2, mask_zero=True)(x))), (0.0,)),
    "ids with a mask of their own": (
        lambda: of((None,), lambda x: layers.GRU(2)(layers.Embedding(5, 2)(x), mask=ops.not_equal(x, 4))),
        (4.0,),
    ),
    "words of characters": (lambda: of((None, None), mean_of_chars, "int32"), (0.0,)),
}


@pytest.mark.parametrize("name", MASKED)
def test_every_mask_is_met_in_every_shape(name: str, tmp_path: Path) -> None:
    build, pads = MASKED[name]
    model = build()
    assert set(next(iter(Exportable(model).facts.values())).pads) == set(pads)
    for report in (
        export_onnx(model, tmp_path / "model.onnx").parity,
        export_saved_model(model, tmp_path / "1"),
        check_parity(model, tmp_path / "model.onnx"),
    ):
        assert report.masks
        assert all(set(shapes) == set(MASK_SHAPES) for shapes in report.masks.values()), report.masks
        assert report.refused_masks == ()
    assert report.to_config()["masks"] == report.masks


def test_a_mask_that_no_random_input_meets_is_said(tmp_path: Path) -> None:
    model = series(layers.Dense(3), layers.Masking(-1.0), layers.GRU(2, name="gru"))
    assert export_onnx(model, tmp_path / "model.onnx").parity.masks == {"gru": ()}


def test_a_shape_of_mask_that_the_model_refuses_is_said(tmp_path: Path) -> None:
    def function(x: Any, rnn: Any) -> Any:
        valid = tf.reduce_any(tf.not_equal(x, 0.0), axis=-1)
        full = tf.debugging.assert_equal(valid[:, 0], True)
        with tf.control_dependencies([full] if full is not None else []):
            return rnn(tf.identity(x), mask=valid)

    model = Own(function, layers.GRU(2, name="gru"))
    model(np.ones((1, 4, 3), np.float32))
    report = export_saved_model(model, tmp_path / "1", input_signature=keras.Input((None, 3), name="x"))
    assert set(report.refused_masks) == {"left", "empty row"}


def test_a_batch_pads_every_axis_that_has_a_mask() -> None:
    specs = (
        TensorSpec("characters", "int32", (None, None, None), ("batch", "time", None), 9),
        TensorSpec("mask", "bool", (None, 6), ("batch", "time")),
        TensorSpec("lengths", "int32", (None,), ("batch",)),
    )
    facts = {"characters": InputFacts(9, (0, 9), (0.0,), True)}
    maker = BatchMaker(Signature(specs, ()), facts)
    arrays = maker.batch("right", 5, 6).arrays
    valid = arrays["characters"] != 0
    np.testing.assert_array_equal(arrays["mask"], valid.any(axis=2))
    np.testing.assert_array_equal(arrays["lengths"], arrays["mask"].sum(axis=1))
    assert mask_shapes(arrays["mask"]) == {"right"}
    assert "right" in mask_shapes(valid.reshape(30, 3))
    assert all(value.all() for value in maker.batch("full", 5, 6).arrays.values())


@pytest.mark.parametrize("kind", MASK_SHAPES)
def test_masks_have_the_shape_that_they_are_called_by(kind: str) -> None:
    for steps in (3, 7, 19):
        valid = valid_steps(kind, 5, steps, np.random.default_rng(0))
        assert kind in mask_shapes(valid)
        # Nothing else but the empty row beside its neighbours, which end early.
        assert mask_shapes(valid) - {kind} <= ({"right"} if kind in ("empty row", "holes") else set())


def test_a_graph_that_answers_otherwise_than_the_model_is_no_truth(tmp_path: Path) -> None:
    model = Own(lambda x, rnn: rnn(x * (2.0 if tf.executing_eagerly() else 1.0)), layers.GRU(2))
    model(np.ones((1, 4, 3), np.float32))
    with pytest.raises(ParityError, match=r"the file answers .*, the model "):
        export_onnx(model, tmp_path / "model.onnx", input_signature=keras.Input((None, 3), name="x"))


# Large numbers.

SOFTPLUS: dict[str, Callable[[], Any]] = {
    "LSTM": lambda: layers.LSTM(2, activation="softplus"),
    "GRU": lambda: layers.GRU(2, activation="softplus", return_sequences=True),
    "GRU, reset before": lambda: layers.GRU(2, activation="softplus", reset_after=False),
    "gates": lambda: layers.LSTM(2, recurrent_activation="softplus", activation="sigmoid"),
    "SimpleRNN": lambda: layers.SimpleRNN(2, activation="softplus"),
    "SimpleRNN, sequences": lambda: layers.SimpleRNN(2, activation="softplus", return_sequences=True),
    "both": lambda: layers.Bidirectional(layers.LSTM(2, activation="softplus")),
    "RNN": lambda: layers.RNN(layers.GRUCell(2, activation="softplus")),
    "backwards": lambda: layers.GRU(2, activation="softplus", go_backwards=True),
}


@pytest.mark.parametrize("name", SOFTPLUS)
def test_softplus_does_not_overflow_before_keras_does(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = series(layers.Masking(), SOFTPLUS[name]())
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.loops == ()
    assert report.operators.get("Loop", 0) == 0
    rng = np.random.default_rng(1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for size in (1.0, 90.0, 1000.0):
        x = (rng.normal(size=(400, 5, 3)) * size).astype(np.float32)
        x[1, 2:] = 0
        truth = np.asarray(model(x))
        (found,) = session.run(None, {"x": x})
        finite = np.isfinite(truth)
        np.testing.assert_array_equal(np.isfinite(found), finite)
        np.testing.assert_allclose(found[finite], truth[finite], rtol=1e-3, atol=1e-3)


def test_large_numbers_are_halved_until_the_model_answers_finite_ones(tmp_path: Path) -> None:
    # exp overflows from 89 on in Keras too, which is no fault of the file.
    model = series(layers.GRU(2, return_sequences=True), layers.Dense(2))
    x = model.inputs[0]
    grown = keras.Model(x, layers.Add()([model(x)[..., :1], ops.exp(x[..., :1])]))
    assert export_onnx(grown, tmp_path / "model.onnx").parity.cases > 7


def test_answers_that_hang_on_the_last_digit_of_large_numbers_are_not_judged(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    y = layers.MultiHeadAttention(2, 8)(x, x)
    report = export_onnx(keras.Model(x, [layers.GRU(3)(y), ops.sin(x)]), tmp_path / "model.onnx")
    assert report.parity.max_difference <= 1e-5


def test_what_a_file_cannot_answer_is_said_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = series(layers.GRU(3))

    def refuse(*_: Any) -> Any:
        raise RuntimeError("[ONNXRuntimeError] : 2 : no such size")

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", refuse)
    message = (
        r"the file cannot answer x \(1, 1, 3\), which the model can: \[ONNXRuntimeError\] : 2 : no such size "
    )
    with pytest.raises(ParityError, match=message):
        export_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_truth_is_computed_on_the_first_cpu_wherever_the_model_lies(tmp_path: Path) -> None:
    # A second CPU stands for a GPU, whose products may be rounded to ten bits.
    script = """
import keras
import tensorflow as tf

first = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(first, [tf.config.LogicalDeviceConfiguration()] * 2)
from rnnzoo_export.network.exportable import Exportable


class Told(keras.Layer):
    def call(self, x):
        if tf.executing_eagerly():
            print((x + 1.0).device)
        return x


with tf.device("/CPU:1"):
    x = keras.Input((None, 3))
    model = keras.Model(x, keras.layers.GRU(2)(Told()(x)))
    model(tf.zeros((1, 2, 3)))
    exportable = Exportable(model)
    batch = exportable.batches().batch("full", 2, 3).arrays
    exportable.predict_eagerly(batch)
    exportable.predict(batch)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    own, *proof = [line[-5:] for line in ran.stdout.split()]
    assert own == "CPU:1"
    assert proof
    assert set(proof) == {"CPU:0"}
