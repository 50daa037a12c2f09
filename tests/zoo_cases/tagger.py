"""``build_tagger``: the tag is the symbol of the step before."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, Case, Problem, symbol_inputs, symbols
from zoo_cases.classifier import small_sequence_arguments

CHARACTERS = 9


class TaggerCase(Case):
    answers_each_step = True

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        arguments = small_sequence_arguments(spec)
        if _reads_characters(spec):
            arguments |= {"character_vocabulary_size": CHARACTERS, "character_embedding_size": 4}
        return arguments

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        pairs = (CLASSES,) if spec.task == "crf_tagging" else ()
        return (rows, steps, CLASSES, *pairs)

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        inputs = super().batch(spec, lengths, width, seed)
        return [*inputs, spell(inputs[0])] if _reads_characters(spec) else inputs

    def problem(self, spec: ModelSpec) -> Problem:
        """The first tag is known, no other follows from its own step or from the tag before."""
        values = symbols()
        tags = np.concatenate([values[:, :1], values[:, :-1]], axis=1)
        inputs = symbol_inputs(spec, values, masked=True)
        if _reads_characters(spec):
            inputs.append(spell(inputs[0]))
        return Problem(inputs, tags, float(np.log(CLASSES)))


def spell(tokens: np.ndarray, width: int = 4) -> np.ndarray:
    """Characters of words ``(batch, time, width)``: each word has its own, one at least; padding has none."""
    places = np.arange(width)
    letters = 1 + (tokens[..., None] * (places + 2) + places) % (CHARACTERS - 1)
    lengths = np.where(tokens > 0, 1 + tokens % width, 0)
    return np.where(places < lengths[..., None], letters, 0).astype(np.int32)


def _reads_characters(spec: ModelSpec) -> bool:
    return "character_vocabulary_size" in spec.arguments
