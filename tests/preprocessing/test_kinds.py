"""Truth of ``rnnzoo.preprocessing.kinds``: every kind answers for itself, and a user's joins them."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from own_preprocessing import Letters, Vowels
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import PREPROCESSINGS, Preprocessing, TextPreprocessing
from rnnzoo.preprocessing.base import Takes
from rnnzoo.preprocessing.pairs import CODINGS


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_every_kind_says_what_its_rows_are_and_what_models_take(name: str) -> None:
    entry = PREPROCESSINGS[name]
    assert entry.kind == name
    assert entry.takes in get_args(Takes)
    assert PREPROCESSINGS.is_own(name) or entry.takes != "other"
    assert entry.model_arguments is not Preprocessing.model_arguments


def test_an_own_class_is_registered_under_its_kind_alone() -> None:
    assert PREPROCESSINGS.is_own("letters")
    assert not PREPROCESSINGS.is_own("text")
    PREPROCESSINGS.add("letters", Letters)
    with pytest.raises(
        ArgumentError, match="received 'mine' for Letters, whose kind is 'letters'; expected the same"
    ):
        PREPROCESSINGS.add("mine", Letters)


def test_the_kind_of_another_is_refused() -> None:
    class Texts(TextPreprocessing):
        """Has the kind of the class that it inherits from."""

    with pytest.raises(ArgumentError, match="received 'text' for a preprocessing, which is rnnzoo's"):
        PREPROCESSINGS.add("text", Texts)


class Unfinished(Preprocessing):
    kind = "unfinished"

    def encode(self, raw: Any) -> list[np.ndarray]:
        return [np.asarray(row) for row in raw]


class Nameless(Letters):
    kind = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            Unfinished,
            "without batch, from_config, to_config; expected a subclass of rnnzoo.Preprocessing with all",
        ),
        (dict, "received <class 'dict'>; expected a subclass of rnnzoo.Preprocessing"),
        (Letters(), "expected a subclass of rnnzoo.Preprocessing"),
        (Nameless, "without a kind; expected a name, such as kind = 'own'"),
    ],
)
def test_what_is_no_preprocessing_is_refused(entry: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        PREPROCESSINGS.add("unfinished", entry)
    assert message in str(caught.value)


def test_an_own_coding_joins_those_of_translations() -> None:
    assert CODINGS["vowels"] is Vowels
    assert "letters" not in CODINGS


def test_a_class_that_says_little_is_told_what_to_define() -> None:
    class Silent(Letters):
        @property
        def model_arguments(self) -> dict[str, Any]:
            return Preprocessing.model_arguments.__get__(self)

    with pytest.raises(
        ArgumentError, match=r"received Silent, which does not say what a model takes; .* Define that"
    ):
        _ = Silent().model_arguments
