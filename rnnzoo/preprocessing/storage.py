"""Preprocessing as a JSON file."""

from __future__ import annotations

import os
from typing import Any

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import read_json, write_json
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.character_text import CharacterTextPreprocessing
from rnnzoo.preprocessing.characters import CharacterPreprocessing
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing
from rnnzoo.preprocessing.pairs import PairPreprocessing
from rnnzoo.preprocessing.subwords import SubwordPreprocessing
from rnnzoo.preprocessing.text import TextPreprocessing
from rnnzoo.preprocessing.tokens import TokenPreprocessing
from rnnzoo.preprocessing.windows import WindowPreprocessing
from rnnzoo.preprocessing.words import WordPreprocessing

FORMAT_VERSION = 1
KINDS: dict[str, type[Preprocessing]] = {
    kind.kind: kind
    for kind in (
        TextPreprocessing,
        TokenPreprocessing,
        CharacterPreprocessing,
        FeaturePreprocessing,
        WindowPreprocessing,
        LogMelPreprocessing,
        IrregularPreprocessing,
        CharacterTextPreprocessing,
        WordPreprocessing,
        SubwordPreprocessing,
        PairPreprocessing,
        DNAPreprocessing,
        FramePreprocessing,
    )
}


def check_storable(preprocessing: object) -> None:
    """Raises ``ArgumentError`` if a preprocessing, once saved, could not be loaded as what it is."""
    kind = getattr(preprocessing, "kind", None)
    if KINDS.get(str(kind)) is not type(preprocessing):
        raise ArgumentError(
            f"preprocessing: received {type(preprocessing).__name__} of the kind {kind!r}, which could not be loaded "
            f"again; expected one of rnnzoo's own, of the kinds {', '.join(KINDS)}. Leave it out, and give the model "
            "the arrays that it makes."
        )


def save_preprocessing(preprocessing: Preprocessing, path: str | os.PathLike[str]) -> None:
    """Writes a preprocessing to a JSON file."""
    header = {"format_version": FORMAT_VERSION, "kind": preprocessing.kind}
    write_json(path, {**header, "config": preprocessing.to_config()})


def load_preprocessing(path: str | os.PathLike[str]) -> Preprocessing:
    """Reads a preprocessing.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is damaged, or of a newer format.
    """
    stored: Any = read_json(path, "a stored preprocessing")
    version = stored.get("format_version") if isinstance(stored, dict) else None
    if version != FORMAT_VERSION or stored.get("kind") not in KINDS:
        raise DataError(
            f"{path}: received format version {version!r}; expected {FORMAT_VERSION} and one of the kinds "
            f"{', '.join(KINDS)}. Use the version of rnnzoo that wrote it."
        )
    try:
        return KINDS[stored["kind"]].from_config(stored["config"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: damaged ({error}); expected a stored preprocessing. Write it again."
        ) from error
