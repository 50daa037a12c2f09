"""Fine dust in Beijing, 24 hours ahead from 72, with and without the calendar of the hours ahead.

    RNNZOO_DATA=... python tests/benchmarks/beijing.py

The rows and the training of the recipe ``beijing-dust``; the mean absolute error is in micrograms per cubic metre. Adds
to ``results/beijing.csv`` what is not there yet; ``--table`` prints the means.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from zoo import machine, read_rows, write_rows

from rnnzoo import TrainConfig, create_model, load_dataset, train
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.tasks import get_task

RESULTS = Path(__file__).parent / "results" / "beijing.csv"
CALENDARS: dict[str, dict[str, Any]] = {
    "the hour of the past alone": {},
    "hour, weekday and month, of the hours ahead too": {"calendar": ("hour", "weekday", "month")},
}
SEEDS = range(3)


def run_one(known: str, seed: int) -> dict[str, Any]:
    splits = load_dataset("beijing_pm25", window=72, horizon=24, **CALENDARS[known])
    keras.utils.set_random_seed(seed)
    model = create_model("forecaster-gru", **splits.model_arguments, linear=False)
    config = TrainConfig(seed=seed, epochs=20, early_stopping=3, tensorboard=False)
    result = train(model, splits, config=config, progress=False)
    errors = {}
    for name, part in (("validation", splits.validation), ("test", splits.test)):
        assert part is not None
        found = evaluate_part(model, part, splits, get_task("forecasting"))
        errors[f"{name}_mae"] = round(float(np.abs(found.outputs - found.targets).mean()), 3)
    return {"known": known, "seed": seed, **errors, "epochs": len(result.history), **machine()}


def table() -> str:
    """The table of the documentation."""
    rows = read_rows(RESULTS)
    lines = ["| known of the time | validation | test |", "|---|---|---|"]
    for known in CALENDARS:
        own = [row for row in rows if row["known"] == known]
        shown = [_mean([float(row[f"{part}_mae"]) for row in own]) for part in ("validation", "test")]
        lines.append(f"| {known}, {len(own)} seeds | {' | '.join(shown)} |")
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    if parser.parse_args().table:
        print(table())
        return
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)] if RESULTS.exists() else []
    done = {(row["known"], str(row["seed"])) for row in rows}
    for seed in SEEDS:
        for known in CALENDARS:
            if (known, str(seed)) not in done:
                rows.append(run_one(known, seed))
                print({key: rows[-1][key] for key in ("known", "seed", "test_mae")}, flush=True)
                write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
