"""``build_seq2seq``: the answer is the source from its end to its beginning.

What came before in the answer is known, so attention alone could find a token by the one before it, were no token
twice in a source: where there are three symbols for seven steps only a memory tells the places apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import ModelSpec
from zoo_cases.case import CLASSES, VOCABULARY, Case, Problem, symbols

START, FIRST = 2, 4


class Seq2seqCase(Case):
    answers_each_step = True

    def arguments(self, spec: ModelSpec) -> dict[str, Any]:
        return {
            "units": (6,) * len(spec.arguments["units"]),
            "source_vocabulary_size": VOCABULARY,
            "target_vocabulary_size": VOCABULARY,
            "embedding_size": 5,
        }

    def output_shape(self, spec: ModelSpec, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, VOCABULARY)

    def batch(self, spec: ModelSpec, lengths: list[int], width: int, seed: int) -> list[np.ndarray]:
        both = np.zeros((2, len(lengths), width), np.int32)
        for row, length in enumerate(lengths):
            both[:, row, :length] = np.random.default_rng([seed, row]).integers(1, VOCABULARY, (2, length))
        return list(both)

    def problem(self, spec: ModelSpec) -> Problem:
        source = symbols(steps=7) + FIRST
        answer = source[:, ::-1]
        before = np.concatenate([np.full((len(source), 1), START), answer[:, :-1]], axis=1)
        return Problem(
            [source.astype(np.int32), before.astype(np.int32)],
            answer.astype(np.int32),
            float(np.log(CLASSES)),
        )
