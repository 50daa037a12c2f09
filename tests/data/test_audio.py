"""Truth of ``rnnzoo.data.readers.audio``.

Recordings: folders and archives, and what is made of them.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rnnzoo import audio_splits, load_dataset, read_recordings
from rnnzoo.data.splits import Splits
from rnnzoo.data.transcript_split import TranscriptSplit
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score
from rnnzoo.preprocessing import FeaturePreprocessing, LogMelPreprocessing
from wav_bytes import RATE, SAMPLES, pcm16, wav


def tone(pitch: float, samples: int = 1600) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(samples) / RATE)


def archive(path: Path, members: dict[str, bytes], *, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def beeps() -> dict[str, bytes]:
    """Twenty files of two pitches, ``low_3.wav`` and so on."""
    return {
        f"{label}_{number}.wav": wav(pcm16(tone(pitch + number, 1200 + 40 * number)))
        for label, pitch in (("low", 300.0), ("high", 2000.0))
        for number in range(10)
    }


def label_of(name: str) -> str:
    return PurePosixPath(name).stem.split("_")[0]


def test_channels_are_mixed_with_a_warning(tmp_path: Path) -> None:
    both = np.stack([SAMPLES, np.zeros(4)], axis=1)
    (tmp_path / "a.wav").write_bytes(wav((both * 2**15).astype("<i2").tobytes(), channels=2))
    (tmp_path / "b.wav").write_bytes(wav(pcm16(SAMPLES)))
    with pytest.warns(
        UserWarning, match="1 of 2 recordings have several channels, such as a.wav; their mean"
    ):
        mixed, _ = read_recordings(tmp_path)
    np.testing.assert_allclose(mixed.samples, SAMPLES / 2)


def test_folders_and_archives_hold_the_same(tmp_path: Path) -> None:
    files = {f"deep/{name}": content for name, content in beeps().items()} | {"README.txt": b"no sound"}
    folder = tmp_path / "folder"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    plain = archive(tmp_path / "a.tar", files, mode="w")
    packed = archive(tmp_path / "a.tar.gz", dict(reversed(files.items())))
    expected = read_recordings(folder)
    assert [one.name for one in expected] == sorted(name for name in files if name.endswith(".wav"))
    for source in (plain, packed):
        for found, truth in zip(read_recordings(source), expected, strict=True):
            assert found.name == truth.name
            np.testing.assert_array_equal(found.samples, truth.samples)


@pytest.mark.parametrize("name", ["../a.wav", "/a.wav", "b/../../a.wav"])
def test_an_archive_stays_inside(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", {name: wav(pcm16(SAMPLES))})
    with pytest.raises(DataError, match="expected paths inside of it"):
        read_recordings(path)


def test_links_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", {"a.wav": wav(pcm16(SAMPLES))}, mode="w")
    with tarfile.open(path, "a") as file:
        link = tarfile.TarInfo("b.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    assert [one.name for one in read_recordings(path)] == ["a.wav"]


def test_an_archive_is_bounded_and_must_be_whole(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", {"zeros.bin": bytes(10**6), "a.wav": wav(pcm16(SAMPLES))})
    assert path.stat().st_size < 5000
    with pytest.raises(DataError, match="holds more than 100,000 bytes; expected at most that"):
        read_recordings(path, max_bytes=100_000)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged or cut short"):
        read_recordings(cut)


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no such file or folder; expected WAV files"):
        read_recordings(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no .wav file"):
        read_recordings(tmp_path)
    (tmp_path / "a.mp3").write_bytes(b"")
    with pytest.raises(DataError, match=r"a.mp3: expected a .wav file, a folder or an archive"):
        read_recordings(tmp_path / "a.mp3")


def test_files_become_classes(tmp_path: Path) -> None:
    path = archive(tmp_path / "beeps.tar.gz", beeps())
    splits = audio_splits(path, label_of, test=lambda name: name.endswith("_9.wav"), num_mels=12)
    assert (len(splits.train), len(splits.validation), len(splits.test or ())) == (15, 3, 2)
    assert (splits.get_decoding().labels or []) == ["high", "low"]
    assert splits.model_arguments == {"num_features": 12, "variable_length": True, "num_classes": 2}
    assert splits.description["source"] == "beeps.tar.gz"
    scores = {
        name: score("classification", outputs, splits.rows("validation").gather([0, 1, 2])[1])
        for name, outputs in run_baselines(splits, splits.validation).items()
    }
    assert scores["logistic regression on summary statistics"]["accuracy"] == 1.0


def test_statistics_come_from_the_training_part_alone(tmp_path: Path) -> None:
    loud = {"low_99.wav": wav(pcm16(np.random.default_rng(0).uniform(-1, 1, 4000)))}
    path = archive(tmp_path / "beeps.tar.gz", beeps() | loud)
    splits = audio_splits(path, label_of, test=lambda name: name == "low_99.wav", num_mels=12)
    raw = splits.train.raw
    assert raw is not None
    fitted = LogMelPreprocessing.fit(raw, sample_rate=RATE, num_mels=12)
    np.testing.assert_array_equal(splits.get_preprocessing(LogMelPreprocessing).mean, fitted.mean)
    inputs, _, _ = splits.rows("train").gather(np.arange(len(splits.train)))
    frames = inputs["features"][inputs["mask"]]
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_no_damage_to_a_packed_archive_goes_unseen(mode: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    contents = {f"{name}.wav": wav(pcm16(rng.uniform(-1, 1, 2_000))) for name in "abcde"}
    whole = archive(tmp_path / f"a.tar.{mode[2:]}", contents, mode=mode).read_bytes()
    assert len(whole) > 15_000
    damaged = tmp_path / f"b.tar.{mode[2:]}"
    for place in np.linspace(60, len(whole) - 60, 20).astype(int).tolist():
        content = bytearray(whole)
        content[place] ^= 255
        for wrong in (bytes(content), whole[:place]):
            damaged.write_bytes(wrong)
            with pytest.raises(DataError, match=r"damaged|expected 8, 16, 24 or 32|cut short"):
                read_recordings(damaged)


def test_a_damaged_header_in_a_plain_archive_is_seen(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", {f"{name}.wav": wav(pcm16(SAMPLES)) for name in "abc"}, mode="w")
    whole = path.read_bytes()
    second = whole.index(b"b.wav")
    for wrong in (whole[:second] + b"\xff" * 200 + whole[second + 200 :], whole[:second]):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match="damaged or cut short"):
            read_recordings(path)


def test_waveforms_in_memory_and_integers_are_the_same_as_files(tmp_path: Path) -> None:
    contents = beeps()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    recordings = read_recordings(tmp_path)
    labels = [label_of(one.name) for one in recordings]
    integers = [(one.samples * 32768).astype(np.int16) for one in recordings]
    files = audio_splits(tmp_path, label_of, num_mels=12)
    arrays = audio_splits(integers, labels, sample_rate=RATE, num_mels=12)
    for part in ("train", "validation", "test"):
        one, other = getattr(files, part).gather([0, 1]), getattr(arrays, part).gather([0, 1])
        np.testing.assert_allclose(one[0]["features"], other[0]["features"], atol=1e-6)
        np.testing.assert_array_equal(one[1], other[1])


def test_files_become_transcripts(tmp_path: Path) -> None:
    path = archive(tmp_path / "beeps.tar.gz", beeps())
    splits = audio_splits(path, lambda name: f"{label_of(name)} beep", task="transcription", num_mels=12)
    assert (splits.get_decoding().labels or []) == ["", " ", "b", "e", "g", "h", "i", "l", "o", "p", "w"]
    assert splits.model_arguments == {"num_features": 12, "variable_length": True, "vocabulary_size": 11}
    inputs, targets, weights = splits.rows("train").gather(np.arange(len(splits.train)))
    assert weights is None
    assert targets.dtype == np.int32
    texts = Counter(
        "".join((splits.get_decoding().labels or [])[symbol] for symbol in row) for row in targets
    )
    assert set(texts) == {"low beep", "high beep"}
    assert set(inputs) == {"features", "mask"}
    baseline = run_baselines(splits, splits.validation)["most frequent transcript"]
    rows = splits.rows("validation").gather(np.arange(len(splits.validation)))[1]
    found = score("transcription", baseline, rows, labels=(splits.get_decoding().labels or []))
    usual = texts.most_common(1)[0][0]
    spoken = ["".join((splits.get_decoding().labels or [])[s] for s in row) for row in rows]
    assert found["exact_match"] == pytest.approx(np.mean([text == usual for text in spoken]))
    assert found["wer"] == pytest.approx(np.mean([text != usual for text in spoken]) / 2)
    assert 0 < found["cer"] < 1
    for batch in splits.train.dataset(4, shuffle=True).as_numpy_iterator():
        assert batch[1].ndim == 2


def test_a_transcript_that_its_frames_cannot_hold_is_named() -> None:
    sounds = [tone(300.0, 200 + 80 * 2)] * 10  # three frames
    texts = ["ab"] * 5 + ["aa"] * 5
    audio_splits(sounds, texts, task="transcription", sample_rate=RATE)
    with pytest.raises(DataError, match="its transcript of 3 symbols needs 4 frames, one each and one more"):
        audio_splits(sounds, ["aab"] * 10, task="transcription", sample_rate=RATE)
    preprocessing = FeaturePreprocessing([0.0], [1.0], variable_length=True)
    split = TranscriptSplit([np.zeros((5, 1))], [np.array([1, 2, 3])], preprocessing=preprocessing)
    split.check_frames(1)
    with pytest.raises(DataError, match=r"needs 3 frames.*it has 2 \(5 steps, 4 to a frame\)"):
        split.check_frames(4)


def test_series_become_transcripts_too() -> None:
    rows = [np.random.default_rng(number).normal(size=(6 + number % 3, 2)) for number in range(20)]
    splits = Splits.from_arrays(rows, ["ab", "ba"] * 10, task="transcription")
    assert splits.model_arguments == {"num_features": 2, "variable_length": True, "vocabulary_size": 3}
    with pytest.raises(DataError, match="received texts for task 'transcription'; expected series"):
        Splits.from_arrays(["a", "b"] * 10, ["ab", "ba"] * 10, task="transcription")


def test_wrong_arguments_are_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "beeps.tar.gz", beeps())
    sounds = [tone(300.0)] * 20
    with pytest.raises(
        ArgumentError, match="targets: received list for files; expected a function or a mapping"
    ):
        audio_splits(path, ["a"])
    with pytest.raises(DataError, match=r"have no entry for the recording 'high_0.wav'"):
        audio_splits(path, {})
    with pytest.raises(ArgumentError, match="test: received tuple for files"):
        audio_splits(path, label_of, test=(sounds, ["a"] * 20))
    with pytest.raises(ArgumentError, match=r"both pick 'high_0.wav'"):
        audio_splits(path, label_of, test=lambda name: True, validation=lambda name: True)
    with pytest.raises(ArgumentError, match="sample_rate: missing"):
        audio_splits(sounds, ["a", "b"] * 10)
    with pytest.raises(ArgumentError, match="received names for waveforms"):
        audio_splits(sounds, label_of, sample_rate=RATE)
    with pytest.raises(ArgumentError, match="test: received a function for waveforms"):
        audio_splits(sounds, ["a", "b"] * 10, sample_rate=RATE, test=lambda name: True)
    with pytest.raises(UnknownNameError, match="did you mean 'transcription'"):
        audio_splits(path, label_of, task="transcribe")
    with pytest.raises(DataError, match="expected 16000 Hz"):
        audio_splits(path, label_of, sample_rate=16_000)
    with pytest.raises(DataError, match=r"^targets: row 17: received int; expected a text"):
        audio_splits(sounds, [1, 2] * 10, sample_rate=RATE, task="transcription")
    with pytest.raises(
        DataError, match="test targets: row 0: received the character 'z', which no training transcript"
    ):
        audio_splits(
            sounds, ["a", "b"] * 10, sample_rate=RATE, task="transcription", test=(sounds[:1], ["z"])
        )


def test_integers_of_other_widths_are_refused() -> None:
    for dtype in (np.int32, np.int64, np.uint8):
        with pytest.raises(
            DataError, match=rf"^row 26: received {np.dtype(dtype)} up to 100; expected floats"
        ):
            audio_splits([np.full(900, 100, dtype)] * 40, ["a", "b"] * 20, sample_rate=RATE)


def test_files_that_are_left_out_do_not_count(tmp_path: Path) -> None:
    for name, content in beeps().items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "other.wav").write_bytes(wav(pcm16(SAMPLES), rate=16_000))
    splits = audio_splits(tmp_path, lambda name: None if name == "other.wav" else label_of(name))
    assert splits.get_preprocessing(LogMelPreprocessing).sample_rate == RATE
    with pytest.raises(DataError, match="targets: leave out every recording"):
        audio_splits(tmp_path, lambda name: None)


def test_files_of_two_rates_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(pcm16(SAMPLES)))
    (tmp_path / "b.wav").write_bytes(wav(pcm16(SAMPLES), rate=16_000))
    with pytest.raises(
        DataError, match=r"received 8000 Hz \(a.wav\), 16000 Hz \(b.wav\); expected one sample rate"
    ):
        audio_splits(tmp_path, label_of)


def test_spoken_digits_have_their_own_test_part(real_data: Path) -> None:
    splits = load_dataset("fsdd")
    assert splits.test is not None
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (2295, 405, 300)
    assert (splits.get_decoding().labels or []) == list("0123456789")
    classes = splits.rows("test").gather(np.arange(300))[1]
    assert np.bincount(classes).tolist() == [30] * 10
    held_out = load_dataset("fsdd", held_out="theo", task="transcription")
    assert held_out.test is not None
    assert len(held_out.test) == 500
    assert (held_out.get_decoding().labels or []) == [
        "",
        *sorted(set("zeroonetwothreefourfivesixseveneightnine")),
    ]
    assert held_out.description["held_out"] == "theo"


def test_spoken_digits_say_what_is_wrong() -> None:
    with pytest.raises(UnknownNameError, match="held-out speaker: received 'teo'; did you mean 'theo'"):
        load_dataset("fsdd", held_out="teo")
    with pytest.raises(UnknownNameError, match="option of data set 'fsdd': received 'speaker'"):
        load_dataset("fsdd", speaker="theo")
    with pytest.raises(ArgumentError, match="task: received for data set 'digits', which takes no options"):
        load_dataset("digits", task="tagging")
