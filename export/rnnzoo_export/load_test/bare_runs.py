"""The same rows through onnxruntime alone: what a server adds to it."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_export.load_test.questions import Question


class BareRuns:
    """A session of one thread that runs the inputs of a question, one run after the other.

    Args:
        bundle: The folder of the bundle that the server serves.
        question: What the server is asked.

    Raises:
        ArgumentError: If the question's inputs are not known.
        BundleError: If the bundle is damaged.
        RequestError: If its model does not take them.
    """

    def __init__(self, bundle: Path, question: Question) -> None:
        self._predictor = OnnxPredictor(bundle)
        if question.inputs is not None:
            self._inputs = self._predictor.check(question.inputs)
        elif question.raw is not None:
            encoded = self._predictor.encode(list(question.raw))
            self._inputs = self._predictor.check(self._predictor.collate(encoded))
        else:
            raise ArgumentError(
                "--bundle: received with a --body of tensors; expected inputs that are made here, or --predict. Leave "
                "one of them out."
            )
        self._seconds: list[float] = []
        self._predictor.execute(self._inputs)

    def run(self, seconds: float) -> float:
        """Runs for so many seconds, at least once, and returns runs a second."""
        began = now = time.perf_counter()
        count = 0
        while now - began < seconds or not count:
            self._predictor.execute(self._inputs)
            before, now = now, time.perf_counter()
            self._seconds.append(now - before)
            count += 1
        return count / (now - began)

    def facts(self, ratios: list[float]) -> dict[str, Any]:
        """Returns the times of runs, and answers a second as a share of runs a second: the median of the rounds."""
        times = 1e3 * np.array(self._seconds)
        return {
            "runs_per_second": round(len(times) / float(times.sum() / 1e3), 1),
            "p50_ms": round(float(np.median(times)), 3),
            "ratio": round(statistics.median(ratios), 3),
            "ratios": [round(ratio, 3) for ratio in ratios],
        }
