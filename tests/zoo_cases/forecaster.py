"""``build_forecaster``, ``build_segment_forecaster``: what comes is what the same columns were at the beginning."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES
from rnnzoo.tasks import get_task
from zoo_cases.case import FEATURES, HORIZON, Case, Problem, sequence_batch, symbol_inputs, symbols

TARGETS = 2
#: What models that read no other length take.
WINDOW = 6


class ForecasterCase(Case):
    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        window = {"window": WINDOW} if "window" in spec.arguments else {}
        return {
            "units": (6,) * len(spec.arguments["units"]),
            "num_features": FEATURES,
            "horizon": HORIZON,
            "num_targets": TARGETS,
            **window,
        }

    def training_arguments(self, spec: ModelSpec) -> dict[str, Any]:
        arguments = super().training_arguments(spec)
        if spec.arguments.get("decoder") == "recurrent":  # one state holds all that comes
            arguments["units"] = (32,) * len(spec.arguments["units"])
        return arguments

    def takes_mask(self, spec: ModelSpec) -> bool:
        return False

    def looks_ahead(self, spec: ModelSpec) -> str:
        if "window" in spec.arguments:
            return ""  # refused for its fixed window
        if spec.arguments.get("decoder") == "recurrent":
            return "starts from a state that the model computes"
        return "WindowNormalization" if spec.arguments.get("normalization") else super().looks_ahead(spec)

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        numbers = {"quantile_forecasting": (len(DEFAULT_QUANTILES),), "gaussian_forecasting": (2,)}
        return (rows, HORIZON, TARGETS, *numbers.get(spec.task, ()))

    def needs_recurrence(self, spec: ModelSpec) -> bool:
        return not spec.arguments.get("linear")  # the linear map remembers the whole window

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        if "window" in spec.arguments:
            lengths, width = [WINDOW] * len(lengths), WINDOW
        return sequence_batch(spec, lengths, width, seed, masked=False)

    def problem(self, spec: ModelSpec) -> Problem:
        values = symbols()
        inputs = symbol_inputs(spec, values, masked=False)
        targets = inputs[0][:, :HORIZON, :TARGETS]
        return Problem(inputs, targets, _chance(spec.task, targets))


class SegmentForecasterCase(ForecasterCase):
    def passes(self, spec: ModelSpec) -> int:
        return 2  # over the segments of the window, and over those ahead


def _chance(task: str, targets: np.ndarray) -> float:
    """The loss of the best constant."""
    best: dict[str, Any] = {
        "forecasting": np.median(targets),
        "quantile_forecasting": np.quantile(targets, DEFAULT_QUANTILES),
        "gaussian_forecasting": np.array([targets.mean(), targets.std()]),
    }
    answer = np.broadcast_to(best[task], (*targets.shape, *np.shape(best[task]))).astype(np.float32)
    return float(get_task(task).loss()(targets, answer))
