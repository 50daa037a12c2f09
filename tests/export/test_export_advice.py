"""Truth of ``rnnzoo_export.network.exportable``: what messages of the export advise works when it is followed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from advice import followed
from rnnzoo import Splits, build_seq2seq, create_model, read_series
from rnnzoo.preprocessing.pairs import PairPreprocessing
from rnnzoo.preprocessing.words import WordPreprocessing
from rnnzoo_export import (
    OnnxPredictor,
    StreamingPredictor,
    Translator,
    export_onnx,
    export_seq2seq_onnx,
    export_streaming_onnx,
    load_bundle,
    save_bundle,
)

Attempt = Callable[[Path], object]


Make = Callable[[], keras.Model]


def network(
    *stack: keras.Layer, shape: tuple[int | None, ...] = (None, 3), dtype_of_input: str = "float32"
) -> keras.Model:
    return keras.Sequential([keras.Input(shape, name="x", dtype=dtype_of_input), *stack])


def with_weights_of(source: keras.Model, target: keras.Model) -> keras.Model:
    target.set_weights(source.get_weights())
    return target


def exports(make: Make, **options: Any) -> Attempt:
    return lambda folder: export_onnx(make(), folder / "model.onnx", overwrite=True, **options)


def streams(make: Make) -> Attempt:
    return lambda folder: export_streaming_onnx(make(), folder / "streaming.onnx", overwrite=True)


def steps(dtype: str = "float32", **options: Any) -> keras.Model:
    """A network that answers at every step."""
    return network(layers.GRU(4, return_sequences=True, dtype=dtype), **options)


def stateful(keeps: bool) -> keras.Model:
    x = keras.Input(batch_shape=(1, None, 3), name="x")
    return keras.Model(x, layers.GRU(4, stateful=keeps)(x))


@keras.saving.register_keras_serializable("advice")
class Subclassed(keras.Model):
    def __init__(self, *first: layers.Layer) -> None:
        super().__init__()
        self.first, self.layer = first, layers.GRU(4)

    def call(self, inputs: Any) -> Any:
        for layer in self.first:
            inputs = layer(inputs)
        return self.layer(inputs)


def called() -> keras.Model:
    model = Subclassed()
    model(np.zeros((1, 2, 8), np.float32))
    return model


def called_with_ids() -> keras.Model:
    model = Subclassed(layers.Embedding(5, 8))
    model(np.zeros((1, 2), np.int32))
    return model


class InPython(layers.Layer):
    """Doubles its input by a Python function."""

    def call(self, x: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(lambda value: 2 * value, [x], tf.float32), x.shape)


class WithOps(layers.Layer):
    """Doubles its input by Keras's operations."""

    def call(self, x: Any) -> Any:
        return keras.ops.multiply(x, 2.0)


def started_by_the_model() -> keras.Model:
    x, other = keras.Input((None, 3), name="x"), keras.Input((4,), name="other")
    start = layers.Dense(4)(other)
    return keras.Model([x, other], layers.GRU(4, return_sequences=True)(x, initial_state=start))


def gelu() -> keras.Model:
    return network(layers.GRU(4, activation="gelu"))


def both() -> keras.Model:
    return network(layers.Bidirectional(layers.GRU(4, return_sequences=True)))


def windowed() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    return keras.Model(x, layers.GRU(4, return_sequences=True)(x[:, 1:]))


def dense() -> keras.Model:
    return network(layers.Dense(4))


QUICK = ("Export a copy", "Use export_onnx", "Build the model with the dtype policy")
# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Attempt, str, tuple[Attempt, ...]]] = [
    (
        exports(gelu),
        "Change it, or pass strict=False",
        (exports(lambda: network(layers.GRU(4, activation="relu"))), exports(gelu, strict=False)),
    ),
    (
        exports(lambda: steps(dtype_of_input="bfloat16")),
        "Build the model with keras.Input(..., dtype='float32') and give it these weights (set_weights).",
        (
            exports(
                lambda: with_weights_of(steps(dtype_of_input="bfloat16"), steps(dtype_of_input="float32"))
            ),
        ),
    ),
    (
        exports(lambda: steps("float16")),
        "Build the model with the dtype policy 'mixed_float16' or 'float32' and give it these weights (set_weights).",
        (
            exports(lambda: with_weights_of(steps("float16"), steps("float32"))),
            exports(lambda: with_weights_of(steps("float16"), steps("mixed_float16"))),
        ),
    ),
    (
        exports(lambda: stateful(True)),
        "Export a copy of the model built with stateful=False.",
        (exports(lambda: with_weights_of(stateful(True), stateful(False))),),
    ),
    (
        exports(called),
        "Pass e.g. input_signature=keras.Input((None, 8), name='features'), of ids keras.Input((None,), dtype='int32', "
        "name='tokens').",
        (
            exports(called, input_signature=keras.Input((None, 8), name="features")),
            exports(
                called_with_ids,
                input_signature=keras.Input((None,), dtype="int32", name="tokens"),
            ),
        ),
    ),
    (
        exports(lambda: network(InPython(), layers.GRU(4))),
        "Write it with keras.ops instead.",
        (exports(lambda: network(WithOps(), layers.GRU(4))),),
    ),
    (
        streams(lambda: steps(shape=(5, 3))),
        "Build the model with keras.Input((None, features)) and give it these weights (set_weights).",
        (streams(lambda: with_weights_of(steps(shape=(5, 3)), steps(shape=(None, 3)))),),
    ),
    (
        streams(both),
        "Build a model that reads forwards only, or export whole sequences with export_onnx.",
        (streams(steps), exports(both)),
    ),
    (streams(windowed), "Export whole sequences with export_onnx.", (exports(windowed),)),
    (
        streams(started_by_the_model),
        "Export whole sequences with export_onnx.",
        (exports(started_by_the_model),),
    ),
    (streams(dense), "Use export_onnx.", (exports(dense),)),
]


@pytest.mark.parametrize(
    ("wrong", "advice", "ways"),
    [
        pytest.param(*case, id=case[1][:50], marks=[] if case[1].startswith(QUICK) else pytest.mark.slow)
        for case in ADVICE
    ],
)
def test_advice_works_when_it_is_followed(
    wrong: Attempt, advice: str, ways: tuple[Attempt, ...], tmp_path: Path
) -> None:
    followed(lambda: wrong(tmp_path), advice, *((lambda way=way: way(tmp_path)) for way in ways))


def rows() -> Splits:
    return Splits.from_arrays(["good film", "bad film"] * 20, ["a", "b"] * 20)


@pytest.mark.slow
def test_a_model_of_texts_is_exported_behind_its_vectorization(tmp_path: Path) -> None:
    vectorize = layers.TextVectorization()
    vectorize.adapt(["good film", "bad film"])
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    inner = keras.Model(tokens, layers.Dense(2)(layers.GRU(4)(layers.Embedding(9, 4)(tokens))))
    texts = keras.Input((), dtype="string", name="texts")
    splits = rows()
    model = create_model("text-classifier-gru", units=(4,), **splits.model_arguments)
    followed(
        lambda: export_onnx(keras.Model(texts, inner(vectorize(texts))), tmp_path / "whole.onnx"),
        "Export the model behind its TextVectorization, and give the bundle a preprocessing.",
        lambda: export_onnx(inner, tmp_path / "inner.onnx"),
        lambda: save_bundle(model, tmp_path / "bundle", preprocessing=splits.preprocessing),
    )


@pytest.mark.slow
def test_a_bundle_without_preprocessing_or_stream_says_how_to_go_on(tmp_path: Path) -> None:
    model = network(layers.GRU(4, return_sequences=True))
    bundle = save_bundle(model, tmp_path / "bundle")
    predictor = OnnxPredictor(bundle)
    followed(
        lambda: predictor.predict([[[1.0, 2.0, 3.0]]]),
        "Use run() with x.",
        lambda: predictor.run({"x": np.zeros((1, 2, 3), np.float32)}),
    )
    followed(
        lambda: StreamingPredictor(tmp_path / "bundle"),
        "Export the model again with also=['streaming'], or rnnzoo export --streaming.",
        lambda: save_bundle(model, tmp_path / "bundle", overwrite=True, also=["streaming"]),
        lambda: StreamingPredictor(tmp_path / "bundle"),
    )


@pytest.mark.slow
def test_forecasts_of_a_distribution_are_decoded_as_advised(tmp_path: Path) -> None:
    frame = pd.DataFrame({"load": np.sin(np.arange(80.0))})
    splits = read_series(frame, target=["load"], window=6, horizon=2)
    model = create_model("forecaster-quantile-lstm", units=(4,), **splits.model_arguments)
    own = splits.for_model(model)

    def saved(name: str, of: Splits) -> object:
        known = {"preprocessing": of.preprocessing, "decoding": of.decoding, "task": of.task}
        return save_bundle(model, tmp_path / name, **known)  # type: ignore[arg-type]

    followed(
        lambda: saved("wrong", splits),
        "Pass splits.for_model(model).decoding, and its task.",
        lambda: saved("right", own),
    )


@pytest.mark.slow
def test_translators_are_exported_and_opened_as_advised(tmp_path: Path) -> None:
    preprocessing = PairPreprocessing(WordPreprocessing.fit(["a b c"]), WordPreprocessing.fit(["x y"]))
    sizes = {"source_vocabulary_size": 7, "target_vocabulary_size": 6, "embedding_size": 4, "units": (6,)}
    model = build_seq2seq(**sizes)  # type: ignore[arg-type]
    followed(
        lambda: save_bundle(model, tmp_path / "bundle", task="translation"),
        "Use export_seq2seq_onnx, whose files Translator and rnnzoo predict run.",
        lambda: export_seq2seq_onnx(model, tmp_path / "translator"),
        lambda: Translator(tmp_path / "translator"),
    )
    followed(
        lambda: load_bundle(tmp_path / "translator"),
        "Use Translator of rnnzoo_export, or rnnzoo predict.",
        lambda: Translator(tmp_path / "translator"),
    )
    followed(
        lambda: Translator(tmp_path / "translator").translate(["a b"]),
        "Pass preprocessing= to export_seq2seq_onnx, or give ids to search().",
        lambda: Translator(tmp_path / "translator").search(np.array([[4, 5, 3]], np.int32)),
        lambda: export_seq2seq_onnx(model, tmp_path / "other", preprocessing=preprocessing),
        lambda: Translator(tmp_path / "other").translate(["a b"]),
    )
