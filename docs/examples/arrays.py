"""Classify series of your own: NumPy arrays of unlike length."""

# --- data
import numpy as np

rng = np.random.default_rng(0)


def record(gesture: str) -> np.ndarray:
    """Returns one movement of a hand: ``(time, 2)``, 20 to 60 steps of a sensor's two axes."""
    steps = int(rng.integers(20, 61))
    angle = np.linspace(0, 2 * np.pi, steps) + rng.uniform(0, 2 * np.pi)
    turn = {"left": angle, "right": -angle, "shake": np.pi * np.sin(3 * angle)}[gesture]
    path = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return (path + rng.normal(scale=0.4, size=path.shape)).astype("float32")


labels = rng.choice(["left", "right", "shake"], size=600)
series = [record(label) for label in labels]
print(len(series), series[0].shape, series[1].shape)
# --- read
import rnnzoo

splits = rnnzoo.Splits.from_arrays(series, labels)
print(splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("series-classifier-gru", units=(32,), **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=12, learning_rate=5e-3)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"series-classifier-gru: {result.metrics['test']['accuracy']:.3f}")
# --- baselines
import json
from pathlib import Path

for name, scores in json.loads(Path("run/metrics.json").read_text())["baselines"]["scores"].items():
    print(f"{name}: {scores['accuracy']:.3f}")
# --- export
from rnnzoo_export import OnnxPredictor, save_bundle

save_bundle(model, "bundle", preprocessing=splits.preprocessing, decoding=splits.decoding, task=splits.task)
# --- predict
predictor = OnnxPredictor("bundle")
(answer,) = predictor.predict([record("left")])
print(answer["label"])
# --- files
padded = np.zeros((len(series), 60, 2), "float32")
for row, one in zip(padded, series, strict=True):
    row[: len(one)] = one
np.savez("gestures.npz", x=padded, y=labels, lengths=[len(one) for one in series])
Path("new.json").write_text(json.dumps([record("shake").tolist()]))
# --- end
