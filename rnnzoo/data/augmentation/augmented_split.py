"""The training part with noise in its batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.augmentation.base import Augmentation
from rnnzoo.data.augmentation.table import fitted_augmentations
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.readers.large_table_rows import LargeTableSplit
from rnnzoo.data.split import Batch, Batches, Rows
from rnnzoo.data.splits import Splits
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, EmptyRowError
from rnnzoo.preprocessing import Preprocessing

# Keeps the noise apart from the order of batches, which is drawn from seed and epoch as well.
_STREAM = 0x6E6F697365


class AugmentedSplit(Rows):
    """A part whose batches have noise; raw rows, lengths and single rows are the clean ones.

    The noise of a row follows from seed, epoch and the row's number alone: neither the order of the rows nor where a
    run was resumed changes it.

    Args:
        split: The clean part.
        preprocessing: What encodes its rows.
        augmentations: What is done to each row, raw ones first.
    """

    def __init__(
        self, split: Rows, preprocessing: Preprocessing, augmentations: Sequence[Augmentation]
    ) -> None:
        self._split, self._preprocessing = split, preprocessing
        self._raw_level = [noise for noise in augmentations if noise.level == "raw"]
        self._encoded_level = [noise for noise in augmentations if noise.level == "encoded"]
        self.raw, self.free_targets, self.lengths = split.raw, split.free_targets, split.lengths
        # Categories of a table come after its numbers; noise would make them ones that do not exist.
        self._features = slice(preprocessing.num_numeric)

    def __len__(self) -> int:
        return len(self._split)

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one batch, without noise."""
        return self._split.gather(rows)

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns what the preprocessing made of some rows, without noise."""
        return self._split.encoded(rows)

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some rows as one batch with other inputs."""
        return self._split.gather_encoded(rows, encoded)

    def decoding_of_rows(self, decoding: Decoding, rows: np.ndarray | None = None) -> Decoding:
        """Returns the decoding for the outputs of some rows: that of the clean part, whose units noise leaves alone."""
        return self._split.decoding_of_rows(decoding, rows)

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Yields all rows in batches, with the noise of the seed and the epoch of the order."""
        for rows in order.rows(self.lengths):
            yield self._split.gather_encoded(rows, self.noisy(rows, seed=order.seed, epoch=order.epoch))

    def noisy(self, rows: Sequence[int] | np.ndarray, *, seed: int, epoch: int) -> list[np.ndarray]:
        """Returns some rows with the noise of this seed and epoch, encoded, one array each."""
        generators = [np.random.default_rng([_STREAM, seed, epoch, int(row)]) for row in rows]
        if self._raw_level:
            changed = [self._noisy_raw(int(row), rng) for row, rng in zip(rows, generators, strict=True)]
            encoded = self._encoded_noise(rows, changed)
        else:
            encoded = self._split.encoded(rows)
        if not self._encoded_level:
            return encoded
        return [self._noisy_encoded(row, rng) for row, rng in zip(encoded, generators, strict=True)]

    def _encoded_noise(self, rows: Sequence[int] | np.ndarray, changed: list[Any]) -> list[np.ndarray]:
        """Encodes noisy rows; one of which the noise left nothing, such as a lone full stop, stays as it was."""
        assert self.raw is not None, "data with a preprocessing have raw rows"
        while True:
            try:
                return self._preprocessing.encode_rows(changed)
            except EmptyRowError as error:
                changed[error.row] = self.raw[int(rows[error.row])]

    def _noisy_raw(self, number: int, rng: np.random.Generator) -> Any:
        assert self.raw is not None, "data with a preprocessing have raw rows"
        row = self.raw[number]
        if self._preprocessing.takes == "words" and isinstance(row, str):
            row = row.split()  # as the preprocessing does, so that every word keeps its place
        for augmentation in self._raw_level:
            row = augmentation.apply(row, rng)
        return row

    def _noisy_encoded(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        part = row[:, self._features]
        for augmentation in self._encoded_level:
            part = augmentation.apply(part, rng)
        return np.concatenate([part, row[:, part.shape[1] :]], axis=1)


def augmented(splits: Splits, config: Mapping[str, Any] | None) -> Batches:
    """Returns the training part of some data, with noise in its batches where a config asks for it.

    Args:
        splits: The data.
        config: ``TrainConfig.augmentation``.

    Raises:
        ArgumentError: If an augmentation is not for these data or their task, or could do nothing to them.

    Example:
        >>> splits = Splits.from_arrays(["good film", "bad film"] * 20, ["pos", "neg"] * 20)
        >>> noisy = augmented(splits, {"token_dropout": 0.5})
        >>> (next(noisy.batches(4))[0]["tokens"] != splits.rows("train").gather([0, 1, 2, 3])[0]["tokens"]).any().item()
        True
    """
    if config is None:
        return splits.train
    if isinstance(splits.train, LargeTableSplit):
        raise ArgumentError(
            f"augmentation: received {', '.join(config)} for rows that are read from disk; expected data in memory. "
            "Leave it out, or read them with read_texts without from_disk."
        )
    fitted = fitted_augmentations(config, splits)
    return AugmentedSplit(splits.rows("train"), splits.get_preprocessing(), fitted)
