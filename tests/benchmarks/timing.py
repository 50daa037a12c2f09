"""Timing of calls side by side; needs nothing but NumPy and onnxruntime, so that peers' environments have it too."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def session(path: Path) -> onnxruntime.InferenceSession:
    """Opens a file for one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def medians(calls: dict[str, Callable[[], Any]], *, calls_each: int = 40) -> dict[str, float]:
    """Seconds of each call.

    They take turns, so that what else the machine does hits all alike, in an order that is drawn anew each time, for
    each leaves the caches to the next.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    rng = np.random.default_rng(0)
    for number in range(calls_each + 3):
        for name in rng.permutation(list(calls)):
            started = time.perf_counter()
            calls[name]()
            if number >= 3:
                seconds[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in seconds.items()}
