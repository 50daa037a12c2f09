"""Truth of ``rnnzoo_export.inference.generator``: texts of a model that always knows what comes next."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from advice import followed
from handmade_bundles import scorer, writer
from rnnzoo import running_text_splits
from rnnzoo.errors import ArgumentError, BundleError
from rnnzoo.preprocessing import CharacterTextPreprocessing, TextPreprocessing, TokenPreprocessing
from rnnzoo_export.inference.generator import TextGenerator

WORDS = TokenPreprocessing(["", "[UNK]", "to", "be", "<eos>", "or"])
LETTERS = CharacterTextPreprocessing(["", "[UNK]", "a", "b", "\n"])


def ring(size: int) -> np.ndarray:
    """After each word the next one, the first two never: ``(size, size)``, sure of itself."""
    table = np.zeros((size, size))
    for token in range(size):
        table[token, 2 + (token - 1) % (size - 2)] = 60.0
    return table


def test_words_are_written_on_with_blanks_and_line_ends(tmp_path: Path) -> None:
    generator = TextGenerator(writer(tmp_path / "b", ring(6), WORDS))
    assert generator.write("or to", length=5) == "or to be\n or to be"
    assert list(generator.pieces("be\n", length=2)) == [" or", " to"]


def test_letters_are_written_on_as_they_are(tmp_path: Path) -> None:
    assert TextGenerator(writer(tmp_path / "b", ring(5), LETTERS)).write("b", length=3) == "b\nab"


def test_the_same_seed_writes_the_same_and_padding_is_never_written(tmp_path: Path) -> None:
    generator = TextGenerator(writer(tmp_path / "b", np.zeros((6, 6)), WORDS))  # all tokens are as likely
    texts = [generator.write("to", length=60, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert set(texts[0].split()) == {"to", "be", "or"}
    # One word is left to draw from: the likeliest of all equal ones, the first that is not forbidden.
    assert generator.write("or", length=3, top_k=1) == "or to to to"


def test_a_session_is_closed_with_its_text(tmp_path: Path) -> None:
    generator = TextGenerator(writer(tmp_path / "b", ring(6), WORDS))
    pieces = generator.pieces("to", length=9)
    assert isinstance(pieces, Generator)
    next(pieces)
    assert len(generator.predictor.sessions) == 1
    pieces.close()
    assert generator.predictor.sessions == ()


def test_what_writes_nothing_is_refused(tmp_path: Path) -> None:
    generator = TextGenerator(writer(tmp_path / "b", ring(6), WORDS))
    with pytest.raises(
        ArgumentError, match=r"prompt: received ' '; expected one word or character at least\."
    ):
        generator.write(" ", length=1)
    with pytest.raises(ArgumentError, match=r"seed: received -1; expected an integer of at least 0\."):
        generator.write("to", length=1, seed=-1)
    with pytest.raises(ArgumentError, match=r"length: received 0; expected an integer of at least 1\."):
        generator.write("to", length=0)


def test_bundles_of_other_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match="has TextPreprocessing as preprocessing; expected that of a language"
    ):
        TextGenerator(writer(tmp_path / "texts", ring(6), TextPreprocessing.fit(["to be or"])))
    with pytest.raises(BundleError, match=r"holds no streaming file; expected one\. Export the model again"):
        TextGenerator(writer(tmp_path / "whole", ring(6), WORDS, streaming=False))


def test_a_bundle_of_another_model_is_told_what_to_train(tmp_path: Path) -> None:
    texts = TextPreprocessing(["", "[UNK]", "to", "be"])
    splits = running_text_splits("to be or not to be\n" * 60, window=5)
    words = splits.get_preprocessing(TokenPreprocessing)
    size = splits.model_arguments["vocabulary_size"]
    followed(
        lambda: TextGenerator(scorer(tmp_path / "classifier", np.eye(4, 2), preprocessing=texts)),
        "expected that of a language model. Train one on running_text_splits.",
        lambda: TextGenerator(writer(tmp_path / "writer", ring(size), words)).write("to be", length=3),
    )
