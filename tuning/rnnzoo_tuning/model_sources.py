"""Where the models of a search come from: the zoo, a function that builds them, or a ``HyperModel`` of Keras Tuner."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
import keras_tuner

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.evaluation.compatibility import check_name_fits
from rnnzoo.zoo import create_model, get_spec
from rnnzoo_tuning.default_space import default_space
from rnnzoo_tuning.space import SearchSpace


class ModelSource(ABC):
    """What builds the model of each trial.

    Attributes:
        name: What ``search.json`` calls it.
        draws_itself: Whether the models draw hyperparameters while they are built.
    """

    name: str
    draws_itself: bool = False

    @abstractmethod
    def space(self, given: SearchSpace | None, splits: Splits) -> SearchSpace:
        """Returns the space to search, after checking that all of it is known here.

        Args:
            given: The space that was asked for; ``None`` for the default.
            splits: The data.

        Raises:
            ArgumentError: If there is no default, or the space is empty.
            UnknownNameError: If a name is unknown; the nearest one is suggested.
        """

    @abstractmethod
    def arguments(self, splits: Splits, fixed: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
        """Returns the arguments that are the same in all trials, those that the data dictate among them.

        Args:
            splits: The data.
            fixed: What the caller says.
            space: What varies.

        Raises:
            ArgumentError: If they cannot be.
        """

    @abstractmethod
    def choose(self, parameters: Any, space: SearchSpace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Returns all arguments of a trial; of one whose model draws them itself, what it drew."""

    @abstractmethod
    def build(self, parameters: Any, arguments: Mapping[str, Any]) -> keras.Model:
        """Builds the model of a trial from what ``choose`` returned."""

    def default(self, arguments: Mapping[str, Any]) -> keras.Model:
        """Builds the model as it is where nothing varies, from what ``arguments`` returned."""
        return self.build(keras_tuner.HyperParameters(), arguments)


class ZooSource(ModelSource):
    """A model of the zoo.

    Args:
        name: Its name.

    Raises:
        UnknownNameError: If there is no such model.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._known = builder_parameters(get_spec(name).builder)

    def space(self, given: SearchSpace | None, splits: Splits) -> SearchSpace:
        """Returns the space, by default that of the model."""
        space = given or default_space(self.name, splits)
        space.check(self._known)
        return space

    def arguments(self, splits: Splits, fixed: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
        """Returns what the data dictate and what is given."""
        check_name_fits(self.name, splits)
        return {**splits.model_arguments, **fixed}

    def choose(self, parameters: Any, space: SearchSpace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the arguments with those that are drawn."""
        return {**arguments, **space.draw(parameters)[0]}

    def build(self, parameters: Any, arguments: Mapping[str, Any]) -> keras.Model:
        """Builds the model."""
        return create_model(self.name, **arguments)


class FunctionSource(ModelSource):
    """A function that builds a model.

    Args:
        function: The function; it is called with those of ``splits.model_arguments`` that it takes.
    """

    def __init__(self, function: Callable[..., keras.Model]) -> None:
        self._function = function
        self.name = _qualified_name(function)
        kinds = inspect.signature(function).parameters.values()
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        self._parameters = {parameter.name: parameter for parameter in kinds if parameter.kind in named}
        self._any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in kinds)

    def space(self, given: SearchSpace | None, splits: Splits) -> SearchSpace:
        """Returns the space, which has no default."""
        if given is None:
            raise ArgumentError(
                f"space: received None for the function {self.name}; expected what may vary, for only models of the "
                "zoo have a default. Pass space=SearchSpace(model={...}, training={...})."
            )
        given.check(None if self._any else list(self._parameters))
        return given

    def arguments(self, splits: Splits, fixed: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
        """Returns those of the data's arguments that the function takes, and what is given."""
        for name in fixed:
            if not self._any and name not in self._parameters:
                raise UnknownNameError(f"argument of {self.name}", name, list(self._parameters))
        dictated = {
            name: value
            for name, value in splits.model_arguments.items()
            if self._any or name in self._parameters
        }
        arguments = {**dictated, **fixed}
        drawn = space.drawn_names()
        for name, parameter in self._parameters.items():
            if parameter.default is inspect.Parameter.empty and name not in arguments and name not in drawn:
                raise ArgumentError(
                    f"{self.name}: needs the argument {name!r}, which is neither in the space nor in arguments, and "
                    f"the data give {_listed(splits.model_arguments)}. Pass arguments={{{name!r}: ...}}, or give it a "
                    "default."
                )
        return arguments

    def choose(self, parameters: Any, space: SearchSpace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the arguments with those that are drawn."""
        return {**arguments, **space.draw(parameters)[0]}

    def build(self, parameters: Any, arguments: Mapping[str, Any]) -> keras.Model:
        """Calls the function."""
        return _checked_model(self.name, self._function(**arguments))


class HyperModelSource(ModelSource):
    """A ``HyperModel`` of Keras Tuner, which draws what its models are built from.

    Args:
        hypermodel: The hypermodel; of its methods only ``build`` is called.
    """

    draws_itself = True

    def __init__(self, hypermodel: keras_tuner.HyperModel) -> None:
        self._hypermodel = hypermodel
        self.name = _qualified_name(type(hypermodel))

    def space(self, given: SearchSpace | None, splits: Splits) -> SearchSpace:
        """Returns the fields of the training config that vary; arguments of the model are drawn by its ``build``."""
        space = given or SearchSpace()
        if space.model:
            raise ArgumentError(
                f"space: received the model's arguments {_listed(space.model)} for {self.name}, whose build draws its "
                "own; expected fields of the training alone. Draw them in build, and leave them out here."
            )
        if space.training:
            space.check(())
        return space

    def arguments(self, splits: Splits, fixed: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
        """Returns nothing, after checking that nothing is given and no name is drawn twice."""
        if fixed:
            raise ArgumentError(
                f"arguments: received {_listed(fixed)} for {self.name}, whose build takes none; expected nothing. Keep "
                "them in the HyperModel."
            )
        parameters = keras_tuner.HyperParameters()
        self.build(parameters, {})
        twice = [name for name in space.training if name in parameters.values]
        if twice:
            raise ArgumentError(
                f"space: received {_listed(twice)}, which build of {self.name} draws too; expected each name once. "
                "Leave it out here, or draw it by another name there."
            )
        if not parameters.values and not space.training:
            raise ArgumentError(
                f"space: received no dimension, and build of {self.name} draws nothing; expected at least one to "
                "search over."
            )
        return {}

    def choose(self, parameters: Any, space: SearchSpace, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what the model's ``build`` has drawn."""
        return {
            name: value
            for name, value in parameters.values.items()
            if name not in space.training and not name.startswith("tuner/")
        }

    def build(self, parameters: Any, arguments: Mapping[str, Any]) -> keras.Model:
        """Has the hypermodel build a model."""
        return _checked_model(self.name, self._hypermodel.build(parameters))


def find_source(model: object) -> ModelSource:
    """Returns where the models of a search come from.

    Args:
        model: A name of the zoo, a function that returns a Keras model, or a ``HyperModel``.

    Raises:
        ArgumentError: If it is none of these.
        UnknownNameError: If there is no model of this name.

    Example:
        >>> find_source("text-classifier-gru").name
        'text-classifier-gru'
    """
    if isinstance(model, str):
        return ZooSource(model)
    if isinstance(model, keras_tuner.HyperModel):
        return HyperModelSource(model)
    if callable(model) and not isinstance(model, type | keras.Model) and hasattr(model, "__qualname__"):
        return FunctionSource(model)
    fix = " Pass an object of the class." if isinstance(model, type) else ""
    raise ArgumentError(
        f"model: received {model!r}; expected a name of the zoo, a function that returns a Keras model, or a "
        f"keras_tuner.HyperModel.{fix}"
    )


def _qualified_name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _checked_model(name: str, model: object) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise ArgumentError(f"{name}: returned {type(model).__name__}; expected a Keras model.")
    return model


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
