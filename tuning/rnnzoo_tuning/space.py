"""What a search may vary: arguments of the builder and fields of the training config."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnzoo import checks
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.builders.parts.option_words import leave_to_ready
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.config import TrainConfig
from rnnzoo.value_objects import checked_fields
from rnnzoo.zoo import get_spec


@checked_fields
@dataclass(frozen=True)
class Choice:
    """One of some values, which may be any JSON values (``(64, 64)`` as units, say)."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ArgumentError("Choice: received no values; expected at least one.")

    def draw(self, parameters: Any, name: str) -> Any:
        """Asks the tuner for a value."""
        # Keras Tuner takes numbers and strings only, and all of one type.
        by_label = {json.dumps(value): value for value in self.values}
        return by_label[parameters.Choice(name, list(by_label))]


@checked_fields
@dataclass(frozen=True)
class Integer:
    """A whole number from ``low`` to ``high``, both included."""

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        checks.integer("high", self.high, minimum=checks.integer("low", self.low, minimum=-(2**53)))
        checks.integer("step", self.step, minimum=1)

    def draw(self, parameters: Any, name: str) -> int:
        """Asks the tuner for a value."""
        return int(parameters.Int(name, self.low, self.high, step=self.step))


@checked_fields
@dataclass(frozen=True)
class Real:
    """A number from ``low`` to ``high``; on a logarithmic scale if ``log``, on a grid if ``step`` is given."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        checks.number("high", self.high, above=checks.number("low", self.low))
        if self.log:
            checks.number("low", self.low, above=0, fix="A logarithmic scale has no zero.")
        if self.step is not None:
            checks.number("step", self.step, above=0)

    def draw(self, parameters: Any, name: str) -> float:
        """Asks the tuner for a value."""
        sampling = "log" if self.log else "linear"
        return float(parameters.Float(name, self.low, self.high, step=self.step, sampling=sampling))


Dimension = Choice | Integer | Real


@checked_fields
@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a search.

    Attributes:
        model: Arguments of the builder; ``width`` and ``depth`` together mean ``units``.
        training: Fields of ``TrainConfig``.

    Example:
        >>> space = SearchSpace(
        ...     model={"width": Choice((32, 64)), "depth": Integer(1, 2)},
        ...     training={"learning_rate": Real(1e-4, 1e-2, log=True)},
        ... )
    """

    model: Mapping[str, Dimension] = field(default_factory=dict)
    training: Mapping[str, Dimension] = field(default_factory=dict)

    def check(self, builder_arguments: Collection[str] | None) -> None:
        """Checks that every dimension is an argument of the model's builder or a training field.

        Args:
            builder_arguments: What the builder takes; ``None`` where it takes any name.

        Raises:
            ArgumentError: If the space is empty, or only one of ``width`` and ``depth`` is there.
            UnknownNameError: If a name is unknown; the nearest one is suggested.
        """
        if not self.model and not self.training:
            raise ArgumentError("space: received no dimension; expected at least one to search over.")
        if ("width" in self.model) != ("depth" in self.model):
            raise ArgumentError("space: width and depth go together; give both, or units itself.")
        known_training = {item.name for item in dataclasses.fields(TrainConfig)}
        if builder_arguments is not None:
            units = {"width", "depth"} if "units" in builder_arguments else set()
            _check_known("builder argument", self.model, {*builder_arguments, *units})
        _check_known("training field", self.training, known_training)

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

    def without(self, arguments: Mapping[str, Any]) -> SearchSpace:
        """Returns the space without the builder's arguments that are given.

        Example:
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
        return SearchSpace(left, self.training)

    def drawn_names(self) -> set[str]:
        """Returns the names of the builder's arguments that ``draw_model`` returns."""
        names = set(self.model)
        return (names - {"width", "depth"}) | {"units"} if "width" in names else names

    def to_dict(self) -> dict[str, Any]:
        """Returns the dimensions as JSON has them, each with its ``kind``.

        Example:
            >>> SearchSpace(training={"batch_size": Choice((32, 64))}).to_dict()
            {'model_space': {}, 'training_space': {'batch_size': {'kind': 'choice', 'values': (32, 64)}}}
        """
        return {
            f"{part}_space": {
                name: {"kind": type(dimension).__name__.lower(), **dataclasses.asdict(dimension)}
                for name, dimension in dimensions.items()
            }
            for part, dimensions in (("model", self.model), ("training", self.training))
        }

    def draw_model(self, parameters: Any) -> dict[str, Any]:
        """Draws the builder's arguments of one trial."""
        drawn = {name: dimension.draw(parameters, name) for name, dimension in self.model.items()}
        if "width" in drawn:
            width, depth = drawn.pop("width"), int(drawn.pop("depth"))
            drawn["units"] = (width,) * depth
        return drawn

    def draw_training(self, parameters: Any) -> dict[str, Any]:
        """Draws the training fields of one trial."""
        return {name: dimension.draw(parameters, name) for name, dimension in self.training.items()}


def _is_given(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether arguments say what a builder's argument is, a ready config among them."""
    return name in arguments or not leave_to_ready({name: None}, arguments)


def _check_known(kind: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known, near=nearest_word(name, known))


def default_space(model_name: str) -> SearchSpace:
    """Returns the dimensions that matter most for recurrent networks (Greff 2017, arXiv:1503.04069).

    The learning rate comes first, then the width; clipping and momentum hardly matter and stay as they are.

    Args:
        model_name: A name of the zoo.

    Raises:
        UnknownNameError: If there is no such model.
    """
    given = get_spec(model_name).arguments
    model: dict[str, Dimension] = {"dropout": Real(0.0, 0.5, step=0.1)}
    if "units" in given:
        # What leads around layers needs as many as the model of the table has.
        depth = len(given["units"])
        depths = Integer(depth, depth + 1) if given.get("skip", "none") != "none" else Integer(1, 2)
        model = {"width": Choice((32, 64, 128)), "depth": depths, **model}
    if "embedding_size" in given:
        model["embedding_size"] = Choice((50, 100, 200))
    training: dict[str, Dimension] = {
        "learning_rate": Real(5e-4, 1e-2, log=True),
        "batch_size": Choice((32, 64)),
    }
    return SearchSpace(model, training)
