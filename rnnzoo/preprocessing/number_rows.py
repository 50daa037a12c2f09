"""Some numbers a row that are no series, such as the size of a shop, scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.numeric_rows import read_numbers, to_float32

_AXES = ("number",)


class NumbersPreprocessing(Preprocessing):
    """The same count of numbers in each row, scaled to mean 0 and deviation 1 over the training rows.

    A row is a list of numbers, or one number alone. They become ``(batch, numbers)`` float32, which are called
    ``numbers``; as a part of ``JoinedPreprocessing`` they are called like the part.

    Args:
        mean: The mean of each number.
        scale: Its standard deviation; 1 for a constant one.

    Raises:
        ArgumentError: If there is not one mean and one scale above 0 for each number.

    Example:
        >>> sizes = NumbersPreprocessing.fit([[1.0, 5.0], [3.0, 5.0]])
        >>> sizes.apply([[3.0, 6.0]])["numbers"].tolist()
        [[1.0, 1.0]]
        >>> NumbersPreprocessing([10.0], [2.0]).apply([12.0, 10])["numbers"].tolist()
        [[1.0], [0.0]]
    """

    kind: ClassVar[str] = "numbers"
    takes: ClassVar[Takes] = "numbers"

    def __init__(self, mean: Sequence[float], scale: Sequence[float]) -> None:
        self.mean, self.scale = _numbers("mean", mean), _numbers("scale", scale)
        one_each = self.mean.shape == self.scale.shape and self.mean.ndim == 1 and self.mean.size
        if not one_each or not (self.scale > 0).all():
            raise ArgumentError(
                f"mean and scale: received shapes {self.mean.shape} and {self.scale.shape}; expected one value per "
                "number each, scales above 0. Use fit()."
            )

    @classmethod
    def fit(cls, raw: Rows) -> NumbersPreprocessing:
        """Fits mean and scale on training rows, each of as many numbers.

        Raises:
            DataError: If there is no row, or one is not as the first.
        """
        check_training_rows(raw, cls.takes)
        rows: list[np.ndarray] = []
        for number, row in enumerate(raw):
            rows.append(_read(row, number, len(rows[0]) if rows else None))
        if not rows:
            raise DataError("numbers: received no rows; expected at least one to fit on.")
        mean, scale = fit_scale(np.stack(rows))
        return cls(mean.tolist(), scale.tolist())

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Scales rows to float32 ``(1, numbers)``: one step, whatever their count."""
        with np.errstate(over="ignore"):
            return [
                to_float32((_read(row, number, len(self.mean)) - self.mean) / self.scale, number, _AXES)[None]
                for number, row in enumerate(raw)
            ]

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Joins rows to ``numbers`` float32 ``(batch, numbers)``."""
        return {"numbers": np.concatenate([np.zeros((0, len(self.mean)), np.float32), *encoded])}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The one name."""
        return ("numbers",)

    @property
    def scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each number."""
        return self.mean, self.scale

    @property
    def request(self) -> dict[str, Any]:
        """How many numbers a row holds."""
        return {"numbers": len(self.mean)}

    @property
    def model_arguments(self) -> dict[str, Any]:
        """Nothing: no builder reads numbers without steps."""
        return {}

    def to_config(self) -> dict[str, Any]:
        """Returns mean and scale."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NumbersPreprocessing:
        """Makes it again."""
        return cls(config["mean"], config["scale"])


def _numbers(name: str, values: Any) -> np.ndarray:
    """Returns finite numbers, or raises ``ArgumentError``."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        array = np.array([np.nan])
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name}: received {values!r}; expected finite numbers. Use fit().")
    return array


def _read(row: Any, number: int, count: int | None) -> np.ndarray:
    """Returns the numbers of a row ``(numbers,)``."""
    given = row if isinstance(row, list | tuple) or np.ndim(row) else [row]
    expected = "at least one number" if count is None else f"{count} number{'s' * (count != 1)}"
    array = read_numbers(given, number, _AXES, otherwise=f"that is no list of numbers; expected {expected}.")
    if array.ndim != 1 or not array.size or (count is not None and len(array) != count):
        received = (
            f"{len(array)} number{'s' * (len(array) != 1)}" if array.ndim == 1 else f"shape {array.shape}"
        )
        raise RowError(number, f"received {received}; expected {expected}.")
    if not np.isfinite(array).all():
        place = int(np.argmin(np.isfinite(array)))
        raise RowError(
            number,
            f"received {array[place]} at number {place}; expected finite numbers. Drop or fill missing values first.",
        )
    return array
