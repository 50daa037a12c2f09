"""Files to make smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime

from rnnzoo import build_classifier
from rnnzoo_export import export_onnx

VOCABULARY = 1000


def tokens(rows: int = 64, steps: int = 30) -> np.ndarray:
    rng = np.random.default_rng(0)
    ids = rng.integers(1, VOCABULARY, (rows, steps)).astype(np.int32)
    return np.where(np.arange(steps) < rng.integers(1, steps + 1, (rows, 1)), ids, 0).astype(np.int32)


def exported(cell: str, path: Path) -> list[tuple[Any, ...]]:
    """Exports a text classifier and returns rows whose truth is its own answer."""
    keras.utils.set_random_seed(0)
    model = build_classifier(
        num_classes=4,
        vocabulary_size=VOCABULARY,
        embedding_size=64,
        cell=cell,
        units=(128, 128),
        bidirectional=True,
    )
    export_onnx(model, path)
    return [({"tokens": tokens()}, np.asarray(model(tokens())).argmax(-1))]


def answers(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0], np.float64)
