"""``build_dna_classifier``: the class is a base in the middle."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, Problem, symbols
from zoo_cases.classifier import ClassifierCase

_BASES = 4


class DnaCase(ClassifierCase):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        arguments: dict[str, Any] = {"units": (6,), "num_classes": CLASSES, "variable_length": True}
        if "filters" in spec.arguments:
            arguments |= {"filters": (6,), "kernel_size": 3}
        return arguments

    def looks_ahead(self, spec: ModelSpec) -> str:
        return "PackSteps" if "filters" in spec.arguments else super().looks_ahead(spec)

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        x = np.zeros((len(lengths), width, _BASES), np.float32)
        for i, length in enumerate(lengths):
            bases = np.random.default_rng([seed, i]).integers(0, _BASES, length)
            x[i, :length] = np.eye(_BASES, dtype=np.float32)[bases]
        return [x, np.arange(width)[None] < np.array(lengths)[:, None]]

    def problem(self, spec: ModelSpec) -> Problem:
        # Long enough that no convolution reaches from an end to the middle.
        values = symbols(steps=9)
        x = np.eye(_BASES, dtype=np.float32)[values]
        return Problem([x, np.ones(values.shape, bool)], values[:, 4], float(np.log(CLASSES)))
