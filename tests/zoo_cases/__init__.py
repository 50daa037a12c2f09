"""Small inputs and toy problems for every kind of model in the zoo: one case for each builder, in a file of its own.

A new builder adds its file here and its case to ``CASES``; the tests that run over the whole zoo then try it too.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import create_model, get_spec
from zoo_cases.case import CLASSES, FEATURES, HORIZON, VOCABULARY, Case, Problem
from zoo_cases.classifier import ClassifierCase
from zoo_cases.dna import DnaCase
from zoo_cases.forecaster import ForecasterCase, SegmentForecasterCase
from zoo_cases.hybrid import AttentionCase, CnnCase, FcnCase
from zoo_cases.irregular_classifier import IrregularClassifierCase
from zoo_cases.language_model import LanguageModelCase
from zoo_cases.seq2seq import Seq2seqCase
from zoo_cases.tagger import TaggerCase
from zoo_cases.transcriber import TranscriberCase
from zoo_cases.video import VideoCase

__all__ = ["CLASSES", "FEATURES", "HORIZON", "VOCABULARY", "Case", "Problem", "case", "first_of_each", "tiny"]

#: How the models of each builder are tried.
CASES: dict[str, Case] = {
    "build_attention_classifier": AttentionCase(),
    "build_classifier": ClassifierCase(),
    "build_cnn_classifier": CnnCase(),
    "build_dna_classifier": DnaCase(),
    "build_fcn_classifier": FcnCase(),
    "build_forecaster": ForecasterCase(),
    "build_irregular_classifier": IrregularClassifierCase(),
    "build_language_model": LanguageModelCase(),
    "build_seq2seq": Seq2seqCase(),
    "build_segment_forecaster": SegmentForecasterCase(),
    "build_tagger": TaggerCase(),
    "build_transcriber": TranscriberCase(),
    "build_transformer_classifier": AttentionCase(),
    "build_video_classifier": VideoCase(),
}


def case(name: str) -> Case:
    """The case of a zoo entry."""
    return CASES[get_spec(name).builder]


def first_of_each(names: list[str], fields: tuple[str, ...] = ("builder", "cell")) -> list[Any]:
    """All names, for tests that take long: those with nothing new in these fields of their spec are marked slow."""
    seen: set[str] = set()
    marked = []
    for name in names:
        found = {str(getattr(get_spec(name), field)) for field in fields}
        marked.append(pytest.param(name, marks=pytest.mark.slow) if found <= seen else name)
        seen |= found
    return marked


def tiny(name: str, **overrides: Any) -> keras.Model:
    """The zoo entry ``name`` in its smallest size; series of any length where the builder has them."""
    return create_model(name, **{**case(name).arguments(get_spec(name)), **overrides})


def batch(name: str, lengths: list[int], width: int, seed: int = 0) -> list[np.ndarray]:
    """Right-padded model inputs whose rows do not depend on ``width`` or on each other."""
    return case(name).batch(get_spec(name), lengths, width, seed)


def run(model: keras.Model, inputs: list[np.ndarray], *, training: bool = False) -> np.ndarray:
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0], training=training))
