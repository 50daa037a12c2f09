"""When a dimension of a search varies: where another one has a certain value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.value_objects import checked_fields
from rnnzoo_tuning.dimensions import Choice, Dimension, Integer


@checked_fields
@dataclass(frozen=True)
class Condition:
    """That a dimension varies only where another one has a certain value.

    Attributes:
        on: The other dimension, a ``Choice`` or an ``Integer``.
        values: With which of its values.
    """

    on: str
    values: tuple[Any, ...]

    def holds(self, drawn: Mapping[str, Any]) -> bool:
        """Whether it holds for values that were drawn."""
        return self.on in drawn and json.dumps(drawn[self.on]) in map(json.dumps, self.values)

    def labels(self, on: Dimension) -> list[Any]:
        """Returns what the tuner calls the values of the other dimension.

        Raises:
            ArgumentError: If it never has one of them, or is a ``Real``.
        """
        if not isinstance(on, Choice | Integer):
            raise ArgumentError(
                f"condition: received {self.on}, which is a {type(on).__name__}; expected a Choice or an Integer. Let "
                "it depend on another dimension."
            )
        return [on.label(self.on, value) for value in self.values]


def check_conditions(conditions: Mapping[str, Condition], dimensions: Mapping[str, Dimension]) -> None:
    """Checks that all conditions are on other dimensions, with values that these have.

    Raises:
        ArgumentError: If one is not, or dimensions depend on each other.
        UnknownNameError: If there is no such dimension.
    """
    for name, condition in conditions.items():
        for known in (name, condition.on):
            if known not in dimensions:
                raise UnknownNameError("dimension of a condition", known, list(dimensions))
        if name in ("width", "depth"):
            raise ArgumentError(
                f"condition of {name}: received one; expected none, for each trial needs width and depth. Make units "
                "conditional."
            )
        condition.labels(dimensions[condition.on])
        _check_no_ring(name, conditions)


def _check_no_ring(name: str, conditions: Mapping[str, Condition]) -> None:
    seen, at = {name}, conditions[name].on
    while at not in seen and at in conditions:
        seen.add(at)
        at = conditions[at].on
    if at in seen:
        raise ArgumentError(
            f"condition of {name}: received dimensions that depend on each other; expected each on another that does "
            "not depend on it. Leave one condition out."
        )


def condition_from(name: str, value: Any) -> Condition:
    """Reads a condition as files have it: a mapping of ``on`` and ``values``.

    Raises:
        ArgumentError: If it is none.

    Example:
        >>> condition_from("weight_decay", {"on": "optimizer", "values": ["adamw"]})
        Condition(on='optimizer', values=('adamw',))
    """
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f"condition of {name}: received {value!r}; expected on and values, such as {{'on': 'optimizer', 'values': "
            "['adamw']}. Write both."
        )
    fields = dict(value)
    given = fields.get("values")
    if given is not None:
        fields["values"] = tuple(given) if isinstance(given, list | tuple) else (given,)
    return Condition(**fields)
