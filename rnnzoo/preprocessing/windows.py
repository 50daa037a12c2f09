"""Windows of a table of series: scaling, categories and missing values, the same in training and serving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError, RowError, listed
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.given_rows import is_frame
from rnnzoo.preprocessing.numeric_rows import is_number_type, to_float32

Missing = Literal["error", "ffill", "drop"]
MISSING = ("error", "ffill", "drop")


class WindowPreprocessing(Preprocessing):
    """The last ``window`` rows of a table of columns, as one scaled feature matrix.

    Numeric columns are scaled to mean 0 and deviation 1, categories become one indicator each. The order of the
    features is: numeric columns, then each categorical column's categories.

    Args:
        numeric: Names of the numeric columns.
        mean: The mean of each.
        scale: The standard deviation of each; 1 for a constant one.
        categories: The known categories of each categorical column.
        window: Rows to read.
        missing: ``"error"`` and ``"drop"`` refuse a missing value in a window, ``"ffill"`` takes the last one
            before it.
    """

    kind: ClassVar[str] = "window"
    takes: ClassVar[Takes] = "windows"

    def __init__(
        self,
        *,
        numeric: Sequence[str],
        mean: Sequence[float],
        scale: Sequence[float],
        categories: Mapping[str, Sequence[str]],
        window: int,
        missing: Missing = "error",
    ) -> None:
        self.numeric = list(numeric)
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        self.categories = {name: list(values) for name, values in categories.items()}
        self.window = checks.integer("window", window, minimum=1)
        self.missing = checks.choice("missing", missing, MISSING)
        if not len(self.numeric) == self.mean.size == self.scale.size:
            raise ArgumentError(
                f"numeric: received {len(self.numeric)} columns, {self.mean.size} means and {self.scale.size} scales; "
                "expected one each."
            )

    @property
    def num_features(self) -> int:
        """The number of features per step."""
        return len(self.numeric) + sum(len(values) for values in self.categories.values())

    @property
    def columns(self) -> list[str]:
        """The columns it reads."""
        return [*self.numeric, *self.categories]

    def matrix(self, columns: Mapping[str, Any], *, row: str = "table") -> np.ndarray:
        """Turns whole columns ``(rows,)`` without missing values into features ``(rows, features)``.

        Args:
            columns: Values by column name.
            row: What the columns belong to, for messages.
        """
        values = np.stack([np.asarray(columns[name], np.float64) for name in self.numeric], axis=-1)
        with np.errstate(over="ignore"):
            parts = [to_float32((values - self.mean) / self.scale, row, ("step",), columns=self.numeric)]
        for name, known in self.categories.items():
            parts.append(_one_hot([str(value) for value in columns[name]], known, name, row))
        return np.concatenate(parts, axis=-1).astype(np.float32)

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns each raw window into features ``(window, features)``.

        A raw window maps each column to its values, lists one mapping per step, or is a pandas frame whose missing
        values are as pandas has them. Only the last ``window`` steps are read, so that a longer history may be passed
        as it is.
        """
        return [self._encode(row, number) for number, row in enumerate(raw)]

    def _encode(self, raw: Any, number: int) -> np.ndarray:
        columns = _frame_columns(raw, self.columns, number) if _is_pandas(raw) else _columns(raw, number)
        where = f"row {number}"
        for name in self.columns:
            if name not in columns:
                raise DataError(
                    f"{where}: the column {name!r} is missing; expected {', '.join(self.columns)}."
                )
        lengths = {len(columns[name]) for name in self.columns}
        if len(lengths) > 1:
            raise DataError(
                f"{where}: received columns of {sorted(lengths)} values; expected the same number in all."
            )
        if min(lengths) < self.window:
            raise DataError(
                f"{where}: received {min(lengths)} steps; expected {self.window} or more. Pass a longer history."
            )
        filled = {name: self._fill(columns[name], name, where) for name in self.columns}
        return self.matrix(filled, row=where)

    def _fill(self, values: Sequence[Any], name: str, where: str) -> list[Any]:
        numeric = name in self.numeric
        checked = [_value(value, numeric, (where, name, step)) for step, value in enumerate(values)]
        if self.missing == "ffill":
            last: Any = None
            for step, value in enumerate(checked):
                last = checked[step] = last if value is None else value
        checked = checked[-self.window :]
        if any(value is None for value in checked):
            step = next(step for step, value in enumerate(checked) if value is None)
            fix = "Pass an earlier value too." if self.missing == "ffill" else "Fill it first."
            raise DataError(
                f"{where}: {name!r} is missing at step {step} of the window; expected a value. {fix}"
            )
        return checked

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Stacks windows to ``features`` ``(batch, window, features)``."""
        return {"features": np.stack(encoded).astype(np.float32)}

    @property
    def num_numeric(self) -> int:
        """The numbers come first, then the indicators of categories."""
        return len(self.numeric)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"window": self.window, "num_features": self.num_features}

    def to_config(self) -> dict[str, Any]:
        """Returns columns, statistics, categories, window and the rule for missing values."""
        return {
            "numeric": self.numeric,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "categories": self.categories,
            "window": self.window,
            "missing": self.missing,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> WindowPreprocessing:
        """Makes it again."""
        return cls(**config)


def _is_pandas(raw: Any) -> bool:
    """Whether a window is a frame of pandas, which servers do without."""
    return is_frame(raw) and hasattr(raw, "isna")


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


def _columns(raw: Any, number: int) -> Mapping[str, Sequence[Any]]:
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
    raise RowError(
        number,
        f"received {type(raw).__name__}; expected columns such as "
        '{"temperature": [20.1, 20.3]} or a list of steps such as [{"temperature": 20.1}].',
    )


def _value(value: Any, numeric: bool, at: tuple[str, str, int]) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not numeric:
        return str(value) or None
    number = _number(value)
    if number is None or not math.isfinite(number):
        where, name, step = at
        expected = "a number, or null where it is missing" if number is None else "a finite number"
        raise DataError(
            f"{where}: {name!r} has the value {value!r:.60} at step {step}; expected {expected}. Correct it."
        )
    return number


def _number(value: Any) -> float | None:
    if not is_number_type(type(value)):
        return None
    try:
        return float(value)
    except OverflowError:  # of an integer
        return math.inf


def _one_hot(values: Sequence[str], known: Sequence[str], name: str, row: str) -> np.ndarray:
    place = {category: number for number, category in enumerate(known)}
    for value in values:
        if value not in place:
            raise DataError(
                f"{row}: {name!r} has the unknown category {value!r}; expected one of {listed(known)}. "
                "Train on rows that have it."
            )
    result = np.zeros((len(values), len(known)))
    result[np.arange(len(values)), [place[value] for value in values]] = 1.0
    return result
