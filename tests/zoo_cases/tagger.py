"""``build_tagger``: the tag is the symbol of the step before."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, Case, Problem, symbol_inputs, symbols
from zoo_cases.classifier import small_sequence_arguments


class TaggerCase(Case):
    answers_each_step = True

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return small_sequence_arguments(spec)

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, CLASSES)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        tags = np.concatenate([values[:, :1], values[:, :-1]], axis=1)
        return Problem(symbol_inputs(spec, values, masked=True), tags, float(np.log(CLASSES)))
