"""Truth of ``rnnzoo.training.optimization.group_rates``.

Groups of layers with rates of their own: against the plain optimizers, frozen, unfrozen and resumed.
"""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import (
    Regularization,
    Splits,
    TrainConfig,
    build_classifier,
    build_language_model,
    load_model,
    train,
)
from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import OPTIMIZERS
from rnnzoo.training.optimization.group_rates import GROUPED_OPTIMIZERS, group_rates
from rnnzoo.training.optimization.layer_groups import layer_groups
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.schedules import SlantedTriangular

STEPS = 4


def small(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    sizes: dict[str, Any] = {"num_classes": 2, "vocabulary_size": 9, "embedding_size": 3, "units": (4, 4)}
    return build_classifier(**{**sizes, **arguments})


def texts() -> Splits:
    rng = np.random.default_rng(0)
    words = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu"]
    rows = [" ".join(rng.choice(words, rng.integers(3, 8))) for _ in range(48)]
    labels = ["yes" if row.count("ant") > row.count("bee") else "no" for row in rows]
    return Splits.from_arrays(rows, labels, validation_fraction=0.2, test_fraction=0.0)


def updated(
    config: TrainConfig, rates: list[tuple[float, int]] | None, *, start: int = 0
) -> list[np.ndarray]:
    """Three variables after some steps of one optimizer with the same gradients."""
    rng = np.random.default_rng(3)
    first = [rng.normal(size=(2, 3)), rng.normal(size=(3,)), rng.normal(size=(4,))]
    variables = [
        keras.Variable(value, dtype="float32", name=name)
        for value, name in zip(first, ("kernel", "bias", "query"), strict=True)
    ]
    optimizer = build_optimizer(config, steps_per_epoch=1, rates=rates)
    for _ in range(STEPS):
        optimizer.apply([keras.ops.array(rng.normal(size=v.shape), "float32") for v in variables], variables)
    return [np.asarray(variable).copy() for variable in variables]


class TestRates:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_factor_is_a_learning_rate_of_its_own(self, name: str) -> None:
        def config(rate: float) -> TrainConfig:
            return TrainConfig(optimizer=name, learning_rate=rate, weight_decay=0.5, clip_bound=0.7)

        factors = [0.1, 0.5, 1.0]
        found = updated(config(0.02), [(factor, 0) for factor in factors])
        for place, factor in enumerate(factors):
            expected = updated(config(0.02 * factor), None)[place]
            np.testing.assert_allclose(found[place], expected, rtol=2e-6)
            assert factor == 1 or not np.allclose(found[place], updated(config(0.02), None)[place])

    def test_one_step_of_adam_is_that_of_its_paper(self) -> None:
        variable = keras.Variable(np.array([1.0, 2.0]), dtype="float32", name="kernel")
        config = TrainConfig(learning_rate=0.1, weight_decay=0.25, clip=None)
        optimizer = build_optimizer(config, steps_per_epoch=1, rates=[(0.5, 0)])
        gradient = np.array([0.3, -4.0])
        optimizer.apply([keras.ops.array(gradient, "float32")], [variable])
        decayed = np.array([1.0, 2.0]) * (1 - 0.05 * 0.25)
        # The first averages, corrected, are the gradient and its square.
        expected = decayed - 0.05 * gradient / (np.abs(gradient) + 1e-7)
        np.testing.assert_allclose(np.asarray(variable), expected, rtol=1e-5)

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_frozen_weights_stay_to_the_last_bit(self, name: str) -> None:
        config = TrainConfig(optimizer=name, learning_rate=0.02, weight_decay=0.5)
        first = updated(config, [(1.0, 99)] * 3)
        moved = updated(config, [(1.0, STEPS), (0.5, STEPS - 1), (1.0, 0)])
        np.testing.assert_array_equal(moved[0], first[0])
        assert (moved[1] != first[1]).all()
        assert (moved[2] != first[2]).all()
        before = np.random.default_rng(3).normal(size=(2, 3)).astype(np.float32)
        np.testing.assert_array_equal(first[0], before)

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_saved_optimizer_comes_back(self, name: str, tmp_path: Path) -> None:
        model = small()
        config = TrainConfig(
            optimizer=name, epochs=9, discriminative=2.6, gradual_unfreezing=1, weight_decay=0.1
        )
        rates = group_rates(model, config, steps_per_epoch=3)
        model.compile(build_optimizer(config, steps_per_epoch=3, rates=rates), loss="mse")
        model.optimizer.build(model.trainable_variables)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras").optimizer
        assert type(again) is GROUPED_OPTIMIZERS[name]
        assert again.get_config()["group_rates"] == [list(rate) for rate in rates or ()]

    def test_the_default_is_the_plain_optimizer(self) -> None:
        assert group_rates(small(), TrainConfig(), steps_per_epoch=3) is None
        assert type(build_optimizer(TrainConfig(), steps_per_epoch=3)) is keras.optimizers.Adam

    def test_rates_for_other_variables_are_refused(self) -> None:
        optimizer = build_optimizer(TrainConfig(), steps_per_epoch=1, rates=[(1.0, 0)])
        with pytest.raises(
            ArgumentError, match="group_rates: received 1 for 2 variables; expected one for each"
        ):
            optimizer.build([keras.Variable(np.zeros(2)), keras.Variable(np.zeros(2))])


class TestGroups:
    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            (lambda: small(), ["embedding", "lstm_1", "lstm_2", "head"]),
            (lambda: small(trainable_embedding=False), ["lstm_1", "lstm_2", "head"]),
            (lambda: small(vocabulary_size=None, num_features=3), ["lstm_1", "lstm_2", "head"]),
            (
                lambda: small(bidirectional=True, regularization=Regularization(weight_drop=0.5)),
                ["embedding", "weight_drop_1", "weight_drop_2", "head"],
            ),
            (
                lambda: build_language_model(vocabulary_size=9, embedding_size=3, units=(4,)),
                ["embedding", "lstm_1", "head"],
            ),
        ],
    )
    def test_from_the_input_to_the_answer(self, model: Any, expected: list[str]) -> None:
        built = model()
        groups = layer_groups(built)
        assert [group.name for group in groups] == expected
        grouped = [id(variable) for group in groups for variable in group.variables]
        assert sorted(grouped) == sorted(id(variable) for variable in built.trainable_variables)

    def test_what_stands_between_recurrent_layers_goes_with_the_one_before(self) -> None:
        model = small(units=(4, 4, 4), skip="highway", pooling="attention")
        layers = {group.name: group.layers for group in layer_groups(model)}
        assert layers["lstm_2"] == ("lstm_2", "highway_2")
        assert layers["head"] == ("highway_3", "attention_pooling", "logits")

    def test_rates_fall_towards_the_input_and_layers_wait_for_those_above(self) -> None:
        model = small()
        config = TrainConfig(epochs=9, discriminative=2.0, gradual_unfreezing=2)
        rates = group_rates(model, config, steps_per_epoch=5)
        assert rates is not None
        found = {v.path.split("/")[0]: rate for v, rate in zip(model.trainable_variables, rates, strict=True)}
        assert found == {
            "embedding": (0.125, 30),
            "lstm_1": (0.25, 20),
            "lstm_2": (0.5, 10),
            "logits": (1, 0),
        }

    def test_what_cannot_be_is_refused(self) -> None:
        inputs = keras.Input((3,))
        flat = keras.Model(inputs, keras.layers.Dense(2)(inputs), name="flat")
        config = TrainConfig(discriminative=2.6)
        with pytest.raises(
            ArgumentError, match="model 'flat': has no recurrent layer; expected one at least"
        ):
            group_rates(flat, config, steps_per_epoch=1)
        model = small(units=(4,), trainable_embedding=False)
        model.get_layer("lstm_1").trainable = False
        with pytest.raises(
            ArgumentError, match=r"received a model with one group of layers to train \(head\)"
        ):
            group_rates(model, config, steps_per_epoch=1)
        with pytest.raises(ArgumentError) as caught:
            group_rates(small(), TrainConfig(epochs=3, gradual_unfreezing=1), steps_per_epoch=1)
        assert str(caught.value) == (
            "gradual_unfreezing: received 1 with epochs=3 and 4 groups of layers (embedding, lstm_1, lstm_2, head); "
            "expected more than 3 epochs, so that all are trained. Raise epochs."
        )


class Watch(keras.callbacks.Callback):
    """Keeps the weights of each layer after every epoch, and may stop."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        super().__init__()
        self._stop_after = stop_after
        self._seen: list[dict[str, np.ndarray]] = [{}]

    @property
    def seen(self) -> list[dict[str, np.ndarray]]:
        return self._seen

    def on_train_begin(self, logs: Any = None) -> None:
        self._seen[0] = self._weights()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._seen.append(self._weights())
        if epoch + 1 == self._stop_after:
            raise KeyboardInterrupt

    def _weights(self) -> dict[str, np.ndarray]:
        names = ("embedding", "lstm_1", "lstm_2", "logits")
        return {
            name: np.concatenate([np.ravel(np.asarray(w)) for w in self.model.get_layer(name).weights])
            for name in names
        }


class TestTraining:
    config = TrainConfig(
        epochs=6,
        batch_size=8,
        learning_rate=0.01,
        weight_decay=0.1,
        schedule="slanted_triangular",
        discriminative=2.6,
        gradual_unfreezing=1,
        early_stopping=None,
        tensorboard=False,
    )

    def test_layers_are_unfrozen_one_after_the_other(self) -> None:
        watch = Watch()
        train(small(dropout=0.2), texts(), config=self.config, callbacks=[watch], progress=False)
        for height, name in enumerate(["logits", "lstm_2", "lstm_1", "embedding"]):
            changed = [
                not np.array_equal(before[name], after[name])
                for before, after in zip(watch.seen, watch.seen[1:], strict=False)
            ]
            assert changed == [False] * height + [True] * (6 - height), name

    @pytest.mark.slow
    def test_a_run_stopped_between_unfreezings_goes_on_as_if_it_had_not_stopped(self, tmp_path: Path) -> None:
        splits, whole = texts(), small(dropout=0.2)
        run: dict[str, Any] = {"config": self.config, "directory": tmp_path / "run", "progress": False}
        train(whole, splits, **{**run, "directory": tmp_path / "whole"}, callbacks=[Watch()])
        with pytest.raises(KeyboardInterrupt):
            train(small(dropout=0.2), splits, **run, callbacks=[Watch(stop_after=2)])
        resumed = small(dropout=0.2)
        train(resumed, splits, **run, callbacks=[Watch()], resume=True)
        for found, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert load_model(tmp_path / "run" / "model.keras").name == "classifier"

    def test_epochs_of_data_without_a_size_cannot_be_counted(self) -> None:
        import tensorflow as tf

        def batches() -> Any:
            rng = np.random.default_rng(0)
            for _ in range(3):
                yield {"tokens": rng.integers(2, 9, (4, 5)).astype(np.int32)}, rng.integers(0, 2, 4)

        signature = ({"tokens": tf.TensorSpec((None, None), tf.int32)}, tf.TensorSpec((None,), tf.int64))
        data = tf.data.Dataset.from_generator(batches, output_signature=signature)
        splits = Splits.from_datasets(data, data, task="classification")
        with pytest.raises(ArgumentError, match="gradual_unfreezing: received 1 with data of unknown size"):
            train(small(), splits, config=self.config, progress=False)


class TestSlantedTriangular:
    @pytest.mark.parametrize("total", [10, 100, 1000])
    def test_values_are_those_of_the_paper(self, total: int) -> None:
        schedule = SlantedTriangular(0.01, total_steps=total)
        cut = math.floor(total * 0.1)
        for step in range(total + 1):
            p = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / 0.1 - 1))
            np.testing.assert_allclose(float(schedule(step)), 0.01 * (1 + p * 31) / 32, rtol=1e-4)

    @pytest.mark.parametrize("total", [2, 9, 19, 101])
    def test_it_never_falls_below_where_it_began(self, total: int) -> None:
        schedule = SlantedTriangular(1.0, total_steps=total)
        rates = np.array([float(schedule(step)) for step in range(total + 5)])
        np.testing.assert_allclose(rates[0], 1 / 32, rtol=1e-6)
        np.testing.assert_allclose(rates.min(), 1 / 32, rtol=1e-6)
        np.testing.assert_allclose(rates[max(1, total // 10)], 1.0, rtol=1e-6)

    def test_it_lies_over_the_whole_of_training_and_is_saved(self) -> None:
        config = TrainConfig(epochs=5, learning_rate=0.02, schedule="slanted_triangular")
        schedule = build_optimizer(config, steps_per_epoch=8)._learning_rate
        assert schedule.get_config() == {"peak": 0.02, "total_steps": 40, "cut_fraction": 0.1, "ratio": 32.0}
        again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
        assert float(again(7)) == float(schedule(7))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"discriminative": 1},
            "discriminative: received 1; expected a finite number above 1. Pass None for one rate for all layers.",
        ),
        (
            {"gradual_unfreezing": 0},
            "gradual_unfreezing: received 0; expected an integer of at least 1. Pass gradual_unfreezing=None to do "
            "without.",
        ),
        (
            {"schedule": "slanted_triangular", "warmup": 0.1},
            "warmup: received 0.1 with schedule='slanted_triangular', which climbs by itself; expected 0. Leave warmup "
            "out.",
        ),
    ],
)
def test_wrong_fields_are_refused_in_words(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        TrainConfig(**fields)
    assert str(caught.value) == message
