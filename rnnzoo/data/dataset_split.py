"""A part that is a ready tf.data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.split import Batch, Split, refuse_tokens
from rnnzoo.errors import DataError

_OWN_BATCHES = "tf.data, whose batches are its own"


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
