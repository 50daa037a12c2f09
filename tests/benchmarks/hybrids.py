"""Hybrids, poolings, DNA and video beside logistic regression, on one fixed split each, over several seeds.

    RNNZOO_DATA=../shared/data python tests/benchmarks/hybrids.py --seeds 3

Adds to ``results/hybrids.csv`` what is not there yet, so that a stopped run goes on; ``--table`` prints the means.
The split is that of seed 0 throughout: seeds change weights and order alone. In ``splice`` copies of a sequence lie in
one part. ``moving digits`` are synthetic.
"""

from __future__ import annotations

import argparse
import csv
import functools
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from zoo import machine

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, train

RESULTS = Path(__file__).parent / "results" / "hybrids.csv"


@dataclass(frozen=True)
class Entry:
    """A model on a data set."""

    data: str
    model: str
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        changes = ", ".join(f"{name}={value}" for name, value in self.overrides.items())
        return f"{self.model} ({changes})" if changes else self.model


ENTRIES = (
    *(
        Entry("digits", "series-classifier-gru", {"pooling": pooling})
        for pooling in ("last", "mean", "max", "attention")
    ),
    Entry("digits", "series-classifier-lstm-attention"),
    Entry("digits", "series-classifier-lstm-fcn"),
    Entry("digits", "series-classifier-cnn-gru"),
    Entry("splice", "dna-classifier-bilstm"),
    Entry("splice", "dna-classifier-bilstm", {"pooling": "last"}),
    Entry("splice", "dna-classifier-cnn-gru"),
    # Wrong for junctions, which lie on one strand: what it costs.
    Entry("splice", "dna-classifier-bilstm", {"reverse_complement": True}),
    Entry("moving_digits", "video-cnn-lstm"),
    Entry("moving_digits", "video-convlstm"),
)
CONFIGS: dict[str, dict[str, Any]] = {
    "digits": {"epochs": 40, "early_stopping": 8, "learning_rate": 3e-3},
    "splice": {"epochs": 30, "early_stopping": 6, "learning_rate": 3e-3},
    "moving_digits": {"epochs": 10, "early_stopping": 3, "learning_rate": 5e-3},
}


@functools.cache
def load(data: str) -> Splits:
    return load_dataset(data, seed=0)


def arrays(data: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    split = getattr(load(data), part)
    inputs, targets, _ = split.gather(np.arange(len(split)))
    return next(iter(inputs.values())), targets


@functools.cache
def baselines(data: str) -> dict[str, float]:
    """Logistic regression, its strength chosen on the validation part: on all values and, of videos, the mean frame."""
    views = {"all values": lambda x: x.reshape(len(x), -1)}
    if data == "moving_digits":
        views["mean frame"] = lambda x: x.mean(axis=1).reshape(len(x), -1)
    return {name: regression(data, view) for name, view in views.items()}


def regression(data: str, view: Any) -> float:
    (train_x, train_y), (watch_x, watch_y), (test_x, test_y) = (
        arrays(data, part) for part in ("train", "validation", "test")
    )
    scaler = StandardScaler().fit(view(train_x))
    fitted = [
        LogisticRegression(C=strength, max_iter=3000).fit(scaler.transform(view(train_x)), train_y)
        for strength in (0.001, 0.01, 0.1, 1.0)
    ]
    best = max(fitted, key=lambda model: model.score(scaler.transform(view(watch_x)), watch_y))
    return float(best.score(scaler.transform(view(test_x)), test_y))


def run_one(entry: Entry, seed: int) -> dict[str, Any]:
    splits = load(entry.data)
    keras.utils.set_random_seed(seed)
    model = create_model(entry.model, **{**splits.model_arguments, **entry.overrides})
    config = TrainConfig(seed=seed, tensorboard=False, **CONFIGS[entry.data])
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = train(model, splits, config=config, directory=Path(folder) / "run", progress=False)
    rivals = baselines(entry.data)
    return {
        "data": entry.data,
        "model": entry.label,
        "seed": seed,
        "test_accuracy": round(result.metrics["test"]["accuracy"], 4),
        "logistic_regression": round(rivals["all values"], 4),
        "logistic_regression_on_the_mean_frame": round(rivals["mean frame"], 4)
        if "mean frame" in rivals
        else "",
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "seconds": round(time.perf_counter() - started, 1),
        **machine(),
    }


def read_rows() -> list[dict[str, str]]:
    if not RESULTS.is_file():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def add_row(row: dict[str, Any]) -> None:
    new = not RESULTS.is_file()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def print_table() -> None:
    by_model: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in read_rows():
        by_model[row["data"], row["model"]].append(row)
    print("| data | model | test accuracy | logistic regression |\n|---|---|---|---|")
    for (data, model), rows in by_model.items():
        values = np.array([float(row["test_accuracy"]) for row in rows])
        rival = rows[0]["logistic_regression"]
        mean_frame = rows[0]["logistic_regression_on_the_mean_frame"]
        print(
            f"| {data} | `{model}` | {values.mean():.3f} ({values.min():.3f}-{values.max():.3f}, {len(rows)} seeds) "
            f"| {float(rival):.3f}{f', mean frame {float(mean_frame):.3f}' if mean_frame else ''} |"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", choices=tuple(CONFIGS), help="only this data set")
    parser.add_argument("--table", action="store_true", help="only print the table of what was measured")
    options = parser.parse_args(arguments)
    if options.table:
        print_table()
        return
    done = {(row["data"], row["model"], int(row["seed"])) for row in read_rows()}
    for seed in range(options.seeds):
        for entry in ENTRIES:
            if (entry.data, entry.label, seed) in done or options.data not in (None, entry.data):
                continue
            row = run_one(entry, seed)
            add_row(row)
            print(
                f"{entry.label} on {entry.data}, seed {seed}: {row['test_accuracy']} ({row['seconds']} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
