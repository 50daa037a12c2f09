"""Opens exported files to prove or to score them. The server opens its own, with settings of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from rnnzoo import files
from rnnzoo.errors import ExportError, one_line
from rnnzoo_export.bundle import PARITY_FILE
from rnnzoo_export.reports import TOLERANCE

if TYPE_CHECKING:
    import tensorflow as tf

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


def load_signature(directory: Path, key: str = DEFAULT_KEY) -> tf.types.experimental.ConcreteFunction:
    """Loads a signature function of a SavedModel; it takes tensors by name."""
    import tensorflow as tf  # files are opened where nothing else needs it

    loaded = tf.saved_model.load(str(directory))
    function = loaded.signatures[key]
    # The function does not keep the variables alive itself.
    function._rnnzoo_owner = loaded
    return function
