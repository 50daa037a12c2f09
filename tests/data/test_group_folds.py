"""Truth of ``rnnzoo.data.folds`` and ``rnnzoo.data.rare_classes``: each row is tested once, groups stay whole."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Parts, Splits, read_sequences, read_texts
from rnnzoo.data.rare_classes import check_counts, check_learned
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import FeaturePreprocessing

PARTS = ("train", "validation", "test")


def data(task: str, rng: np.random.Generator, rows: int = 120) -> tuple[list[Any], list[Any]]:
    """Rows that tell their number in the first step, and targets of a task."""
    series = [rng.normal(size=(4, 2)) for _ in range(rows)]
    for number, row in enumerate(series):
        row[0, 0] = number
    targets: dict[str, Any] = {
        "classification": [f"c{rng.integers(3)}" for _ in range(rows)],
        "binary_classification": [f"c{number % 2}" for number in range(rows)],
        "multilabel_classification": [["a", "b"][: 1 + number % 2] for number in range(rows)],
        "regression": rng.normal(size=rows).tolist(),
        "tagging": [["on", "off", "on", "off"]] * rows,
        "transcription": ["ab"] * rows,
    }
    return series, targets[task]


def numbers(splits: Splits) -> dict[str, list[int]]:
    """The caller's rows of each part."""
    return {name: [int(row[0, 0]) for row in getattr(splits, name).raw] for name in PARTS}


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    "task",
    [
        "classification",
        "binary_classification",
        "multilabel_classification",
        "regression",
        "tagging",
        "transcription",
    ],
)
def test_each_row_is_tested_once_and_no_group_is_in_two_parts(task: str, grouped: bool) -> None:
    rng = np.random.default_rng(len(task))
    rows, targets = data(task, rng)
    groups = rng.integers(0, 30, len(rows))
    tested: list[int] = []
    for fold in range(4):
        splits = Splits.from_arrays(
            rows, targets, task=task, fold=(fold, 4), groups=groups if grouped else None, seed=3
        )
        parts = numbers(splits)
        assert sorted(itertools.chain(*parts.values())) == list(range(len(rows)))
        tested += parts["test"]
        assert abs(len(parts["test"]) - 30) <= (8 if grouped else 0)
        assert splits.description["fold"] == [fold, 4]
        # What scales the rows was fitted on the training rows of this fold alone.
        own = FeaturePreprocessing.fit([rows[row] for row in parts["train"]])
        np.testing.assert_allclose(splits.get_preprocessing(FeaturePreprocessing).mean, own.mean)
        if grouped:
            members = [{int(groups[row]) for row in part} for part in parts.values()]
            assert not any(one & other for one, other in itertools.combinations(members, 2))
            assert splits.description["groups"] == len(set(groups.tolist()))
        elif task in ("classification", "binary_classification"):
            whole, part = (
                np.unique([targets[row] for row in chosen], return_counts=True)[1]
                for chosen in (range(120), parts["test"])
            )
            np.testing.assert_allclose(part, whole / 4, atol=1)
    assert sorted(tested) == list(range(len(rows)))


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_a_share_are_of_whole_groups_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, targets = data("classification", rng)
    groups = [f"g{number}" for number in rng.integers(0, 40, len(rows))]
    splits = Splits.from_arrays(rows, targets, groups=groups, seed=seed)
    parts = numbers(splits)
    members = [{groups[row] for row in part} for part in parts.values()]
    assert sum(map(len, members)) == len(set(groups))
    assert all(8 <= len(parts[name]) <= 28 for name in ("validation", "test"))


def test_folds_follow_from_the_seed() -> None:
    rows, targets = data("regression", np.random.default_rng(0))
    same, again, other = (
        numbers(Splits.from_arrays(rows, targets, task="regression", fold=(0, 3), seed=seed))
        for seed in (1, 1, 2)
    )
    assert same == again != other


def test_a_column_of_a_table_of_texts_names_the_groups() -> None:
    frame = pd.DataFrame(
        {"text": [f"word{n} text" for n in range(60)], "label": ["a", "b"] * 30, "who": np.arange(60) // 3}
    )
    splits = read_texts(frame, text="text", label="label", groups="who")
    who = dict(zip(frame["text"], frame["who"], strict=True))
    members = [{who[row] for row in getattr(splits, name).raw} for name in PARTS]
    assert sum(map(len, members)) == 20
    assert splits.description["group"] == "who"
    with pytest.raises(ArgumentError, match=r"unknown column .*: received 'whom'; did you mean 'who'\?"):
        read_texts(frame, text="text", label="label", groups="whom")
    frame["who"] = frame["who"].astype(object)
    frame.loc[7, "who"] = None
    with pytest.raises(
        RowError,
        match=r"groups: row 7: received a missing value; expected the group of the row\. Fill it in\.",
    ):
        read_texts(frame, text="text", label="label", groups="who")


def test_a_column_of_a_long_table_names_the_groups_and_is_no_feature() -> None:
    series = np.repeat(np.arange(60), 4)
    frame = pd.DataFrame(
        {
            "id": series,
            "heat": np.arange(240.0),
            "patient": series // 3,
            "kind": np.where(series % 2, "a", "b"),
        }
    )
    splits = read_sequences(frame, series="id", label="kind", groups="patient", fold=(1, 5))
    assert splits.model_arguments["num_features"] == 1
    members = [{int(row[0, 0]) // 12 for row in getattr(splits, name).raw} for name in PARTS]
    assert sum(map(len, members)) == 20
    assert len(members[2]) == 4
    frame.loc[5, "patient"] = 19
    with pytest.raises(
        DataError, match=r"'patient' is 19, but 0 in .* of the same series; expected one group per series\."
    ):
        read_sequences(frame, series="id", label="kind", groups="patient")


def test_rare_classes_are_refused_or_left_out() -> None:
    rows, targets = data("regression", np.random.default_rng(0), rows=40)
    labels = ["a", "b"] * 18 + ["rare"] * 4
    with pytest.raises(
        DataError, match=r"received fewer than 5 rows of rare; expected 5 at least of every class, to be in "
    ):
        Splits.from_arrays(rows, labels, fold=(0, 5))
    with pytest.warns(UserWarning, match="1 of 3 classes have too few rows"):
        kept = numbers(Splits.from_arrays(rows, labels, fold=(0, 5), rare="train"))
    assert set(range(36, 40)) <= set(kept["train"])
    groups = [*range(36), 36, 36, 37, 37]
    with pytest.raises(
        DataError, match=r"fewer than 4 groups of rare; expected 4 .*each of 4 folds\. Ask for fewer folds\."
    ):
        Splits.from_arrays(rows, labels, fold=(0, 4), groups=groups)
    with pytest.warns(UserWarning, match="1 of 3 classes have too few rows"):
        left = numbers(Splits.from_arrays(rows, labels, fold=(0, 4), groups=groups, rare="drop"))
    assert sorted(itertools.chain(*left.values())) == list(range(36))
    with pytest.raises(DataError, match=r"received fewer than 4 rows of a, b; .* each of 2 folds\. Add rows"):
        check_counts(list("aabbb"), None, 2)
    with pytest.raises(DataError, match="received all groups of b in a part that was split off"):
        check_learned({"train": np.array([0]), "test": np.array([1])}, np.array(["a", "b"]))
    assert targets


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fold": (5, 5)}, r"fold: received 5 of 5 folds; expected 0 to 4\. Count from 0\."),
        ({"fold": 3}, r"fold: received 3; expected its number and how many there are, such as \(0, 5\)\."),
        ({"fold": (0, 1)}, "folds: received 1; expected an integer of at least 2"),
        (
            {"fold": (0, 5), "test_fraction": 0.3},
            r"test_fraction: received 0\.3 with fold=\(0, 5\), whose rows are the",
        ),
        (
            {"fold": (0, 5), "test": (["a"], ["b"])},
            r"fold: received \(0, 5\) with a test part; expected rows without one",
        ),
        (
            {"groups": "who", "rare": "train"},
            "rare: received 'train' with groups, which must be whole in one part",
        ),
        (
            {"groups": [1], "validation": ([], []), "test": ([], [])},
            "groups: received them with a validation and a test",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Parts(**options)


def test_wrong_groups_are_refused() -> None:
    rows, targets = ["a", "b"] * 10, ["x", "y"] * 10
    with pytest.raises(ArgumentError, match="groups: received 'who'; expected one group for each row"):
        Splits.from_arrays(rows, targets, groups="who")
    with pytest.raises(DataError, match="groups: received 3 groups for 20 rows; expected one for each row"):
        Splits.from_arrays(rows, targets, groups=[1, 2, 3])
    with pytest.raises(
        DataError, match=r"folds: received 30 for 20 rows; expected at most 20, .*\. Ask for fewer\."
    ):
        Splits.from_arrays(rows, list(range(20)), task="regression", fold=(0, 30))
    with pytest.raises(DataError, match="folds: received 4 for 3 groups; expected at most 3"):
        Splits.from_arrays(rows, list(range(20)), task="regression", fold=(0, 4), groups=np.arange(20) % 3)
    with pytest.raises(
        ArgumentError, match="fold: received it with from_disk, which draws rows one by one; expected None"
    ):
        read_texts("any.csv", text="text", label="label", from_disk=True, fold=(0, 3))
