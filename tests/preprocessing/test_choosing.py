"""Truth of ``rnnzoo.preprocessing.choosing``: the first row that holds something tells what all are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.choosing import WordOptions, choose_preprocessing, find_example

CHARACTERS = WordOptions(characters=True)
IRREGULAR = {"times": [0, 1], "values": [[1.0], [None]]}


@pytest.mark.parametrize(
    ("rows", "options", "kind"),
    [
        (["a film", "b"], {}, "text"),
        (["a film", "b"], {"per_step": True}, "tokens"),
        ([["a", "film"], ["b"]], {}, "tokens"),
        ([("a", "film")], {"per_step": True}, "tokens"),
        ([["a", "film"]], {"per_step": True, "words": CHARACTERS}, "characters"),
        (["a film"], {"per_step": True, "words": CHARACTERS}, "characters"),
        ([IRREGULAR], {}, "irregular"),
        (np.ones((2, 3, 4)), {}, "features"),
        ([[[1.0], [2.0]]], {}, "features"),
        (np.ones((2, 3, 4, 5, 1)), {}, "frames"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_row_is_decides(rows: Any, options: dict[str, Any], kind: str) -> None:
    assert choose_preprocessing({"train": rows}, **options).kind == kind


def test_all_parts_say_whether_lengths_vary_and_the_training_part_alone_is_fitted_on() -> None:
    parts = {"train": [np.zeros((3, 1))], "test": [np.full((4, 1), 9.0)]}
    made = choose_preprocessing(parts)
    assert made.model_arguments == {"num_features": 1, "variable_length": True}
    scaling = made.scaling
    assert scaling is not None
    assert scaling[0].tolist() == [0.0]


def test_an_example_of_all_rows_goes_before_the_first_training_row() -> None:
    assert choose_preprocessing({"train": [["a"], ["b"]]}, example="a text", per_step=True).kind == "tokens"
    assert find_example([None, "", [], "told"]) == "told"
    assert find_example([None, ""]) is None


@pytest.mark.parametrize(("rows", "per_step"), [(["a text"], False), ([[[1.0]]], True)])
def test_characters_are_of_words_that_have_tags(rows: Any, per_step: bool) -> None:
    with pytest.raises(
        ArgumentError, match=r"characters: received True for task 'odd' and rows of (str|list)"
    ):
        choose_preprocessing({"train": rows}, task="odd", per_step=per_step, words=CHARACTERS)
