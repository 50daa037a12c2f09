"""Noise in scaled series and spectrograms, arrays ``(time, features)`` whose values have mean 0 and deviation 1."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from rnnzoo import checks
from rnnzoo.data.augmentation.base import FITTED, Augmentation, check_rate, drawn
from rnnzoo.errors import ArgumentError

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits


@dataclass(frozen=True, kw_only=True)
class SeriesNoise(Augmentation):
    """A change of an encoded series that keeps its length."""

    level: ClassVar[Literal["raw", "encoded"]] = "encoded"


@dataclass(frozen=True, kw_only=True)
class Jitter(SeriesNoise):
    """Adds Gaussian noise to every value.

    Attributes:
        deviation: Its standard deviation, as a share of that of each feature. 0.05 is that of the paper.

    Example:
        >>> Jitter(deviation=0.1).apply(np.zeros((2, 1)), np.random.default_rng(0)).round(3).tolist()
        [[0.013], [-0.013]]

    Reference:
        Um 2017, Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using CNNs,
        arXiv:1706.00527.
    """

    main: ClassVar[str | None] = "deviation"
    deviation: float = 0.05

    def __post_init__(self) -> None:
        _check_deviation(self.deviation)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns ``row`` plus noise."""
        return (row + rng.normal(0.0, self.deviation, row.shape)).astype(row.dtype)


@dataclass(frozen=True, kw_only=True)
class Scaling(SeriesNoise):
    """Multiplies each feature of a row by a factor around 1: sensors that are more or less sensitive.

    The factor scales the distance from the mean of the training part, which is 0 here.

    Attributes:
        deviation: The standard deviation of the factors. 0.1 is that of the paper.

    Example:
        >>> Scaling().apply(np.array([[1.0], [2.0]]), np.random.default_rng(0)).round(3).tolist()
        [[1.013], [2.025]]

    Reference:
        Um 2017, arXiv:1706.00527.
    """

    main: ClassVar[str | None] = "deviation"
    deviation: float = 0.1

    def __post_init__(self) -> None:
        _check_deviation(self.deviation)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns ``row`` times one factor a feature."""
        return (row * rng.normal(1.0, self.deviation, row.shape[1:])).astype(row.dtype)


@dataclass(frozen=True, kw_only=True)
class WindowWarp(SeriesNoise):
    """Plays a stretch of a row slower or faster, and the whole so that it has as many steps as before.

    The first and the last step stay; values between steps are interpolated.

    Attributes:
        rate: Probability of a row to be warped.
        share: The stretch as a share of the row; where it begins is drawn. 0.1 is that of the paper.
        factors: How many times longer the stretch becomes; one is drawn. Half and double are those of the paper.

    Example:
        >>> row = np.arange(5.0)[:, None]
        >>> WindowWarp(rate=1.0, share=1.0, factors=(2.0,)).apply(row, np.random.default_rng(0)).ravel().tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0]

    Reference:
        Le Guennec 2016, Data Augmentation for Time Series Classification using Convolutional Neural Networks,
        hal-01357973.
    """

    rate: float = 0.5
    share: float = 0.1
    factors: Sequence[float] = (0.5, 2.0)

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)
        check_rate("share", self.share)
        if isinstance(self.factors, str) or not isinstance(self.factors, Sequence) or not self.factors:
            raise ArgumentError(
                f"factors: received {self.factors!r}; expected a list of factors. Pass e.g. [0.5, 2]."
            )
        for number, factor in enumerate(self.factors):
            checks.number(f"factors[{number}]", factor, above=0)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the row with a stretch of it warped."""
        last = len(row) - 1
        if rng.random() >= self.rate or last < 1:
            return row.copy()
        width = self.share * last
        start = rng.uniform(0.0, last - width)
        factor = float(drawn(self.factors, rng))
        return warp(row, start=start, width=width, factor=factor)


def warp(row: np.ndarray, *, start: float, width: float, factor: float) -> np.ndarray:
    """Makes the stretch from ``start`` to ``start + width`` (in steps, from 0) ``factor`` times as long.

    The row is then read at as many places as it has steps, evenly spaced over its new length.

    Args:
        row: The row ``(time, features)``.
        start: Where the stretch begins.
        width: Its length.
        factor: How many times longer it becomes.

    Returns:
        The warped row ``(time, features)``.

    Example:
        >>> warp(np.arange(4.0)[:, None], start=0.0, width=1.0, factor=4.0).ravel().tolist()
        [0.0, 0.5, 1.0, 3.0]
    """
    last = len(row) - 1
    length = last + width * (factor - 1)
    knots = [0.0, start, start + width * factor, length]
    read = np.interp(np.linspace(0.0, length, len(row)), knots, [0.0, start, start + width, last])
    columns = [np.interp(read, np.arange(len(row)), column) for column in row.T]
    return np.stack(columns, axis=-1).astype(row.dtype)


@dataclass(frozen=True, kw_only=True)
class TimeMask(SeriesNoise):
    """Hides stretches of a row behind the mean of the training part, which is 0 here.

    Attributes:
        share: How much of a row a stretch hides at most, rounded up to whole steps; how many is drawn, from none on.
            0.1, with which most of the row stays.
        masks: Number of stretches.

    Example:
        >>> TimeMask(share=0.5).apply(np.ones((4, 1)), np.random.default_rng(0)).ravel().tolist()
        [1.0, 0.0, 0.0, 1.0]

    Reference:
        DeVries & Taylor 2017, Improved Regularization of Convolutional Neural Networks with Cutout, arXiv:1708.04552,
        in time; Park 2019, SpecAugment, arXiv:1904.08779 (how the length is drawn).
    """

    main: ClassVar[str | None] = "share"
    share: float = 0.1
    masks: int = 1

    def __post_init__(self) -> None:
        check_rate("share", self.share)
        checks.integer("masks", self.masks, minimum=1)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the row with zeros in some steps."""
        return masked(row, rng, axis=0, share=self.share, masks=self.masks)


def masked(row: np.ndarray, rng: np.random.Generator, *, axis: int, share: float, masks: int) -> np.ndarray:
    """Returns a copy of a row with stretches along an axis set to 0.

    Args:
        row: The row ``(time, features)``.
        rng: What lengths and places are drawn from.
        axis: 0 for steps, 1 for features.
        share: The greatest length of a stretch, as a share of the axis, rounded up.
        masks: Number of stretches; they may overlap.
    """
    result, size = row.copy(), row.shape[axis]
    widest = math.ceil(share * size - 1e-9)  # 0.1 * 30 is a little more than 3
    for _ in range(masks):
        width = int(rng.integers(0, widest + 1))
        start = int(rng.integers(0, size - width + 1))
        hidden = slice(start, start + width)
        result[(hidden,) if axis == 0 else (slice(None), hidden)] = 0.0
    return result


@dataclass(frozen=True, kw_only=True)
class Shift(SeriesNoise):
    """Moves a row by some steps, and by some features where these are in order, as the pixels of an image are.

    How far is drawn evenly from ``-steps`` to ``steps``, and likewise for features. What comes in from outside is
    filled. Values move in the units of the data, so that a pixel of an image keeps its grey in another column.

    Attributes:
        steps: How many steps at most.
        features: How many features at most; 0 for features that have no order.
        fill: What comes in, in the units of the data, such as 0 for the black border of an image; by default the mean
            of each feature over the training part.

    Example:
        >>> Shift(steps=1).apply(np.array([[1.0], [2.0], [3.0]]), np.random.default_rng(0)).ravel().tolist()
        [0.0, 1.0, 2.0]

    Reference:
        Simard 2003, Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis (digits moved
        by a pixel).
    """

    main: ClassVar[str | None] = "steps"
    steps: int = 1
    features: int = 0
    fill: float | None = None
    mean: np.ndarray | None = field(default=None, metadata=FITTED, repr=False)
    scale: np.ndarray | None = field(default=None, metadata=FITTED, repr=False)

    def __post_init__(self) -> None:
        for name in ("steps", "features"):
            value = getattr(self, name)
            # A bare number in a config comes as a float.
            if isinstance(value, float) and value.is_integer():
                object.__setattr__(self, name, int(value))
            checks.integer(name, getattr(self, name), minimum=0)
        if not self.steps and not self.features:
            raise ArgumentError("steps and features: received 0 and 0; expected one of them above 0.")
        if self.fill is not None:
            checks.number("fill", self.fill)

    def fitted(self, splits: Splits) -> Self:
        """Takes the units of the training part, and checks that something of each row stays."""
        mean, scale = splits.get_preprocessing().scaling or _no_scaling(splits)
        shortest = int(splits.rows("train").lengths.min())
        for name, moved, size in (("steps", self.steps, shortest), ("features", self.features, len(mean))):
            if moved and moved >= size:
                raise ArgumentError(
                    f"augmentation 'shift': received {name}={moved}; expected fewer than the {size} {name} of "
                    f"{'the shortest training row' if name == 'steps' else 'a row'}."
                )
        return dataclasses.replace(self, mean=mean, scale=scale)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the row, moved."""
        width = row.shape[1]
        mean = np.zeros(width) if self.mean is None else self.mean
        scale = np.ones(width) if self.scale is None else self.scale
        fill = mean if self.fill is None else np.full(width, self.fill)
        values = row * scale + mean
        moved = _moved(values, int(rng.integers(-self.steps, self.steps + 1)), axis=0, fill=fill[None])
        moved = _moved(moved, int(rng.integers(-self.features, self.features + 1)), axis=1, fill=fill[None])
        return np.asarray((moved - mean) / scale).astype(row.dtype)


def _no_scaling(splits: Splits) -> tuple[np.ndarray, np.ndarray]:
    width = splits.rows("train").encoded([0])[0].shape[1]
    return np.zeros(width), np.ones(width)


def _moved(values: np.ndarray, distance: int, *, axis: int, fill: np.ndarray) -> np.ndarray:
    """Moves values along an axis and fills what becomes free with the values of ``fill`` at that place."""
    moved = np.broadcast_to(fill, values.shape).copy()
    size = values.shape[axis]
    there = slice(max(0, distance), size + min(0, distance))
    here = slice(max(0, -distance), size - max(0, distance))
    moved[_at(axis, there)] = values[_at(axis, here)]
    return moved


def _at(axis: int, part: slice) -> tuple[slice, ...]:
    return (part,) if axis == 0 else (slice(None), part)


def _check_deviation(value: Any) -> None:
    checks.number("deviation", value, above=0, fix="Leave the augmentation out to do without.")
