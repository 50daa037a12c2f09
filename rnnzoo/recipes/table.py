"""The recipes: one literal table."""

from __future__ import annotations

import fnmatch
from types import MappingProxyType
from typing import Any

from rnnzoo import checks
from rnnzoo.recipes.recipe import Recipe


def _of(**values: Any) -> MappingProxyType[str, Any]:
    return MappingProxyType(values)


_TABLE: tuple[Recipe, ...] = (
    Recipe(
        name="digits-shifted",
        summary="handwritten digits, read row by row, with small shifts for augmentation",
        data="digits",
        model="series-classifier-bilstm",
        metric="accuracy",
        tolerance=0.015,
        training=_of(epochs=60, early_stopping=12, learning_rate=3e-3),
    ),
    Recipe(
        name="moving-digits",
        summary="the direction in which a digit moves, from a synthetic film",
        data="moving_digits",
        model="video-cnn-lstm",
        metric="accuracy",
        tolerance=0.02,
        training=_of(epochs=20, early_stopping=4, learning_rate=3e-3),
    ),
    Recipe(
        name="snips-intents",
        summary="what a voice assistant is asked for",
        data="snips",
        model="text-classifier-bilstm",
        metric="accuracy",
        tolerance=0.006,
        training=_of(epochs=20, early_stopping=3),
        reference="Slot-gated BiLSTM 0.970 (Goo 2018, the same split)",
    ),
    Recipe(
        name="snips-slots",
        summary="which words of a request fill which slot",
        data="snips",
        data_options=_of(task="tagging", characters=True),
        model="text-tagger-char-bilstm-crf",
        metric="span_f1",
        tolerance=0.01,
        training=_of(epochs=20, early_stopping=3),
        reference="Slot-gated BiLSTM: slot F1 0.888 (Goo 2018, the same split)",
    ),
    Recipe(
        name="ag-news-lstm",
        summary="the article's example: topics of news by one LSTM",
        data="ag_news",
        model="text-classifier-lstm",
        metric="accuracy",
        tolerance=0.012,
        arguments=_of(embedding_size=100, units=(128,), dropout=0.0),
        training=_of(
            epochs=10,
            early_stopping=None,
            optimizer="adam",
            learning_rate=1e-3,
            clip="global_norm",
            clip_bound=1.0,
        ),
        reference="All 120,000 training rows: TF-IDF 0.924, fastText bigrams 0.925, LSTM 0.861 (Zhang 2015)",
    ),
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _TABLE}


def list_recipes(pattern: str = "*") -> list[Recipe]:
    """Lists the recipes whose names match a pattern.

    Example:
        >>> [recipe.data for recipe in list_recipes("digits-*")]
        ['digits']
    """
    return [recipe for name, recipe in RECIPES.items() if fnmatch.fnmatchcase(name, pattern)]


def get_recipe(name: str) -> Recipe:
    """Returns a recipe by name.

    Raises:
        UnknownNameError: If there is no such recipe; the nearest name is suggested.
    """
    return RECIPES[checks.choice("recipe", name, RECIPES)]
