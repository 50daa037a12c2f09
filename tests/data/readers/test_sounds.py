"""Truth of ``rnnzoo.data.readers.sounds``: folders of recordings with labels or transcripts."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import tarfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import audio_splits, read_sounds
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError


def beep(path: Path, pitch: float = 0.3, rate: int = 8000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(np.arange(800) * pitch)).astype("<i2").tobytes())
    return path


def labelled(folder: Path, rows: int = 20) -> Path:
    for number in range(rows):
        beep(folder / ("low" if number % 2 else "high") / "deep" / f"{number}.wav", 0.2 + 0.8 * (number % 2))
    return folder


def spoken(folder: Path, rows: int = 12) -> Path:
    for number in range(rows):
        beep(folder / f"{number}.wav").with_suffix(".txt").write_text("one\n" if number % 2 else "two\n")
    return folder


def test_folders_are_labels(tmp_path: Path) -> None:
    splits = read_sounds(labelled(tmp_path / "a"), test=labelled(tmp_path / "b", 6), num_mels=8)
    assert splits.get_decoding().labels == ["high", "low"]
    assert splits.model_arguments["num_features"] == 8
    assert splits.description["rows"] == {"train": 17, "validation": 3, "test": 6}
    assert (splits.description["source"], splits.description["test_source"]) == ("a", "b")
    expected = audio_splits(tmp_path / "a", lambda name: name.split("/")[0], num_mels=8, test_fraction=0.0)
    own = splits.rows("train").gather([0])
    other = expected.rows("train").gather([0])
    np.testing.assert_array_equal(own[0]["features"], other[0]["features"])
    assert own[1] == other[1]


def test_an_archive_has_a_folder_around_all(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(labelled(tmp_path / "a"), arcname="sounds-1.0/wav")
    splits = read_sounds(tmp_path / "a.tar.gz")
    assert splits.get_decoding().labels == ["high", "low"]
    assert len(splits.description["checksum"]) == 64
    with pytest.raises(DataError, match=r"received a file for transcription.*Unpack it"):
        read_sounds(tmp_path / "a.tar.gz", task="transcription")


def test_transcripts_lie_beside_or_in_a_table(tmp_path: Path) -> None:
    beside = read_sounds(spoken(tmp_path / "a"), task="transcription")
    assert beside.get_decoding().labels == ["", *sorted(set("onetwo"))]
    for ending, comma in (("csv", ","), ("tsv", "\t")):
        folder = spoken(tmp_path / ending)
        lines = [f"name{comma}text"]
        for file in sorted(folder.glob("*.txt")):
            lines.append(f"{file.stem}{'.wav' if ending == 'csv' else ''}{comma}{file.read_text().strip()}")
            file.unlink()
        (folder / f"transcripts.{ending}").write_text("\n".join(lines))
        table = read_sounds(folder, task="transcription")
        assert table.description["checksum"] == beside.description["checksum"]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "a")
    stray = beep(folder / "stray.wav")
    with pytest.raises(
        DataError, match=r"stray\.wav lies in no folder that names its label; expected LABEL/NAME"
    ):
        read_sounds(folder)
    stray.unlink()
    with pytest.raises(DataError, match=r"received 8000 Hz .*16000 Hz .*; expected one sample rate"):
        read_sounds(folder, test=beep(tmp_path / "t" / "low" / "x.wav", rate=16000).parents[1])
    other = beep(tmp_path / "u" / "mid" / "x.wav").parents[1]
    with pytest.raises(DataError, match=r"u: mid/x\.wav: targets: received the label 'mid'"):
        read_sounds(folder, test=other)
    parts = tmp_path / "parts"
    labelled(parts / "train")
    labelled(parts / "test")
    with pytest.raises(DataError, match="holds the folders test, train, which seem to be parts"):
        read_sounds(parts)
    assert read_sounds(parts / "train", test=parts / "test").description["rows"]["test"] == 20
    for task in ("tagging", "multilabel_classification", "forecasting"):
        with pytest.raises(ArgumentError, match=f"task: received '{task}' for"):
            read_sounds(folder, task=task)
    with pytest.raises(ArgumentError, match="test: received list; expected a folder of recordings"):
        read_sounds(folder, test=[1])
    with pytest.raises(PathNotFoundError, match="no such file or folder"):
        read_sounds(tmp_path / "none")


TABLES: dict[str, tuple[str, str]] = {
    "unknown": ("name,text\n99,one\n", r"line 2: names the recording '99', which is not in"),
    "twice": ("name,text\n1,one\n1.wav,one\n", r"line 3: names '1\.wav' once more"),
    "missing": ("name,text\n1,one\n", r"names no '0\.wav'; expected a line for each recording"),
    "columns": ("file,text\n1,one\n", "unknown column of .*: received 'name'"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_of_transcripts_must_fit(case: str, tmp_path: Path) -> None:
    content, message = TABLES[case]
    folder = spoken(tmp_path)
    (folder / "transcripts.csv").write_text(content)
    with pytest.raises((ArgumentError, DataError), match=message):
        read_sounds(folder, task="transcription")
    (folder / "transcripts.csv").unlink()
    (folder / "3.txt").unlink()
    with pytest.raises(DataError, match=r"3\.wav: has no transcript; expected 3\.txt beside it"):
        read_sounds(folder, task="transcription")


def test_rare_labels_can_be_left_out(tmp_path: Path) -> None:
    folder: Any = labelled(tmp_path)
    beep(folder / "once" / "x.wav")
    with pytest.warns(UserWarning, match=r"once \(1 row\)"):
        assert read_sounds(folder, rare="drop").get_decoding().labels == ["high", "low"]


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "a")
    for name in ("low/b.mp3", "high/deep/a.flac", "low/.hidden", "notes.txt"):
        (folder / name).write_text("")
    with pytest.warns(
        UserWarning, match=r"a: 2 files are no \.wav, and left out: high/deep/a\.flac, low/b\.mp3; .*ffmpeg"
    ):
        read_sounds(folder)
    for name in ("low/b.mp3", "high/deep/a.flac"):
        (folder / name).unlink()
    (folder / "middle").mkdir()
    with pytest.warns(
        UserWarning, match=r"a: no \.wav file is in middle; expected some .* or remove the folder"
    ):
        read_sounds(folder)
    (folder / "middle").rmdir()
    read_sounds(folder)
    (spoken(tmp_path / "b") / "x.ogg").write_text("")
    with pytest.warns(
        UserWarning, match=r"b: 1 file is no \.wav, and left out: x\.ogg; expected \.wav files"
    ):
        read_sounds(tmp_path / "b", task="transcription")
