"""Noise in DNA sequences: the other strand, and point mutations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from rnnzoo.data.augmentation.base import Augmentation, check_rate
from rnnzoo.preprocessing.dna import BASES, reverse_complement


@dataclass(frozen=True, kw_only=True)
class ReverseComplement(Augmentation):
    """Reads a sequence on its other strand; ambiguous letters of IUPAC are complemented too, case is kept.

    Only for targets that do not depend on the strand, such as what binds to both. Splice sites, promoters and coding
    regions have a direction: their reverse complement is something else, and this makes training rows false. A model
    that is to read both strands and knows it by itself is ``build_dna_classifier(strands="both")``.

    Attributes:
        rate: Probability of a row to be read on its other strand; 0.5, for neither strand comes first.

    Example:
        >>> ReverseComplement(rate=1.0).apply("AACGRn", np.random.default_rng(0))
        'nYCGTT'

    Reference:
        Cao & Zhang 2019, Simple Tricks of Convolutional Neural Network Architectures Improve DNA-Protein Binding
        Prediction, Bioinformatics 35.
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    rate: float = 0.5

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def apply(self, row: str, rng: np.random.Generator) -> str:
        """Returns the sequence or its reverse complement."""
        return reverse_complement(row) if rng.random() < self.rate else row


@dataclass(frozen=True, kw_only=True)
class PointMutation(Augmentation):
    """Replaces single bases by one of the three others; letters that stand for several bases stay.

    Attributes:
        rate: Probability of each base to mutate. 0.05 is the share with which EvoAug trains; a motif that must not
            change at all, such as the GT of a splice site, asks for less.

    Example:
        >>> PointMutation(rate=0.5).apply("AAAAAANN", np.random.default_rng(0))
        'AGGGAANN'

    Reference:
        Lee 2023, EvoAug: Improving Generalization and Interpretability of Genomic Deep Neural Networks with
        Evolution-inspired Data Augmentations, Genome Biology 24.
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    rate: float = 0.05

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def apply(self, row: str, rng: np.random.Generator) -> str:
        """Returns the sequence with some other bases."""
        letters = list(row)
        for place in np.flatnonzero(rng.random(len(letters)) < self.rate):
            letters[place] = _mutated(letters[place], rng)
        return "".join(letters)


def _mutated(letter: str, rng: np.random.Generator) -> str:
    base = "T" if letter in "Uu" else letter.upper()
    if base not in BASES:
        return letter
    other = BASES.replace(base, "")[rng.integers(3)]
    return other.lower() if letter.islower() else other
