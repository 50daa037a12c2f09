"""The builder functions by name: where each is, and which arguments it takes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from rnnzoo import checks

#: ``build_NAME`` is in ``rnnzoo.builders.NAME``.
BUILDERS = (
    "build_attention_classifier",
    "build_classifier",
    "build_cnn_classifier",
    "build_dna_classifier",
    "build_fcn_classifier",
    "build_forecaster",
    "build_irregular_classifier",
    "build_language_model",
    "build_segment_forecaster",
    "build_seq2seq",
    "build_tagger",
    "build_transcriber",
    "build_transformer_classifier",
    "build_video_classifier",
)


def get_builder(name: str) -> Callable[..., Any]:
    """Returns a builder function, which imports Keras.

    Args:
        name: Its name, such as ``"build_classifier"``.

    Raises:
        UnknownNameError: If there is none of this name; the nearest is suggested.
    """
    checks.choice("builder", name, BUILDERS)
    module = importlib.import_module(f"rnnzoo.builders.{name.removeprefix('build_')}")
    build: Callable[..., Any] = getattr(module, name)
    return build


def builder_parameters(name: str) -> list[str]:
    """Returns the names of the arguments that a builder takes, its own and the option words."""
    return list(inspect.signature(get_builder(name)).parameters)
