"""Truth of ``rnnzoo.recipes.disturbances``: how often they hit, and that each row is disturbed by its number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.splits import Splits
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo.recipes.disturbances import (
    Disturbance,
    HiddenBases,
    HiddenSteps,
    HiddenTimes,
    disturbed,
    list_disturbances,
)

RNG = np.random.default_rng(0)
WORDS = ["the", "film", "was", "good", "and", "the", "music", "was", "not", "so", "bad", "at", "all"]


def texts() -> Splits:
    return Splits.from_arrays([" ".join(RNG.choice(WORDS, 8)) for _ in range(80)], ["a", "b"] * 40)


def tags() -> Splits:
    rows = [list(RNG.choice(WORDS, 6)) for _ in range(40)]
    return Splits.from_arrays(rows, [["x", "y"] * 3 for _ in rows], task="tagging")


def dna() -> Splits:
    rows = ["".join(RNG.choice(list("ACGT"), 30)) for _ in range(40)]
    return Splits.from_arrays(rows, ["a", "b"] * 20, preprocessing=DNAPreprocessing())


def series() -> Splits:
    return Splits.from_arrays(3.0 + 10.0 * RNG.normal(size=(60, 20, 2)), ["a", "b"] * 30)


def videos() -> Splits:
    return Splits.from_arrays(RNG.normal(size=(40, 5, 4, 4, 1)), ["a", "b"] * 20)


def irregular() -> Splits:
    rows = [{"times": np.arange(12.0), "values": RNG.normal(size=(12, 2))} for _ in range(40)]
    return Splits.from_arrays(rows, ["a", "b"] * 20)


def windows() -> Splits:
    return rnnzoo.read_series(
        pd.DataFrame({"load": RNG.normal(size=300)}), target="load", window=10, horizon=2
    )


ALL = (texts, tags, dna, series, videos, irregular, windows)
NAMES = {
    "texts": ("typos", "missing words"),
    "tags": ("typos", "missing words"),
    "dna": ("point mutations", "missing bases"),
    "series": ("noise", "missing steps"),
    "videos": ("noise", "missing steps"),
    "irregular": ("noise", "missing steps"),
    "windows": ("noise", "missing steps"),
}


def batches(splits: Splits, disturbance: Disturbance | None = None) -> Iterator[np.ndarray]:
    part = splits.rows("test")
    shown = part if disturbance is None else disturbed(part, splits, disturbance.change)
    for inputs, _, _ in shown.iterate(BatchOrder(1)):
        yield next(iter(inputs.values()))


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_each_kind_of_rows_has_two_disturbances_of_two_strengths(make: Callable[[], Splits]) -> None:
    splits = make()
    found = list_disturbances(splits)
    first, second = NAMES[make.__name__]
    assert [one.name for one in found] == [first, first, second, second]
    clean = list(batches(splits))
    for weak, strong in (found[:2], found[2:]):
        assert weak.strength < strong.strength
        shares = []
        for one in (weak, strong):
            rows, again = list(batches(splits, one)), list(batches(splits, one))
            assert all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))
            shares.append(
                np.mean(
                    [a.shape != b.shape or not np.array_equal(a, b) for a, b in zip(clean, rows, strict=True)]
                )
            )
        assert shares[1] > 0


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_targets_and_weights_stay(make: Callable[[], Splits]) -> None:
    splits = make()
    part = splits.rows("test")
    clean = list(part.iterate(BatchOrder(8)))
    for one in list_disturbances(splits):
        for (_, before, weights), (_, after, later) in zip(
            clean, disturbed(part, splits, one.change).iterate(BatchOrder(8)), strict=True
        ):
            np.testing.assert_array_equal(before, after)
            assert (weights is None) == (later is None)


def test_noise_has_the_deviation_of_the_data_in_model_inputs_and_raw_rows() -> None:
    splits = series()
    _, strong, _, _ = list_disturbances(splits)
    part = disturbed(splits.rows("test"), splits, strong.change)
    clean = splits.rows("test")
    assert part.raw is not None
    assert clean.raw is not None
    raw = np.stack([np.asarray(row) for row in part.raw]) - np.stack([np.asarray(row) for row in clean.raw])
    assert np.std(raw) == pytest.approx(0.3 * 10.0, rel=0.15)
    scaled = part.first(100)[0]["features"] - clean.first(100)[0]["features"]
    assert np.std(scaled) == pytest.approx(0.3, rel=0.15)


def test_hidden_steps_are_the_mean_of_the_training_part() -> None:
    splits = series()
    strong = list_disturbances(splits)[3]
    part = disturbed(splits.rows("test"), splits, strong.change)
    features = part.first(100)[0]["features"]
    hidden = np.abs(features).max(axis=-1) < 1e-5
    assert hidden.mean() == pytest.approx(0.3, abs=0.12)
    np.testing.assert_allclose(
        features[~hidden], splits.rows("test").first(100)[0]["features"][~hidden], atol=1e-5
    )


def test_shares_are_those_of_the_strength() -> None:
    rng = np.random.default_rng(0)
    kept = HiddenSteps(rate=0.3).apply(np.ones((5000, 2), np.float32), rng)
    assert kept.dtype == np.float32
    assert (kept == 0).all(axis=1).mean() == pytest.approx(0.3, abs=0.02)
    assert HiddenBases(rate=0.3).apply("A" * 5000, rng).count("N") == pytest.approx(1500, abs=100)
    row = {"times": np.arange(5000), "values": np.ones((5000, 1))}
    assert len(HiddenTimes(rate=0.3).apply(row, rng)["times"]) == pytest.approx(3500, abs=100)
    empty = {"times": [0, 1, 2], "values": [[None], [2.0], [None]]}
    for seed in range(20):
        shown = HiddenTimes(rate=1.0).apply(empty, np.random.default_rng(seed))
        assert (shown["times"].tolist(), shown["values"].tolist()) == ([1.0], [[2.0]])


def test_a_text_of_which_nothing_is_left_stays_as_it_was() -> None:
    rows = ["good . . . . ."] * 40
    splits = Splits.from_arrays(rows, ["a", "b"] * 20)
    for one in list_disturbances(splits):
        assert len(disturbed(splits.rows("test"), splits, one.change)) == len(splits.rows("test"))


def test_nothing_is_known_to_disturb_running_text_and_pairs() -> None:
    assert list_disturbances(rnnzoo.running_text_splits(" ".join(WORDS * 40), window=8)) == []
    sentences = [" ".join(RNG.choice(WORDS, 6)) for _ in range(40)]
    pairs = (sentences[:30], sentences[:30]), (sentences[30:], sentences[30:])
    assert list_disturbances(rnnzoo.pair_splits(pairs[0], validation=pairs[1])) == []
