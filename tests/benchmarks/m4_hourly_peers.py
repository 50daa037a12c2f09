"""The peers' half of ``m4_hourly.py``: AutoETS and Theta, run where statsforecast is, and no TensorFlow.

    python -m venv peers && peers/bin/pip install statsforecast
    RNNZOO_DATA=... peers/bin/python tests/benchmarks/m4_hourly_peers.py

Each series is forecast by itself, from the whole of its training part. The seasonal naive forecast is scored here too:
its sMAPE and MASE must be those that ``m4_hourly.py`` finds, by which both are known to score alike. Writes
``results/m4_hourly_peers.csv``.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "m4_hourly_peers.csv"
HORIZON, SEASON = 48, 24


def read(series: int | None) -> tuple[list[np.ndarray], np.ndarray]:
    """The training values of each series, and what came ``(series, 48)``."""
    folder = Path(os.environ["RNNZOO_DATA"]) / "m4"
    past, ahead = (
        pd.read_csv(folder / f"Hourly-{part}.csv", index_col=0).iloc[:series] for part in ("train", "test")
    )
    return [row.dropna().to_numpy(np.float64) for _, row in past.iterrows()], ahead.to_numpy(np.float64)


def scores(past: list[np.ndarray], truth: np.ndarray, point: np.ndarray) -> dict[str, float]:
    """The competition's sMAPE in percent and MASE."""
    errors = np.abs(truth - point)
    scale = np.array([np.abs(values[SEASON:] - values[:-SEASON]).mean() for values in past])
    moving = scale > 0
    return {
        "smape": round(float((200 * errors / (np.abs(truth) + np.abs(point))).mean()), 4),
        "mase": round(float((errors[moving] / scale[moving, None]).mean()), 4),
    }


def main() -> None:
    from statsforecast.models import AutoETS, SeasonalNaive, Theta  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, help="only so many series, to try the script")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    past, truth = read(options.series)
    models: dict[str, Any] = {
        "seasonal naive of statsforecast": SeasonalNaive(season_length=SEASON),
        "Theta": Theta(season_length=SEASON),
        "AutoETS": AutoETS(season_length=SEASON),
    }
    rows = []
    for name, model in models.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            point = np.stack([model.forecast(y=values, h=HORIZON)["mean"] for values in past])
        rows.append(
            {
                "model": name,
                "seed": "",
                **scores(past, truth, point),
                "train_seconds": round(time.perf_counter() - start, 1),
                "statsforecast": version("statsforecast"),
                "python": platform.python_version(),
            }
        )
        print(rows[-1], flush=True)
        with options.results.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
