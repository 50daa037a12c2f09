"""Memory and speed of a large panel read from Parquet: ``python tests/benchmarks/panel.py [--series N] [--steps N]``.

Writes a panel of 10,000 series of 1,000 steps and 16 columns of float32 to a temporary folder. One process reads it,
cuts windows and trains a small forecaster for some batches: its peak memory above the imports is a multiple of the
bytes of the numbers in float32. Another compares batches per second with those of indexing an array that holds the same
windows ready: drawn alone, and while a model is trained on them; in turns, in one run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, WINDOW, HORIZON, BATCH = 16, 48, 24, 256
#: Windows that are held ready, and how often the two ways take turns.
READY, TURNS, BATCHES = 50_000, 7, 60


def main() -> None:
    """Runs both measurements, each in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--part", choices=("memory", "speed"))
    parser.add_argument("--file")
    options = parser.parse_args()
    if options.part:
        found = (measure_memory if options.part == "memory" else measure_speed)(options.file)
        print(json.dumps(found))
        return
    size = options.series * options.steps * COLUMNS * 4
    print(
        f"{options.series:,} series of {options.steps:,} steps, {COLUMNS} columns: {size / 1e6:,.0f} MB in float32"
    )
    for part, found in measure(options.series, options.steps).items():
        print(part, json.dumps(found))


def measure(series: int, steps: int) -> dict[str, dict[str, float]]:
    """Returns the figures of both parts."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "panel.parquet")
        write_panel(file, series, steps)
        found = {part: _run(part, file) for part in ("memory", "speed")}
    found["memory"]["times_float32"] = found["memory"]["bytes"] / (series * steps * COLUMNS * 4)
    return found


def _run(part: str, file: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--part", part, "--file", file]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return found


def write_panel(file: str, series: int, steps: int) -> None:
    """Writes a panel, some series at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    rng, writer = np.random.default_rng(0), None
    for first in range(0, series, 500):
        some = min(500, series - first)
        columns: dict[str, Any] = {
            "series": np.repeat(np.arange(first, first + some, dtype=np.int32), steps),
            "step": np.tile(np.arange(steps, dtype=np.int32), some),
        }
        columns |= {f"x{k}": rng.standard_normal(some * steps, dtype=np.float32) for k in range(COLUMNS)}
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _read(file: str) -> Any:
    from rnnzoo import read_series

    return read_series(file, target="x0", series="series", time="step", window=WINDOW, horizon=HORIZON)


def _model(splits: Any) -> Any:
    from rnnzoo import create_model

    model = create_model("forecaster-gru", units=(16,), **splits.model_arguments)
    model.compile(optimizer="adam", loss="mse")
    return model


def measure_memory(file: str) -> dict[str, float]:
    """Returns the peak memory of reading, cutting and training above that of the imports, in bytes."""
    import keras  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import tensorflow as tf

    import rnnzoo

    tf.random.normal((2, 2)) @ tf.random.normal((2, 2))
    rnnzoo.read_series, rnnzoo.create_model  # noqa: B018
    before = _peak()
    started = time.perf_counter()
    splits = _read(file)
    read, seconds = _peak(), time.perf_counter() - started
    _model(splits).fit(splits.train.dataset(BATCH, shuffle=True, seed=0).take(100), verbose=0)
    return {"bytes": _peak() - before, "bytes_of_reading": read - before, "seconds_of_reading": seconds}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_speed(file: str) -> dict[str, float]:
    """Returns batches per second as a share of those from a ready array: drawn alone, and while training."""
    import tensorflow as tf

    splits = _read(file)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(splits.train))[:READY]
    inputs, targets, _ = splits.train.gather(rows)
    ready = inputs["features"]

    def cut() -> Iterator[Any]:
        for chosen in _orders(rng):
            batch = splits.train.gather(rows[chosen])
            yield batch[0], batch[1]

    def indexed() -> Iterator[Any]:
        for chosen in _orders(rng):
            yield {"features": ready[chosen]}, targets[chosen]

    spec = ({"features": tf.TensorSpec((None, WINDOW, COLUMNS))}, tf.TensorSpec((None, HORIZON, 1)))
    model = _model(splits)

    def trained(batches: Callable[[], Iterator[Any]]) -> None:
        data = tf.data.Dataset.from_generator(batches, output_signature=spec).prefetch(2)
        model.fit(data, verbose=0)

    def drawn(batches: Callable[[], Iterator[Any]]) -> None:
        for _ in batches():
            pass

    trained(cut)
    return {
        "drawn": _ratio(lambda: drawn(cut), lambda: drawn(indexed)),
        "trained": _ratio(lambda: trained(cut), lambda: trained(indexed)),
    }


def _orders(rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(READY)
    for number in range(BATCHES):
        yield order[number * BATCH : (number + 1) * BATCH]


def _ratio(ours: Callable[[], None], peer: Callable[[], None]) -> float:
    """Returns the median of the peer's time over ours, in turns."""
    found = []
    for _ in range(TURNS):
        times = []
        for run in (peer, ours):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
        found.append(times[0] / times[1])
    return float(np.median(found))


if __name__ == "__main__":
    main()
