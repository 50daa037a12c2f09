"""Truth of ``rnnzoo.data.augmentation.substitutions``."""

from __future__ import annotations

from augmented_data import rng
from rnnzoo.data.augmentation.substitutions import Synonyms


def test_synonyms_keep_capitals_and_punctuation() -> None:
    synonyms = Synonyms(table={"film": ["moving picture"], "Bonn": ["Berlin"]}, rate=1.0)
    assert synonyms.apply("Film? (film) films Bonn bonn", rng()) == (
        "Moving picture? (moving picture) films Berlin bonn"
    )
