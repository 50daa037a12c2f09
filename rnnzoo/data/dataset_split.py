"""A part that is a ready tf.data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Unpack

from rnnzoo.data.batching import BatchOrder, DatasetOptions
from rnnzoo.data.split import Batch, Batches, as_order
from rnnzoo.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

_OWN_BATCHES = "tf.data, whose batches are its own"


class DatasetSplit(Batches):
    """A ready ``tf.data.Dataset`` of batches ``(inputs, targets)`` or ``(inputs, targets, weights)``.

    Its batches, order and shuffling are its own: a run over it resumes exactly only if they repeat exactly.

    Args:
        dataset: The dataset; its inputs are a tensor or a dictionary of tensors.
    """

    def __init__(self, dataset: tf.data.Dataset) -> None:
        self._dataset = dataset
        self._rows: int | None = None
        # -1 says that it never ends, -2 that nobody knows.
        self._batches = int(dataset.cardinality())
        if self._batches == -1:
            raise DataError(
                "tf.data: received a dataset that never ends; expected one that does. Use take(n)."
            )

    def __len__(self) -> int:
        if self._rows is None:
            self._rows = sum(len(targets) for _, targets, _ in self.batches(1))
        return self._rows

    def count(self, order: BatchOrder) -> int | None:
        """Returns how many batches the dataset has, where it knows."""
        order.refuse_tokens(_OWN_BATCHES)
        return self._batches if self._batches >= 0 else None

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Yields the dataset's own batches as NumPy arrays."""
        order.refuse_tokens(_OWN_BATCHES)
        for inputs, targets, *weights in self._dataset.as_numpy_iterator():
            named = inputs if isinstance(inputs, dict) else {"inputs": inputs}
            yield named, targets, weights[0] if weights else None

    def dataset(
        self,
        batch_size: int | BatchOrder,
        *,
        epoch: Callable[[], int] = lambda: 0,
        **options: Unpack[DatasetOptions],
    ) -> tf.data.Dataset:
        """Returns the dataset, its inputs named."""
        import tensorflow as tf

        as_order(batch_size, options).refuse_tokens(_OWN_BATCHES)
        if isinstance(self._dataset.element_spec[0], dict):
            return self._dataset.prefetch(tf.data.AUTOTUNE)
        return self._dataset.map(lambda inputs, *rest: ({"inputs": inputs}, *rest)).prefetch(tf.data.AUTOTUNE)
