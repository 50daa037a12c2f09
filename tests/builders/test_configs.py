"""Truth of ``rnnzoo.builders.parts.option_words``: flat words, ready configs, and what is said of a wrong word."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import (
    EmbeddingConfig,
    EncoderConfig,
    Regularization,
    build_attention_classifier,
    build_classifier,
    build_language_model,
    build_tagger,
    build_video_classifier,
    create_model,
)
from rnnzoo.builders.builder_names import BUILDERS, builder_parameters, get_builder
from rnnzoo.builders.parts.config_fields import field_names
from rnnzoo.errors import ArgumentError, UnknownNameError


def same(first: keras.Model, second: keras.Model) -> None:
    assert first.to_json() == second.to_json()
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def seeded(build: Any, **arguments: Any) -> keras.Model:
    keras.backend.clear_session()
    keras.utils.set_random_seed(5)
    model: keras.Model = build(**arguments)
    return model


def test_a_ready_config_makes_the_model_of_its_fields() -> None:
    flat: dict[str, Any] = {"cell": "gru", "units": (6, 6), "dropout": 0.2, "pooling": "max"}
    vectors: dict[str, Any] = {"vocabulary_size": 9, "embedding_size": 5, "trainable_embedding": False}
    same(
        seeded(build_classifier, num_classes=3, **flat, **vectors),
        seeded(
            build_classifier,
            num_classes=3,
            encoder=EncoderConfig(**flat),
            embedding=EmbeddingConfig(**vectors),
        ),
    )


def test_a_mapping_of_fields_is_a_config() -> None:
    ready: dict[str, Any] = {"cell": "gru", "units": [6]}
    model = build_classifier(num_classes=2, num_features=3, encoder=ready)
    assert [layer.name for layer in model.layers if "gru" in layer.name] == ["gru_1"]
    with pytest.raises(
        UnknownNameError, match=r"unknown field of encoder: received 'hidden_size'; did you mean 'un"
    ):
        build_classifier(num_classes=2, num_features=3, encoder={"hidden_size": 3})
    with pytest.raises(
        ArgumentError, match=r"encoder: received 'gru'; expected an EncoderConfig or a mapping"
    ):
        build_classifier(num_classes=2, num_features=3, encoder="gru")  # type: ignore[arg-type]


def test_words_beside_a_ready_config_fill_what_it_leaves_open() -> None:
    vectors = EmbeddingConfig(embedding_size=5)
    model = build_classifier(
        num_classes=2,
        encoder=EncoderConfig(units=4),
        embedding=vectors,
        vocabulary_size=9,
        pooling="concat",
        units=(4,),
    )
    assert model.get_layer("embedding").output.shape[-1] == 5
    assert model.get_layer("concat_pooling").output.shape[-1] == 12


def test_a_word_that_says_something_else_than_the_config_is_refused() -> None:
    encoder = EncoderConfig(dropout=0.3)
    message = (
        r"^dropout: received 0.2 beside encoder, which says 0.3; expected one of them. Leave dropout out, or pass "
        r"dataclasses.replace\(encoder, dropout=0.2\)\.$"
    )
    with pytest.raises(ArgumentError, match=message):
        build_classifier(num_classes=2, num_features=3, encoder=encoder, dropout=0.2)
    weights = np.ones((9, 64), np.float32)
    with pytest.raises(ArgumentError, match="embedding_weights: received"):
        build_classifier(
            num_classes=2,
            embedding=EmbeddingConfig(vocabulary_size=9, embedding_weights=weights),
            embedding_weights=2 * weights,
        )


def test_a_field_that_a_builder_has_no_word_for_is_refused() -> None:
    both = EncoderConfig(bidirectional=True)
    with pytest.raises(
        ArgumentError, match="bidirectional=True for build_language_model, which has no bidirectional"
    ):
        build_language_model(vocabulary_size=9, encoder=both)
    with pytest.raises(
        ArgumentError, match="pooling='mean' for build_tagger, which has no pooling; expected None"
    ):
        build_tagger(num_classes=2, num_features=3, encoder=EncoderConfig(pooling="mean"))


def test_a_config_without_a_pooling_takes_that_of_the_builder() -> None:
    model = build_attention_classifier(num_classes=2, num_features=3, encoder=EncoderConfig(units=8), heads=2)
    assert model.get_layer("mean_pooling") is not None


def test_the_words_of_the_table_give_way_to_a_ready_config() -> None:
    model = create_model("dna-classifier-bilstm", encoder=EncoderConfig(cell="gru", units=5))
    assert [layer.name for layer in model.layers[1:3]] == ["gru_1", "max_pooling"]
    model = create_model(
        "text-classifier-lstm", embedding=EmbeddingConfig(embedding_size=7), vocabulary_size=9
    )
    assert model.get_layer("embedding").output.shape[-1] == 7


def test_a_video_takes_a_ready_config_where_it_takes_a_name() -> None:
    arguments: dict[str, Any] = {"num_classes": 2, "frame_shape": (8, 8, 1), "filters": 4}
    model = build_video_classifier(encoder=EncoderConfig(cell="gru", units=5, pooling="max"), **arguments)
    assert model.get_layer("gru_1").units == 5
    with pytest.raises(
        ArgumentError, match="skip: received 'residual' with encoder='convlstm'; expected none"
    ):
        build_video_classifier(encoder="convlstm", skip="residual", **arguments)


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("hidden_size", "units"),
        ("num_layers", "units"),
        ("embedding_dim", "embedding_size"),
        ("rnn_type", "cell"),
        ("vocab_size", "vocabulary_size"),
        ("input_size", "num_features"),
        ("zoneout", "regularization"),
        ("residual", "skip"),
        ("bidirectionel", "bidirectional"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(word: str, ours: str) -> None:
    message = (
        f"^unknown argument of build_classifier: received '{word}'; did you mean '{ours}'\\? expected one of "
    )
    arguments: dict[str, Any] = {"num_classes": 2, "num_features": 3, word: 3}
    with pytest.raises(UnknownNameError, match=message):
        build_classifier(**arguments)
    with pytest.raises(UnknownNameError, match=message):
        create_model("series-classifier-gru", **{word: 3})


@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_knows_the_words_of_recurrent_layers(name: str) -> None:
    words = builder_parameters(name)
    assert {"cell", "units", "dropout", "recurrent_dropout", "skip", "regularization", "encoder"} <= set(
        words
    )
    assert len(words) == len(set(words))


@pytest.mark.parametrize("name", BUILDERS)
def test_help_names_each_word_with_its_default(name: str) -> None:
    signature = inspect.signature(get_builder(name))
    assert list(signature.parameters) == builder_parameters(name)
    assert not [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    own = inspect.getfullargspec(inspect.unwrap(get_builder(name)))
    assert own.varkw is None  # ``help`` shows the words themselves
    assert len(_code_arguments(get_builder(name))) <= 8
    words = "".join((get_builder(name).__doc__ or "").split())
    assert all(f"{word}:" in words for word in _code_arguments(get_builder(name)))
    assert "``EncoderConfig``" in words


def _code_arguments(function: Any) -> tuple[str, ...]:
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names


@pytest.mark.parametrize("config", [EncoderConfig, EmbeddingConfig])
def test_every_field_is_documented(config: Any) -> None:
    assert all(f"        {field}: " in config.__doc__ for field in field_names(config))


def test_a_config_is_checked_when_it_is_made_and_then_never_changes() -> None:
    encoder = EncoderConfig(units=5, regularization={"weight_drop": 0.5})
    assert encoder.units == (5,)
    assert encoder.regularization == Regularization(weight_drop=0.5)
    assert hash(encoder) == hash(EncoderConfig(units=[5], regularization=Regularization(weight_drop=0.5)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        encoder.cell = "gru"  # type: ignore[misc]
    with pytest.raises(UnknownNameError, match="unknown cell: received 'gruu'; did you mean 'gru'"):
        EncoderConfig(cell="gruu")
    with pytest.raises(UnknownNameError, match="unknown pooling: received 'maximum'"):
        EncoderConfig(pooling="maximum")
    with pytest.raises(
        ArgumentError, match=r"dropout: received 1\.0; expected a finite number at least 0 and below 1"
    ):
        EncoderConfig(dropout=1.0)
    with pytest.raises(
        ArgumentError, match=r"recurrent_dropout: received 0\.1 with cell='min_gru', which computes all"
    ):
        EncoderConfig(cell="min_gru", recurrent_dropout=0.1)
    with pytest.raises(ArgumentError, match="embedding_size: received 0; expected an integer of at least 1"):
        EmbeddingConfig(embedding_size=0)
    with pytest.raises(ArgumentError, match=r"embedding_weights: received shape \(9, 3\); expected \(9, 4\)"):
        EmbeddingConfig(vocabulary_size=9, embedding_size=4, embedding_weights=np.ones((9, 3)))


def test_vectors_without_a_vocabulary_are_refused() -> None:
    message = "num_features: received 3 with embedding_weights or trainable_embedding=False; expected vocabulary_size"
    for word in ({"embedding_weights": np.ones((9, 3))}, {"trainable_embedding": False}):
        with pytest.raises(ArgumentError, match=message):
            build_tagger(num_classes=2, num_features=3, **word)
    with pytest.raises(
        ArgumentError, match="vocabulary_size: received None; expected an integer of at least 3"
    ):
        build_language_model()


def test_what_is_said_beside_a_mapping_fits_a_mapping() -> None:
    with pytest.raises(ArgumentError) as error:
        build_classifier(num_classes=2, num_features=3, encoder={"units": 4}, cell="gru")
    assert str(error.value) == (
        "cell: received 'gru' beside encoder, which does not name cell, which then means 'lstm'; expected one of them. "
        "Leave cell out, or put {'cell': 'gru'} into encoder."
    )
    with pytest.raises(ArgumentError) as error:
        build_classifier(num_classes=2, num_features=3, encoder={"units": 4}, units=8)
    assert str(error.value) == (
        "units: received 8 beside encoder, which says (4,); expected one of them. Leave units out, or put "
        "{'units': 8} into encoder."
    )
