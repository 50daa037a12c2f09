"""Where the training of a forecaster with a linear map begins: at ridge regression, its network adding nothing yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rnnzoo.data.split import Batch, Rows, Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.ridge import BatchedRidge
from rnnzoo.layers.distributions import GaussianParameters, MonotoneQuantiles

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer

#: Layers of a linear map, and those whose weights, too, are zero in a model that has learned nothing.
_NEEDED = ("own_past", "linear_map", "with_linear_map", "projection")
_ZERO = ("linear_map", "linear_future", "projection", "step_projection")
#: How many numbers windows may have that are learned from, and multiplications that it may take: a second or two.
_MAX_NUMBERS = 20_000_000
_MAX_PRODUCTS = 2e10
#: The lags before these keep the weight zero: the matrix of all would be too large.
_MAX_LAGS = 1024
#: Windows that are read at a time.
_AT_A_TIME = 1024
#: How often the map of the lags is fitted to what the known features leave, and they to what it leaves.
_PASSES = 3
_LEAST_SPREAD = 1e-3


def start_at_ridge(model: keras.Model, splits: Splits) -> bool:
    """Gives the linear map of a new forecaster the weights of ridge regression on the training part.

    Windows are taken evenly from the whole part, so many that a second or two is enough; the penalty is the one that
    errs least on the validation part. Quantiles, or the scale of a Gaussian, begin at those of the errors. It draws
    nothing at random. A model that has learned something is left as it is, such as one that was transferred.

    Args:
        model: The model; it is changed in place.
        splits: The data.

    Returns:
        Whether the weights were set.
    """
    layers = {layer.name: layer for layer in model.layers}
    if not all(name in layers for name in _NEEDED) or not _is_new(layers):
        return False
    learned, held_out = (_sample(layers, part) for part in (splits.train, splits.validation))
    if not (learned.weights.sum() and held_out.weights.sum()):
        return False
    ridge, known = _fitted(learned, held_out)
    kernel = np.zeros(layers["linear_map"].kernel.shape)
    kernel[-len(ridge.coefficients) :] = ridge.coefficients
    layers["linear_map"].set_weights([kernel, ridge.intercept])
    if known is not None:
        layers["linear_future"].set_weights([known])
    if "linear_spread" in layers:
        errors = learned.left(known) - ridge.predict(learned.lags)
        errors = errors[learned.weights > 0]
        layers["linear_spread"].set_weights([_free_numbers(model, errors)])
    return True


def _is_new(layers: Mapping[str, Any]) -> bool:
    own = [layers[name] for name in _ZERO if name in layers]
    return all(layer.trainable and not np.any(np.asarray(layer.kernel)) for layer in own)


@dataclass(frozen=True)
class _Sample:
    """Windows as the linear map reads them.

    Attributes:
        lags: The normalised past, a row for each window and series ``(rows, lags)``.
        ahead: The normalised steps ahead, likewise ``(rows, horizon)``.
        weights: How much each row counts ``(rows,)``.
        future: What is known ahead ``(windows, horizon, known)``, or ``None``.
    """

    lags: np.ndarray
    ahead: np.ndarray
    weights: np.ndarray
    future: np.ndarray | None

    @property
    def targets(self) -> int:
        """The number of series of a window."""
        return 1 if self.future is None else len(self.lags) // len(self.future)

    def left(self, known: np.ndarray | None) -> np.ndarray:
        """Returns what a map ``(known, targets)`` of what is known leaves of the steps ahead."""
        if known is None or self.future is None:
            return self.ahead
        explained = (self.future @ known).transpose(0, 2, 1)
        return np.asarray(self.ahead - explained.reshape(self.ahead.shape))

    def pieces(self, ahead: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yields lags, some targets of them, and weights, few at a time."""
        for first in range(0, len(self.lags), _AT_A_TIME):
            some = slice(first, first + _AT_A_TIME)
            yield self.lags[some], ahead[some], self.weights[some]

    def known_pieces(self, left: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yields what is known of each step, what the lags leave of the targets in it, and weights."""
        assert self.future is not None
        windows, horizon, width = self.future.shape
        by_step = left.reshape(windows, self.targets, horizon).transpose(0, 2, 1)
        weights = self.weights.reshape(windows, -1).mean(axis=1)
        for first in range(0, windows, _AT_A_TIME):
            some = slice(first, first + _AT_A_TIME)
            yield (
                self.future[some].reshape(-1, width),
                by_step[some].reshape(-1, self.targets),
                np.repeat(weights[some], horizon),
            )


def _fitted(learned: _Sample, held_out: _Sample) -> tuple[BatchedRidge, np.ndarray | None]:
    """Returns the map of the lags, and that of what is known ahead: each fitted to what the other leaves, in turns."""
    known = None
    for turn in range(_PASSES):
        lags = BatchedRidge().fit_chosen(
            learned.pieces(learned.left(known)), held_out.pieces(held_out.left(known))
        )
        if learned.future is None or turn == _PASSES - 1:
            break
        learned_left, held_left = (one.ahead - lags.predict(one.lags) for one in (learned, held_out))
        found = BatchedRidge().fit_chosen(
            learned.known_pieces(learned_left), held_out.known_pieces(held_left)
        )
        known = found.coefficients
    return lags, known


def _sample(layers: Mapping[str, Layer], part: Split) -> _Sample:
    """Reads windows of a part, evenly spaced where its rows have numbers, else the first ones."""
    found = [_read(layers, batch) for batch in _batches(part)]
    lags, ahead, weights = (np.concatenate([one[place] for one in found]) for place in range(3))
    # Weights of windows that were divided by their scale may be of any size.
    weights = weights / (weights.mean() or 1.0)
    future = None if found[0][3] is None else np.concatenate([one[3] for one in found if one[3] is not None])
    return _Sample(lags, ahead, weights, future)


def _batches(part: Split) -> Iterator[Batch]:
    inputs, targets, _ = part.example()
    steps, horizon, series = inputs["features"].shape[1], targets.shape[1], targets.shape[2]
    lags = min(steps, _MAX_LAGS)
    most = max(1, int(min(_MAX_NUMBERS, _MAX_PRODUCTS / lags) // (series * (lags + horizon))))
    if isinstance(part, Rows):
        rows = np.unique(np.linspace(0, len(part) - 1, min(len(part), most)).astype(int))
        for first in range(0, len(rows), _AT_A_TIME):
            yield part.gather(rows[first : first + _AT_A_TIME])
        return
    taken = 0
    for batch in part.batches(_AT_A_TIME):
        yield batch
        taken += len(batch[1])
        if taken >= most:
            return


def _read(
    layers: Mapping[str, Any], batch: Batch
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns the normalised past and steps ahead, a row for each window and series, weights and what is known."""
    inputs, ahead, weights = batch
    count, series = len(ahead), ahead.shape[2]
    past, scale = inputs["features"], np.ones((count, 1, series), np.float32)
    if "window_normalization" in layers:
        past, location, scale = map(np.asarray, layers["window_normalization"](past))
        ahead = (ahead - location) / scale
    lags = past[:, -_MAX_LAGS:, :series].transpose(0, 2, 1).reshape(count * series, -1)
    size = np.ones(count) if weights is None else weights.reshape(count, -1).mean(axis=1)
    future = inputs["future"] if "linear_future" in layers else None
    # The error in the scale of the data counts.
    counted = (size[:, None] * scale[:, 0].astype(np.float64) ** 2).reshape(-1)
    return lags, ahead.transpose(0, 2, 1).reshape(count * series, -1), counted, future


def _free_numbers(model: keras.Model, errors: np.ndarray) -> np.ndarray:
    """Returns the numbers ``(horizon, numbers)`` that the head makes the spread of errors ``(rows, horizon)`` of."""
    head = next(one for one in model.layers if isinstance(one, MonotoneQuantiles | GaussianParameters))
    if isinstance(head, GaussianParameters):
        spread = errors.std(axis=0) - head.floor
        return np.stack([np.zeros_like(spread), _before_softplus(spread)], axis=-1)
    values = np.quantile(errors, head.quantiles, axis=0).T
    middle = head.quantiles.index(0.5)
    steps = _before_softplus(np.diff(values, axis=1))
    return np.concatenate([steps[:, :middle], values[:, [middle]], steps[:, middle:]], axis=1)


def _before_softplus(value: np.ndarray) -> np.ndarray:
    value = np.maximum(value, _LEAST_SPREAD)
    return np.asarray(value + np.log(-np.expm1(-value)))
