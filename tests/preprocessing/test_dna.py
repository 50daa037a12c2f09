"""Truth of ``rnnzoo.preprocessing.dna``: letters to shares and k-mers, both strands."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import Splits, build_dna_classifier
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.compatibility import check_name_fits
from rnnzoo.preprocessing import DNAPreprocessing, load_preprocessing, save_preprocessing
from rnnzoo.preprocessing.dna import AMBIGUITY, BASES, reverse_complement

LETTERS = "".join(AMBIGUITY)


def test_each_letter_is_shared_by_the_bases_it_may_be() -> None:
    (shares,) = DNAPreprocessing().encode([LETTERS])
    for letter, row in zip(LETTERS, shares, strict=True):
        expected = [1 / len(AMBIGUITY[letter]) if base in AMBIGUITY[letter] else 0 for base in BASES]
        np.testing.assert_allclose(row, expected, rtol=1e-6)
    (lower,) = DNAPreprocessing().encode([LETTERS.lower()])
    np.testing.assert_array_equal(lower, shares)


@given(st.lists(st.text(alphabet=LETTERS + LETTERS.lower(), min_size=1, max_size=9), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_the_other_strand_is_the_array_reversed_both_ways(sequences: list[str]) -> None:
    preprocessing = DNAPreprocessing()
    for sequence in sequences:
        (forward,), (backward,) = (
            preprocessing.encode([s]) for s in (sequence, reverse_complement(sequence))
        )
        np.testing.assert_array_equal(backward, forward[::-1, ::-1])
        # U becomes A, whose complement is T.
        assert reverse_complement(reverse_complement(sequence)) == sequence.replace("U", "T").replace(
            "u", "t"
        )


def test_kmers_have_the_numbers_of_the_vocabulary() -> None:
    preprocessing = DNAPreprocessing(kmer=3)
    assert preprocessing.vocabulary_size == len(preprocessing.vocabulary) == 66
    sequence = "ACGTTNacgua"
    ids = preprocessing.apply([sequence])["tokens"]
    spelled = [sequence[i : i + 3].upper().replace("U", "T") for i in range(len(sequence) - 2)]
    words = preprocessing.vocabulary
    assert [words[i] for i in ids[0]] == [word if set(word) <= set(BASES) else "[UNK]" for word in spelled]
    every = "".join(map("".join, itertools.product(BASES, repeat=3)))
    assert preprocessing.encode([every])[0].max() == 65


@pytest.mark.parametrize("kmer", [None, 2])
@pytest.mark.parametrize("variable_length", [True, False])
def test_stored_and_read_again(kmer: int | None, variable_length: bool, tmp_path: Path) -> None:
    made = DNAPreprocessing(kmer=kmer, variable_length=variable_length)
    json.dumps(made.to_config())
    save_preprocessing(made, tmp_path / "dna.json")
    again = load_preprocessing(tmp_path / "dna.json")
    inputs = made.apply(["ACGTN", "GGTTA"])
    assert list(inputs) == (["tokens"] if kmer else ["features", "mask"] if variable_length else ["features"])
    for name, value in again.apply(["ACGTN", "GGTTA"]).items():
        np.testing.assert_array_equal(value, inputs[name])


def test_padding_is_masked() -> None:
    inputs = DNAPreprocessing().apply(["ACG", "AC", " A\n"])
    assert inputs["features"].shape == (3, 3, 4)
    assert inputs["mask"].sum(axis=1).tolist() == [3, 2, 1]
    assert DNAPreprocessing().apply([])["features"].shape == (0, 1, 4)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ACGX", "row 1: received the letter 'X' at position 4; expected A, C, G, T or one of IUPAC's"),
        ("AC-G", "the letter '-' at position 3; .* Drop gaps"),
        ("ACé", "the letter 'é' at position 3"),
        ("😀", "the letter '😀' at position 1"),
        (7, "row 1: received int; expected a DNA sequence such as 'ACGTN'"),
        (["A"], "row 1: received list"),
    ],
)
def test_other_letters_are_refused_with_their_place(row: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        DNAPreprocessing().encode(["ACGT", row])


def test_arguments_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match=r"DNA: received lengths \[1, 2\] in one batch"):
        DNAPreprocessing(variable_length=False).apply(["A", "AC"])
    with pytest.raises(ArgumentError, match="kmer: received 0"):
        DNAPreprocessing(kmer=0)
    with pytest.raises(ArgumentError, match="kmer: received 9; expected a finite number at most 8"):
        DNAPreprocessing(kmer=9)
    with pytest.raises(ArgumentError, match="num_features: received 5; expected 4"):
        build_dna_classifier(num_classes=2, num_features=5)
    with pytest.raises(ArgumentError, match="reverse_complement: received True with vocabulary_size=18"):
        build_dna_classifier(num_classes=2, vocabulary_size=18, reverse_complement=True)
    with pytest.raises(ArgumentError, match="reverse_complement: received 'mean'; expected True or False"):
        build_dna_classifier(num_classes=2, reverse_complement="mean")


def test_words_are_not_read_as_dna() -> None:
    words = Splits.from_arrays(["ACGT", "ACGA", "TTGA", "TTGC"] * 10, ["a", "a", "b", "b"] * 10)
    with pytest.raises(
        ArgumentError, match="model 'dna-classifier-cnn-gru': is for DNA; the data are not read as"
    ):
        check_name_fits("dna-classifier-cnn-gru", words)
