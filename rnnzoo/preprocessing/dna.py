"""DNA sequences to shares of the four bases, or to numbers of k-mers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import DataError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty

#: The channels, in order: reversed they are the complements.
BASES = "ACGT"
#: What each letter of IUPAC may stand for.
AMBIGUITY: dict[str, str] = {
    **{base: base for base in BASES},
    "U": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}
_LONGEST_KMER = 8  # 65,536 of them

_COMPLEMENTS = str.maketrans("ACGTURYSWKMBDHVNacgturyswkmbdhvn", "TGCAAYRSWMKVHDBNtgcaayrswmkvhdbn")


def reverse_complement(sequence: str) -> str:
    """Returns the other strand of a sequence, read in its own direction; ambiguous letters are complemented too.

    Example:
        >>> reverse_complement("AACGR")
        'YCGTT'
    """
    return sequence.translate(_COMPLEMENTS)[::-1]


def _letter_table() -> tuple[np.ndarray, np.ndarray]:
    """Returns the shares of bases of each ASCII letter, and which letters are known."""
    shares, known = np.zeros((128, len(BASES)), np.float32), np.zeros(128, bool)
    for letter, bases in AMBIGUITY.items():
        for code in (ord(letter), ord(letter.lower())):
            known[code] = True
            for base in bases:
                shares[code, BASES.index(base)] = 1 / len(bases)
    return shares, known


_SHARES, _KNOWN = _letter_table()


class DNAPreprocessing(Preprocessing):
    """DNA to shares of A, C, G and T at every base, or to numbers of overlapping k-mers.

    An ambiguous letter of IUPAC is shared equally by the bases that it may be: ``R`` is half A, half G. Lower case,
    which marks repeats in genome files, and ``U`` of RNA are read as the same bases. There is nothing to fit.

    Args:
        kmer: ``None`` for shares of bases, the model's ``features`` ``(batch, time, 4)``; else the length of the
            k-mers whose numbers become ``tokens`` ``(batch, time)``: id 0 is padding, id 1 a k-mer with an ambiguous
            letter, ``AA...A`` is 2. A sequence of ``n`` bases has ``n - kmer + 1`` of them.
        variable_length: Whether sequences may differ in length; the model then takes a ``mask`` too. K-mers need none.

    Example:
        >>> DNAPreprocessing(variable_length=False).apply(["AcR"])["features"].tolist()
        [[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]]]
        >>> DNAPreprocessing(kmer=2).apply(["AACN", "AT"])["tokens"].tolist()
        [[2, 3, 1], [5, 0, 0]]

    Reference:
        Cornish-Bowden 1985, Nomenclature for incompletely specified bases (IUPAC-IUB).
    """

    kind: ClassVar[str] = "dna"
    takes: ClassVar[Takes] = "dna"

    def __init__(self, *, kmer: int | None = None, variable_length: bool = True) -> None:
        self.kmer = None
        if kmer is not None:
            self.kmer = checks.integer("kmer", kmer, minimum=1)
            checks.number(
                "kmer", kmer, maximum=_LONGEST_KMER, fix="Longer ones hardly repeat; use the bases."
            )
        self.variable_length = checks.flag("variable_length", variable_length)

    @property
    def vocabulary_size(self) -> int | None:
        """Number of k-mer ids, padding and ambiguous included; ``None`` without k-mers."""
        return None if self.kmer is None else len(BASES) ** self.kmer + 2

    @property
    def vocabulary(self) -> list[str]:
        """The k-mers by id, ``""`` and ``"[UNK]"`` first; empty without k-mers."""
        if self.kmer is None:
            return []
        return ["", "[UNK]", *map("".join, itertools.product(BASES, repeat=self.kmer))]

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns sequences into shares ``(time, 4)`` float32, or into k-mer ids ``(time,)`` int32."""
        codes = [_codes(row, number) for number, row in enumerate(raw)]
        fewest = 1 if self.kmer is None else self.kmer
        rows = [_SHARES[row] if self.kmer is None else self._kmers(row) for row in codes]
        expected = "at least one base" if fewest == 1 else f"at least {fewest} bases, one {fewest}-mer"
        refuse_empty(raw, rows, kind="sequence", expected=expected)
        return rows

    def _kmers(self, codes: np.ndarray) -> np.ndarray:
        assert self.kmer is not None
        count = max(0, len(codes) - self.kmer + 1)
        ids, plain = np.zeros(count, np.int32), np.ones(count, bool)
        for place in range(self.kmer):
            shares = _SHARES[codes[place : place + count]]
            ids = ids * len(BASES) + shares.argmax(axis=-1).astype(np.int32)
            plain &= shares.max(axis=-1) == 1
        return np.where(plain, ids + 2, 1).astype(np.int32)

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads to ``features`` (with ``mask`` where lengths vary), or to ``tokens``."""
        if self.kmer is not None:
            return {"tokens": pad(encoded, dtype=np.int32)}
        lengths = np.array([len(row) for row in encoded], int)
        if self.variable_length:
            features = _padded(encoded)
            return {"features": features, "mask": np.arange(features.shape[1])[None] < lengths[:, None]}
        if len(set(lengths.tolist())) > 1:
            raise DataError(
                f"DNA: received lengths {sorted(set(lengths.tolist()))} in one batch; expected one length. "
                "This model was trained on sequences of one length."
            )
        return {"features": _padded(encoded)}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The k-mers; or the bases, and the mask where lengths vary."""
        if self.kmer is not None:
            return ("tokens",)
        return ("features", "mask") if self.variable_length else ("features",)

    @property
    def words_by_id(self) -> list[str] | None:
        """The k-mers, as ``vocabulary`` has them; ``None`` without k-mers."""
        return self.vocabulary or None

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The number of k-mers, or of bases and whether lengths vary."""
        if self.kmer is not None:
            return {"vocabulary_size": self.vocabulary_size}
        return {"num_features": len(BASES), "variable_length": self.variable_length}

    def to_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {"kmer": self.kmer, "variable_length": self.variable_length}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DNAPreprocessing:
        """Makes it again."""
        return cls(kmer=config["kmer"], variable_length=config["variable_length"])


def _padded(encoded: Sequence[np.ndarray]) -> np.ndarray:
    features = pad(encoded, dtype=np.float32)
    return features if len(encoded) else np.zeros((0, 1, len(BASES)), np.float32)


def _codes(row: Any, number: int) -> np.ndarray:
    if not isinstance(row, str):
        raise RowError(
            number, f"received {type(row).__name__}; expected a DNA sequence such as 'ACGTN'. Pass strings."
        )
    letters = row.strip()
    codes = np.frombuffer(letters.encode("utf-32-le", errors="surrogatepass"), np.uint32)
    known = (codes < len(_KNOWN)) & _KNOWN[np.minimum(codes, len(_KNOWN) - 1)]
    if not known.all():
        place = int((~known).argmax())
        raise RowError(
            number,
            f"received the letter {letters[place]!r} at position {place + 1}; expected A, C, G, T or "
            f"one of IUPAC's {''.join(sorted(set(AMBIGUITY) - set(BASES)))}. Drop gaps, and write unknown bases as N.",
        )
    return codes
