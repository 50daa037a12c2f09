"""Reading a model that was saved."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import h5py
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
from rnnzoo.keras_models.model_layers import all_layers
from rnnzoo.keras_models.saved_classes import own_classes, refuse_missing_functions

_OLDER = (".h5", ".hdf5")


def load_model(path: str | os.PathLike[str]) -> keras.Model:
    """Reads a model that ``train`` or ``model.save`` has written, layers of rnnzoo included.

    Args:
        path: A ``.keras`` file, such as ``"runs/digits/model.keras"``, or a whole model of an older Keras in an ``.h5``
            file.

    Returns:
        The model, uncompiled.

    Raises:
        PathNotFoundError: If there is no such file.
        NotRegisteredError: If it has a layer of a class of yours, or a function, that is not imported.
        DataError: If the file cannot be read, or holds code of a ``Lambda`` layer, which Keras loads only if asked to.

    Example:
        >>> import tempfile
        >>> from rnnzoo import create_model
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     create_model("series-classifier-gru").save(folder + "/model.keras")
        ...     load_model(folder + "/model.keras").name
        'series-classifier-gru'
    """
    file = files.existing_file(path, "a .keras file")
    _refuse_other_files(file)
    classes = own_classes(file)
    try:
        with keras.saving.custom_object_scope(classes):
            model: keras.Model = keras.models.load_model(file, compile=False)
    except Exception as error:  # Keras raises whatever comes: ValueError, KeyError, BadZipFile
        if "Lambda" in str(error) and "safe_mode" in str(error):
            raise DataError(
                f"{file}: has a Lambda layer, whose Python code Keras does not load from a file; expected layers that "
                "are classes. If you trust the file, call keras.config.enable_unsafe_deserialization() first: in a "
                "shell in a module that --import names."
            ) from error
        refuse_missing_functions(file)
        raise DataError(
            f"{file}: cannot be read as a Keras model ({_reason(error)}); expected a .keras file. "
            "Save it again."
        ) from error
    _refuse_lost_weights(file, model)
    return model


def _refuse_lost_weights(file: Path, model: keras.Model) -> None:
    """Raises ``DataError`` where Keras has left weights in the file: those of layers that loading did not build."""
    unbuilt = [layer.name for layer in all_layers(model) if not layer.built]
    if not unbuilt or file.suffix.lower() in _OLDER:
        return
    found = 0
    with (
        zipfile.ZipFile(file) as archive,
        archive.open("model.weights.h5") as weights,
        h5py.File(weights) as saved,
    ):
        for part, group in saved.items():
            if part != "optimizer":
                found += sum("vars/" in name for name in _names_in(group, part))
    if found > len(model.variables):
        raise DataError(
            f"{file}: holds {found} weights, of which {len(model.variables)} were read: Keras did not build "
            f"{', '.join(map(repr, unbuilt[:3]))}; expected a model whose layers are built by its build(). In Python, "
            f"make the model, call it on a batch, read them with model.load_weights({str(file)!r}), and pass the model."
        )


def _names_in(group: h5py.Group, part: str) -> list[str]:
    """Returns the names of all arrays in a group."""
    names: list[str] = []
    group.visititems(
        lambda name, item: names.append(f"{part}/{name}") if isinstance(item, h5py.Dataset) else None
    )
    return names


def _refuse_other_files(file: Path) -> None:
    """Raises ``DataError`` for a file that holds no whole model, of which Keras says other things."""
    suffix, how = file.suffix.lower(), "Save the model with model.save('model.keras')."
    if file.name.endswith(".weights.h5"):
        raise DataError(
            f"{file}: holds the weights of a model alone; expected a .keras file. Build the model, read them with "
            "load_weights, and save it with model.save('model.keras')."
        )
    if suffix not in (".keras", *_OLDER):
        raise DataError(f"{file}: received a file of another kind; expected a .keras file. {how}")
    if suffix == ".keras":
        whole = zipfile.is_zipfile(file)
        if whole:
            with zipfile.ZipFile(file) as archive:
                whole = "config.json" in archive.namelist()
        if not whole:
            raise DataError(
                f"{file}: is no Keras model, or a part of one; expected a whole .keras file. {how}"
            )


def as_model(model: keras.Model | str | os.PathLike[str]) -> keras.Model:
    """Returns a model that is given as itself or as the file that holds it: see ``load_model``."""
    return load_model(model) if files.is_path(model) else model


def _reason(error: Exception) -> str:
    """Returns the end of what Keras says in one line: the cause stands behind the configuration of the layer."""
    text = one_line(error)
    return text if len(text) <= 300 else f"{text[:80]} ... {text[-220:]}"
