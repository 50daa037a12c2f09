"""Truth of ``rnnzoo.data.task_readers``: what readers advise about wrong rows, labels and cells works when followed."""

# mypy: disable-error-code="arg-type, list-item, call-arg"

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advice import followed
from rnnzoo import Splits, read_sentences, read_series, read_texts, running_text_splits
from rnnzoo.data.readers.series import read_columns
from rnnzoo.errors import ArgumentError, DataError, RowError, UnknownNameError, listed
from rnnzoo.preprocessing import WindowPreprocessing

TEXTS = ["good film", "bad film"] * 20
WINDOW: dict[str, Any] = {"target": "load", "window": 4, "horizon": 2}

pytestmark = pytest.mark.usefixtures("in_own_folder")


def loads(**cells: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"load": np.arange(60.0), "heat": [str(i % 7) for i in range(60)]})
    for name, cell in cells.items():
        frame.loc[30, name] = cell
    return frame


@pytest.mark.parametrize(
    ("task", "reader", "right"),
    [
        ("quantile_forecasting", "read_series(file, target=...", lambda: read_series(loads(), **WINDOW)),
        (
            "language_modeling",
            "running_text_splits(Path(file))",
            lambda: running_text_splits("to be " * 90, window=5),
        ),
        (
            "translation",
            "task='translation'",
            lambda: read_texts(
                pd.DataFrame({"a": TEXTS, "b": TEXTS}),
                text="a",
                label="b",
                task="translation",
                stratify=False,
            ),
        ),
    ],
)
def test_tasks_of_other_data_name_their_reader(task: str, reader: str, right: Callable[[], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # copies of the few texts
        followed(
            lambda: Splits.from_arrays(TEXTS, ["a", "b"] * 20, task=task),
            f"task: received {task!r} for rows in memory; expected a task of rows that have targets. ",
            right,
        )
    with pytest.raises(ArgumentError, match=re.escape(reader)):
        Splits.from_arrays(TEXTS, ["a", "b"] * 20, task=task)


@pytest.mark.parametrize("kind", [list, set, tuple])
def test_several_labels_of_a_row_name_the_task(kind: Any) -> None:
    labels = [kind(["money", "quote"]), kind(["world"])] * 20
    followed(
        lambda: Splits.from_arrays(TEXTS, labels),
        "for several labels in a row pass task='multilabel_classification'",
        lambda: Splits.from_arrays(
            [f"{text} {i}" for i, text in enumerate(TEXTS)], labels, task="multilabel_classification"
        ),
    )


def test_labels_that_differ_in_case_or_blanks_alone_are_named() -> None:
    texts = [f"text {i} of all" for i in range(40)]
    labels = ["ham", "ham ", "Ham", "spam"] * 10
    with pytest.warns(
        UserWarning, match="targets: 'Ham' and 'ham' and 'ham ' differ in case or blanks alone"
    ) as caught:
        Splits.from_arrays(texts, labels)
    names: dict[str, Any] = {"labels": labels}
    exec(str(caught[0].message).split("correct them first: ")[1], names)
    assert Splits.from_arrays(texts, names["labels"]).get_decoding().labels == ["ham", "spam"]


def test_a_text_column_of_numbers_or_holes_is_named() -> None:
    numbers = pd.DataFrame({"text": range(40), "label": ["a", "b"] * 20})
    followed(
        lambda: read_texts(numbers, text="text", label="label"),
        "row 0: 'text' is 0; expected a text. Name the column of texts, or make texts of numbers: frame = "
        "frame.astype({'text': str})",
        lambda: read_texts(numbers.astype({"text": str}), text="text", label="label"),
    )
    holes = numbers.assign(text=[f"word{i}" for i in range(40)])
    holes.loc[5, "text"] = np.nan
    for read in (read_texts, Splits.from_frame):
        with pytest.raises(
            RowError, match=r"^row 5: 'text' is nan; .*frame = frame\[frame\['text'\]\.notna\(\)\]$"
        ):
            read(holes, text="text", label="label")
        assert len(read(holes[holes["text"].notna()], text="text", label="label").train) == 27
        with pytest.raises(RowError, match=r"^test: row 5: 'text' is nan"):
            read(holes[holes["text"].notna()], text="text", label="label", test=holes)


def test_text_that_names_a_file_is_no_text() -> None:
    Path("ptb.txt").write_text("to be or not to be " * 50)
    Path("story").write_text("to be or not to be " * 50)
    for name in ("ptb.txt", "story"):
        followed(
            partial(running_text_splits, name, window=20),
            f"train: received {name!r}, a text that names a file; expected the text itself, or a path: "
            f"train=Path({name!r})",
            partial(running_text_splits, train=Path(name), window=20),
        )
    with pytest.raises(ArgumentError, match=r"test: received 'absent\.txt\.gz', a text that names a file"):
        running_text_splits(Path("story"), test="absent.txt.gz", window=20)
    with pytest.raises(
        ArgumentError, match=r"train: received list; expected a text, or .*Join the texts of several"
    ) as e:
        running_text_splits([Path("ptb.txt"), Path("story")], window=20)
    paths = [Path("ptb.txt"), Path("story")]
    joined = eval(str(e.value).split("several files: ")[1].removesuffix("."), {"paths": paths})
    assert running_text_splits(joined, window=20).description["tokens"]["train"] > 300


def test_one_sentence_says_what_ends_it() -> None:
    lines = ["good X", "film Y"] * 10
    Path("one.conll").write_text("\n".join(lines))
    Path("more.conll").write_text("\n".join([*lines[:2], ""] * 10))
    followed(
        lambda: read_sentences("one.conll"),
        "one.conll: received one sentence of 20 words; expected several. A blank line ends a sentence",
        lambda: read_sentences("more.conll"),
    )


def test_a_nul_character_is_no_text() -> None:
    Path("t.csv").write_text("text,label\n" + "good,a\nbad,b\n" * 20 + "go\0od,a\n")
    for from_disk in (False, True):
        with pytest.raises(DataError, match=r"^t\.csv: line 42 holds a NUL character; expected text"):
            read_texts("t.csv", text="text", label="label", from_disk=from_disk)
    Path("t.csv").write_text(Path("t.csv").read_text().replace("\0", ""))
    assert len(read_texts("t.csv", text="text", label="label", stratify=False).train) == 29


def test_a_cell_that_others_write_for_a_missing_value_is_no_category() -> None:
    frame = loads(heat="n/a")
    followed(
        lambda: read_series(frame, missing="ffill", **WINDOW),
        "row 30: 'heat' is 'n/a'; expected a finite number. If the value is missing, empty the cell: what counts as "
        "missing is an empty cell, NA, N/A, NaN, nan, null, NULL, None or ?.",
        *[
            partial(read_series, loads(heat=cell), missing="ffill", **WINDOW)
            for cell in ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
        ],
    )
    followed(
        lambda: read_series(loads(heat="warm"), **WINDOW),
        "Correct it, or say what the column is: categories, categorical=['heat'] (on the command line --categorical "
        "heat); or to be left out, ignore=['heat'] (--ignore heat).",
        lambda: read_series(loads(heat="warm"), categorical=["heat"], **WINDOW),
        lambda: read_series(loads(heat="warm"), ignore=["heat"], **WINDOW),
    )
    timed = loads().assign(day=pd.date_range("2024-01-01", periods=60).strftime("%d.%m.%Y"))
    followed(
        lambda: read_series(timed, **WINDOW),
        "the time, time='day' (--time day)",
        lambda: read_series(timed, time="day", **WINDOW),
    )


def test_a_cell_of_a_fitted_model_has_no_options() -> None:
    fitted = read_series(loads(), **WINDOW).get_preprocessing(WindowPreprocessing)
    with pytest.raises(DataError) as caught:
        read_columns(loads(heat="warm"), fitted)
    assert str(caught.value) == (
        "row 30: 'heat' is 'warm'; expected a finite number. Correct it; a missing value is an empty cell, NA, N/A, "
        "NaN, nan, null, NULL, None or ?."
    )
    assert read_columns(loads(heat="NA"), fitted)["heat"][30] is None


def test_long_lists_are_cut() -> None:
    frame = loads().assign(kind=[f"kind {i}" for i in range(60)])
    with pytest.raises(
        DataError, match=r"expected one of kind 0, kind 1, .* and 22 more\. Train on rows"
    ) as caught:
        read_series(frame, categorical="kind", **WINDOW)
    assert len(str(caught.value)) < 400
    wide = pd.DataFrame({f"column {i:04}": [1.0] for i in range(2000)})
    with pytest.raises(UnknownNameError, match=r"column 1994 and 1,994 more\.$"):
        read_series(wide, target="load", window=4, horizon=2)
    assert listed(["a" * 50, "b"]) == f"{'a' * 40}…, b"
