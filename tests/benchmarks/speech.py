"""Spoken digits: classes and transcripts, on the set's own test part and on a speaker who is in no other part.

    RNNZOO_DATA=... python tests/benchmarks/speech.py

Adds to ``results/speech.csv`` what is not there yet, so that a stopped run goes on; ``--table`` prints the means. The
set's own split has several seeds; for held-out speakers each of the six is held out once. The baseline is logistic
regression on summary statistics of the same log-mel frames; for transcripts the most frequent one.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from zoo import machine, read_rows, write_rows

from rnnzoo import Splits, TrainConfig, create_model, get_spec, load_dataset, train
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score

RESULTS = Path(__file__).parent / "results" / "speech.csv"
CLASSIFIERS = ("speech-digits-gru", "speech-digits-bilstm")
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
CONFIG: dict[str, Any] = {"epochs": 20, "early_stopping": 5, "learning_rate": 3e-3}
# The score of a model and the better of the baselines is told by this.
MAIN = {"classification": "accuracy", "transcription": "exact_match"}

Job = tuple[str, str, int]


def jobs(seeds: int, transcriber_seeds: int) -> Iterator[Job]:
    """Model, held-out speaker (or ``"none"``) and seed of each run."""
    for name in CLASSIFIERS:
        yield from ((name, "none", seed) for seed in range(seeds))
    yield from (("transcriber-bilstm", "none", seed) for seed in range(transcriber_seeds))
    for speaker in SPEAKERS:
        yield from ((name, speaker, 0) for name in CLASSIFIERS)


@functools.cache
def load(task: str, held_out: str) -> Splits:
    return load_dataset("fsdd", task=task, held_out=None if held_out == "none" else held_out)


@functools.cache
def baseline(task: str, held_out: str) -> tuple[str, float]:
    """The name and test score of the better baseline."""
    splits = load(task, held_out)
    assert splits.test is not None
    truth = splits.rows("test").gather(np.arange(len(splits.test)))[1]
    scores = {
        name: score(task, outputs, truth)[MAIN[task]]
        for name, outputs in run_baselines(splits, splits.test).items()
    }
    best = max(scores, key=lambda name: scores[name])
    return best, scores[best]


def run_one(name: str, held_out: str, seed: int) -> dict[str, Any]:
    task = get_spec(name).task
    splits = load(task, held_out)
    keras.utils.set_random_seed(seed)
    model = create_model(name, **splits.model_arguments)
    result = train(model, splits, config=TrainConfig(seed=seed, **CONFIG), progress=False)
    found = result.metrics["test"]
    best, baseline_score = baseline(task, held_out)
    return {
        "model": name,
        "held_out": held_out,
        "seed": seed,
        "metric": MAIN[task],
        "test": round(found[MAIN[task]], 5),
        "cer": round(found["cer"], 5) if "cer" in found else "",
        "baseline": best,
        "baseline_test": round(baseline_score, 5),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
        **machine(),
    }


def add_row(row: dict[str, Any]) -> None:
    new = not RESULTS.is_file()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def renew_baselines() -> None:
    """Fits the baselines of the classifiers anew for the rows that are there; they hang on the data alone."""
    rows = read_rows(RESULTS)
    for row in rows:
        if row["model"] in CLASSIFIERS:
            best, value = baseline("classification", row["held_out"])
            row |= {"baseline": best, "baseline_test": str(round(value, 5))}
    write_rows(RESULTS, [*rows])


def print_table() -> None:
    print("| model | test part | test | baseline |\n|---|---|---|---|")
    rows = read_rows(RESULTS)
    for name in (*CLASSIFIERS, "transcriber-bilstm"):
        for part, chosen in (
            ("its own", [row for row in rows if row["model"] == name and row["held_out"] == "none"]),
            (
                "a speaker held out",
                [row for row in rows if row["model"] == name and row["held_out"] != "none"],
            ),
        ):
            if chosen:
                print(f"| `{name}` | {part} | {_spread(chosen)} | {_baseline(chosen)} |")


def _spread(rows: Sequence[dict[str, str]]) -> str:
    values = np.array([float(row["test"]) for row in rows])
    unit = "seeds" if rows[0]["held_out"] == "none" else "speakers"
    text = f"{rows[0]['metric'].replace('_', ' ')} {values.mean():.3f} "
    text += f"({values.min():.3f}-{values.max():.3f}, {len(rows)} {unit})"
    if rows[0]["cer"]:
        text += f", CER {np.mean([float(row['cer']) for row in rows]):.3f}"
    return text


def _baseline(rows: Sequence[dict[str, str]]) -> str:
    value = np.mean([float(row["baseline_test"]) for row in rows])
    wins = value >= np.mean([float(row["test"]) for row in rows])
    return f"{rows[0]['baseline']} {value:.3f}" + (" (wins)" if wins else "")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--transcriber-seeds", type=int, default=3)
    parser.add_argument("--models", default="*", help="a pattern of names")
    parser.add_argument("--table", action="store_true", help="only print the table of what was measured")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines of classes anew")
    options = parser.parse_args(arguments)
    if options.baselines:
        renew_baselines()
        return
    if options.table:
        print_table()
        return
    done = {(row["model"], row["held_out"], int(row["seed"])) for row in read_rows(RESULTS)}
    for job in jobs(options.seeds, options.transcriber_seeds):
        if job not in done and fnmatch.fnmatchcase(job[0], options.models):
            row = run_one(*job)
            add_row(row)
            print(f"{job}: {row['metric']} {row['test']} ({row['train_seconds']} s)", flush=True)


if __name__ == "__main__":
    main()
