"""Truth of ``rnnzoo.evaluation.edit_distance``."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo.decoding.ctc import best_symbols
from rnnzoo.evaluation.edit_distance import edit_distance
from rnnzoo.evaluation.scores import score


def test_edit_distance_is_that_of_the_plain_recursion() -> None:
    def slow(a: list[int], b: list[int]) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    rng = np.random.default_rng(0)
    for _ in range(100):
        a, b = (rng.integers(0, 3, rng.integers(0, 6)).tolist() for _ in range(2))
        assert edit_distance(a, b) == slow(a, b)


def test_scores_of_transcripts() -> None:
    labels = ["", " ", "a", "b"]
    texts, found = [[2, 1, 3], [2, 2]], [[2, 1, 2], [2, 2]]
    targets = np.array([[2, 1, 3], [2, 2, 0]])
    outputs = np.zeros((2, 7, 4))
    outputs[..., 0] = 1
    for row, symbols in enumerate(found):
        for place, symbol in enumerate(symbols):
            outputs[row, 1 + 2 * place, symbol] = 2
    assert [best_symbols(row) for row in outputs] == found
    assert texts != found
    scores = score("transcription", outputs, targets, labels=labels)
    assert scores == {"cer": pytest.approx(1 / 5), "exact_match": 0.5, "wer": pytest.approx(1 / 3)}
    assert set(score("transcription", outputs, targets)) == {"cer", "exact_match"}
