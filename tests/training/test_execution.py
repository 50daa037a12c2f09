"""Truth of ``rnnzoo.training.watching.execution``.

How training runs its batches: several at once, by tokens, and always with the same result.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, train
from rnnzoo.errors import ArgumentError
from rnnzoo.training.watching.execution import steps_per_execution


class Counter(keras.callbacks.Callback):
    """Counts what it sees of batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1


def texts() -> Splits:
    rows = [" ".join(f"w{(i * 7 + j) % 13}" for j in range(1 + i % 19)) for i in range(120)]
    return Splits.from_arrays(rows, ["even" if i % 2 == 0 else "odd" for i in range(120)])


def trained(splits: Splits, **settings: Any) -> tuple[list[np.ndarray], list[dict[str, float]]]:
    keras.utils.set_random_seed(0)
    name = "series-classifier-gru" if "num_features" in splits.model_arguments else "text-classifier-lstm"
    model = create_model(name, units=(6,), dropout=0.2, **splits.model_arguments)
    config = TrainConfig(epochs=2, tensorboard=False, **settings)
    history = train(model, splits, config=config, progress=False).history
    return model.get_weights(), [{k: v for k, v in row.items() if k != "seconds"} for row in history]


@pytest.mark.parametrize(
    "settings",
    [pytest.param({}, marks=pytest.mark.slow), {"tokens_per_batch": 60, "schedule": "cosine"}],
    ids=["rows", "tokens"],
)
def test_several_batches_at_once_give_the_same_numbers(settings: dict[str, Any]) -> None:
    one, one_history = trained(texts(), steps_per_execution=1, **settings)
    eight, eight_history = trained(texts(), steps_per_execution=8, **settings)
    default, _ = trained(texts(), **settings)
    assert one_history == eight_history
    for a, b, c in zip(one, eight, default, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_a_schedule_ends_with_the_last_batch_of_tokens() -> None:
    _, history = trained(texts(), tokens_per_batch=60, schedule="linear")
    assert history[-1]["learning_rate"] == 0


def test_a_callback_of_batches_sees_every_one_and_the_model_is_left_as_any_other() -> None:
    splits, counter = load_dataset("digits"), Counter()
    model = create_model("series-classifier-gru", units=(4,), **splits.model_arguments)
    config = TrainConfig(epochs=1, tensorboard=False)
    train(model, splits, config=config, callbacks=[counter], progress=False)
    assert counter.batches == splits.train.num_batches(32)
    train(model, splits, config=config, progress=False)
    assert model.steps_per_execution == 1
    assert model.train_function is None
    assert "inner_loop" not in vars(model.get_layer("gru_1"))
    inputs, targets, _ = splits.rows("train").gather(range(64))
    again = Counter()
    model.fit(inputs["features"], targets, batch_size=16, verbose=0, callbacks=[again])
    assert again.batches == 4


def test_who_looks_at_batches_gets_each() -> None:
    assert steps_per_execution(TrainConfig()) == 8
    assert steps_per_execution(TrainConfig(), [keras.callbacks.History()]) == 8
    assert steps_per_execution(TrainConfig(), [Counter()]) == 1
    looking = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    assert steps_per_execution(TrainConfig(), [looking]) == 1
    assert steps_per_execution(TrainConfig(), [keras.callbacks.LambdaCallback()]) == 8
    assert steps_per_execution(TrainConfig(steps_per_execution=3), [Counter()]) == 3
    assert steps_per_execution(TrainConfig(averaging="ema")) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"averaging": "ema", "steps_per_execution": 4},
            "steps_per_execution: received 4 with averaging='ema', which takes in the weights of every step; expected "
            "1. Leave it out.",
        ),
        (
            {"tokens_per_batch": 0},
            "tokens_per_batch: received 0; expected an integer of at least 1. Pass tokens_per_batch=None to do "
            "without.",
        ),
        (
            {"steps_per_execution": 0},
            "steps_per_execution: received 0; expected an integer of at least 1. Pass steps_per_execution=None to do "
            "without.",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        TrainConfig(**fields)
    assert str(caught.value) == message
