"""What a search may vary: arguments of the builder and fields of the training config."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnzoo import checks
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.config import TrainConfig, check_field
from rnnzoo.value_objects import checked_fields
from rnnzoo_tuning.conditions import Condition, check_conditions, condition_from
from rnnzoo_tuning.dimensions import Choice, Dimension, dimension_from, dimension_to_dict

_TRAINING = tuple(field.name for field in dataclasses.fields(TrainConfig))
_EXAMPLES = {
    "model": "model={'dropout': Real(0.0, 0.5)}",
    "training": "training={'batch_size': Choice((32, 64))}",
    "conditions": "conditions={'weight_decay': Condition('optimizer', ('adamw',))}",
}


@checked_fields
@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a search. Each change returns a new space.

    Attributes:
        model: Arguments of the builder; ``width`` and ``depth`` together mean ``units``.
        training: Fields of ``TrainConfig``.
        conditions: By the name of a dimension, where it varies only with some values of another.

    Raises:
        ArgumentError: If a name is in both, or a condition is not on another dimension.

    Example:
        >>> from rnnzoo_tuning import Choice, Integer, Real
        >>> space = SearchSpace(
        ...     model={"width": Choice((32, 64)), "depth": Integer(1, 2)},
        ...     training={"learning_rate": Real(1e-4, 1e-2, log=True)},
        ... )
        >>> space.narrow(learning_rate=(1e-3, 1e-2)).fix(width=64).to_dict()["model_space"]["width"]
        {'kind': 'choice', 'values': (64,)}
    """

    model: Mapping[str, Dimension] = field(default_factory=dict)
    training: Mapping[str, Dimension] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("model", "training", "conditions"):
            checks.mapping(f"{part} of a space", getattr(self, part), fix=f"Write {_EXAMPLES[part]}.")
        for name, dimension in {**self.model, **self.training}.items():
            if not isinstance(dimension, Dimension):
                values = tuple(dimension) if isinstance(dimension, list | tuple) else (dimension,)
                raise ArgumentError(
                    f"{name} of a space: received {dimension!r}; expected a Choice, an Integer or a Real. Write "
                    f"{{{name!r}: Choice({values!r})}}."
                )
        for name in self.model.keys() & self.training.keys():
            raise ArgumentError(
                f"space: received {name} of the model and of the training; expected each name once. Leave one out."
            )
        check_conditions(self.conditions, {**self.model, **self.training})

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """All dimensions, each after the one that it depends on."""
        return {name: ({**self.model, **self.training})[name] for name in self._in_order()}

    @property
    def choices(self) -> set[str]:
        """The names of those whose values a tuner has as JSON text."""
        return {name for name, dimension in self.dimensions.items() if isinstance(dimension, Choice)}

    # Changes

    def fix(self, **values: Any) -> SearchSpace:
        """Gives dimensions, or other arguments and fields, one value in all trials.

        Args:
            values: By name. ``units`` takes the place of ``width`` and ``depth``. What is no field of ``TrainConfig``
                is an argument of the builder.

        Example:
            >>> SearchSpace(training={"batch_size": Choice((32, 64))}).fix(batch_size=64).training
            {'batch_size': Choice(values=(64,))}
        """
        model, training = dict(self.model), dict(self.training)
        for name, value in values.items():
            if name == "units":
                for other in ("width", "depth"):
                    model.pop(other, None)
            part = training if name in training or (name in _TRAINING and name not in model) else model
            part[name] = Choice((value,))
        kept = {name: condition for name, condition in self.conditions.items() if name not in values}
        for name, condition in self.conditions.items():
            if condition.on in values:  # it holds in all trials or in none
                kept.pop(name, None)
                if name not in values and not condition.holds(values):
                    model.pop(name, None)
                    training.pop(name, None)
        return SearchSpace(model, training, kept)

    def narrow(self, **ranges: Any) -> SearchSpace:
        """Lets dimensions vary over a part of what they did.

        Args:
            ranges: By name: some of the values of a ``Choice``, ``(low, high)`` of a number, or one value.

        Raises:
            UnknownNameError: If there is no such dimension; the nearest one is suggested.
            ArgumentError: If a value was not possible before.

        Example:
            >>> from rnnzoo_tuning import Real
            >>> SearchSpace(model={"dropout": Real(0.0, 0.5)}).narrow(dropout=(0.2, 0.4)).model
            {'dropout': Real(low=0.2, high=0.4, log=False, step=None)}
        """
        model, training = dict(self.model), dict(self.training)
        _check_known("dimension", ranges, [*model, *training])
        for name, given in ranges.items():
            part = model if name in model else training
            part[name] = part[name].narrowed(name, given)
        return SearchSpace(model, training, self.conditions)

    def add(
        self,
        *,
        model: Mapping[str, Dimension] | None = None,
        training: Mapping[str, Dimension] | None = None,
    ) -> SearchSpace:
        """Adds dimensions.

        Raises:
            ArgumentError: If one is there already.

        Example:
            >>> from rnnzoo_tuning import Choice, Real
            >>> space = SearchSpace(model={"dropout": Real(0.0, 0.5)})
            >>> list(space.add(training={"schedule": Choice(("constant", "cosine"))}).dimensions)
            ['dropout', 'schedule']
        """
        for name in [*(model or {}), *(training or {})]:
            if name in self.model or name in self.training:
                raise ArgumentError(
                    f"add: received {name}, which the space has; expected new names. Use narrow({name}=...) for fewer "
                    f"values, or fix({name}=...) for one."
                )
        return SearchSpace(
            {**self.model, **(model or {})}, {**self.training, **(training or {})}, self.conditions
        )

    def conditional(
        self,
        on: str,
        values: Any,
        *,
        model: Mapping[str, Dimension] | None = None,
        training: Mapping[str, Dimension] | None = None,
    ) -> SearchSpace:
        """Adds dimensions that vary only where another has a certain value, and are left to their defaults elsewhere.

        Args:
            on: The other dimension, a ``Choice`` or an ``Integer``.
            values: The value, or a list of several.
            model: Arguments of the builder.
            training: Fields of ``TrainConfig``.

        Raises:
            ArgumentError: If a dimension is there already, or the other one is not, or never has such a value.

        Example:
            >>> from rnnzoo_tuning import Choice, Real
            >>> space = SearchSpace(training={"optimizer": Choice(("adam", "adamw"))})
            >>> space = space.conditional("optimizer", "adamw", training={"weight_decay": Real(1e-4, 1e-1, log=True)})
            >>> space.conditions
            {'weight_decay': Condition(on='optimizer', values=('adamw',))}
        """
        condition = Condition(on, tuple(values) if isinstance(values, list) else (values,))
        larger = self.add(model=model, training=training)
        added = dict.fromkeys([*(model or {}), *(training or {})], condition)
        return SearchSpace(larger.model, larger.training, {**self.conditions, **added})

    def without(self, arguments: Mapping[str, Any]) -> SearchSpace:
        """Returns the space without the builder's arguments that are given.

        Example:
            >>> from rnnzoo_tuning import Choice, Integer, Real
            >>> space = SearchSpace(model={"dropout": Real(0.0, 0.5), "width": Choice((4, 8)), "depth": Integer(1, 2)})
            >>> list(space.without({"units": 8}).model)
            ['dropout']
        """
        meaning = {"width": "units", "depth": "units"} if "width" in self.model else {}
        left = {
            name: dimension
            for name, dimension in self.model.items()
            if not _is_given(meaning.get(name, name), arguments)
        }
        kept = {
            name: condition
            for name, condition in self.conditions.items()
            if name in {**left, **self.training} and condition.on in {**left, **self.training}
        }
        return SearchSpace(left, self.training, kept)

    # Checks

    def check(self, builder_arguments: Collection[str] | None) -> None:
        """Checks that every dimension is an argument of the model's builder or a training field.

        Args:
            builder_arguments: What the builder takes; ``None`` where it takes any name.

        Raises:
            ArgumentError: If the space is empty, or only one of ``width`` and ``depth`` is there, or a value cannot be.
            UnknownNameError: If a name is unknown; the nearest one is suggested.
        """
        if not self.model and not self.training:
            raise ArgumentError("space: received no dimension; expected at least one to search over.")
        if ("width" in self.model) != ("depth" in self.model):
            raise ArgumentError("space: width and depth go together; give both, or units itself.")
        for name in ("width", "depth"):
            for value in getattr(self.model.get(name), "values", ()):
                checks.integer(name, value, minimum=1)
        check_names(self.model, self.training, builder_arguments)
        for name, dimension in self.training.items():
            for value in dimension.ends:
                check_field(name, value)

    def check_given(self, arguments: Mapping[str, Any]) -> None:
        """Checks that no argument that is the same in all trials is one that varies.

        Args:
            arguments: What is given, which may hold a ready ``encoder`` or ``embedding``.

        Raises:
            ArgumentError: If one is in both.
        """
        for name in sorted(self.drawn_names()):
            if name in arguments:
                raise ArgumentError(
                    f"arguments: received {name}={arguments[name]!r}, which the space draws too; expected it in one "
                    "of them. Leave it out of arguments, or out of the space."
                )
            if _is_given(name, arguments):
                raise ArgumentError(
                    f"arguments: received a ready encoder or embedding, which says {name}, and the space draws {name} "
                    f"too; expected it in one of them. Pass its other fields flat, or leave {name} out of the space."
                )

    def drawn_names(self) -> set[str]:
        """Returns the names of the builder's arguments that ``draw`` returns."""
        names = set(self.model)
        return (names - {"width", "depth"}) | {"units"} if "width" in names else names

    # Drawing

    def draw(self, parameters: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draws the builder's arguments and the training fields of one trial.

        Args:
            parameters: ``keras_tuner.HyperParameters``.
        """
        drawn: dict[str, Any] = {}
        for name, dimension in self.dimensions.items():
            with contextlib.ExitStack() as scopes:
                # The tuner learns of a dimension where it does not apply too, under all that it depends on.
                for condition in self._conditions(name):
                    labels = condition.labels(self.dimensions[condition.on])
                    scopes.enter_context(parameters.conditional_scope(condition.on, labels))
                value = dimension.draw(parameters, name)
            if all(condition.holds(drawn) for condition in self._conditions(name)):
                drawn[name] = value
        if "width" in drawn:
            width, depth = drawn.pop("width"), int(drawn.pop("depth"))
            drawn["units"] = (width,) * depth
        training = {name: drawn.pop(name) for name in self.training if name in drawn}
        return drawn, training

    def _conditions(self, name: str) -> list[Condition]:
        """Returns all that a dimension depends on, the last of which it depends on itself."""
        condition = self.conditions.get(name)
        return [] if condition is None else [*self._conditions(condition.on), condition]

    def _in_order(self) -> Iterator[str]:
        done: list[str] = []

        def visit(name: str) -> Iterator[str]:
            if name not in done:
                if name in self.conditions:
                    yield from visit(self.conditions[name].on)
                done.append(name)
                yield name

        for name in [*self.model, *self.training]:
            yield from visit(name)

    # Files

    def to_dict(self) -> dict[str, Any]:
        """Returns the dimensions as JSON has them, each with its ``kind``.

        Example:
            >>> SearchSpace(training={"batch_size": Choice((32, 64))}).to_dict()
            {'model_space': {}, 'training_space': {'batch_size': {'kind': 'choice', 'values': (32, 64)}}}
        """
        spaces: dict[str, Any] = {
            f"{part}_space": {name: dimension_to_dict(dimension) for name, dimension in dimensions.items()}
            for part, dimensions in (("model", self.model), ("training", self.training))
        }
        if self.conditions:
            spaces["conditions"] = {
                name: dataclasses.asdict(condition) for name, condition in self.conditions.items()
            }
        return spaces

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SearchSpace:
        """Reads what ``to_dict`` returns, or what a person wrote with less.

        Args:
            values: ``model`` and ``training``, each dimension a list of values or ``low`` and ``high`` (see
                ``dimension_from``), and ``conditions``, each ``on`` and ``values``. ``model_space`` and
                ``training_space``, as ``search.json`` has them, are the same.

        Raises:
            ArgumentError: If a part is wrong.
            UnknownNameError: If a key is unknown; the nearest one is suggested.

        Example:
            >>> SearchSpace.from_dict({"training": {"batch_size": [32, 64]}}).training
            {'batch_size': Choice(values=(32, 64))}
        """
        given = checks.mapping("space", values, fix="Write {'training': {'batch_size': [32, 64]}}.")
        named = {str(key).removesuffix("_space"): value or {} for key, value in given.items()}
        _check_known("key of a space", named, ("model", "training", "conditions"))
        for key, part in named.items():
            if not isinstance(part, Mapping):
                raise ArgumentError(
                    f"{key} of a space: received {part!r}; expected names with values. Correct it."
                )
        model, training = (
            {name: dimension_from(name, value) for name, value in named.get(part, {}).items()}
            for part in ("model", "training")
        )
        conditions = {
            name: condition_from(name, value) for name, value in named.get("conditions", {}).items()
        }
        return cls(model=model, training=training, conditions=conditions)


def check_names(
    model: Collection[str], training: Collection[str], builder_arguments: Collection[str] | None
) -> None:
    """Checks that names are those of a builder's arguments and of training fields.

    Args:
        model: The names that are to be arguments; ``width`` and ``depth`` stand for ``units``.
        training: The names that are to be fields.
        builder_arguments: What the builder takes; ``None`` where it takes any name.

    Raises:
        UnknownNameError: If a name is unknown; the nearest one is suggested.
    """
    if builder_arguments is not None:
        units = {"width", "depth"} if "units" in builder_arguments else set()
        _check_known("builder argument", model, {*builder_arguments, *units})
    _check_known("training field", training, _TRAINING)


def _is_given(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether arguments say what a builder's argument is, a ready config among them."""
    from rnnzoo.builders.parts.option_words import leave_to_ready  # starts TensorFlow

    return name in arguments or not leave_to_ready({name: None}, arguments)


def _check_known(kind: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known, near=nearest_word(name, known))
