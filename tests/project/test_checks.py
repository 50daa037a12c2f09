"""Truth of ``rnnzoo.checks`` and ``rnnzoo.errors``: what was received, what was expected, and how to put it right."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, EmptyRowError, RequestError, RowError, UnknownNameError


def test_what_is_right_is_returned_as_plain_python() -> None:
    assert type(checks.integer("n", np.int8(3), minimum=3, maximum=3)) is int
    assert type(checks.number("x", Fraction(1, 2), above=0, below=1)) is float
    assert checks.seed(2**32 - 1) == 2**32 - 1
    assert checks.flag("f", False) is False
    assert checks.choice("cell", "gru", ("gru", "lstm")) == "gru"
    assert checks.widths("units", 8) == (8,)
    assert checks.widths("units", [8, np.int64(4)]) == (8, 4)


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: checks.integer("n", True, minimum=1), "n: received True; expected an integer of at least 1."),
    (lambda: checks.integer("n", 1.0, minimum=1), "n: received 1.0; expected an integer of at least 1."),
    (
        lambda: checks.integer("n", 7, minimum=1, maximum=6, fix="Roll again."),
        "n: received 7; expected an integer of at least 1 and at most 6. Roll again.",
    ),
    (lambda: checks.seed(-1), "seed: received -1; expected an integer of at least 0 and at most 4294967295."),
    (lambda: checks.number("x", "1"), "x: received '1'; expected a finite number."),
    (lambda: checks.number("x", True), "x: received True; expected a finite number."),
    (lambda: checks.number("x", float("inf")), "x: received inf; expected a finite number."),
    (
        lambda: checks.number("x", 0, above=0, maximum=0.5),
        "x: received 0; expected a finite number above 0 and at most 0.5.",
    ),
    (
        lambda: checks.number("x", 1, minimum=0, below=1),
        "x: received 1; expected a finite number at least 0 and below 1.",
    ),
    (lambda: checks.flag("f", 1), "f: received 1; expected True or False."),
    (
        lambda: checks.widths("units", "64"),
        "units: received '64'; expected a positive integer or a sequence of them. "
        "Pass e.g. units=(64, 64) for two layers of 64 units.",
    ),
    (
        lambda: checks.widths("units", (8, 0)),
        "units[1]: received 0; expected an integer of at least 1. "
        "Pass e.g. units=(64, 64) for two layers of 64 units.",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_is_wrong_is_refused_in_words(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        call()


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UnknownNameError) as near:
        checks.choice("cell", "lsmt", ("lstm", "gru"))
    assert str(near.value) == "unknown cell: received 'lsmt'; did you mean 'lstm'? expected one of gru, lstm."
    with pytest.raises(UnknownNameError) as far:
        checks.choice("cell", 5, ("lstm", "gru"))
    assert str(far.value) == "unknown cell: received 5; expected one of gru, lstm."


def test_of_many_names_only_the_likely_ones_are_listed() -> None:
    with pytest.raises(UnknownNameError) as caught:
        checks.choice("model", "gru-30x", [f"gru-{number}" for number in range(60)])
    assert re.fullmatch(
        r"unknown model: received 'gru-30x'; did you mean 'gru-30'\? expected one of gru-30(, gru-\d+){5} and 54 "
        r"more\.",
        str(caught.value),
    )


def test_a_row_keeps_its_kind_and_its_part_when_it_is_renumbered() -> None:
    moved = EmptyRowError(1, "is empty.", of="test").at(7)
    assert isinstance(moved, EmptyRowError)
    assert str(moved) == "test: row 7: is empty."
    assert str(RowError(1, "is odd.").at(2, of="training")) == "training: row 2: is odd."


def test_a_request_carries_its_status() -> None:
    assert RequestError("x: too large.", status=413).status == 413
    assert RequestError("x: wrong.").status == 400
