"""How long an ONNX file takes to answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

_CALLS = 50
_WARM_UP = 5


def measure_latency(path: Path, inputs: Mapping[str, np.ndarray], *, calls: int = _CALLS) -> float:
    """Returns the median milliseconds of a call with these inputs, on one thread.

    Args:
        path: The ONNX file.
        inputs: Its inputs by name.
        calls: How many calls are timed, after a few that are not.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    seconds = []
    for number in range(_WARM_UP + calls):
        started = time.perf_counter()
        session.run(None, dict(inputs))
        if number >= _WARM_UP:
            seconds.append(time.perf_counter() - started)
    return 1000.0 * float(np.median(seconds))
