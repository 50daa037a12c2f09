"""Opens ONNX files in runtimes other than onnxruntime; they compute in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np

# Before them, OpenVINO says where in its own source, and in which of its nodes, what it says now was found.
_MARKS = ("CALLBACK HAS THROWN:", "Summary:")

#: Answers arrays by input name with the outputs, in the file's order.
Run: TypeAlias = Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]


def open_in_openvino(path: Path) -> Run:
    """Opens a file on the CPU."""
    import openvino

    # By itself it computes in bfloat16 on processors that have it.
    settings = {"EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_PRECISION_HINT": "f32"}
    try:
        compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    except RuntimeError as error:
        said = str(error)
        for mark in _MARKS:
            said = said.rpartition(mark)[2]
        raise RuntimeError(said) from error

    def run(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        found = compiled(arrays)
        return [found[place].copy() for place in range(len(compiled.outputs))]

    return run


def open_in_reference(path: Path) -> Run:
    """Opens a file in onnx's reference evaluator."""
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(str(path))

    def run(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        # Its sigmoid computes exp(-x), whose overflow leaves the answer right.
        with np.errstate(over="ignore"):
            return list(evaluator.run(None, arrays))

    return run


#: How a file is opened in each.
OPENED: dict[str, Callable[[Path], Run]] = {"openvino": open_in_openvino, "reference": open_in_reference}
