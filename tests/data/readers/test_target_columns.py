"""Truth of ``rnnzoo.data.readers.target_columns``: targets in several columns, and the column of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import create_model, read_sentences, read_sequences, read_texts, train
from rnnzoo.cli.data_loading import load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.zoo import get_spec
from toy_training import config

TEXTS = pd.DataFrame(
    {
        "text": [f"word {number % 7} and {number % 3}" for number in range(60)],
        "kind": ["a", "b"] * 30,
        "low": np.arange(60.0),
        "high": np.arange(60.0) ** 2,
        "much": np.arange(60) % 4,
    }
)
STEPS = pd.DataFrame({"id": np.repeat(np.arange(40), 5), "heat": np.random.default_rng(0).normal(size=200)})
STEPS["kind"] = np.where(STEPS["id"] % 2, "a", "b")
STEPS["much"] = STEPS["id"] % 3 + 1.0
STEPS["low"], STEPS["high"] = STEPS["id"] * 2.0, STEPS["id"] * -3.0


@pytest.mark.slow
def test_texts_tell_several_numbers_by_the_names_of_their_columns(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    TEXTS.to_csv(file, index=False)
    splits = read_texts(file, text="text", label=["low", "high"], task="regression", weight="much")
    assert splits.get_decoding().target_names == ["low", "high"]
    assert splits.description["label"] == ["low", "high"]
    _, scaled, given = splits.rows("train").gather(range(len(splits.train)))
    low, high = splits.get_decoding().in_original_units(scaled).T
    np.testing.assert_allclose(high, low**2, rtol=1e-3, atol=0.1)
    much = low.round() % 4
    np.testing.assert_allclose(np.asarray(given), much / much.mean(), rtol=1e-5)
    model = create_model(
        "text-classifier-bilstm", **{**splits.model_arguments, "units": (3,), "embedding_size": 3}
    )
    result = train(model, splits, config=config(epochs=1), progress=False)
    assert {"mae", "rmse", "r2"} <= set(result.metrics["test"])


def test_series_tell_several_numbers_and_have_a_weight() -> None:
    numbers: dict[str, Any] = {"label": ["low", "high"], "task": "regression", "weight": "much"}
    splits = read_sequences(STEPS, series="id", ignore=["kind"], **numbers)
    _, scaled, given = splits.rows("train").gather(range(len(splits.train)))
    low, high = splits.get_decoding().in_original_units(scaled).T
    np.testing.assert_allclose(high, low * -1.5, rtol=1e-4, atol=1e-3)
    much = (low.round() / 2) % 3 + 1
    np.testing.assert_allclose(np.asarray(given), much / much.mean(), rtol=1e-5)


def test_options_of_the_command_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    TEXTS.to_csv(file, index=False)
    options = DataOptions(data=str(file), text="text", label="low, high", task="regression", weight="much")
    splits = load_data(options, get_spec("text-classifier-bilstm"))
    assert splits.get_decoding().target_names == ["low", "high"]
    assert splits.rows("train").gather([0])[2] is not None
    sentences = tmp_path / "s.conll"
    sentences.write_text("Ada\tB-P\nsings\t_\nnow\t\n\nRome\tB-L\nx\tO\n\n" * 20)
    tagged = load_data(
        DataOptions(data=str(sentences), unlabelled="leave_out"), get_spec("text-tagger-bilstm-crf")
    )
    assert tagged.get_decoding().labels == ["B-L", "B-P", "O"]
    assert tagged.train.unlabelled


def test_a_marker_stands_for_no_tag_where_tags_may_be_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"words": ["a b c", "b a"] * 20, "tags": ["x _ y", "y x"] * 20})
    splits = read_texts(frame, text="words", label="tags", task="tagging", unlabelled="leave_out")
    assert splits.get_decoding().labels == ["x", "y"]
    kept = read_texts(frame, text="words", label="tags", task="tagging")
    assert kept.get_decoding().labels == ["_", "x", "y"]
    file = tmp_path / "s.conll"
    file.write_text("Ada\tB-P\nsings\t\n\nRome\tB-L\nx\tO\n\n" * 20)
    with pytest.raises(DataError, match=r"line 2: has an empty tag.*unlabelled='leave_out'"):
        read_sentences(file)
    assert read_sentences(file, unlabelled="leave_out").train.unlabelled


def bad_weight(value: Any) -> pd.DataFrame:
    return TEXTS.assign(much=[*TEXTS["much"][:-1].astype(object), value])


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (TEXTS, {"weight": "mcuh"}, UnknownNameError, "did you mean 'much'"),
        (TEXTS, {"weight": "text"}, ArgumentError, "which is the column of texts"),
        (
            bad_weight("-1"),
            {"weight": "much"},
            DataError,
            "row 59: the weight 'much' is '-1'; expected a finite",
        ),
        (bad_weight(None), {"weight": "much"}, DataError, "row 59: the weight 'much' is 'nan'"),
        (TEXTS, {"label": ["low", "high"]}, ArgumentError, "task 'classification'; expected one"),
        (TEXTS, {"label": []}, ArgumentError, "label: received no column"),
        (TEXTS, {"weight": "much", "task": "translation"}, ArgumentError, "whose rows all count alike"),
    ],
)
def test_wrong_columns_are_refused(
    frame: pd.DataFrame, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_texts(frame, **{"text": "text", "label": "kind", **options})


def test_a_weight_is_that_of_a_whole_series() -> None:
    changed = STEPS.assign(much=STEPS["much"].where(STEPS.index != 3, 9.0))
    with pytest.raises(
        DataError, match=r"row 3: 'much' is 9\.0, but 1\.0 in row 0 .* expected one weight per series"
    ):
        read_sequences(changed, series="id", label="kind", weight="much", ignore=["low", "high"])


def test_a_file_read_from_disk_has_no_weights(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    TEXTS.to_csv(file, index=False)
    with pytest.raises(ArgumentError, match="weight: received 'much' with from_disk"):
        read_texts(file, text="text", label="kind", weight="much", from_disk=True)
