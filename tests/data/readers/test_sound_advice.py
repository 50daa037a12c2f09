"""Truth of ``rnnzoo.data.readers.sounds``: what is advised on recordings works when followed."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advice import Advice, followed
from own_files import write_sound
from rnnzoo import (
    Splits,
    audio_splits,
    read_recordings,
    read_sounds,
)

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = 40
Y = np.array(["up", "down"] * (ROWS // 2))


def sounds(path: str, **options: Any) -> Splits:
    for folder in (
        "a/low",
        "a/high",
        "parts/train/low",
        "parts/train/high",
        "parts/test/low",
        "parts/test/high",
    ):
        for number in range(2 if "test" in folder else 10):
            write_sound(Path(folder, f"{number}.wav"), 0.2 if "low" in folder else 1.0, seconds=0.1)
    return read_sounds(path, **options)


def spoken(lines: str | None = None, *, spare: bool = False) -> Splits:
    for number in range(20):
        write_sound(Path("b", f"{number}.wav"), 0.2, seconds=0.4)
        Path("b", f"{number}.txt").write_text("oh" if number % 2 else "ah")
    if lines is not None:
        Path("b/transcripts.csv").write_text("name,text\n" + lines)
    if spare:
        Path("b/3.txt").unlink()
    return read_sounds("b", task="transcription")


def packed() -> str:
    spoken()
    with tarfile.open("b.tar", "w") as archived:
        archived.add("b")
    return "b.tar"


def unpacked() -> str:
    with tarfile.open("b.tar") as archived:
        archived.extractall("c", filter="data")
    return "c/b"


def stray(name: str) -> Splits:
    sounds("a")
    Path("a/low/0.wav").replace(name)
    return read_sounds("a")


_NAMES = "".join(f"{n},{'ah' if n % 2 else 'oh'}\n" for n in range(20))
SOUNDS: dict[str, Advice] = {
    "task": (
        lambda: sounds("a", task="multilabel_classification"),
        "Use audio_splits for other targets",
        (lambda: audio_splits("a", lambda name: [name.split("/")[0]], task="multilabel_classification"),),
    ),
    "waveforms": (
        lambda: read_sounds([np.zeros(800)] * 20),
        "Use audio_splits for waveforms",
        (lambda: audio_splits([np.sin(np.arange(800) * p) for p in [0.2, 1.0] * 20], Y, sample_rate=8000),),
    ),
    "parts": (
        lambda: sounds("parts"),
        "Pass the folder of the training part as the data, and those of others as test= and validation= (on the "
        "command line --test)",
        (
            lambda: read_sounds("parts/train", test="parts/test"),
            lambda: read_sounds("parts/train", test="parts/test", validation="parts/test"),
        ),
    ),
    "stray": (
        lambda: stray("a/0.wav"),
        "Move it into a folder of that name, or call audio_splits with the labels",
        (
            lambda: audio_splits("a", lambda name: name.split("/")[0].replace("0.wav", "low")),
            lambda: Path("a/0.wav").replace("a/low/0.wav") and read_sounds("a"),
        ),
    ),
    "packed": (
        lambda: read_sounds(packed(), task="transcription"),
        "Unpack it, and pass the folder",
        (lambda: read_sounds(unpacked(), task="transcription"),),
    ),
    "unknown": (
        lambda: spoken(_NAMES + "99,oh\n"),
        "Correct or drop the line",
        (lambda: spoken(_NAMES),),
    ),
    "unnamed": (
        lambda: spoken(_NAMES.replace("3,ah\n", "", 1)),
        "names no '3.wav'; expected a line for each recording. Add it",
        (lambda: spoken(_NAMES),),
    ),
    "no text": (
        lambda: spoken(spare=True),
        "expected 3.txt beside it, or a table transcripts.csv (name, text) at the top of the folder. Add it",
        (spoken, lambda: spoken(_NAMES, spare=True)),
    ),
    "large": (
        lambda: read_recordings(packed(), max_bytes=100),
        "Pass a larger max_bytes if it is to be trusted",
        (lambda: read_recordings("b.tar", max_bytes=10**6),),
    ),
    "targets": (
        lambda: sounds("a") and audio_splits("a", ["low", "high"]),
        "Read the files with read_recordings to give one target each",
        (
            lambda: audio_splits(
                [sound.samples for sound in read_recordings("a")],
                ["high"] * 10 + ["low"] * 10,
                sample_rate=8000,
            ),
            lambda: audio_splits("a", lambda name: name.split("/")[0]),
        ),
    ),
    "unmapped": (
        lambda: sounds("a") and audio_splits("a", {}),
        "Map it to None to leave it out",
        (lambda: audio_splits("a", _mapped() | {"low/0.wav": None}),),
    ),
}


def _mapped() -> dict[str, str | None]:
    return {sound.name: sound.name.split("/")[0] for sound in read_recordings("a")}


@pytest.mark.parametrize("case", SOUNDS)
def test_the_advice_works(case: str) -> None:
    wrong, advice, right = SOUNDS[case]
    followed(wrong, advice, *right)
