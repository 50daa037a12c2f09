"""Truth of ``rnnzoo.data.single_words``: DNA that is read as words is told, and what the warning advises works."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import rnnzoo
from rnnzoo import Splits, TrainConfig, create_model
from rnnzoo.errors import ArgumentError
from rnnzoo.training.problem import prepare

RNG = np.random.default_rng(0)
DNA = ["".join(RNG.choice(list("ACGTn"), 30)) for _ in range(40)]
WORDS = ["".join(RNG.choice(list("abcdxyz"), 30)) for _ in range(40)]
LABELS = ["a", "b"] * 20


def test_dna_is_told_and_read_as_advised() -> None:
    with pytest.warns(
        UserWarning,
        match=r"inputs: 28 of 28 training texts are a single word that no other text has; expected words that several "
        r"texts share, .* For DNA, pass preprocessing=rnnzoo\.preprocessing\.DNAPreprocessing\(\)\.",
    ):
        Splits.from_arrays(DNA, LABELS)
    splits = Splits.from_arrays(DNA, LABELS, preprocessing=rnnzoo.preprocessing.DNAPreprocessing())
    assert splits.model_arguments["num_features"] == 4


def test_words_of_one_letter_each_are_read_as_advised() -> None:
    with pytest.warns(UserWarning, match=r"letter by letter, pass \[' '\.join\(text\) for text in inputs\]"):
        Splits.from_arrays(WORDS, LABELS)
    assert (
        Splits.from_arrays([" ".join(text) for text in WORDS], LABELS).model_arguments["vocabulary_size"] == 9
    )


@pytest.mark.parametrize(
    "rows",
    [
        [f"film {number}" for number in range(40)],
        ["good", "bad"] * 20,
        [[word] for word in WORDS],
        np.zeros((40, 5, 3)),
    ],
)
def test_nothing_is_said_of_other_rows(rows: object) -> None:
    targets, task = (LABELS, "classification")
    if isinstance(rows, list) and isinstance(rows[0], list):
        targets, task = [[label] for label in LABELS], "tagging"  # type: ignore[misc]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "(validation|test): ")
        Splits.from_arrays(rows, targets, task=task)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dna-classifier-bilstm", "dna_classifier"])
def test_a_model_for_dna_is_not_trained_on_words(name: str) -> None:
    words = Splits.from_arrays(["ACGT", "ACGA", "TTGA", "TTGC"] * 10, ["a", "a", "b", "b"] * 10)
    model = create_model("dna-classifier-bilstm", units=(4,), **{**words.model_arguments, "name": name})
    with pytest.raises(
        ArgumentError,
        match=rf"model '{name}': is for DNA; the data are not read as such\. Pass "
        r"preprocessing=rnnzoo\.preprocessing\.DNAPreprocessing\(\) to Splits\.from_arrays or read_texts",
    ):
        prepare(model, words, None, TrainConfig())
    dna = Splits.from_arrays(DNA, LABELS, preprocessing=rnnzoo.preprocessing.DNAPreprocessing())
    model = create_model("dna-classifier-bilstm", units=(4,), **{**dna.model_arguments, "name": name})
    prepare(model, dna, None, TrainConfig())
