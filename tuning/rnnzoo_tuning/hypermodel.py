"""The bridge to Keras Tuner: the model of a trial, trained as ``train`` trains."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import keras_tuner

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.loop import fit
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.problem import Problem, prepare
from rnnzoo.training.watching.execution import steps_per_execution
from rnnzoo_tuning.model_sources import find_source
from rnnzoo_tuning.space import SearchSpace

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end")


class SequenceHyperModel(keras_tuner.HyperModel):
    """Models whose arguments and training fields come from a search space, for any tuner of Keras Tuner.

    The data are in it: ``tuner.search()`` takes none. Trials learn from the training part and are compared on the
    validation part; the test part is never touched.

    Args:
        model: A name of the zoo, a function that returns a Keras model, or a ``HyperModel``: see ``run_search``.
        splits: The data.
        space: What may vary; ``None`` for ``default_space`` of a model of the zoo, without what ``arguments`` give.
        arguments: Builder arguments that do not vary, beside those that the data dictate.
        config: The training fields that do not; ``None`` for the defaults.

    Attributes:
        space: What varies.
        splits: The data.

    Raises:
        ArgumentError: If the model, the space or an argument is wrong.
        UnknownNameError: If a name is unknown.

    Example:
        ``hypermodel = SequenceHyperModel("text-classifier-gru", splits)``, then ``keras_tuner.RandomSearch(hypermodel,
        objective=hypermodel.objective, max_trials=10, directory="search").search()``.

    Reference:
        https://keras.io/keras_tuner/
    """

    def __init__(
        self,
        model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
        splits: Splits,
        *,
        space: SearchSpace | None = None,
        arguments: Mapping[str, Any] | None = None,
        config: TrainConfig | None = None,
    ) -> None:
        _check_kinds(splits, space)
        self._source = find_source(model)
        given = checks.mapping("arguments", arguments or {}, fix="Write arguments={'units': (64,)}.")
        super().__init__(name=self._source.name)
        self.splits, self._config = splits, checked_config(config)
        self.space = self._source.space(space, splits)
        if space is None:
            self.space = self.space.without(given)
        self.space.check_given(given)
        self._arguments = self._source.arguments(splits, given, self.space)

    @functools.cached_property
    def _first(self) -> Problem:
        """The training of the first value of all that may vary, which shows whether the model fits the data."""
        parameters = keras_tuner.HyperParameters()
        return prepare(self.build(parameters), self.splits, None, self.choose(parameters)[1])

    @property
    def monitor(self) -> Monitor:
        """What trials are compared by.

        Raises:
            ArgumentError: If the model does not fit the data.
        """
        return self._first.monitor

    @property
    def epochs(self) -> int:
        """Epochs of a trial, at most."""
        return self._config.epochs

    @property
    def objective(self) -> keras_tuner.Objective:
        """The same as Keras Tuner takes it.

        Raises:
            ArgumentError: If the model does not fit the data.
        """
        return keras_tuner.Objective(*self.monitor)

    def choose(self, hp: keras_tuner.HyperParameters) -> tuple[dict[str, Any], TrainConfig]:
        """Returns the builder's arguments and the config that a set of hyperparameters stands for."""
        training = self.space.draw(hp)[1]
        arguments = self._source.choose(hp, self.space, self._arguments)
        return arguments, dataclasses.replace(self._config, **training)

    def draw(self, hp: keras_tuner.HyperParameters) -> None:
        """Names all hyperparameters to ``hp``, those that the model draws itself too."""
        if self._source.draws_itself:
            self.build(hp)
        else:
            self.choose(hp)

    def problem(self, hp: keras_tuner.HyperParameters, *, seed: int | None = None) -> Problem:
        """Returns the training of a set of hyperparameters, of a model with weights of its own.

        Args:
            hp: The hyperparameters.
            seed: Another seed than that of the config.
        """
        arguments, config = self.choose(hp)
        return self._prepared(self._built(hp, arguments, config, seed), config, seed)

    def default_problem(self, seed: int) -> Problem:
        """Returns the training of the model as it is where nothing varies, by the config as it was given.

        Raises:
            ArgumentError: If a function needs an argument that the space alone gives.
        """
        keras.utils.set_random_seed(seed)
        return self._prepared(self._source.default(self._arguments), self._config, seed)

    def _prepared(self, model: keras.Model, config: TrainConfig, seed: int | None) -> Problem:
        """Returns the training of a trial, which has no logs of its own."""
        seed = config.seed if seed is None else seed
        config = dataclasses.replace(config, tensorboard=False, seed=seed)
        return prepare(model, self.splits, None, config, like=self._first)

    def build(self, hp: keras_tuner.HyperParameters, *, seed: int | None = None) -> keras.Model:
        """Builds the model of a trial, its weights drawn from the seed of the config, or from another."""
        return self._built(hp, *self.choose(hp), seed)

    def _built(
        self,
        hp: keras_tuner.HyperParameters,
        arguments: dict[str, Any],
        config: TrainConfig,
        seed: int | None,
    ) -> keras.Model:
        keras.utils.set_random_seed(config.seed if seed is None else seed)
        return self._source.build(hp, arguments)

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        *data: Any,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: Any = 0,
        **others: Any,
    ) -> dict[str, float]:
        """Trains the model of a trial.

        Args:
            hp: The trial's hyperparameters.
            model: What ``build`` returned.
            data: None: the data are in ``splits``.
            epochs: The last epoch; ``None`` for that of the config.
            initial_epoch: How many are done already.
            callbacks: Those of the tuner and of the caller of ``search``.
            verbose: Not used: a trial shows no progress of its own.
            others: None.

        Returns:
            The metrics of its best epoch, the objective among them.

        Raises:
            ArgumentError: If ``search`` was given data or another setting.
        """
        if data or others:
            given = [*(f"{len(data)} arrays of data" for _ in data[:1]), *others]
            raise ArgumentError(
                f"search: received {', '.join(given)}; expected epochs and callbacks alone, for the data are those of "
                "splits. Pass other training settings as config=TrainConfig(...) to SequenceHyperModel."
            )
        config = self.choose(hp)[1]
        looking = [callback for callback in callbacks if not _passes_on_to_nobody(callback)]
        config = dataclasses.replace(config, steps_per_execution=steps_per_execution(config, looking))
        problem = prepare(model, self.splits, None, config, like=self._first)
        fitted = fit(problem, callbacks=callbacks, epochs=(initial_epoch, epochs or config.epochs))
        best = fitted.history[fitted.best_epoch - 1]  # both count the epochs of this rung only
        objective = problem.monitor.name
        return {name: value for name, value in best.items() if name.startswith("val_") or name == objective}


#: The same, by the name that says where its models come from.
ZooHyperModel = SequenceHyperModel


def checked_config(config: object) -> TrainConfig:
    """Returns the training of a search; the defaults where none is given.

    Raises:
        ArgumentError: If it is no ``TrainConfig``.
    """
    if not isinstance(config, TrainConfig | None):
        raise ArgumentError(
            f"config: received {config!r}; expected a TrainConfig. Write TrainConfig(epochs=20)."
        )
    return config or TrainConfig()


def _check_kinds(splits: object, space: object) -> None:
    if not isinstance(splits, Splits):
        raise ArgumentError(
            f"splits: received {splits!r}; expected rnnzoo.Splits. Make them with read_texts, read_series or "
            "Splits.from_arrays."
        )
    if space is not None and not isinstance(space, SearchSpace):
        raise ArgumentError(
            f"space: received {space!r}; expected a SearchSpace. Write "
            "SearchSpace(model={'dropout': Real(0.0, 0.5)})."
        )


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
