"""Truth of ``rnnzoo.data.readers.data_files``: a file of each kind, from its reader to a bundle that answers."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, TrainConfig, create_model, read_data, train
from rnnzoo.data.readers.data_files import _READERS
from rnnzoo.data.readers.file_kinds import FILE_KINDS
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.keras_models.feeding import feed
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo_export import OnnxPredictor, save_bundle

RNG = np.random.default_rng(0)


def arrays(folder: Path) -> tuple[Path, dict[str, Any]]:
    np.savez(folder / "a.npz", x=RNG.normal(size=(40, 6, 2)), y=["up", "down"] * 20)
    return folder / "a.npz", {}


def films(folder: Path) -> tuple[Path, dict[str, Any]]:
    np.savez(folder / "a.npz", x=RNG.normal(size=(24, 3, 8, 8, 1)), y=["up", "down"] * 12)
    return folder / "a.npz", {}


def ts(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "a.ts").write_text("@classLabel true a b\n@data\n" + "1,2,3:0,1,0:a\n3,2:1,1:b\n" * 20)
    return folder / "a.ts", {}


def long_table(folder: Path) -> tuple[Path, dict[str, Any]]:
    frame = pd.DataFrame({"id": np.repeat(np.arange(40), 4), "t": np.tile(np.arange(4.0), 40)})
    frame["v"], frame["y"] = RNG.normal(size=160), np.where(frame["id"] % 2, "a", "b")
    frame.loc[::7, "v"] = np.nan
    frame.to_csv(folder / "a.csv", index=False)
    return folder / "a.csv", {"series": "id", "time": "t", "label": "y", "irregular": True}


def sentences(folder: Path) -> tuple[Path, dict[str, Any]]:
    (folder / "a.conll").write_text("Ada B\nsleeps O\n\nIn O\nRome L\n\n" * 20)
    return folder / "a.conll", {"characters": True}


def sounds(folder: Path) -> tuple[Path, dict[str, Any]]:
    for number in range(24):
        name = folder / ["low", "high"][number % 2] / f"{number}.wav"
        name.parent.mkdir(exist_ok=True)
        with wave.open(str(name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes((9000 * np.sin(np.arange(1600) * (0.2 + number % 2))).astype("<i2").tobytes())
    return folder, {"num_mels": 8}


def dna(folder: Path) -> tuple[Path, dict[str, Any]]:
    frame = pd.DataFrame({"site": ["ACGTN", "GGCC", "ttaa", "CAT"] * 10, "kind": ["x", "y"] * 20})
    frame.to_csv(folder / "a.tsv", index=False, sep="\t")
    return folder / "a.tsv", {"text": "site", "label": "kind", "preprocessing": DNAPreprocessing()}


KINDS: dict[str, tuple[Callable[[Path], tuple[Path, dict[str, Any]]], str]] = {
    "arrays": (arrays, "series-classifier-gru"),
    "films": (films, "video-cnn-lstm"),
    "ts": (ts, "series-classifier-lstm-fcn"),
    "long table": (long_table, "irregular-gru-d"),
    "sentences": (sentences, "text-tagger-char-bilstm-crf"),
    "sounds": (sounds, "speech-digits-bilstm"),
    "dna": (dna, "dna-classifier-bilstm"),
}


def plain(row: Any) -> Any:
    """Returns a raw row as JSON would bring it."""
    if isinstance(row, dict):
        return {name: plain(part) for name, part in row.items()}
    if isinstance(row, np.ndarray):
        return np.where(np.isnan(row), None, row.astype(object)).tolist()
    return row


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "arrays" else pytest.mark.slow) for kind in KINDS]
)
def test_a_file_becomes_a_bundle_that_answers_as_its_model(kind: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write, name = KINDS[kind]
    path, options = write(tmp_path / "data")
    splits = read_data(path, **options)
    model = create_model(name, units=(4,), **splits.model_arguments)
    train(model, splits, config=TrainConfig(epochs=1), progress=False, baseline_seconds=0)
    splits = splits.for_model(model)
    decoding, rows = splits.get_decoding(), splits.rows("test")
    save_bundle(
        model, tmp_path / "bundle", preprocessing=splits.preprocessing, decoding=decoding, task=splits.task
    )
    raw = [plain(row) for row in (rows.raw if rows.raw is not None else [])[:3]]
    answers = OnnxPredictor(tmp_path / "bundle").predict(raw)
    labels = decoding.labels or []
    if kind == "sentences":
        assert [len(answer["labels"]) for answer in answers] == [len(row) for row in raw]
        assert {tag for answer in answers for tag in answer["labels"]} <= set(labels)
    else:
        inputs = rows.gather([0, 1, 2])[0]
        logits = np.asarray(model(feed(model, inputs)))
        assert [answer["label"] for answer in answers] == [labels[place] for place in logits.argmax(axis=1)]


def test_every_kind_of_file_has_a_reader() -> None:
    assert set(_READERS) == set(FILE_KINDS)


def task_of(splits: Splits) -> tuple[str, int]:
    return splits.task, len(splits.train)


def test_options_say_what_a_table_is(tmp_path: Path) -> None:
    path, options = long_table(tmp_path)
    assert task_of(read_data(path, **options, window=None)) == ("classification", 28)
    frame = pd.read_csv(path)
    assert task_of(read_data(frame, **options)) == ("classification", 28)
    assert task_of(read_data(frame[["v"]].fillna(0), target="v", window=3, horizon=1))[0] == "forecasting"
    with pytest.raises(ArgumentError, match="received a table without columns; expected text and label"):
        read_data(path)
    with pytest.raises(
        ArgumentError, match=r"source: received list; expected the path .* Splits\.from_arrays"
    ):
        read_data([1, 2])
    with pytest.raises(ArgumentError, match="unknown argument of read_sequences: received 'lable'"):
        read_data(path, series="id", lable="y", label="y")


def test_running_text_has_files_of_parts(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text("to be or not to be\n" * 40)
    splits = read_data(
        tmp_path / "train.txt", validation=tmp_path / "valid.txt", test=str(tmp_path / "test.txt")
    )
    assert set(splits.description["tokens"]) == {"train", "validation", "test"}
    with pytest.raises(DataError, match=r"train\.xls: is an Excel sheet, which is not read"):
        read_data((tmp_path / "train.txt").rename(tmp_path / "train.xls"))
