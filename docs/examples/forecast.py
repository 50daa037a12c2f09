"""Forecast an hourly table of your own a day ahead, with intervals."""

# --- data
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
hours = pd.date_range("2025-01-01", periods=24 * 7 * 14, freq="h")
daily = np.sin(2 * np.pi * (hours.hour - 8) / 24)
working = hours.dayofweek < 5
noise = np.zeros(len(hours))
for hour in range(1, len(hours)):  # what is above the usual stays so for hours
    noise[hour] = 0.9 * noise[hour - 1] + rng.normal(scale=1.5)
load = 50 + np.where(working, 15, 5) * daily + np.where(working, 8, 0) + noise
table = pd.DataFrame({"hour": hours, "weekday": hours.day_name(), "load": load.round(2)})
table.to_csv("hourly.csv", index=False)
print(table.head(2).to_string(index=False))
# --- read
import rnnzoo

splits = rnnzoo.read_table(
    "hourly.csv",
    target="load",
    time="hour",
    categorical="weekday",
    window=72,
    horizon=24,
    seasonality=24,
)
print(splits.description["rows"], splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("forecaster-quantile-lstm", units=(24,), linear=False, **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=8, learning_rate=5e-3)
result = rnnzoo.train(model, splits, config=config, directory="run")
scores = result.metrics["test"]
print(
    f"forecaster-quantile-lstm: {scores['mae']:.2f} {scores['coverage']:.2f} {scores['interval_width']:.1f}"
)
# --- baselines
import json
from pathlib import Path

for name, scores in json.loads(Path("run/metrics.json").read_text())["baselines"]["scores"].items():
    print(f"{name}: {scores['mae']:.2f} {scores['coverage']:.2f} {scores['interval_width']:.1f}")
# --- export
from rnnzoo_export import OnnxPredictor, save_bundle

answers = splits.for_model(model)  # quantiles, as the model's output says
save_bundle(
    model, "bundle", preprocessing=answers.preprocessing, decoding=answers.decoding, task=answers.task
)
# --- predict
(answer,) = OnnxPredictor("bundle").predict([table.tail(72).to_dict("list")])
for name in ("0.1", "0.5", "0.9"):
    print(name, [round(value) for value in answer["quantiles"]["load"][name]])
# --- end
