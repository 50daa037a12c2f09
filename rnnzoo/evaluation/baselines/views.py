"""Rows of any kind as vectors of one size, for models that know nothing of sequences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

from rnnzoo.data.split import Split, as_rows
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo.preprocessing.base import Rows, Takes

#: The view of the training part, of validation and of the part to answer.
Parts = tuple[Any, Any, Any]
#: What the raw rows of texts are called.
TEXTS = ("text", "words")
#: Seconds to cut a character into all n-grams that start there and to look them up, on a core of 2020.
_SECONDS_A_CHARACTER = 1e-5


def is_text(splits: Splits) -> bool:
    """Whether rows are texts."""
    return splits.get_preprocessing().takes in TEXTS


def design(splits: Splits, part: Split) -> tuple[str, Parts]:
    """Returns the name of a fixed-size view of rows, and that view of the training part, validation and ``part``."""
    name, view = lazy_design(splits, part)
    return name, view()


def lazy_design(splits: Splits, part: Split) -> tuple[str, Callable[[], Parts]]:
    """Like ``design``, but the view is made when it is asked for, and kept."""
    parts = (splits.train, splits.validation, part)
    takes = splits.get_preprocessing().takes
    if takes in TEXTS:
        return "TF-IDF", functools.cache(lambda: words(parts))
    if takes == "irregular":
        return "summary statistics", functools.cache(lambda: _scaled([_observed_summary(p) for p in parts]))
    if takes == "dna":
        return _design_of_dna(parts)
    rows = [_rows(split, takes) for split in parts]
    fixed = len({len(row) for part_rows in rows for row in part_rows}) == 1
    name, view = ("all values", _flat) if fixed else ("summary statistics", _summary)
    return name, functools.cache(lambda: _scaled([view(part_rows) for part_rows in rows]))


def words(parts: Iterable[Split]) -> Parts:
    """Returns TF-IDF of words and word pairs of the first, training, part and two others."""
    texts = [_texts(split) for split in parts]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts[0])
    return _each(vectorizer.transform, texts)


def characters(parts: Iterable[Split], budget: Budget) -> Parts:
    """Returns TF-IDF of two to five characters in a row of the first, training, part and two others."""
    texts = [_texts(split) for split in parts]
    budget.ask(_SECONDS_A_CHARACTER * sum(len(text) for rows in texts for text in rows))
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 5), sublinear_tf=True)
    train = vectorizer.fit_transform(texts[0])
    return train, vectorizer.transform(texts[1]), vectorizer.transform(texts[2])


def _design_of_dna(parts: tuple[Split, ...]) -> tuple[str, Callable[[], Parts]]:
    encoded = [DNAPreprocessing(variable_length=True).encode(_texts(split)) for split in parts]
    if len({len(row) for rows in encoded for row in rows}) == 1:
        return "all bases", functools.cache(lambda: _each(_flat, encoded))
    return "k-mers", functools.cache(lambda: _kmers(parts))


def _kmers(parts: tuple[Split, ...]) -> Parts:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 5)).fit(_texts(parts[0]))
    return _each(vectorizer.transform, (_texts(split) for split in parts))


def _scaled(views: list[np.ndarray]) -> Parts:
    return _each(StandardScaler().fit(views[0]).transform, views)


def _each(view: Callable[[Any], Any], parts: Iterable[Any]) -> Parts:
    train, validation, part = (view(one) for one in parts)
    return train, validation, part


def _rows(split: Split, takes: Takes) -> Rows:
    if takes != "sound":
        return () if split.raw is None else split.raw
    return [
        row[valid]
        for inputs, _, _ in split.batches(256)
        for row, valid in zip(inputs["features"], inputs["mask"], strict=True)
    ]


def _texts(split: Split) -> list[str]:
    rows = () if split.raw is None else split.raw
    return [row if isinstance(row, str) else " ".join(row) for row in rows]


def _flat(rows: Rows) -> np.ndarray:
    return np.stack([np.asarray(row, np.float64).reshape(-1) for row in rows])


def _summary(raw: Rows) -> np.ndarray:
    arrays = [np.asarray(row, np.float64) for row in raw]
    width = max(int(np.prod(array.shape[1:])) for array in arrays if array.ndim > 1)
    rows = (array.reshape(len(array), width) for array in arrays)
    return np.stack(
        [
            np.concatenate([r.mean(0), r.std(0), r.min(0), r.max(0), r[0], r[-1]])
            if len(r)
            else np.zeros(6 * r.shape[1])
            for r in rows
        ]
    )


def _observed_summary(split: Split) -> np.ndarray:
    """Returns count, mean, extremes, first and last of the observed values of each feature, 0 where there is none."""
    views = []
    for inputs, _, _ in split.batches(256):
        x, seen, _ = np.split(inputs["features"].astype(np.float64), 3, axis=-1)
        seen = seen * inputs["mask"][..., None]
        count = seen.sum(axis=1)
        none = count == 0
        low = np.where(seen > 0, x, np.inf).min(axis=1)
        high = np.where(seen > 0, x, -np.inf).max(axis=1)
        mean = (x * seen).sum(axis=1) / np.maximum(count, 1)
        first_and_last = [_observed_at(x, seen), _observed_at(x[:, ::-1], seen[:, ::-1])]
        parts = [np.where(none, 0.0, part) for part in (mean, low, high, *first_and_last)]
        views.append(np.concatenate([np.log1p(count), *parts], axis=1))
    return np.concatenate(views)


def _observed_at(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Returns the first observed value of each feature, of ``(batch, time, features)``."""
    place = seen.argmax(axis=1)[:, None]
    return np.take_along_axis(x, place, axis=1)[:, 0]


def targets(split: Split) -> np.ndarray:
    """Returns the targets of all rows."""
    return as_rows(split).gather(np.arange(len(split)))[1]


def row_weights(split: Split) -> np.ndarray | None:
    """Returns how much each row counts; ``None`` where all count alike."""
    rows = as_rows(split)
    return None if rows.example()[2] is None else rows.gather(np.arange(len(rows)))[2]
