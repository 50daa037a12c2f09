"""What every augmentation does: from one row and a generator to a changed row."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, UnknownNameError

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

Drawn = TypeVar("Drawn")
#: What marks a field that the training data fill in, not the user.
FITTED: dict[str, Any] = {"fitted": True}


@dataclass(frozen=True, kw_only=True)
class Augmentation(ABC):
    """A change of one row that leaves its target true.

    Attributes:
        level: Whether it takes raw rows, or what ``preprocessing.encode`` makes of them.
        main: The field that a bare number in a config sets; ``None`` where no number alone says enough.
    """

    level: ClassVar[Literal["raw", "encoded"]]
    main: ClassVar[str | None] = "rate"

    @abstractmethod
    def apply(self, row: Any, rng: np.random.Generator) -> Any:
        """Returns a changed copy of a row; what it draws comes from ``rng`` alone."""

    def fitted(self, splits: Splits) -> Self:
        """Returns the same augmentation with what it needs of the training part.

        Raises:
            ArgumentError: If it cannot do anything to these data.
        """
        return self

    @classmethod
    def from_config(cls, value: object, *, name: str) -> Self:
        """Makes one from a number, the main field, or from its fields by name.

        Args:
            value: The number or the mapping; an empty mapping is all defaults.
            name: Its name in the table, for messages.

        Raises:
            ArgumentError: If it is neither, or a field is out of range.
            UnknownNameError: If there is no such field; the nearest one is suggested.
        """
        known = [field.name for field in dataclasses.fields(cls) if field.metadata != FITTED]
        if isinstance(value, Mapping):
            for key in value:
                if key not in known:
                    raise UnknownNameError(f"field of augmentation {name!r}", key, known)
            values = dict(value)
        elif cls.main is None:
            needed = [field.name for field in dataclasses.fields(cls) if _required(field)]
            fix = f"Pass a mapping that has {needed[0]}." if needed else "Pass {} for the defaults."
            raise ArgumentError(
                f"augmentation {name!r}: received {value!r}; expected a mapping of {', '.join(known)}. {fix}"
            )
        else:
            values = {cls.main: checks.number(f"augmentation {name!r}", value, fix="Or pass a mapping.")}
        missing = [
            field.name for field in dataclasses.fields(cls) if _required(field) and field.name not in values
        ]
        if missing:
            raise ArgumentError(
                f"augmentation {name!r}: received no {missing[0]}; expected one. Pass a mapping that has it."
            )
        try:
            return cls(**values)
        except ArgumentError as error:
            raise ArgumentError(f"augmentation {name!r}: {error}") from error


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def drawn(choices: Sequence[Drawn], rng: np.random.Generator) -> Drawn:
    """Draws one of several values, each with the same probability."""
    return choices[int(rng.integers(len(choices)))]


def check_rate(name: str, value: object, *, maximum: float = 1.0) -> float:
    """Checks a share above 0: without an augmentation is how to do without it."""
    return checks.number(
        name, value, above=0, maximum=maximum, fix="Leave the augmentation out to do without."
    )
