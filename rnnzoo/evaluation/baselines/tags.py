"""Baselines of tags of steps."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget, Fit
from rnnzoo.evaluation.baselines.strengths import choose_logistic, log_probabilities


def tagging(splits: Splits, part: Split) -> dict[str, Fit]:
    """The most frequent tag of each word; for series the most frequent tag, and each step on its own."""
    if "tokens" in splits.train.example()[0]:
        return {"most frequent tag of each word": lambda budget: _tags_of_words(splits, part)}
    steps = functools.cache(_valid_steps)
    return {
        "most frequent tag": lambda budget: _usual_tag(splits, *steps(splits.train), len(steps(part)[0])),
        "logistic regression on each step": lambda budget: _each_step(
            splits, [steps(split) for split in (splits.train, splits.validation, part)], budget
        ),
    }


def _tags_of_words(splits: Splits, part: Split) -> np.ndarray:
    by_word: dict[int, Counter[int]] = defaultdict(Counter)
    overall: Counter[int] = Counter()
    for word, tag in _steps(splits.train):
        by_word[word][tag] += 1
        overall[tag] += 1
    usual = overall.most_common(1)[0][0]
    words = [word for word, _ in _steps(part)]
    logits = np.zeros((len(words), len(splits.get_decoding().labels or ())))
    for row, word in enumerate(words):
        logits[row, by_word[word].most_common(1)[0][0] if word in by_word else usual] = 1
    return logits


def _usual_tag(splits: Splits, _: np.ndarray, tags: np.ndarray, steps: int) -> np.ndarray:
    logits = np.zeros((steps, len(splits.get_decoding().labels or ())))
    logits[:, np.bincount(tags).argmax()] = 1
    return logits


def _each_step(splits: Splits, parts: list[tuple[np.ndarray, np.ndarray]], budget: Budget) -> np.ndarray:
    (train_x, tags), held_out, (part_x, _) = parts
    model = choose_logistic(train_x, tags, held_out, budget)
    logits = np.full((len(part_x), len(splits.get_decoding().labels or ())), -np.inf)
    logits[:, model.classes_] = log_probabilities(model, part_x)
    return logits


def _valid_steps(split: Split) -> tuple[np.ndarray, np.ndarray]:
    features, found = [], []
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = next(iter(inputs.values()))[weights > 0]
        features.append(valid.reshape(len(valid), -1))
        found.append(tags[weights > 0])
    return np.concatenate(features), np.concatenate(found)


def _steps(split: Split) -> Iterator[tuple[int, int]]:
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = weights > 0
        yield from zip(inputs["tokens"][valid].tolist(), tags[valid].tolist(), strict=True)
