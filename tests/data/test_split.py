"""Truth of ``rnnzoo.data.split``: parts in batches, parts whose rows have numbers, and a user's own part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import rnnzoo
from rnnzoo import Split, Splits, create_model, read_texts, running_text_splits, train
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.split import Batch, Batches, Rows, as_rows
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import TextPreprocessing

SERIES = np.random.default_rng(0).normal(size=(40, 4, 2))
LABELS = ["a", "b"] * 20


class Endless(Batches):
    """A user's own data: as many batches as are asked for, of two classes that the sign tells apart."""

    def __len__(self) -> int:
        return 64

    def count(self, order: BatchOrder) -> int:
        return -(-64 // order.size)

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        rng = np.random.default_rng([order.seed, order.epoch])
        for _ in range(self.count(order)):
            x = rng.normal(size=(order.size, 4, 2)).astype(np.float32)
            yield {"features": x}, (x.sum(axis=(1, 2)) > 0).astype(np.int32), None


def test_own_batches_are_trained_on() -> None:
    data = Splits(
        train=Endless(),
        validation=Endless(),
        test=None,
        preprocessing=None,
        decoding=None,
        task="classification",
    )
    model = create_model("series-classifier-gru", num_features=2, num_classes=2, units=(4,))
    config = rnnzoo.TrainConfig(epochs=2, batch_size=16)
    result = train(model, data, config=config, progress=False)
    assert len(result.history) == 2
    assert data.description == {}


def test_a_whole_order_is_the_same_as_its_fields() -> None:
    part = Splits.from_arrays(SERIES, LABELS).train
    order = BatchOrder(8, shuffle=True, seed=3, epoch=2)
    flat = part.batches(8, shuffle=True, seed=3, epoch=2)
    for whole, single in zip(part.batches(order), flat, strict=True):
        np.testing.assert_equal(whole[0]["features"], single[0]["features"])
    mixed = [batch[1].tolist() for batch in part.batches(BatchOrder(8), shuffle=True, seed=3, epoch=2)]
    assert mixed == [batch[1].tolist() for batch in part.batches(order)]
    assert part.num_batches(order) == part.num_batches(8) == 4
    assert part.num_batches(8, tokens=16) == 7


def test_a_dataset_asks_for_the_epoch_whenever_it_starts() -> None:
    part = Splits.from_arrays(SERIES, LABELS).train
    epochs = iter([0, 1])
    dataset = part.dataset(8, shuffle=True, epoch=lambda: next(epochs))
    for epoch in range(2):
        found = [targets.numpy().tolist() for _, targets in dataset]
        assert found == [targets.tolist() for _, targets, _ in part.batches(8, shuffle=True, epoch=epoch)]
    assert int(dataset.cardinality()) == 4


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_a_batch_has_a_row_at_least(size: int) -> None:
    with pytest.raises(
        ArgumentError, match=f"batch_size: received {size}; expected an integer of at least 1"
    ):
        BatchOrder(size)


def of_dataset() -> Batches:
    dataset = tf.data.Dataset.from_tensor_slices((SERIES, [0, 1] * 20)).batch(7)
    return Splits.from_datasets(dataset, dataset, task="classification").train


def of_unknown_size() -> Batches:
    dataset = tf.data.Dataset.from_tensor_slices((SERIES, [0, 1] * 20)).batch(7).filter(lambda x, y: True)
    return Splits.from_datasets(dataset, dataset, task="classification").train


def of_running_text() -> Batches:
    return running_text_splits("a b c " * 200, window=5).train


@pytest.mark.parametrize(("make", "count"), [(of_dataset, 6), (of_unknown_size, None), (of_running_text, 14)])
def test_what_comes_in_batches_alone_says_so(make: object, count: int | None) -> None:
    assert callable(make)
    part = make()
    assert isinstance(part, Split)
    assert not isinstance(part, Rows)
    with pytest.raises(
        DataError, match=rf"^part: received a {type(part).__name__}, whose rows have no numbers"
    ):
        as_rows(part)
    assert part.num_batches(8) == count
    assert count is None or len(list(part.batches(8))) == count
    with pytest.raises(ArgumentError, match="tokens_per_batch: received 9 with"):
        list(part.batches(8, tokens=9))
    with pytest.raises(ArgumentError, match="tokens_per_batch: received 9 with"):
        part.num_batches(8, tokens=9)


def test_rows_are_asked_for_by_part() -> None:
    splits = Splits.from_arrays(SERIES, LABELS, test_fraction=0)
    assert splits.rows("train").lengths.tolist() == [4] * 34
    with pytest.raises(DataError, match=r"^test: there is no such part"):
        splits.rows("test")
    with pytest.raises(ArgumentError, match="unknown part: received 'tests'; did you mean 'test'"):
        splits.rows("tests")
    frame = pd.DataFrame({"text": ["a b", "c"] * 20, "label": ["x", "y"] * 20})
    assert sorted(set(read_texts(frame, text="text", label="label").rows("train").lengths.tolist())) == [1, 2]


def test_data_say_what_they_lack() -> None:
    bare = Splits(Endless(), Endless(), None, None, None, "classification")
    with pytest.raises(
        DataError, match=r"^preprocessing: the data have none; expected Preprocessing\. Read rows"
    ):
        bare.get_preprocessing()
    with pytest.raises(DataError, match=r"^decoding: the data have none; expected one"):
        bare.get_decoding()
    whole = Splits.from_arrays(SERIES, LABELS)
    assert whole.get_preprocessing() is whole.preprocessing
    assert whole.get_decoding() is whole.decoding
    with pytest.raises(DataError, match="the data have FeaturePreprocessing; expected TextPreprocessing"):
        whole.get_preprocessing(TextPreprocessing)
