"""One part of the data: training, validation or test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.batching import batch_order, num_token_batches, token_batch_order
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.base import Rows

#: Named inputs, targets and, where padded steps must not count, weights.
Batch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray | None]


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

    def first(self, rows: int) -> Batch:
        """Returns the first rows, so many at most where the data leave the choice, as one batch without noise."""
        return next(iter(self.batches(rows)))

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
