"""One part of the data: training, validation or test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.batching import batch_order, num_token_batches, token_batch_order
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import Preprocessing
from rnnzoo.preprocessing.base import Rows, pad

#: Named inputs, targets and, where padded steps must not count, weights.
Batch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray | None]

_OWN_BATCHES = "tf.data, whose batches are its own"


class Split(ABC):
    """Rows of one part, by number or in batches.

    Attributes:
        raw: The raw rows, for baselines, pictures and examples; ``None`` where they are not known.
        sized: Whether the number of rows is known.
        free_targets: Whether the second axis of targets is of any length, even where no weights say so.
    """

    raw: Rows | None = None
    sized: bool = True
    free_targets: bool = False

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def lengths(self) -> np.ndarray:
        """Steps of each row."""

    @abstractmethod
    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one right-padded batch: inputs by name, targets, weights or ``None``."""

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns what the preprocessing made of some rows, one array each, for augmentation."""
        raise DataError(f"{type(self).__name__}: its rows cannot be augmented; expected rows in memory.")

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch, like ``gather``, but with other inputs.

        Args:
            rows: The numbers of the rows, whose targets are taken.
            encoded: The inputs of each, as ``encoded`` has them.
        """
        raise DataError(f"{type(self).__name__}: its rows cannot be augmented; expected rows in memory.")

    def num_batches(self, batch_size: int, *, tokens: int | None = None) -> int:
        """Returns how many batches there are, in any epoch."""
        return -(-len(self) // batch_size) if tokens is None else num_token_batches(self.lengths, tokens)

    def order(
        self, batch_size: int, *, tokens: int | None, shuffle: bool, seed: int, epoch: int
    ) -> list[np.ndarray]:
        """Returns the numbers of the rows of each batch; the arguments are those of ``batches``."""
        checks.integer("batch_size", batch_size, minimum=1)
        make, size = (batch_order, batch_size) if tokens is None else (token_batch_order, tokens)
        return make(self.lengths, size, shuffle=shuffle, seed=seed, epoch=epoch)

    def batches(
        self,
        batch_size: int,
        *,
        tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
    ) -> Iterator[Batch]:
        """Yields all rows in batches, in an order that follows from the arguments alone.

        Args:
            batch_size: Rows per batch.
            tokens: Steps per batch at most, padding included, in place of ``batch_size``; ``None`` for that.
            shuffle: Whether to mix rows and batches.
            seed: Seed of the run.
            epoch: The epoch.
        """
        for rows in self.order(batch_size, tokens=tokens, shuffle=shuffle, seed=seed, epoch=epoch):
            yield self.batch(rows, seed=seed, epoch=epoch)

    def batch(self, rows: Sequence[int] | np.ndarray, *, seed: int, epoch: int) -> Batch:
        """Returns some rows as one of the batches of this seed and epoch: as ``gather`` does, unless there is noise."""
        return self.gather(rows)

    def dataset(
        self,
        batch_size: int,
        *,
        tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: Callable[[], int] = lambda: 0,
    ) -> Any:
        """Returns the batches as a ``tf.data.Dataset`` that prepares the next while the model runs.

        Args:
            batch_size: Rows per batch.
            tokens: Steps per batch at most, padding included, in place of ``batch_size``; ``None`` for that.
            shuffle: Whether to mix rows and batches.
            seed: Seed of the run.
            epoch: Asked for the epoch whenever an iteration starts.
        """
        import tensorflow as tf

        def generate() -> Iterator[Any]:
            for inputs, targets, weights in self.batches(
                batch_size, tokens=tokens, shuffle=shuffle, seed=seed, epoch=epoch()
            ):
                yield (inputs, targets) if weights is None else (inputs, targets, weights)

        inputs, targets, weights = self.gather([0])
        steps = weights is not None or self.free_targets
        signature: list[Any] = [
            {name: _spec(value, steps=True) for name, value in inputs.items()},
            _spec(targets, steps=steps),
        ]
        if weights is not None:
            signature.append(_spec(weights, steps=True))
        dataset = tf.data.Dataset.from_generator(generate, output_signature=tuple(signature))
        count = self.num_batches(batch_size, tokens=tokens)
        return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


class SequenceSplit(Split):
    """Rows in memory, each a sequence.

    Args:
        raw: The raw rows.
        targets: One target per row; for tagging one array of classes per row.
        preprocessing: What encodes them.
        tagging: Whether every step has a target.
    """

    def __init__(self, raw: Rows, targets: Rows, *, preprocessing: Preprocessing, tagging: bool) -> None:
        self.raw = raw
        self._encoded = preprocessing.encode(raw)
        self._targets = targets if tagging else np.asarray(targets)
        self._preprocessing = preprocessing
        self._tagging = tagging
        self._lengths = np.array([len(row) for row in self._encoded], int)
        if tagging:
            self._check_steps()

    def __len__(self) -> int:
        return len(self._encoded)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each row."""
        return self._lengths

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one batch."""
        return self.gather_encoded(rows, self.encoded(rows))

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns what the preprocessing made of some rows."""
        return [self._encoded[row] for row in rows]

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch with other inputs; where steps have tags, as many steps as before."""
        inputs = self._preprocessing.batch(encoded)
        if not self._tagging:
            return inputs, np.asarray(self._targets)[np.asarray(rows, int)], None
        for row, other in zip(rows, encoded, strict=True):
            if len(other) != self._lengths[row]:
                raise DataError(
                    f"row {row}: received {len(other)} steps for {self._lengths[row]} tags; expected one tag per step."
                )
        tags = [np.asarray(self._targets[row][: self._lengths[row]]) for row in rows]
        weights = pad([np.ones(len(tag)) for tag in tags], dtype=np.float32)
        return inputs, pad(tags, dtype=np.int32), weights

    def _check_steps(self) -> None:
        limit = getattr(self._preprocessing, "max_length", None)
        for number, (length, tags) in enumerate(zip(self._lengths, self._targets, strict=True)):
            expected = len(tags) if limit is None else min(len(tags), limit)
            if length != expected:
                raise RowError(
                    number, f"received {length} steps and {len(tags)} tags; expected one tag per step."
                )


class WindowSplit(Split):
    """Windows of one long table, cut out when they are asked for.

    Args:
        features: Scaled features of the whole table ``(rows, features)``.
        targets: Scaled targets of the whole table ``(rows, targets)``.
        values: Targets in original units ``(rows, targets)``.
        columns: The raw columns by name.
        starts: The first row of each window.
        window: Rows to read.
        horizon: Rows to forecast.
    """

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        values: np.ndarray,
        columns: dict[str, np.ndarray],
        starts: np.ndarray,
        *,
        window: int,
        horizon: int,
    ) -> None:
        self._features, self._targets, self._values = features, targets, values
        self.starts = starts
        self.window, self.horizon = window, horizon
        self.raw = RawWindows(columns, starts, window)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each row: the window."""
        return np.full(len(self.starts), self.window)

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some windows as one batch: features of the past, targets of the horizon."""
        past, future = self._steps(np.asarray(rows, int))
        return {"features": self._features[past]}, self._targets[future], None

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns the features of some windows, without their horizon."""
        return list(self._features[self._steps(np.asarray(rows, int))[0]])

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some windows as one batch with other features."""
        future = self._steps(np.asarray(rows, int))[1]
        return {"features": np.stack(encoded)}, self._targets[future], None

    def raw_targets(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns the targets' past ``(rows, window, targets)`` and future ``(rows, horizon, targets)``.

        Both in original units.

        Args:
            rows: The numbers of the windows; ``None`` for all.
        """
        past, future = self._steps(np.arange(len(self)) if rows is None else rows)
        return self._values[past], self._values[future]

    def values_at(self, places: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns single values in original units: those of some targets, by number, in some rows of the table."""
        return np.asarray(self._values[places, targets])

    def features_at(self, places: np.ndarray) -> np.ndarray:
        """Returns the scaled features of some rows of the table, those of the targets first: ``(rows, features)``."""
        return self._features[places]

    def _steps(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        starts = self.starts[rows][:, None]
        return starts + np.arange(self.window), starts + self.window + np.arange(self.horizon)


class RawWindows(Sequence[dict[str, list[Any]]]):
    """The windows of a table as raw rows: each maps every column to its values."""

    def __init__(self, columns: dict[str, np.ndarray], starts: np.ndarray, window: int) -> None:
        self._columns, self._starts, self._window = columns, starts, window

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        start = int(self._starts[row])
        return {name: values[start : start + self._window].tolist() for name, values in self._columns.items()}


class DatasetSplit(Split):
    """A ready ``tf.data.Dataset`` of batches ``(inputs, targets)`` or ``(inputs, targets, weights)``.

    Its batches, order and shuffling are its own: a run over it resumes exactly only if they repeat exactly.

    Args:
        dataset: The dataset; its inputs are a tensor or a dictionary of tensors.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._rows: int | None = None
        # -1 says that it never ends, -2 that nobody knows.
        self._batches = int(dataset.cardinality())
        if self._batches == -1:
            raise DataError(
                "tf.data: received a dataset that never ends; expected one that does. Use take(n)."
            )
        self.sized = self._batches >= 0

    def __len__(self) -> int:
        if self._rows is None:
            self._rows = sum(len(targets) for _, targets, _ in self.batches(1))
        return self._rows

    @property
    def lengths(self) -> np.ndarray:
        """Not known."""
        raise DataError("tf.data: the lengths of its rows are not known; expected data in memory.")

    def num_batches(self, batch_size: int, *, tokens: int | None = None) -> int:
        """Returns how many batches the dataset has, where ``sized`` says that it knows."""
        refuse_tokens(tokens, _OWN_BATCHES)
        return self._batches

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Not possible."""
        raise DataError("tf.data: its rows have no numbers; expected data in memory.")

    def batches(
        self,
        batch_size: int,
        *,
        tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
    ) -> Iterator[Batch]:
        """Yields the dataset's own batches as NumPy arrays."""
        refuse_tokens(tokens, _OWN_BATCHES)
        for inputs, targets, *weights in self._dataset.as_numpy_iterator():
            named = inputs if isinstance(inputs, dict) else {"inputs": inputs}
            yield named, targets, weights[0] if weights else None

    def dataset(
        self,
        batch_size: int,
        *,
        tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: Callable[[], int] = lambda: 0,
    ) -> Any:
        """Returns the dataset, its inputs named."""
        import tensorflow as tf

        refuse_tokens(tokens, _OWN_BATCHES)
        if isinstance(self._dataset.element_spec[0], dict):
            return self._dataset.prefetch(tf.data.AUTOTUNE)
        return self._dataset.map(lambda inputs, *rest: ({"inputs": inputs}, *rest)).prefetch(tf.data.AUTOTUNE)


def refuse_tokens(tokens: int | None, data: str) -> None:
    """Refuses to cut batches by their steps where the data say what a batch is."""
    if tokens is not None:
        raise ArgumentError(f"tokens_per_batch: received {tokens} with {data}; expected None. Leave it out.")


def _spec(value: np.ndarray, *, steps: bool) -> Any:
    """The type of a batch: any number of rows and, where it has ``steps``, any number of them.

    Ids have no features: where they have a third axis, such as the characters of a word, it is of any size too.
    """
    import tensorflow as tf

    sizes: Sequence[int | None] = value.shape[1:]
    if steps:
        sizes = [None] * (value.ndim - 1) if value.dtype == np.int32 else [None, *value.shape[2:]]
    return tf.TensorSpec((None, *sizes), value.dtype)
