"""Truth of ``rnnzoo.data.groups``.

Folds for cross-validation: each row is in the test of exactly one, copies of a row stay together.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rnnzoo import load_dataset
from rnnzoo.data.groups import split_groups
from rnnzoo.data.split import as_rows
from rnnzoo.errors import ArgumentError

needs_data = pytest.mark.skipif(not os.environ.get("RNNZOO_DATA"), reason="RNNZOO_DATA is not set")


def test_folds_of_groups_are_each_others_complement() -> None:
    rng = np.random.default_rng(0)
    groups = [f"g{number}" for number in rng.integers(0, 40, 100)]
    classes = {group: int(rng.integers(2)) for group in set(groups)}
    targets = [classes[group] for group in groups]
    seen: list[int] = []
    for fold in range(4):
        parts = split_groups(list(range(100)), targets, groups, fold=(fold, 4), validation_fraction=0.2)
        members = {name: {groups[row] for row in rows} for name, (rows, _) in parts.items()}
        assert not members["train"] & members["test"]
        assert not members["train"] & members["validation"]
        assert not members["validation"] & members["test"]
        assert sum(len(rows) for rows, _ in parts.values()) == 100
        seen += list(parts["test"][0])
    assert sorted(seen) == list(range(100))


def test_folds_of_digits_cover_all_rows_and_classes_alike() -> None:
    tests = [load_dataset("digits", fold=fold, folds=5).test for fold in range(5)]
    found = Counter(image.tobytes() for test in tests if test is not None for image in np.asarray(test.raw))
    assert sum(found.values()) == 1797
    for test in tests:
        assert test is not None
        shares = np.bincount(as_rows(test).gather(np.arange(len(test)))[1]) / len(test)
        np.testing.assert_allclose(shares, 0.1, atol=0.01)


@needs_data
def test_folds_of_splice_keep_copies_together() -> None:
    if not (Path(os.environ["RNNZOO_DATA"]) / "splice").is_dir():
        pytest.skip("splice is not in RNNZOO_DATA")
    splits = load_dataset("splice", fold=3, folds=10)
    assert splits.test is not None
    assert not set(splits.test.raw or ()) & {*(splits.train.raw or ()), *(splits.validation.raw or ())}
    assert splits.description["fold"] == [3, 10]


def test_wrong_folds_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"fold: received 5 of 5 folds; expected 0 to 4\. Count from 0\."):
        load_dataset("digits", fold=5, folds=5)
    with pytest.raises(ArgumentError, match="fold, folds: received 1 and None; expected both or neither"):
        load_dataset("digits", fold=1)
    with pytest.raises(
        ArgumentError,
        match=r"folds: received 3 for the data set 'snips', which has a split .*\. Leave fold and folds out\.",
    ):
        load_dataset("snips", fold=0, folds=3)
    with pytest.raises(ArgumentError, match="folds: received 1; expected an integer of at least 2"):
        load_dataset("digits", fold=0, folds=1)
    with pytest.raises(
        ArgumentError, match=r"folds: received 400; expected at most 183, the number of groups of"
    ):
        load_dataset("digits", fold=0, folds=400)
