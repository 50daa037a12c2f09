"""Truth of ``rnnzoo.data.splitting`` and ``rnnzoo.data.numeric_labels``: rare classes, and numbers as labels."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Parts, Splits, audio_splits, read_texts
from rnnzoo.data.numeric_labels import refuse_many_numbers
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError

TEXTS = [f"word{n % 7} film" for n in range(401)]
LABELS = ["a" if n % 3 else "b" for n in range(400)] + ["lonely"]


def counts(splits: Splits) -> dict[str, Counter[str]]:
    labels = splits.get_decoding().labels or []
    found = {}
    for part in ("train", "validation", "test"):
        rows = splits.rows(part)
        found[part] = Counter(labels[int(target)] for target in rows.gather(range(len(rows)))[1])
    return found


@pytest.mark.filterwarnings("ignore:.*texts are in the training part too")
@pytest.mark.parametrize("rare", ["drop", "train"])
def test_rare_classes_are_left_out_or_kept_to_the_training_part(rare: str) -> None:
    with pytest.raises(DataError, match=r"received one row only of lonely.*rare='drop'.*--rare drop"):
        Splits.from_arrays(TEXTS, LABELS)
    with pytest.warns(
        UserWarning, match=r"1 of 3 classes .*: lonely \(1 row\)\. Their 1 rows are (left|in the)"
    ):
        splits = Splits.from_arrays(TEXTS, LABELS, rare=rare)
    assert splits.description["rare_classes"] == {"treatment": rare, "rows": {"lonely": 1}}
    found = counts(splits)
    assert [found[part]["lonely"] for part in found] == [int(rare == "train"), 0, 0]
    assert sum(map(Counter.total, found.values())) == 400 + (rare == "train")
    assert all(own["a"] > own["b"] > 0 for own in found.values())


@pytest.mark.parametrize("rows", [2, 3])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings(
    "ignore:.*classes have too few rows", "ignore:.*texts are in the training part too"
)
def test_few_rows_that_one_part_takes_do_not_stop_the_next(rows: int, seed: int) -> None:
    labels = ["rare"] * rows + LABELS[rows:-1] + ["a"]
    for rare in ("drop", "train"):
        splits = Splits.from_arrays(TEXTS, labels, rare=rare, seed=seed, test_fraction=0.4)
        found = counts(splits)
        if "rare_classes" in splits.description:
            assert [found[part]["rare"] for part in found] == [rows * (rare == "train"), 0, 0]
        else:
            assert sum(own["rare"] for own in found.values()) == rows


@pytest.mark.filterwarnings(
    "ignore:.*classes have too few rows", "ignore:.*texts are in the training part too"
)
def test_parts_that_are_given_lose_the_same_classes_and_keep_their_row_numbers() -> None:
    given = ([*TEXTS[:3], ""], ["lonely", "a", "b", "a"])
    with pytest.raises(DataError, match="test: row 3: received an empty text"):
        Splits.from_arrays(TEXTS, LABELS, test=given, rare="drop")
    splits = Splits.from_arrays(TEXTS, LABELS, test=(given[0][:3], given[1][:3]), rare="drop")
    assert counts(splits)["test"] == {"a": 1, "b": 1}
    kept = Splits.from_arrays(TEXTS, LABELS, test=(given[0][:3], given[1][:3]), rare="train")
    assert counts(kept)["test"] == {"lonely": 1, "a": 1, "b": 1}


@pytest.mark.filterwarnings("ignore:.*classes have too few rows")
def test_readers_take_it_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f"new{n} film,{label}\n" for n, label in enumerate(LABELS)))
    splits = read_texts(path, text="text", label="label", rare="drop")
    assert splits.description["rare_classes"]["rows"] == {"lonely": 1}
    beeps = [np.sin(np.arange(400) * pitch) for pitch in [0.2, 1.0] * 20 + [0.5]]
    sounds = audio_splits(beeps, ["low", "high"] * 20 + ["mid"], sample_rate=8000, parts=Parts(rare="train"))
    assert counts(sounds)["train"]["mid"] == 1
    with pytest.raises(ArgumentError, match="rare: received 'drop' with from_disk"):
        read_texts(path, text="text", label="label", rare="drop", from_disk=True)


def test_what_does_nothing_is_refused() -> None:
    with pytest.raises(ArgumentError, match="rare: received 'drop' with stratify=False"):
        Parts(rare="drop", stratify=False)
    with pytest.raises(UnknownNameError, match="unknown rare: received 'dorp'; did you mean 'drop'"):
        Parts(rare="dorp")
    with pytest.raises(
        ArgumentError, match="rare: received 'train' for task 'regression', whose rows are not"
    ):
        Splits.from_arrays(np.ones((20, 3, 1)), range(20), task="regression", rare="train")


PRICES = [f"{number * 1.5}" for number in range(60)]


@pytest.mark.parametrize(
    "labels", [PRICES, np.arange(60), [n + 0.5 for n in range(60)], list(range(31)) * 1 + [0] * 29]
)
def test_numbers_are_not_taken_for_classes(labels: Any) -> None:
    with pytest.raises(DataError, match=r"different numbers in 60 rows, such as .* --task regression"):
        Splits.from_arrays(np.ones((60, 3, 1)), labels)
    splits = Splits.from_arrays(np.ones((60, 3, 1)), np.asarray(labels, float), task="regression")
    assert len(splits.train) == 42


def test_rare_numbers_are_said_to_be_numbers() -> None:
    labels = [str(number) for number in [*range(40)] * 3 + [41.5, 42.5]]
    with pytest.raises(DataError, match=r"received one row only of 41\.5, 42\.5; .*--task regression"):
        Splits.from_arrays(np.ones((122, 3, 1)), labels)


def test_classes_may_be_called_by_numbers(tmp_path: Path) -> None:
    for labels in (
        range(20),
        [str(n % 30) for n in range(60)],
        [f"class {n}" for n in range(60)],
        [True] * 60,
    ):
        refuse_many_numbers(labels, task="classification")
    refuse_many_numbers(PRICES, task="regression")
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f"film {n},{label}\n" for n, label in enumerate(PRICES)))
    for from_disk in (False, True):
        with pytest.raises(DataError, match=r"different numbers in .* rows, such as .*--task regression"):
            read_texts(path, text="text", label="label", from_disk=from_disk)
