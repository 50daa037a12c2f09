"""Times the light cells against GRU on a CPU: a training step, and the exported file in onnxruntime.

    python tests/benchmarks/cell_speed.py
    python tests/benchmarks/cell_speed.py --table

One layer of 128 units reads 32 sequences of 64 features. Calls take turns, so that whatever else the machine does
disturbs all alike; figures are multiples of GRU's median time at the same length (below 1: faster than GRU). Training
uses all cores and holds the forward and backward pass and Adam's update; onnxruntime one thread and one row or 32.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from timing import medians, session
from zoo import machine, write_rows

from rnnzoo import build_tagger
from rnnzoo.cells import SEQUENCE_CELLS
from rnnzoo_export import export_onnx

RESULTS = Path(__file__).parent / "results" / "cell_speed.csv"
LENGTHS = (128, 512, 2048)
UNITS, FEATURES, ROWS = 128, 64, 32
# What training holds of the matrices of all steps does not fit into the memory of a small machine.
LONGEST = {"mlstm": 512}


def model_of(cell: str) -> Any:
    keras.utils.set_random_seed(0)
    model = build_tagger(num_classes=4, num_features=FEATURES, cell=cell, units=(UNITS,), bidirectional=False)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), "mse", jit_compile=False)
    return model


def training_step(model: Any, x: np.ndarray) -> Callable[[], Any]:
    targets = np.zeros((*x.shape[:2], 4), np.float32)
    return lambda: model.train_on_batch(x, targets)


def compare(length: int, folder: Path) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, length, FEATURES)).astype(np.float32)
    models = {cell: model_of(cell) for cell in SEQUENCE_CELLS if length <= LONGEST.get(cell, length)}
    files = {}
    for cell, model in models.items():
        files[cell] = session(export_onnx(model, folder / f"{cell}-{length}.onnx").path)
    times = {
        "training": medians({cell: training_step(model, x) for cell, model in models.items()}, calls_each=7),
        "onnx_1": medians({cell: runner(files[cell], x[:1]) for cell in models}, calls_each=15),
        "onnx_32": medians({cell: runner(files[cell], x) for cell in models}, calls_each=7),
    }
    return [
        {
            "cell": cell,
            "steps": length,
            **{what: round(found[cell] / found["gru"], 2) for what, found in times.items()},
            "gru_training_ms": round(1e3 * times["training"]["gru"], 1),
            **machine(),
        }
        for cell in models
    ]


def runner(file: Any, x: np.ndarray) -> Callable[[], Any]:
    return lambda: file.run(None, {"features": x})


def table() -> str:
    """The README's table."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lengths = list(dict.fromkeys(row["steps"] for row in rows))
    lines = [
        f"| {' / '.join(lengths)} steps | training, 32 rows | onnxruntime, 1 row | 32 rows |",
        "|---|---|---|---|",
    ]
    for cell in dict.fromkeys(row["cell"] for row in rows):
        if cell == "gru":
            continue
        own = [row for row in rows if row["cell"] == cell]
        found = [next((row for row in own if row["steps"] == length), {}) for length in lengths]
        texts = (
            " / ".join(row.get(what, "-") for row in found) for what in ("training", "onnx_1", "onnx_32")
        )
        lines.append(f"| `{cell}` | {' | '.join(texts)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    if parser.parse_args().table:
        print(table())
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for length in LENGTHS:
            rows += compare(length, Path(folder))
            print(*(row for row in rows if row["steps"] == length), sep="\n", flush=True)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
