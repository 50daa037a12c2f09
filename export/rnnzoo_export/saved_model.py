"""Keras to SavedModel: portable, with a named signature, proved equal before the directory appears."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import files
from rnnzoo_export.exportable import Exportable
from rnnzoo_export.parity import ParityReport, check_saved_model

SIGNATURE_KEY = "serving_default"


def export_saved_model(
    model: keras.Model,
    directory: str | os.PathLike[str],
    *,
    input_signature: Any = None,
    parity_inputs: Mapping[str, np.ndarray] | None = None,
    overwrite: bool = False,
) -> ParityReport:
    """Exports a Keras model as a SavedModel that loads on machines without a GPU too.

    Its signature ``serving_default`` has the model's inputs and outputs by name, with batch and time free where
    the model leaves them free. It holds no cuDNN operation.

    Args:
        model: A functional, sequential or built subclassed model.
        directory: The directory to make.
        input_signature: What a subclassed model takes: see ``Exportable``.
        parity_inputs: Inputs by name on which it must agree with the model, beside random ones.
        overwrite: Whether an existing directory is replaced.

    Returns:
        The measured agreement with the Keras model.

    Raises:
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        UnsupportedLayerError: If a layer cannot be exported.
        ParityError: If it does not answer as the model does; nothing is written then.

    Reference:
        https://www.tensorflow.org/guide/saved_model
    """
    files.refuse_existing(directory, overwrite=overwrite)
    exportable = Exportable(model, input_signature=input_signature)
    with files.new_directory(directory, overwrite=overwrite) as temporary:
        return write_saved_model(exportable, temporary, parity_inputs=parity_inputs, name=str(directory))


def write_saved_model(
    exportable: Exportable, directory: Path, *, parity_inputs: Mapping[str, np.ndarray] | None, name: str
) -> ParityReport:
    """Writes and proves; the work under ``export_saved_model`` and ``save_bundle``."""
    archive = keras.export.ExportArchive()
    archive.track(exportable.model)
    with exportable.portable(), exportable.tracing():
        archive.add_endpoint(SIGNATURE_KEY, exportable.__call__, input_signature=exportable.tensor_specs)
        archive.write_out(str(directory), verbose=False)
    return check_saved_model(exportable, directory, inputs=parity_inputs, name=name)


def load_signature(directory: Path) -> Any:
    """Loads the signature function of a SavedModel; it takes tensors by name."""
    loaded = tf.saved_model.load(str(directory))
    function = loaded.signatures[SIGNATURE_KEY]
    # The function does not keep the variables alive itself.
    function._rnnzoo_owner = loaded
    return function
