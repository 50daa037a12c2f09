"""Truth of ``rnnzoo.data.readers.texts``: texts that are no sentences, and those whose label is a translation."""

# mypy: disable-error-code="arg-type, call-overload, index"

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rnnzoo import read_table, read_texts
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import DNAPreprocessing

PAIRS = pd.DataFrame(
    {"en": [f"dog number {n}" for n in range(40)], "de": [f"Hund Nummer {n}" for n in range(40)]}
)


def test_a_table_of_dna_is_read_by_its_preprocessing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"site": ["ACGTN", "GGCC", "ttaa", "CAT"] * 10, "kind": ["x", "y"] * 20})
    path = tmp_path / "dna.csv"
    frame.to_csv(path, index=False)
    for read in (read_texts, read_table):
        splits = read(path, text="site", label="kind", preprocessing=DNAPreprocessing(), seed=2)
        assert splits.model_arguments == {"num_features": 4, "variable_length": True, "num_classes": 2}
    frame.loc[7, "site"] = "AC-T"
    frame.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"dna\.csv: line 9: received the letter '-'"):
        read_texts(path, text="site", label="kind", preprocessing=DNAPreprocessing())
    for options, message in (
        ({"from_disk": True}, "preprocessing: received DNAPreprocessing with from_disk"),
        ({"max_length": 3}, "words: received .* beside preprocessing"),
    ):
        with pytest.raises(ArgumentError, match=message):
            read_texts(path, text="site", label="kind", preprocessing=DNAPreprocessing(), **options)


def test_a_table_of_two_languages_is_a_translation(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    PAIRS.to_csv(path, index=False, sep="\t")
    splits = read_texts(path, text="en", label="de", task="translation", max_length=9)
    assert splits.task == "translation"
    assert splits.description["rows"] == {"train": 28, "validation": 6, "test": 6}
    assert {"source_vocabulary_size", "target_vocabulary_size"} == set(splits.model_arguments)
    for part in ("train", "validation", "test"):
        rows = splits.rows(part)
        for source, target in zip(rows.raw or (), rows.raw_targets, strict=True):  # type: ignore[attr-defined]
            assert source.split()[-1] == target.split()[-1]
    again = read_texts(PAIRS, text="en", label="de", task="translation", test=PAIRS[:5], seed=1)
    assert again.description["rows"] == {"train": 34, "validation": 6, "test": 5}
    assert again.description["split_seed"] == 1


def test_wrong_pairs_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    PAIRS.assign(en=["" if n == 7 else text for n, text in enumerate(PAIRS["en"])]).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"pairs\.csv: line 9: received an empty text"):
        read_texts(path, text="en", label="de", task="translation")
    PAIRS.assign(de=["" if n == 7 else text for n, text in enumerate(PAIRS["de"])]).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"pairs\.csv: line 9: targets: received an empty text"):
        read_texts(path, text="en", label="de", task="translation")
    with pytest.raises(DataError, match="row 2: received an empty text"):
        read_texts(PAIRS, text="en", label="de", task="translation", test=PAIRS[:3].assign(en=["a", "b", ""]))
    PAIRS.to_csv(path, index=False)
    for options, message in (
        ({"characters": True}, "characters: received it for task 'translation'"),
        ({"preprocessing": DNAPreprocessing()}, "preprocessing: received it for task 'translation'"),
        ({"rare": "drop"}, "rare: received 'drop' for task 'translation'"),
        (
            {"from_disk": True},
            "from_disk: received True for task 'translation', whose tables of texts are read in memory",
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            read_texts(path, text="en", label="de", task="translation", **options)
