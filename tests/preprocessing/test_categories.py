"""Truth of ``rnnzoo.preprocessing.categories``: ids are those of Keras's StringLookup, and others are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from advice import followed
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import CategoryPreprocessing, load_preprocessing, save_preprocessing

SHOPS = ["north", "south", "Ötztal"]


def test_ids_are_the_places_of_the_categories() -> None:
    made = CategoryPreprocessing(SHOPS).apply(["south", "Ötztal", np.str_("north")])["category"]
    assert (made.tolist(), made.dtype, made.shape) == ([1, 2, 0], np.int32, (3,))
    assert CategoryPreprocessing([7, 3]).apply([3, np.int64(7)])["category"].tolist() == [1, 0]
    assert CategoryPreprocessing(SHOPS).apply([])["category"].shape == (0,)


def test_with_an_id_for_others_they_are_those_of_keras() -> None:
    ours = CategoryPreprocessing(SHOPS, unknown="own_id")
    rows = ["south", "moon", "north", "", "Ötztal"]
    theirs = keras.layers.StringLookup(vocabulary=SHOPS)
    np.testing.assert_array_equal(ours.apply(rows)["category"], np.asarray(theirs(rows)))
    assert ours.num_ids == theirs.vocabulary_size() == 4


@pytest.mark.parametrize("unknown", ["error", "own_id"])
@pytest.mark.parametrize("rows", [["b", "a", "b"], [5, -1, 5]])
def test_fitted_it_comes_back_from_its_file(rows: list[Any], unknown: Any, tmp_path: Path) -> None:
    fitted = CategoryPreprocessing.fit(rows, unknown=unknown)
    assert fitted.categories == sorted(set(rows))
    save_preprocessing(fitted, tmp_path / "p.json")
    again = load_preprocessing(tmp_path / "p.json")
    assert isinstance(again, CategoryPreprocessing)
    assert again.to_config() == fitted.to_config()
    assert again.apply(rows)["category"].tolist() == fitted.apply(rows)["category"].tolist()


@pytest.mark.parametrize(
    ("categories", "received", "message"),
    [
        (
            SHOPS,
            "nort",
            "row 1: received the unknown category 'nort'; did you mean 'north'? expected one of north, south, Ötztal. "
            "Correct it, or train with CategoryPreprocessing(categories, unknown='own_id').",
        ),
        (
            [10, 20],
            30,
            "row 1: received the unknown category 30; did you mean 20? expected one of 10, 20. "
            "Correct it, or train with CategoryPreprocessing(categories, unknown='own_id').",
        ),
        (
            SHOPS,
            3,
            "row 1: received 3; expected a text, as the known categories are. Correct it.",
        ),
        (
            [10, 20],
            True,
            "row 1: received True; expected a whole number, as the known categories are. Correct it.",
        ),
        (
            [10, 20],
            10.0,
            "row 1: received 10.0; expected a whole number, as the known categories are. Correct it.",
        ),
        (
            SHOPS,
            None,
            "row 1: received None; expected a text, as the known categories are. Correct it.",
        ),
    ],
)
def test_what_is_no_known_category_is_refused(categories: list[Any], received: Any, message: str) -> None:
    with pytest.raises(RowError) as caught:
        CategoryPreprocessing(categories).apply([categories[0], received])
    assert str(caught.value) == message


def test_very_long_categories_are_cut_in_messages() -> None:
    with pytest.raises(RowError, match=r"unknown category 'x{59}\.\.\.; expected one of north") as caught:
        CategoryPreprocessing(SHOPS).apply(["x" * 10_000])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([], "received none; expected at least one, all texts or all whole numbers."),
        ("north", "received 'north'; expected a list of texts or of whole numbers."),
        (["a", 1], "received values of int, str; expected at least one, all texts or all whole numbers."),
        ([1.5], "received values of float; expected at least one, all texts or all whole numbers."),
        (
            ["\ud800", "b"],
            "received '\\ud800', which has a lone surrogate; expected Unicode text. Decode the source as UTF-8 first.",
        ),
        (["a", "b", "a"], "received 'a' twice; expected each once. Drop one."),
    ],
)
def test_wrong_categories_are_refused(categories: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        CategoryPreprocessing(categories)
    assert str(caught.value) == f"categories: {message}"


def test_rows_to_fit_on_are_of_one_type() -> None:
    with pytest.raises(DataError, match="received no rows; expected at least one to fit on"):
        CategoryPreprocessing.fit([])
    with pytest.raises(RowError, match="row 1: received 1; expected a text"):
        CategoryPreprocessing.fit(["a", 1])


def test_the_advice_works() -> None:
    followed(
        lambda: CategoryPreprocessing(SHOPS).apply(["moon"]),
        "CategoryPreprocessing(categories, unknown='own_id')",
        lambda: CategoryPreprocessing(SHOPS, unknown="own_id").apply(["moon"]),
    )
    followed(
        lambda: CategoryPreprocessing(SHOPS).apply("north"),
        'Write apply(["north"])',
        lambda: CategoryPreprocessing(SHOPS).apply(["north"]),
    )
    followed(
        lambda: CategoryPreprocessing(SHOPS).apply({"shop": ["north"]}),  # type: ignore[arg-type]
        'Write apply(list(rows["shop"]))',
        lambda: CategoryPreprocessing(SHOPS).apply(list({"shop": ["north"]}["shop"])),
    )
