"""Truth of ``rnnzoo.cli.raw_inputs``: what is advised on inputs to answer works when followed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advice import Advice, followed
from command_line import refused
from handmade_bundles import scorer
from own_files import write_sound
from rnnzoo.cli.app import run
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    TextPreprocessing,
)

pytestmark = pytest.mark.usefixtures("files")

RANDOM = np.random.default_rng(0)
SERIES = RANDOM.normal(size=(4, 6, 2))
FILMS = RANDOM.normal(size=(4, 3, 8, 8, 1)).astype("float32")
VISITS = [{"times": [0.0, 1.0], "values": [[1.0], [2.0]]}, {"times": [0.0, 3.0], "values": [[4.0], [2.0]]}]
SOUND = np.sin(np.arange(4000) * 0.2) / 2
MODELS: dict[str, Preprocessing] = {
    "series": FeaturePreprocessing.fit(list(SERIES)),
    "films": FramePreprocessing.fit(list(FILMS)),
    "visits": IrregularPreprocessing.fit(VISITS),
    "sounds": LogMelPreprocessing.fit([SOUND, SOUND[:3000]], sample_rate=8000),
    "texts": TextPreprocessing(["", "[UNK]", "good", "film"]),
}
TS = "@problemName waves\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n1,2,3:7,8,9:b\n"


@pytest.fixture
def files(in_own_folder: None) -> None:
    Path("t.csv").write_text("text,label\ngood film,a\nfilm,b\n")
    Path("t.tsv").write_text("text\tlabel\ngood film\ta\n")
    Path("t.txt").write_text("good film\nfilm\n")
    Path("t.json").write_text('["good film", "film"]')
    Path("t.jsonl").write_text('"good film"\n"film"\n')
    Path("t.pdf").write_text("good film\n")
    Path("x.ts").write_text(TS)
    np.savez("x.npz", x=SERIES)
    np.save("x.npy", SERIES)
    Path("x.json").write_text(json.dumps(SERIES.tolist()))
    np.savez("f.npz", x=FILMS)
    np.save("f.npy", FILMS)
    Path("f.json").write_text(json.dumps(FILMS.tolist()))
    Path("v.json").write_text(json.dumps(VISITS))
    Path("v.jsonl").write_text("\n".join(map(json.dumps, VISITS)))
    write_sound(Path("s.wav"), 0.2)
    np.save("s.npy", SOUND)
    Path("s.json").write_text(json.dumps(SOUND.tolist()))


def answered(model: str, file: str | None, *inputs: str, text: str | None = None) -> int:
    """How many inputs a model can take of a file."""
    preprocessing = MODELS[model]
    bundle = SimpleNamespace(preprocessing=preprocessing)
    path = None if file is None else Path(file)
    rows = read_raw_inputs(bundle, list(inputs), path, text=text, columns=None)
    return len(next(iter(preprocessing.apply(rows).values())))


def ways(model: str, *files: str, **options: Any) -> tuple[partial[int], ...]:
    return tuple(partial(answered, model, file, **options) for file in files)


ADVICE: dict[str, Advice] = {
    "table for series": (
        lambda: answered("series", "t.csv"),
        "received the table t.csv; expected a file of what this model reads (series). Give .npz, .ts, .npy or .json",
        ways("series", "x.npz", "x.ts", "x.npy", "x.json"),
    ),
    "table for films": (
        lambda: answered("films", "t.csv"),
        "expected a file of what this model reads (video). Give .npz, .npy or .json",
        ways("films", "f.npz", "f.npy", "f.json"),
    ),
    "table for visits": (
        lambda: answered("visits", "t.csv"),
        "expected a file of what this model reads (series). Give .json or .jsonl",
        ways("visits", "v.json", "v.jsonl"),
    ),
    "table for sounds": (
        lambda: answered("sounds", "t.csv"),
        "expected a file of what this model reads (recording). Give .wav, .npy or .json",
        ways("sounds", "s.wav", "s.npy", "s.json"),
    ),
    "sound for texts": (
        lambda: answered("texts", "s.wav"),
        "received the sound s.wav; expected a file of what this model reads (text). Give .txt, .csv, .tsv, .parquet, "
        ".xlsx, .json or .jsonl",
        (*ways("texts", "t.txt", "t.json", "t.jsonl"), *ways("texts", "t.csv", "t.tsv", text="text")),
    ),
    "no column": (
        lambda: answered("texts", "t.csv"),
        "expected the column of t.csv with the texts. Give --text with one of text, label",
        ways("texts", "t.csv", text="text"),
    ),
    "ending": (
        lambda: answered("texts", "t.pdf"),
        "--input: received t.pdf; expected .txt, .csv, .tsv, .parquet, .feather, .xlsx, .xlsm, .json, .jsonl, .npy, "
        ".npz, .ts or .wav",
        ways("texts", "t.txt", "t.json", "t.jsonl"),
    ),
    "name of a file": (
        lambda: answered("texts", None, "t.txt"),
        "expected inputs themselves. Give the file as --input t.txt",
        (*ways("texts", "t.txt"), partial(answered, "texts", None, "good film")),
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_advised_on_inputs_works(case: str) -> None:
    wrong, advice, right = ADVICE[case]
    followed(wrong, advice, *right)


def test_a_command_without_inputs_shows_one_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    decoding = Decoding("classification", labels=["bad", "good"])
    bundle = scorer(Path("bundle"), np.eye(4, 2), preprocessing=MODELS["texts"], decoding=decoding)
    assert "Write e.g. rnnzoo predict BUNDLE 'a text'." in refused(capsys, "predict", bundle)
    assert run(["predict", str(bundle), "a text"]) == 0
    assert run(["predict", str(bundle), "--input", "t.txt"]) == 0
