"""Truth of ``rnnzoo.data.readers.arrays``: what is advised on files of arrays works when followed."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from advice import Advice, followed
from rnnzoo import (
    Splits,
    read_arrays,
)
from rnnzoo.data.readers.arrays import read_input_rows

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = 40
X = np.random.default_rng(0).normal(size=(ROWS, 6, 2)).astype("float32")
Y = np.array(["up", "down"] * (ROWS // 2))
WORDS = np.array([["a", "b", "c"], ["a", "c", ""]] * (ROWS // 2))
TAGS = np.where(WORDS == "a", "A", "O")
LENGTHS = np.array([6, 3] * (ROWS // 2))


def saved(task: str = "classification", file: str = "x.npz", **arrays: Any) -> Splits:
    np.savez(file, **arrays)
    return read_arrays(file, task=task)


def saved_alone(**options: Any) -> Splits:
    np.save("x.npy", X)
    np.save("y.npy", Y)
    return read_arrays("x.npy", **options)


def input_rows(**arrays: Any) -> list[Any]:
    np.savez("x.npz", **arrays)
    return read_input_rows("x.npz")


def unlike(rows: list[Any]) -> np.ndarray:
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


_OBJECTS = (
    "Save texts as numpy.array(texts, dtype=str), and rows of unlike length padded to one array with their lengths: "
    "numpy.savez(file, x=x, y=y, lengths=lengths)"
)
_TEXTS = [f"film {i}" for i in range(ROWS)]
ARRAYS: dict[str, Advice] = {
    "no x": (
        lambda: input_rows(rows=X),
        "holds no array 'x' or 'x_test' but rows; expected rows, as numpy.savez(file, x=x)",
        (lambda: len(input_rows(x=X)) == ROWS, lambda: len(input_rows(x_test=X)) == ROWS),
    ),
    "no labels": (
        saved_alone,
        "Pass labels='y.npy' (on the command line --labels y.npy) and test parts as two files, or save both with "
        "numpy.savez(file, x=x, y=y)",
        (
            lambda: saved_alone(labels="y.npy"),
            lambda: saved_alone(labels="y.npy", test=("x.npy", "y.npy")),
            lambda: saved(x=X, y=Y),
        ),
    ),
    "objects": (
        lambda: saved(x=np.array(_TEXTS, object), y=Y),
        _OBJECTS,
        (lambda: saved(x=np.array(_TEXTS, dtype=str), y=Y),),
    ),
    "unlike": (
        lambda: saved(x=unlike([row[:n] for row, n in zip(X, LENGTHS, strict=True)]), y=Y),
        _OBJECTS,
        (lambda: saved(x=X, y=Y, lengths=LENGTHS),),
    ),
    "no y": (
        lambda: saved(x=X),
        "holds no array 'y' but x; expected rows x and their targets y, as numpy.savez(file, x=x, y=y)",
        (lambda: saved(x=X, y=Y),),
    ),
    "padded words": (
        lambda: saved("tagging", x=WORDS, y=TAGS),
        "Save them too: lengths, whole numbers (rows,)",
        (lambda: saved("tagging", x=WORDS, y=TAGS, lengths=(WORDS != "").sum(axis=1)),),
    ),
    "padded steps": (
        lambda: saved(x=np.where(np.arange(6)[:, None] < 4, X, np.nan), y=Y),
        "Save them too: lengths, whole numbers (rows,)",
        (lambda: saved(x=np.where(np.arange(6)[:, None] < 4, X, np.nan), y=Y, lengths=[4] * ROWS),),
    ),
    "bytes": (
        lambda: saved(x=np.array(_TEXTS, "S"), y=Y),
        "Save texts as x.astype(str)",
        (lambda: saved(x=np.array(_TEXTS, "S").astype(str), y=Y),),
    ),
    "label bytes": (
        lambda: saved(x=X, y=Y.astype("S")),
        "Save y.astype(str)",
        (lambda: saved(x=X, y=Y.astype("S").astype(str)),),
    ),
    "dates": (
        lambda: saved(x=X, y=np.array(["2024-01-01", "2024-01-02"] * 20, "datetime64[D]")),
        "Save labels as numpy.array(labels, dtype=str)",
        (lambda: saved(x=X, y=np.array(["2024-01-01", "2024-01-02"] * 20, dtype=str)),),
    ),
    "truths": (
        lambda: saved(x=X > 0, y=Y),
        "Save x.astype('float32')",
        (lambda: saved(x=(X > 0).astype("float32"), y=Y),),
    ),
    "one-hot": (
        lambda: saved(x=X, y=np.eye(2)[np.arange(ROWS) % 2]),
        "Of one-hot rows, save y.argmax(axis=1); for several labels in a row, pass task='multilabel_classification'",
        (
            lambda: saved(x=X, y=np.eye(2)[np.arange(ROWS) % 2].argmax(axis=1)),
            lambda: saved("multilabel_classification", x=X, y=np.eye(2, dtype=int)[np.arange(ROWS) % 2]),
        ),
    ),
    "gray": (
        lambda: saved(x=np.zeros((ROWS, 3, 4, 4)), y=Y),
        "Save gray frames as x[..., None]",
        (lambda: saved(x=np.zeros((ROWS, 3, 4, 4))[..., None], y=Y),),
    ),
    "length": (
        lambda: saved(x=X, y=Y, lengths=[7, *[6] * 39]),
        "row 0: received 7; expected 1 to 6, the steps of x. Correct it",
        (lambda: saved(x=X, y=Y, lengths=[6] * ROWS),),
    ),
    "parts": (
        lambda: (
            saved(x=X, y=Y)
            and saved(file="t.npz", x_train=X, y_train=Y, x_test=X, y_test=Y)
            and read_arrays("x.npz", test="t.npz")
        ),
        "expected the rows of the test part alone. Pass the file as the data, or write one with this part",
        (
            lambda: read_arrays("t.npz"),
            lambda: saved(file="t.npz", x=X, y=Y) and read_arrays("x.npz", test="t.npz"),
        ),
    ),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_the_advice_works(case: str) -> None:
    wrong, advice, right = ARRAYS[case]
    followed(wrong, advice, *right)
