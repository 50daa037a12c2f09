"""Truth of ``rnnzoo_export.inference.translator``: answers of a model whose every step is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from handmade_bundles import translator
from rnnzoo.errors import ArgumentError, BundleError, DataError, PathNotFoundError
from rnnzoo.preprocessing import PairPreprocessing, TokenPreprocessing, WordPreprocessing, save_preprocessing
from rnnzoo.preprocessing.text_coding import END, START
from rnnzoo_export.inference.translator import Translator

PAIRS = PairPreprocessing(WordPreprocessing.fit(["a dog"]), WordPreprocessing.fit(["ein hund hund"]))
HUND, EIN = 4, 5


def table() -> np.ndarray:
    """After the start "ein" or, less likely, "hund"; after "ein" "hund"; after "hund" the end."""
    logits = np.full((6, 6), -40.0)
    logits[START, EIN], logits[START, HUND] = np.log(0.6), np.log(0.4)
    logits[EIN, HUND] = logits[HUND, END] = 0.0
    return logits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = translator(tmp_path / "t", table(), source_vocabulary=6)
    save_preprocessing(PAIRS, made / "preprocessing.json")
    return made


def test_answers_are_the_likeliest_in_the_order_asked(folder: Path) -> None:
    found = Translator(folder).translate(["a dog a dog", "dog", "a"], batch_size=2, alpha=0.0)
    assert [answer.text for answer in found] == ["ein hund"] * 3
    assert all(answer.ended for answer in found)
    np.testing.assert_allclose([answer.score for answer in found], np.log(0.6), rtol=1e-5)


def test_beams_are_given_best_first(folder: Path) -> None:
    (beams,) = Translator(folder).search(np.array([[4, END]]), beams=2, alpha=0.0)
    assert [list(beam.tokens) for beam in beams] == [[EIN, HUND], [HUND]]
    np.testing.assert_allclose([beam.score for beam in beams], np.log([0.6, 0.4]), rtol=1e-5)


def test_an_answer_is_cut_at_the_greatest_length(folder: Path) -> None:
    (answer,) = Translator(folder).translate(["a dog"], beams=1, max_length=1)
    assert (answer.text, answer.ended) == ("ein", False)


def test_no_row_is_no_answer(folder: Path) -> None:
    assert Translator(folder).search(np.zeros((0, 3), int)) == []
    assert Translator(folder).translate([]) == []


def test_what_is_no_source_is_refused(folder: Path) -> None:
    ready = Translator(folder)
    with pytest.raises(
        ArgumentError, match=r"translate: received the text 'a dog'; expected a list of texts, one for"
    ):
        ready.translate("a dog")
    for wrong in (np.zeros(3, int), np.zeros((1, 2)), np.zeros((1, 0), int)):
        with pytest.raises(
            DataError, match=r"tokens: received .*; expected whole numbers \(batch, source\)\."
        ):
            ready.search(wrong)
    with pytest.raises(DataError, match=r"tokens: received ids from 3 to 6; expected 0 to 5\."):
        ready.search(np.array([[6, 3]]))


def test_without_a_preprocessing_only_ids_are_taken(tmp_path: Path) -> None:
    ready = Translator(translator(tmp_path / "t", table(), source_vocabulary=6))
    assert [list(best.tokens) for best, *_ in ready.search(np.array([[4, END]]), beams=1)] == [[EIN, HUND]]
    with pytest.raises(
        ArgumentError, match="translate: no preprocessing was stored with these files; expected one"
    ):
        ready.translate(["a dog"])


def test_folders_that_hold_no_translator_are_refused(folder: Path) -> None:
    header = folder / "translator.json"
    for content, message in (
        (
            {"format_version": 2},
            "received format version 2; expected 1. Use the version of rnnzoo that wrote it.",
        ),
        ([], "received format version None; expected 1. Use the version of rnnzoo that wrote it."),
        ({"format_version": 1}, "has no source_vocabulary_size; expected one. Export again."),
    ):
        header.write_text(json.dumps(content))
        with pytest.raises(BundleError) as caught:
            Translator(folder)
        assert str(caught.value).endswith(message)
    header.write_text(json.dumps({"format_version": 1, "source_vocabulary_size": 6}))
    save_preprocessing(TokenPreprocessing(["", "[UNK]"]), folder / "preprocessing.json")
    with pytest.raises(
        BundleError, match=r"preprocessing\.json: is of the kind 'tokens'; expected 'pairs'\."
    ):
        Translator(folder)
    (folder / "decoder.onnx").unlink()
    with pytest.raises(
        PathNotFoundError, match=r"decoder\.onnx: no such file; expected a file that export_seq2seq"
    ):
        Translator(folder)
