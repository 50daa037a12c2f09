"""Truth of ``rnnzoo.builders.transcriber``: the model, training, files, streams, and real speech."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from rnnzoo import (
    GreedyTranscript,
    Splits,
    TrainConfig,
    audio_splits,
    build_transcriber,
    create_model,
    load_dataset,
    load_model,
    train,
)
from rnnzoo.decoding import Decoding
from rnnzoo.decoding.ctc import best_symbols
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, UnknownNameError, UnsupportedLayerError
from rnnzoo.losses.ctc import CTC
from rnnzoo.preprocessing import LogMelPreprocessing
from rnnzoo_export import OnnxPredictor, StreamingPredictor, export_onnx, export_streaming_onnx, save_bundle

RATE = 8000
PITCHES = {"a": 400.0, "b": 900.0, "c": 1800.0}


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(4)


def sung(text: str, rng: np.random.Generator) -> np.ndarray:
    """A text in tones, one a letter, of random lengths with pauses between them."""
    pieces = [np.zeros(rng.integers(100, 400))]
    for letter in text:
        steps = np.arange(rng.integers(400, 900))
        pieces += [0.5 * np.sin(2 * np.pi * PITCHES[letter] * steps / RATE), np.zeros(rng.integers(200, 500))]
    wave_form = np.concatenate(pieces)
    return (wave_form + 0.01 * rng.normal(size=len(wave_form))).astype(np.float32)


def songs(count: int = 240) -> tuple[list[np.ndarray], list[str]]:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list(PITCHES), rng.integers(1, 5))) for _ in range(count)]
    return [sung(text, rng) for text in texts], texts


@pytest.fixture(scope="module")
def splits() -> Splits:
    return audio_splits(*songs(), task="transcription", sample_rate=RATE, num_mels=16)


CONFIG = TrainConfig(
    epochs=25, learning_rate=0.02, batch_size=16, clip="global_norm", clip_bound=1.0, tensorboard=False
)


@pytest.fixture(scope="module")
def trained(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A small model that reads forwards, trained on songs."""
    keras.utils.set_random_seed(4)
    model = create_model("transcriber-gru-streaming", units=(24,), dropout=0.0, **splits.model_arguments)
    directory = tmp_path_factory.mktemp("songs") / "run"
    return model, train(model, splits, config=CONFIG, directory=directory, progress=False)


def test_a_transcriber_learns_without_alignment(trained: tuple[Any, Any]) -> None:
    _, result = trained
    assert result.metrics["test"]["cer"] < 0.1
    assert set(result.metrics["test"]) == {"cer", "exact_match", "loss"}
    stored = json.loads((result.directory / "metrics.json").read_text())
    assert list(stored["baselines"]["scores"]) == ["most frequent transcript"]
    assert stored["baselines"]["scores"]["most frequent transcript"]["cer"] > 0.5
    assert (result.directory / "report.html").exists()


@pytest.mark.parametrize("subsampling", [pytest.param(2, marks=pytest.mark.slow), 4])
def test_subsampled_frames_learn_too(splits: Splits, subsampling: int) -> None:
    model = create_model(
        "transcriber-bilstm", units=(24,), dropout=0.0, subsampling=subsampling, **splits.model_arguments
    )
    if subsampling == 4:  # too few frames for some of the texts, which is told before the first step
        with pytest.raises(DataError, match="4 to a frame"):
            train(model, _short(), config=CONFIG, progress=False)
        return
    result = train(model, splits, config=dataclasses.replace(CONFIG, epochs=10), progress=False)
    assert result.metrics["test"]["cer"] < 0.2


def _short() -> Splits:
    sounds, _ = songs(40)
    return audio_splits(
        [sound[: 200 + 80 * 7] for sound in sounds],
        ["aa", "bb", "cc", "ab"] * 10,
        task="transcription",
        sample_rate=RATE,
        num_mels=16,
    )


def test_a_bundle_answers_waveforms_with_text(
    trained: tuple[Any, Any], splits: Splits, tmp_path: Path
) -> None:
    model, _ = trained
    assert splits.test is not None
    assert splits.test.raw is not None
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        provenance={"example": splits.test.raw[0].tolist()},
        also=("raw", "streaming"),
    )
    raw = list(splits.test.raw)
    answers = OnnxPredictor(bundle).predict(raw)
    targets = splits.rows("test").gather(np.arange(len(raw)))[1]
    labels = splits.get_decoding().labels or []
    truth = ["".join(labels[symbol] for symbol in row) for row in targets]
    assert np.mean([answer["text"] == text for answer, text in zip(answers, truth, strict=True)]) > 0.7
    assert all(0 < answer["probability"] <= 1 for answer in answers)
    # One at a time and beside longer ones: the same.
    for sound, answer in zip(raw[:5], answers[:5], strict=True):
        (alone,) = OnnxPredictor(bundle).predict([sound])
        assert alone["text"] == answer["text"]
        assert alone["probability"] == pytest.approx(answer["probability"], rel=1e-4)
    with pytest.raises(EmptyRowError, match="row 0: received 0 samples; expected at least"):
        OnnxPredictor(bundle).predict([np.zeros(0)])
    session = onnxruntime.InferenceSession(str(tmp_path / "bundle" / "raw.onnx"))
    longest = max(len(sound) for sound in raw)
    waveform = np.stack([np.pad(sound, (0, longest - len(sound))) for sound in raw])
    lengths = np.array([len(sound) for sound in raw])
    (logits,) = session.run(None, {"waveform": waveform, "lengths": lengths})
    assert [answer["text"] for answer in splits.get_decoding()(logits)] == [
        answer["text"] for answer in answers
    ]
    _predict_wav(tmp_path, raw[0], answers[0]["text"])


def _predict_wav(folder: Path, sound: np.ndarray, text: str) -> None:
    """The command takes a file."""
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
    command = [
        sys.executable,
        "-m",
        "rnnzoo",
        "predict",
        str(folder / "bundle"),
        "--input",
        str(folder / "a.wav"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[0] == text


def test_pieces_of_a_stream_say_what_the_whole_says(
    trained: tuple[Any, Any], splits: Splits, tmp_path: Path
) -> None:
    model, _ = trained
    export_streaming_onnx(model, tmp_path / "streaming.onnx")
    predictor = StreamingPredictor(tmp_path / "streaming.onnx")
    rng = np.random.default_rng(2)
    labels = splits.get_decoding().labels or []
    assert splits.test is not None
    said = []
    for row in range(12):
        inputs, _, _ = splits.rows("test").gather([row])
        features = inputs["features"][0]
        whole = best_symbols(np.asarray(model([inputs["features"], inputs["mask"]]))[0])
        expected = "".join(labels[symbol] for symbol in whole)
        for count in (0, 3, len(features) - 1):
            cuts = np.sort(rng.choice(np.arange(1, len(features)), count, replace=False))
            transcript, session = GreedyTranscript(labels), predictor.open()
            for piece in np.split(features, cuts):
                answer = predictor.step(session, {"features": piece, "mask": np.ones(len(piece), bool)})
                transcript.add(answer["logits"])
            predictor.close(session)
            assert transcript.text == expected
        said.append(expected)
    assert any(a == b for text in said for a, b in itertools.pairwise(text))  # a letter twice in a row


def test_quantized_transcribers_are_scored(trained: tuple[Any, Any], splits: Splits, tmp_path: Path) -> None:
    from rnnzoo_export import quantize_onnx

    export_onnx(trained[0], tmp_path / "m.onnx")
    report = quantize_onnx(
        tmp_path / "m.onnx", tmp_path / "q.onnx", data=splits.validation, task="transcription", max_drop=2.0
    )
    assert report.metric == "cer"
    assert report.size < report.original_size


def features_batch(lengths: list[int], width: int) -> list[np.ndarray]:
    x = np.zeros((len(lengths), width, 3), np.float32)
    for row, length in enumerate(lengths):
        x[row, :length] = np.random.default_rng(row).normal(size=(length, 3))
    return [x, np.arange(width)[None] < np.array(lengths)[:, None]]


@pytest.mark.parametrize("subsampling", [1, 2, 4])
def test_frames_are_counted_and_padding_is_blank(subsampling: int) -> None:
    model = build_transcriber(num_features=3, vocabulary_size=4, units=5, subsampling=subsampling)
    lengths = [9, 4, 5, 1, 0]
    outputs = [np.asarray(model(features_batch(lengths, width))) for width in (9, 16)]
    for row, length in enumerate(lengths):
        frames = -(-length // subsampling)
        for output, width in zip(outputs, (9, 16), strict=True):
            assert output.shape[1] == -(-width // subsampling)
            np.testing.assert_array_equal(output[row, frames:, 0], 0.0)
            np.testing.assert_array_equal(output[row, frames:, 1:], -1e4)
            assert np.abs(output[row, :frames]).max(initial=0) < 100
        np.testing.assert_allclose(outputs[0][row, :frames], outputs[1][row, :frames], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("subsampling", [1, 2])
def test_the_loss_and_the_text_do_not_see_padding(subsampling: int) -> None:
    model = build_transcriber(num_features=3, vocabulary_size=4, units=5, subsampling=subsampling)
    labels = np.array([[1, 2], [3, 0]])
    narrow, wide = (np.asarray(model(features_batch([9, 6], width))) for width in (9, 20))
    np.testing.assert_allclose(
        CTC(reduction="none")(labels, narrow), CTC(reduction="none")(labels, wide), rtol=1e-5
    )
    decoding = Decoding("transcription", labels=["", "a", "b", "c"], beam_width=20)
    for one, other in zip(decoding(narrow), decoding(wide), strict=True):
        assert one["text"] == other["text"]
        assert one["probability"] == pytest.approx(other["probability"], rel=1e-4)


@pytest.mark.parametrize("subsampling", [2, 4])
@pytest.mark.parametrize("variable_length", [True, False])
def test_subsampling_exports_saves_and_is_refused_as_a_stream(
    subsampling: int, variable_length: bool, tmp_path: Path
) -> None:
    model = build_transcriber(
        num_features=3,
        vocabulary_size=4,
        units=5,
        bidirectional=False,
        subsampling=subsampling,
        variable_length=variable_length,
    )
    report = export_onnx(model, tmp_path / "m.onnx", strict=True)
    assert report.operators["LSTM"] == 1
    inputs = features_batch([9, 4], 9) if variable_length else features_batch([9], 9)[0]
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(
        np.asarray(load_model(tmp_path / "m.keras")(inputs)), np.asarray(model(inputs))
    )
    with pytest.raises(UnsupportedLayerError, match=rf"skips steps \(strides={subsampling}\)"):
        export_streaming_onnx(model, tmp_path / "s.onnx")


def test_subsampling_reads_each_block_and_what_is_before_it() -> None:
    """A change of one frame changes its own block and, where a window reaches it, the next one; none before."""
    model = build_transcriber(
        num_features=3, vocabulary_size=4, units=5, subsampling=2, variable_length=False
    )
    front = keras.Model(model.input, model.get_layer("subsampling").output)
    x = features_batch([8], 8)[0]
    kernel, bias = (np.asarray(weight) for weight in model.get_layer("subsampling").weights)
    padded = np.pad(x[0], ((1, 1), (0, 0)))
    expected = [
        np.maximum(0, np.einsum("kf,kfo->o", padded[2 * t : 2 * t + 3], kernel) + bias) for t in range(4)
    ]
    np.testing.assert_allclose(np.asarray(front(x))[0], expected, rtol=1e-5, atol=1e-6)


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ArgumentError, match="subsampling: received 3; expected 1, 2 or 4 steps to a frame"):
        build_transcriber(num_features=3, vocabulary_size=4, subsampling=3)
    with pytest.raises(ArgumentError, match=r"vocabulary_size: received 1; .* Symbol 0 is the blank"):
        build_transcriber(num_features=3, vocabulary_size=1)
    with pytest.raises(ArgumentError, match="num_features: received 0"):
        build_transcriber(num_features=0, vocabulary_size=4)
    with pytest.raises(UnknownNameError, match="did you mean 'gru'"):
        build_transcriber(num_features=3, vocabulary_size=4, cell="gruu")
    assert create_model("transcriber-bilstm", vocabulary_size=7).output_shape == (None, None, 7)


def test_a_model_of_other_symbols_is_refused(splits: Splits) -> None:
    model = create_model("transcriber-bilstm", **{**splits.model_arguments, "vocabulary_size": 9})
    with pytest.raises(ArgumentError, match=r"output of shape \(batch, \d+, 9\); the data ask for .* 4\)"):
        train(model, splits, progress=False)


def test_any_keras_model_can_be_trained_to_transcribe() -> None:
    rows = [np.random.default_rng(number).normal(size=(8, 2)) for number in range(40)]
    own = Splits.from_arrays(rows, ["ab", "ba"] * 20, task="transcription")
    model = keras.Sequential(
        [keras.Input((None, 2), name="features"), layers.GRU(4, return_sequences=True), layers.Dense(3)]
    )
    result = train(model, own, config=TrainConfig(epochs=1), progress=False)
    assert np.isfinite(result.metrics["test"]["loss"])


def few_digits(task: str) -> Splits:
    """Three digits of one speaker."""
    from rnnzoo import read_recordings
    from rnnzoo.data.sets.set_files import data_directory

    words = {"0": "zero", "3": "three", "7": "seven"}
    chosen = [
        one
        for one in read_recordings(data_directory() / "fsdd" / "recordings.tar.gz")
        if (parts := one.name.split("/")[-1].split("_"))[0] in words and parts[1] in ("jackson",)
    ]
    digits = [one.name.split("/")[-1][0] for one in chosen]
    targets = [words[digit] for digit in digits] if task == "transcription" else digits
    return audio_splits(
        [one.samples for one in chosen], targets, task=task, sample_rate=chosen[0].sample_rate, num_mels=24
    )


@pytest.mark.parametrize(
    ("name", "task", "epochs"),
    [
        ("speech-digits-gru", "classification", 8),
        pytest.param("transcriber-bilstm", "transcription", 60, marks=pytest.mark.slow),
    ],
)
def test_speech_from_wav_to_answer(
    name: str, task: str, epochs: int, real_data: Path, tmp_path: Path
) -> None:
    spoken = few_digits(task)
    assert spoken.test is not None
    assert spoken.test.raw is not None
    model = create_model(name, units=(32,), dropout=0.0, **spoken.model_arguments)
    config = TrainConfig(epochs=epochs, learning_rate=0.01, batch_size=16, clip="global_norm", clip_bound=1.0)
    train(model, spoken, config=config, progress=False)
    raw = list(spoken.test.raw)
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=spoken.preprocessing,
        decoding=spoken.decoding,
        task=task,
    )
    answers = OnnxPredictor(bundle).predict(raw)
    key = "text" if task == "transcription" else "label"
    targets = spoken.rows("test").gather(np.arange(len(raw)))[1]
    labels = spoken.get_decoding().labels or []
    truth = ["".join(labels[s] for s in np.atleast_1d(row)) for row in targets]
    assert np.mean([answer[key] == text for answer, text in zip(answers, truth, strict=True)]) > 0.8
    export_onnx(model, tmp_path / "raw.onnx", audio=spoken.get_preprocessing(LogMelPreprocessing))
    session = onnxruntime.InferenceSession(str(tmp_path / "raw.onnx"))
    arrays = {"waveform": raw[0][None], "lengths": np.array([len(raw[0])])}
    assert spoken.get_decoding()(session.run(None, arrays)[0])[0][key] == answers[0][key]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "task", "metric", "at_least"),
    [
        ("speech-digits-gru", "classification", "accuracy", 0.95),
        ("transcriber-bilstm", "transcription", "exact_match", 0.9),
    ],
)
def test_spoken_digits_of_the_official_split(
    name: str, task: str, metric: str, at_least: float, real_data: Path
) -> None:
    spoken = load_dataset("fsdd", task=task)
    model = create_model(name, **spoken.model_arguments)
    config = TrainConfig(epochs=15, learning_rate=3e-3, clip="global_norm", clip_bound=1.0)
    result = train(model, spoken, config=config, progress=False)
    assert result.metrics["test"][metric] > at_least
