"""Times steps of ``StreamingPredictor`` against the bare onnxruntime call that they contain, in one run.

    python tests/benchmarks/streaming.py

Two recurrent layers of 128 units read 40 features, one step at a time, one thread. The bare call is given arrays
that are ready, and its answers are thrown away; the predictor also checks the inputs, finds the states of each
session and keeps the new ones. ``step_batch`` is given ready arrays too; ``step_many`` has to put the pieces of the
sessions into one array and to take the answers apart. ``results/streaming.csv`` holds medians in microseconds and
their ratio.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from timing import medians, session
from zoo import machine, write_rows

from rnnzoo import build_tagger
from rnnzoo_export import StreamingPredictor, export_streaming_onnx

RESULTS = Path(__file__).parent / "results" / "streaming.csv"
CALLS, FEATURES = 400, 40
NAMES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}


def compare(cell: str, sessions: int, folder: Path) -> list[dict[str, Any]]:
    keras.utils.set_random_seed(0)
    model = build_tagger(
        num_classes=10, num_features=FEATURES, cell=cell, units=(128, 128), bidirectional=False
    )
    path = folder / f"{cell}-{sessions}.onnx"
    report = export_streaming_onnx(model, path)
    predictor, bare = StreamingPredictor(path), session(path)
    names = [predictor.open() for _ in range(sessions)]
    rng = np.random.default_rng(0)
    pieces = {name: inputs_of_one(predictor, rng) for name in names}
    ready = {key: np.stack([pieces[name][key] for name in names]) for key in next(iter(pieces.values()))} | {
        state.input: np.zeros((sessions, *state.shape), np.float32) for state in report.states
    }
    bare_states = dict.fromkeys(state.output for state in report.states)
    ready |= {
        name.removesuffix("_out"): value
        for name, value in zip(bare_states, bare.run(list(bare_states), ready), strict=True)
    }
    calls = {
        "bare": lambda: bare.run(None, ready),
        "step": lambda: predictor.step(names[0], pieces[names[0]]),
    }
    if sessions > 1:
        batch = {spec.name: ready[spec.name] for spec in predictor.inputs}
        del calls["step"]
        calls["step_batch"] = lambda: predictor.step_batch(names, batch)
        calls["step_many"] = lambda: predictor.step_many(pieces)
    times = medians(calls, calls_each=CALLS)
    bare_time = times.pop("bare")
    return [
        {
            "cell": cell,
            "sessions": sessions,
            "call": call,
            "bare_us": round(1e6 * bare_time, 1),
            "predictor_us": round(1e6 * seconds, 1),
            "ratio": round(seconds / bare_time, 2),
            **machine(),
        }
        for call, seconds in times.items()
    ]


def inputs_of_one(predictor: StreamingPredictor, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One step of features, valid where the model takes a mask."""
    arrays = {"features": rng.normal(size=(1, FEATURES)).astype(np.float32), "mask": np.ones(1, bool)}
    return {spec.name: arrays[spec.name] for spec in predictor.inputs}


def table() -> str:
    """The README's table."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| | 1 session, `step` | 64 sessions, `step_batch` | 64 sessions, `step_many` |",
        "|---|---|---|---|",
    ]
    for cell in dict.fromkeys(row["cell"] for row in rows):
        ratios = [f"{float(row['ratio']):.2f}" for row in rows if row["cell"] == cell]
        lines.append(f"| {NAMES[cell]} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    if parser.parse_args().table:
        print(table())
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row for cell in NAMES for sessions in (1, 64) for row in compare(cell, sessions, Path(folder))
        ]
    for row in rows:
        print(row)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
