"""Forecasts of the hourly series of the M4 competition, 48 hours ahead, on its own test part and by its own scores.

    RNNZOO_DATA=... python tests/benchmarks/m4_hourly.py

``RNNZOO_DATA/m4`` holds ``Hourly-train.csv`` and ``Hourly-test.csv`` as the competition has published them: 414 series
of 700 or 960 hours, without dates, so that hours are counted from the end of the training part. One model learns from
all series; the last 48 hours of the training part are validated on, and nothing is chosen by the test part, which is
read once, at the end. sMAPE and MASE are those of the competition, whose season is 24 hours. The rows of ``mean of the
seeds`` average the forecasts of all seeds. Adds to ``results/m4_hourly.csv`` what is not there yet; ``--table`` prints
the means. ``m4_hourly_peers.py`` adds AutoETS and Theta.

Reference: Makridakis et al. 2020, The M4 Competition: 100,000 time series and 61 forecasting methods.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

if TYPE_CHECKING:
    from rnnzoo import Splits
    from rnnzoo.data.readers.window_split import WindowSplit

RESULTS = Path(__file__).parent / "results" / "m4_hourly.csv"
PEERS = Path(__file__).parent / "results" / "m4_hourly_peers.csv"
MODELS: dict[str, dict[str, Any]] = {
    "forecaster-segrnn": {"segment": 24, "dropout": 0.1},
    "forecaster-revin-gru": {"linear": False},
}
HORIZON, SEASON, WINDOW = 48, 24, 336
MEAN_OF_SEEDS = "mean of the seeds"
CONFIG: dict[str, Any] = {
    "loss": "mean_absolute_error",
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "batch_size": 256,
    "early_stopping": None,
    "tensorboard": False,
}


def read_panel(series: int | None = None) -> Any:
    """The series as one table, the last hour of the training part being hour 0."""
    import pandas as pd

    folder = Path(os.environ["RNNZOO_DATA"]) / "m4"
    past, ahead = (pd.read_csv(folder / f"Hourly-{part}.csv") for part in ("train", "test"))
    frames = []
    for (_, own), (_, test) in zip(past.iloc[:series].iterrows(), ahead.iterrows(), strict=False):
        values = own.iloc[1:].dropna().to_numpy(np.float64)
        future = test.iloc[1:].dropna().to_numpy(np.float64)
        assert own.iloc[0] == test.iloc[0]
        assert len(future) == HORIZON
        hours = np.arange(1 - len(values), 1 + HORIZON)
        frames.append(
            pd.DataFrame({"name": own.iloc[0], "hour": hours, "value": np.concatenate([values, future])})
        )
    return pd.concat(frames, ignore_index=True)


def read_splits(options: argparse.Namespace) -> tuple[Splits, np.ndarray]:
    """The windows, and what scales the errors of each test window for MASE."""
    from rnnzoo import read_series
    from rnnzoo.backtesting.rolling_origin import OriginParts, RollingOrigin
    from rnnzoo.evaluation.rows_of_windows import naive_errors

    # The one origin is the end of the training part; validation is as long as the horizon.
    parts = OriginParts(plan=RollingOrigin(origins=1), horizon=HORIZON, number=0, validation_fraction=1e-9)
    splits = read_series(
        read_panel(options.series),
        target="value",
        series="name",
        time="hour",
        gaps="break",
        window=options.window,
        horizon=HORIZON,
        seasonality=SEASON,
        scaling=options.scaling,
        fractions=parts,
    )
    scale = naive_errors(splits.rows("train"), splits.rows("validation"), season=SEASON)  # type: ignore[arg-type]
    return splits, scale[windows(splits.test).series_of()]


def windows(split: Any) -> WindowSplit:
    from rnnzoo.data.readers.window_split import WindowSplit

    assert isinstance(split, WindowSplit)
    return split


def scores(splits: Splits, point: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    from rnnzoo.evaluation.forecast_scores import Forecasts, score_forecasts

    truth = windows(splits.test).raw_targets()[1]
    found = score_forecasts(Forecasts(truth, point, scale))
    return {name: round(found[name], 4) for name in ("smape", "mase")}


def thinned(splits: Splits, every: int) -> Splits:
    """The same with one training window in so many, spread evenly."""
    train = windows(splits.train)
    kept = train.starts[::every]
    part = type(train)(train.table, kept, window=train.window, horizon=train.horizon)
    return dataclasses.replace(splits, train=part)


def run_model(name: str, seed: int, splits: Splits, options: argparse.Namespace) -> tuple[Any, np.ndarray]:
    import keras

    from rnnzoo import TrainConfig, create_model, train
    from rnnzoo.evaluation.evaluation import evaluate_part
    from rnnzoo.tasks import get_task

    keras.utils.set_random_seed(seed)
    model = create_model(name, **{**splits.model_arguments, **MODELS.get(name, {})})
    config = TrainConfig(seed=seed, epochs=options.epochs, **CONFIG)
    blind = dataclasses.replace(thinned(splits, options.every), test=None)
    result = train(model, blind, config=config, progress=options.progress)
    found = evaluate_part(model, windows(splits.test), splits, get_task("forecasting"))
    facts = {
        "parameters": model.count_params(),
        "epochs": result.best_epoch,
        "train_seconds": round(result.seconds, 1),
        "validation_mae": round(result.metrics["validation"]["loss"], 5),
    }
    return facts, found.outputs


def settings(options: argparse.Namespace) -> str:
    return f"window {options.window}, scaling {options.scaling}, 1 window in {options.every}, {options.epochs} epochs"


def run(options: argparse.Namespace) -> None:
    from zoo import machine, read_rows, write_rows

    from rnnzoo.evaluation.baselines import answer_each

    splits, scale = read_splits(options)
    rows: list[dict[str, Any]] = [] if options.again else [*read_rows(options.results)]
    done = {(row["model"], str(row["seed"])) for row in rows}

    def add(name: str, seed: object, point: np.ndarray, **facts: Any) -> None:
        rows.append({"model": name, "seed": seed, **scores(splits, point, scale), **facts, **machine()})
        write_rows(options.results, rows)
        print({key: rows[-1][key] for key in ("model", "seed", "smape", "mase")}, flush=True)

    if not any(row["seed"] == "" for row in rows):
        for answered in answer_each(splits, windows(splits.test)):
            if answered.outputs is not None:
                add(answered.name, "", answered.outputs, train_seconds=round(answered.seconds, 1))
    for name in options.models:
        # The mean needs the forecasts of all seeds, so that they are made together.
        if (name, MEAN_OF_SEEDS) in done:
            continue
        rows = [row for row in rows if row["model"] != name]
        found = []
        for seed in range(options.seeds):
            start = time.perf_counter()
            facts, point = run_model(name, seed, splits, options)
            found.append(point)
            add(name, seed, point, **facts, settings=settings(options))
            print(f"{time.perf_counter() - start:.0f} s", flush=True)
        add(name, MEAN_OF_SEEDS, np.mean(found, axis=0), settings=settings(options))


def table() -> str:
    """The table of the results page, the best at the top."""
    from zoo import read_rows

    rows = [*read_rows(RESULTS), *read_rows(PEERS)]
    found = []
    for name in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == name]
        label = f"`{name}`" if name.startswith("forecaster-") else name
        single = [row for row in own if row["seed"] != MEAN_OF_SEEDS]
        for what, some in (("", single), (f", {MEAN_OF_SEEDS}", [r for r in own if r not in single])):
            if some:
                smape, mase = ([float(row[score]) for row in some] for score in ("smape", "mase"))
                spread = f" ({min(smape):.2f}-{max(smape):.2f}, {len(some)} seeds)" if len(some) > 1 else ""
                line = f"| {label}{what} | {np.mean(smape):.2f}{spread} | {np.mean(mase):.3f} |"
                found.append((np.mean(smape), line))
    return "\n".join(["| | sMAPE | MASE |", "|---|---|---|", *(line for _, line in sorted(found))])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=["forecaster-segrnn"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--every", type=int, default=3, help="train on one window in so many")
    parser.add_argument("--window", type=int, default=WINDOW)
    parser.add_argument("--scaling", default="window", choices=("all", "series", "window"))
    parser.add_argument("--series", type=int, help="only so many series, to try the script")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="forget what is there")
    parser.add_argument("--progress", action="store_true", help="print every epoch")
    parser.add_argument("--table", action="store_true", help="print the table of the results page")
    options = parser.parse_args()
    print(table()) if options.table else run(options)


if __name__ == "__main__":
    main()
