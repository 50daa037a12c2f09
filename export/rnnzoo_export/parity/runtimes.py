"""Opens exported files to prove or to score them. The server opens its own, with settings of its own."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime

from rnnzoo import checks, files
from rnnzoo.errors import ArgumentError, ExportError, one_line
from rnnzoo_export.bundle import PARITY_FILE
from rnnzoo_export.parity.other_runtimes import Run, open_in_reference
from rnnzoo_export.parity.runtime_process import RuntimeProcess
from rnnzoo_export.reports import TOLERANCE

if TYPE_CHECKING:
    import tensorflow as tf

#: What an ONNX file can be compared in.
RUNTIMES = ("onnxruntime", "openvino", "reference")

DEFAULT_KEY = "serving_default"
ARRAYS_KEY = "arrays"


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
    # Threads that wait in a loop would take the processor from the model, which answers in turn with the file.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        raise ExportError(
            f"{name}: onnxruntime {onnxruntime.__version__} cannot load it ({one_line(error, 300)}). {fix}"
        ) from error


def stated_tolerance(path: Path) -> float:
    """Returns the tolerance that a file was exported with: by its metadata, or the report of the bundle around it."""
    if path.is_dir():
        report = path.parent.parent / PARITY_FILE
        if not report.is_file():
            return TOLERANCE
        parts = files.read_json(report, "a parity report")
        stated = parts.get("/".join(path.parts[-2:]), {}).get("tolerance", TOLERANCE)
    else:
        session = open_session(path, name=str(path), fix="Export the model again.")
        stated = session.get_modelmeta().custom_metadata_map.get("tolerance", TOLERANCE)
    return float(stated)


def check_runtime(runtime: object) -> str:
    """Returns the name of a runtime that is installed, or raises ``ArgumentError``."""
    name = checks.choice("runtime", runtime, RUNTIMES)
    if name == "openvino" and importlib.util.find_spec("openvino") is None:
        raise ArgumentError("runtime: received 'openvino', which is not installed. Run: pip install openvino")
    return name


def runtime_version(runtime: str) -> str:
    """Returns the version of a runtime, such as ``"OpenVINO 2026.4.1"``."""
    if runtime == "openvino":
        import openvino

        return f"OpenVINO {openvino.__version__.partition('-')[0]}"
    if runtime == "reference":
        return f"onnx's reference evaluator {onnx.__version__}"
    return f"onnxruntime {onnxruntime.__version__}"


def open_run(path: Path, runtime: str, *, name: str, fix: str) -> Run:
    """Opens a file in a runtime, which computes in float32; OpenVINO in a process of its own, which a file may end.

    Args:
        path: The file.
        runtime: One of ``RUNTIMES``, installed.
        name: What messages call the file.
        fix: What to do where it cannot be loaded.

    Raises:
        ExportError: If the runtime cannot load it.
    """
    if runtime == "onnxruntime":
        session = open_session(path, name=name, fix=fix)
        return functools.partial(_run, lambda arrays: list(session.run(None, arrays)), name, runtime, fix)
    try:
        run = open_in_reference(path) if runtime == "reference" else RuntimeProcess(path, runtime)
        return functools.partial(_run, run, name, runtime, fix)
    except Exception as error:  # their exceptions have no common base but this
        raise ExportError(
            f"{name}: {runtime_version(runtime)} cannot load it ({one_line(error, 300)}). {fix}"
        ) from error


def _run(run: Run, name: str, runtime: str, fix: str, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Runs a file, or raises ``ExportError``."""
    try:
        return run(dict(arrays))
    except Exception as error:  # as above
        raise ExportError(
            f"{name}: {runtime_version(runtime)} cannot run it ({one_line(error, 300)}). {fix}"
        ) from error


def load_signature(directory: Path, key: str = DEFAULT_KEY) -> tf.types.experimental.ConcreteFunction:
    """Loads a signature function of a SavedModel; it takes tensors by name."""
    import tensorflow as tf  # files are opened where nothing else needs it

    loaded = tf.saved_model.load(str(directory))
    function = loaded.signatures[key]
    # The function does not keep the variables alive itself.
    function._rnnzoo_owner = loaded
    return function
