"""Truth of ``rnnzoo.data.augmentation.dna_noise``."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from augmented_data import SEEDS, rng
from rnnzoo.data.augmentation.dna_noise import PointMutation, ReverseComplement
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo.preprocessing.dna import AMBIGUITY


@given(st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn", min_size=1, max_size=30))
def test_the_other_strand_is_the_true_one(sequence: str) -> None:
    other = ReverseComplement(rate=1.0).apply(sequence, rng())
    here, there = DNAPreprocessing().encode([sequence, other])
    np.testing.assert_array_equal(there, here[::-1, ::-1])
    assert ReverseComplement(rate=1.0).apply(other, rng()) == sequence


@given(st.text("".join(AMBIGUITY) + "".join(AMBIGUITY).lower(), max_size=40), SEEDS)
def test_bases_mutate_to_other_bases_and_ambiguous_letters_stay(sequence: str, seed: int) -> None:
    mutated = PointMutation(rate=1.0).apply(sequence, rng(seed))
    for letter, other in zip(sequence, mutated, strict=True):
        base = "T" if letter in "Uu" else letter.upper()
        if base in "ACGT":
            assert other.upper() in set("ACGT") - {base}
            assert other.islower() == letter.islower()
        else:
            assert other == letter
