"""Small models that answer a sequence while it arrives, and their answers to the whole."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from rnnzoo import create_model
from rnnzoo_export import export_streaming_onnx
from rnnzoo_export.inference.streaming_file import StreamingFile

FEATURES = 3


def series_tagger(path: Path) -> Path:
    """Writes the streaming file of an untrained tagger."""
    keras.utils.set_random_seed(4)
    model = create_model("series-tagger-lstm", num_features=FEATURES, num_classes=4, units=(5, 6))
    export_streaming_onnx(model, path)
    return path


def one_pass(file: StreamingFile, features: np.ndarray) -> np.ndarray:
    """The answer of a streaming file to whole sequences."""
    rows = {name: np.repeat(state, len(features), axis=0) for name, state in file.start().items()}
    return file.execute({"features": features, **rows})["logits"]
