"""``build_irregular_classifier``: the class is a symbol in the middle, the only one observed there."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, FEATURES, Case, Problem, symbols


class IrregularClassifierCase(Case):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return {
            "units": (6,) * len(spec.arguments["units"]),
            "num_classes": CLASSES,
            "num_features": FEATURES,
        }

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, CLASSES)

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        x = np.zeros((len(lengths), width, 3 * FEATURES), np.float32)
        for i, length in enumerate(lengths):
            rng = np.random.default_rng([seed, i])
            observed = rng.random((length, FEATURES)) < 0.7
            values = rng.normal(size=(length, FEATURES)) * observed
            x[i, :length] = np.concatenate([values, observed, 2 * rng.random((length, FEATURES))], axis=1)
        return [x, np.arange(width)[None] < np.array(lengths)[:, None]]

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        one_hot = np.eye(FEATURES, dtype=np.float32)[values]
        x = np.concatenate([one_hot, np.ones_like(one_hot), np.ones_like(one_hot)], axis=-1)
        return Problem([x, np.ones(values.shape, bool)], values[:, 2], float(np.log(CLASSES)))
