"""Truth of ``rnnzoo.training.problem``: what messages of training advise works when it is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import toy_training as toy
from advice import followed
from rnnzoo import Splits, TrainConfig, create_model, running_text_splits, train, transfer
from rnnzoo.training.optimization.layer_groups import layer_groups
from rnnzoo.training.problem import prepare
from rnnzoo.training.watching.gradient_norms import GradientNorms

MODEL = "series-classifier-gru"


def config(**fields: Any) -> TrainConfig:
    return TrainConfig(**fields)


def ready(
    fields: dict[str, Any], *, model: keras.Model | None = None, splits: Splits | None = None
) -> object:
    """Makes a training ready, as ``train`` does before the first step."""
    return prepare(model or toy.model(), splits or toy.series(), None, TrainConfig(**fields))


def values() -> Splits:
    return Splits.from_arrays(np.zeros((40, 5, 3)), np.arange(40.0), task="regression")


def regressor() -> keras.Model:
    return create_model(MODEL, units=(4,), **values().model_arguments)


def of_unknown_size(*, counted: bool = False) -> Splits:
    x, y = np.zeros((8, 6, 3), np.float32), np.zeros(8, np.int32)
    data = tf.data.Dataset.from_tensor_slices((x, y)).filter(lambda *_: True).batch(4)
    if counted:
        data = data.apply(tf.data.experimental.assert_cardinality(2))
    return Splits.from_datasets(data, data, task="classification", labels=["rare", "usual"])


def without_cardinality(fields: dict[str, Any], *, counted: bool = False) -> object:
    model = create_model(MODEL, num_features=3, num_classes=2, variable_length=False, units=(4,))
    return ready(fields, model=model, splits=of_unknown_size(counted=counted))


# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]] = [
    (
        lambda: config(schedule="slanted_triangular", warmup=0.1),
        "Leave warmup out.",
        (lambda: config(schedule="slanted_triangular"),),
    ),
    (
        lambda: config(reduce_on_plateau=2, schedule="cosine", warmup=0.1),
        "Keep schedule='constant' and warmup=0, or drop reduce_on_plateau.",
        (
            lambda: config(reduce_on_plateau=2, schedule="constant", warmup=0),
            lambda: config(schedule="cosine", warmup=0.1),
        ),
    ),
    (
        lambda: config(averaging="ema", steps_per_execution=4),
        "expected 1. Leave it out.",
        (lambda: config(averaging="ema"), lambda: config(averaging="ema", steps_per_execution=1)),
    ),
    (
        lambda: config(gradual_unfreezing=5, early_stopping=3),
        "Raise early_stopping, or pass early_stopping=None.",
        (
            lambda: config(gradual_unfreezing=5, early_stopping=6),
            lambda: config(gradual_unfreezing=5, early_stopping=None),
        ),
    ),
    (
        lambda: config(averaging="nt_asgd", averaging_patience=5, early_stopping=5),
        "Raise early_stopping, or lower averaging_patience.",
        (
            lambda: config(averaging="nt_asgd", averaging_patience=5, early_stopping=6),
            lambda: config(averaging="nt_asgd", averaging_patience=4, early_stopping=5),
        ),
    ),
    (lambda: config(clip_bound=0), "Pass clip=None to leave gradients alone.", (lambda: config(clip=None),)),
    (
        lambda: config(discriminative=1),
        "Pass None for one rate for all layers.",
        (lambda: config(discriminative=None),),
    ),
    *(
        (
            lambda name=name: config(**{name: 0}),
            f"Pass {name}=None to do without.",
            (lambda name=name: config(**{name: None}),),
        )
        for name in ("tokens_per_batch", "early_stopping", "reduce_on_plateau", "gradual_unfreezing")
    ),
    (
        lambda: ready({"reset_states": 0.1}),
        "only running text (running_text_splits) carries states. Leave it out.",
        (
            lambda: ready({}),
            lambda: ready({"reset_states": 0.1}, model=language_model(), splits=running_text()),
        ),
    ),
    (
        lambda: ready({}, model=language_model(bidirectional=True), splits=running_text()),
        "Build the model with bidirectional=False.",
        (lambda: ready({}, model=language_model(bidirectional=False), splits=running_text()),),
    ),
    (
        lambda: without_cardinality({"schedule": "cosine"}),
        "Give the tf.data a cardinality (dataset.apply(tf.data.experimental.assert_cardinality(n))), or leave it out.",
        (lambda: without_cardinality({"schedule": "cosine"}, counted=True), lambda: without_cardinality({})),
    ),
    (
        lambda: ready({"accumulation": 99, "epochs": 1}),
        "Lower it.",
        (lambda: ready({"accumulation": 2, "epochs": 1}),),
    ),
    (
        lambda: ready({"label_smoothing": 0.1}, model=regressor(), splits=values()),
        "no class with its probability. Leave it out.",
        (lambda: ready({}, model=regressor(), splits=values()),),
    ),
    (
        lambda: ready({"class_weights": "balanced"}, model=regressor(), splits=values()),
        "expected one of classification, binary_classification, tagging. Leave it out.",
        (lambda: ready({"class_weights": "balanced"}), lambda: ready({}, model=regressor(), splits=values())),
    ),
    (
        lambda: ready({"gradual_unfreezing": 2, "epochs": 2, "early_stopping": None}),
        "so that all are trained. Raise epochs.",
        (lambda: ready({"gradual_unfreezing": 2, "epochs": 20, "early_stopping": None}),),
    ),
    (
        lambda: ready({"discriminative": 2.0}, model=head_only()),
        "Leave them out, or let more of the model be trained.",
        (lambda: ready({}, model=head_only()), lambda: ready({"discriminative": 2.0})),
    ),
    (
        lambda: ready({"mixed_precision": "float16"}, model=in_half()),
        "Build the model without a policy of its own, or leave mixed_precision out.",
        (lambda: ready({"mixed_precision": "float16"}), lambda: ready({}, model=in_half())),
    ),
]


def running_text() -> Splits:
    return running_text_splits("the cat sat on the mat . " * 60, unit="character", window=8)


def language_model(*, bidirectional: bool = False) -> keras.Model:
    size = running_text().model_arguments["vocabulary_size"]
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    layer = keras.layers.LSTM(4, return_sequences=True)
    x = keras.layers.Embedding(size, 4)(tokens)
    x = keras.layers.Bidirectional(layer)(x) if bidirectional else layer(x)
    return keras.Model(tokens, keras.layers.Dense(size, name="logits")(x))


def head_only() -> keras.Model:
    model = toy.model()
    for layer in model.layers[:-1]:
        layer.trainable = False
    assert len(layer_groups(model)) == 1
    return model


def in_half() -> keras.Model:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return toy.model()
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(("wrong", "advice", "ways"), ADVICE, ids=[advice[:50] for _, advice, _ in ADVICE])
def test_advice_works_when_it_is_followed(
    wrong: Callable[[], object], advice: str, ways: tuple[Callable[[], object], ...]
) -> None:
    followed(wrong, advice, *ways)


@pytest.mark.slow
def test_weights_that_diverge_are_brought_back_by_a_lower_rate_or_clipping() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 4, 2)) * 1e3
    huge = Splits.from_arrays(rows, np.arange(80.0), task="regression")

    def trained(**fields: Any) -> object:
        inputs = keras.Input((None, 2), name="features")
        x = keras.layers.SimpleRNN(4, activation="linear", recurrent_initializer="ones")(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1, name="values")(x))
        fields = {"epochs": 2, "optimizer": "sgd", "learning_rate": 1e30, "clip": None, **fields}
        return train(model, huge, config=TrainConfig(**fields), progress=False)

    followed(
        lambda: trained(),
        "Lower learning_rate, clip gradients, or look for extreme values in the data.",
        lambda: trained(learning_rate=1e-6),
        lambda: trained(learning_rate=1e-3, clip="global_norm", clip_bound=1e-3),
    )


def test_transfer_of_models_of_one_kind() -> None:
    other = create_model("series-classifier-lstm", num_features=3, num_classes=2, units=(5,))
    followed(
        lambda: transfer(other, toy.model()),
        "Build both with the same cell, units and embedding_size, or pass names.",
        lambda: transfer(toy.model(seed=1), toy.model()),
    )


def test_what_a_verdict_on_gradients_names_is_there() -> None:
    def verdict_of(first: float) -> str:
        steps = {"rnn_1": np.geomspace(first, 1.0, 40)}
        return GradientNorms(total=1.0, weights={}, steps=steps).verdict()

    verdict = verdict_of(1e-12)
    assert "use cell='lstm', 'gru', 'ind_rnn' or 'min_gru', skip='residual', or shorter sequences" in verdict
    for cell in ("lstm", "gru", "ind_rnn", "min_gru"):
        assert toy.model(cell=cell, units=(4, 4, 4), skip="residual").count_params() > 0
    assert "clip the global norm (TrainConfig(clip='global_norm'))" in verdict_of(1e12)
    assert ready({"clip": "global_norm"}) is not None
