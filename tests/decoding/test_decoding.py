"""Truth of ``rnnzoo.decoding.answers``: outputs to answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo.decoding import Decoding, load_decoding, save_decoding
from rnnzoo.errors import ArgumentError, DataError

LOGITS = np.array([[2.0, 0.0], [-1.0, 1.0]])
CASES: list[tuple[Decoding, np.ndarray, list[Any]]] = [
    (
        Decoding("classification", labels=["cat", "dog"]),
        np.log([[3.0, 1.0]]),
        [{"label": "cat", "probability": 0.75, "probabilities": {"cat": 0.75, "dog": 0.25}}],
    ),
    (
        Decoding("binary_classification", labels=["down", "up"]),
        np.log([[3.0]]),
        [{"label": "up", "probability": 0.75, "probabilities": {"down": 0.25, "up": 0.75}}],
    ),
    (
        Decoding("multilabel_classification", labels=["a", "b"]),
        np.log([[3.0, 1 / 3]]),
        [{"labels": ["a"], "probabilities": {"a": 0.75, "b": 0.25}}],
    ),
    (
        Decoding("regression", target_names=["t"], mean=[10.0], scale=[2.0]),
        np.array([[1.5]]),
        [{"values": {"t": 13.0}}],
    ),
    (
        Decoding("forecasting", target_names=["t", "u"], mean=[10.0, 0.0], scale=[2.0, 1.0]),
        np.array([[[1.0, 5.0], [2.0, 6.0]]]),
        [{"values": {"t": [12.0, 14.0], "u": [5.0, 6.0]}}],
    ),
]


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("decoding", "outputs", "answers"), CASES, ids=lambda value: getattr(value, "task", "")
)
def test_each_task_answers_in_its_words(
    decoding: Decoding, outputs: np.ndarray, answers: list[Any], tmp_path: Path
) -> None:
    assert_same(decoding(outputs), answers)
    save_decoding(decoding, tmp_path / "d.json")
    assert_same(load_decoding(tmp_path / "d.json")(outputs), answers)


def test_tags_stop_where_the_words_do() -> None:
    decoding = Decoding("tagging", labels=["N", "V"])
    answers = decoding(np.log([[[3.0, 1.0], [1.0, 3.0]], [[1.0, 1.0], [1.0, 3.0]]]), lengths=[2, 0])
    assert_same(
        answers, [{"labels": ["N", "V"], "probabilities": [0.75, 0.75]}, {"labels": [], "probabilities": []}]
    )


def test_huge_logits_do_not_overflow() -> None:
    (answer,) = Decoding("classification", labels=["a", "b"])(np.array([[1e4, -1e4]]))
    assert answer["probabilities"] == {"a": 1.0, "b": 0.0}
    (answer,) = Decoding("multilabel_classification", labels=["a", "b"])(np.array([[1e4, -1e4]]))
    assert answer["probabilities"] == {"a": 1.0, "b": 0.0}


def test_what_cannot_be_an_answer() -> None:
    decoding = Decoding("classification", labels=["a", "b"])
    with pytest.raises(DataError, match="row 1: the model answered NaN or infinity"):
        decoding(np.array([[0.0, 1.0], [np.nan, 0.0]]))
    with pytest.raises(DataError, match="answers 3 classes; the labels are 2"):
        decoding(np.zeros((1, 3)))
    with pytest.raises(ArgumentError, match="expected target_names for regression and forecasting"):
        Decoding("forecasting", labels=["a"])
