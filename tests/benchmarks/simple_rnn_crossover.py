"""Times both forms of an exported SimpleRNN, ONNX's operator and the Scan, by rows and units, in one run.

    python tests/benchmarks/simple_rnn_crossover.py

One layer reads 100 steps of 64 features, one thread. ``results/simple_rnn_crossover.csv`` holds the operator's time
as a multiple of the Scan's; ``simple_rnn_nodes.SCAN_FROM`` is the product of rows and units where it passes 1.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from onnx_speed import STEPS
from timing import medians, session
from zoo import machine, write_rows

from rnnzoo_export import export_onnx
from rnnzoo_export.graph import simple_rnn_nodes

RESULTS = Path(__file__).parent / "results" / "simple_rnn_crossover.csv"
FEATURES = 64
UNITS = (8, 16, 32, 64, 128, 256)
ROWS = (1, 2, 4, 8, 16, 32)


def exported(units: int, scan_from: int, path: Path) -> Any:
    """Exports one layer that becomes a Scan from ``scan_from`` numbers on."""
    keras.utils.set_random_seed(0)
    layer = keras.layers.SimpleRNN(units, return_sequences=True)
    model = keras.Sequential([keras.Input((None, FEATURES), name="x"), layer])
    simple_rnn_nodes.SCAN_FROM = scan_from
    export_onnx(model, path, overwrite=True)
    return session(path)


def main() -> None:
    rng = np.random.default_rng(0)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for units in UNITS:
            scan = exported(units, 0, Path(folder) / "scan.onnx")
            operator = exported(units, 2**40, Path(folder) / "operator.onnx")
            for rows in ROWS:
                inputs = {"x": rng.normal(size=(rows, STEPS, FEATURES)).astype(np.float32)}
                times = medians(
                    {"scan": partial(scan.run, None, inputs), "operator": partial(operator.run, None, inputs)}
                )
                ratio = round(times["operator"] / times["scan"], 2)
                results.append({"units": units, "rows": rows, "operator_ratio": ratio, **machine()})
                print(results[-1], flush=True)
    write_rows(RESULTS, results)


if __name__ == "__main__":
    main()
