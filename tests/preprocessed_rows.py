"""A preprocessing of each kind that reads one thing, with a row that it reads."""

from __future__ import annotations

from typing import Any

from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    CharacterTextPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    PairPreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
    WordPreprocessing,
)

WORDS = WordPreprocessing.fit(["a dog runs"])
KINDS: dict[str, tuple[Preprocessing, Any]] = {
    "text": (TextPreprocessing.fit(["a dog"]), "a dog"),
    "tokens": (TokenPreprocessing.fit(["a dog"]), ["a", "dog"]),
    "characters": (CharacterPreprocessing.fit(["a dog"]), ["a", "dog"]),
    "character_text": (CharacterTextPreprocessing.fit(["a dog"]), "a dog"),
    "words": (WORDS, "a dog"),
    "pairs": (PairPreprocessing(WORDS, WORDS), "a dog"),
    "dna": (DNAPreprocessing(), "ACGT"),
    "kmers": (DNAPreprocessing(kmer=3), "ACGT"),
    "features": (FeaturePreprocessing([0.0, 0.0], [1.0, 1.0], variable_length=True), [[1, 2.0], [3.5, 4]]),
    "frames": (
        FramePreprocessing([0.0], [1.0], frame_shape=(1, 2, 1), variable_length=True),
        [[[[1.0], [2]]]] * 2,
    ),
    "irregular": (
        IrregularPreprocessing([0.0, 0.0], [1.0, 1.0], step=1.0),
        {"times": [0, 1.5], "values": [[1.0, None], [2, 3.0]]},
    ),
    "window": (
        WindowPreprocessing(
            numeric=["heat", "wind"], mean=[0, 0], scale=[1, 1], categories={"sky": ["clear"]}, window=2
        ),
        {"heat": [1.0, 2], "wind": [0, 0.5], "sky": ["clear", "clear"]},
    ),
    "log_mel": (LogMelPreprocessing(8000, num_mels=10), [0.1, -0.2] * 150),
}
