"""``build_language_model``: what comes next is the symbol of two steps before."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import VOCABULARY, Case, Problem, symbol_inputs, symbols


class LanguageModelCase(Case):
    answers_each_step = True

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        units = (6,) * len(spec.arguments["units"])
        return {"units": units, "vocabulary_size": VOCABULARY, "embedding_size": 5}

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, VOCABULARY)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        coming = np.concatenate([values[:, :2], values[:, :-2]], axis=1) + 2
        (tokens,) = symbol_inputs(spec, values, masked=False)
        return Problem([tokens], coming, float(np.log(3)))
