"""Truth of ``rnnzoo.preprocessing.part_names``: no two parts make an input of one name, and names can be given."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from own_preprocessing import Letters
from panel_bundles import EVERYTHING
from preprocessed_rows import KINDS
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.preprocessing import (
    PREPROCESSINGS,
    CategoryPreprocessing,
    CharacterPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    JoinedPreprocessing,
    NumbersPreprocessing,
    Preprocessing,
    SubwordPreprocessing,
    TextPreprocessing,
)
from window_panels import panel, request

TEXT = TextPreprocessing(["", "[UNK]", "hot"])
SERIES = FeaturePreprocessing([0.0], [1.0], variable_length=True)
MORE = {
    "fixed series": (FeaturePreprocessing([0.0], [1.0], variable_length=False), [[1.0]]),
    "fixed DNA": (DNAPreprocessing(variable_length=False), "ACGT"),
    "fixed frames": (
        FramePreprocessing([0.0], [1.0], frame_shape=(1, 2, 1), variable_length=False),
        [[[[1.0], [2]]]],
    ),
    "subwords": (SubwordPreprocessing.fit(["a dog runs"]), "a dog"),
    "panel": (panel(**EVERYTHING), request(0)),
    "category": (CategoryPreprocessing(["a"]), "a"),
    "numbers": (NumbersPreprocessing([0.0], [1.0]), 3.0),
    "joined": (JoinedPreprocessing({"note": TEXT, "past": SERIES}), {"note": "hot", "past": [[1.0]]}),
}


@pytest.mark.parametrize("name", [*KINDS, *MORE])
def test_every_preprocessing_says_what_it_makes(name: str) -> None:
    preprocessing, row = {**KINDS, **MORE}[name]
    assert preprocessing.input_names == tuple(preprocessing.apply([row]))


def test_all_kinds_are_tried() -> None:
    tried = {preprocessing.kind for preprocessing, _ in {**KINDS, **MORE}.values()}
    assert tried == {kind for kind in PREPROCESSINGS if not PREPROCESSINGS.is_own(kind)}


def test_a_subclass_with_a_batch_of_its_own_says_nothing() -> None:
    class Doubled(FeaturePreprocessing):
        def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            made = super().batch(encoded)
            return {**made, "again": made["features"]}

    class Renamed(Doubled):
        pass

    assert Doubled([0.0], [1.0], variable_length=False).input_names is None
    assert Renamed([0.0], [1.0], variable_length=False).input_names is None
    assert CharacterPreprocessing(["", "[UNK]"], ["", "[UNK]"]).input_names == ("tokens", "characters")


def advised(message: str) -> Any:
    """The argument that a message says to write."""
    return ast.literal_eval(
        message.partition("Write inputs=")[2].partition(", with the names")[0].rstrip(".")
    )


@pytest.mark.parametrize(
    ("parts", "inputs", "message"),
    [
        (
            {"title": TEXT, "body": TEXT, "past": SERIES},
            None,
            "inputs: the parts 'title' and 'body' make an input 'tokens' each; expected names that differ. Write "
            "inputs={'title': {'tokens': 'title_tokens'}, 'body': {'tokens': 'body_tokens'}}, with the names of your "
            "model.",
        ),
        (
            {"a": SERIES, "b": SERIES, "title": TEXT},
            {"title": "headline"},
            "inputs: the parts 'a' and 'b' make an input 'features' each; expected names that differ. Write "
            "inputs={'a': {'features': 'a_features', 'mask': 'a_mask'}, 'b': {'features': 'b_features', 'mask': "
            "'b_mask'}, 'title': {'tokens': 'headline'}}, with the names of your model.",
        ),
        (
            {"visits": IrregularPreprocessing([0.0], [1.0], step=1.0), "past": SERIES},
            {"past": {"mask": None}},
            "inputs: the parts 'visits' and 'past' make an input 'features' each; expected names that differ. Write "
            "inputs={'visits': {'features': 'visits_features'}, 'past': {'mask': None, 'features': 'past_features'}}, "
            "with the names of your model.",
        ),
        (
            {"tokens": CategoryPreprocessing(["a"]), "title": TEXT},
            None,
            "inputs: the parts 'tokens' and 'title' make an input 'tokens' each; expected names that differ. Write "
            "inputs={'tokens': {'tokens': 'tokens_tokens'}, 'title': {'tokens': 'title_tokens'}}, with the names of "
            "your model.",
        ),
    ],
)
def test_inputs_of_one_name_are_refused_and_the_advice_works(
    parts: dict[str, Preprocessing], inputs: Any, message: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        JoinedPreprocessing(parts, inputs=inputs)
    assert str(caught.value) == message
    names = JoinedPreprocessing(parts, inputs=advised(message)).input_names or ()
    assert len(set(names)) == len(names) >= 2
    assert ("headline" in names) == ("headline" in message)


def test_of_a_part_that_says_nothing_it_is_found_out_with_the_first_rows() -> None:
    parts = {"code": Letters(), "title": TEXT}
    rows = [{"code": "ab", "title": "hot"}]
    silent = JoinedPreprocessing(parts)
    with pytest.raises(ArgumentError, match="'code' and 'title' make an input 'tokens' each") as caught:
        silent.apply(rows)
    made = JoinedPreprocessing(parts, inputs=advised(str(caught.value))).apply(rows)
    assert {name: array.tolist() for name, array in made.items()} == {
        "code_tokens": [[1, 2]],
        "title_tokens": [[2]],
    }
    assert set(JoinedPreprocessing(parts, inputs={"title": "title"}).apply(rows)) == {"tokens", "title"}


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (
            {"past": "series"},
            ArgumentError,
            "inputs: received 'series' for 'past', which makes features, mask; expected a name for each. Write "
            "inputs={'past': {'features': 'past_features', 'mask': 'past_mask'}}.",
        ),
        (
            {"pst": "series"},
            UnknownNameError,
            "unknown part in inputs: received 'pst'; did you mean 'past'? expected one of note, past.",
        ),
        (
            {"past": {"feature": "series"}},
            UnknownNameError,
            "unknown input of part 'past' in inputs: received 'feature'; did you mean 'features'? expected one of "
            "features, mask.",
        ),
        (
            {"past": {"features": 3}},
            ArgumentError,
            "inputs: received {'features': 3} for 'past'; expected a name, or new names by the old, where None leaves "
            "an input out.",
        ),
        (
            {"note": None},
            ArgumentError,
            "inputs: received None for 'note'; expected a name, or new names by the old, where None leaves an input "
            "out.",
        ),
        (
            ["title"],
            ArgumentError,
            "inputs: received ['title']; expected names by part. Write e.g. inputs={'note': 'title'}.",
        ),
    ],
)
def test_wrong_names_are_refused(inputs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        JoinedPreprocessing({"note": TEXT, "past": SERIES}, inputs=inputs)
    assert str(caught.value) == message
    if "Write inputs=" in message:
        JoinedPreprocessing({"note": TEXT, "past": SERIES}, inputs=advised(message))
