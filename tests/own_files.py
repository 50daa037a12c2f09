"""Files as users have them, one kind for each family of the zoo, and the options of the command that read them."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

#: Writes files into the current directory; returns the options that read them.
Writer = Callable[[], list[str]]
ROWS = 40
_RANDOM = np.random.default_rng(0)


def _texts() -> list[str]:
    rows = [f"a {'fine' if i % 2 else 'dull'} film {i},{'good' if i % 2 else 'bad'}\n" for i in range(ROWS)]
    Path("texts.csv").write_text("review,stars\n" + "".join(rows))
    return ["--data", "texts.csv", "--text", "review", "--label", "stars"]


def _arrays() -> list[str]:
    labels = ["up", "down"] * (ROWS // 2)
    np.savez("arrays.npz", x=_RANDOM.normal(size=(ROWS, 12, 3)), y=labels)
    return ["--data", "arrays.npz"]


def _visits() -> list[str]:
    lines = [
        {"id": i, "hour": 1.5 * step, "pulse": step + i % 2, "heat": np.nan if step % 2 else 37.0, "died": i % 2}
        for i in range(ROWS)
        for step in range(4)
    ]  # fmt: skip
    pd.DataFrame(lines).to_csv("visits.csv", index=False)
    return ["--data", "visits.csv", "--series", "id", "--time", "hour", "--label", "died"]


def _dna() -> list[str]:
    rows = ["".join(_RANDOM.choice(list("ACGT"), 20)) + f",{'EI'[i % 2]}\n" for i in range(ROWS)]
    Path("dna.tsv").write_text("bases\tkind\n" + "".join(row.replace(",", "\t") for row in rows))
    return ["--data", "dna.tsv", "--text", "bases", "--label", "kind"]


def _films() -> list[str]:
    films = _RANDOM.normal(size=(ROWS, 4, 8, 8, 1)).astype(np.float32)
    np.savez("films.npz", x=films, y=["left", "right"] * (ROWS // 2))
    return ["--data", "films.npz"]


def write_sound(path: Path, pitch: float, seconds: float = 0.3, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        sound = np.sin(np.arange(round(seconds * rate)) * pitch) * 8000 + _RANDOM.normal(
            size=round(seconds * rate)
        )
        file.writeframes(sound.astype("<i2").tobytes())


def _words() -> list[str]:
    for number in range(20):
        for label, pitch in (("low", 0.2), ("high", 1.0)):
            write_sound(Path("sounds", label, f"{number}.wav"), pitch)
    return ["--data", "sounds"]


def _speech() -> list[str]:
    for number in range(20):
        for text, pitch in (("lo", 0.2), ("hi", 1.0)):
            write_sound(Path("speech", f"{text}{number}.wav"), pitch, seconds=0.5)
            Path("speech", f"{text}{number}.txt").write_text(f"{text}\n")
    return ["--data", "speech"]


def _sentences() -> list[str]:
    sentence = "The\tDET\n{}\tNOUN\nruns\tVERB\n\n"
    Path("words.conll").write_text("".join(sentence.format(f"cat{i % 5}") for i in range(ROWS)))
    return ["--data", "words.conll"]


def _steps() -> list[str]:
    lines = [
        {"film": i, "x": _RANDOM.normal(), "y": step, "phase": "rest" if step < 3 else "move"}
        for i in range(ROWS)
        for step in range(6)
    ]
    pd.DataFrame(lines).to_csv("steps.csv", index=False)
    return ["--data", "steps.csv", "--series", "film", "--label", "phase"]


def _hours() -> list[str]:
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    pd.DataFrame({"hour": times, "load": np.sin(np.arange(200) / 4)}).to_csv("hours.csv", index=False)
    return ["--data", "hours.csv", "--target", "load", "--time", "hour", "--window", "8", "--horizon", "3"]


def _book() -> list[str]:
    Path("book.txt").write_text("to be or not to be that is the question\n" * 60)
    return ["--data", "book.txt"]


def _pairs() -> list[str]:
    rows = [f"a dog {i}\tein Hund {i}\n" for i in range(ROWS)]
    Path("pairs.tsv").write_text("english\tgerman\n" + "".join(rows))
    return ["--data", "pairs.tsv", "--text", "english", "--label", "german"]


#: What each family is trained from, and settings that make its model small.
OWN_FILES: dict[str, tuple[Writer, list[str]]] = {
    "text-classifier": (_texts, ["units=4", "embedding_size=4"]),
    "series-classifier": (_arrays, ["units=4", "filters=4,4,4"]),
    "irregular": (_visits, ["units=4"]),
    "dna-classifier": (_dna, ["units=4"]),
    "video": (_films, ["units=4", "filters=2,2"]),
    "speech-digits": (_words, ["units=4"]),
    "text-tagger": (_sentences, ["units=4", "embedding_size=4"]),
    "series-tagger": (_steps, ["units=4"]),
    "forecaster": (_hours, ["units=4"]),
    "language-model": (_book, ["units=4", "embedding_size=4"]),
    "translator": (_pairs, ["units=4", "embedding_size=4"]),
    "transcriber": (_speech, ["units=4"]),
}


def write_files() -> None:
    """Writes files of most families, their arrays as ``x.npy`` and ``y.npy`` too, and texts with numbers and tags."""
    for name in (
        "text-classifier",
        "series-classifier",
        "irregular",
        "forecaster",
        "language-model",
        "text-tagger",
    ):
        OWN_FILES[name][0]()
    arrays = np.load("arrays.npz")
    np.save("x.npy", arrays["x"])
    np.save("y.npy", arrays["y"])
    frame = pd.read_csv("texts.csv")
    frame.assign(price=np.arange(ROWS) / 4, tags="D N V A").to_csv("more.csv", index=False)
