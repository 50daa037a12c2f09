"""Truth of ``rnnzoo.preprocessing.joined``, ``rnnzoo.preprocessing.joined_rows``: parts of a row are read apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from advice import followed
from joined_bundles import ROWS, SHOPS, WORDS, joined, row
from own_preprocessing import Letters
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, NotRegisteredError, RowError
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    FeaturePreprocessing,
    JoinedPreprocessing,
    NumbersPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
    check_round_trip,
    load_preprocessing,
    save_preprocessing,
)
from rnnzoo.preprocessing.joined_rows import longest
from rnnzoo.preprocessing.series_levels import WindowLevels

TEXT = TextPreprocessing(["", "[UNK]", *WORDS])


def test_each_part_makes_its_inputs() -> None:
    made = joined().apply(ROWS)
    words = [one["note"].split() for one in ROWS]
    tokens = np.zeros((40, max(map(len, words))), np.int32)
    features = np.zeros((40, max(len(one["past"]) for one in ROWS), 2))
    mask = np.zeros(features.shape[:2], bool)
    for place, one in enumerate(ROWS):
        tokens[place, : len(words[place])] = [WORDS.index(word) + 2 for word in words[place]]
        features[place, : len(one["past"])] = (np.array(one["past"]) - [5.0, 4.5]) / [2.0, 1.5]
        mask[place, : len(one["past"])] = True
    expected = {
        "tokens": tokens,
        "features": features.astype(np.float32),
        "mask": mask,
        "shop": np.array([SHOPS.index(one["shop"]) for one in ROWS], np.int32),
        "size": ((np.array([one["size"] for one in ROWS]) - [100.0, 90.0]) / [30.0, 20.0]).astype(np.float32),
        "floor": np.array([one["floor"] + 1 for one in ROWS], np.int32),
    }
    assert list(made) == list(expected) == list(joined().input_names or ())
    for name, array in expected.items():
        np.testing.assert_array_equal(made[name], array)
        assert made[name].dtype == array.dtype


def test_it_comes_back_from_its_file_with_its_parts_in_order(tmp_path: Path) -> None:
    given = joined(note="title", past={"features": "past", "mask": None})
    check_round_trip(given)
    save_preprocessing(given, tmp_path / "p.json")
    again = load_preprocessing(tmp_path / "p.json")
    assert isinstance(again, JoinedPreprocessing)
    assert list(again.by_name) == ["note", "past", "shop", "size", "floor"]
    assert again.to_config() == given.to_config()
    assert again.input_names == ("title", "past", "shop", "size", "floor")
    made, before = again.apply(ROWS), given.apply(ROWS)
    assert list(made) == list(before) == list(again.input_names)
    for name, array in before.items():
        np.testing.assert_array_equal(made[name], array)


def test_the_steps_of_a_row_are_those_of_the_first_part_with_steps() -> None:
    encoded = joined().encode_rows(ROWS)
    assert [len(one) for one in encoded] == [len(one["note"].split()) for one in ROWS]
    assert [longest(one) for one in encoded] == [
        max(len(one["note"].split()), len(one["past"])) for one in ROWS
    ]
    only = JoinedPreprocessing({"shop": CategoryPreprocessing(SHOPS), "size": NumbersPreprocessing([0], [1])})
    assert len(only.encode_rows([{"shop": "north", "size": 3}])[0]) == 1
    tagger = JoinedPreprocessing(
        {"shop": CategoryPreprocessing(SHOPS), "words": TokenPreprocessing(["", "[UNK]", "New", "York"])}
    )
    placed = tagger.placed_words({"shop": "north", "words": "New  York"})
    assert [(word.word, word.start, word.end) for word in placed] == [("New", 0, 3), ("York", 5, 9)]
    cut = JoinedPreprocessing({"note": TextPreprocessing(["", "[UNK]"], max_length=2)})
    assert cut.max_length == 2


def test_levels_are_those_of_the_part_that_has_some() -> None:
    windows = WindowPreprocessing(
        numeric=["load"], mean=[0.0], scale=[1.0], categories={}, window=2, levels=WindowLevels(targets=1)
    )
    both = JoinedPreprocessing({"note": TEXT, "past": windows})
    raw = [{"note": "hot", "past": {"load": [2.0, 4.0]}}, {"note": "late", "past": {"load": [1.0, 9.0]}}]
    level = both.level_of_rows(both.encode_rows(raw))
    expected = windows.level_of_rows(windows.encode([one["past"] for one in raw]))
    assert level is not None
    assert expected is not None
    np.testing.assert_array_equal(level, expected)
    assert joined().level_of_rows(joined().encode_rows(ROWS)) is None
    followed(
        lambda: JoinedPreprocessing({"a": windows, "b": windows}),
        "expected one part at most with levels. Fit the others with scaling='all'.",
        lambda: JoinedPreprocessing(
            {
                "a": windows,
                "b": WindowPreprocessing(numeric=["load"], mean=[0.0], scale=[1.0], categories={}, window=2),
            },
            inputs={"b": "past"},
        ),
    )


def changed(**entries: Any) -> dict[str, Any]:
    return {**row(7), **entries}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in row(7).items() if key != name}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (without("shop"), "received no 'shop'; expected note, past, shop, size, floor. Add it."),
        (
            {**without("shop"), "shpo": "north"},
            "received the unknown entry 'shpo'; did you mean 'shop'? expected note, past, shop, size, floor. Correct "
            "it, or leave it out.",
        ),
        (
            changed(weather="dry"),
            "received the unknown entry 'weather'; expected note, past, shop, size, floor. Correct it, or leave it "
            "out.",
        ),
        (["hot"], "received list; expected a mapping of note, past, shop, size, floor."),
        (changed(note=3), "note: received int; expected a text. Pass strings."),
        (changed(note="?!"), "note: received the text '?!'; expected at least one word. Drop the row."),
        (changed(past=[]), "past: received an empty series; expected at least one step. Drop the row."),
        (changed(past=[[1.0]]), "past: received shape (1, 1); expected (time, 2)."),
        (
            changed(past=[[1.0, "x"]]),
            "past: received 'x' at step 0, feature 1; expected a number. Pass numbers only.",
        ),
        (
            changed(shop="nort"),
            "shop: received the unknown category 'nort'; did you mean 'north'? expected one of east, north, south. "
            "Correct it, or train with CategoryPreprocessing(categories, unknown='own_id').",
        ),
        (changed(size=[1.0]), "size: received 1 number; expected 2 numbers."),
        (
            changed(floor="1"),
            "floor: received '1'; expected a whole number, as the known categories are. Correct it.",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_number_and_part(wrong: Any, message: str) -> None:
    with pytest.raises(RowError) as caught:
        joined().apply([row(0), wrong])
    assert str(caught.value) == f"row 1: {message}"
    assert caught.value.row == 1
    assert isinstance(caught.value, EmptyRowError) == message.endswith("Drop the row.")


def test_errors_of_a_batch_name_the_part() -> None:
    fixed = JoinedPreprocessing(
        {"note": TEXT, "past": FeaturePreprocessing([0.0], [1.0], variable_length=False)}
    )
    with pytest.raises(DataError) as caught:
        fixed.apply([{"note": "hot", "past": [[1.0]]}, {"note": "hot", "past": [[1.0], [2.0]]}])
    assert str(caught.value) == (
        "past: series: received lengths [1, 2] in one batch; expected one length. This model was trained on series "
        "of one length."
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {},
            "received no part; expected a preprocessing for each entry of a row. Write e.g. "
            'JoinedPreprocessing({"text": TextPreprocessing.fit(texts)}).',
        ),
        (
            [TEXT],
            "received list; expected a preprocessing for each entry of a row. Write e.g. "
            'JoinedPreprocessing({"text": TextPreprocessing.fit(texts)}).',
        ),
        ({"": TEXT}, "received the name ''; expected a text that is not empty."),
        ({3: TEXT}, "received the name 3; expected a text that is not empty."),
        (
            {"note": TextPreprocessing},
            "received TextPreprocessing for 'note'; expected a fitted preprocessing, such as "
            "TextPreprocessing.fit(texts).",
        ),
    ],
)
def test_what_are_no_parts_is_refused(parts: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        JoinedPreprocessing(parts)
    assert str(caught.value) == f"parts: {message}"


def test_a_joined_part_is_laid_open() -> None:
    parts: dict[str, Any] = {"size": NumbersPreprocessing([0.0], [1.0])}
    parts["rest"] = JoinedPreprocessing({"note": TEXT})
    followed(
        lambda: JoinedPreprocessing(parts),
        "Put its parts beside the others: {**parts, **parts['rest'].by_name}.",
        lambda: JoinedPreprocessing(
            {name: part for name, part in {**parts, **parts["rest"].by_name}.items() if name != "rest"}
        ),
    )


class Frame(pd.DataFrame):
    """A table that hands over its rows as one of polars does."""

    def to_dicts(self) -> list[Any]:
        return self.to_dict("records")


def test_tables_and_single_rows_are_no_lists_of_rows() -> None:
    table: dict[str, list[Any]] = {name: [one[name] for one in ROWS[:3]] for name in ROWS[0]}
    frame = pd.DataFrame(table)
    expected = joined().apply(ROWS[:3])
    for given, advice, rows in (
        (frame, 'frame.to_dict("records")', lambda: frame.to_dict("records")),
        (Frame(frame), "frame.to_dicts()", lambda: Frame(frame).to_dicts()),
        (pa.table(table), "frame.to_pylist()", lambda: pa.table(table).to_pylist()),
    ):

        def right(rows: Any = rows) -> bool:
            made = joined().apply(rows())
            return all(np.array_equal(made[name], array) for name, array in expected.items())

        followed(lambda given=given: joined().apply(given), f"Write apply({advice}).", right)  # type: ignore[misc]
    followed(
        lambda: joined().apply(ROWS[0]),  # type: ignore[arg-type]
        "Write apply([mapping]).",
        lambda: bool(joined().apply([ROWS[0]])),
    )


def test_parts_of_a_user_are_stored_and_must_be_registered(tmp_path: Path) -> None:
    own = JoinedPreprocessing({"code": Letters(upper=True), "shop": CategoryPreprocessing(SHOPS)})
    assert own.input_names is None
    assert own.apply([{"code": "aB", "shop": "east"}])["tokens"].tolist() == [[1, 2]]
    save_preprocessing(own, tmp_path / "p.json")
    again = load_preprocessing(tmp_path / "p.json")
    assert isinstance(again, JoinedPreprocessing)
    assert isinstance(again.by_name["code"], Letters)
    stored = json.loads((tmp_path / "p.json").read_text())
    assert stored["config"]["parts"][0]["class"] == "own_preprocessing.Letters"
    stored["config"]["parts"][0]["kind"] = "letters-of-others"
    (tmp_path / "p.json").write_text(json.dumps(stored))
    with pytest.raises(NotRegisteredError, match="code: needs the preprocessing 'letters-of-others'"):
        load_preprocessing(tmp_path / "p.json")

    class Unregistered(Letters):
        kind = "unregistered"

    with pytest.raises(ArgumentError, match="received Unregistered of the kind 'unregistered'"):
        save_preprocessing(JoinedPreprocessing({"code": Unregistered()}), tmp_path / "q.json")
