"""One row that a forecaster is asked with: the past of a series, and what is known of its horizon and of itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rnnzoo.errors import DataError, RowError
from rnnzoo.preprocessing.given_rows import is_frame
from rnnzoo.preprocessing.numeric_rows import is_number_type

#: The parts of a request.
PARTS = ("series", "past", "future", "static")
#: What the columns are called of windows that were cut already, by the number of the feature.
OWN_FEATURE = "feature_{}"


@dataclass(frozen=True)
class CalendarNumbers:
    """The numbers of each field of the calendar, where they are given and not told by times.

    Attributes:
        past: Those at the steps of the past, by field.
        future: Those at the steps of the horizon.
    """

    past: Mapping[str, Sequence[int]]
    future: Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class WindowRow:
    """A raw row, taken apart.

    Attributes:
        number: Its number, for messages.
        past: The values of each column, oldest first.
        future: Those of the columns that are known for the horizon.
        static: The single values of columns that do not change.
        series: What names the series; ``None`` where it was not said.
        fields: The numbers of the calendar; ``None`` where the times in ``past`` tell them.
    """

    number: int
    past: Mapping[str, Sequence[Any]]
    future: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    static: Mapping[str, Any] = field(default_factory=dict)
    series: Any = None
    fields: CalendarNumbers | None = None


def read_row(raw: Any, number: int, names: Sequence[str]) -> WindowRow:
    """Takes a raw row apart: a request, or a window alone.

    Args:
        raw: ``{"series": name, "past": window, "future": window, "static": {column: value}}``, of which ``past`` must
            be there; or the past alone. A window maps each column to its values, lists one mapping per step, or is a
            pandas frame. A row that was taken apart already stays as it is.
        number: Its number, for messages.
        names: The columns that are read of a frame.

    Raises:
        RowError: If it is neither.

    Example:
        >>> read_row({"past": [{"load": 1.0}, {"load": 2.0}], "static": {"size": 3}}, 0, ["load"])
        WindowRow(number=0, past={'load': [1.0, 2.0]}, future={}, static={'size': 3}, series=None, fields=None)
    """
    if isinstance(raw, WindowRow):
        return replace(raw, number=number)
    if not is_request(raw):
        return WindowRow(number, _columns(raw, names, number))
    unknown = next((name for name in raw if name not in PARTS), None)
    if unknown is not None:
        raise RowError(
            number, f"received {unknown!r} beside 'past'; expected {', '.join(PARTS)}. Leave it out."
        )
    static = raw.get("static") or {}
    if not isinstance(static, Mapping):
        raise RowError(
            number,
            f"static: received {type(static).__name__}; expected a value by column, {{column: value}}.",
        )
    wrong = next((n for n, v in static.items() if isinstance(v, list | tuple | Mapping)), None)
    if wrong is not None:
        raise RowError(
            number,
            f"static: {wrong!r} is {type(static[wrong]).__name__}; expected a single value for all steps.",
        )
    future = raw.get("future")
    ahead = {} if future is None else _columns(future, names, number)
    return WindowRow(number, _columns(raw["past"], names, number), ahead, static, raw.get("series"))


def is_request(raw: Any) -> bool:
    """Whether a raw row is a request, with its window under ``"past"``, and not a window that has such a column."""
    past = raw.get("past") if isinstance(raw, Mapping) else None
    steps = isinstance(past, list | tuple) and bool(past) and all(isinstance(step, Mapping) for step in past)
    return isinstance(past, Mapping) or is_frame(past) or steps


def checked_value(value: Any, where: str, *, numeric: bool) -> Any:
    """Returns a value that is a finite number or a text, ``None`` where it is missing.

    Args:
        value: The value.
        where: Where it stands, for messages, such as ``"row 0: 'load'"`` and the step.
        numeric: Whether it must be a number.

    Raises:
        DataError: If it is no finite number.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not numeric:
        return str(value) or None
    number = _number(value)
    if number is None or not math.isfinite(number):
        column, _, step = where.partition(" at ")
        expected = "a number, or null where it is missing" if number is None else "a finite number"
        raise DataError(
            f"{column} has the value {value!r:.60}{f' at {step}' if step else ''}; expected {expected}. Correct it."
        )
    return number


def _number(value: Any) -> float | None:
    if not is_number_type(type(value)):
        return None
    try:
        return float(value)
    except OverflowError:  # of an integer
        return math.inf


def _columns(raw: Any, names: Sequence[str], number: int) -> Mapping[str, Sequence[Any]]:
    """Returns the columns of a window, in whichever form it comes."""
    if is_frame(raw) and hasattr(raw, "isna"):
        return _frame_columns(raw, names, number)
    if isinstance(raw, Mapping):
        scalar = [
            name for name, values in raw.items() if isinstance(values, str) or not hasattr(values, "__len__")
        ]
        if not scalar:
            return raw
        raise RowError(number, f"column {scalar[0]!r} is a single value; expected one value per step.")
    if (
        isinstance(raw, Sequence)
        and not isinstance(raw, str)
        and raw
        and all(isinstance(r, Mapping) for r in raw)
    ):
        return {name: [step.get(name) for step in raw] for name in raw[0]}
    name = json.dumps(names[0] if names else "temperature")
    array = f" Of an array of steps and features: {{{name}: window[:, 0].tolist(), ...}}."
    raise RowError(
        number,
        f"received {type(raw).__name__}; expected columns such as {{{name}: [20.1, 20.3]}} or a list of steps such as "
        f"[{{{name}: 20.1}}].{array if is_of_own_windows(names) else ''}",
    )


def is_of_own_windows(names: Sequence[str]) -> bool:
    """Whether columns are the features of windows that were cut already, which are known by their numbers.

    Example:
        >>> is_of_own_windows(["feature_0", "feature_1"]), is_of_own_windows(["load"])
        (True, False)
    """
    return bool(names) and list(names) == [OWN_FEATURE.format(number) for number in range(len(names))]


def _frame_columns(frame: Any, names: Sequence[str], number: int) -> dict[str, list[Any]]:
    """Returns those of the columns that a frame has; anything that pandas takes for missing is ``None``."""
    cells = {name: frame[name] for name in names if name in frame.columns}
    doubled = next((name for name, column in cells.items() if is_frame(column)), None)
    if doubled is not None:
        raise RowError(number, f"received the column {doubled!r} twice; expected it once. Drop one of them.")
    return {
        name: [
            None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
        for name, column in cells.items()
    }
