"""Truth of ``rnnzoo.data.sets.registered_sets``: data sets of users are loaded as those of rnnzoo are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rnnzoo
from rnnzoo.data.sets.datasets import DATASETS
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError


def read_waves(
    *, seed: int = 0, validation_fraction: float = 0.2, test_fraction: float = 0.2, steps: int = 5
) -> rnnzoo.Splits:
    """Rising and falling lines.

    More than a line.
    """
    rows = [np.linspace(0, sign, steps)[:, None] for sign in (1, -1) * 20]
    return rnnzoo.Splits.from_arrays(
        rows,
        ["up", "down"] * 20,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
    )


@pytest.fixture
def waves() -> Iterator[None]:
    DATASETS.add("waves", read_waves)
    yield
    DATASETS.remove("waves")


@pytest.mark.usefixtures("waves")
def test_a_registered_set_is_loaded_and_listed() -> None:
    splits = rnnzoo.load_dataset("waves", steps=7, test_fraction=0.5)
    assert len(splits.test or ()) == 20
    assert splits.rows("train").gather([0])[0]["features"].shape == (1, 7, 1)
    last = rnnzoo.list_datasets()[-1]
    assert (last.name, last.title, last.task) == ("waves", "Rising and falling lines.", "registered")
    assert [source.name for source in rnnzoo.list_datasets("wav*")] == ["waves"]
    assert rnnzoo.list_datasets("wav*", task="tagging") == []


@pytest.mark.usefixtures("waves")
def test_what_a_reader_does_not_take_is_refused() -> None:
    with pytest.raises(ArgumentError) as error:
        rnnzoo.load_dataset("waves", fold=1, folds=3)
    assert str(error.value) == (
        "fold: received 1 for data set 'waves', whose reader read_waves has no such argument. Leave it out, or give "
        "the reader one."
    )
    with pytest.raises(UnknownNameError, match=r"'step'.*'steps'"):
        rnnzoo.load_dataset("waves", step=7)


def test_an_own_set_cannot_take_the_name_of_another() -> None:
    with pytest.raises(ArgumentError, match="'digits' for a data set, which is rnnzoo's"):
        DATASETS.add("digits", read_waves)


def test_a_reader_must_return_splits() -> None:
    def reader() -> Any: ...

    DATASETS.add("nothing", reader)
    try:
        with pytest.raises(
            DataError, match=r"nothing: received NoneType from its reader .*; expected rnnzoo.Splits"
        ):
            rnnzoo.load_dataset("nothing")
    finally:
        DATASETS.remove("nothing")


def _positional(rows: Any, /) -> None: ...


def _required(*, path: str) -> None: ...


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (7, "reader: received 7; expected a function that returns rnnzoo.Splits"),
        (rnnzoo.Splits, "expected a function that returns rnnzoo.Splits"),
        (_positional, "received _positional with the argument 'rows' that load_dataset cannot give"),
        (_required, "received _required with the argument 'path' that load_dataset cannot give"),
    ],
)
def test_what_is_no_reader_is_refused(reader: Callable[..., Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        DATASETS.add("own", reader)
    assert message in str(error.value)
    assert "own" not in DATASETS
