"""Draws the pictures of "Read a run's report": ``python docs/pictures/report_pictures.py``, two minutes on two cores.

They are those that a run keeps itself.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd

import rnnzoo

IMAGES = Path(__file__).resolve().parent.parent / "images" / "reports"


def main() -> None:
    """Trains a classifier and a forecaster, and keeps the pictures of their runs."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        digits = rnnzoo.load_dataset("digits")
        _train("series-classifier-gru", digits, Path(folder) / "digits", epochs=4)
        _train("forecaster-gaussian-gru", _load(), Path(folder) / "load", epochs=8)
        for run, names in (
            ("digits", ("confused_pairs", "reliability", "worst_rows")),
            ("load", ("coverage", "worst_rows")),
        ):
            for name in names:
                target = IMAGES / f"{run}_{name}.png"
                shutil.copy(Path(folder) / run / "plots" / f"{name}.png", target)
                print(target.name)


def _load() -> rnnzoo.Splits:
    """Returns hours with a rhythm of a day and noise that lasts."""
    rng = np.random.default_rng(0)
    hours = np.arange(24 * 7 * 8)
    noise = np.zeros(len(hours))
    for hour in hours[1:]:
        noise[hour] = 0.9 * noise[hour - 1] + rng.normal(scale=1.5)
    load = 50 + 15 * np.sin(2 * np.pi * (hours - 8) / 24) + noise
    return rnnzoo.read_series(pd.DataFrame({"load": load}), target=["load"], window=48, horizon=12)


def _train(name: str, splits: rnnzoo.Splits, directory: Path, *, epochs: int) -> None:
    model = rnnzoo.create_model(name, **{**splits.model_arguments, "units": (32,)})
    config = rnnzoo.TrainConfig(epochs=epochs, learning_rate=0.01, tensorboard=False)
    rnnzoo.train(model, splits, config=config, directory=directory, baseline_seconds=0)


if __name__ == "__main__":
    main()
