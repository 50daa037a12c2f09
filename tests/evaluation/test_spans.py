"""Truth of ``rnnzoo.evaluation.spans`` and ``rnnzoo.decoding.spans``: spans as the scorer of CoNLL-2000 counts them."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo.decoding.spans import find_spans, marks_spans
from rnnzoo.evaluation.scores import score
from rnnzoo.evaluation.spans import span_f1

LABELS = ["B-a", "B-b", "I-a", "I-b", "O"]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("", []),
        ("O O", []),
        ("B-a", [("a", 0, 1)]),
        ("B-a I-a O", [("a", 0, 2)]),
        ("B-a B-a", [("a", 0, 1), ("a", 1, 2)]),
        ("B-a I-b", [("a", 0, 1), ("b", 1, 2)]),
        ("O I-a I-a", [("a", 1, 3)]),
        ("I-a B-a I-a O I-b", [("a", 0, 1), ("a", 1, 3), ("b", 4, 5)]),
        ("B-x-y I-x-y", [("x-y", 0, 2)]),
    ],
)
def test_spans_begin_and_end_where_conll_says(tags: str, spans: list[tuple[str, int, int]]) -> None:
    assert find_spans(tags.split()) == spans


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-a I-a O B-b", [("a", 0, 2), ("b", 3, 4)]),
        ("O I-a I-a", []),
        ("B-a I-b I-b", [("a", 0, 1)]),
        ("I-a B-a I-a O I-b", [("a", 1, 3)]),
    ],
)
def test_in_iob2_a_span_begins_at_a_b(tags: str, spans: list[tuple[str, int, int]]) -> None:
    assert find_spans(tags.split(), strict=True) == spans


def test_which_labels_mark_spans() -> None:
    assert marks_spans(LABELS)
    assert not marks_spans(["I-a", "O"])
    assert not marks_spans(["B-a", "I-a", "NOUN"])
    assert not marks_spans(["B-", "O"])
    assert not marks_spans(None)


def numbers(tags: str) -> np.ndarray:
    return np.array([LABELS.index(tag) for tag in tags.split()], int)


def test_f1_wants_kind_beginning_and_end() -> None:
    truth = numbers("B-a I-a O B-b O B-a")
    predicted = numbers("B-a I-a O B-a O O")  # one right, one of a wrong kind, one missed
    assert span_f1(LABELS, truth, predicted, [6]) == pytest.approx(2 * 1 / (2 + 3))
    assert span_f1(LABELS, truth, truth, [6]) == 1.0
    assert span_f1(LABELS, truth, numbers("B-a O O O O O"), [6]) == 0.0
    assert span_f1(LABELS, numbers("O O"), numbers("O O"), [2]) == 0.0


def test_the_strict_f1_takes_no_beginning_with_an_i() -> None:
    truth, predicted = numbers("B-a I-a O B-b I-b O"), numbers("I-a I-a O B-b I-b O")
    assert span_f1(LABELS, truth, predicted, [6]) == 1.0
    assert span_f1(LABELS, truth, predicted, [6], strict=True) == pytest.approx(2 * 1 / (1 + 2))
    wrong = numbers("B-a I-a I-b B-b I-b O")  # a mistake by the lenient custom, nothing by the strict one
    assert span_f1(LABELS, truth, wrong, [6]) == pytest.approx(2 * 2 / (2 + 3))
    assert span_f1(LABELS, truth, wrong, [6], strict=True) == 1.0
    # The truth may have such spans, too: they count for nothing.
    assert span_f1(LABELS, predicted, truth, [6], strict=True) == pytest.approx(2 * 1 / (2 + 1))
    assert span_f1(LABELS, truth, predicted, [6], np.array([1, 1, 1, 3, 3, 1]), strict=True) == pytest.approx(
        2 * 3 / (3 + 4)
    )


@pytest.mark.parametrize("seed", range(5))
def test_strict_is_lenient_where_every_span_begins_at_a_b(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def tags() -> str:
        spans = (rng.choice(["O", "B-a", "B-a I-a", "B-b", "B-b I-b"]) for _ in range(9))
        return " ".join(spans)

    first, second = numbers(tags()), numbers(tags())
    size = min(len(first), len(second))
    truth, found = first[:size], second[:size]
    lenient = span_f1(LABELS, truth, found, [size])
    assert span_f1(LABELS, truth, found, [size], strict=True) == lenient


def test_a_span_ends_with_its_row() -> None:
    truth = numbers("O B-a I-a O")
    assert span_f1(LABELS, truth, numbers("O B-a I-a O"), [2, 2]) == 1.0
    assert (
        span_f1(LABELS, truth, numbers("O B-a B-a O"), [2, 2]) == 1.0
    )  # I-a at a row's beginning starts a span
    assert span_f1(LABELS, truth, numbers("O B-a B-a O"), [4]) == 0.0


def test_scores_of_tags_name_the_f1_beside_the_accuracy() -> None:
    truth = numbers("B-a I-a O B-b")
    logits = np.eye(5)[numbers("B-a I-a O O")]
    scores = score("tagging", logits, truth, labels=LABELS, lengths=np.array([3, 1]))
    assert list(scores) == ["accuracy", "macro_f1", "span_f1", "strict_span_f1"]
    assert scores["accuracy"] == 0.75
    assert scores["span_f1"] == pytest.approx(2 / 3)
    assert "span_f1" not in score("tagging", logits, truth)
    assert "span_f1" not in score("tagging", logits, truth, labels=list("abcde"), lengths=np.array([4]))
