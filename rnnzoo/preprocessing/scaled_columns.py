"""Columns of a table as features: numbers scaled, categories as one indicator each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, listed
from rnnzoo.preprocessing.numeric_rows import to_float32


class ScaledColumns:
    """Numbers by their mean and deviation, and categories as indicators.

    The order of the features is: numbers, then each column of categories, one feature a category.

    Args:
        numeric: Names of the columns of numbers.
        mean: The mean of each.
        scale: The standard deviation of each; 1 for a constant one.
        categories: The known categories of each column of categories.

    Raises:
        ArgumentError: If there is not one mean and one scale for each column.

    Example:
        >>> columns = ScaledColumns(["load"], [10.0], [2.0], {"sky": ["blue", "gray"]})
        >>> columns.matrix({"load": [12.0, 10.0], "sky": ["gray", "blue"]}).tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        numeric: Sequence[str] = (),
        mean: Sequence[float] = (),
        scale: Sequence[float] = (),
        categories: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.numeric = list(numeric)
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        self.categories = {name: list(values) for name, values in (categories or {}).items()}
        if not len(self.numeric) == self.mean.size == self.scale.size:
            raise ArgumentError(
                f"numeric: received {len(self.numeric)} columns, {self.mean.size} means and {self.scale.size} scales; "
                "expected one each."
            )

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [*self.numeric, *self.categories]

    @property
    def num_features(self) -> int:
        """How many features they are."""
        return len(self.numeric) + sum(len(values) for values in self.categories.values())

    def matrix(
        self,
        columns: Mapping[str, Any],
        *,
        row: str = "table",
        level: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Turns columns ``(rows,)`` without missing values into features ``(rows, features)``, float32.

        Args:
            columns: Values by column name.
            row: What the columns belong to, for messages.
            level: Mean and deviation of the numbers ``(numbers,)`` or ``(rows, numbers)``, in place of those of all
                rows.

        Raises:
            DataError: If a number is beyond float32 once it is scaled, or a category is not known.
        """
        rows = len(next(iter(columns[name] for name in self.names), ()))
        parts: list[np.ndarray] = [np.zeros((rows, 0), np.float32)]
        if self.numeric:
            mean, scale = (self.mean, self.scale) if level is None else level
            values = np.stack([np.asarray(columns[name], np.float64) for name in self.numeric], axis=-1)
            with np.errstate(over="ignore"):
                parts.append(to_float32((values - mean) / scale, row, ("step",), columns=self.numeric))
        for name, known in self.categories.items():
            parts.append(_one_hot([str(value) for value in columns[name]], known, name, row))
        return np.concatenate(parts, axis=-1).astype(np.float32)

    def to_config(self) -> dict[str, Any]:
        """Returns columns, statistics and categories, as JSON has them."""
        return {
            "numeric": self.numeric,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "categories": self.categories,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ScaledColumns:
        """Makes it again."""
        return cls(**config)


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
