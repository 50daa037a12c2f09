"""What the details of a report cost beside the scores: ``python tests/benchmarks/details.py``.

Logits of a large test part are drawn; seconds are those of scores, details, and files (tables and pictures).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from rnnzoo import Splits
from rnnzoo.evaluation.details.examination import examine
from rnnzoo.evaluation.evaluation import Evaluation, score_outputs
from rnnzoo.tasks import get_task
from rnnzoo.training.run.run_details import write_details
from rnnzoo.training.run.run_directory import RunDirectory

#: Rows and classes of a part.
SIZES = ((2_000, 10), (100_000, 150), (1_000_000, 10))


def main() -> None:
    """Prints a line for each size."""
    for rows, classes in SIZES:
        scores, details, files = measure(rows, classes)
        print(
            f"{rows:9,} rows, {classes:3} classes: scores {scores:.2f} s, details {details:.2f} s, files {files:.2f} s"
        )


def measure(rows: int, classes: int) -> tuple[float, float, float]:
    """Returns the seconds of scores, of details, and of files."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)).astype(np.float32)
    logits[np.arange(rows), truth] += 2.0
    names = [f"class {number}" for number in range(classes)] * 4
    splits: Any = Splits.from_arrays(names, names, validation=(names, names), test=(names, names))
    raw = [f"text {number}" for number in range(rows)]
    part = SimpleNamespace(raw=raw, row_numbers=None, series=None)
    object.__setattr__(splits, "test", part)
    evaluation, task = Evaluation({}, logits, truth), get_task("classification")
    started = time.perf_counter()
    score_outputs(logits, truth, splits, task)
    scored = time.perf_counter()
    details = examine(evaluation, splits, task, "test")
    examined = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write_details(RunDirectory(Path(folder)), details, splits, task, evaluation)
    return scored - started, examined - scored, time.perf_counter() - examined


if __name__ == "__main__":
    main()
