"""Taggers on SNIPS slots: each tag on its own, whole rows with a CRF, and words read by their characters too.

    RNNZOO_DATA=../shared/data python tests/benchmarks/tagging.py

Writes ``results/tagging.csv``; ``--table`` prints the table of what was measured. All models have the settings of the
zoo and train alike; the test part is scored once, with the weights of the epoch that was best on validation. Beside
them stands the most frequent tag of each word.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from zoo import machine, snips, write_rows

from rnnzoo import Splits, TrainConfig, create_model, train
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.compatibility import choose_task
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.evaluation.scores import score

RESULTS = Path(__file__).parent / "results" / "tagging.csv"
MODELS = ("text-tagger-bilstm", "text-tagger-bilstm-crf", "text-tagger-char-bilstm-crf")
CONFIG: dict[str, Any] = {"epochs": 6, "early_stopping": None, "tensorboard": False}


def run_one(name: str, splits: Splits, seed: int) -> dict[str, Any]:
    keras.utils.set_random_seed(seed)
    model = create_model(name, **splits.model_arguments)
    result = train(model, splits, config=TrainConfig(seed=seed, **CONFIG), progress=False)
    return {
        "method": name,
        "seed": seed,
        **scores_of(result.metrics["test"]),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "train_seconds": round(result.seconds, 1),
        **machine(),
    }


def run_baseline(splits: Splits) -> dict[str, Any]:
    """The most frequent tag of each word, on the same test rows."""
    assert splits.test is not None
    model = create_model(MODELS[0], **splits.model_arguments)
    truth = evaluate_part(model, splits.test, splits, choose_task(model, splits)[0])
    ((name, outputs),) = run_baselines(splits, splits.test).items()
    scores = score(
        "tagging", outputs, truth.targets, labels=(splits.get_decoding().labels or []), lengths=truth.lengths
    )
    rest = dict.fromkeys(("parameters", "epochs", "best_epoch", "train_seconds"), "")
    return {"method": name, "seed": "", **scores_of(scores), **rest, **machine()}


def scores_of(scores: dict[str, float]) -> dict[str, float]:
    return {"test_accuracy": round(scores["accuracy"], 5), "test_span_f1": round(scores["span_f1"], 5)}


def print_table() -> None:
    with RESULTS.open(newline="", encoding="utf-8") as file:
        rows = defaultdict(list)
        for row in csv.DictReader(file):
            rows[row["method"]].append(row)
    print("| method | accuracy of a word | F1 of whole slots | parameters | seconds |\n|---|---|---|---|---|")
    for method, runs in rows.items():
        shown = [_spread([float(run[key]) for run in runs]) for key in ("test_accuracy", "test_span_f1")]
        trained = bool(runs[0]["parameters"])
        size = f"{int(runs[0]['parameters']):,}" if trained else "-"
        seconds = f"{np.mean([float(run['train_seconds']) for run in runs]):.0f}" if trained else "-"
        print(f"| {f'`{method}`' if trained else method} | {' | '.join(shown)} | {size} | {seconds} |")


def _spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{np.mean(values):.4f} ({min(values):.4f}-{max(values):.4f}, {len(values)} seeds)"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="only print the table of what was measured")
    options = parser.parse_args(arguments)
    if options.table:
        print_table()
        return
    words, spelled = (snips("tags", "tagging", characters=characters) for characters in (False, True))
    rows = [run_baseline(words)]
    for name in MODELS:
        for seed in range(options.seeds):
            rows.append(run_one(name, spelled if "-char-" in name else words, seed))
            print({key: rows[-1][key] for key in list(rows[-1])[:8]}, flush=True)
    write_rows(RESULTS, rows)
    print_table()


if __name__ == "__main__":
    main()
