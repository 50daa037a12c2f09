"""Truth of ``rnnzoo.builders.dna_classifier`` and ``rnnzoo.layers.strands``: one answer for both strands."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, build_dna_classifier, create_model, train
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.errors import UnsupportedLayerError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.layers.strands import BothStrands
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo.preprocessing.dna import BASES, reverse_complement
from rnnzoo_export import OnnxPredictor, export_onnx, export_streaming_onnx, save_bundle
from zoo_cases import run

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(6)


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
