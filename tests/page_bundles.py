"""A bundle for each kind of row that the page to try a model knows: weighted sums, with examples, made by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from handmade_bundles import spec, translator, writer
from joined_bundles import LABELS, ROWS, joined
from rnnzoo import load_dataset
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import (
    CharacterTextPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    PairPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
    WordPreprocessing,
    save_preprocessing,
)
from rnnzoo.preprocessing.text_coding import END, START
from summed_bundles import looked_up, summed, with_facts
from window_panels import HORIZON, decoding_of, panel, request

_RNG = np.random.default_rng(11)
AHEAD, SEASON, WINDOW = 12, 12, 36


def _normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    return _RNG.normal(size=shape) * scale


MASK = (spec("mask", "bool", "batch", "time"),)


def _words_of(text: str) -> list[str]:
    return text.split()


def texts(folder: Path) -> Path:
    """A class of a text."""
    known = _words_of(
        "the film was good bad slow funny long story music great awful actors plot a and but very"
    )
    example = "The film was long and the plot was slow, but the music was great."
    metrics = {"test": {"loss": 0.4, "accuracy": 0.9123}}
    facts = {"name": "films", "task": "classification", "example": example, "metrics": metrics}
    return looked_up(
        folder,
        np.concatenate([np.zeros((2, 3)), _normal(len(known), 3, scale=0.4)]),
        each_step=False,
        preprocessing=TextPreprocessing(["", "[UNK]", *known]),
        decoding=Decoding("classification", labels=["praise", "blame", "neither of the two"]),
        facts={**facts, "parameters": 60, "created": "2026-11-30T12:00:00Z"},
    )


def topics(folder: Path) -> Path:
    """Any of several labels of a text."""
    known = _words_of("rates rise as the team wins a cup in court")
    return looked_up(
        folder,
        np.concatenate([np.zeros((2, 20)), _normal(len(known), 20)]),
        each_step=False,
        preprocessing=TextPreprocessing(["", "[UNK]", *known]),
        decoding=Decoding("multilabel_classification", labels=[f"topic {number}" for number in range(20)]),
        facts={"name": "topics", "task": "multilabel_classification", "example": "rates rise in court"},
    )


def words(folder: Path) -> Path:
    """A tag for each word."""
    known = _words_of("book a table at the grand hotel in new york for tomorrow evening")
    tags = ["O", "B-place", "I-place", "B-city", "I-city", "B-time", "I-time"]
    right = _words_of("O O O O O B-place I-place O B-city I-city O B-time I-time")
    table = np.zeros((len(known) + 2, len(tags)))
    for number, tag in enumerate(right):
        table[number + 2, tags.index(tag)] = 4
    return looked_up(
        folder,
        table,
        each_step=True,
        preprocessing=TokenPreprocessing(["", "[UNK]", *known]),
        decoding=Decoding("tagging", labels=tags),
        facts={
            "name": "places",
            "task": "tagging",
            "example": _words_of("Book a table at the Grand Hotel in New York for tomorrow evening"),
        },
    )


def digits(folder: Path) -> Path:
    """The class whose mean image is nearest."""
    split = load_dataset("digits").train
    assert split.raw is not None
    images, labels = np.stack(list(split.raw)), np.asarray(split.targets)
    means = np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])
    scaled = (means - 8) / 4
    return summed(
        folder,
        {"features": ("btf,tfc->bc", np.moveaxis(scaled, 0, -1) / 8)},
        bias=-(scaled**2).sum(axis=(1, 2)) / 16,
        preprocessing=FeaturePreprocessing([8.0] * 8, [4.0] * 8, variable_length=False),
        decoding=Decoding("classification", labels=list("0123456789")),
        facts={"name": "digits", "task": "classification", "example": images[0].tolist()},
    )


def movements(folder: Path) -> Path:
    """A class of a series."""
    steps = np.arange(40)
    series = np.stack([np.sin(steps / 4), np.cos(steps / 6), steps / 40], axis=-1).round(3)
    return summed(
        folder,
        {"features": ("btf,fc->bc", _normal(3, 4, scale=0.05))},
        others=MASK,
        preprocessing=FeaturePreprocessing([0.0] * 3, [1.0] * 3, variable_length=True),
        decoding=Decoding("classification", labels=["walk", "run", "rest", "jump"]),
        facts={"name": "movements", "task": "classification", "example": series.tolist()},
    )


def phases(folder: Path) -> Path:
    """A tag for each step of a series."""
    steps = np.arange(50)
    series = np.stack([np.sin(steps / 8), np.cos(steps / 8)], axis=-1).round(3)
    return summed(
        folder,
        {"features": ("btf,fc->btc", np.array([[3.0, -3.0, 0.0], [0.0, 0.0, 2.0]]))},
        others=MASK,
        preprocessing=FeaturePreprocessing([0.0] * 2, [1.0] * 2, variable_length=True),
        decoding=Decoding("tagging", labels=["rise", "fall", "hold"]),
        facts={"name": "phases", "task": "tagging", "example": series.tolist()},
    )


def ages(folder: Path) -> Path:
    """A value of a series."""
    return summed(
        folder,
        {"features": ("btf,fc->bc", _normal(1, 1, scale=0.1))},
        others=MASK,
        preprocessing=FeaturePreprocessing([0.0], [1.0], variable_length=True),
        decoding=Decoding("regression", target_names=["age"], mean=[40.0], scale=[12.0]),
        facts={"name": "ages", "task": "regression", "example": [[0.3], [0.1], [-0.4], [0.9]]},
    )


def visits(folder: Path) -> Path:
    """A class of an irregular series."""
    values = [[36.9, None], [None, 88.0], [38.2, 104.0], [38.9, None], [37.4, 91.0]]
    return summed(
        folder,
        {"features": ("btf,fc->bc", _normal(6, 2, scale=0.3))},
        others=MASK,
        preprocessing=IrregularPreprocessing([37.0, 80.0], [1.0, 12.0], step=4.0),
        decoding=Decoding("classification", labels=["survived", "died"]),
        facts={
            "name": "visits",
            "task": "classification",
            "example": {"times": [0, 2.5, 7, 11, 30], "values": values},
        },
    )


def _load() -> tuple[WindowPreprocessing, dict[str, Any], np.ndarray]:
    """A load and a weather, and weights that answer what was a season ago."""
    steps = np.arange(WINDOW)
    load = 100 + 30 * np.sin(steps * 2 * np.pi / SEASON) + _normal(WINDOW, scale=2)
    preprocessing = WindowPreprocessing(
        numeric=["load"],
        mean=[100.0],
        scale=[20.0],
        categories={"sky": ["blue", "gray"]},
        window=WINDOW,
    )
    weights = np.zeros((WINDOW, 3, AHEAD, 1))
    for ahead in range(AHEAD):
        weights[WINDOW - SEASON + ahead, 0, ahead, 0] = 1
    example = {
        "load": load.round(2).tolist(),
        "sky": ["blue" if step % 5 else "gray" for step in range(WINDOW)],
    }
    return preprocessing, example, weights


def loads(folder: Path) -> Path:
    """Quantiles of what comes after a window."""
    preprocessing, example, weights = _load()
    spread = np.linspace(0.1, 0.8, AHEAD)[:, None, None] * np.array([-1.0, 0.0, 1.0])
    return summed(
        folder,
        {"features": ("btf,tfhkq->bhkq", np.repeat(weights[..., None], 3, axis=-1))},
        bias=spread,
        preprocessing=preprocessing,
        decoding=Decoding("quantile_forecasting", target_names=["load"], mean=[100.0], scale=[20.0]),
        facts={"name": "loads", "task": "quantile_forecasting", "example": example},
    )


def gaussian(folder: Path) -> Path:
    """Means and deviations of what comes after a window."""
    preprocessing, example, weights = _load()
    both = np.concatenate([weights[..., None], np.zeros_like(weights[..., None])], axis=-1)
    return summed(
        folder,
        {"features": ("btf,tfhkq->bhkq", both)},
        bias=np.stack([np.zeros((AHEAD, 1)), np.linspace(0.1, 0.5, AHEAD)[:, None]], axis=-1),
        preprocessing=preprocessing,
        decoding=Decoding("gaussian_forecasting", target_names=["load"], mean=[100.0], scale=[20.0]),
        facts={"name": "gaussian_loads", "task": "gaussian_forecasting", "example": example},
    )


def shops(folder: Path) -> Path:
    """A forecast of two targets from all that a request may hold."""
    preprocessing = panel(
        scaling="series",
        future=["number", "category"],
        static=["number", "category"],
        calendar=("hour", "weekday"),
    )
    example = request(0)
    arrays = preprocessing.apply([example])
    letters = {"features": "btf", "future": "btf", "static": "bf"}
    return summed(
        folder,
        {
            name: (f"{letters[name]},fhk->bhk", _normal(array.shape[-1], HORIZON, 2, scale=0.1))
            for name, array in arrays.items()
        },
        preprocessing=preprocessing,
        decoding=decoding_of(),
        facts={"name": "shops", "task": "forecasting", "example": example},
    )


def sounds(folder: Path) -> Path:
    """A class of a sound."""
    preprocessing = LogMelPreprocessing(8000, num_mels=20)
    seconds = np.arange(4000) / 8000
    sound = (0.5 * np.sin(2 * np.pi * 440 * seconds) * np.hanning(4000)).round(5)
    return summed(
        folder,
        {"features": ("btf,fc->bc", _normal(20, 3, scale=0.002))},
        others=MASK,
        preprocessing=preprocessing,
        decoding=Decoding("classification", labels=["one", "two", "three"]),
        facts={"name": "sounds", "task": "classification", "example": sound.tolist()},
    )


def transcripts(folder: Path) -> Path:
    """What was said."""
    seconds = np.arange(4000) / 8000
    sound = (0.5 * np.sin(2 * np.pi * (200 + 800 * seconds) * seconds)).round(5)
    return summed(
        folder,
        {"features": ("btf,fc->btc", _normal(20, 5, scale=0.2))},
        others=MASK,
        preprocessing=LogMelPreprocessing(8000, num_mels=20),
        decoding=Decoding("transcription", labels=["", "a", "e", "l", "n"]),
        facts={"name": "transcripts", "task": "transcription", "example": sound.tolist()},
    )


def genes(folder: Path) -> Path:
    """A class of a sequence of bases."""
    return summed(
        folder,
        {"features": ("btf,fc->bc", _normal(4, 3, scale=0.1))},
        others=MASK,
        preprocessing=DNAPreprocessing(variable_length=True),
        decoding=Decoding("classification", labels=["donor", "acceptor", "neither"]),
        facts={
            "name": "genes",
            "task": "classification",
            "example": "CCAGCTGCATCACAGGAGGCCAGCGAGCAGGTCTGTTCCAAGGGCCTTCGAGCCAGTCTG",
        },
    )


def videos(folder: Path) -> Path:
    """A class of a video."""
    frames = np.zeros((6, 12, 12, 1))
    for number in range(6):
        frames[number, 2 + number : 5 + number, 3:6] = 1.0
    return summed(
        folder,
        {"frames": ("bthwk,kc->bc", _normal(1, 4, scale=0.01))},
        preprocessing=FramePreprocessing([0.1], [0.3], frame_shape=(12, 12, 1), variable_length=False),
        decoding=Decoding("classification", labels=["up", "down", "left", "right"]),
        facts={"name": "videos", "task": "classification", "example": frames.tolist()},
    )


def parts(folder: Path) -> Path:
    """A class of a row of several parts, of which the model reads the numbers."""
    preprocessing = joined()
    arrays = preprocessing.apply([ROWS[0]])
    others = tuple(
        spec(name, str(array.dtype), "batch", *["time"] * (array.ndim - 1))
        if array.ndim < 3
        else spec(name, "float32", "batch", "time", None, size=array.shape[-1])
        for name, array in arrays.items()
        if name != "size"
    )
    return summed(
        folder,
        {"size": ("bf,fc->bc", _normal(2, 2))},
        others=others,
        preprocessing=preprocessing,
        decoding=Decoding("classification", labels=LABELS),
        facts={"name": "parts", "task": "classification", "example": ROWS[0]},
    )


def tensors(folder: Path) -> Path:
    """Arrays to arrays."""
    return summed(
        folder,
        {"x": ("btf,fc->btc", _normal(3, 2))},
        facts={"name": "tensors", "task": None},
    )


TALE = "the cat sat on the mat. the dog sat on the cat. a cat is not a dog. "


def tales(folder: Path) -> Path:
    """A language model of characters, that counts which follows which."""
    preprocessing = CharacterTextPreprocessing.fit([TALE])
    letters = preprocessing.vocabulary.words
    table = np.full((len(letters), len(letters)), -4.0)
    for one, other in itertools.pairwise(TALE):
        table[letters.index(one), letters.index(other)] += 2.5
    writer(folder, table, preprocessing, decoding=Decoding("language_modeling", labels=letters))
    return with_facts(folder, {"name": "tales", "task": "language_modeling", "example": "the "})


def german(folder: Path) -> Path:
    """A translator that answers every text alike; it is no bundle."""
    pairs = PairPreprocessing(WordPreprocessing.fit(["a dog"]), WordPreprocessing.fit(["ein hund"]))
    logits = np.full((6, 6), -9.0)
    for before, after in ((START, 4), (4, 5), (5, END)):
        logits[before, after] = 9.0
    translator(folder, logits, source_vocabulary=6)
    save_preprocessing(pairs, folder / "preprocessing.json")
    return folder


BUNDLES: dict[str, Callable[[Path], Path]] = {
    made.__name__: made
    for made in (
        texts,
        topics,
        words,
        digits,
        movements,
        phases,
        ages,
        visits,
        loads,
        gaussian,
        shops,
        sounds,
        transcripts,
        genes,
        videos,
        parts,
        tensors,
        tales,
    )
}
