"""Reading a model that was saved."""

from __future__ import annotations

import os

import keras

# Importing a layer registers it with Keras, which can read it only then.
import rnnzoo.cells.gru_d
import rnnzoo.cells.ind_rnn
import rnnzoo.cells.layer_norm_lstm
import rnnzoo.cells.min_gru
import rnnzoo.cells.min_lstm
import rnnzoo.cells.mlstm
import rnnzoo.cells.recurrence
import rnnzoo.cells.rg_lru
import rnnzoo.cells.slstm
import rnnzoo.cells.sru
import rnnzoo.cells.zoneout
import rnnzoo.layers.activation_penalty
import rnnzoo.layers.attention
import rnnzoo.layers.blank_padding
import rnnzoo.layers.chain_potentials
import rnnzoo.layers.character_encoder
import rnnzoo.layers.covariates
import rnnzoo.layers.distributions
import rnnzoo.layers.frames
import rnnzoo.layers.highway
import rnnzoo.layers.packing
import rnnzoo.layers.pooling
import rnnzoo.layers.queries
import rnnzoo.layers.self_attention
import rnnzoo.layers.strands
import rnnzoo.layers.subsampling
import rnnzoo.layers.valid_steps
import rnnzoo.layers.weight_drop
import rnnzoo.layers.window_normalization
import rnnzoo.layers.word_embedding  # noqa: F401
from rnnzoo import files
from rnnzoo.errors import DataError, one_line
from rnnzoo.keras_models.saved_classes import own_classes


def load_model(path: str | os.PathLike[str]) -> keras.Model:
    """Reads a model that ``train`` or ``model.save`` has written, layers of rnnzoo included.

    Args:
        path: A ``.keras`` file, such as ``"runs/digits/model.keras"``.

    Returns:
        The model, uncompiled.

    Raises:
        PathNotFoundError: If there is no such file.
        NotRegisteredError: If it has a layer of a class of yours that is not imported.
        DataError: If the file cannot be read.

    Example:
        >>> import tempfile
        >>> from rnnzoo import create_model
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     create_model("series-classifier-gru").save(folder + "/model.keras")
        ...     load_model(folder + "/model.keras").name
        'series-classifier-gru'
    """
    file = files.existing_file(path, "a .keras file")
    classes = own_classes(file)
    try:
        with keras.saving.custom_object_scope(classes):
            model: keras.Model = keras.models.load_model(file, compile=False)
    except Exception as error:  # Keras raises whatever comes: ValueError, KeyError, BadZipFile
        raise DataError(
            f"{file}: cannot be read as a Keras model ({_reason(error)}); expected a .keras file. "
            "Save it again."
        ) from error
    return model


def _reason(error: Exception) -> str:
    """Returns the end of what Keras says in one line: the cause stands behind the configuration of the layer."""
    text = one_line(error)
    return text if len(text) <= 300 else f"{text[:80]} ... {text[-220:]}"
