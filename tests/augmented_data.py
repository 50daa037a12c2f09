"""Small data of every kind, and a valid configuration of every augmentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from rnnzoo import Splits, pair_splits
from rnnzoo.data.readers.audio import audio_splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.preprocessing import DNAPreprocessing

SYNONYMS = {"film": ["movie", "picture"], "good": ["fine"]}
# A valid config of each, with what it is shown on below.
CONFIGS: dict[str, Any] = {
    "paraphrases": {"table": {"a good film": ["a fine movie", "nice film"]}, "rate": 0.5},
    "synonyms": {"table": SYNONYMS, "rate": 0.5},
    "token_insertion": 0.5,
    "token_swap": 0.5,
    "token_dropout": 0.5,
    "keyboard_typos": 0.5,
    "reverse_complement": 0.5,
    "point_mutation": 0.2,
    "shift": {"steps": 1, "features": 1, "fill": 0.0},
    "window_warp": 1.0,
    "scaling": 0.1,
    "jitter": 0.1,
    "time_mask": 0.5,
    "spec_augment": {},
}
SEEDS = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def texts() -> Splits:
    return Splits.from_arrays(["a good film", "a bad film", "no good", "bad"] * 12, [1, 0, 1, 0] * 12)


def series(**options: Any) -> Splits:
    values = rng(1).normal(5.0, 2.0, size=(40, 8, 4))
    return Splits.from_arrays(values, ["up", "down"] * 20, **options)


def dna() -> Splits:
    rows = ["".join(row) for row in rng(2).choice(list("ACGTNR"), size=(40, 30))]
    return Splits.from_arrays(rows, [0, 1] * 20, preprocessing=DNAPreprocessing(variable_length=False))


def tagged(rows: Any = None) -> Splits:
    rows = rows or [["the", "good", "film"], ["a", "film"], ["good"]] * 12
    return Splits.from_arrays(rows, [["X"] * (len(row) - 1) + ["Y"] for row in rows], task="tagging")


def sounds() -> Splits:
    tones = np.sin(2 * np.pi * np.outer([400, 900], np.arange(1600)) / 8000)
    return audio_splits(
        [tones[i % 2] for i in range(40)],
        ["ab"[i % 2] for i in range(40)],
        task="transcription",
        sample_rate=8000,
        stratify=False,
        num_mels=10,
    )


def windows() -> Splits:
    frame = pd.DataFrame({"load": np.sin(np.arange(80.0)), "day": list("xyyx") * 20})
    return series_splits(frame, target=["load"], window=6, horizon=2, categorical=["day"])


def pairs(coding: str = "words") -> Splits:
    both = (["a good film", "the film"] * 10, ["ein guter Film", "der Film"] * 10)
    return pair_splits(both, validation=both, coding=coding)


HOME = {
    **dict.fromkeys(["paraphrases", "synonyms", "token_insertion", "token_swap", "token_dropout"], texts),
    "keyboard_typos": texts,
    **dict.fromkeys(["reverse_complement", "point_mutation"], dna),
    **dict.fromkeys(["shift", "window_warp", "scaling", "jitter", "time_mask"], series),
    "spec_augment": sounds,
}


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
