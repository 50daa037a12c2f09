"""What one argument or field may be in a search: one of some values, a whole number, or a number."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.value_objects import checked_fields


@checked_fields
@dataclass(frozen=True)
class Choice:
    """One of some values, which may be any JSON values (``(64, 64)`` as units, say).

    Raises:
        ArgumentError: If there is no value, or one that JSON does not have.
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ArgumentError("Choice: received no values; expected at least one.")
        try:
            labels = [json.dumps(value) for value in self.values]
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"Choice: received a value that JSON does not have ({error}); expected numbers, texts, lists or "
                "mappings of them. Name an object by its registered name."
            ) from error
        object.__setattr__(self, "_by_label", dict(zip(labels, self.values, strict=True)))

    def draw(self, parameters: Any, name: str) -> Any:
        """Asks the tuner for a value; ``None`` where the dimension does not apply."""
        # Keras Tuner takes numbers and strings only, and all of one type.
        by_label: dict[str, Any] = vars(self)["_by_label"]
        labels = list(by_label)
        found = parameters.Choice(name, labels) if len(labels) > 1 else parameters.Fixed(name, labels[0])
        return None if found is None else by_label[found]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that all others are like: all of them."""
        return self.values

    def narrowed(self, name: str, given: Any) -> Choice:
        """Returns a dimension of some of the values.

        Raises:
            ArgumentError: If one is not among them.
        """
        values = tuple(given) if isinstance(given, list | tuple) else (given,)
        for value in values:
            if json.dumps(value) not in vars(self)["_by_label"]:
                raise _outside(name, value, f"some of {', '.join(vars(self)['_by_label'])}")
        return Choice(values)

    def label(self, name: str, value: Any) -> str:
        """Returns what the tuner calls a value.

        Raises:
            ArgumentError: If it is not among them.
        """
        self.narrowed(name, [value])
        return json.dumps(value)


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

    def draw(self, parameters: Any, name: str) -> int | None:
        """Asks the tuner for a value; ``None`` where the dimension does not apply."""
        found = parameters.Int(name, self.low, self.high, step=self.step)
        return None if found is None else int(found)

    @property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest value."""
        return self.low, self.high

    def narrowed(self, name: str, given: Any) -> Integer:
        """Returns a dimension of a part of the range ``(low, high)``, or of one value."""
        low, high = _ends(name, given)
        self.label(name, low)
        self.label(name, high)
        return Integer(low, high, self.step)

    def label(self, name: str, value: Any) -> int:
        """Returns a value that is in the range."""
        wanted = f"a whole number from {self.low} to {self.high}"
        if self.step > 1:
            wanted += f" in steps of {self.step}"
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self.low <= value <= self.high or (value - self.low) % self.step:
            raise _outside(name, value, wanted)
        return int(value)


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

    def draw(self, parameters: Any, name: str) -> float | None:
        """Asks the tuner for a value; ``None`` where the dimension does not apply."""
        sampling = "log" if self.log else "linear"
        found = parameters.Float(name, self.low, self.high, step=self.step, sampling=sampling)
        return None if found is None else float(found)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return self.low, self.high

    def narrowed(self, name: str, given: Any) -> Real | Choice:
        """Returns a dimension of a part of the range ``(low, high)``, or of one value."""
        low, high = _ends(name, given)
        for end in (low, high):
            if not isinstance(end, int | float) or isinstance(end, bool) or not self.low <= end <= self.high:
                raise _outside(name, end, f"numbers from {self.low:g} to {self.high:g}")
        return Choice((low,)) if low == high else Real(low, high, self.log, self.step)


Dimension = Choice | Integer | Real
_KINDS: dict[str, type[Choice | Integer | Real]] = {"choice": Choice, "integer": Integer, "real": Real}


def dimension_to_dict(dimension: Dimension) -> dict[str, Any]:
    """Returns a dimension as JSON has it.

    Example:
        >>> dimension_to_dict(Integer(1, 3))
        {'kind': 'integer', 'low': 1, 'high': 3, 'step': 1}
    """
    return {"kind": type(dimension).__name__.lower(), **dataclasses.asdict(dimension)}


def dimension_from(name: str, value: Any) -> Dimension:
    """Reads a dimension as files have it.

    Args:
        name: What it is called.
        value: A list of values, or a mapping of ``low`` and ``high``, or one of ``dimension_to_dict``. Without ``kind``
            two whole numbers are an ``Integer``, any others a ``Real``.

    Raises:
        ArgumentError: If it is neither, or a field is out of range.
        UnknownNameError: If there is no such kind or field.

    Example:
        >>> dimension_from("width", [32, 64])
        Choice(values=(32, 64))
        >>> dimension_from("learning_rate", {"low": 1e-4, "high": 1e-2, "log": True})
        Real(low=0.0001, high=0.01, log=True, step=None)
    """
    if isinstance(value, list | tuple):
        return Choice(tuple(value))
    if not isinstance(value, Mapping):
        raise ArgumentError(
            f"{name} of a space: received {value!r}; expected a list of values, or low and high. Write "
            f"{name}: [{value!r}] for one value."
        )
    fields = dict(value)
    kind = fields.pop("kind", None) or _kind(fields)
    if kind not in _KINDS:
        raise UnknownNameError(f"kind of {name}", kind, list(_KINDS))
    if isinstance(fields.get("values"), list):
        fields["values"] = tuple(fields["values"])
    return _KINDS[kind](**fields)


def _kind(fields: Mapping[str, Any]) -> str:
    if "values" in fields:
        return "choice"
    whole = all(isinstance(fields.get(end), int) for end in ("low", "high"))
    return "integer" if whole and "log" not in fields else "real"


def _ends(name: str, given: Any) -> tuple[Any, Any]:
    if not isinstance(given, list | tuple):
        return given, given
    if len(given) != 2:
        raise _outside(name, given, "two numbers, the lowest and the highest")
    return given[0], given[1]


def _outside(name: str, value: Any, expected: str) -> ArgumentError:
    return ArgumentError(
        f"{name}: received {value!r}; expected {expected}. To vary over other values, build the space with "
        f"them, or fix {name} to one."
    )
