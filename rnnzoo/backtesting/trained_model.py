"""A model that is trained at an origin, and what it forecasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from rnnzoo.backtesting.origin_forecasts import Method
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.compatibility import check_name_fits, choose_task
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.tasks import Task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.trainer import train
from rnnzoo.zoo import create_model

#: Makes a model of the data at an origin.
MakeModel = Callable[[Splits], keras.Model]


@dataclass(frozen=True)
class TrainedModel:
    """What is trained at each origin.

    Attributes:
        model: The name of a model of the zoo, or a function that makes a model of the data.
        arguments: Builder arguments, beside those that the data say.
        config: How to optimise; its seed is that of the backtest.
    """

    model: str | MakeModel
    arguments: Mapping[str, Any] = field(default_factory=dict)
    config: TrainConfig = field(default_factory=TrainConfig)

    @property
    def name(self) -> str:
        """What tells the model from others."""
        return self.model if isinstance(self.model, str) else getattr(self.model, "__qualname__", "own model")

    def describe(self) -> dict[str, Any]:
        """Returns what makes the same again, as JSON has it."""
        training = {name: value for name, value in self.config.to_dict().items() if name != "seed"}
        return {"model": self.name, "arguments": dict(self.arguments), "training": training}

    def fit(self, splits: Splits, seed: int) -> FittedModel:
        """Trains a model.

        Args:
            splits: The data; the test part is not looked at.
            seed: The seed of weights, batches and dropout.

        Raises:
            ArgumentError: If model and data do not fit together.
        """
        keras.utils.set_random_seed(seed)
        if isinstance(self.model, str):
            check_name_fits(self.model, splits)
            model = create_model(self.model, **{**splits.model_arguments, **self.arguments})
        else:
            model = self.model(splits)
            if not isinstance(model, keras.Model):
                raise ArgumentError(
                    f"model: received a function that returns {type(model).__name__}; expected a Keras model. Return "
                    "one, such as create_model(name, **splits.model_arguments)."
                )
        config = dataclasses.replace(self.config, seed=seed)
        train(model, dataclasses.replace(splits, test=None), config=config, progress=False)
        task, suited = choose_task(model, splits)
        return FittedModel(model, task, suited)


@dataclass(frozen=True)
class FittedModel:
    """A model once it is trained.

    Attributes:
        model: The model.
        task: What it was trained for.
        splits: The data, with the decoding for the task.
    """

    model: keras.Model
    task: Task
    splits: Splits

    def forecast(self) -> Method:
        """Forecasts the windows of the test part, in original units."""
        assert self.splits.test is not None, "the test part is what is forecast"
        found = evaluate_part(self.model, self.splits.test, self.splits, self.task)
        return Method.of_outputs(self.task, found.outputs)
