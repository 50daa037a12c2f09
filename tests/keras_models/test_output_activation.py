"""Truth of ``rnnzoo.keras_models.output_activation``: models that end in probabilities are refused for logits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from rnnzoo import Decoding, Splits, TrainConfig, train
from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.output_activation import check_logits, find_ending
from rnnzoo_export import save_bundle

LABELS = {"classification": ["a", "b", "c"], "binary_classification": ["a", "b"]}


def splits(task: str = "classification", classes: int = 3) -> Splits:
    x = np.random.default_rng(0).normal(size=(60, 5, 2)).astype("float32")
    return Splits.from_arrays(list(x), [i % classes for i in range(60)], task=task)


def functional(head: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((None, 2), name="features")
    return keras.Model(inputs, head(layers.GRU(4, name="gru")(inputs)), name="own")


def dense(**options: Any) -> layers.Dense:
    return layers.Dense(3, name="head", **options)


class Subclassed(keras.Model):
    """Takes a series; its layers say nothing of what it ends in."""

    def __init__(self, units: int, activation: Callable[[Any], Any] | None) -> None:
        super().__init__(name="own")
        self.gru, self.head, self.activation = layers.GRU(4), layers.Dense(units), activation

    def call(self, inputs: Any) -> Any:
        logits = self.head(self.gru(inputs))
        return logits if self.activation is None else self.activation(logits)


@pytest.mark.parametrize(
    ("head", "activation"),
    [
        (dense(), None),
        (dense(activation="relu"), None),
        (dense(activation="softmax"), "softmax"),
        (dense(activation=ops.sigmoid), "sigmoid"),
        (dense(activation=layers.Softmax()), "softmax"),
        (lambda x: layers.Softmax()(dense()(x)), "softmax"),
        (lambda x: layers.Activation("hard_sigmoid")(dense()(x)), "sigmoid"),
        (lambda x: layers.Activation("linear", dtype="float32")(dense(activation="softmax")(x)), "softmax"),
        (lambda x: ops.softmax(dense()(x)), "softmax"),
        (lambda x: keras.activations.sigmoid(dense()(x)), "sigmoid"),
        (lambda x: layers.Reshape((3, 1))(dense(activation="sigmoid")(x)), "sigmoid"),
        (lambda x: ops.squeeze(layers.Dense(1, activation="sigmoid")(x), -1), "sigmoid"),
        (lambda x: layers.TimeDistributed(dense(activation="softmax"))(layers.RepeatVector(4)(x)), "softmax"),
        (lambda x: keras.Sequential([keras.Input((4,)), dense(activation="softmax")])(x), "softmax"),
        (lambda x: layers.Lambda(ops.softmax)(dense()(x)), "unknown"),
        (lambda x: layers.LSTM(3, activation="sigmoid")(layers.RepeatVector(4)(x)), None),
    ],
)
def test_what_a_model_ends_in(head: Callable[[Any], Any], activation: str | None) -> None:
    assert find_ending(functional(head)).activation == activation


def test_an_ended_model_is_refused_before_training_and_the_advice_works() -> None:
    model = functional(dense(activation="softmax"))
    with pytest.raises(ArgumentError) as caught:
        train(model, splits(), progress=False)
    assert str(caught.value) == (
        "model 'own': its output layer 'head' ends in softmax; expected logits, the numbers before it, for task "
        "'classification' applies softmax itself, and would do so a second time. Build it with Dense(3, "
        "activation=None, name='head'). Of a trained model, whose weights stay: "
        "model.get_layer('head').activation = keras.activations.linear"
    )
    exec(str(caught.value).split("stay: ")[1], {"model": model, "keras": keras})
    result = train(model, splits(), config=TrainConfig(epochs=1), progress=False)
    assert len(result.history) == 1


@pytest.mark.parametrize(
    "head",
    [
        dense(activation="softmax"),
        lambda x: layers.Softmax(name="shares")(dense()(x)),
        lambda x: ops.softmax(dense()(x)),
        lambda x: layers.Activation("softmax", name="shares")(dense()(x)),
        lambda x: keras.Sequential([keras.Input((4,)), dense(activation="softmax")], name="inner")(x),
    ],
    ids=["dense", "layer", "operation", "activation", "nested"],
)
def test_a_bundle_answers_what_keras_does_once_the_advice_is_followed(
    head: Callable[[Any], Any], tmp_path: Path
) -> None:
    model = functional(head)
    decoding = Decoding("classification", labels=LABELS["classification"])
    x = np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32")
    truth = model.predict(x, verbose=0)
    with pytest.raises(
        ArgumentError, match=r"for the decoding of task 'classification' applies softmax"
    ) as caught:
        save_bundle(model, tmp_path / "bundle", decoding=decoding)
    assert list(tmp_path.iterdir()) == []
    names = {"model": model, "keras": keras}
    exec(str(caught.value).split("stay: ")[1], names)
    bundle = save_bundle(names["model"], tmp_path / "bundle", decoding=decoding)
    assert bundle.decoding is not None
    answers = bundle.decoding(np.asarray(names["model"](x)))
    assert [list(answer["probabilities"].values()) for answer in answers] == [
        pytest.approx(row, abs=1e-6) for row in truth.tolist()
    ]


def test_the_advice_for_a_sequential_model() -> None:
    model = keras.Sequential([keras.Input((None, 2)), layers.GRU(4), dense(), layers.Softmax()], name="own")
    with pytest.raises(ArgumentError) as caught:
        check_logits(model, "softmax", "task 'x'", list)
    x = np.ones((1, 5, 2), "float32")
    truth = np.asarray(model(x))
    exec(str(caught.value).split("stay: ")[1], {"model": model})
    np.testing.assert_allclose(ops.softmax(model(x)), truth, rtol=1e-6)


def test_without_a_decoding_a_bundle_may_end_in_probabilities(tmp_path: Path) -> None:
    assert save_bundle(functional(dense(activation="softmax")), tmp_path / "bundle").decoding is None


def test_values_may_end_as_they_like(tmp_path: Path) -> None:
    model = functional(layers.Dense(1, activation="sigmoid"))
    decoding = Decoding("regression", target_names=["share"])
    assert save_bundle(model, tmp_path / "bundle", decoding=decoding).decoding is not None
    x = np.random.default_rng(0).normal(size=(60, 5, 2)).astype("float32")
    data = Splits.from_arrays(list(x), [0.1, 0.5] * 30, task="regression")
    assert train(model, data, config=TrainConfig(epochs=1), progress=False).history


def normalised(x: Any) -> Any:
    """A softmax that no layer and no operation of its name is."""
    return ops.exp(x) / ops.sum(ops.exp(x), -1, keepdims=True)


def warned(action: Callable[[], object]) -> list[str]:
    """The warnings of our own that an action gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return [str(entry.message) for entry in caught if str(entry.message).startswith("model ")]


@pytest.mark.parametrize(
    ("task", "units", "activation", "words"),
    [
        ("classification", 3, normalised, "0 and 1 and sum to 1, as behind a softmax"),
        ("binary_classification", 1, lambda x: 1 / (1 + ops.exp(-x)), "0 and 1, as behind a sigmoid"),
    ],
)
def test_a_subclassed_model_is_warned_of_by_its_answers(
    task: str, units: int, activation: Callable[[Any], Any], words: str, tmp_path: Path
) -> None:
    def trained(model: keras.Model) -> object:
        data = splits(task, classes=len(LABELS[task]))
        return train(model, data, config=TrainConfig(epochs=1), progress=False)

    model, signature = Subclassed(units, activation), keras.Input((None, 2), name="features")
    start = f"model 'own': its answers lie within {words}; "
    (message,) = warned(lambda: trained(model))
    assert message.startswith(f"{start}task '{task}' expects logits")
    assert warned(lambda: trained(Subclassed(units, None))) == []
    decoding = Decoding(task, labels=LABELS[task])
    (message,) = warned(
        lambda: save_bundle(model, tmp_path / "bundle", decoding=decoding, input_signature=signature)
    )
    assert message.startswith(f"{start}the decoding of task '{task}' expects logits")


def test_no_warning_where_answers_are_no_probabilities() -> None:
    model = Subclassed(3, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_logits(model, "softmax", "task 'x'", lambda: [np.array([[0.2, 0.3]])])
        check_logits(model, "sigmoid", "task 'x'", lambda: [np.array([[0.2]]), np.array([[1.2]])])
        check_logits(model, "linear", "task 'x'", lambda: [np.array([[0.2, 0.8]])])
