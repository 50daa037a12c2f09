"""Truth of ``rnnzoo.preprocessing.dna``: DNA: letters to shares and k-mers, both strands, the splice junctions."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import Splits, TrainConfig, build_dna_classifier, create_model, load_dataset, train
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.data.groups import split_groups
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnsupportedLayerError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.compatibility import check_name_fits
from rnnzoo.layers.strands import BothStrands
from rnnzoo.preprocessing import DNAPreprocessing, load_preprocessing, save_preprocessing
from rnnzoo.preprocessing.dna import AMBIGUITY, BASES, reverse_complement
from rnnzoo_export import OnnxPredictor, export_onnx, export_streaming_onnx, save_bundle
from zoo_cases import run

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
LETTERS = "".join(AMBIGUITY)


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(6)


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


def with_an_empty_row(sequences: list[str]) -> list[np.ndarray]:
    """What a model takes; it answers a row without a step, though the preprocessing refuses such sequences."""
    preprocessing = DNAPreprocessing()
    rows = [*preprocessing.encode(sequences), np.zeros((0, len(BASES)), np.float32)]
    return list(preprocessing.batch(rows).values())


@pytest.mark.parametrize("name", ["dna-classifier-bilstm", "dna-classifier-cnn-gru"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_both_strands_get_one_answer(name: str, pooling: str) -> None:
    model = create_model(name, units=(5,), pooling=pooling, reverse_complement=True, variable_length=True)
    rng = np.random.default_rng(4)
    for variable in model.variables:
        if "variance" not in variable.path and "seed" not in variable.path:
            variable.assign(rng.normal(scale=0.4, size=variable.shape))
    sequences = ["ACGTTGCANRYACGT", "A", "GGGTTTA"]
    forward = run(model, with_an_empty_row(sequences))
    backward = run(model, with_an_empty_row([reverse_complement(s) for s in sequences]))
    np.testing.assert_allclose(forward, backward, **CLOSE)
    assert not np.allclose(forward[0], forward[2])
    plain = create_model(name, units=(5,), pooling=pooling, variable_length=True)
    plain.set_weights(model.get_weights())  # the same network, given one strand
    inputs = with_an_empty_row(sequences)
    other = with_an_empty_row([reverse_complement(s) for s in sequences])
    assert not np.allclose(run(plain, inputs)[0], run(plain, other)[0])
    # The head is linear, so that averaging what it reads is averaging what it says.
    np.testing.assert_allclose(forward, (run(plain, inputs) + run(plain, other)) / 2, **CLOSE)


def test_a_model_of_both_strands_is_one_operator_and_no_stream(tmp_path: Path) -> None:
    model = build_dna_classifier(
        num_classes=2, variable_length=True, units=4, filters=5, bidirectional=False, reverse_complement=True
    )
    assert export_onnx(model, tmp_path / "model.onnx").fused == ("lstm_1",)
    with pytest.raises(UnsupportedLayerError, match="'both_strands': BothStrands needs the whole sequence"):
        export_streaming_onnx(model, tmp_path / "stream.onnx")
    one = build_dna_classifier(num_classes=2, units=4, filters=5, kernel_size=3, bidirectional=False)
    states = export_streaming_onnx(one, tmp_path / "stream.onnx").states
    assert [state.input for state in states] == ["convolution_1_context", "lstm_1_h", "lstm_1_c"]


def test_both_strands_of_one_sequence() -> None:
    (shares,) = DNAPreprocessing().encode(["AACG"])
    both = np.asarray(BothStrands()(shares[None]))
    np.testing.assert_array_equal(both[1], DNAPreprocessing().encode(["CGTT"])[0])


def motifs(rows: int = 240) -> tuple[list[str], list[str]]:
    """Sequences of several lengths, half of which hold a motif on one strand or the other."""
    rng = np.random.default_rng(2)
    sequences, labels = [], []
    for row in range(rows):
        sequence = "".join(rng.choice(list("ACGT"), rng.integers(16, 24)))
        if row % 2:
            motif = "GATTACA" if row % 4 == 1 else reverse_complement("GATTACA")
            place = int(rng.integers(0, len(sequence) - 7))
            sequence = sequence[:place] + motif + sequence[place + 7 :]
        sequences.append(sequence)
        labels.append("bound" if row % 2 else "free")
    return sequences, labels


def test_words_are_not_read_as_dna() -> None:
    words = Splits.from_arrays(["ACGT", "ACGA", "TTGA", "TTGC"] * 10, ["a", "a", "b", "b"] * 10)
    with pytest.raises(
        ArgumentError, match="model 'dna-classifier-cnn-gru': is for DNA; the data are not read as"
    ):
        check_name_fits("dna-classifier-cnn-gru", words)


@pytest.mark.slow
def test_a_motif_on_either_strand_is_learned_and_served(tmp_path: Path) -> None:
    splits = Splits.from_arrays(*motifs(), preprocessing=DNAPreprocessing())
    assert splits.model_arguments == {"num_features": 4, "variable_length": True, "num_classes": 2}
    model = create_model(
        "dna-classifier-cnn-gru",
        units=(8,),
        filters=(16,),
        dropout=0.0,
        reverse_complement=True,
        **splits.model_arguments,
    )
    config = TrainConfig(epochs=25, learning_rate=0.01, seed=1, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["accuracy"] > 0.8
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        provenance={"example": "ACGT"},
    )
    (sequence,) = read_raw_inputs(bundle, ["ccGATTACAggta"], None, text=None, columns=None)
    strands = OnnxPredictor(bundle).predict([sequence, reverse_complement(sequence)])
    assert strands[0]["label"] == strands[1]["label"] == "bound"


def test_baselines_read_kmers_where_lengths_differ_and_bases_where_not() -> None:
    splits = Splits.from_arrays(*motifs(80), preprocessing=DNAPreprocessing())
    assert splits.test is not None
    assert "logistic regression on k-mers" in run_baselines(splits, splits.test)
    sequences, labels = motifs(80)
    splits = Splits.from_arrays(
        [s[:16] for s in sequences], labels, preprocessing=DNAPreprocessing(variable_length=False)
    )
    assert splits.test is not None
    assert "logistic regression on all bases" in run_baselines(splits, splits.test)


def test_kmers_name_the_size_of_their_vocabulary() -> None:
    splits = Splits.from_arrays(*motifs(40), preprocessing=DNAPreprocessing(kmer=2))
    assert splits.model_arguments == {"vocabulary_size": 18, "num_classes": 2}
    assert create_model("dna-classifier-bilstm", **splits.model_arguments).input_shape == (None, None)


@given(st.lists(st.integers(0, 30), min_size=60, max_size=90), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_parts_share_no_group_and_lose_no_row(groups: list[int], seed: int) -> None:
    rows = np.arange(len(groups))
    targets = [group % 2 for group in groups]
    try:
        parts = split_groups(rows, targets, groups, validation_fraction=0.2, test_fraction=0.2, seed=seed)
    except DataError:  # too few groups of a class
        hypothesis.reject()
    found = [int(row) for part, _ in parts.values() for row in part]
    assert sorted(found) == rows.tolist()
    owners = [{groups[row] for row in part} for part, _ in parts.values()]
    assert sum(map(len, owners)) == len(set(groups))
    for part, labels in parts.values():
        assert labels == [targets[row] for row in part]


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="received 2 rows, 2 targets and 1 groups"):
        split_groups(["A", "C"], [0, 1], ["a"])


def test_splice_keeps_copies_in_one_part(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    splits = load_dataset("splice")
    assert splits.test is not None
    parts = [list(part.raw or []) for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, parts)) == 3190
    assert sum(len(part) - len(set(part)) for part in parts) == 185
    assert all(not set(one) & set(other) for one, other in itertools.combinations(parts, 2))
    assert (splits.get_decoding().labels or []) == ["EI", "IE", "N"]
    letters = Counter("".join(itertools.chain(*parts)))
    assert set(letters) == set("ACGTNDRS")
    assert {len(row) for part in parts for row in part} == {60}
    assert splits.model_arguments == {"num_features": 4, "variable_length": False, "num_classes": 3}


def test_splice_without_its_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    with pytest.raises(
        PathNotFoundError, match=r"splice: found its files neither in RNNZOO_DATA \(not set\)"
    ):
        load_dataset("splice")
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path))
    with pytest.raises(PathNotFoundError, match="splice"):
        load_dataset("splice")
