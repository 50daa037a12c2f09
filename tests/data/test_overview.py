"""Truth of ``rnnzoo.data.overview``: what splits show of themselves in a notebook and in a shell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from notebook_output import facts, shown, table
from rnnzoo import Splits, read_series

TEXTS = ["good film", "bad <b>film</b>"] * 20


def test_rows_classes_and_what_reads_them() -> None:
    splits = Splits.from_arrays(TEXTS, ["<pos>", "neg"] * 20, description={"source": "my & reviews"})
    tree = shown(splits)
    assert facts(tree) == {
        "task": "classification",
        "rows": "texts",
        "preprocessing": f"TextPreprocessing: vocabulary_size={splits.model_arguments['vocabulary_size']}",
        "answers": "2 classes",
        "source": "my & reviews",
        "checksum": splits.description["checksum"][:12],
    }
    assert table(tree, "Rows of each part") == [
        {"part": "train", "rows": "28", "steps of a row": "2"},
        {"part": "validation", "rows": "6", "steps of a row": "2"},
        {"part": "test", "rows": "6", "steps of a row": "2"},
    ]
    assert table(tree, "Rows of each class") == [
        {"class": name, "train": "14", "validation": "3", "test": "3", "all": "20"}
        for name in ("<pos>", "neg")
    ]
    assert repr(splits).startswith("Splits\n  task           classification\n")
    assert len(repr(splits).splitlines()) == 16


def test_classes_are_those_that_the_targets_have() -> None:
    rare = ["often"] * 36 + ["rare"] * 4
    counted = table(
        shown(Splits.from_arrays(TEXTS, rare, task="binary_classification")), "Rows of each class"
    )
    assert [(row["class"], row["all"]) for row in counted] == [("often", "36"), ("rare", "4")]
    several = [["a"], ["a", "b"], [], ["b"]] * 10
    splits = Splits.from_arrays(TEXTS, several, task="multilabel_classification")
    assert [row["all"] for row in table(shown(splits), "Rows of each class")] == ["20", "20"]
    tagged = Splits.from_arrays([["x", "y"], ["z"]] * 20, [["N", "V"], ["N"]] * 20, task="tagging")
    assert {row["class"]: row["all"] for row in table(shown(tagged), "Steps of each class")} == {
        "N": "40",
        "V": "20",
    }


def forecast() -> Splits:
    return read_series(pd.DataFrame({"load": np.arange(60.0)}), target=["load"], window=4, horizon=2)


def panel() -> Splits:
    days = pd.date_range("2024-01-01", periods=60)
    frame = pd.concat(
        [pd.DataFrame({"shop": shop, "day": days, "size": 1, "load": 1.0, "free": 0.0}) for shop in "ab"]
    )
    return read_series(
        frame,
        target="load",
        series="shop",
        time="day",
        static="size",
        future="free",
        calendar="weekday",
        window=4,
        horizon=2,
    )


def ready() -> Splits:
    data = tf.data.Dataset.from_tensors((np.zeros((2, 3, 1)), np.zeros(2))).repeat(3)
    return Splits.from_datasets(data, data, task="classification")


@pytest.mark.parametrize(
    ("splits", "known", "parts"),
    [
        (
            forecast(),
            {"task": "forecasting", "rows": "windows of a series of 1 feature", "answers": "load"},
            {"part": "test", "rows": "8", "steps of a row": "4"},
        ),
        (
            panel(),
            {"series": "2", "step": "1 day", "future": "free", "calendar": "weekday", "static": "size"},
            {"part": "test", "rows": "16", "steps of a row": "4"},
        ),
        (
            ready(),
            {"task": "classification", "rows": "ready batches", "source": "tf.data"},
            {"part": "validation", "batches": "3"},
        ),
        (
            Splits.from_arrays(np.zeros((40, 5, 2)), np.arange(40.0), task="regression"),
            {"task": "regression", "rows": "series of 2 features", "answers": "value"},
            {"part": "test", "rows": "6", "steps of a row": "5"},
        ),
    ],
    ids=["windows", "panel", "tf.data", "values"],
)
def test_data_without_classes_have_no_table_of_them(
    splits: Splits, known: dict[str, str], parts: dict[str, Any]
) -> None:
    tree = shown(splits)
    assert known.items() <= facts(tree).items()
    assert table(tree, "Rows of each part")[-1] == parts
    assert "class" not in repr(splits).replace("classification", "")
