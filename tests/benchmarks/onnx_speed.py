"""Times the ONNX files of rnnzoo against those of Keras's own exporter, and against TensorFlow, in one run.

    python tests/benchmarks/onnx_speed.py           # measures
    python tests/benchmarks/onnx_speed.py --table   # prints the table of the results

Each model reads 100 steps of token ids, padded on the right, through two recurrent layers of 128 units. Times are
medians over calls that take turns, one thread each; ``results/onnx_speed.csv`` holds them as multiples of rnnzoo's.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import tensorflow as tf
from timing import medians, session
from zoo import machine, write_rows

from rnnzoo import build_classifier
from rnnzoo_export import export_onnx
from rnnzoo_export.graph.protos import count_operators

RESULTS = Path(__file__).parent / "results" / "onnx_speed.csv"
STEPS = 100
NAMES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}


def compare(cell: str, bidirectional: bool, rows: int, folder: Path) -> dict[str, Any]:
    keras.utils.set_random_seed(0)
    model = build_classifier(
        num_classes=10,
        vocabulary_size=1000,
        embedding_size=64,
        cell=cell,
        units=(128, 128),
        bidirectional=bidirectional,
    )
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, 1000, (rows, STEPS)).astype(np.int32)
    tokens[np.arange(STEPS) >= rng.integers(STEPS // 2, STEPS + 1, rows)[:, None]] = 0
    model(tokens)  # Keras's exporter wants a model that was called
    model.export(folder / "stock.onnx", format="onnx", verbose=False)
    export_onnx(model, folder / "ours.onnx", overwrite=True)
    ours, stock = session(folder / "ours.onnx"), session(folder / "stock.onnx")
    (name,) = (node.name for node in stock.get_inputs())
    function = tf.function(
        lambda x: model(x, training=False), input_signature=[tf.TensorSpec((None, None), tf.int32)]
    )
    tensor = tf.constant(tokens)
    difference = np.abs(ours.run(None, {"tokens": tokens})[0] - stock.run(None, {name: tokens})[0]).max()
    assert difference < 1e-5, difference
    times = medians(
        {
            "ours": lambda: ours.run(None, {"tokens": tokens}),
            "stock": lambda: stock.run(None, {name: tokens}),
            "tensorflow": lambda: function(tensor).numpy(),
        },
    )
    loops = count_operators(onnx.load(folder / "stock.onnx")).get("Loop", 0)
    return {
        "cell": cell,
        "bidirectional": bidirectional,
        "rows": rows,
        "milliseconds": round(1000 * times["ours"], 2),
        "keras_export_ratio": round(times["stock"] / times["ours"], 2),
        "tensorflow_ratio": round(times["tensorflow"] / times["ours"], 2),
        "keras_export_loops": loops,
        **machine(),
    }


def table() -> str:
    """The table of the results."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| two layers of 128 units, 100 masked steps "
        "| Keras's exporter, 1 row | 32 rows | TensorFlow, 1 row | 32 rows |",
        "|---|---|---|---|---|",
    ]
    for cell, both in itertools.product(NAMES, ("False", "True")):
        few, many = (row for row in rows if (row["cell"], row["bidirectional"]) == (cell, both))
        name = f"{NAMES[cell]}, both directions" if both == "True" else NAMES[cell]
        ratios = [
            f"{float(row[ratio]):.2f}"
            for ratio in ("keras_export_ratio", "tensorflow_ratio")
            for row in (few, many)
        ]
        lines.append(f"| {name} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print the table of the results")
    if parser.parse_args().table:
        print(table())
        return
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for cell, bidirectional, count in itertools.product(
            ("lstm", "gru", "simple_rnn"), (False, True), (1, 32)
        ):
            rows.append(compare(cell, bidirectional, count, Path(folder)))
            print(rows[-1], flush=True)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
