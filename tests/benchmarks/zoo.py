"""Trains the models of the zoo on real data over several seeds: the figures of the README's table.

    RNNZOO_DATA=../shared/data python tests/benchmarks/zoo.py --seeds 3

Adds to ``results/zoo.csv`` what is not there yet, so that a stopped run goes on; ``--table`` prints the table.
"""

from __future__ import annotations

import argparse
import csv
import functools
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from rnnzoo import Splits, TrainConfig, create_model, get_spec, list_models, load_dataset, read_table, train
from rnnzoo.data.sets.set_files import data_directory
from rnnzoo.data.split import Split, as_rows
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score
from rnnzoo.recipes.machine import describe_machine, describe_versions
from rnnzoo.training.run.run_directory import RunDirectory

RESULTS = Path(__file__).parent / "results" / "zoo.csv"
CONFIG: dict[str, Any] = {"epochs": 20, "early_stopping": 3, "tensorboard": False}
# Small sets make few steps an epoch: more epochs of larger steps.
SMALL: dict[str, dict[str, Any]] = {
    "series-classifier": {"epochs": 60, "early_stopping": 10, "learning_rate": 3e-3},
    "series-tagger": {"epochs": 60, "early_stopping": 10, "batch_size": 8},
    "language-model": {"epochs": 6, "learning_rate": 3e-3},
    "language-model-char": {"epochs": 3, "learning_rate": 3e-3},
    "dna-classifier": {"epochs": 100, "early_stopping": 12, "learning_rate": 3e-3},
    "video": {"epochs": 20, "early_stopping": 4, "learning_rate": 3e-3},
}
# Measured by speech.py and translation.py.
ELSEWHERE = ("speech-digits", "transcriber", "translator")
SNIPS_COLUMNS = ["intent", "tokens", "tags"]


def snips(label: str, task: str, *, characters: bool = False) -> Splits:
    """Utterances to 7 intents, or to a slot for each word; the test rows are those of the set."""
    folder = data_directory() / "snips"
    return read_table(
        folder / "snips_train.tsv.gz",
        test=folder / "snips_test.tsv.gz",
        column_names=SNIPS_COLUMNS,
        text="tokens",
        label=label,
        task=task,
        characters=characters,
    )


def gestures(steps: int = 100) -> Splits:
    """Frames of seven filmed gestures to 5 phases; of each film the first 70 % train, the last 15 % test."""
    parts: dict[str, tuple[list[np.ndarray], list[list[str]]]] = {
        part: ([], []) for part in ("train", "validation", "test")
    }
    for path in sorted((data_directory() / "gesture_phase").glob("*_raw.csv.gz")):
        frame = _frame(path)
        values, phases = frame.iloc[:, :18].to_numpy(np.float64), frame["phase"].tolist()
        bounds = [0, *(round(share * len(values)) for share in (0.7, 0.85, 1.0))]
        for (series, tags), first, end in zip(parts.values(), bounds, bounds[1:], strict=False):
            for start in range(first, end, steps):
                series.append(values[start : min(start + steps, end)])
                tags.append(phases[start : min(start + steps, end)])
    return Splits.from_arrays(
        *parts["train"], task="tagging", validation=parts["validation"], test=parts["test"]
    )


def _frame(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


def air() -> Splits:
    """Hourly PM2.5 in Beijing: 72 hours of weather and air to the 24 that follow."""
    return read_table(
        data_directory() / "beijing_pm25" / "beijing_pm25.csv.gz",
        target="pm2.5",
        window=72,
        horizon=24,
        categorical=["cbwd", "hour"],
        ignore=["No", "year", "month", "day"],
        missing="ffill",
        seasonality=24,
    )


def splice() -> Splits:
    """Not the default split, on whose test part the models' poolings were compared."""
    return load_dataset("splice", seed=1)


# By the first words of a model's name: its data, the metric, and whether more is better.
PROBLEMS: dict[str, tuple[str, Any, str, bool]] = {
    "text-classifier": ("SNIPS intents", lambda: snips("intent", "classification"), "accuracy", True),
    "series-classifier": ("digits", lambda: load_dataset("digits"), "accuracy", True),
    "text-tagger-char": (
        "SNIPS slots",
        lambda: snips("tags", "tagging", characters=True),
        "accuracy",
        True,
    ),
    "dna-classifier": ("splice", splice, "accuracy", True),
    "video": ("moving digits", lambda: load_dataset("moving_digits"), "accuracy", True),
    "text-tagger": ("SNIPS slots", lambda: snips("tags", "tagging"), "accuracy", True),
    "series-tagger": ("gesture phases", gestures, "accuracy", True),
    "irregular": ("PhysioNet 2012", lambda: load_dataset("physionet2012"), "auroc", True),
    "language-model-char": ("tinyshakespeare", lambda: load_dataset("tinyshakespeare"), "perplexity", False),
    "language-model": ("PTB", lambda: load_dataset("ptb"), "perplexity", False),
    "forecaster": ("Beijing PM2.5", air, "mae", False),
}


@functools.cache
def load(problem: str) -> Splits:
    return PROBLEMS[problem][1]()


def problem_of(name: str) -> str:
    return next(problem for problem in PROBLEMS if name.startswith(problem))


def run_one(name: str, seed: int) -> dict[str, Any]:
    problem = problem_of(name)
    dataset, _, metric, higher = PROBLEMS[problem]
    splits = load(problem)
    keras.utils.set_random_seed(seed)
    # Forecasters as networks alone: linear_start.py measures them with their linear map.
    alone = {"linear": False} if name.startswith("forecaster-") else {}
    model = create_model(name, **splits.model_arguments, **alone)
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(seed=seed, **{**CONFIG, **SMALL.get(problem, {})})
        result = train(model, splits, config=config, directory=Path(folder) / "run", progress=False)
        scores = RunDirectory(Path(folder) / "run").read_metrics()
    baselines = {baseline: row[metric] for baseline, row in scores["baselines"]["scores"].items()}
    best = (max if higher else min)(baselines, key=lambda baseline: baselines[baseline])
    return {
        "model": name,
        "data": dataset,
        "seed": seed,
        "metric": metric,
        "test": round(scores["test"][metric], 5),
        "best_baseline": best,
        "baseline_test": round(baselines[best], 5),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
        **machine(),
    }


@functools.cache
def machine() -> dict[str, Any]:
    versions = describe_versions()
    return {
        **describe_machine(),
        **{name: versions[name] for name in ("python", "rnnzoo", "tensorflow", "keras")},
    }


def read_rows(path: Path) -> list[dict[str, str]]:
    """Reads the results of earlier runs, if there are any."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes the results of a whole run; what a row does not have stays empty."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def renew_baselines(pattern: str) -> None:
    """Fits the baselines anew for the rows that are there; they hang on the data alone."""
    measured = {row["model"] for row in read_rows(RESULTS)}
    for problem in dict.fromkeys(problem_of(name) for name in list_models(pattern) if name in measured):
        _, _, metric, higher = PROBLEMS[problem]
        splits = load(problem)
        assert splits.test is not None
        truth = true_answers(splits, splits.test)
        baselines = {
            name: score(splits.task, outputs, truth)[metric]
            for name, outputs in run_baselines(splits, splits.test).items()
        }
        best = (max if higher else min)(baselines, key=lambda name: baselines[name])
        rows = read_rows(RESULTS)
        for row in rows:
            if problem_of(row["model"]) == problem:
                row |= {"best_baseline": best, "baseline_test": str(round(baselines[best], 5))}
        write_rows(RESULTS, [*rows])
        print(problem, baselines, flush=True)


def true_answers(splits: Splits, part: Split) -> np.ndarray:
    """The truth of a part as baselines answer it: the steps of all rows, or values in original units."""
    if splits.task == "tagging":
        batches = part.batches(256)
        return np.concatenate([truth[weights > 0] for _, truth, weights in batches if weights is not None])
    truth = as_rows(part).gather(np.arange(len(part)))[1]
    return splits.get_decoding().in_original_units(truth) if splits.task == "forecasting" else truth


def add_row(row: dict[str, Any]) -> None:
    new = not RESULTS.is_file()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def print_table() -> None:
    by_model: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_rows(RESULTS):
        by_model[row["model"]].append(row)
    print("| model | what it is | data | test | best baseline |\n|---|---|---|---|---|")
    for name in list_models():
        rows = by_model[name]
        if not rows:
            continue
        values = np.array([float(row["test"]) for row in rows])
        metric = rows[0]["metric"]
        higher = PROBLEMS[problem_of(name)][3]
        digits = 3 if higher else 1
        wins = float(rows[0]["baseline_test"])
        lead = values.mean() - wins if higher else wins - values.mean()
        mark = "" if lead > 0 else " (wins)" if lead < 0 else " (equal)"
        unit = "" if metric == "accuracy" else f"{metric.upper() if metric != 'perplexity' else metric} "
        spread = f"{values.min():.{digits}f}-{values.max():.{digits}f}"
        print(
            f"| `{name}` | {get_spec(name).summary} | {rows[0]['data']} "
            f"| {unit}{values.mean():.{digits}f} ({spread}, {len(rows)} seeds) "
            f"| {rows[0]['best_baseline']} {wins:.{digits}f}{mark} |"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--models", default="*", help="a pattern of names")
    parser.add_argument("--table", action="store_true", help="only print the table of what was measured")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines of --models anew")
    options = parser.parse_args(arguments)
    if options.baselines:
        renew_baselines(options.models)
        return
    if options.table:
        print_table()
        return
    done = {(row["model"], int(row["seed"])) for row in read_rows(RESULTS)}
    for seed in range(options.seeds):
        for name in list_models(options.models):
            if (name, seed) in done or name.startswith(ELSEWHERE):
                continue
            row = run_one(name, seed)
            add_row(row)
            print(f"{name} seed {seed}: {row['metric']} {row['test']} ({row['train_seconds']} s)", flush=True)


if __name__ == "__main__":
    main()
