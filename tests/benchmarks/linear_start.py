"""Forecasters with and without the linear start, beside simple baselines, on four real sets and a made one.

    RNNZOO_DATA=... python tests/benchmarks/linear_start.py [--sets demand] [--seeds 3]

Small on purpose: all models learn from the same 2,048 training windows, evenly spaced, in at most 5 epochs of 64 rows
(the made set: 6,144 windows, 15 epochs), and are scored on 512 validation and 1,024 test windows; M4 is its first 100
series. Errors are of scaled values. The
hourly demand is made by ``make_demand``: level, an hour of the week, holidays, weather and noise. Adds to
``results/linear_start.csv`` what is not there yet; ``--table`` prints the means. Nothing is chosen by the test part.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from zoo import machine, read_rows, write_rows

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo import Splits

RESULTS = Path(__file__).parent / "results" / "linear_start.csv"
NETWORK, LINEAR = "network alone", "linear start"
POINT = ("forecaster-segrnn", "forecaster-gru")
SPREAD = {
    "forecaster-quantile-lstm": "quantile_forecasting",
    "forecaster-gaussian-gru": "gaussian_forecasting",
}
WITH_SPREAD = ("etth1", "beijing_pm25")
LINEAR_MAP, SEASONAL, TREES = (
    "NLinear on each series' own lags",
    "seasonal naive",
    "gradient-boosted trees on the same lags",
)
SIZES = {"train": 2048, "validation": 512, "test": 1024}
#: Windows and epochs of the training part; a pattern of hours takes more steps to learn than a drift.
SETTINGS = dict.fromkeys(("demand", "demand, hour of the week", "demand, indicators"), (6144, 15))
FEW = (SIZES["train"], 5)
LEVELS = (0.1, 0.5, 0.9)


def make_demand(days: int = 730, seed: int = 0) -> pd.DataFrame:
    """Hourly counts of two years with the calendar and the weather that move them."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    hour, day = hours % 24, hours // 24
    weekday = (day + 4) % 7  # the first day is a Friday
    holiday = np.isin(day, rng.choice(days, days // 33, replace=False))
    working = (weekday < 5) & ~holiday
    commute = np.exp(-(((hour - 8) / 1.3) ** 2)) + 1.2 * np.exp(-(((hour - 17.5) / 1.8) ** 2))
    leisure = 0.9 * np.exp(-(((hour - 14) / 4.0) ** 2))
    shape = 0.08 + np.where(working, commute + 0.25 * leisure, leisure * (1 + 0.2 * (weekday == 5)))
    season = np.sin(2 * np.pi * (day - 110) / 365)
    front = np.zeros(days)
    for number in range(1, days):
        front[number] = 0.8 * front[number - 1] + rng.normal(0, 1.8)
    temperature = 12 + 10 * season + front[day] + 4 * np.sin(2 * np.pi * (hour - 9) / 24)
    rain = (rng.random(days)[day] < 0.25) & (rng.random(len(hours)) < 0.4)
    comfort = 1 / (1 + np.exp(-(temperature - 8) / 5)) * np.where(temperature > 28, 0.85, 1.0)
    drift = np.zeros(len(hours))
    for number in range(1, len(hours)):
        drift[number] = 0.97 * drift[number - 1] + rng.normal(0, 0.04)
    level = 300 * (1 + 0.4 * day / days) * np.exp(drift)
    counts = rng.poisson(
        level * shape * comfort * np.where(rain, 0.55, 1.0) * rng.gamma(60, 1 / 60, len(hours))
    )
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2021-01-01") + pd.to_timedelta(hours, unit="h"),
            "count": counts.astype(np.float64),
            "temperature": temperature.round(1),
            "rain": rain.astype(np.float64),
            "working": working.astype(np.float64),
        }
    )


def read_demand(coding: str) -> Splits:
    """The made table; the hour as sine and cosine, or as one indicator for each hour of working and other days."""
    from rnnzoo import read_series

    frame = make_demand()
    arguments: dict[str, Any] = {"calendar": ("hour", "weekday", "month")}
    if "week" in coding:
        arguments = {"calendar": ("hour_of_week", "month")}
    elif "indicators" in coding:
        kind = frame["working"].map({1.0: "working", 0.0: "free"})
        frame["hour_of_day_kind"] = kind + "-" + frame["time"].dt.hour.astype(str)
        arguments = {"calendar": ("weekday", "month"), "categorical": ["hour_of_day_kind"]}
    future = [name for name in frame.columns if name not in ("time", "count")]
    return read_series(
        frame, target="count", time="time", future=future, window=48, horizon=24, seasonality=24, **arguments
    )


def read_m4() -> Splits:
    from m4_hourly import read_splits

    options = argparse.Namespace(series=100, window=168, scaling="window")
    return read_splits(options)[0]


def read(name: str) -> Splits:
    from rnnzoo import load_dataset

    if name.startswith("demand"):
        return thinned(read_demand(name), SETTINGS[name][0])
    if name == "m4":
        return thinned(read_m4())
    window, horizon = (72, 24) if name == "beijing_pm25" else (96, 96)
    return thinned(load_dataset(name, window=window, horizon=horizon))


def thinned(splits: Splits, train: int = FEW[0]) -> Splits:
    """The same with few windows, evenly spaced, in each part."""
    parts: dict[str, Any] = {}
    for name, most in {**SIZES, "train": train}.items():
        part: Any = splits.rows(name)
        kept = np.unique(np.linspace(0, len(part) - 1, min(most, len(part))).astype(int))
        parts[name] = type(part)(part.table, part.starts[kept], window=part.window, horizon=part.horizon)
    return dataclasses.replace(splits, **parts)


def scores(splits: Splits, part: str, outputs: np.ndarray, spread: str | None) -> dict[str, float]:
    """Errors of scaled values; of distributions the pinball loss of three quantiles and the share between the outer."""
    windows: Any = splits.rows(part)
    rows = np.arange(len(windows))
    truth, scale = windows.raw_targets(rows)[1], windows.scales(splits.get_decoding(), rows)[:, None]
    if spread is None:
        errors = (outputs - truth) / scale
        return {"mse": _rounded(np.mean(errors**2)), "mae": _rounded(np.mean(np.abs(errors)))}
    if spread == "gaussian_forecasting":
        from scipy.stats import norm

        outputs = outputs[..., :1] + outputs[..., 1:] * norm.ppf(LEVELS)
    errors = (truth[..., None] - outputs) / scale[..., None]
    pinball = np.maximum(np.array(LEVELS) * errors, (np.array(LEVELS) - 1) * errors).mean()
    inside = (truth >= outputs[..., 0]) & (truth <= outputs[..., -1])
    return {"pinball": _rounded(pinball), "coverage": _rounded(inside.mean())}


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def both_parts(splits: Splits, outputs: dict[str, np.ndarray], spread: str | None) -> dict[str, Any]:
    return {
        f"{part}_{name}": value
        for part in ("validation", "test")
        for name, value in scores(splits, part, outputs[part], spread).items()
    }


def run_one(splits: Splits, name: str, start: str, seed: int, epochs: int) -> dict[str, Any]:
    import keras

    from rnnzoo import TrainConfig, create_model, train
    from rnnzoo.evaluation.compatibility import choose_task
    from rnnzoo.evaluation.evaluation import evaluate_part

    keras.utils.set_random_seed(seed)
    model = create_model(name, **{**splits.model_arguments, "linear": start == LINEAR})
    config = TrainConfig(
        seed=seed,
        epochs=epochs,
        early_stopping=2 if epochs == FEW[1] else 4,
        batch_size=64,
        tensorboard=False,
    )
    task, fitting = choose_task(model, splits, SPREAD.get(name))
    result = train(model, splits, task=SPREAD.get(name), config=config, progress=False)
    outputs = {
        part: evaluate_part(model, fitting.rows(part), fitting, task).outputs
        for part in ("validation", "test")
    }
    found = both_parts(splits, outputs, SPREAD.get(name))
    return {**found, "epochs": result.best_epoch, "seconds": round(result.seconds, 1)}


def run_baselines(splits: Splits, kind: str) -> dict[str, dict[str, Any]]:
    """The scores of simple models that learn from the same windows."""
    from rnnzoo.evaluation.baselines import answer_each

    spread = None if kind == "point" else "quantile_forecasting"
    if spread is not None:
        from rnnzoo import create_model
        from rnnzoo.evaluation.compatibility import choose_task

        # A model says which quantiles are asked for.
        asks = create_model("forecaster-quantile-lstm", **{**splits.model_arguments, "units": (2,)})
        splits = choose_task(asks, splits, spread)[1]
    # Of seven series trees would take too long.
    few = splits.model_arguments["num_targets"] == 1
    wanted = [name for name in (LINEAR_MAP, SEASONAL, TREES) if few or name != TREES]
    if spread is not None:
        wanted = [f"{name} and its past errors" for name in wanted]
    found: dict[str, dict[str, Any]] = {name: {} for name in wanted}
    for part in ("validation", "test"):
        for answered in answer_each(splits, splits.rows(part), names=wanted):
            if answered.outputs is not None:
                found[answered.name][part] = answered.outputs
    return {name: both_parts(splits, outputs, spread) for name, outputs in found.items() if outputs}


def plan(sets: list[str], seeds: int) -> list[tuple[str, str, str, int]]:
    """What is trained, all of a seed before the next."""
    found = []
    for seed in range(seeds):
        for name in sets:
            if "demand" not in name:
                found.append((name, "forecaster-nlinear-gru", LINEAR, seed))
            models = POINT if "demand" not in name else POINT[1:]
            for model in (*models, *(SPREAD if name in WITH_SPREAD else ())):
                found += [(name, model, start, seed) for start in (NETWORK, LINEAR)]
    return found


def run(options: argparse.Namespace) -> None:
    rows: list[dict[str, Any]] = [*read_rows(options.results)] if options.results.exists() else []
    done = {(row["set"], row["model"], row["start"], str(row["seed"])) for row in rows}
    ready: dict[str, Splits] = {}

    def add(**row: Any) -> None:
        empty = dict.fromkeys(
            f"{p}_{s}" for p in ("validation", "test") for s in ("mse", "mae", "pinball", "coverage")
        )
        rows.append({**{"set": "", "model": "", "start": "", "seed": ""}, **empty, **row, **machine()})
        write_rows(options.results, rows)
        print({key: value for key, value in row.items() if value is not None}, flush=True)

    for name, model, start, seed in plan(options.sets, options.seeds):
        if name not in ready:
            ready[name] = read(name)
            for kind in ("point", "spread") if name in WITH_SPREAD else ("point",):
                _add_baselines(ready[name], name, kind, done, add)
        if (name, model, start, str(seed)) not in done:
            found = run_one(ready[name], model, start, seed, SETTINGS.get(name, FEW)[1])
            add(set=name, model=model, start=start, seed=seed, **found)


def _add_baselines(splits: Splits, name: str, kind: str, done: set[Any], add: Any) -> None:
    mark = LINEAR_MAP if kind == "point" else f"{LINEAR_MAP} and its past errors"
    if (name, mark, "", "") not in done:
        for baseline, found in run_baselines(splits, kind).items():
            add(set=name, model=baseline, **found)


def table() -> str:
    """The table of the results page: of each set point forecasts, then distributions, the best of each at the top."""
    rows = read_rows(RESULTS)
    head = "| set | | validation, MSE or pinball | test, MSE or pinball | test, MAE or coverage |"
    lines = [head, "|---|---|---|---|---|"]
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        found = []
        for model, start in dict.fromkeys((row["model"], row["start"]) for row in own):
            found.append(_line(model, start, [r for r in own if (r["model"], r["start"]) == (model, start)]))
        lines += [f"| {name} | {line}" for _, line in sorted(found)]
    return "\n".join(lines)


def _line(model: str, start: str, rows: list[dict[str, str]]) -> tuple[tuple[bool, float], str]:
    spread = bool(rows[0]["test_pinball"])
    first, second = ("pinball", "coverage") if spread else ("mse", "mae")
    columns = [f"validation_{first}", f"test_{first}", f"test_{second}"]
    values = [[float(row[column]) for row in rows] for column in columns]
    label = f"`{model}`, {start}, {len(rows)} seeds" if start else model
    return (spread, float(np.mean(values[1]))), f"{label} | {' | '.join(map(_mean, values))} |"


def _mean(values: list[float]) -> str:
    digits = 4 if np.mean(values) < 0.1 else 3
    spread = f" ({min(values):.{digits}f}-{max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser()
    sets = ["etth1", "ettm1", "beijing_pm25", "m4", *SETTINGS]
    parser.add_argument("--sets", nargs="*", default=sets)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    options = parser.parse_args()
    print(table()) if options.table else run(options)


if __name__ == "__main__":
    main()
