"""Times ``save_bundle`` against Keras's own export of the same model to SavedModel and ONNX, which proves nothing.

    python tests/benchmarks/bundle_time.py

Both are asked in turn, for a new model of the same kind each time; the first round is left out, for it imports.
``results/bundle_time.csv`` holds the seconds of processor time of each round. "All files" are the SavedModel, the ONNX
file, the one of 8-bit weights, and where the network can be streamed the streaming file: Keras writes the first two.
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import layers
from zoo import machine, write_rows

from rnnzoo_export import save_bundle

RESULTS = Path(__file__).parent / "results" / "bundle_time.csv"
FEATURES, CLASSES, ROUNDS = 16, 4, 6


def large() -> keras.Model:
    x = keras.Input((None, FEATURES), name="features")
    hidden = layers.Bidirectional(layers.LSTM(128, return_sequences=True))(x)
    return keras.Model(x, layers.Dense(CLASSES)(layers.Bidirectional(layers.LSTM(128))(hidden)))


def small() -> keras.Model:
    x = keras.Input((None, FEATURES), name="features")
    return keras.Model(x, layers.Dense(CLASSES)(layers.LSTM(16)(x)))


# What is built, and what is written beside the SavedModel and the ONNX file.
CASES: dict[str, tuple[Callable[[], keras.Model], tuple[str, ...]]] = {
    "two layers of BiLSTM 128": (large, ("weights_int8",)),
    "one layer of LSTM 16": (small, ("weights_int8", "streaming")),
}


Export = Callable[[Path], None]


def keras_export(model: keras.Model) -> Export:
    def export(folder: Path) -> None:
        model.export(folder / "saved_model", format="tf_saved_model", verbose=False)
        model.export(folder / "model.onnx", format="onnx", verbose=False)

    return export


def two_files(model: keras.Model) -> Export:
    def export(folder: Path) -> None:
        save_bundle(model, folder / "bundle", task="classification")

    return export


def all_files(model: keras.Model, also: tuple[str, ...]) -> Export:
    rows = held_out(model)

    def export(folder: Path) -> None:
        save_bundle(model, folder / "bundle", task="classification", also=also, quantization_data=rows)

    return export


def held_out(model: keras.Model) -> list[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Rows of which the model is so sure that 8-bit weights do not change its answers."""
    x = np.random.default_rng(0).normal(size=(128, 20, FEATURES)).astype(np.float32)
    logits = model.predict_on_batch(x)
    lead = np.diff(np.sort(logits)[:, -2:])[:, 0]
    sure = lead > np.median(lead)
    return [({"features": x[sure]}, logits[sure].argmax(axis=-1))]


def seconds(export: Export) -> float:
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        export(Path(folder))
        return time.process_time() - started


def measured(name: str) -> list[dict[str, Any]]:
    """The rounds of a case, in which the three ways take turns."""
    build, also = CASES[name]
    ways: dict[str, Callable[[keras.Model], Export]] = {
        "Keras": keras_export,
        "two files": two_files,
        "all files": lambda model: all_files(model, also),
    }
    rows = []
    for number in range(ROUNDS + 1):
        found = {way: round(seconds(prepared(build())), 3) for way, prepared in ways.items()}
        if number:
            rows.append({"network": name, **found, **machine()})
            print(rows[-1], flush=True)
    return rows


def table() -> str:
    """The page's table."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| processor time | Keras, unproved | rnnzoo, the same two files | rnnzoo, all files |",
        "|---|---|---|---|",
    ]
    for name, (_, also) in CASES.items():
        own = [row for row in rows if row["network"] == name]
        ratios = []
        for way in ("two files", "all files"):
            each = [float(row[way]) / float(row["Keras"]) for row in own]
            ratios.append(f"{np.median(each):.2f} ({min(each):.2f}-{max(each):.2f})")
        seconds_of_keras = np.median([float(row["Keras"]) for row in own])
        lines.append(
            f"| {name} (also {' and '.join(also)}) | {seconds_of_keras:.1f} s | {' | '.join(ratios)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the page's table from the results")
    if parser.parse_args().table:
        print(table())
        return
    write_rows(RESULTS, [row for name in CASES for row in measured(name)])


if __name__ == "__main__":
    main()
