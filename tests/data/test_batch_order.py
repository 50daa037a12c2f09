"""Truth of ``rnnzoo.data.batching``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelled_tables import LABELS, TEXTS, csv_of, write
from rnnzoo import Splits, stream_table
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.batching import batch_order, num_token_batches, token_batch_order
from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.readers.running_text import text_stream_splits
from rnnzoo.errors import ArgumentError


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=300), st.integers(1, 16), st.integers(0, 3))
def test_every_row_is_in_one_batch(lengths: list[int], size: int, epoch: int) -> None:
    order = batch_order(np.array(lengths), size, shuffle=True, seed=1, epoch=epoch)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in order)
    again = batch_order(np.array(lengths), size, shuffle=True, seed=1, epoch=epoch)
    assert [b.tolist() for b in order] == [b.tolist() for b in again]


def test_rows_of_like_length_share_a_batch() -> None:
    lengths = np.random.default_rng(0).integers(1, 200, 3200)
    order = batch_order(lengths, 32, shuffle=True)
    padded = sum(len(batch) * lengths[batch].max() for batch in order)
    assert padded < 1.05 * lengths.sum()
    first = [batch.tolist() for batch in order]
    assert first != [batch.tolist() for batch in batch_order(lengths, 32, shuffle=True, epoch=1)]


def test_tf_data_gives_the_same_batches_right_padded() -> None:
    splits = Splits.from_arrays([*TEXTS, "one"], [*LABELS, "no"])
    direct = list(splits.train.batches(8, shuffle=True, seed=2))
    through = list(splits.train.dataset(8, shuffle=True, seed=2).as_numpy_iterator())
    assert len(direct) == len(through)
    for (inputs, targets, _), (other, others) in zip(direct, through, strict=True):
        np.testing.assert_array_equal(inputs["tokens"], other["tokens"])
        np.testing.assert_array_equal(targets, others)
        valid = inputs["tokens"] != 0
        assert (valid == (np.arange(valid.shape[1]) < valid.sum(axis=1)[:, None])).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=200),
    st.integers(60, 400),
    st.booleans(),
    st.integers(0, 3),
)
def test_batches_of_tokens_keep_to_their_bound(
    lengths: list[int], tokens: int, shuffle: bool, epoch: int
) -> None:
    steps = np.array(lengths)
    order = token_batch_order(steps, tokens, shuffle=shuffle, seed=1, epoch=epoch)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert all(0 < len(batch) * steps[batch].max() <= tokens or steps[batch].max() == 0 for batch in order)
    assert len(order) == num_token_batches(steps, tokens)
    again = token_batch_order(steps, tokens, shuffle=shuffle, seed=1, epoch=epoch)
    assert [b.tolist() for b in order] == [b.tolist() for b in again]


def test_batches_of_tokens_are_full_little_padded_and_mixed_anew() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 4000)
    orders = [token_batch_order(lengths, 8_000, shuffle=True, epoch=epoch) for epoch in range(2)]
    padded = [len(batch) * lengths[batch].max() for batch in orders[0]]
    assert sum(padded) < 1.08 * lengths.sum()
    assert np.median(padded) > 0.9 * 8_000
    together = [{tuple(sorted(batch.tolist())) for batch in order} for order in orders]
    assert len(together[0] & together[1]) < 0.05 * len(together[0])
    assert orders[0][0].tolist() != token_batch_order(lengths, 8_000, shuffle=True, seed=1)[0].tolist()


def test_rows_of_one_length_make_batches_of_as_many_rows() -> None:
    order = token_batch_order(np.full(10, 7), 30, shuffle=True)
    assert sorted(len(batch) for batch in order) == [2, 4, 4]


def test_a_row_longer_than_the_bound_is_refused() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS)
    with pytest.raises(
        ArgumentError,
        match=r"tokens_per_batch: received 3, and a row of 4 steps; expected that many at least\. Raise",
    ):
        splits.train.num_batches(8, tokens=3)


def test_tf_data_of_token_batches_is_as_long_as_it_says_in_every_epoch() -> None:
    texts = [" ".join(["word"] * (1 + i % 23)) for i in range(60)]
    split = Splits.from_arrays(texts, LABELS).train
    epoch = iter(range(3))
    dataset = split.dataset(8, tokens=64, shuffle=True, epoch=lambda: next(epoch))
    for number in range(3):
        found = [inputs["tokens"] for inputs, *_ in dataset.as_numpy_iterator()]
        assert len(found) == int(dataset.cardinality()) == split.num_batches(8, tokens=64)
        expected = split.batches(8, tokens=64, shuffle=True, epoch=number)
        for tokens, (inputs, _, _) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(tokens, inputs["tokens"])
            assert tokens.size <= 64


def test_data_with_batches_of_their_own_refuse_a_bound() -> None:
    stream = text_stream_splits("to be or not to be " * 50, window=5).train
    with pytest.raises(
        ArgumentError, match=r"received 64 with running text, .* expected None\. Leave it out"
    ):
        stream.num_batches(4, tokens=64)
    ready = DatasetSplit(Splits.from_arrays(TEXTS, LABELS).train.dataset(4))
    with pytest.raises(ArgumentError, match=r"received 64 with tf\.data, whose batches are its own"):
        ready.dataset(4, tokens=64)


def test_noise_leaves_the_order_of_token_batches() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS)
    noisy = augmented(splits, {"token_dropout": 0.5})
    arguments: dict[str, Any] = {"tokens": 32, "shuffle": True, "seed": 3, "epoch": 1}
    pairs = zip(noisy.batches(8, **arguments), splits.train.batches(8, **arguments), strict=True)
    assert all((targets == clean).all() for (_, targets, _), (_, clean, _) in pairs)


def test_rows_that_are_streamed_refuse_a_bound(tmp_path: Path) -> None:
    splits = stream_table(write(tmp_path / "t.csv", csv_of()), text="text", label="label")
    with pytest.raises(ArgumentError, match="received 64 with rows that are read from disk"):
        splits.train.num_batches(4, tokens=64)
