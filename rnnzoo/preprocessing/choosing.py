"""Which preprocessing raw rows need: told by the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing, Rows
from rnnzoo.preprocessing.characters import CharacterPreprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing, is_irregular
from rnnzoo.preprocessing.text import TextPreprocessing
from rnnzoo.preprocessing.tokens import TokenPreprocessing
from rnnzoo.value_objects import checked_fields

_Chosen = TextPreprocessing | IrregularPreprocessing | FramePreprocessing | FeaturePreprocessing

_VIDEO_AXES = 4  # time, height, width, channels


@checked_fields
@dataclass(frozen=True)
class WordOptions:
    """How much of texts is read.

    Attributes:
        max_tokens: Size of the vocabulary at most, padding and unknown included.
        max_length: Words per row at most, longer rows being cut; ``None`` for no limit.
        characters: Whether words come with their characters, for taggers that read those too.
    """

    max_tokens: int = MAX_TOKENS
    max_length: int | None = None
    characters: bool = False


def choose_preprocessing(
    parts: Mapping[str, Rows],
    *,
    example: Any = None,
    task: str = "classification",
    per_step: bool = False,
    words: WordOptions | None = None,
) -> Preprocessing:
    """Chooses a preprocessing by what a row is, and fits it on the training rows.

    Texts are split into words at white space without punctuation; lists of words, and texts whose words have a target
    each, keep every word. Mappings of ``"times"`` and ``"values"`` are irregular series, arrays of four axes videos,
    and all else series of numbers.

    Args:
        parts: Raw rows by part, ``"train"`` among them. All parts say whether lengths vary.
        example: A row that tells what all are; ``None`` for the first training row that holds something.
        task: What messages call the task.
        per_step: Whether every step has a target, so that each word must keep its place.
        words: How much of texts and words is read; ``None`` for the defaults.

    Raises:
        ArgumentError: If ``characters`` is asked for where words have no targets.
        DataError: If a row cannot be read; the message names it.

    Example:
        >>> choose_preprocessing({"train": ["a film", "b film"]}).model_arguments
        {'vocabulary_size': 5}
        >>> choose_preprocessing({"train": np.ones((2, 5, 3))}).model_arguments
        {'num_features': 3, 'variable_length': False}
    """
    rows = parts["train"]
    example = find_example(rows) if example is None else example
    words = words or WordOptions()
    characters = checks.flag("characters", words.characters)
    kind = _choose(example, task=task, per_step=per_step, characters=characters)
    if issubclass(kind, TextPreprocessing):
        return kind.fit(rows, max_tokens=words.max_tokens, max_length=words.max_length)
    if issubclass(kind, IrregularPreprocessing):
        return kind.fit(rows)
    # Whether lengths differ decides the model's inputs, so all parts have a say; statistics stay with the training.
    # What has no length is refused with its row when it is read.
    lengths = {len(row) for part in parts.values() for row in part if hasattr(row, "__len__")}
    return kind.fit(rows, variable_length=len(lengths) > 1)


def find_example(rows: Rows) -> Any:
    """Returns the first row that is not missing or empty: it says what kind of rows there are."""
    tells = (row for row in rows if row is not None and not (hasattr(row, "__len__") and len(row) == 0))
    return next(tells, rows[0])


def _choose(example: Any, *, task: str, per_step: bool, characters: bool) -> type[_Chosen]:
    is_text = isinstance(example, str)
    is_words = isinstance(example, list | tuple) and bool(example) and isinstance(example[0], str)
    if characters:
        if not per_step or not (is_text or is_words):
            raise ArgumentError(
                f"characters: received True for task {task!r} and rows of {type(example).__name__}; expected tagging "
                "of lists of words. Leave it out."
            )
        return CharacterPreprocessing
    if is_text and not per_step:
        return TextPreprocessing
    if is_text or is_words:
        return TokenPreprocessing
    if is_irregular(example):
        return IrregularPreprocessing
    return FramePreprocessing if np.ndim(example) == _VIDEO_AXES else FeaturePreprocessing
