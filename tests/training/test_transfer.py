"""Truth of ``rnnzoo.training.transfer.weight_transfer``.

Transfer: what is copied, what is remapped, and what is said of the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import (
    Regularization,
    TrainConfig,
    TransferReport,
    build_classifier,
    build_language_model,
    load_dataset,
    text_stream_splits,
    train,
    transfer,
)
from rnnzoo.errors import ArgumentError, PathNotFoundError, RunError
from rnnzoo.preprocessing import FeaturePreprocessing, TextPreprocessing

WORDS = ["", "[UNK]", "a", "b", "c", "d", "e"]
OTHER = ["", "[UNK]", "c", "x", "a", "y", "e", "b"]
SIZES: dict[str, Any] = {"embedding_size": 3, "units": (5, 4)}


def language_model(seed: int = 1, **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_language_model(**{"vocabulary_size": len(WORDS), **SIZES, **arguments})


def classifier(seed: int = 2, **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_classifier(**{"num_classes": 2, "vocabulary_size": len(WORDS), **SIZES, **arguments})


def weights(model: keras.Model, name: str) -> list[np.ndarray]:
    layer = model.get_layer(name)
    return [np.asarray(weight).copy() for weight in getattr(layer, "layer", layer).weights]


def encoded(model: keras.Model, tokens: np.ndarray) -> np.ndarray:
    """The output of the last recurrent layer."""
    return np.asarray(keras.Model(model.input, model.get_layer("lstm_2").output)(tokens))


class TestCopying:
    def test_both_models_read_a_text_alike(self) -> None:
        given, taken = language_model(), classifier(pooling="concat")
        tokens = np.random.default_rng(0).integers(2, len(WORDS), (4, 9)).astype(np.int32)
        assert not np.allclose(encoded(given, tokens), encoded(taken, tokens))
        head = weights(taken, "logits")
        report = transfer(given, taken)
        np.testing.assert_array_equal(encoded(given, tokens), encoded(taken, tokens))
        assert report.names("copied") == ["embedding", "lstm_1", "lstm_2"]
        for found, before in zip(weights(taken, "logits"), head, strict=True):
            np.testing.assert_array_equal(found, before)

    def test_the_report_says_it_in_words_and_as_data(self) -> None:
        report = transfer(language_model(), classifier())
        assert str(report) == (
            "embedding: copied (21 weights)\n"
            "lstm_1: copied (180 weights)\n"
            "lstm_2: copied (160 weights)\n"
            "logits: left as it was (another kind of layer: weights bias in the source, kernel and bias here)\n"
            "not used of the source: projection, logits"
        )
        head = report.layers[-1]
        assert (head.name, head.outcome, head.source, head.weights) == ("logits", "left", None, 10)
        assert report.unused == ("projection", "logits")

    def test_a_layer_is_copied_whole_or_not_at_all(self) -> None:
        given, taken = language_model(), classifier(units=(5, 6))
        before = weights(taken, "lstm_2")
        report = transfer(given, taken)
        assert report.layers[2].detail == "shape differs: kernel (5, 16) in the source, (5, 24) here"
        for found, old in zip(weights(taken, "lstm_2"), before, strict=True):
            np.testing.assert_array_equal(found, old)

    def test_what_has_no_counterpart_is_left(self) -> None:
        report = transfer(language_model(units=(5,)), classifier(units=(5, 4), cell="lstm"))
        assert report.layers[2].detail == "no layer 'lstm_2' in the source"

    def test_wrappers_are_looked_through(self) -> None:
        dropping = Regularization(weight_drop=0.5)
        for given, taken in (
            (language_model(regularization=dropping), classifier()),
            (language_model(), classifier(regularization=dropping)),
        ):
            assert transfer(given, taken).names("copied") == ["embedding", "lstm_1", "lstm_2"]
            names = [
                "lstm_1" if "lstm_1" in {one.name for one in model.layers} else "weight_drop_1"
                for model in (given, taken)
            ]
            for expected, found in zip(weights(given, names[0]), weights(taken, names[1]), strict=True):
                np.testing.assert_array_equal(found, expected)

    def test_one_direction_goes_to_the_forward_half(self) -> None:
        given, taken = language_model(units=(5,)), classifier(units=(5,), bidirectional=True)
        report = transfer(given, taken)
        assert str(report).splitlines()[1:3] == [
            "forward_lstm_1: copied from lstm_1 (180 weights)",
            "backward_lstm_1: left as it was (no layer 'backward_lstm_1' in the source)",
        ]
        halves = taken.get_layer("bidirectional_1")
        for expected, found in zip(weights(given, "lstm_1"), halves.forward_layer.weights, strict=True):
            np.testing.assert_array_equal(np.asarray(found), expected)
        back = classifier(seed=3, units=(5,))
        assert transfer(taken, back).names("copied") == ["embedding", "lstm_1"]
        np.testing.assert_array_equal(weights(back, "lstm_1")[0], weights(given, "lstm_1")[0])
        both = classifier(seed=4, units=(5,), bidirectional=True)
        assert "backward_lstm_1" in transfer(taken, both).names("copied")

    def test_names_join_layers_called_differently_and_leave_others(self) -> None:
        given, taken = (
            language_model(embedding_size=5, units=(5, 5)),
            classifier(embedding_size=5, units=(5,)),
        )
        report = transfer(given, taken, names={"lstm_1": "lstm_2", "embedding": None})
        assert str(report).splitlines()[:2] == [
            "embedding: left as it was (as names asks for)",
            "lstm_1: copied from lstm_2 (220 weights)",
        ]
        np.testing.assert_array_equal(weights(taken, "lstm_1")[0], weights(given, "lstm_2")[0])


class TestVocabularies:
    def test_rows_go_to_the_same_words_and_new_words_get_the_mean(self) -> None:
        given, taken = language_model(), classifier(vocabulary_size=len(OTHER))
        report = transfer(given, taken, vocabulary_from=WORDS, vocabulary_to=OTHER)
        (source,), (found,) = weights(given, "embedding"), weights(taken, "embedding")
        for row, word in enumerate(OTHER):
            expected = source[WORDS.index(word)] if word in WORDS else source.mean(axis=0)
            np.testing.assert_allclose(found[row], expected, rtol=1e-6)
        assert report.new_words == ("x", "y")
        assert report.names("remapped") == ["embedding"]
        assert report.layers[0].detail == "6 of 8 words; 2 not in the source get the mean row"

    def test_the_same_words_in_the_same_order_are_copied_exactly(self) -> None:
        given, taken = language_model(), classifier()
        report = transfer(given, taken, vocabulary_from=WORDS, vocabulary_to=list(WORDS))
        np.testing.assert_array_equal(weights(taken, "embedding")[0], weights(given, "embedding")[0])
        assert report.layers[0].detail == "7 of 7 words"

    @pytest.mark.parametrize("tied", [True, False])
    def test_a_language_model_keeps_its_scores_of_known_words(self, tied: bool) -> None:
        given = language_model(tied_embeddings=tied)
        taken = language_model(seed=5, vocabulary_size=len(OTHER), tied_embeddings=tied)
        bias = given.get_layer("logits").weights[-1]
        bias.assign(np.arange(len(WORDS), dtype=np.float32))
        report = transfer(given, taken, vocabulary_from=WORDS, vocabulary_to=OTHER)
        assert report.names("remapped") == ["embedding", "logits"]
        assert report.names("left") == []
        known = [word for word in OTHER if word in WORDS]
        ours, theirs = ([words.index(word) for word in known] for words in (OTHER, WORDS))
        text = ["a", "c", "b", "e"]
        rows = (np.array([[words.index(word) for word in text]], np.int32) for words in (OTHER, WORDS))
        found, expected = (np.asarray(model(row)) for model, row in zip((taken, given), rows, strict=True))
        np.testing.assert_allclose(found[..., ours], expected[..., theirs], rtol=1e-5, atol=1e-6)

    def test_without_vocabularies_other_sizes_are_left(self) -> None:
        report = transfer(language_model(), classifier(vocabulary_size=len(OTHER)))
        assert report.layers[0].detail == (
            "shape differs: embeddings (7, 3) in the source, (8, 3) here; pass both vocabularies"
        )

    def test_a_preprocessing_will_do(self) -> None:
        first, second = TextPreprocessing(WORDS), TextPreprocessing(OTHER)
        taken = classifier(vocabulary_size=len(OTHER))
        report = transfer(language_model(), taken, vocabulary_from=first, vocabulary_to=second)
        assert report.new_words == ("x", "y")

    def test_a_run_brings_its_vocabulary(self, tmp_path: Path) -> None:
        splits = text_stream_splits("a b c a c b " * 40, window=5, test_fraction=0.0)
        keras.utils.set_random_seed(0)
        given = build_language_model(**splits.model_arguments, **SIZES)
        config = TrainConfig(epochs=1, batch_size=4, tensorboard=False)
        train(given, splits, config=config, directory=tmp_path / "run", progress=False)
        taken = classifier(vocabulary_size=len(OTHER))
        report = transfer(tmp_path / "run", taken, vocabulary_to=OTHER)
        assert report.new_words == ("x", "y", "e")
        row = splits.get_preprocessing(TextPreprocessing).vocabulary.words.index("c")
        np.testing.assert_array_equal(weights(taken, "embedding")[0][2], weights(given, "embedding")[0][row])
        with pytest.raises(ArgumentError, match="vocabulary_to: received None with a vocabulary_from"):
            transfer(tmp_path / "run", taken)
        by_file = classifier(vocabulary_size=len(OTHER), seed=9)
        assert transfer(tmp_path / "run" / "model.keras", by_file).names("copied") == ["lstm_1", "lstm_2"]
        (tmp_path / "run" / "metrics.json").unlink()
        with pytest.raises(RunError, match="the run is unfinished"):
            transfer(tmp_path / "run", taken, vocabulary_to=OTHER)
        with pytest.raises(PathNotFoundError, match=r"expected a \.keras file"):
            transfer(tmp_path / "none.keras", taken)


class TestRefusals:
    def test_nothing_copied_is_an_error_and_changes_nothing(self) -> None:
        taken = classifier(cell="gru", embedding_size=4)
        before = taken.get_weights()
        with pytest.raises(ArgumentError) as caught:
            transfer(language_model(), taken)
        assert str(caught.value) == (
            "transfer: nothing of 'language_model' fits 'classifier' (embedding: shape differs: embeddings (7, 3) in "
            "the source, (7, 4) here; pass both vocabularies; gru_1: no layer 'gru_1' in the source; gru_2: no layer "
            "'gru_2' in the source; logits: another kind of layer: weights bias in the source, kernel and bias here); "
            "expected one layer at least. Build both with the same cell, units and embedding_size, or pass names."
        )
        for found, old in zip(taken.get_weights(), before, strict=True):
            np.testing.assert_array_equal(found, old)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                {"vocabulary_from": WORDS},
                "vocabulary_to: received None with a vocabulary_from; expected the words of both models or of none. "
                "Pass the preprocessing of model_to.",
            ),
            (
                {"vocabulary_from": WORDS, "vocabulary_to": OTHER},
                "vocabulary_to: received 8 words; expected as many as model_to has ids (embedding has 7). Pass the "
                "vocabulary that the model was built for, '' and '[UNK]' included.",
            ),
            (
                {"vocabulary_from": "abc", "vocabulary_to": WORDS},
                "vocabulary_from: received 'abc'; expected the words by id, none of them twice.",
            ),
            (
                {"vocabulary_from": WORDS, "vocabulary_to": ["a", "a"]},
                "vocabulary_to: received ['a', 'a']; expected the words by id, none of them twice.",
            ),
            (
                {"names": {"lstm": "lstm_1"}},
                "names: received 'lstm' for a layer of model_to; expected one of embedding, lstm_1, lstm_2, logits.",
            ),
            (
                {"names": {"lstm_1": "gru_1"}},
                "names: received 'gru_1' for a layer of model_from; expected one of embedding, lstm_1, lstm_2, "
                "projection, logits.",
            ),
        ],
    )
    def test_wrong_arguments(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ArgumentError) as caught:
            transfer(language_model(), classifier(), **arguments)
        assert str(caught.value) == message

    def test_words_for_models_without_any(self) -> None:
        series = build_classifier(num_classes=2, num_features=3, units=(5, 4))
        with pytest.raises(
            ArgumentError, match="vocabulary_to: received 8 words for a model without an embedding"
        ):
            transfer(language_model(), series, vocabulary_from=WORDS, vocabulary_to=OTHER)
        numbers = FeaturePreprocessing.fit([np.zeros((2, 3))])
        with pytest.raises(ArgumentError, match="received FeaturePreprocessing, which has no list of words"):
            transfer(language_model(), classifier(), vocabulary_from=numbers, vocabulary_to=WORDS)

    def test_two_layers_of_one_name(self) -> None:
        inner = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4, name="lstm_1")], name="inner")
        inputs = keras.Input((None, 3))
        first = keras.layers.LSTM(3, return_sequences=True, name="lstm_1")(inputs)
        with pytest.raises(ArgumentError, match="received two layers named 'lstm_1'"):
            transfer(keras.Model(inputs, inner(first), name="twice"), classifier())


def test_series_models_transfer_too() -> None:
    splits = load_dataset("digits")
    keras.utils.set_random_seed(0)
    given = build_classifier(**splits.model_arguments, units=(6,), cell="gru")
    taken = build_classifier(**{**splits.model_arguments, "num_classes": 3}, units=(6,), cell="gru")
    report = transfer(given, taken)
    assert isinstance(report, TransferReport)
    assert report.names("copied") == ["gru_1"]
    assert report.layers[-1].detail == "shape differs: kernel (6, 10) in the source, (6, 3) here"
