"""Truth of ``rnnzoo.data.sets.datasets``.

Named data sets: what is in them, and that their files are what they should be.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, list_datasets, load_dataset
from rnnzoo.data.sets import datasets
from rnnzoo.data.sets.datasets import DATASETS
from rnnzoo.data.sets.sources import sources
from rnnzoo.errors import DataError
from slow_cases import mark_slow

ROWS = {
    "ag_news": (6799, 1201, 2000),
    "basic_motions": (34, 6, 40),
    "gesture_phase": (72, 18, 18),
    "gun_point": (42, 8, 150),
    "imdb": (21_246, 3_754, 25_000),
    "italy_power_demand": (57, 10, 1029),
    "japanese_vowels": (230, 40, 370),
    "libras": (254, 54, 52),
    "physionet2012": (2800, 600, 600),
    "plaid": (456, 81, 537),
    "sms_spam": (3890, 851, 831),
    "snips": (11_723, 2_061, 700),
    "subj": (7000, 1500, 1500),
    "trec": (4632, 820, 500),
    "ud_english_ewt": (12_544, 2_001, 2_077),
}
# Messages of smileys alone.
WORDLESS = {"sms_spam": 2}
# Test rows that the set's own training part holds too, as published.
SHARED = {"imdb": 123, "plaid": 5, "snips": 6, "trec": 10, "ud_english_ewt": 94}


@functools.cache
def read_once(name: str) -> Splits:
    """The set without options, for several tests that only look at it."""
    return load_dataset(name)


def skip_without(name: str, folder: Path) -> None:
    forms = list(sources()[name].forms.values())
    first = forms[0][-1].path if forms else ""
    if not (folder / first).parent.is_dir():
        pytest.skip(f"RNNZOO_DATA holds no {Path(first).parent}")


def load(name: str, folder: Path, **options: Any) -> Splits:
    skip_without(name, folder)
    return load_dataset(name, **options) if options else read_once(name)


def key(row: Any) -> Any:
    if isinstance(row, dict):
        return b"".join(np.asarray(row[name]).tobytes() for name in sorted(row))
    return row.tobytes() if isinstance(row, np.ndarray) else str(row)


def parts(splits: Splits) -> dict[str, Any]:
    return {"train": splits.train, "validation": splits.validation, "test": splits.test}


def raw(split: Any) -> list[Any]:
    return list(split.raw)


#: Sets that take ten seconds to read.
LARGE = ("imdb", "physionet2012")


def test_the_table_names_what_there_is_to_load() -> None:
    assert sorted(name for name in DATASETS if not DATASETS.is_own(name)) == sorted(sources())


@pytest.mark.parametrize("name", mark_slow(ROWS, *LARGE))
def test_sets_have_the_published_rows_and_no_copies_across_parts(name: str, real_data: Path) -> None:
    splits = load(name, real_data)
    rows = tuple(len(part) for part in parts(splits).values())
    assert rows == ROWS[name]
    assert splits.task == sources()[name].task
    published = sources()[name].rows
    published = published.get(splits.description["form"], published)
    if "train" in published:
        assert rows[0] + rows[1] == published["train"] + published.get("validation", 0)
        assert rows[2] == published["test"]
    elif "all" in published:
        left_out = splits.description.get("rows_without_a_word_left_out", 0)
        assert sum(rows) + left_out == published["all"]
        assert left_out == WORDLESS.get(name, 0)
    assert splits.description.get("test_rows_in_training_too", 0) == SHARED.get(name, 0)
    keys = {part: {key(row) for row in split.raw} for part, split in parts(splits).items()}
    if name != "ud_english_ewt":  # whose three parts are given
        assert not keys["train"] & keys["validation"]
    if name not in SHARED:
        assert not keys["train"] & keys["test"]
        assert not keys["validation"] & keys["test"]


@pytest.mark.parametrize("name", mark_slow(DATASETS, *LARGE))
def test_what_every_set_holds_is_counted(name: str, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sources()[name]
    rows = {part: one if isinstance(one, dict) else one + 1 for part, one in real.rows.items()}
    rows = {part: {**one, "more": 1} if isinstance(one, dict) else one for part, one in rows.items()}
    monkeypatch.setattr(datasets, "get_source", lambda name: dataclasses.replace(real, rows=rows))
    skip_without(name, real_data)
    with pytest.raises(
        DataError, match=rf"^{name}: received [0-9,]+ \w+; expected [0-9,]+, as published\. Fetch"
    ):
        load_dataset(name)


@pytest.mark.parametrize("name", ["ag_news", "japanese_vowels", "snips", "sms_spam", "plaid"])
def test_validation_has_its_share_of_every_class(name: str, real_data: Path) -> None:
    splits = load(name, real_data)
    counts = [
        Counter(np.asarray(part.gather(range(len(part)))[1]).tolist())
        for part in (splits.rows("train"), splits.rows("validation"))
    ]
    for label in counts[0]:
        share = counts[1][label] / (counts[0][label] + counts[1][label])
        assert share == pytest.approx(0.15, abs=0.06), label


def test_news_of_the_sample_are_split_the_same_way_for_every_seed(real_data: Path) -> None:
    first, second = load("ag_news", real_data), load("ag_news", real_data, seed=5, max_length=40)
    assert raw(first.test) == raw(second.test)
    assert raw(first.validation) != raw(second.validation)
    assert (first.get_decoding().labels or []) == ["Business", "Sci/Tech", "Sports", "World"]
    assert first.description["form"] == "sample"
    assert "not the official test part" in first.description["test_part"]


def test_slots_are_tagged_on_the_rows_of_the_intents(real_data: Path) -> None:
    intents, slots = load("snips", real_data), load("snips", real_data, task="tagging", characters=True)
    assert slots.task == "tagging"
    assert [" ".join(row) for row in raw(slots.validation)] == [
        " ".join(row.split()) for row in raw(intents.validation)
    ]
    assert slots.model_arguments["num_classes"] == 72
    assert len(load("trec", real_data, labels="fine").get_decoding().labels or []) == 50


def test_the_frame_tagged_in_portuguese_is_a_preparation(real_data: Path) -> None:
    splits = load("gesture_phase", real_data, steps=50)
    assert (splits.get_decoding().labels or []) == ["Hold", "Preparation", "Rest", "Retraction", "Stroke"]
    assert sum(len(row) for part in parts(splits).values() for row in part.raw) == 9901


def test_sets_are_listed_with_what_one_must_know_of_them() -> None:
    found = list_datasets(task="tagging")
    assert [source.name for source in found] == ["gesture_phase", "ud_english_ewt"]
    for source in list_datasets():
        assert source.title
        assert source.licence
        assert source.citation
        assert source.homepage.startswith("http")
