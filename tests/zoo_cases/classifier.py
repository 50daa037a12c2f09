"""``build_classifier``: the class is a symbol in the middle, far from both ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import (
    CLASSES,
    FEATURES,
    VOCABULARY,
    Case,
    Problem,
    reads_tokens,
    symbol_inputs,
    symbols,
)


class ClassifierCase(Case):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return small_sequence_arguments(spec)

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, CLASSES)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        return Problem(symbol_inputs(spec, values, masked=True), values[:, 2], float(np.log(CLASSES)))


def small_sequence_arguments(spec: ModelSpec) -> dict[str, Any]:
    """Small sizes for models of ids or of features with a mask."""
    arguments: dict[str, Any] = {
        "units": (6,) * len(spec.arguments["units"]),
        "num_classes": CLASSES,
    }
    if reads_tokens(spec):
        return arguments | {"vocabulary_size": VOCABULARY, "embedding_size": 5}
    return arguments | {"num_features": FEATURES, "variable_length": True}
