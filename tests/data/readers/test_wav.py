"""Truth of ``rnnzoo.data.readers.wav``: samples of every width and form, and files that are cut short or hold none."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from rnnzoo.data.readers.audio import read_recordings
from rnnzoo.data.readers.wav import Recording
from rnnzoo.errors import DataError
from wav_bytes import RATE, SAMPLES, pcm16, wav


@pytest.mark.parametrize(
    ("width", "content"),
    [
        (1, bytes([128, 192, 0, 160])),
        (2, struct.pack("<4h", 0, 2**14, -(2**15), 2**13)),
        (3, b"".join(struct.pack("<i", value)[:3] for value in (0, 2**22, -(2**23), 2**21))),
        (4, struct.pack("<4i", 0, 2**30, -(2**31), 2**29)),
    ],
)
def test_pcm_of_every_width_is_read(width: int, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(content, width=width))
    (recording,) = read_recordings(tmp_path / "a.wav")
    assert isinstance(recording, Recording)
    assert (recording.name, recording.sample_rate, recording.samples.dtype) == ("a.wav", RATE, np.float32)
    np.testing.assert_array_equal(recording.samples, SAMPLES)


def of_form(form: int, content: bytes, *, width: int = 4) -> bytes:
    """Returns a file whose header names a form of samples: 1 is PCM, 3 is floats, 7 is mu-law."""
    changed = bytearray(wav(content, width=width))
    changed[20:22] = struct.pack("<H", form)
    return bytes(changed)


def extensible(form: int, content: bytes, *, width: int) -> bytes:
    """Returns a file with the longer header that many programs write for 24 bits, floats or several channels."""
    header = struct.pack("<HHIIHH", 0xFFFE, 1, RATE, RATE * width, width, 8 * width)
    header += struct.pack("<HHIH", 22, 8 * width, 4, form) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"WAVEfmt " + struct.pack("<I", len(header)) + header
    chunks += b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


FLOATS = struct.pack("<4f", *SAMPLES)
PCM24 = b"".join(struct.pack("<i", value)[:3] for value in (0, 2**22, -(2**23), 2**21))
NOTES = b"LIST" + struct.pack("<I", 4) + b"INFO"


@pytest.mark.parametrize(
    "content",
    [
        of_form(3, FLOATS),
        extensible(1, PCM24, width=3),
        extensible(3, FLOATS, width=4),
        wav(PCM24, width=3) + NOTES,
    ],
    ids=["floats", "24 bits, long header", "floats, long header", "notes behind the samples"],
)
def test_what_recorders_and_editors_write_is_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    (recording,) = read_recordings(tmp_path / "a.wav")
    np.testing.assert_array_equal(recording.samples, SAMPLES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            of_form(7, FLOATS),
            "a.wav: not a WAV file of plain samples .*MULAW.*expected 8, 16, 24 or 32 bit PCM",
        ),
        (b"not a sound at all", "not a WAV file of plain samples .*Convert it, e.g. with ffmpeg"),
        (b"", "not a WAV file of plain samples"),
        (wav(pcm16(SAMPLES))[:-2], "cut short .*finished at 50 bytes, expected 52 bytes"),
        (of_form(3, FLOATS[:-4] + struct.pack("<f", np.nan)), "holds a sample that is not a finite number"),
    ],
)
def test_what_is_no_whole_file_of_samples_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_recordings(tmp_path)
