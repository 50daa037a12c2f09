"""Opens exported files to prove or to score them. The server opens its own, with settings of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from rnnzoo.errors import ExportError, one_line

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


def load_signature(directory: Path, key: str = DEFAULT_KEY) -> tf.types.experimental.ConcreteFunction:
    """Loads a signature function of a SavedModel; it takes tensors by name."""
    import tensorflow as tf  # files are opened where nothing else needs it

    loaded = tf.saved_model.load(str(directory))
    function = loaded.signatures[key]
    # The function does not keep the variables alive itself.
    function._rnnzoo_owner = loaded
    return function
