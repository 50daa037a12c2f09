"""Opening an ONNX file in onnxruntime, to prove or to score it. The server opens its own, with settings of its own."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from rnnzoo.errors import ExportError


def open_session(path: Path, *, name: str, fix: str) -> onnxruntime.InferenceSession:
    """Opens a file on the CPU.

    Args:
        path: The file.
        name: What messages call it.
        fix: What to do where it cannot be loaded.

    Raises:
        ExportError: If onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        reason = " ".join(str(error).split())[:300]
        raise ExportError(
            f"{name}: onnxruntime {onnxruntime.__version__} cannot load it ({reason}). {fix}"
        ) from error
