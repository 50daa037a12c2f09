"""One part of the data: training, validation or test."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from rnnzoo.data.batching import BatchOrder, DatasetOptions, OrderOptions
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.base import Rows as RawRows

if TYPE_CHECKING:
    import tensorflow as tf

#: Named inputs, targets and, where padded steps must not count or rows differ in weight, weights.
Batch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray | None]


class Batches(ABC):
    """One part of the data, in batches; ``Rows`` gives single rows too.

    To bring data of your own, make a subclass with ``iterate``, ``count`` and ``__len__``, and put it into ``Splits``.

    Attributes:
        raw: The raw rows, for baselines, pictures and examples; ``None`` where they are not known.
        targets: The targets as numbers, one element a row, for summaries; ``None`` where they are not at hand.
        row_numbers: The caller's number of each row, from 0; ``None`` for those within the part.
        series: The name of the series that each row is of, for reports; ``None`` where all are of one.
        free_targets: Whether the second axis of targets is of any length, even where no weights say so.
        unlabelled: How many steps have no tag: they are in the inputs, and have weight 0.

    Example:
        >>> class Squares(Batches):
        ...     def __len__(self):
        ...         return 4
        ...     def count(self, order):
        ...         return 2
        ...     def iterate(self, order):
        ...         for x in (np.ones((2, 3, 1)), np.zeros((2, 3, 1))):
        ...             yield {"features": x}, x[:, 0] ** 2, None
        >>> [targets.shape for _, targets, _ in Squares().batches(2)], Squares().num_batches(2)
        ([(2, 1), (2, 1)], 2)
    """

    raw: RawRows | None = None
    targets: RawRows | None = None
    row_numbers: Sequence[int] | np.ndarray | None = None
    series: Sequence[str] | np.ndarray | None = None
    free_targets: bool = False
    unlabelled: int = 0

    @abstractmethod
    def __len__(self) -> int:
        """The number of rows."""

    @abstractmethod
    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Yields all rows in batches; the work under ``batches``."""

    @abstractmethod
    def count(self, order: BatchOrder) -> int | None:
        """Returns how many batches ``iterate`` yields, in any epoch; ``None`` where that is not known."""

    def batches(self, batch_size: int | BatchOrder, **options: Unpack[OrderOptions]) -> Iterator[Batch]:
        """Yields all rows in batches, in an order that follows from the arguments alone.

        Args:
            batch_size: Rows per batch, or a whole ``BatchOrder``.
            **options: The other fields of ``BatchOrder``: ``tokens``, ``shuffle``, ``seed``, ``epoch``.
        """
        return self.iterate(as_order(batch_size, options))

    def num_batches(self, batch_size: int | BatchOrder, *, tokens: int | None = None) -> int | None:
        """Returns how many batches there are, in any epoch; ``None`` where that is not known."""
        return self.count(as_order(batch_size, {} if tokens is None else {"tokens": tokens}))

    def decoding_of_rows(self, decoding: Decoding, rows: np.ndarray | None = None) -> Decoding:
        """Returns the decoding for the outputs of some rows, or of all in order: the same, where all are scaled alike.

        Args:
            decoding: That of the data.
            rows: The numbers of the rows; ``None`` for all.
        """
        return decoding

    def first(self, rows: int) -> Batch:
        """Returns the first rows, so many at most where the data leave the choice, as one batch without noise."""
        return next(iter(self.batches(rows)))

    def dataset(
        self,
        batch_size: int | BatchOrder,
        *,
        epoch: Callable[[], int] = lambda: 0,
        **options: Unpack[DatasetOptions],
    ) -> tf.data.Dataset:
        """Returns the batches as a ``tf.data.Dataset`` that prepares the next while the model runs.

        Args:
            batch_size: Rows per batch, or a whole ``BatchOrder``.
            epoch: Asked for the epoch whenever an iteration starts.
            **options: The other fields of ``BatchOrder``: ``tokens``, ``shuffle``, ``seed``.
        """
        import tensorflow as tf

        order = as_order(batch_size, options)

        def generate() -> Iterator[Any]:
            for inputs, targets, weights in self.iterate(dataclasses.replace(order, epoch=epoch())):
                yield (inputs, targets) if weights is None else (inputs, targets, weights)

        inputs, targets, weights = self.example()
        # Rows are as long as they are where each step has a target, with a weight of its own.
        by_step = weights is not None and weights.ndim > 1 and weights.shape == targets.shape
        steps = by_step or self.free_targets
        signature: list[Any] = [
            {name: _spec(value, steps=True) for name, value in inputs.items()},
            _spec(targets, steps=steps),
        ]
        if weights is not None:
            signature.append(_spec(weights, steps=by_step))
        dataset = tf.data.Dataset.from_generator(generate, output_signature=tuple(signature))
        count = self.count(order)
        if count is not None:
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
        return dataset.prefetch(2)

    def example(self) -> Batch:
        """Returns a batch of few rows, which tells the types and axes of all."""
        return self.first(2)


class Rows(Batches):
    """One part of the data whose rows have numbers, as data in memory have.

    Attributes:
        lengths: Steps of each row ``(rows,)``.
    """

    lengths: np.ndarray
    _example: Batch | None = None

    @abstractmethod
    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns what the preprocessing made of some rows, one array each, for augmentation."""

    @abstractmethod
    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch, like ``gather``, but with other inputs.

        Args:
            rows: The numbers of the rows, whose targets are taken.
            encoded: The inputs of each, as ``encoded`` has them.
        """

    def joined(self, other: Rows) -> Rows:
        """Returns the rows of this part and then those of another one of the same data.

        Raises:
            DataError: If rows of this kind cannot be joined.
        """
        raise DataError(
            f"part: received a {type(self).__name__}, whose rows cannot be joined with others; expected texts, series, "
            "pairs or windows of one table. Learn from the training part alone."
        )

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one right-padded batch: inputs by name, targets, weights or ``None``."""
        return self.gather_encoded(rows, self.encoded(rows))

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Returns all rows in batches, each gathered when it is asked for."""
        return map(self.gather, order.rows(self.lengths))

    def count(self, order: BatchOrder) -> int:
        """Returns how many batches there are, in any epoch."""
        if order.tokens is None:
            return -(-len(self.lengths) // order.size)
        return order.count(self.lengths)

    def first(self, rows: int) -> Batch:
        """Returns the first rows as one batch, without an order of all others."""
        return self.gather(range(min(rows, len(self.lengths))))

    def example(self) -> Batch:
        """Returns the first rows, which tell the types and axes of all; they are gathered once."""
        if self._example is None:
            self._example = self.first(2)
        return self._example


#: Any part of the data.
Split = Batches


def as_rows(part: Batches, name: str = "part") -> Rows:
    """Returns a part whose rows have numbers.

    Args:
        part: The part.
        name: What messages call it.

    Raises:
        DataError: If its rows come in batches only: those of a ready ``tf.data``, of a table that is read from disk and
            of running text.
    """
    if not isinstance(part, Rows):
        raise DataError(
            f"{name}: received a {type(part).__name__}, whose rows have no numbers; expected data in memory. Use "
            "batches()."
        )
    return part


def as_order(size: int | BatchOrder, options: OrderOptions | DatasetOptions) -> BatchOrder:
    """Returns an order of batches of this size, or the one that is given, with these fields."""
    if not isinstance(size, BatchOrder):
        return BatchOrder(size, **options)
    return dataclasses.replace(size, **options) if options else size


def _spec(value: np.ndarray, *, steps: bool) -> tf.TensorSpec:
    """The type of a batch: any number of rows and, where it has ``steps``, any number of them.

    Ids have no features: where they have a third axis, such as the characters of a word, it is of any size too.
    """
    import tensorflow as tf

    sizes: Sequence[int | None] = value.shape[1:]
    if steps:
        sizes = [None] * (value.ndim - 1) if value.dtype == np.int32 else [None, *value.shape[2:]]
    return tf.TensorSpec((None, *sizes), value.dtype)
