"""How much of a search's time is neither training nor export: what trials cost beside themselves.

    python tests/benchmarks/search_overhead.py [--trials 20]

Wall time of a search on digits, with the default training, until its best model is written; the time in the training
loop under each trial, which is that of ``train`` (making batches, compiling, tracing and fitting); and that in exports
and measurements of untrained models, all in this process. The rest is the search's own: drawing hyperparameters,
building models, keeping trials, collecting garbage, drawing pictures. Writes ``results/search_overhead.csv``;
``--table`` prints the table of the documentation.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from zoo import machine, read_rows, write_rows

from rnnzoo import TrainConfig, load_dataset
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, artefact, ending, run_search, trial_runs

RESULTS = Path(__file__).parent / "results" / "search_overhead.csv"
LIMITS: dict[str, dict[str, Any]] = {
    "none": {},
    "size and latency": {"constraints": {"size_mb": 1.0, "latency_ms": 1e3}},
}
TIMED: tuple[tuple[Any, str, str], ...] = (
    (trial_runs, "fit", "fit"),
    (artefact, "measure_untrained", "export"),
)
SPACE = SearchSpace(
    model={"width": Choice((16, 32)), "depth": Integer(1, 2)},
    training={"learning_rate": Real(1e-3, 1e-2, log=True), "batch_size": Choice((32, 64))},
)


def measure(trials: int, **goals: Any) -> dict[str, float]:
    """Returns seconds in all, in trainings and in exports of one search of so many trials."""
    spent = {"fit": 0.0, "export": 0.0}
    write = ending.Ending.write
    done: list[float] = []

    def noted(*arguments: Any, **options: Any) -> Any:
        done.append(time.perf_counter())
        return write(*arguments, **options)

    with contextlib.ExitStack() as stack:
        for owner, function, name in TIMED:
            timing = timed(getattr(owner, function), spent, name)
            stack.enter_context(mock.patch.object(owner, function, timing))
        stack.enter_context(mock.patch.object(ending.Ending, "write", noted))
        with tempfile.TemporaryDirectory() as folder:
            splits = load_dataset("digits")
            began = time.perf_counter()
            run_search(
                "series-classifier-gru",
                splits,
                space=SPACE,
                config=TrainConfig(tensorboard=False),
                max_trials=trials,
                directory=Path(folder) / "search",
                progress=False,
                baseline_seconds=0,
                bundle=False,
                **goals,
            )
    wall = done[0] - began
    return {"wall": wall, **spent, "overhead": 1 - sum(spent.values()) / wall}


def timed(function: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    """Returns a function that adds its seconds to a sum."""

    def call(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            spent[name] += time.perf_counter() - began

    return call


def table() -> str:
    """The table of the documentation: medians over all runs."""
    lines = [
        "| limits | seconds of a trial | of these neither training nor export | share |",
        "|---|---|---|---|",
    ]
    rows = read_rows(RESULTS)
    for name in LIMITS:
        own = [row for row in rows if row["limits"] == name]
        walls = [float(row["wall"]) / int(row["trials"]) for row in own]
        shares = [100 * float(row["overhead"]) for row in own]
        beside = np.median([share / 100 * wall for share, wall in zip(shares, walls, strict=True)])
        lines.append(
            f"| {name} | {np.median(walls):.1f} | {beside:.2f} | "
            f"{np.median(shares):.1f} % ({min(shares):.1f}-{max(shares):.1f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    for goals in LIMITS.values():
        measure(1, **goals)  # what is loaded once
    rows: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        for name, goals in LIMITS.items():
            found = measure(options.trials, **goals)
            shown = {key: round(value, 4) for key, value in found.items()}
            rows.append({"limits": name, "trials": options.trials, **shown, **machine()})
            print({"limits": name, **shown}, flush=True)
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
