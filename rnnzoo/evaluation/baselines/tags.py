"""Baselines of tags of steps."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget, Fit
from rnnzoo.evaluation.baselines.strengths import Weights, choose_logistic, log_probabilities

#: Features, tags and weights of the steps that count.
_Steps = tuple[np.ndarray, np.ndarray, np.ndarray]


def tagging(splits: Splits, part: Split) -> dict[str, Fit]:
    """The most frequent tag of each word; for series the most frequent tag, and each step on its own."""
    if "tokens" in splits.train.example()[0]:
        return {"most frequent tag of each word": lambda budget: _tags_of_words(splits, part)}
    steps = functools.cache(_valid_steps)
    return {
        "most frequent tag": lambda budget: _usual_tag(splits, steps(splits.train), len(steps(part)[0])),
        "logistic regression on each step": lambda budget: _each_step(
            splits, [steps(split) for split in (splits.train, splits.validation, part)], budget
        ),
    }


def _tags_of_words(splits: Splits, part: Split) -> np.ndarray:
    by_word: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    overall: dict[int, float] = defaultdict(float)
    for word, tag, weight in _steps(splits.train):
        by_word[word][tag] += weight
        overall[tag] += weight
    usual = _heaviest(overall)
    words = [word for word, *_ in _steps(part)]
    logits = np.zeros((len(words), len(splits.get_decoding().labels or ())))
    for row, word in enumerate(words):
        logits[row, _heaviest(by_word[word]) if word in by_word else usual] = 1
    return logits


def _heaviest(weights: dict[int, float]) -> int:
    return max(weights, key=weights.__getitem__)


def _usual_tag(splits: Splits, train: _Steps, steps: int) -> np.ndarray:
    logits = np.zeros((steps, len(splits.get_decoding().labels or ())))
    logits[:, np.bincount(train[1], train[2]).argmax()] = 1
    return logits


def _each_step(splits: Splits, parts: list[_Steps], budget: Budget) -> np.ndarray:
    (train_x, tags, weights), (held_out_x, held_out_tags, held_out_weights), (part_x, *_) = parts
    model = choose_logistic(
        train_x, tags, (held_out_x, held_out_tags), budget, _unlike(weights, held_out_weights)
    )
    logits = np.full((len(part_x), len(splits.get_decoding().labels or ())), -np.inf)
    logits[:, model.classes_] = log_probabilities(model, part_x)
    return logits


def _unlike(*weights: np.ndarray) -> Weights:
    """Returns weights, none where all steps count alike."""
    train, held_out = (None if (own == own[:1]).all() else own for own in weights)
    return train, held_out


def _valid_steps(split: Split) -> _Steps:
    features, found, counted = [], [], []
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = next(iter(inputs.values()))[weights > 0]
        features.append(valid.reshape(len(valid), -1))
        found.append(tags[weights > 0])
        counted.append(weights[weights > 0])
    return np.concatenate(features), np.concatenate(found), np.concatenate(counted)


def _steps(split: Split) -> Iterator[tuple[int, int, float]]:
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = weights > 0
        yield from zip(
            inputs["tokens"][valid].tolist(), tags[valid].tolist(), weights[valid].tolist(), strict=True
        )
