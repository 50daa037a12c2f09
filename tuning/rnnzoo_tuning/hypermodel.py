"""The bridge to Keras Tuner: the model of a trial, trained as ``train`` trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner

from rnnzoo.data.splits import Splits
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.loop import fit
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.problem import Problem, prepare
from rnnzoo.training.watching.execution import steps_per_execution
from rnnzoo_tuning.model_sources import ModelSource
from rnnzoo_tuning.space import SearchSpace

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end")


class TrialHyperModel(keras_tuner.HyperModel):
    """Models whose arguments and training fields come from a search space.

    Args:
        source: What builds them.
        splits: The data; the test part is never touched.
        space: What may vary.
        config: The training fields that do not.
        arguments: Builder arguments that do not vary, beside those that the data dictate.
    """

    def __init__(
        self,
        source: ModelSource,
        splits: Splits,
        space: SearchSpace,
        config: TrainConfig,
        arguments: dict[str, Any],
    ) -> None:
        super().__init__(name=source.name)
        self._source = source
        self._splits = splits
        self._space = space
        self._config = config
        self._arguments = source.arguments(splits, arguments, space)
        self._first: Problem | None = None

    def check(self) -> Monitor:
        """Checks that the model fits the data, with the first value of all that may vary.

        Returns:
            What trials are compared by.

        Raises:
            ArgumentError: If it does not.
        """
        parameters = keras_tuner.HyperParameters()
        model = self.build(parameters)
        self._first = prepare(model, self._splits, None, self._config_of(parameters))
        return self._first.monitor

    def choose(self, parameters: Any) -> tuple[dict[str, Any], TrainConfig]:
        """Returns the builder's arguments and the config that a set of hyperparameters stands for."""
        arguments = self._source.choose(parameters, self._space, self._arguments)
        return arguments, self._config_of(parameters)

    def _config_of(self, parameters: Any) -> TrainConfig:
        return dataclasses.replace(self._config, **self._space.draw_training(parameters))

    def build(self, parameters: Any) -> keras.Model:
        """Builds the model of a trial, its weights drawn from the seed of the config."""
        arguments, config = self.choose(parameters)
        keras.utils.set_random_seed(config.seed)
        return self._source.build(parameters, arguments)

    def fit(
        self,
        parameters: Any,
        model: keras.Model,
        *,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> dict[str, float]:
        """Trains the model of a trial.

        Returns:
            The metrics of its best epoch, the objective among them.
        """
        config = self._config_of(parameters)
        looking = [callback for callback in callbacks if not _passes_on_to_nobody(callback)]
        config = dataclasses.replace(config, steps_per_execution=steps_per_execution(config, looking))
        problem = prepare(model, self._splits, None, config, like=self._first)
        fitted = fit(problem, callbacks=callbacks, epochs=(initial_epoch, epochs or config.epochs))
        best = fitted.history[fitted.best_epoch - 1]  # both count the epochs of this rung only
        objective = problem.monitor.name
        return {name: value for name, value in best.items() if name.startswith("val_") or name == objective}


def _passes_on_to_nobody(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback has hooks for batches only to pass them on to those of a tuner that has none of its own.

    Keras Tuner puts such a callback into every trial; as one that looks at batches it would have each batch run alone.
    """
    tuner = type(getattr(callback, "tuner", None))
    return (
        type(callback).__module__.startswith("keras_tuner.")
        and issubclass(tuner, keras_tuner.Tuner)
        and all(getattr(tuner, hook) is getattr(keras_tuner.Tuner, hook) for hook in _BATCH_HOOKS)
    )
