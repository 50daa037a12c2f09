"""Forecasts of ETTh1, 96 and 720 hours ahead from the last 96, on the split and the scale of publications.

    RNNZOO_DATA=... python tests/benchmarks/etth1.py [--horizon 720]

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
#: Settings of a model and its training; those of forecaster-segrnn were chosen by the validation part at 96 hours.
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "forecaster-gru": ({"linear": False}, {}),
    "forecaster-revin-gru": ({"linear": False}, {}),
    "forecaster-segrnn": ({"segment": 24, "dropout": 0.5}, {"loss": "mean_absolute_error"}),
}
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
        {
            "model": name,
            "horizon": splits.model_arguments["horizon"],
            "seed": "",
            **scaled_errors(outputs, truth, splits),
            **machine(),
        }
        for name, outputs in run_baselines(splits, splits.test).items()
    ]


def run_one(name: str, seed: int, splits: Splits) -> dict[str, Any]:
    assert splits.test is not None
    keras.utils.set_random_seed(seed)
    arguments, training = MODELS[name]
    model = create_model(name, **splits.model_arguments, **arguments)
    config = TrainConfig(seed=seed, **{**CONFIG, **training})
    result = train(model, splits, config=config, progress=False)
    found = evaluate_part(model, splits.test, splits, get_task("forecasting"))
    return {
        "model": name,
        "horizon": splits.model_arguments["horizon"],
        "seed": seed,
        **scaled_errors(found.outputs, found.targets, splits),
        **machine(),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
    }


def table() -> str:
    """The README's table, for each horizon the best at the top."""
    rows = read_rows(RESULTS)
    found = []
    for name, horizon in dict.fromkeys((row["model"], int(row["horizon"])) for row in rows):
        own = [row for row in rows if (row["model"], int(row["horizon"])) == (name, horizon)]
        shown = [_mean([float(row[metric]) for row in own]) for metric in ("mse", "mae")]
        label = f"`{name}`, {len(own)} seeds" if own[0]["seed"] != "" else name
        mse = float(np.mean([float(row["mse"]) for row in own]))
        found.append((horizon, mse, f"| {horizon} | {label} | {' | '.join(shown)} |"))
    return "\n".join(
        ["| hours ahead | | MSE | MAE |", "|---|---|---|---|", *(line for *_, line in sorted(found))]
    )


def _mean(values: list[float]) -> str:
    spread = f" ({min(values):.3f}-{max(values):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--horizon", type=int, default=96, help="hours ahead, 96 by default; publications have 720 too"
    )
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines again")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    splits = load_dataset("etth1", window=96, horizon=options.horizon)
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)]
    known = [row for row in rows if int(row["horizon"]) == options.horizon and row["seed"] == ""]
    if options.baselines or not known:
        rows = [row for row in rows if row not in known] + baselines(splits)
        write_rows(RESULTS, rows)
    if options.baselines:
        return
    done = {(row["model"], int(row["horizon"]), str(row["seed"])) for row in rows}
    for seed in range(options.seeds):
        for name in options.models:
            if (name, options.horizon, str(seed)) not in done:
                rows.append(run_one(name, seed, splits))
                print(
                    {key: rows[-1][key] for key in ("model", "seed", "mse", "mae", "train_seconds")},
                    flush=True,
                )
                write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
