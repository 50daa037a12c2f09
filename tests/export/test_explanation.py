"""Truth of ``rnnzoo_export.explanation.occlusion``: on models whose every number is known, each importance is exact."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from handmade_bundles import scorer, spec, translator, write_bundle, write_onnx, writer
from rnnzoo.decoding import Decoding
from rnnzoo.decoding.probabilities import log_softmax, sigmoid
from rnnzoo.decoding.viterbi import marginals
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    CharacterTextPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
)
from rnnzoo_export import OnnxPredictor, explain
from rnnzoo_export.signature import Signature, TensorSpec
from source_imports import HEAVY

WORDS = ["", "[UNK]", "good", "bad", "dont", "film"]


def importances(explanation: Any, kind: str | None = None, answer: int = 0) -> np.ndarray:
    values = explanation.answers[answer].importances
    pairs = zip(explanation.parts, values, strict=True)
    return np.array([value for part, value in pairs if kind in (None, part.kind)])


@pytest.mark.parametrize("seed", range(3))
def test_words_are_left_out_one_by_one(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(len(WORDS), 3)) * 2
    decoding = Decoding("classification", labels=["a", "b", "c"])
    bundle = scorer(tmp_path / "b", table, preprocessing=TextPreprocessing(WORDS), decoding=decoding)
    found = explain(bundle, "Good, - bad FILM! never don't")
    assert [part.name for part in found.parts] == ["Good,", "bad", "FILM!", "never", "don't"]
    rows = table[[2, 3, 5, 1, 4]]
    whole = log_softmax(rows.mean(axis=0))
    label = int(whole.argmax())
    wanted = [whole[label] - log_softmax(np.delete(rows, word, 0).mean(axis=0))[label] for word in range(5)]
    np.testing.assert_allclose(importances(found), wanted, atol=1e-6)
    assert found.answers[0].name == "abc"[label]
    assert found.answer == OnnxPredictor(bundle).predict(["Good, - bad FILM! never don't"])[0]
    other = explain(bundle, "Good, bad film", answer="abc"[label - 1])
    assert other.answers[0].name == "abc"[label - 1]


def test_the_only_word_becomes_the_unknown_one(tmp_path: Path) -> None:
    table = np.array([[0.0, 0], [0, 0], [2, 0], [0, 2], [0, 0], [0, 0]])
    decoding = Decoding("classification", labels=["up", "down"])
    bundle = scorer(tmp_path / "b", table, preprocessing=TextPreprocessing(WORDS), decoding=decoding)
    found = explain(bundle, "good")
    np.testing.assert_allclose(
        importances(found), log_softmax(np.array([2.0, 0]))[0] - np.log(0.5), atol=1e-6
    )
    assert found.hidden == "each word replaced by the unknown one"


def test_long_texts_are_hidden_in_groups_of_words(tmp_path: Path) -> None:
    decoding = Decoding("classification", labels=["up", "down"])
    bundle = scorer(
        tmp_path / "b", np.eye(6)[:, :2], preprocessing=TextPreprocessing(WORDS), decoding=decoding
    )
    text = " ".join(["good", "bad"] * 400)
    assert len(explain(bundle, text).parts) == 267  # of three words each
    parts = explain(bundle, text, width=100).parts
    assert [(part.start, part.stop) for part in parts] == [
        (first, first + 100) for first in range(0, 800, 100)
    ]


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_how_many_are_run_at_once_changes_nothing(tmp_path: Path, batch_size: int) -> None:
    rng = np.random.default_rng(0)
    decoding = Decoding("classification", labels=["a", "b"])
    bundle = scorer(
        tmp_path / "b", rng.normal(size=(6, 2)), preprocessing=TextPreprocessing(WORDS), decoding=decoding
    )
    text = "good bad film dont good bad film"
    whole = explain(bundle, text, width=2)
    assert explain(OnnxPredictor(bundle, max_rows=2), text, width=2, batch_size=batch_size) == whole


@pytest.mark.parametrize("crf", [False, True])
def test_each_tag_is_explained_by_each_word(tmp_path: Path, crf: bool) -> None:
    rng = np.random.default_rng(3)
    shape = (len(WORDS), 2, 2) if crf else (len(WORDS), 2)
    table = rng.normal(size=shape)
    tokens = spec("tokens", "int32", "batch", "time")
    output = TensorSpec(
        "tags", "float32", (None, None, *shape[1:]), ("batch", "time", *["classes"] * (table.ndim - 1))
    )
    signature = Signature((tokens,), (output,))
    folder = tmp_path / "b"
    folder.mkdir()
    look_up = helper.make_node("Gather", ["table", "tokens"], ["tags"])
    write_onnx(folder / "model.onnx", signature, [look_up], {"table": table.astype(np.float32)})
    write_bundle(
        folder,
        signature,
        preprocessing=TokenPreprocessing(WORDS),
        decoding=Decoding("tagging", labels=["A", "B"]),
    )
    found = explain(folder, ["Good", "film", "bad"])
    ids = np.array([2, 5, 3])

    def shares(ids: np.ndarray) -> np.ndarray:
        return np.log(marginals(table[ids])) if crf else log_softmax(table[ids])

    tags = ["AB".index(row.name) for row in found.answers]
    whole = shares(ids)
    for word in range(3):
        hidden = shares(np.where(np.arange(3) == word, 1, ids))
        for place, tag in enumerate(tags):
            value = found.answers[place].importances[word]
            np.testing.assert_allclose(value, whole[place, tag] - hidden[place, tag], atol=1e-6)
    assert [row.of for row in found.answers] == ["Good", "film", "bad"]
    assert found.hidden == "each word replaced by the unknown one"


def test_a_hidden_word_loses_its_characters_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    words, letters = rng.normal(size=(len(WORDS), 2)), rng.normal(size=(5, 2))
    letters[0] = 0.0  # padding
    signature = Signature(
        (spec("tokens", "int32", "batch", "time"), spec("characters", "int32", "batch", "time", "letters")),
        (spec("logits", "float32", "batch", "time", "classes", size=2),),
    )
    nodes = [
        helper.make_node("Gather", ["words", "tokens"], ["of words"]),
        helper.make_node("Gather", ["letters", "characters"], ["of letters"]),
        helper.make_node("ReduceSum", ["of letters", "axis"], ["of all letters"], keepdims=0),
        helper.make_node("Add", ["of words", "of all letters"], ["logits"]),
    ]
    folder = tmp_path / "b"
    folder.mkdir()
    tables = {"words": words.astype(np.float32), "letters": letters.astype(np.float32)}
    write_onnx(folder / "model.onnx", signature, nodes, {**tables, "axis": np.array([2], np.int64)})
    preprocessing = CharacterPreprocessing(WORDS, ["", "[UNK]", "b", "a", "d"])
    write_bundle(
        folder, signature, preprocessing=preprocessing, decoding=Decoding("tagging", labels=["A", "B"])
    )
    found = explain(folder, "bad film")
    whole = log_softmax(words[3] + letters[2] + letters[3] + letters[4])
    tag = int(whole.argmax())
    drop = whole[tag] - log_softmax(words[1] + letters[1])[tag]
    np.testing.assert_allclose(found.answers[0].importances, [drop, 0.0], atol=1e-6)


def test_of_several_labels_the_likeliest_is_explained(tmp_path: Path) -> None:
    table = np.array([[0.0, 0], [0, 0], [2, 1], [-1, 3], [0, 0], [0, 0]])
    decoding = Decoding("multilabel_classification", labels=["funny", "sad"])
    bundle = scorer(tmp_path / "b", table, preprocessing=TextPreprocessing(WORDS), decoding=decoding)
    found = explain(bundle, "good bad")
    drop = [np.log(sigmoid(np.array(2.0))) - np.log(sigmoid(np.array(hidden))) for hidden in (3.0, 1.0)]
    np.testing.assert_allclose(importances(found), drop, atol=1e-6)
    assert (found.answers[0].name, explain(bundle, "good bad", answer="funny").answers[0].name) == (
        "sad",
        "funny",
    )
    with pytest.raises(UnknownNameError, match=r"unknown label: received 'fun'; did you mean 'funny'\?"):
        explain(bundle, "good bad", answer="fun")


def test_what_cannot_be_explained_is_refused(tmp_path: Path) -> None:
    letters = CharacterTextPreprocessing(["", "[UNK]", "a", "b"])
    language = Decoding("language_modeling", labels=["", "[UNK]", "a", "b"])
    model = writer(tmp_path / "l", np.eye(4), letters, streaming=False, decoding=language)
    with pytest.raises(
        ArgumentError, match=r"explain: received a language model, .*; expected a model that "
    ):
        explain(model, "ab")
    translates = translator(tmp_path / "t", np.eye(6), source_vocabulary=6)
    with pytest.raises(
        ArgumentError, match=r"explain: received the translator .*; expected a bundle .* Translator\."
    ):
        explain(translates, "ab")
    words = TextPreprocessing(WORDS)
    bare = scorer(tmp_path / "n", np.eye(6)[:, :2])
    with pytest.raises(
        ArgumentError, match=rf"the bundle {re.escape(str(bare))} has no preprocessing; expected one"
    ):
        explain(bare, "good")
    mute = scorer(tmp_path / "m", np.eye(6)[:, :2], preprocessing=words)
    with pytest.raises(ArgumentError, match="has no decoding; expected one"):
        explain(mute, "good")
    bundle = scorer(
        tmp_path / "b",
        np.eye(6)[:, :2],
        preprocessing=words,
        decoding=Decoding("classification", labels=["a", "b"]),
    )
    with pytest.raises(DataError, match="row 0: received list; expected a text"):
        explain(bundle, ["good", "bad"])
    with pytest.raises(ArgumentError, match="width: received 0; expected an integer of at least 1"):
        explain(bundle, "good", width=0)
    found = explain(bundle, "good bad")
    with pytest.raises(ArgumentError, match=r"kind: received 'steps'; expected 'words'\."):
        found.ranked("steps")
    with pytest.raises(
        ArgumentError, match=r"answer: received 1; expected 0 to 0, the number of an answer\."
    ):
        found.ranked(answer=1)


def test_explaining_needs_nothing_that_a_server_does_not_have() -> None:
    code = (
        f"import sys, rnnzoo_export; rnnzoo_export.explain; print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
