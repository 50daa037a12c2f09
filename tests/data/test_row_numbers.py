"""Truth of ``rnnzoo.data.row_origin``.

Errors about a row name the row that the caller passed, whatever part it is in; a row without truth is refused.
"""

# mypy: disable-error-code="arg-type, union-attr, operator"

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, pair_splits, read_table
from rnnzoo.data.groups import split_groups
from rnnzoo.data.readers.audio import audio_splits
from rnnzoo.errors import DataError, EmptyRowError, RowError
from rnnzoo.preprocessing import DNAPreprocessing

ROWS = 120
TEXTS = [f"word{row % 7} text{row}" for row in range(ROWS)]
LABELS = [("no", "yes", "yes")[row % 3] for row in range(ROWS)]
SERIES = np.random.default_rng(0).normal(size=(ROWS, 4, 2))
WORDS = [["a", f"w{row % 5}"] for row in range(ROWS)]
TAGS = [["X", "Y"]] * ROWS
SEED = 20
PLACES = [0, 3, 50, 119]


def changed(rows: Any, place: int, row: Any) -> list[Any]:
    return [row if number == place else one for number, one in enumerate(rows)]


def error_of(inputs: Any, targets: Any, **options: Any) -> RowError:
    with pytest.raises(RowError) as caught:
        Splits.from_arrays(inputs, targets, **options)
    return caught.value


BAD_ROWS: dict[str, tuple[Any, Any, dict[str, Any], Any, str]] = {
    "NaN": (
        SERIES,
        LABELS,
        {},
        np.full((4, 2), np.nan),
        "received nan at step 0, feature 0; expected finite",
    ),
    "shape": (SERIES, LABELS, {}, np.zeros((4, 3)), "received"),
    "no axis": (SERIES, LABELS, {}, np.zeros(4), "received shape (4,); expected (time"),
    "a number": (SERIES, LABELS, {}, 1.0, "received shape (); expected (time"),
    "nothing": (SERIES, LABELS, {}, None, "received"),
    "a text": (SERIES, LABELS, {}, "a", "received str that is no table of numbers"),
    "no step": (
        SERIES,
        LABELS,
        {},
        np.zeros((0, 2)),
        "received an empty series; expected at least one step.",
    ),
    "no text": (TEXTS, LABELS, {}, None, "received NoneType; expected a text. Pass strings."),
    "empty text": (
        TEXTS,
        LABELS,
        {},
        " ",
        "received an empty text; expected at least one word. Drop the row.",
    ),
    "marks alone": (
        TEXTS,
        LABELS,
        {},
        "?!",
        "received the text '?!'; expected at least one word. Drop the row.",
    ),
    "surrogate": (TEXTS, LABELS, {}, "\ud800", "received a text with a lone surrogate"),
    "no words": (WORDS, TAGS, {"task": "tagging"}, [], "received an empty text; expected at least one word."),
    "more words": (
        WORDS,
        TAGS,
        {"task": "tagging"},
        ["a"],
        "received 1 steps and 2 tags; expected one tag per step.",
    ),
    "letters": (
        ["ACGT"] * ROWS,
        LABELS,
        {"preprocessing": DNAPreprocessing()},
        "ACXT",
        "received the letter 'X' at position 3",
    ),
    "times": (
        [{"times": [0, 1], "values": [[1.0], [2.0]]}] * ROWS,
        LABELS,
        {},
        {"times": [1, 0], "values": [[1.0], [2.0]]},
        "its times fall or are not finite",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_has_the_number_of_the_caller(kind: str, place: int) -> None:
    rows, targets, options, bad, message = BAD_ROWS[kind]
    if kind in ("no axis", "a number", "a text") and place == 0:
        pytest.skip("the first row says what kind of rows there are")
    error = error_of(changed(rows, place, bad), targets, **options)
    assert str(error).startswith(f"row {place}: {message}")
    assert error.row == place


@pytest.mark.parametrize("place", PLACES)
def test_an_array_with_one_bad_number_names_its_row(place: int) -> None:
    values = SERIES.copy()
    values[place, 2, 1] = np.nan
    for seed in range(3):
        assert str(error_of(values, LABELS, seed=seed)) == (
            f"row {place}: received nan at step 2, feature 1; expected finite numbers. Drop or fill missing values "
            "first."
        )
    assert error_of(values, range(ROWS), task="regression").row == place


BAD_TARGETS: dict[str, tuple[Any, dict[str, Any], Any, str]] = {
    "None": (LABELS, {}, None, "received no label (None); expected a name. Drop rows without label."),
    "NA": (LABELS, {}, pd.NA, "received no label (<NA>); expected a name. Drop rows without label."),
    "NaN": (LABELS, {}, float("nan"), "received no label (nan); expected a name. Drop rows without label."),
    "NaT": (LABELS, {}, pd.NaT, "received no label (NaT); expected a name. Drop rows without label."),
    "blank": (LABELS, {}, " ", "received the empty label ' '; expected a name. Drop rows without label."),
    "two classes": (
        LABELS,
        {"task": "binary_classification"},
        None,
        "received no label (None); expected a name. Drop rows without label.",
    ),
    "a number": (
        [float(row) for row in range(ROWS)],
        {"task": "regression"},
        None,
        "received None; expected finite numbers. Drop rows without one.",
    ),
    "a number NA": (
        [float(row) for row in range(ROWS)],
        {"task": "regression"},
        pd.NA,
        "received <NA>; expected numbers for regression. Drop rows without one.",
    ),
    "a number as text": (
        [str(row) for row in range(ROWS)],
        {"task": "regression"},
        "",
        "received ''; expected numbers for regression. Drop rows without one.",
    ),
    "two numbers": (
        [[1.0, 2.0]] * ROWS,
        {"task": "regression"},
        [1.0, float("inf")],
        "received inf; expected finite numbers. Drop rows without one.",
    ),
    "fewer numbers": (
        [[1.0, 2.0]] * ROWS,
        {"task": "regression"},
        [1.0],
        "received numbers of shape (1,); expected (2,) in every row.",
    ),
    "several labels": (
        [["a", "b"], ["b"]] * (ROWS // 2),
        {"task": "multilabel_classification"},
        None,
        "received None; expected a list of labels",
    ),
    "several labels as text": (
        [["a", "b"], ["b"]] * (ROWS // 2),
        {"task": "multilabel_classification"},
        "a,b",
        "received 'a,b'; expected a list of labels",
    ),
    "one of several": (
        [["a", "b"], ["b"]] * (ROWS // 2),
        {"task": "multilabel_classification"},
        ["a", None],
        "step 1: received no label (None); expected a name. Drop the row, or give such steps a label of their own.",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", BAD_TARGETS)
def test_a_row_without_truth_is_refused_with_the_number_of_the_caller(kind: str, place: int) -> None:
    targets, options, bad, message = BAD_TARGETS[kind]
    if kind == "fewer numbers" and place == 0:
        pytest.skip("the first row says how many there are")
    error = error_of(TEXTS, changed(targets, place, bad), **options)
    assert str(error).startswith(f"targets: row {place}: {message}")
    # What the message advises: the row is dropped.
    rest = [row for row in range(ROWS) if row != place]
    splits = Splits.from_arrays([TEXTS[row] for row in rest], [targets[row] for row in rest], **options)
    assert not {"None", "<NA>", "nan", "NaT"} & set(splits.decoding.labels or [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("missing", [None, pd.NA, float("nan"), ""])
def test_a_step_without_tag_is_refused_with_row_and_step(missing: Any, place: int) -> None:
    tags = changed(TAGS, place, ["X", missing])
    message = str(error_of(WORDS, tags, task="tagging"))
    assert message.startswith(f"targets: row {place}: step 1: received ")
    assert message.endswith(
        "expected a name. Drop the row, or give such steps a label of their own. To leave such steps out of loss and "
        "scores, pass unlabelled='leave_out' (on the command line --unlabelled leave_out)."
    )
    splits = Splits.from_arrays(
        WORDS, changed(TAGS, place, ["X", "unknown"]), task="tagging", test_fraction=0.0
    )
    assert set(splits.decoding.labels) >= {"X", "Y"}
    assert str(error_of(WORDS, changed(TAGS, place, None), task="tagging")).startswith(
        f"targets: row {place}: received None; expected"
    )


def test_numbers_of_indicators_are_checked() -> None:
    matrix = np.tile([[0.0, 1.0], [1.0, 0.0]], (ROWS // 2, 1))
    for bad in (np.nan, 2.0):
        values = matrix.copy()
        values[77, 1] = bad
        assert str(error_of(TEXTS, values, task="multilabel_classification")) == (
            f"targets: row 77: received {bad:g} in column 1; expected 0 or 1."
        )


def test_columns_of_pandas_are_rows_in_order_whatever_their_index() -> None:
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS}).iloc[::-1]
    splits = Splits.from_arrays(frame["text"], frame["label"])
    assert sorted(
        text for part in (splits.train, splits.validation, splits.test) for text in part.raw
    ) == sorted(TEXTS)
    for dtype in ("object", "string", "category"):
        labels = frame["label"].astype(dtype).copy()
        labels.iloc[5] = None
        assert str(error_of(frame["text"], labels)).startswith("targets: row 5: received no label (")
        with pytest.raises(RowError, match=r"^targets: row 5: received no label \("):
            Splits.from_frame(frame.assign(label=labels), text="text", label="label")


def test_given_parts_are_named_and_count_their_own_rows() -> None:
    good = (TEXTS[:10], LABELS[:10])
    empty = (changed(TEXTS[:10], 7, ""), LABELS[:10])
    assert str(error_of(TEXTS, LABELS, validation=empty, test=good)).startswith(
        "validation: row 7: received an empty"
    )
    assert str(error_of(TEXTS, LABELS, validation=good, test=empty)).startswith(
        "test: row 7: received an empty text"
    )
    odd = (TEXTS[:10], changed(LABELS[:10], 4, "odd"))
    assert str(error_of(TEXTS, LABELS, test=odd)).startswith(
        "test targets: row 4: received the label 'odd', which no"
    )
    # What is split off beside a given part has the numbers of the caller still.
    assert str(error_of(changed(TEXTS, 99, ""), LABELS, test=good)).startswith(
        "row 99: received an empty text"
    )


def test_a_label_of_one_part_alone_has_the_number_of_the_caller() -> None:
    odd = changed(LABELS, 50, "odd")
    # The test part of this seed has the row.
    assert TEXTS[50] in Splits.from_arrays(TEXTS, LABELS, stratify=False, seed=SEED).test.raw
    assert str(error_of(TEXTS, odd, stratify=False, seed=SEED)).startswith(
        "targets: row 50: received the label 'odd', which no training row has; expected one of no, yes. Put"
    )


def test_groups_and_folds_name_the_row_of_the_caller() -> None:
    groups = [row // 2 for row in range(ROWS)]
    for options in ({}, {"fold": (1, 5), "stratify": False}):
        with pytest.raises(RowError, match=r"^targets: row 51: received no label \(None\); expected a name"):
            split_groups(TEXTS, changed(LABELS, 51, None), groups, **options)


def test_sounds_name_the_row_of_the_caller() -> None:
    sounds = [np.sin(np.arange(800) * pitch) for pitch in [0.2, 1.0] * 20]
    for place in (0, 17, 39):
        short = changed(sounds, place, np.zeros(10))
        with pytest.raises(EmptyRowError, match=rf"^row {place}: received 10 samples; expected at least 200"):
            audio_splits(short, ["low", "high"] * 20, sample_rate=8000, num_mels=10)
        texts = changed(["ab"] * 40, place, "ab" * 200)
        with pytest.raises(RowError, match=rf"^row {place}: its transcript of 400 symbols needs 400 frames"):
            audio_splits(sounds, texts, task="transcription", sample_rate=8000, num_mels=10)
        with pytest.raises(
            RowError, match=rf"^targets: row {place}: received NoneType; expected a text for transc"
        ):
            audio_splits(
                sounds, changed(["ab"] * 40, place, None), task="transcription", sample_rate=8000, num_mels=10
            )


def test_a_transcript_too_long_for_a_model_has_the_number_of_the_caller() -> None:
    sounds = [np.sin(np.arange(800) * 0.2)] * 40
    splits = audio_splits(
        sounds, changed(["ab"] * 40, 23, "abababab"), task="transcription", sample_rate=8000, num_mels=10
    )
    parts = [part for part in (splits.train, splits.validation, splits.test) if part is not None]
    messages = []
    for part in parts:
        try:
            part.check_frames(2)  # type: ignore[attr-defined]
        except RowError as error:
            messages.append(str(error))
    assert [message.partition(":")[0] for message in messages] == ["row 23"]


def test_pairs_name_part_side_and_row() -> None:
    pairs = (["a dog", "a cat"], ["ein Hund", "eine Katze"])
    for part, side, given in (
        ("train", "sources", (["a dog", " "], pairs[1])),
        ("train", "targets", (pairs[0], ["", "eine Katze"])),
        ("validation", "sources", (["a dog", ""], pairs[1])),
    ):
        parts: dict[str, Any] = {"train": pairs, "validation": pairs, part: given}
        row = 0 if side == "targets" else 1
        with pytest.raises(EmptyRowError, match=rf"^{part} {side}: row {row}: received an empty text"):
            pair_splits(parts["train"], validation=parts["validation"])


@pytest.mark.parametrize("task", ["classification", "regression", "multilabel_classification", "tagging"])
def test_tables_name_the_line(task: str, tmp_path: Path) -> None:
    def write(name: str, text: str = "sun rain", label: str = "1 2") -> Path:
        lines = [f"sun w{row},{row % 2 + 1}{' 2' if task == 'tagging' else ''}" for row in range(60)]
        lines[37] = f"{text},{label if task == 'tagging' else label[:1]}"
        (tmp_path / name).write_text("\n".join(["text,label", *lines]) + "\n")
        return tmp_path / name

    options: dict[str, Any] = {"text": "text", "label": "label", "task": task}
    good = write("good.csv")
    read_table(good, **options)
    for text in ("", " ") if task == "tagging" else ("", " ", "?!"):
        bad = write("bad.csv", text=text, label="" if task == "tagging" else "1")
        for arguments in ({"path": bad}, {"path": good, "test": bad}):
            with pytest.raises(
                DataError, match=rf"^{re.escape(str(bad))}: line 39: received .*; expected at least one w"
            ):
                read_table(**arguments, **options)
    if task in ("classification", "regression"):
        with pytest.raises(DataError, match=r"bad\.csv: line 39: targets: received the empty label ''"):
            read_table(write("bad.csv", label=""), **options)
    if task == "regression":
        with pytest.raises(DataError, match=r"bad\.csv: line 39: targets: received 'x'; expected numbers"):
            read_table(write("bad.csv", label="x"), **options)
    if task == "tagging":
        with pytest.raises(DataError, match=r"bad\.csv: line 39: received 2 steps and 0 tags"):
            read_table(write("bad.csv", label=""), **options)
