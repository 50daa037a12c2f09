"""Truth of ``rnnzoo.data.augmentation.table``.

Augmentation: each does what its formula says, seed, epoch and row decide, and only training rows are changed.
"""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, pair_splits, text_stream_splits, train
from rnnzoo.cli.settings import split_settings
from rnnzoo.data.augmentation.augmented_split import AugmentedSplit, augmented
from rnnzoo.data.augmentation.dna_noise import PointMutation, ReverseComplement
from rnnzoo.data.augmentation.keyboard import LAYOUTS, neighbours
from rnnzoo.data.augmentation.series_noise import Jitter, Scaling, Shift, TimeMask, WindowWarp, warp
from rnnzoo.data.augmentation.spec_augment import SpecAugment
from rnnzoo.data.augmentation.substitutions import Paraphrases, Synonyms
from rnnzoo.data.augmentation.table import AUGMENTATIONS, build_augmentations
from rnnzoo.data.augmentation.text_noise import (
    UNKNOWN_WORD,
    KeyboardTypos,
    TokenDropout,
    TokenInsertion,
    TokenSwap,
)
from rnnzoo.data.readers.audio import audio_splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.texts import stream_table
from rnnzoo.data.split import Rows, as_rows
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing import DNAPreprocessing, FeaturePreprocessing, TextPreprocessing
from rnnzoo.preprocessing.dna import AMBIGUITY
from slow_cases import slow_but

SYNONYMS = {"film": ["movie", "picture"], "good": ["fine"]}
# A valid config of each, with what it is shown on below.
CONFIGS: dict[str, Any] = {
    "paraphrases": {"table": {"a good film": ["a fine movie", "nice film"]}, "rate": 0.5},
    "synonyms": {"table": SYNONYMS, "rate": 0.5},
    "token_insertion": 0.5,
    "token_swap": 0.5,
    "token_dropout": 0.5,
    "keyboard_typos": 0.5,
    "reverse_complement": 0.5,
    "point_mutation": 0.2,
    "shift": {"steps": 1, "features": 1, "fill": 0.0},
    "window_warp": 1.0,
    "scaling": 0.1,
    "jitter": 0.1,
    "time_mask": 0.5,
    "spec_augment": {},
}
WORDS = st.lists(st.text("abcxyz,.", min_size=1, max_size=6), min_size=1, max_size=12)
SEEDS = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def frozen(*shape: int) -> np.ndarray:
    row = rng(9).normal(size=shape).astype(np.float32)
    row.flags.writeable = False
    return row


def texts() -> Splits:
    return Splits.from_arrays(["a good film", "a bad film", "no good", "bad"] * 12, [1, 0, 1, 0] * 12)


def series(**options: Any) -> Splits:
    values = rng(1).normal(5.0, 2.0, size=(40, 8, 4))
    return Splits.from_arrays(values, ["up", "down"] * 20, **options)


def dna() -> Splits:
    rows = ["".join(row) for row in rng(2).choice(list("ACGTNR"), size=(40, 30))]
    return Splits.from_arrays(rows, [0, 1] * 20, preprocessing=DNAPreprocessing(variable_length=False))


def tagged(rows: Any = None) -> Splits:
    rows = rows or [["the", "good", "film"], ["a", "film"], ["good"]] * 12
    return Splits.from_arrays(rows, [["X"] * (len(row) - 1) + ["Y"] for row in rows], task="tagging")


def sounds() -> Splits:
    tones = np.sin(2 * np.pi * np.outer([400, 900], np.arange(1600)) / 8000)
    return audio_splits(
        [tones[i % 2] for i in range(40)],
        ["ab"[i % 2] for i in range(40)],
        task="transcription",
        sample_rate=8000,
        stratify=False,
        num_mels=10,
    )


def windows() -> Splits:
    frame = pd.DataFrame({"load": np.sin(np.arange(80.0)), "day": list("xyyx") * 20})
    return series_splits(frame, target=["load"], window=6, horizon=2, categorical=["day"])


def pairs(coding: str = "words") -> Splits:
    both = (["a good film", "the film"] * 10, ["ein guter Film", "der Film"] * 10)
    return pair_splits(both, validation=both, coding=coding)


HOME = {
    **dict.fromkeys(["paraphrases", "synonyms", "token_insertion", "token_swap", "token_dropout"], texts),
    "keyboard_typos": texts,
    **dict.fromkeys(["reverse_complement", "point_mutation"], dna),
    **dict.fromkeys(["shift", "window_warp", "scaling", "jitter", "time_mask"], series),
    "spec_augment": sounds,
}


def test_every_augmentation_is_shown_here() -> None:
    assert set(CONFIGS) == set(HOME) == set(AUGMENTATIONS)


# --- What each does ---------------------------------------------------------------------------------------------------


def is_part_of(part: list[str], whole: list[str]) -> bool:
    """Whether the words of a part are in the whole, in order."""
    rest = iter(whole)
    return all(word in rest for word in part)


@given(WORDS, SEEDS)
def test_words_are_dropped_swapped_and_inserted_and_nothing_else(words: list[str], seed: int) -> None:
    dropped = TokenDropout(rate=0.5).apply(words, rng(seed))
    assert dropped
    assert is_part_of(dropped, words)
    unknown = TokenDropout(rate=0.5, keep_place=True).apply(words, rng(seed))
    assert [w for w in unknown if w != UNKNOWN_WORD] == dropped
    assert len(unknown) == len(words)
    swapped = TokenSwap(rate=0.5).apply(words, rng(seed))
    assert collections.Counter(swapped) == collections.Counter(words)
    inserted = TokenInsertion(rate=0.5, words=("NEW",)).apply(words, rng(seed))
    assert [word for word in inserted if word != "NEW"] == words
    assert inserted[0] != "NEW"


@given(WORDS, SEEDS)
def test_typos_are_one_key_beside_the_right_one(words: list[str], seed: int) -> None:
    typed = KeyboardTypos(rate=1.0).apply(words, rng(seed))
    for word, other in zip(words, typed, strict=True):
        wrong = [(a, b) for a, b in zip(word, other, strict=True) if a != b]
        letters = [a for a in word if a.isalpha()]
        assert len(wrong) == min(1, len(letters))
        assert all(b in neighbours("qwerty")[a] for a, b in wrong)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_beside_each_other_are_so_in_both_directions(layout: str) -> None:
    near = neighbours(layout)
    assert set(near) == set("".join(LAYOUTS[layout]))
    assert all(a in near[b] for a in near for b in near[a])
    assert all(2 <= len(others) <= 6 for others in near.values())


def test_capitals_and_punctuation_stay_and_what_has_no_key() -> None:
    assert KeyboardTypos(rate=1.0).apply("É, 12!", rng()) == "É, 12!"
    assert KeyboardTypos(rate=1.0).apply("Q", rng()) in ("A", "W")


def test_synonyms_keep_capitals_and_punctuation() -> None:
    synonyms = Synonyms(table={"film": ["moving picture"], "Bonn": ["Berlin"]}, rate=1.0)
    assert synonyms.apply("Film? (film) films Bonn bonn", rng()) == (
        "Moving picture? (moving picture) films Berlin bonn"
    )


@given(st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn", min_size=1, max_size=30))
def test_the_other_strand_is_the_true_one(sequence: str) -> None:
    other = ReverseComplement(rate=1.0).apply(sequence, rng())
    here, there = DNAPreprocessing().encode([sequence, other])
    np.testing.assert_array_equal(there, here[::-1, ::-1])
    assert ReverseComplement(rate=1.0).apply(other, rng()) == sequence


@given(st.text("".join(AMBIGUITY) + "".join(AMBIGUITY).lower(), max_size=40), SEEDS)
def test_bases_mutate_to_other_bases_and_ambiguous_letters_stay(sequence: str, seed: int) -> None:
    mutated = PointMutation(rate=1.0).apply(sequence, rng(seed))
    for letter, other in zip(sequence, mutated, strict=True):
        base = "T" if letter in "Uu" else letter.upper()
        if base in "ACGT":
            assert other.upper() in set("ACGT") - {base}
            assert other.islower() == letter.islower()
        else:
            assert other == letter


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0])
def test_rates_are_respected(rate: float) -> None:
    count = 4000
    words, spread = ["word"] * count, 4 * np.sqrt(rate * (1 - rate) / count) + 1e-9
    shares = {
        "dropout": TokenDropout(rate=rate, keep_place=True).apply(words, rng()).count(UNKNOWN_WORD) / count,
        "insertion": len(TokenInsertion(rate=rate, words=("x",)).apply(words, rng())) / count - 1,
        "typos": sum(w != "word" for w in KeyboardTypos(rate=rate).apply(words, rng())) / count,
        "synonyms": Synonyms(table={"word": ["x"]}, rate=rate).apply(words, rng()).count("x") / count,
        "mutation": count - PointMutation(rate=rate).apply("A" * count, rng()).count("A"),
    }
    shares["mutation"] /= count
    generator = rng(3)
    for name, one in {
        "strand": (ReverseComplement(rate=rate), "AAC", "GTT"),
        "paraphrases": (Paraphrases(table={"a": "b"}, rate=rate), "a", "b"),
    }.items():
        shares[name] = sum(one[0].apply(one[1], generator) == one[2] for _ in range(count)) / count
    row = np.arange(6.0)[:, None] ** 2
    warps = WindowWarp(rate=rate, share=0.5)
    shares["warp"] = sum((warps.apply(row, generator) != row).any() for _ in range(count)) / count
    for name, share in shares.items():
        assert share == pytest.approx(rate, abs=spread if name != "dropout" else spread + 1 / count), name


def test_swaps_move_two_words_each() -> None:
    words = [str(number) for number in range(4000)]
    moved = [TokenSwap(rate=0.1).apply(words, rng(seed)) for seed in range(5)]
    share = np.mean([a != b for row in moved for a, b in zip(row, words, strict=True)])
    # Of 0.1 n swaps both partners move; some words meet two swaps.
    assert share == pytest.approx(1 - np.exp(-0.2), abs=0.02)


def test_jitter_and_scaling_have_their_deviations() -> None:
    row = np.ones((20_000, 3), np.float32)
    noise = Jitter(deviation=0.2).apply(row, rng()) - row
    assert noise.std(axis=0) == pytest.approx(0.2, rel=0.03)
    assert abs(noise.mean()) < 0.005
    factors = np.array([Scaling(deviation=0.1).apply(row[:2], rng(seed)) for seed in range(4000)])
    np.testing.assert_array_equal(factors[:, 0], factors[:, 1])  # the same at every step
    assert factors[:, 0].std(axis=0) == pytest.approx(0.1, rel=0.05)
    assert np.corrcoef(factors[:, 0].T)[0, 1] == pytest.approx(0.0, abs=0.06)  # each feature its own


@given(
    st.integers(2, 20),
    st.floats(0, 1),
    st.floats(0.05, 1),
    st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0]),
)
def test_a_warped_row_is_the_row_at_other_times(
    steps: int, place: float, share: float, factor: float
) -> None:
    last = steps - 1
    width = share * last
    start = place * (last - width)
    times = np.arange(float(steps))
    found = warp(np.stack([times, times**2], axis=-1), start=start, width=width, factor=factor)
    length = last + width * (factor - 1)
    for number, (time, square) in enumerate(found):
        # Where the warped clock shows `now`, the true one shows:
        now = number * length / last
        if now <= start:
            true = now
        elif now <= start + width * factor:
            true = start + (now - start) / factor
        else:
            true = now - width * (factor - 1)
        assert time == pytest.approx(true, abs=1e-9)
        below = min(int(true), last - 1)
        between = below**2 + (true - below) * ((below + 1) ** 2 - below**2)
        assert square == pytest.approx(between, abs=1e-6)
    assert found[0, 0] == 0.0
    assert found[-1, 0] == pytest.approx(last)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_series_keep_their_shape_and_the_row_given_is_not_touched(steps: int) -> None:
    row = frozen(steps, 4)
    for name in ("shift", "window_warp", "scaling", "jitter", "time_mask", "spec_augment"):
        one = build_augmentations({name: CONFIGS[name]})[name]
        for seed in range(5):
            changed = one.apply(row, rng(seed))
            assert changed.shape == row.shape, name
            assert changed.dtype == np.float32, name


def lengths_of_zeros(hidden: np.ndarray) -> int:
    """The length of the one stretch that is hidden."""
    places = np.flatnonzero(hidden)
    assert len(places) == 0 or places[-1] - places[0] == len(places) - 1
    return len(places)


def test_masks_are_stretches_of_any_length_up_to_the_share() -> None:
    row = np.ones((30, 20))
    found = collections.Counter(
        lengths_of_zeros((TimeMask(share=0.1).apply(row, rng(seed)) == 0).all(axis=1)) for seed in range(4000)
    )
    assert set(found) == {0, 1, 2, 3}
    assert all(count == pytest.approx(1000, abs=150) for count in found.values())
    places = sum((TimeMask(share=0.1).apply(row, rng(seed)) == 0).all(axis=1) for seed in range(2000))
    assert (np.asarray(places) > 0).all()  # the first and the last step too
    bands = SpecAugment(frequency=0.5, frequency_masks=1, time=0.1, time_masks=1)
    hidden = [bands.apply(row, rng(seed)) == 0 for seed in range(500)]
    for one in hidden:
        times, features = one.all(axis=1), one.all(axis=0)
        np.testing.assert_array_equal(one, times[:, None] | features[None])
    assert {lengths_of_zeros(one.all(axis=0)) for one in hidden} == set(range(11))
    assert {lengths_of_zeros(one.all(axis=1)) for one in hidden} == {0, 1, 2, 3}


def test_a_shift_is_that_of_the_raw_image() -> None:
    digits = load_dataset("digits")
    shift = Shift(steps=2, features=1, fill=0.0).fitted(digits)
    preprocessing, raw = digits.get_preprocessing(), digits.train.raw
    assert raw is not None
    seen = set()
    for row in range(60):
        found = shift.apply(preprocessing.encode([raw[row]])[0], rng(row))
        draws = rng(row)
        down, right = int(draws.integers(-2, 3)), int(draws.integers(-1, 2))
        seen.add((down, right))
        padded = np.pad(np.asarray(raw[row]), 3)
        moved = padded[3 - down : 11 - down, 3 - right : 11 - right]
        np.testing.assert_allclose(found, preprocessing.encode([moved])[0], atol=1e-5)
    assert len(seen) == 15


def test_a_shift_fills_with_the_mean() -> None:
    splits = series()
    shifted = Shift(steps=3).fitted(splits).apply(np.ones((8, 4), np.float32), rng(0))
    draw = int(rng(0).integers(-3, 4))
    assert draw
    expected = np.ones((8, 4))
    expected[slice(0, draw) if draw > 0 else slice(8 + draw, 8)] = 0.0
    np.testing.assert_allclose(shifted, expected, atol=1e-6)


# --- What decides the noise -------------------------------------------------------------------------------------------


def rows_of(split: Any, epoch: int, seed: int = 0) -> list[np.ndarray]:
    return list(split.noisy(np.arange(len(split)), seed=seed, epoch=epoch))


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


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


def test_several_are_applied_in_the_order_of_the_table() -> None:
    splits = series()
    one = rows_of(augmented(splits, {"jitter": 0.1, "scaling": 0.5}), 0)
    assert same(one, rows_of(augmented(splits, {"scaling": 0.5, "jitter": 0.1}), 0))
    assert list(build_augmentations({"jitter": 0.1, "scaling": 0.5})) == ["scaling", "jitter"]


def test_no_augmentation_is_the_training_part_itself() -> None:
    splits = series()
    assert augmented(splits, None) is splits.train


# --- Kinds of data ----------------------------------------------------------------------------------------------------


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


# --- What is refused --------------------------------------------------------------------------------------------------

REFUSED: list[tuple[Any, Any, str]] = [
    (
        texts,
        {"spec_augment": {}},
        "augmentation 'spec_augment': received data of kind 'text'; expected 'series' or 'sound'. For these data "
        "there are: paraphrases, synonyms, token_insertion, token_swap, token_dropout, keyboard_typos.",
    ),
    (
        dna,
        {"jitter": 0.1},
        "augmentation 'jitter': received data of kind 'dna'; expected 'series', 'sound' or 'windows'. For these "
        "data there are: reverse_complement, point_mutation.",
    ),
    (
        tagged,
        {"token_swap": 0.1},
        "augmentation 'token_swap': received task 'tagging', whose targets would not be true any more; expected "
        "'classification', 'binary_classification', 'multilabel_classification', 'regression' or 'translation'. For "
        "these data there are: synonyms, token_dropout, keyboard_typos.",
    ),
    (
        windows,
        {"scaling": 0.1},
        "augmentation 'scaling': received data of kind 'windows'; expected 'series' or 'sound'. For these data "
        "there are: jitter, time_mask.",
    ),
    (
        tagged,
        {"token_dropout": 0.1},
        "augmentation 'token_dropout': received keep_place=False for tagging, where each word has a tag; expected "
        'True. Pass {"token_dropout": {"rate": ..., "keep_place": true}}.',
    ),
    (
        tagged,
        {"synonyms": {"table": {"film": ["moving picture"]}}},
        "augmentation 'synonyms': received 'moving picture' for 'film' in tagging; expected single words, for each "
        "word has one tag. Leave it out.",
    ),
    (
        texts,
        {"synonyms": {"table": {"dog": ["hound"]}}},
        "augmentation 'synonyms': received a table of 1 words, none of which is in a training row; expected words of "
        "the data.",
    ),
    (
        texts,
        {"paraphrases": {"table": {"A good film": "x"}}},
        "augmentation 'paraphrases': received a table of 1 texts, none of which is a training row; expected texts of "
        "the training part, letter by letter.",
    ),
    (
        series,
        {"shift": 8},
        "augmentation 'shift': received steps=8; expected fewer than the 8 steps of the shortest training row.",
    ),
    (
        series,
        {"shift": {"features": 4}},
        "augmentation 'shift': received features=4; expected fewer than the 4 features of a row.",
    ),
    (
        lambda: pairs("subwords"),
        {"token_insertion": 0.1},
        "augmentation 'token_insertion': received data of kind 'subwords', whose vocabulary is not of words; expected "
        'words to insert. Pass {"token_insertion": {"words": [...]}}.',
    ),
    (
        lambda: pairs("subwords"),
        {"token_dropout": {"keep_place": True}},
        "augmentation 'token_dropout': received keep_place=True for subwords, which know every word; expected False. "
        "Leave it out.",
    ),
    (
        lambda: text_stream_splits("to be or not to be " * 50, window=5),
        {"token_dropout": {"keep_place": True}},
        "augmentation 'token_dropout': received task 'language_modeling', whose targets would not be true any more; "
        "expected 'classification', 'binary_classification', 'multilabel_classification', 'regression', "
        "'translation', 'tagging' or 'crf_tagging'. There is none for these data.",
    ),
]


@pytest.mark.parametrize(("data", "config", "message"), REFUSED, ids=[str(row[1]) for row in REFUSED])
def test_what_does_not_fit_the_data_is_refused(data: Any, config: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        augmented(data(), config)
    assert str(error.value) == message


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


BAD: list[tuple[Any, str]] = [
    ({}, r"augmentation: received \{\}; expected a mapping of augmentations, or None for none"),
    ("jitter", "augmentation: received 'jitter'; expected a mapping of augmentations"),
    ({"jiter": 0.1}, "unknown augmentation: received 'jiter'; did you mean 'jitter'"),
    (
        {"jitter": {"deviatoin": 1}},
        "unknown field of augmentation 'jitter': received 'deviatoin'; did you mean",
    ),
    ({"shift": {"mean": [0.0]}}, "unknown field of augmentation 'shift': received 'mean'"),
    (
        {"jitter": 0},
        "augmentation 'jitter': deviation: received 0.0; expected a finite number above 0. Leave the",
    ),
    (
        {"token_dropout": 1.5},
        "augmentation 'token_dropout': rate: received 1.5; expected a finite number above 0 and",
    ),
    (
        {"token_dropout": True},
        "augmentation 'token_dropout': received True; expected a finite number. Or pass a map",
    ),
    ({"token_dropout": {"keep_place": 1}}, "keep_place: received 1; expected True or False"),
    (
        {"token_insertion": {"words": "abc"}},
        "words: received 'abc'; expected a list of words, none of them blank",
    ),
    (
        {"keyboard_typos": {"layout": "dvorak"}},
        "augmentation 'keyboard_typos': unknown layout: received 'dvorak'",
    ),
    ({"synonyms": 0.1}, "augmentation 'synonyms': received 0.1; expected a mapping of table, rate"),
    ({"synonyms": {"rate": 0.1}}, "augmentation 'synonyms': received no table; expected one"),
    (
        {"synonyms": {"table": {}}},
        "'synonyms': table: received 0 entries; expected a mapping of texts, not empty",
    ),
    ({"synonyms": {"table": {"a": "b"}}}, r"table\['a'\]: received 'b'; expected a list of words"),
    (
        {"synonyms": {"table": {"a": [""]}}},
        r"table\['a'\]: received \[''\]; expected a list of words, none of them",
    ),
    ({"paraphrases": {"table": ["a"]}}, "table: received list; expected a mapping of texts, not empty"),
    ({"window_warp": {"factors": []}}, r"factors: received \[\]; expected a list of factors"),
    ({"window_warp": {"factors": [0]}}, r"factors\[0\]: received 0; expected a finite number above 0"),
    ({"time_mask": {"masks": 0}}, "masks: received 0; expected an integer of at least 1"),
    ({"shift": {"steps": 0}}, "steps and features: received 0 and 0; expected one of them above 0"),
    ({"shift": 0.5}, "'shift': steps: received 0.5; expected an integer of at least 0"),
    (
        {"spec_augment": 0.1},
        "augmentation 'spec_augment': received 0.1; expected a mapping of frequency, frequ",
    ),
]


@pytest.mark.parametrize(("config", "message"), BAD, ids=[str(row[0]) for row in BAD])
def test_configs_that_are_wrong_are_refused_at_once(config: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        TrainConfig(augmentation=config)


def test_configs_are_kept_as_json_has_them() -> None:
    given_one = {"window_warp": {"factors": (0.5, 2.0)}, "jitter": 0.1}
    config = TrainConfig(augmentation=given_one)
    assert config.augmentation == {"window_warp": {"factors": [0.5, 2.0]}, "jitter": 0.1}
    assert TrainConfig.from_dict(config.to_dict()) == config
    given_one["jitter"] = 9
    assert config.augmentation["jitter"] == 0.1
    assert TrainConfig().to_dict()["augmentation"] is None
    with pytest.raises(UnknownNameError, match="did you mean 'augmentation'"):
        TrainConfig.from_dict({"augmentations": None})


def test_the_command_line_takes_json() -> None:
    _, fields = split_settings(
        "text-classifier-gru", ['augmentation={"token_dropout": 0.1, "keyboard_typos": {"rate": 0.2}}']
    )
    config = TrainConfig.from_dict(fields)
    assert config.augmentation == {"token_dropout": 0.1, "keyboard_typos": {"rate": 0.2}}


# --- Training ---------------------------------------------------------------------------------------------------------

TRAINED: dict[str, tuple[Any, str, list[str]]] = {
    "texts": (texts, "text-classifier-gru", [n for n in CONFIGS if HOME[n] is texts]),
    "DNA": (dna, "dna-classifier-bilstm", ["reverse_complement", "point_mutation"]),
    "series": (series, "series-classifier-gru", [n for n in CONFIGS if HOME[n] is series]),
    "sound": (sounds, "transcriber-bilstm", ["spec_augment", "jitter", "window_warp"]),
    "tags": (tagged, "text-tagger-bilstm", ["keyboard_typos", "synonyms"]),
    "windows": (windows, "forecaster-gru", ["jitter", "time_mask"]),
    "pairs": (pairs, "translator-gru-bahdanau", ["token_dropout", "token_insertion"]),
}


def small(name: str, splits: Splits) -> keras.Model:
    keras.utils.set_random_seed(0)
    return create_model(name, units=(6,), **splits.model_arguments)


@pytest.mark.parametrize("kind", slow_but(TRAINED, "texts", "series"))
def test_every_kind_of_data_trains(kind: str) -> None:
    data, name, names = TRAINED[kind]
    config = {one: CONFIGS[one] for one in names}
    splits = data()
    result = train(
        small(name, splits), splits, config=TrainConfig(epochs=1, augmentation=config), progress=False
    )
    assert np.isfinite(result.history[0]["loss"])


def test_all_augmentations_are_trained_with() -> None:
    assert {one for _, _, names in TRAINED.values() for one in names} == set(AUGMENTATIONS)


def test_only_the_training_part_has_noise(tmp_path: Path) -> None:
    splits = series()
    config: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-9, "tensorboard": False}
    clean = train(
        small("series-classifier-gru", splits), splits, config=TrainConfig(**config), progress=False
    )
    noisy = train(
        small("series-classifier-gru", splits),
        splits,
        config=TrainConfig(augmentation={"jitter": 1e4}, **config),
        directory=tmp_path / "run",
        progress=False,
    )
    # With weights that stay as they are, scores tell what the rows were.
    assert noisy.history[0]["loss"] != pytest.approx(clean.history[0]["loss"], rel=0.05)
    assert noisy.history[0]["val_loss"] == pytest.approx(clean.history[0]["val_loss"], rel=1e-5)
    assert noisy.metrics["test"]["loss"] == pytest.approx(clean.metrics["test"]["loss"], rel=1e-5)
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_long_table_does_not_fill_the_report(tmp_path: Path) -> None:
    splits = texts()
    table = {f"word{number}": ["other"] for number in range(300)} | {"good": ["fine"]}
    config = TrainConfig(epochs=1, augmentation={"synonyms": {"table": table}}, tensorboard=False)
    train(
        small("text-classifier-gru", splits), splits, config=config, directory=tmp_path / "r", progress=False
    )
    report = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "word1" in report
    assert "word299" not in report
    assert "... (all of it: config.json)" in report
    assert "word299" in (tmp_path / "r" / "config.json").read_text(encoding="utf-8")


def test_a_misfit_leaves_nothing_behind(tmp_path: Path) -> None:
    splits = series()
    config = TrainConfig(augmentation={"point_mutation": 0.1})
    with pytest.raises(
        ArgumentError, match="'point_mutation': received data of kind 'series'; expected 'dna'"
    ):
        train(small("series-classifier-gru", splits), splits, config=config, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Interrupt(keras.callbacks.Callback):
    """Stops training as Ctrl-C does after an epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch == self._epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_resumed_run_sees_the_same_noise(tmp_path: Path) -> None:
    splits = series()
    augmentation = {"window_warp": {"rate": 1.0, "factors": (0.5, 2.0)}, "jitter": 0.3}
    config = TrainConfig(epochs=4, augmentation=augmentation, tensorboard=False)
    whole = train(small("series-classifier-gru", splits), splits, config=config, progress=False)
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(
            small("series-classifier-gru", splits),
            splits,
            config=config,
            directory=folder,
            callbacks=[Interrupt(2)],
            progress=False,
        )
    resumed = train(
        small("series-classifier-gru", splits),
        splits,
        config=config,
        directory=folder,
        resume=True,
        callbacks=[Interrupt(99)],
        progress=False,
    )
    for first, second in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    other = train(
        small("series-classifier-gru", splits),
        splits,
        config=TrainConfig(epochs=4, augmentation={"jitter": 0.3}, tensorboard=False),
        progress=False,
    )
    assert not same(whole.model.get_weights(), other.model.get_weights())


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
