"""What is done to test rows to see how robust a model is: typos, noise, point mutations, and steps that are missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo.data.augmentation.augmented_split import AugmentedSplit
from rnnzoo.data.augmentation.base import Augmentation
from rnnzoo.data.augmentation.dna_noise import PointMutation
from rnnzoo.data.augmentation.series_noise import Jitter, SeriesNoise
from rnnzoo.data.augmentation.text_noise import KeyboardTypos, TokenDropout
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.data.split import Batches, Rows
from rnnzoo.data.splits import Splits
from rnnzoo.errors import EmptyRowError
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    Preprocessing,
)
from rnnzoo.tasks import get_task
from rnnzoo.training.run.run_files import scored_part

#: What the draws of all disturbances follow from, with the number of the row.
_SEED = 0
#: Preprocessings that scale each feature, whose raw rows can be disturbed in the units of the data.
_Scaling = FeaturePreprocessing | FramePreprocessing | IrregularPreprocessing


@dataclass(frozen=True)
class Disturbance:
    """What is done to test rows.

    Attributes:
        name: What it is called on a card.
        strength: The share of words, bases or steps that it hits; for noise, its deviation as a share of that of each
            feature.
        change: What does it.
    """

    name: str
    strength: float
    change: Augmentation


@dataclass(frozen=True, kw_only=True)
class HiddenSteps(SeriesNoise):
    """Hides single steps of a row behind the mean of the training part, which is 0 here.

    Attributes:
        rate: Probability of each step to be hidden.

    Example:
        >>> HiddenSteps(rate=0.5).apply(np.ones((4, 1)), np.random.default_rng(0)).ravel().tolist()
        [1.0, 0.0, 0.0, 0.0]
    """

    rate: float

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the row without some steps."""
        kept = rng.random(len(row)) >= self.rate
        return (row * kept.reshape(-1, *[1] * (row.ndim - 1))).astype(row.dtype)


@dataclass(frozen=True, kw_only=True)
class HiddenBases(Augmentation):
    """Replaces single bases of a DNA sequence by N, any base.

    Attributes:
        rate: Probability of each base to be hidden.

    Example:
        >>> HiddenBases(rate=0.5).apply("ACGT", np.random.default_rng(0))
        'ANNN'
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    rate: float

    def apply(self, row: str, rng: np.random.Generator) -> str:
        """Returns the sequence with some unknown bases."""
        hidden = rng.random(len(row)) < self.rate
        return "".join("N" if gone else base for base, gone in zip(row, hidden, strict=True))


@dataclass(frozen=True, kw_only=True)
class HiddenTimes(Augmentation):
    """Leaves times out of an irregular series; one with a value stays at least.

    Attributes:
        rate: Probability of each time to be left out.

    Example:
        >>> row = {"times": [0, 1, 2, 3], "values": [[1.0], [2.0], [3.0], [4.0]]}
        >>> HiddenTimes(rate=0.5).apply(row, np.random.default_rng(0))["times"].tolist()
        [0.0]
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    rate: float

    def apply(self, row: Mapping[str, Any], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Returns the series with fewer times."""
        times, values = (np.asarray(row[name], np.float64) for name in ("times", "values"))
        kept = rng.random(len(times)) >= self.rate
        observed = ~np.isnan(values).all(axis=1)
        if not (kept & observed).any():
            kept[np.flatnonzero(observed)[:1]] = True
        return {"times": times[kept], "values": values[kept]}


@dataclass(frozen=True, kw_only=True)
class InUnits(Augmentation):
    """Does to raw rows of numbers what noise does to scaled ones, so that baselines, which read raw rows, see it too.

    Attributes:
        noise: The noise.
        mean: The mean of each feature.
        scale: Its deviation.
    """

    level: ClassVar[Literal["raw", "encoded"]] = "raw"
    noise: Augmentation
    mean: np.ndarray
    scale: np.ndarray

    def apply(self, row: Any, rng: np.random.Generator) -> Any:
        """Returns the row, disturbed, in its own units."""
        if isinstance(row, Mapping):
            return {**row, "values": self.apply(row["values"], rng)}
        scaled = (np.asarray(row, np.float64) - self.mean) / self.scale
        return self.noise.apply(scaled, rng) * self.scale + self.mean


#: From a strength to what is done.
_Maker = Callable[[float], Augmentation]
#: The name of a disturbance, its two strengths, and what makes it.
_Kind = tuple[str, tuple[float, float], _Maker]

_OF_NUMBERS: tuple[_Kind, ...] = (
    ("noise", (0.1, 0.3), lambda share: Jitter(deviation=share)),
    ("missing steps", (0.1, 0.3), lambda rate: HiddenSteps(rate=rate)),
)
_OF_DNA: tuple[_Kind, ...] = (
    ("point mutations", (0.02, 0.1), lambda rate: PointMutation(rate=rate)),
    ("missing bases", (0.1, 0.3), lambda rate: HiddenBases(rate=rate)),
)
_OF_TIMES: tuple[_Kind, ...] = (
    ("noise", (0.1, 0.3), lambda share: Jitter(deviation=share)),
    ("missing steps", (0.1, 0.3), lambda rate: HiddenTimes(rate=rate)),
)
_TYPOS: _Kind = ("typos", (0.1, 0.3), lambda rate: KeyboardTypos(rate=rate))


def list_disturbances(splits: Splits) -> list[Disturbance]:
    """Returns what is done to the test rows of some data, each at two strengths; nothing for rows of other kinds.

    Example:
        >>> splits = Splits.from_arrays(["good film", "bad film"] * 20, ["pos", "neg"] * 20)
        >>> [(one.name, one.strength) for one in list_disturbances(splits)]
        [('typos', 0.1), ('typos', 0.3), ('missing words', 0.1), ('missing words', 0.3)]
    """
    part = getattr(splits, scored_part(splits))
    if (
        splits.preprocessing is None
        or not isinstance(part, Rows)
        or get_task(splits.task).targets == "tokens"
    ):
        return []
    found = [
        Disturbance(name, strength, _for_rows(make(strength), part, splits.preprocessing))
        for name, strengths, make in _kinds(splits, splits.preprocessing)
        for strength in strengths
    ]
    return [one for one in found if one.change.level == "encoded" or isinstance(part, SequenceSplit)]


def _kinds(splits: Splits, preprocessing: Preprocessing) -> tuple[_Kind, ...]:
    takes = preprocessing.takes
    if takes in ("text", "words"):
        # A word that has a tag leaves an unknown word behind, so that the others keep their places.
        places = get_task(splits.task).tags_steps
        if places and not preprocessing.has_unknown_id:
            return (_TYPOS,)
        return _TYPOS, ("missing words", (0.1, 0.3), lambda rate: TokenDropout(rate=rate, keep_place=places))
    if takes in ("series", "sound", "frames", "windows"):
        return _OF_NUMBERS
    return {"dna": _OF_DNA, "irregular": _OF_TIMES}.get(takes, ())


def _for_rows(noise: Augmentation, part: Rows, preprocessing: Preprocessing) -> Augmentation:
    """Returns noise of scaled rows as noise of raw ones, where raw rows are numbers in memory."""
    if noise.level == "encoded" and isinstance(preprocessing, _Scaling) and type(part) is SequenceSplit:
        return InUnits(noise=noise, mean=preprocessing.mean, scale=preprocessing.scale)
    return noise


def disturbed(part: Rows, splits: Splits, change: Augmentation) -> Batches:
    """Returns a part whose rows are disturbed: each by draws that follow from its number alone.

    Args:
        part: The part.
        splits: The data that it is of.
        change: What is done to each row.
    """
    preprocessing = splits.get_preprocessing()
    if change.level == "encoded":
        return AugmentedSplit(part, preprocessing, [change])
    assert isinstance(part, SequenceSplit), "raw rows in memory"
    assert part.raw is not None
    words = preprocessing.takes == "words"
    rows = [
        change.apply(
            row.split() if words and isinstance(row, str) else row, np.random.default_rng([_SEED, number])
        )
        for number, row in enumerate(part.raw)
    ]
    tagging = get_task(splits.task).per_step
    while True:
        try:
            return SequenceSplit(
                rows, part.targets, preprocessing=preprocessing, tagging=tagging, weights=part.weights
            )
        except EmptyRowError as error:  # one of which nothing is left stays as it was
            rows[error.row] = part.raw[error.row]
