"""Truth of ``rnnzoo.data.augmentation.augmented_split``: seed, epoch and row decide, and only training rows change."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from augmented_data import CONFIGS, HOME, pairs, rng, same, series, tagged, texts, windows
from rnnzoo import Splits
from rnnzoo.data.augmentation.augmented_split import AugmentedSplit, augmented
from rnnzoo.data.augmentation.table import AUGMENTATIONS, build_augmentations
from rnnzoo.data.augmentation.text_noise import (
    TokenDropout,
)
from rnnzoo.data.readers.texts import stream_table
from rnnzoo.data.split import Rows, as_rows
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import FeaturePreprocessing, TextPreprocessing


def rows_of(split: Any, epoch: int, seed: int = 0) -> list[np.ndarray]:
    return list(split.noisy(np.arange(len(split)), seed=seed, epoch=epoch))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_seed_epoch_and_row_alone_decide(name: str) -> None:
    splits = HOME[name]()
    split: Any = augmented(splits, {name: CONFIGS[name]})
    assert isinstance(split, AugmentedSplit)
    rows = rows_of(split, 1, seed=4)
    assert same(rows, rows_of(augmented(splits, {name: CONFIGS[name]}), 1, seed=4))
    assert not same(rows, rows_of(split, 2, seed=4))
    assert not same(rows, rows_of(split, 1, seed=5))
    assert not same(rows, splits.rows("train").encoded(np.arange(len(split))))
    assert same(split.noisy([5, 2], seed=4, epoch=1), [rows[5], rows[2]])


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_all_but_the_batches_is_clean(name: str) -> None:
    splits = HOME[name]()
    split = as_rows(augmented(splits, {name: CONFIGS[name]}))
    assert split.raw is splits.train.raw
    assert len(split) == len(splits.train)
    assert split.free_targets == splits.train.free_targets
    np.testing.assert_array_equal(split.lengths, splits.rows("train").lengths)
    for a, b in zip(
        split.gather([0, 3])[0].values(), splits.rows("train").gather([0, 3])[0].values(), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    clean = list(splits.train.batches(7, shuffle=True, seed=2, epoch=3))
    noisy = list(split.batches(7, shuffle=True, seed=2, epoch=3))
    for before, after in zip(clean, noisy, strict=True):
        np.testing.assert_array_equal(after[1], before[1])  # targets, in the same order
        assert set(after[0]) == set(before[0])
    assert split.num_batches(7) == len(noisy)


def test_answers_to_noisy_windows_have_the_level_of_each_window() -> None:
    frame = pd.DataFrame({"load": np.arange(80.0)})
    splits = rnnzoo.read_series(frame, target="load", window=6, horizon=2, scaling="window")
    noisy = augmented(splits, {"jitter": 0.1})
    outputs = np.ones((len(splits.train), 2, 1))
    decodings = [part.decoding_of_rows(splits.get_decoding()) for part in (splits.train, noisy)]
    clean, found = (decoding.in_original_units(outputs) for decoding in decodings)
    np.testing.assert_array_equal(clean, found)
    assert len(np.unique(found)) == len(found)


def test_several_are_applied_in_the_order_of_the_table() -> None:
    splits = series()
    one = rows_of(augmented(splits, {"jitter": 0.1, "scaling": 0.5}), 0)
    assert same(one, rows_of(augmented(splits, {"scaling": 0.5, "jitter": 0.1}), 0))
    assert list(build_augmentations({"jitter": 0.1, "scaling": 0.5})) == ["scaling", "jitter"]


def test_no_augmentation_is_the_training_part_itself() -> None:
    splits = series()
    assert augmented(splits, None) is splits.train


def test_tags_keep_their_words() -> None:
    rows = ["the good film", "good film", "a film"] * 12
    splits = Splits.from_arrays(
        rows, [["the", "good", "film"], ["good", "film"], ["a", "film"]] * 12, task="tagging"
    )
    config = {
        "token_dropout": {"rate": 0.3, "keep_place": True},
        "synonyms": {"table": {"good": ["a"]}, "rate": 0.5},
    }
    words, labels = (
        splits.get_preprocessing(TextPreprocessing).vocabulary.words,
        (splits.get_decoding().labels or []),
    )
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    for inputs, targets, weights in augmented(splits, config).batches(4, seed=1):
        assert weights is not None
        assert inputs["tokens"].shape == targets.shape == weights.shape
        for token, target in zip(inputs["tokens"][weights > 0], targets[weights > 0], strict=True):
            seen[words[token], labels[target]] += 1
    assert {pair for pair in seen if pair[0] not in ("[UNK]", pair[1])} == {("a", "good")}
    assert sum(count for pair, count in seen.items() if pair[0] == "[UNK]") > 5


def test_tags_and_steps_of_other_lengths_are_refused() -> None:
    split = tagged().rows("train")
    row = int(split.lengths.argmax())
    with pytest.raises(
        DataError, match=rf"^row {row}: received 2 steps for 3 tags; expected one tag per step\.$"
    ):
        split.gather_encoded([row], [split.encoded([row])[0][:2]])


def test_of_windows_the_inputs_change_but_for_categories() -> None:
    splits = windows()
    clean = splits.rows("train").gather(np.arange(len(splits.train)))
    (noisy,) = augmented(splits, {"jitter": 0.3}).batches(1000)
    assert noisy[0]["features"].shape == clean[0]["features"].shape == (len(splits.train), 6, 3)
    assert (noisy[0]["features"][..., 0] != clean[0]["features"][..., 0]).all()
    np.testing.assert_array_equal(noisy[0]["features"][..., 1:], clean[0]["features"][..., 1:])
    np.testing.assert_array_equal(noisy[1], clean[1])


@pytest.mark.parametrize("coding", ["words", "subwords"])
def test_of_pairs_the_sources_change(coding: str) -> None:
    splits = pairs(coding)
    clean = splits.rows("train").gather(np.arange(20))
    (noisy,) = augmented(splits, {"token_swap": 0.5, "keyboard_typos": 0.5}).batches(20)
    assert not np.array_equal(noisy[0]["tokens"], clean[0]["tokens"])
    np.testing.assert_array_equal(noisy[0]["decoder_tokens"], clean[0]["decoder_tokens"])
    np.testing.assert_array_equal(noisy[1], clean[1])


def test_inserted_words_are_those_of_the_training_vocabulary() -> None:
    splits = texts()
    (batch,) = augmented(splits, {"token_insertion": 1.0}).batches(100)
    assert (np.count_nonzero(batch[0]["tokens"], axis=1) == 2 * splits.rows("train").lengths).all()
    assert 1 not in batch[0]["tokens"]


def test_blanks_are_those_of_the_preprocessing() -> None:
    splits = Splits.from_arrays(["a\u00a0b c", "d"] * 12, [0, 1] * 12)
    assert TokenDropout(rate=1e-9).apply("a\u00a0b \t c\n", rng()) == "a\u00a0b c"
    assert 1 not in next(augmented(splits, {"token_swap": 1.0}).batches(9))[0]["tokens"]
    assert TokenDropout().apply(" ", rng()) == " "


def test_tf_data_and_streams_have_no_rows_to_augment() -> None:
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((np.ones((8, 3, 2)), [0, 1] * 4)).batch(4)
    splits = Splits.from_datasets(dataset, dataset, task="classification")
    with pytest.raises(
        ArgumentError, match=r"received data of kind 'tf.data'; expected .* There is none for"
    ):
        augmented(splits, {"jitter": 0.1})
    assert not isinstance(splits.train, Rows)
    with pytest.raises(
        DataError, match=r"^train: received a DatasetSplit, whose rows have no numbers; expected data"
    ):
        splits.rows("train")


def test_streamed_rows_are_not_augmented(tmp_path: Path) -> None:
    rows = [f"a good film number {i},{'pos' if i % 2 else 'neg'}" for i in range(60)]
    (tmp_path / "films.csv").write_text("\n".join(["text,label", *rows]))
    splits = stream_table(tmp_path / "films.csv", text="text", label="label")
    with pytest.raises(
        ArgumentError,
        match="augmentation: received token_dropout, synonyms for rows that are read from disk",
    ):
        augmented(splits, {"token_dropout": 0.2, "synonyms": {"table": {"film": ["movie"]}}})


def test_rows_of_different_lengths_keep_theirs() -> None:
    rows = [rng(i).normal(size=(3 + i % 4, 2)) for i in range(40)]
    splits = Splits.from_arrays(rows, [0, 1] * 20)
    assert isinstance(splits.preprocessing, FeaturePreprocessing)
    config = {name: CONFIGS[name] for name in ("window_warp", "time_mask", "scaling")} | {"shift": 1}
    for row, clean in zip(
        rows_of(augmented(splits, config), 0),
        splits.rows("train").encoded(range(len(splits.train))),
        strict=True,
    ):
        assert row.shape == clean.shape


def test_a_row_of_which_noise_leaves_no_word_stays_as_it_was() -> None:
    splits = Splits.from_arrays(["film !"] * 40, [0, 1] * 20)
    noisy = augmented(splits, {"token_dropout": 0.9})
    assert isinstance(noisy, AugmentedSplit)
    # Most draws leave the mark alone, which is no word.
    assert any(noisy._noisy_raw(row, rng(row)) == "!" for row in range(28))
    for epoch in range(3):
        rows = noisy.noisy(range(28), seed=1, epoch=epoch)
        assert [row.tolist() for row in rows] == [[2]] * 28
