"""Truth of ``rnnzoo.builders.language_model``.

Language models: streams, carried states, scores against plain counting, and writing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import (
    Splits,
    TrainConfig,
    build_classifier,
    build_language_model,
    create_model,
    evaluate,
    load_dataset,
    load_model,
    text_stream_splits,
    train,
)
from rnnzoo.data.readers.running_text import RunningTextSplit
from rnnzoo.decoding.sampling import generate_tokens, sample_token, token_probabilities
from rnnzoo.errors import ArgumentError, BundleError, DataError, PathNotFoundError, UnknownNameError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.keras_models.carried_states import CarriedStates
from rnnzoo.preprocessing import (
    CharacterTextPreprocessing,
    TextPreprocessing,
    load_preprocessing,
    save_preprocessing,
)
from rnnzoo_export import OnnxPredictor, TextGenerator, export_onnx, quantize_onnx, save_bundle

WORDS = ["one", "two", "three", "four", "five", "six"]


def counting(times: int = 150) -> str:
    """One to six over and over, with "and" between them: the word after "and" depends on two words before."""
    return " and ".join(WORDS * times)


def small(splits: Splits, **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    sizes: dict[str, Any] = {"units": (24,), "embedding_size": 12, "dropout": 0.0}
    return build_language_model(**{**sizes, **splits.model_arguments, **arguments})


class TestStreams:
    def test_windows_go_on_where_those_before_ended_and_targets_come_next(self) -> None:
        ids = np.arange(2, 103)
        split = RunningTextSplit(ids, window=7, words=[str(i) for i in range(103)], separator=" ")
        batches = list(split.batches(3))
        assert len(batches) == split.num_batches(3)
        inputs = np.concatenate([batch["tokens"] for batch, _, _ in batches], axis=1)
        targets = np.concatenate([truth for _, truth, _ in batches], axis=1)
        assert inputs.shape == (3, 33)
        np.testing.assert_array_equal(inputs.reshape(-1), ids[:99])
        np.testing.assert_array_equal(targets.reshape(-1), ids[1:100])

    def test_short_texts_have_fewer_sequences(self) -> None:
        split = RunningTextSplit(np.arange(12), window=5, words=[str(i) for i in range(12)], separator=" ")
        assert split.sequences(32) == 2
        assert split.lengths.tolist() == [5, 5, 1]
        assert [len(row.split()) for row in split.raw or ()] == [5, 5, 2]

    def test_characters_keep_case_and_line_ends(self, tmp_path: Path) -> None:
        splits = text_stream_splits("Aa\nB" * 50, unit="character", window=4)
        words = splits.get_preprocessing().words_by_id or []
        assert sorted(words[2:]) == ["\n", "A", "B", "a"]
        save_preprocessing(splits.get_preprocessing(), tmp_path / "p.json")
        again = load_preprocessing(tmp_path / "p.json")
        assert isinstance(again, CharacterTextPreprocessing)
        np.testing.assert_array_equal(
            again.encode(["B\nAax"])[0], splits.get_preprocessing().encode(["B\nAax"])[0]
        )
        assert splits.get_preprocessing().encode(["x"])[0].tolist() == [1]

    def test_lines_end_in_a_token_of_their_own(self) -> None:
        splits = text_stream_splits("a b\nc d\n" * 40, window=4)
        assert "<eos>" in splits.get_preprocessing(TextPreprocessing).vocabulary.words

    def test_a_test_part_alone_leaves_validation_to_the_end_of_the_text(self) -> None:
        splits = text_stream_splits("a b c d e f g h i j " * 10, test="a b c", window=4)
        assert splits.description["tokens"] == {"train": 96, "validation": 4, "test": 3}

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"train": "a b c", "unit": "letters"}, UnknownNameError, "expected one of character, word"),
            ({"train": "", "validation": "a b"}, DataError, "text: received 0 tokens; expected two at least"),
            (
                {"train": Path("no-such.txt")},
                PathNotFoundError,
                "no-such.txt: no such file; expected a text file",
            ),
            ({"train": "a b c", "window": 0}, ArgumentError, "window: received 0"),
        ],
    )
    def test_what_cannot_be_read_is_refused(
        self, arguments: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            text_stream_splits(**arguments)

    def test_a_file_that_is_no_text_is_named(self, tmp_path: Path) -> None:
        for name, data in (("a.txt", b"\xff\xfe\x00"), ("a.txt.gz", b"not gzip")):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(
                DataError, match=rf"{name}: not readable as UTF-8 text .*expected a text file"
            ):
                text_stream_splits(tmp_path / name)


class TestCarriedStates:
    @pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn", "min_gru", "layer_norm_lstm"])
    def test_windows_with_carried_states_are_one_long_window(self, cell: str) -> None:
        model = build_language_model(vocabulary_size=9, embedding_size=5, units=(6, 6), cell=cell)
        tokens = np.random.default_rng(0).integers(2, 9, (3, 12))
        states = CarriedStates(model)
        states.reset(3)
        with states.attached():
            step = tf.function(lambda x: model(x))
            parts = [np.asarray(step(tokens[:, i : i + 4])) for i in (0, 4, 8)]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), np.asarray(model(tokens)), atol=2e-6)
        np.testing.assert_array_equal(np.asarray(model(tokens[:, :4])), np.asarray(model(tokens[:, :4])))

    @pytest.mark.parametrize("cell", ["lstm", "gru", "min_gru"])
    def test_in_training_some_rows_start_anew_in_all_layers(self, cell: str) -> None:
        model = build_language_model(
            vocabulary_size=9, embedding_size=5, units=(6, 6), cell=cell, dropout=0.0
        )
        tokens = np.random.default_rng(0).integers(2, 9, (64, 12))
        anew, whole = np.asarray(model(tokens[:, 4:8])), np.asarray(model(tokens))
        states = CarriedStates(model, forget=0.5)

        def second_and_third(seed: tuple[int, int], *, training: bool = True) -> list[np.ndarray]:
            states.reset(64, seed=seed)
            with states.attached():
                step = tf.function(lambda x: model(x, training=training))
                return [np.asarray(step(tokens[:, i : i + 4])) for i in (0, 4, 8)][1:]

        def equal(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
            return np.isclose(found, expected, atol=2e-6).all(axis=(1, 2))

        second, third = second_and_third((0, 0))
        forgotten = equal(second, anew)
        assert 16 < forgotten.sum() < 48
        # A row that starts anew in one layer only would be neither.
        np.testing.assert_array_equal(forgotten, ~equal(second, whole[:, 4:8]))
        assert (forgotten != equal(third, np.asarray(model(tokens[:, 8:])))).any()
        for found, expected in zip(second_and_third((0, 0)), (second, third), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert all((second_and_third(seed)[0] != second).any() for seed in ((1, 0), (0, 1)))
        assert equal(second_and_third((0, 0), training=False)[0], whole[:, 4:8]).all()

    def test_only_running_text_has_states_to_reset(self) -> None:
        splits = load_dataset("digits")
        model = create_model("series-classifier-gru", units=(4,), **splits.model_arguments)
        with pytest.raises(
            ArgumentError, match=r"reset_states: received 0\.01 for data whose rows are each read from"
        ):
            train(model, splits, config=TrainConfig(reset_states=0.01), progress=False)
        with pytest.raises(ArgumentError, match="reset_states: received 1"):
            TrainConfig(reset_states=1.0)

    def test_layers_that_read_backwards_are_refused(self) -> None:
        model = build_classifier(num_classes=2, num_features=3, units=(4,), bidirectional=True)
        with pytest.raises(ArgumentError, match="layer 'backward_lstm_1': reads backwards"):
            CarriedStates(model)

    @pytest.mark.slow
    def test_training_learns_what_lies_before_the_window(self) -> None:
        """What comes after "and" follows from the word before it, in every second stream that of another window."""
        splits = text_stream_splits(counting(400), window=2, validation_fraction=0.1, test_fraction=0.1)
        assert (len(splits.train.ids) - 1) // 4 % 2 == 1  # type: ignore[attr-defined]
        model = small(splits)
        config = TrainConfig(epochs=10, batch_size=4, learning_rate=0.005, early_stopping=None)
        result = train(model, splits, config=config, progress=False)
        # A quarter of all words could only be guessed, one of six, if nothing were carried.
        assert result.metrics["test"]["perplexity"] < 1.1 < np.exp(np.log(6) / 4)

    @pytest.mark.slow
    def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(self, tmp_path: Path) -> None:
        splits = text_stream_splits(counting(40), window=4, validation_fraction=0.1, test_fraction=0.1)

        class Stop(keras.callbacks.Callback):
            at = 2

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                if epoch + 1 == self.at:
                    raise KeyboardInterrupt

        config = TrainConfig(epochs=4, batch_size=4, learning_rate=0.01, reset_states=0.1, tensorboard=False)
        whole = small(splits, dropout=0.2)
        train(whole, splits, config=config, directory=tmp_path / "whole", progress=False)
        parts = small(splits, dropout=0.2)
        with pytest.raises(KeyboardInterrupt):
            train(
                parts, splits, config=config, directory=tmp_path / "parts", callbacks=[Stop()], progress=False
            )
        again = small(splits, dropout=0.2)
        stop = Stop()
        stop.at = 99
        train(
            again,
            splits,
            config=config,
            directory=tmp_path / "parts",
            resume=True,
            callbacks=[stop],
            progress=False,
        )
        for found, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_perplexity_is_that_of_one_pass_over_the_text() -> None:
    splits = text_stream_splits(counting(20), window=5, validation_fraction=0.3, test_fraction=0.2)
    model = small(splits)
    assert splits.test is not None
    ids = splits.test.ids  # type: ignore[attr-defined]
    rows = splits.test.sequences(8)  # type: ignore[attr-defined]
    steps = (len(ids) - 1) // rows
    logits = np.asarray(model(ids[: rows * steps].reshape(rows, steps)), np.float64)
    truth = ids[1 : rows * steps + 1].reshape(rows, steps)
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = np.exp(-np.log(np.take_along_axis(shares, truth[..., None], axis=-1)).mean())
    scores = evaluate(model, splits)
    np.testing.assert_allclose(scores["perplexity"], expected, rtol=1e-5)
    np.testing.assert_allclose(scores["bits_per_token"], np.log2(expected), rtol=1e-5)


def test_baselines_are_scored_on_the_tokens_that_the_model_is_scored_on() -> None:
    splits = text_stream_splits(counting(40), window=4, validation_fraction=0.2, test_fraction=0.2)
    assert splits.test is not None
    found = run_baselines(splits, splits.test)
    scored = sum(truth.size for _, truth, _ in splits.test.batches(8))
    assert {len(losses) for losses in found.values()} == {scored}
    counts = np.bincount(splits.train.ids)[2:]  # type: ignore[attr-defined]
    entropy = -(counts / counts.sum() * np.log(counts / counts.sum())).sum()
    assert abs(found["frequency of each token"].mean() - entropy) < 0.05
    # Three words tell what comes next.
    assert found["sequences of 3 tokens (Kneser-Ney)"].mean() < 0.1


def test_a_language_model_is_not_quantized(tmp_path: Path) -> None:
    model = build_language_model(vocabulary_size=9, embedding_size=5, units=(6,))
    export_onnx(model, tmp_path / "model.onnx")
    with pytest.raises(
        ArgumentError, match="task: received 'language_modeling', whose answers are not kept all at once"
    ):
        quantize_onnx(
            tmp_path / "model.onnx",
            tmp_path / "small.onnx",
            method="weights_int8",
            data=text_stream_splits(counting(9), window=4).validation,
            task="language_modeling",
            max_drop=1.0,
        )


class TestEmbedding:
    def test_a_tied_model_has_one_matrix(self) -> None:
        tied = build_language_model(vocabulary_size=50, embedding_size=8, units=(8,))
        loose = build_language_model(vocabulary_size=50, embedding_size=8, units=(8,), tied_embeddings=False)
        assert loose.count_params() - tied.count_params() == 50 * 8
        embedding = tied.get_layer("embedding")
        found = np.asarray(embedding(np.eye(8, dtype=np.float32)[None], reverse=True))[0]
        np.testing.assert_allclose(found, np.asarray(embedding.embeddings).T, rtol=1e-6)

    def test_a_dropped_word_is_dropped_wherever_it_occurs(self) -> None:
        model = build_language_model(vocabulary_size=200, embedding_size=8, units=(8,), embedding_dropout=0.5)
        embedding = model.get_layer("embedding")
        ids = np.tile(np.arange(200), (2, 1))
        found = np.asarray(embedding(ids, training=True))
        dropped = (found == 0).all(axis=-1)
        np.testing.assert_array_equal(dropped[0], dropped[1])
        assert 60 < dropped[0].sum() < 140
        kept = ~dropped[0]
        np.testing.assert_allclose(found[0][kept], 2 * np.asarray(embedding.embeddings)[kept], rtol=1e-6)
        np.testing.assert_allclose(np.asarray(embedding(ids))[0], np.asarray(embedding.embeddings))


class TestSampling:
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.1]))

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, [0.4, 0.3, 0.2, 0.1]),
            ({"temperature": 0.5}, np.array([16, 9, 4, 1]) / 30),
            ({"temperature": 0}, [1, 0, 0, 0]),
            ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
            ({"top_k": 9}, [0.4, 0.3, 0.2, 0.1]),
            ({"top_p": 0.39}, [1, 0, 0, 0]),
            ({"top_p": 0.41}, [4 / 7, 3 / 7, 0, 0]),
            ({"top_p": 1.0}, [0.4, 0.3, 0.2, 0.1]),
            ({"top_k": 3, "top_p": 0.5}, [4 / 7, 3 / 7, 0, 0]),
        ],
    )
    def test_probabilities(self, options: dict[str, Any], expected: Any) -> None:
        np.testing.assert_allclose(token_probabilities(self.logits, **options), expected, atol=1e-12)

    def test_of_equal_tokens_those_of_lower_number_are_kept(self) -> None:
        np.testing.assert_allclose(token_probabilities(np.zeros(4), top_k=2), [0.5, 0.5, 0, 0])

    def test_tokens_come_as_often_as_their_probability_says(self) -> None:
        rng = np.random.default_rng(0)
        drawn = np.array([sample_token(self.logits, rng, temperature=0.5) for _ in range(20_000)])
        expected = np.array([16, 9, 4, 1]) / 30
        found = np.bincount(drawn, minlength=4) / len(drawn)
        assert (np.abs(found - expected) < 4 * np.sqrt(expected / len(drawn))).all()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"temperature": -1}, "temperature: received -1; expected a finite number at least 0"),
            ({"top_k": 0}, "top_k: received 0; expected an integer of at least 1"),
            ({"top_p": 0}, "top_p: received 0; expected a finite number above 0 and at most 1"),
        ],
    )
    def test_impossible_options_are_refused(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            token_probabilities(self.logits, **options)

    def test_logits_that_are_no_scores_are_refused(self) -> None:
        for logits in ([np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf]):
            with pytest.raises(
                ArgumentError, match="logits: received NaN, plus infinity, or none that is finite"
            ):
                token_probabilities(np.array(logits))

    def test_a_tiny_temperature_is_as_good_as_none(self) -> None:
        np.testing.assert_array_equal(token_probabilities(self.logits, temperature=1e-320), [1, 0, 0, 0])

    def test_writing_ends_at_the_end_and_never_draws_what_is_forbidden(self) -> None:
        def step(tokens: np.ndarray) -> np.ndarray:
            return np.eye(5)[(tokens + 1) % 5] * 50 + np.array([99, 0, 0, 0, 0])

        written = generate_tokens(step, [1], length=9, rng=np.random.default_rng(0), end=4, forbidden=[0])
        assert list(written) == [2, 3]
        with pytest.raises(ArgumentError, match="prompt: received shape"):
            next(generate_tokens(step, [], length=9, rng=np.random.default_rng(0)))


@pytest.mark.parametrize("unit", [pytest.param("word", marks=pytest.mark.slow), "character"])
def test_from_a_text_to_one_that_is_written(unit: str, tmp_path: Path) -> None:
    splits = text_stream_splits(counting(), unit=unit, window=20, validation_fraction=0.1, test_fraction=0.1)
    name = "language-model-lstm" if unit == "word" else "language-model-char-lstm"
    keras.utils.set_random_seed(0)
    model = create_model(name, units=(32,), embedding_size=16, dropout=0.0, **splits.model_arguments)
    config = TrainConfig(epochs=25, batch_size=8, learning_rate=0.02, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["perplexity"] < 1.2
    bundle = save_bundle(
        load_model(tmp_path / "run" / "model.keras"),
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        also=["streaming"],
    )
    generator = TextGenerator(tmp_path / "bundle")
    prompt = "one and two and three and"
    written = generator.write(prompt, length=7 if unit == "word" else 30, temperature=0)
    assert written == f"{prompt} four and five and six and one"
    drawn = generator.write(prompt, length=9, seed=3, top_p=0.9)
    assert drawn == generator.write(prompt, length=9, seed=3, top_p=0.9)
    (answer,) = OnnxPredictor(bundle).predict([prompt + (" " if unit == "character" else "")])
    assert next(iter(answer["next"])) == ("four" if unit == "word" else "f")
    assert abs(sum(answer["next"].values()) - 1) < 0.2
    with pytest.raises(ArgumentError, match="prompt: received ''; expected one word or character at least"):
        generator.write("", length=3)


def test_a_bundle_of_another_kind_cannot_write(digits_bundle: Path) -> None:
    with pytest.raises(
        BundleError, match="has FeaturePreprocessing as preprocessing; expected that of a language"
    ):
        TextGenerator(digits_bundle)


@pytest.mark.parametrize(("name", "tokens"), [("ptb", 10_000), ("tinyshakespeare", 67)])
def test_real_texts(name: str, tokens: int, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    splits = load_dataset(name)
    assert abs(splits.model_arguments["vocabulary_size"] - tokens) <= 2
    if name == "ptb":
        assert splits.description["tokens"]["train"] == 929_589
