"""``build_transcriber``: the transcript is the second symbol alone, whatever stands around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, FEATURES, Case, Problem, symbol_inputs, symbols


class TranscriberCase(Case):
    answers_each_step = True

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return {
            "units": (6,) * len(spec.arguments["units"]),
            "num_features": FEATURES,
            "vocabulary_size": CLASSES + 1,
        }

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, CLASSES + 1)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        targets = (values[:, 1:2] + 1).astype(np.int32)
        # What it costs to know all but which of the symbols it is, which is less than can be known without memory.
        return Problem(symbol_inputs(spec, values, masked=True), targets, float(np.log(CLASSES)))
