"""Series with missing values at irregular times: what was observed, and how long ago."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, RowError, listed
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.features import AXES, refuse_other_widths
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.numeric_rows import read_numbers, to_float32

_SHOWN = 5


class IrregularPreprocessing(Preprocessing):
    """Turns times and incomplete values into three parts a step: values, whether observed, time since observed.

    A raw row is ``{"times": [...], "values": [[...], ...]}``: times in any unit, not falling, and one row of values a
    time, ``NaN`` or ``None`` where missing. Values are scaled to mean 0 and deviation 1 over the observed ones of the
    training rows, 0 where missing. The time since a feature was last observed counts in mean steps of the training rows
    and is 0 at the first step.

    Args:
        mean: The mean of each feature.
        scale: Its standard deviation; 1 for a constant one.
        step: The mean time from step to step.

    Example:
        >>> rows = [{"times": [0, 1, 3], "values": [[5.0, None], [None, 1.0], [7.0, 3.0]]}]
        >>> preprocessing = IrregularPreprocessing.fit(rows)
        >>> preprocessing.apply(rows)["features"][0, :, :4].tolist()
        [[-1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]

    Reference:
        Che 2018, Recurrent Neural Networks for Multivariate Time Series with Missing Values, arXiv:1606.01865 (equation
        2 for the time gaps).
    """

    kind: ClassVar[str] = "irregular"
    takes: ClassVar[Takes] = "irregular"

    def __init__(self, mean: Sequence[float], scale: Sequence[float], *, step: float) -> None:
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        self.step = float(step)
        if self.mean.shape != self.scale.shape or self.mean.ndim != 1 or not (self.scale > 0).all():
            raise ArgumentError(
                f"mean and scale: received shapes {self.mean.shape} and {self.scale.shape}; expected one value per "
                "feature each, scales above 0. Use fit()."
            )
        if not 0 < self.step < np.inf:
            raise ArgumentError(f"step: received {step!r}; expected a time above 0. Use fit().")

    @classmethod
    def fit(cls, raw: Rows) -> IrregularPreprocessing:
        """Fits means, scales and the mean step on training rows."""
        check_training_rows(raw, cls.takes)
        rows = [_read(row, number, None) for number, row in enumerate(raw)]
        if not rows:
            raise DataError("series: received no rows; expected at least one to fit on.")
        refuse_empty(raw, [times for times, _ in rows], kind="series", expected="at least one step")
        refuse_other_widths([values for _, values in rows])
        every = np.concatenate([values for _, values in rows])
        seen = ~np.isnan(every)
        _warn_of_unseen(seen)
        counts = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(seen, every, 0.0).sum(axis=0) / counts
        deviation = np.sqrt(np.where(seen, (every - mean) ** 2, 0.0).sum(axis=0) / counts)
        constant = deviation <= 1e-9 * np.maximum(1.0, np.abs(mean))
        steps = np.concatenate([np.diff(times) for times, _ in rows])
        return cls(
            mean.tolist(),
            np.where(constant, 1.0, deviation).tolist(),
            step=float(steps.mean()) if len(steps) and steps.mean() > 0 else 1.0,
        )

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns rows into ``(time, 3 * features)``: scaled values, observed or not, time gaps.

        A row without a step, or without a value, is refused.
        """
        with np.errstate(over="ignore"):
            rows = [
                self._encode(*_read(row, number, len(self.mean)), number) for number, row in enumerate(raw)
            ]
        refuse_empty(raw, rows, kind="series", expected="at least one step")
        return rows

    def _encode(self, times: np.ndarray, values: np.ndarray, number: int) -> np.ndarray:
        observed = ~np.isnan(values)
        scaled = np.where(observed, (values - self.mean) / self.scale, 0.0)
        # The time of the last observation before each step, or of the first step where there was none.
        seen_at = np.where(observed, times[:, None], -np.inf)
        last = np.maximum.accumulate(seen_at, axis=0)
        before = np.concatenate([np.full((min(1, len(times)), values.shape[1]), -np.inf), last[:-1]])
        start = times[:1, None] if len(times) else 0.0
        gaps = (times[:, None] - np.maximum(before, start)) / self.step
        parts = [to_float32(part, number, AXES) for part in (scaled, gaps)]
        return np.concatenate([parts[0], observed.astype(np.float32), parts[1]], axis=1)

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads rows to ``features`` ``(batch, time, 3 * features)`` with ``mask`` ``(batch, time)``."""
        features = pad(encoded, dtype=np.float32)
        lengths = np.array([len(row) for row in encoded], int)
        return {"features": features, "mask": np.arange(features.shape[1])[None] < lengths[:, None]}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The features and the mask."""
        return "features", "mask"

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"num_features": len(self.mean)}

    def to_config(self) -> dict[str, Any]:
        """Returns means, scales and the mean step."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist(), "step": self.step}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> IrregularPreprocessing:
        """Makes it again."""
        return cls(config["mean"], config["scale"], step=config["step"])


def _warn_of_unseen(seen: np.ndarray) -> None:
    """Warns of features that no training row has a value of."""
    unseen = np.flatnonzero(~seen.any(axis=0))
    if len(unseen):
        warnings.warn(
            f"inputs: no training row has a value of feature {listed(unseen, _SHOWN)} (counted from 0); expected one "
            "at least, for nothing is learned of it. Leave it out.",
            stacklevel=3,
        )


def is_irregular(row: Any) -> bool:
    """Whether a raw row is a series with times of its own."""
    return isinstance(row, Mapping) and "times" in row and "values" in row


def _read(row: Any, number: int, features: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns times ``(time,)`` and values ``(time, features)``, ``NaN`` where missing."""
    if not is_irregular(row) or set(row) != {"times", "values"}:
        found = sorted(row) if isinstance(row, Mapping) else type(row).__name__
        raise RowError(number, f"received {found}; expected a mapping of 'times' and 'values'.")
    times = read_numbers(
        row["times"], number, AXES, part="times: ", otherwise="that is no list of numbers; expected (time,)."
    )
    values = read_numbers(
        row["values"],
        number,
        AXES,
        part="values: ",
        otherwise="that is no table of numbers; expected (time, features), None where a value is missing.",
    )
    if values.size == 0:
        values = values.reshape(0, features or 1)
    if times.ndim != 1 or values.ndim != 2 or len(times) != len(values):
        raise RowError(
            number,
            f"received times {times.shape} and values {values.shape}; expected (time,) and (time, features).",
        )
    if features is not None and values.shape[1] != features:
        raise RowError(number, f"received {values.shape[1]} features; expected {features}.")
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise RowError(number, "its times fall or are not finite; expected rising times. Sort the row.")
    if np.isinf(values).any():
        raise RowError(number, "received an infinite value; expected numbers, None where missing.")
    if len(values) and np.isnan(values).all():
        raise EmptyRowError(
            number, "received a series without any value; expected one at least. Drop the row."
        )
    return times, values
