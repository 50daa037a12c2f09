"""``build_video_classifier``: the class is the look of the first frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, Case, Problem, symbols

_FRAME = (4, 4, 2)


class VideoCase(Case):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        small: dict[str, Any] = {"num_classes": CLASSES, "frame_shape": _FRAME, "variable_length": True}
        if "units" in spec.arguments:
            return small | {"units": (6,), "filters": (4,), "embedding_size": 5}
        return small | {"filters": (4,)}

    def training_arguments(self, spec: ModelSpec) -> dict[str, Any]:
        if "units" in spec.arguments:
            return super().training_arguments(spec)
        return {"filters": (8,), "dropout": 0.0}

    def looks_ahead(self, spec: ModelSpec) -> str:
        return "ConvLSTM2D" if self.stays_a_loop(spec) else ""

    def stays_a_loop(self, spec: ModelSpec) -> bool:
        return spec.cell == "convlstm"

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, CLASSES)

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        x = np.zeros((len(lengths), width, *_FRAME), np.float32)
        for i, length in enumerate(lengths):
            x[i, :length] = np.random.default_rng([seed, i]).normal(size=(length, *_FRAME))
        return [x, np.arange(width)[None] < np.array(lengths)[:, None]]

    def problem(self, spec: ModelSpec) -> Problem:
        """The class is the look of the first of four frames: the upper half, the lower half, or neither is lit."""
        values = symbols(rows=128, steps=4)
        looks = np.zeros((CLASSES, *_FRAME), np.float32)
        looks[0, :2, :, 0] = 1
        looks[1, 2:, :, 1] = 1
        return Problem([looks[values], np.ones(values.shape, bool)], values[:, 0], float(np.log(CLASSES)))
