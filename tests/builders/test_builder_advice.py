"""Truth of ``rnnzoo.builders.parts.option_words``: what messages of builders advise works when it is followed."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import rnnzoo
from advice import followed
from rnnzoo import EncoderConfig, Regularization, WordVectors, create_model, read_word_vectors, register
from rnnzoo.builders.builder_names import BUILDERS
from rnnzoo.cells import Cell
from rnnzoo.errors import CudnnWarning
from rnnzoo.zoo import ZOO, ModelSpec
from summing_cell import SummingCell

CLASSES: dict[str, Any] = {"num_classes": 2}
SERIES: dict[str, Any] = {**CLASSES, "num_features": 3, "units": 4}


def series(**options: Any) -> keras.Model:
    return rnnzoo.build_classifier(**{**SERIES, **options})


def text(**options: Any) -> keras.Model:
    return rnnzoo.build_classifier(
        **{**CLASSES, "vocabulary_size": 9, "embedding_size": 5, "units": 4, **options}
    )


def dna(**options: Any) -> keras.Model:
    return rnnzoo.build_dna_classifier(**{**CLASSES, "units": 4, **options})


def irregular(**options: Any) -> keras.Model:
    return rnnzoo.build_irregular_classifier(**{**SERIES, "missing": "decay", "cell": "gru_d", **options})


def video(**options: Any) -> keras.Model:
    return rnnzoo.build_video_classifier(**{**CLASSES, "frame_shape": (8, 8, 1), "filters": (2,), **options})


def segments(**options: Any) -> keras.Model:
    given = {"num_features": 2, "num_targets": 1, "window": 12, "horizon": 6, "units": 4}
    return rnnzoo.build_segment_forecaster(**{**given, **options})


def forecaster(**options: Any) -> keras.Model:
    given = {"num_features": 1, "num_targets": 1, "horizon": 2, "units": 4}
    return rnnzoo.build_forecaster(**{**given, **options})


def tagger(**options: Any) -> keras.Model:
    return rnnzoo.build_tagger(**{**CLASSES, "units": 4, **options})


def vectors_for(size: int) -> np.ndarray:
    """What ``read_word_vectors`` makes for a vocabulary of this size."""
    return np.zeros((size, 5), np.float32)


# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]] = [
    (
        lambda: series(num_features=None),
        "Give vocabulary_size for token ids, num_features for series.",
        (series, lambda: text()),
    ),
    (lambda: series(units=0), "Pass e.g. units=(64, 64) for two layers", (lambda: series(units=(64, 64)),)),
    (
        lambda: series(skip="residual"),
        "Pass e.g. units=(64, 64, 64).",
        (lambda: series(skip="residual", units=(64, 64, 64)),),
    ),
    (
        lambda: series(cell="min_gru", recurrent_dropout=0.1),
        "Use dropout between the layers, or one of the cells ",
        (
            lambda: series(cell="min_gru", dropout=0.1),
            lambda: series(cell="simple_rnn", recurrent_dropout=0.1),
        ),
    ),
    (
        lambda: series(cell="min_gru", regularization=Regularization(recurrent_l2=0.1)),
        "Use kernel_l1 or kernel_l2.",
        (
            lambda: series(cell="min_gru", regularization=Regularization(kernel_l1=0.1)),
            lambda: series(cell="min_gru", regularization=Regularization(kernel_l2=0.1)),
        ),
    ),
    (
        lambda: series(regularization=Regularization(activation_penalty=1.0), pooling="last"),
        "Use dropout or kernel_l2.",
        (
            lambda: series(dropout=0.1, pooling="last"),
            lambda: series(regularization=Regularization(kernel_l2=0.1), pooling="last"),
        ),
    ),
    (
        lambda: series(trainable_embedding=False),
        "Leave those arguments out.",
        (series,),
    ),
    (
        lambda: text(embedding_weights=np.zeros((9, 7), np.float32)),
        "Pass embedding_size=7.",
        (lambda: text(embedding_weights=np.zeros((9, 7), np.float32), embedding_size=7),),
    ),
    (
        lambda: text(embedding_weights=vectors_for(4)),
        "Make the matrix with read_word_vectors for the vocabulary of the data.",
        (lambda: text(embedding_weights=vectors_for(9)),),
    ),
    (
        lambda: dna(num_features=5),
        "Use build_classifier for other features.",
        (lambda: series(num_features=5),),
    ),
    (
        lambda: dna(vocabulary_size=9, reverse_complement=True),
        "Leave vocabulary_size out, or reverse_complement.",
        (lambda: dna(reverse_complement=True), lambda: dna(vocabulary_size=9)),
    ),
    (
        lambda: irregular(bidirectional=True),
        "Use missing='indicators'.",
        (lambda: irregular(missing="indicators", cell="gru", bidirectional=True),),
    ),
    (
        lambda: irregular(skip="residual", units=(4, 4, 4)),
        "Use missing='indicators'.",
        (lambda: irregular(missing="indicators", cell="gru", skip="residual", units=(4, 4, 4)),),
    ),
    (
        lambda: irregular(cell="gru"),
        "expected 'gru_d' with 'decay', and another cell with 'indicators' or 'mean'.",
        (
            irregular,
            lambda: irregular(cell="gru", missing="indicators"),
            lambda: irregular(cell="gru", missing="mean"),
        ),
    ),
    (
        lambda: video(encoder="convlstm", bidirectional=True),
        "Leave it out, or use encoder='cnn'.",
        (lambda: video(encoder="convlstm"), lambda: video(encoder="cnn", bidirectional=True)),
    ),
    (
        lambda: video(filters=(2, 2, 2, 2)),
        "expected at most 3 here. Pass fewer.",
        (lambda: video(filters=(2, 2, 2)),),
    ),
    (
        lambda: segments(segment=4),
        "one of 1, 2, 3, 6. Pass segment=None to have one chosen, or change window or horizon.",
        (
            lambda: segments(segment=6),
            lambda: segments(segment=None),
            lambda: segments(segment=4, horizon=8),
        ),
    ),
    (
        lambda: tagger(num_features=3, character_vocabulary_size=9),
        "Leave it out for series.",
        (lambda: tagger(num_features=3), lambda: tagger(vocabulary_size=9, character_vocabulary_size=9)),
    ),
    (
        lambda: forecaster(num_targets=2, normalization="last"),
        "Make them part of the features.",
        (lambda: forecaster(num_targets=2, num_features=2, normalization="last"),),
    ),
    (
        lambda: series(encoder=EncoderConfig(units=8), units=4),
        "Leave units out, or pass dataclasses.replace(encoder, units=4).",
        (
            lambda: rnnzoo.build_classifier(**CLASSES, num_features=3, encoder=EncoderConfig(units=8)),
            lambda: series(encoder=dataclasses.replace(EncoderConfig(units=8), units=4)),
        ),
    ),
    (
        lambda: series(num_classes=3, task="binary_classification"),
        "Use task='classification' for more classes.",
        (lambda: series(num_classes=3, task="classification"),),
    ),
]


@pytest.mark.parametrize(("wrong", "advice", "ways"), ADVICE, ids=[advice[:50] for _, advice, _ in ADVICE])
def test_advice_works_when_it_is_followed(
    wrong: Callable[[], object], advice: str, ways: tuple[Callable[[], object], ...]
) -> None:
    followed(wrong, advice, *ways)


def test_word_vectors_for_the_vocabulary_of_the_data_fit(tmp_path: Any) -> None:
    splits = rnnzoo.Splits.from_arrays(["good film", "bad film"] * 20, ["a", "b"] * 20)
    (tmp_path / "vectors.txt").write_text("good 1 2\nfilm 3 4\n")
    words = splits.model_arguments
    found = read_word_vectors(tmp_path / "vectors.txt", splits.preprocessing.vocabulary.words)  # type: ignore[union-attr]
    assert isinstance(found, WordVectors)
    model = create_model(
        "text-classifier-lstm", **words, units=4, embedding_size=2, embedding_weights=found.matrix
    )
    assert model.count_params() > 0


def test_a_warning_about_cudnn_names_what_is_quick() -> None:
    with pytest.warns(
        CudnnWarning, match="Use dropout between the layers instead, or pass recurrent_dropout=0"
    ):
        series(cell="lstm", recurrent_dropout=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({"dropout": 0.1}, {"recurrent_dropout": 0}):
            model = series(cell="lstm", **options)
            assert rnnzoo.explain_cudnn(model).eligible


def test_weight_drop_of_a_cell_without_one_matrix() -> None:
    followed(
        lambda: series(cell="min_gru", regularization=Regularization(weight_drop=0.1)),
        "It needs one of the cells",
        lambda: series(cell="lstm", regularization=Regularization(weight_drop=0.1)),
        lambda: series(cell="min_gru", regularization=Regularization(weight_drop=0.0)),
    )


def test_advice_on_what_is_registered() -> None:
    def positional(units: int, /, name: str = "mine") -> keras.Model:
        raise NotImplementedError

    def build_mine(*, units: int = 4, name: str = "mine") -> keras.Model:
        inputs = keras.Input((None, 3), name="features")
        return keras.Model(inputs, keras.layers.GRU(units)(inputs), name=name)

    try:
        followed(
            lambda: register("builder", "build_mine", positional),
            "Write a * before all arguments, as in def build_mine(*, units, name='mine').",
            lambda: register("builder", "build_mine", build_mine),
        )
        followed(
            lambda: register("builder", "build_mine", lambda *, name="x": build_mine(name=name)),
            "Choose another name, or pass replace=True to rnnzoo.register.",
            lambda: register("builder", "build_mine", build_mine, replace=True),
        )
    finally:
        BUILDERS.remove("build_mine")
    spec = ModelSpec(
        "own-name", "build_classifier", "classification", "mine", arguments={"units": 4, **SERIES}
    )
    try:
        followed(
            lambda: register("model", "other-name", spec),
            "Pass 'own-name', or rename the ModelSpec.",
            lambda: register("model", "own-name", spec),
            lambda: register("model", "other-name", dataclasses.replace(spec, name="other-name")),
        )
    finally:
        for name in ("own-name", "other-name"):
            ZOO.remove(name)


def test_a_cell_of_ones_own_is_wrapped_as_advised() -> None:
    followed(
        lambda: Cell(layer=SummingCell, reference=""),
        "For a StepCell use Cell.of(MyCell).",
        lambda: callable(Cell.of(SummingCell).layer),
    )
