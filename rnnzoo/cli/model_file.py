"""A saved Keras model that a command exports: what is said of it, and the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    import keras

    from rnnzoo_export.bundle import Bundle

_SUFFIXES = (".keras", ".h5", ".hdf5")
# The rows of --held-out on which each file is compared with the model.
_PROOF_ROWS = 32


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """What is said of a saved model, which a run knows itself.

    Attributes:
        name: What servers call it.
        task: A name in the task table.
        inputs: What a subclassed model takes, each ``NAME:DTYPE:SIZES``.
        input_names: Other names for the inputs, with commas between them; each may be ``OLD=NEW``.
        preprocessing: The file of a preprocessing.
        decoding: The file of a decoding.
        held_out: A file of arrays by input name, with ``targets`` for a smaller file.
    """

    name: str | None = None
    task: str | None = None
    inputs: Sequence[str] | None = None
    input_names: str | None = None
    preprocessing: Path | None = None
    decoding: Path | None = None
    held_out: Path | None = None

    def refuse_for(self, source: Path) -> None:
        """Raises ``ArgumentError`` if anything is said of a run or a bundle, which know it themselves."""
        for field in fields(self):
            if getattr(self, field.name):
                option = "input" if field.name == "inputs" else field.name.replace("_", "-")
                raise ArgumentError(
                    f"--{option}: received it with {source}, which is no .keras file; expected it with a saved model "
                    "only. Leave it out."
                )


def is_model_file(source: Path) -> bool:
    """Whether a path names a saved model, or a file at all: runs and bundles are directories."""
    return source.suffix.lower() in _SUFFIXES or source.is_file()


def export_model_file(
    source: Path,
    out: Path,
    *,
    said: ModelFile,
    also: Sequence[str] = (),
    quantize: str | None = None,
    overwrite: bool = False,
    **accepted: Any,
) -> Bundle:
    """Exports a saved model and returns the bundle."""
    from rnnzoo.decoding import load_decoding
    from rnnzoo.keras_models.loading import load_model
    from rnnzoo.preprocessing import load_preprocessing
    from rnnzoo_export.deployment.bundle_writer import save_bundle

    if "raw" in also and said.preprocessing is None:
        raise ArgumentError(
            f"--raw: received it with {source} alone, which holds no preprocessing; expected --preprocessing with the "
            "preprocessing.json of a run or a bundle. Add it, or leave out --raw."
        )
    if quantize is not None and (said.held_out is None or said.task is None):
        raise ArgumentError(
            f"--quantize: received {quantize} with {source} alone; expected --held-out rows.npz and --task, to score "
            "the smaller file. Add them."
        )
    preprocessing = None if said.preprocessing is None else load_preprocessing(said.preprocessing)
    decoding = None if said.decoding is None else load_decoding(said.decoding)
    rows, data = (
        (None, None) if said.held_out is None else _held_out(said.held_out, scored=quantize is not None)
    )
    model = load_model(source)
    return save_bundle(
        model,
        out,
        preprocessing=preprocessing,
        decoding=decoding,
        task=said.task,
        name=said.name,
        input_signature=_signature(model, said.inputs or ()),
        input_names=_input_names(said.input_names),
        parity_inputs=rows,
        also=[*also, *([quantize] if quantize else [])],
        quantization_data=data,
        overwrite=overwrite,
        **accepted,
    )


def _input_names(text: str | None) -> list[str] | dict[str, str] | None:
    if text is None:
        return None
    entries = [entry.strip() for entry in text.split(",")]
    renamed = [entry.partition("=") for entry in entries]
    if all(sign for _, sign, _ in renamed):
        return {old.strip(): new.strip() for old, _, new in renamed}
    if any(sign for _, sign, _ in renamed):
        raise ArgumentError(
            f"--input-names: received {text!r}; expected all names in order, such as a,b, or new ones by the old, such "
            "as x=a. Use one of the two."
        )
    return entries


def _signature(model: keras.Model, inputs: Sequence[str]) -> Any:
    """Returns what a subclassed model takes; ``None`` for others, which say it themselves."""
    from rnnzoo.keras_models.model_inputs import input_structure
    from rnnzoo_export.network.model_call import needs_arguments

    said = input_structure(model) is not None
    if said and inputs:
        raise ArgumentError(
            f"--input: received {inputs[0]!r}, and model {model.name!r} says itself what it takes; expected none. "
            "Leave it out; --input-names gives other names."
        )
    if said:
        return None
    if not inputs:
        raise ArgumentError(
            f"model {model.name!r}: a subclassed model does not say what it takes; expected --input for each input, in "
            "order: its name, type and sizes without the batch, None for any size. Add e.g. "
            "--input features:float32:None,8"
        )
    described = [_described(text) for text in inputs]
    return tuple(described) if len(described) > 1 or needs_arguments(model) else described[0]


def _described(text: str) -> keras.KerasTensor:
    import keras

    name, _, rest = text.partition(":")
    dtype, _, sizes = rest.partition(":")
    try:
        shape = tuple(
            None if size.strip() == "None" else int(size) for size in sizes.split(",") if size.strip()
        )
        return keras.Input(shape, dtype=dtype, name=name)
    except (ValueError, TypeError) as error:
        raise ArgumentError(
            f"--input: received {text!r}; expected NAME:DTYPE:SIZES, such as features:float32:None,8 or "
            "tokens:int32:None."
        ) from error


def _held_out(path: Path, *, scored: bool) -> tuple[dict[str, Any], list[tuple[Any, ...]] | None]:
    """Returns the first rows to compare on, and all rows with their targets if they are to be scored."""
    import numpy as np

    from rnnzoo.files import existing_file

    file = existing_file(path, "an .npz file of arrays by input name")
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(
            f"{file}: cannot be read as arrays ({error}); expected an .npz file of arrays by input name. Write it with "
            "numpy.savez."
        ) from error
    targets, weights = arrays.pop("targets", None), arrays.pop("weights", None)
    if scored and targets is None:
        raise DataError(
            f"{file}: holds {', '.join(sorted(arrays))}; expected targets beside the inputs, to score the smaller "
            "file. Add them."
        )
    rows = {name: array[:_PROOF_ROWS] for name, array in arrays.items()}
    return rows, [(arrays, targets, weights)] if scored else None
