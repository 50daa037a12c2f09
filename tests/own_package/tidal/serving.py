"""What training and a server share: readings as texts of hexadecimal bytes, and answers on an ordered scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import rnnzoo
from rnnzoo.decoding import Answer
from rnnzoo.decoding.probabilities import softmax
from rnnzoo.errors import RowError
from rnnzoo.preprocessing.base import Rows, pad, refuse_empty


class HexReadings(rnnzoo.Preprocessing):
    """Texts such as ``"00 7f ff"`` to ``features`` float32 ``(batch, time, 1)`` between 0 and 1.

    Args:
        scale: What the largest byte becomes.
    """

    kind = "hex-readings"
    takes = "text"

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns each text into an array ``(time, 1)``."""
        rows = []
        for number, text in enumerate(raw):
            try:
                values = np.frombuffer(bytes.fromhex(text), np.uint8) / np.float32(255)
            except (TypeError, ValueError):
                raise RowError(number, f"received {text!r}; expected bytes such as '00 7f ff'.") from None
            rows.append((values * self.scale).astype(np.float32)[:, None])
        refuse_empty(raw, rows, kind="text", expected="at least one byte")
        return rows

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads rows and says which steps are valid, as rnnzoo's builders take them."""
        lengths = np.array([len(row) for row in encoded])
        features = pad(encoded, dtype="float32")
        return {"features": features, "mask": np.arange(features.shape[1]) < lengths[:, None]}

    @property
    def model_arguments(self) -> dict[str, Any]:
        """One feature, and rows of any length."""
        return {"num_features": 1, "variable_length": True}

    def to_config(self) -> dict[str, Any]:
        """Returns the scale."""
        return {"scale": self.scale}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> HexReadings:
        """Makes it again."""
        return cls(**config)


class LevelDecoding(rnnzoo.Decoding):
    """The expected level on a scale from the first label (0) to the last (1)."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the likeliest label and the expected level."""
        shares = softmax(row)
        level = float(shares @ np.linspace(0.0, 1.0, len(row)))
        return {"label": self.label_names(len(row))[int(row.argmax())], "level": level}


def level_scores(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Scores how often an answer is right, and how often no more than one level off."""
    away = np.abs(outputs.argmax(axis=-1) - targets)
    return {"accuracy": float((away == 0).mean()), "within_one": float((away <= 1).mean())}


rnnzoo.register("preprocessing", HexReadings.kind, HexReadings)
rnnzoo.register(
    "task",
    "tide_level",
    rnnzoo.Task(
        name="tide_level",
        targets="classes",
        output="logits",
        output_axes=("classes",),
        activation="softmax",
        losses=("sparse_categorical_crossentropy",),
        metrics=("accuracy",),
        objective="val_accuracy",
        direction="max",
        scores=level_scores,
        decoding=LevelDecoding,
        stratified=True,
    ),
)
