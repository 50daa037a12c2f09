"""Truth of ``rnnzoo.training.optimization.optimizers``: optimizers against arithmetic by hand."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo import TrainConfig
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.config import _CHECKS, _OPTIONAL, CLIPS, OPTIMIZERS
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.schedules import WarmupDecay

GRADIENTS = [np.array([3.0, 4.0]), np.array([[0.0, 12.0]])]  # norms 5 and 12, together 13


def applied(**fields: Any) -> list[np.ndarray]:
    """The gradients that the optimizer really used, from one step of SGD with Nesterov momentum 0.9."""
    config = TrainConfig(optimizer="sgd", learning_rate=1.0, **fields)
    variables = [keras.Variable(np.zeros(g.shape), name=f"v{i}") for i, g in enumerate(GRADIENTS)]
    build_optimizer(config, steps_per_epoch=1).apply([keras.ops.array(g) for g in GRADIENTS], variables)
    return [np.asarray(v) / -1.9 for v in variables]


def test_the_global_norm_scales_all_gradients_together() -> None:
    for found, gradient in zip(applied(clip_bound=1.0), GRADIENTS, strict=True):
        np.testing.assert_allclose(found, gradient / 13, rtol=1e-5)
    for found, gradient in zip(applied(clip_bound=20.0), GRADIENTS, strict=True):
        np.testing.assert_allclose(found, gradient, rtol=1e-5)


def test_the_norm_scales_each_variable_alone() -> None:
    for found, gradient in zip(applied(clip="norm", clip_bound=1.0), GRADIENTS, strict=True):
        np.testing.assert_allclose(found, gradient / np.linalg.norm(gradient), rtol=1e-5)


def test_value_cuts_each_element_and_none_nothing() -> None:
    for found, gradient in zip(applied(clip="value", clip_bound=3.5), GRADIENTS, strict=True):
        np.testing.assert_allclose(found, np.minimum(gradient, 3.5), rtol=1e-5)
    for found, gradient in zip(applied(clip=None), GRADIENTS, strict=True):
        np.testing.assert_allclose(found, gradient, rtol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_shrinks_kernels_and_spares_biases(name: str) -> None:
    config = TrainConfig(optimizer=name, learning_rate=0.1, weight_decay=0.5)
    layer = keras.layers.GRU(2)
    layer.build((None, None, 2))
    before = [np.asarray(v).copy() for v in layer.trainable_variables]
    optimizer = build_optimizer(config, steps_per_epoch=1)
    optimizer.apply([keras.ops.zeros(v.shape) for v in layer.trainable_variables], layer.trainable_variables)
    for variable, old in zip(layer.trainable_variables, before, strict=True):
        shrunk = old if variable.name == "bias" else old * (1 - 0.1 * 0.5)
        np.testing.assert_allclose(np.asarray(variable), shrunk, rtol=1e-5)


def test_weight_decay_spares_gains_and_other_vectors() -> None:
    model = keras.Sequential(
        [keras.Input((None, 3)), layers.LayerNormalization(), layers.GRU(2), layers.Dense(2)]
    )
    optimizer = build_optimizer(
        TrainConfig(weight_decay=0.5), steps_per_epoch=1, variables=model.trainable_variables
    )
    optimizer.build(model.trainable_variables)
    decayed = {v.path for v in model.trainable_variables if optimizer._use_weight_decay(v)}
    kernels = [v for v in model.trainable_variables if v.name in ("kernel", "recurrent_kernel")]
    assert decayed == {v.path for v in kernels}
    assert len(decayed) == 3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_decays_unasked(name: str) -> None:
    variable = keras.Variable(np.ones(3), name="kernel")
    build_optimizer(TrainConfig(optimizer=name), steps_per_epoch=1).apply([keras.ops.zeros(3)], [variable])
    np.testing.assert_array_equal(np.asarray(variable), np.ones(3))


@pytest.mark.parametrize(("name", "clip"), list(itertools.product(OPTIMIZERS, [*CLIPS, None])))
def test_every_optimizer_takes_every_clip(name: str, clip: str | None) -> None:
    optimizer = build_optimizer(TrainConfig(optimizer=name, clip=clip, clip_bound=0.5), steps_per_epoch=1)
    bounds = {optimizer.global_clipnorm, optimizer.clipnorm, optimizer.clipvalue}
    assert bounds == ({None} if clip is None else {None, 0.5})


@pytest.mark.parametrize("shape", ["constant", "cosine", "exponential", "linear"])
def test_schedules(shape: str) -> None:
    schedule = WarmupDecay(2.0, shape, warmup_steps=10, total_steps=110)
    rates = np.array([float(schedule(step)) for step in range(130)])
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 10, rtol=1e-5)
    done = np.clip((np.arange(10, 130) - 10) / 100, 0, 1)
    expected = {
        "constant": np.ones(120),
        "cosine": 0.5 * (1 + np.cos(math.pi * done)),
        "exponential": 0.01**done,
        "linear": 1 - done,
    }[shape]
    np.testing.assert_allclose(rates[10:], 2.0 * expected, rtol=1e-4, atol=1e-6)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert float(again(42)) == rates[42]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": 0}, "epochs: received 0; expected an integer of at least 1."),
        ({"epochs": True}, "epochs: received True; expected an integer of at least 1."),
        ({"batch_size": 3.5}, "batch_size: received 3.5; expected an integer of at least 1."),
        ({"learning_rate": math.nan}, "learning_rate: received nan; expected a finite number above 0."),
        ({"learning_rate": -1}, "learning_rate: received -1; expected a finite number above 0."),
        (
            {"clip_bound": 0},
            "clip_bound: received 0; expected a finite number above 0. Pass clip=None to leave gradients alone.",
        ),
        (
            {"early_stopping": 0},
            "early_stopping: received 0; expected an integer of at least 1. Pass early_stopping=None to do without.",
        ),
        (
            {"reduce_on_plateau": 2, "schedule": "cosine"},
            "reduce_on_plateau: received 2 with schedule='cosine' and warmup=0; expected one rule for the learning "
            "rate. Keep schedule='constant' and warmup=0, or drop reduce_on_plateau.",
        ),
        ({"seed": -1}, "seed: received -1; expected an integer of at least 0 and at most 4294967295."),
        (
            {"seed": 2**32},
            "seed: received 4294967296; expected an integer of at least 0 and at most 4294967295.",
        ),
        ({"monitor": 3}, "monitor: received 3; expected a name, or None for the task's own."),
        ({"loss": ""}, "loss: received ''; expected a name, or None for the task's own."),
        (
            {"class_weights": {}},
            "class_weights: received {}; expected a weight for one class at least, or None.",
        ),
        (
            {"gradual_unfreezing": 3, "early_stopping": 3},
            "gradual_unfreezing: received 3 epochs for each group of layers, with early_stopping=3, which may end "
            "training before the next one is trained; expected a longer patience. Raise early_stopping, or pass "
            "early_stopping=None.",
        ),
    ],
)
def test_wrong_fields_are_refused_in_words(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        TrainConfig(**fields)
    assert str(caught.value) == message


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown optimizer: received 'adamm'; did you mean 'adam'"):
        TrainConfig(optimizer="adamm")
    with pytest.raises(
        UnknownNameError, match="unknown training field: received 'epoch'; did you mean 'epochs'"
    ):
        TrainConfig.from_dict({"epoch": 3})


def test_numbers_of_numpy_and_mappings_become_plain_ones() -> None:
    given = {"a": np.float32(2)}
    config = TrainConfig(
        epochs=np.int64(2),
        learning_rate=np.float32(0.5),
        seed=np.uint8(3),
        class_weights=MappingProxyType(given),
    )
    given["a"] = np.float32(3)
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()
    assert (config.epochs, config.learning_rate, config.seed) == (2, 0.5, 3)
    assert config.class_weights == {"a": 2.0}


def test_every_field_is_checked() -> None:
    assert set(_CHECKS) == {field.name for field in dataclasses.fields(TrainConfig)}
    for field in dataclasses.fields(TrainConfig):
        if field.name not in _OPTIONAL:
            with pytest.raises((ArgumentError, UnknownNameError)):
                TrainConfig(**{field.name: None})
        # No further metric is what most trainings have.
        for wrong in (math.nan, -1, object(), *([] if field.name == "metrics" else [[]])):
            with pytest.raises((ArgumentError, UnknownNameError)):
                TrainConfig(**{field.name: wrong})


def test_a_config_survives_json() -> None:
    config = TrainConfig(optimizer="nadam", clip=None, schedule="linear", warmup=0.1, seed=7)
    assert TrainConfig.from_dict(config.to_dict()) == config
