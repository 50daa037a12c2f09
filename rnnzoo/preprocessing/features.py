"""Series of feature vectors: the same mean and scale in training and serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.numeric_rows import read_numbers, to_float32

#: What the axes of a series are called in messages.
AXES = ("step", "feature")


def fit_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of each column ``(rows, features)``; 1 where a column is constant."""
    values = np.asarray(values, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = values.mean(axis=0), values.std(axis=0)
    if not np.isfinite(deviation).all():
        column = int(np.isfinite(deviation).argmin())
        raise DataError(
            f"number {column}: received values up to {np.abs(values[:, column]).max():g}; expected values whose "
            "squares float64 holds, below 1e150. Divide them by a power of ten first."
        )
    # A constant column may show a deviation of rounding size, by which nothing must be divided.
    constant = deviation <= 1e-9 * np.maximum(1.0, np.abs(mean))
    return mean, np.where(constant, 1.0, deviation)


def refuse_other_widths(rows: Sequence[np.ndarray]) -> None:
    """Raises ``RowError`` for the first row ``(time, features)`` that has not as many features as most have."""
    widths = [row.shape[1] for row in rows]
    usual = max(set(widths), key=widths.count)
    for number, width in enumerate(widths):
        if width != usual:
            raise RowError(
                number,
                f"received {width} features; expected {usual}, as in most rows. Correct or drop the row.",
            )


class FeaturePreprocessing(Preprocessing):
    """Scales each feature to mean 0 and deviation 1 over the valid steps of the training rows.

    Args:
        mean: The mean of each feature.
        scale: Its standard deviation; 1 for a constant one.
        variable_length: Whether rows may differ in length; the model then takes a ``mask`` too.

    Example:
        >>> preprocessing = FeaturePreprocessing.fit([[[0.0], [2.0]], [[4.0], [2.0]]])
        >>> preprocessing.apply([[[2.0], [2.0]]])["features"].tolist()
        [[[0.0], [0.0]]]
    """

    kind: ClassVar[str] = "features"
    takes: ClassVar[Takes] = "series"

    def __init__(self, mean: Sequence[float], scale: Sequence[float], *, variable_length: bool) -> None:
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        self.variable_length = variable_length
        if self.mean.shape != self.scale.shape or self.mean.ndim != 1 or not (self.scale > 0).all():
            raise ArgumentError(
                f"mean and scale: received shapes {self.mean.shape} and {self.scale.shape}; expected one value per "
                "feature each, scales above 0. Use fit()."
            )

    @classmethod
    def fit(cls, raw: Rows, *, variable_length: bool | None = None) -> FeaturePreprocessing:
        """Fits mean and scale on training rows ``(time, features)``."""
        check_training_rows(raw, cls.takes)
        rows = [_series(row, number, None) for number, row in enumerate(raw)]
        if not rows:
            raise DataError("series: received no rows; expected at least one to fit on.")
        refuse_empty(raw, rows, kind="series", expected="at least one step")
        refuse_other_widths(rows)
        mean, scale = fit_scale(np.concatenate(rows))
        differs = len({len(row) for row in rows}) > 1
        return cls(
            mean.tolist(),
            scale.tolist(),
            variable_length=differs if variable_length is None else variable_length,
        )

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Scales rows ``(time, features)`` to float32; one without a step is refused."""
        with np.errstate(over="ignore"):
            rows = [
                to_float32((_series(row, number, len(self.mean)) - self.mean) / self.scale, number, AXES)
                for number, row in enumerate(raw)
            ]
        refuse_empty(raw, rows, kind="series", expected="at least one step")
        return rows

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads rows to ``features`` ``(batch, time, features)``, with ``mask`` ``(batch, time)`` where lengths vary."""
        lengths = np.array([len(row) for row in encoded], int)
        if not self.variable_length:
            if len(set(lengths.tolist())) > 1:
                raise DataError(
                    f"series: received lengths {sorted(set(lengths.tolist()))} in one batch; expected one length. "
                    "This model was trained on series of one length."
                )
            return {"features": np.stack(encoded).astype(np.float32)}
        features = pad(encoded, dtype=np.float32)
        return {"features": features, "mask": np.arange(features.shape[1])[None] < lengths[:, None]}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The features, and the mask where lengths vary."""
        return ("features", "mask") if self.variable_length else ("features",)

    @property
    def scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each feature."""
        return self.mean, self.scale

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"num_features": len(self.mean), "variable_length": self.variable_length}

    def to_config(self) -> dict[str, Any]:
        """Returns mean, scale and whether lengths vary."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "variable_length": self.variable_length,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FeaturePreprocessing:
        """Makes it again."""
        return cls(config["mean"], config["scale"], variable_length=config["variable_length"])


def _series(row: Any, number: int, features: int | None) -> np.ndarray:
    array = read_numbers(
        row,
        number,
        AXES,
        otherwise="that is no table of numbers; expected (time, features). Pass a list of steps, each a list of as "
        "many numbers.",
    )
    if array.size == 0:
        array = array.reshape(0, features or 1)
    if array.ndim != 2 or (features is not None and array.shape[1] != features):
        expected = f"(time, {features})" if features is not None else "(time, features)"
        raise RowError(number, f"received shape {array.shape}; expected {expected}.")
    if not np.isfinite(array).all():
        step, feature = np.argwhere(~np.isfinite(array))[0]
        raise RowError(
            number,
            f"received {array[step, feature]} at step {step}, feature {feature}; expected finite "
            "numbers. Drop or fill missing values first.",
        )
    return array
