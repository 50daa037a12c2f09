"""``build_forecaster``: what comes is what was at the window's beginning."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, FEATURES, HORIZON, Case, Problem, symbol_inputs, symbols


class ForecasterCase(Case):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return {
            "units": (6,) * len(spec.arguments["units"]),
            "num_features": FEATURES,
            "horizon": HORIZON,
            "num_targets": 2,
        }

    def takes_mask(self, spec: ModelSpec) -> bool:
        return False

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, HORIZON, 2)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        first = values[:, :HORIZON]
        targets = np.stack([first, CLASSES - 1 - first], axis=-1).astype(np.float32)
        chance = float(np.abs(targets - np.median(targets)).mean())
        return Problem(symbol_inputs(spec, values, masked=False), targets, chance)
