"""Forecasts of ETTh1, 96 hours ahead from the last 96, on the split and the scale of publications.

    RNNZOO_DATA=... python tests/benchmarks/etth1.py

All seven series at once; errors are of values scaled by mean and deviation of the training part, over all windows of
the test part. Adds to ``results/etth1.csv`` what is not there yet; ``--table`` prints the means.
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

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, train
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.tasks import get_task

RESULTS = Path(__file__).parent / "results" / "etth1.csv"
MODELS = ("forecaster-gru", "forecaster-revin-gru", "forecaster-segrnn")
CONFIG: dict[str, Any] = {
    "loss": "mean_squared_error",
    "epochs": 20,
    "early_stopping": 3,
    "batch_size": 64,
    "tensorboard": False,
}


def scaled_errors(outputs: np.ndarray, truth: np.ndarray, splits: Splits) -> dict[str, float]:
    errors = (outputs - truth) / splits.get_decoding().scale
    return {"mse": round(float((errors**2).mean()), 4), "mae": round(float(np.abs(errors).mean()), 4)}


def baselines(splits: Splits) -> list[dict[str, Any]]:
    assert splits.test is not None
    truth = splits.get_decoding().in_original_units(
        splits.rows("test").gather(np.arange(len(splits.test)))[1]
    )
    return [
        {"model": name, "seed": "", **scaled_errors(outputs, truth, splits), **machine()}
        for name, outputs in run_baselines(splits, splits.test).items()
    ]


def run_one(name: str, seed: int, splits: Splits) -> dict[str, Any]:
    assert splits.test is not None
    keras.utils.set_random_seed(seed)
    model = create_model(name, **splits.model_arguments)
    result = train(model, splits, config=TrainConfig(seed=seed, **CONFIG), progress=False)
    found = evaluate_part(model, splits.test, splits, get_task("forecasting"))
    return {
        "model": name,
        "seed": seed,
        **scaled_errors(found.outputs, found.targets, splits),
        **machine(),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
    }


def table() -> str:
    """The README's table, the best at the top."""
    rows = read_rows(RESULTS)
    found = []
    for name in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == name]
        mse, mae = ([float(row[metric]) for row in own] for metric in ("mse", "mae"))
        spread = f" ({min(mse):.3f}-{max(mse):.3f}, {len(own)} seeds)" if own[0]["seed"] != "" else ""
        label = f"`{name}`" if own[0]["seed"] != "" else name
        found.append((np.mean(mse), f"| {label} | {np.mean(mse):.3f}{spread} | {np.mean(mae):.3f} |"))
    return "\n".join(["| | MSE | MAE |", "|---|---|---|", *(line for _, line in sorted(found))])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines again")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    splits = load_dataset("etth1", window=96, horizon=96)
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)]
    if options.baselines or not rows:
        rows = [*baselines(splits), *(row for row in rows if row["seed"] != "")]
        write_rows(RESULTS, rows)
    if options.baselines:
        return
    done = {(row["model"], str(row["seed"])) for row in rows}
    for seed in range(options.seeds):
        for name in options.models:
            if (name, str(seed)) not in done:
                rows.append(run_one(name, seed, splits))
                print(
                    {key: rows[-1][key] for key in ("model", "seed", "mse", "mae", "train_seconds")},
                    flush=True,
                )
                write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
