"""How much of a search's time is none of reading data, fitting and exporting: what trials cost beside themselves.

    python tests/benchmarks/search_overhead.py [--trials 20] [--epochs 12]

Wall time of a search on digits, the time in ``model.fit`` of its trials (their first epoch traces the model), and in
exports and measurements of untrained models, all in this process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from rnnzoo import TrainConfig, load_dataset
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, artefact, ending, run_search

SPACE = SearchSpace(
    model={"width": Choice((16, 32)), "depth": Integer(1, 2)},
    training={"learning_rate": Real(1e-3, 1e-2, log=True), "batch_size": Choice((32, 64))},
)


def measure(trials: int, epochs: int, **goals: Any) -> dict[str, float]:
    """Returns seconds in all, in fits and in exports of one search of so many trials."""
    spent = {"fit": 0.0, "export": 0.0}
    keras.Model.fit, fit = timed(keras.Model.fit, spent, "fit"), keras.Model.fit
    found = vars(artefact)["measure_untrained"]
    artefact.measure_untrained = timed(found, spent, "export")  # type: ignore[attr-defined]
    write = ending.Ending.write
    done: list[float] = []
    ending.Ending.write = lambda *a, **k: done.append(time.perf_counter()) or write(*a, **k)  # type: ignore
    try:
        with tempfile.TemporaryDirectory() as folder:
            splits = load_dataset("digits")
            config = TrainConfig(epochs=epochs, early_stopping=None)
            began = time.perf_counter()
            run_search(
                "series-classifier-gru",
                splits,
                space=SPACE,
                config=config,
                max_trials=trials,
                directory=Path(folder) / "search",
                progress=False,
                baseline_seconds=0,
                bundle=False,
                **goals,
            )
    finally:
        keras.Model.fit, ending.Ending.write = fit, write  # type: ignore[method-assign]
        artefact.measure_untrained = found  # type: ignore[attr-defined]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    measure(1, 1)  # what is loaded once
    for name, goals in (
        ("none", {}),
        ("size and latency", {"constraints": {"size_mb": 1.0, "latency_ms": 1e3}}),
    ):
        found = measure(options.trials, options.epochs, **goals)
        shown = "  ".join(f"{key} {value:.1f} s" for key, value in found.items() if key != "overhead")
        print(f"limits: {name}  {shown}  overhead {100 * found['overhead']:.1f} %", flush=True)


if __name__ == "__main__":
    main()
