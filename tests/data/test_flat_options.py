"""Truth of ``rnnzoo.data.flat_options``: keywords that stand for value objects, and what is said of wrong ones."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import numpy as np
import pytest

from rnnzoo import (
    Columns,
    Parts,
    Splits,
    Windows,
    audio_splits,
    read_series,
    read_table,
    read_texts,
    running_text_splits,
)
from rnnzoo.data.readers.audio import AudioOptions
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.running_text import RunningTextOptions
from rnnzoo.data.readers.series import SeriesOptions
from rnnzoo.data.readers.texts import TableFormat, TextOptions
from rnnzoo.data.splits import ArrayOptions
from rnnzoo.data.splitting import Fractions, PartsOptions
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.preprocessing import LogMelPreprocessing
from rnnzoo.preprocessing.choosing import WordOptions

TEXTS, LABELS = ["good film", "bad film"] * 20, ["x", "y"] * 20


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (PartsOptions, (Parts,)),
        (ArrayOptions, (Parts, WordOptions)),
        (TextOptions, (Parts, WordOptions, TableFormat)),
        (SeriesOptions, (Columns, Windows, Fractions, FileFormat)),
        (RunningTextOptions, (Fractions,)),
    ],
)
def test_the_keywords_that_editors_know_are_the_fields(options: Any, values: tuple[Any, ...]) -> None:
    fields = [field.name for value in values for field in dataclasses.fields(value)]
    assert len(fields) == len(set(fields))
    known = set(typing.get_type_hints(options, localns={"Path": None}))
    assert known - {"file_format"} == set(fields)


def test_sound_takes_the_arguments_of_its_features_too() -> None:
    import inspect

    own = inspect.signature(LogMelPreprocessing).parameters.keys() - {"sample_rate", "mean", "scale"}
    assert set(AudioOptions.__annotations__) == set(PartsOptions.__annotations__) | own


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda **o: Splits.from_arrays(TEXTS, LABELS, **o), "argument of Splits.from_arrays"),
        (lambda **o: read_texts("no.csv", text="a", label="b", **o), "argument of read_texts"),
        (lambda **o: read_table("no.csv", text="a", label="b", **o), "argument of read_texts"),
        (lambda **o: read_series("no.csv", target="a", window=1, horizon=1, **o), "argument of read_series"),
        (lambda **o: audio_splits([np.zeros(9)], ["a"], sample_rate=8000, **o), "argument of audio_splits"),
        (lambda **o: running_text_splits("a b", **o), "argument of running_text_splits"),
    ],
)
def test_a_wrong_word_gets_the_nearest(call: Any, message: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        call(test_fracton=0.2)
    assert str(caught.value).startswith(
        f"unknown {message}: received 'test_fracton'; did you mean 'test_fraction'? expected one of "
    )


def test_a_value_and_its_flat_keywords_do_the_same() -> None:
    flat = Splits.from_arrays(TEXTS, LABELS, test_fraction=0.2, seed=3, max_tokens=3)
    whole = Splits.from_arrays(
        TEXTS, LABELS, parts=Parts(test_fraction=0.2, seed=3), words=WordOptions(max_tokens=3)
    )
    assert flat.description == whole.description
    assert flat.model_arguments == whole.model_arguments == {"vocabulary_size": 3, "num_classes": 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"parts": Parts(), "seed": 1},
            r"^seed: received 1 beside parts, which says 0; expected it once\. Leave seed out, or pass "
            r"dataclasses\.replace\(parts, seed=1\)\.$",
        ),
        ({"parts": {"seed": 1}}, r"parts: received \{'seed': 1\}; expected Parts\(validation, test, "),
        (
            {"words": Parts()},
            r"words: received Parts\(.*expected WordOptions\(max_tokens, max_length, characters\)",
        ),
        ({"test_fraction": 0.9}, "test_fraction: received 0.9; expected a finite number .*below 0.85"),
        ({"seed": -1}, "seed: received -1"),
    ],
)
def test_values_that_do_not_go_together(options: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Splits.from_arrays(TEXTS, LABELS, **options)
