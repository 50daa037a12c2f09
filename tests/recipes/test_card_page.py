"""Truth of ``rnnzoo.recipes.card_page``: what a card says of differences, calibration and robustness."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Chromium, chromium
from rnnzoo.recipes.card import Card, known_card, signed
from rnnzoo.recipes.card_page import difference_text, robustness_rows, write_page
from rnnzoo.training.run.run_directory import RunDirectory

DIFFERENCE = {
    "baseline": "extra trees on all values",
    "mean": -0.00123,
    "standard_error": 0.0052,
    "groups": 270,
    "method": "rows",
}
ROBUSTNESS = [
    {"disturbance": "none", "strength": 0.0, "score": 0.98519, "baseline": 0.98519},
    {"disturbance": "noise", "strength": 0.1, "score": 0.98148, "baseline": 0.98},
    {"disturbance": "missing steps", "strength": 0.3, "score": 0.9, "baseline": 0.8},
]
CALIBRATION = {
    "ece": {"mean": 0.02, "deviation": 0.01, "lowest": 0.01, "highest": 0.03},
    "coverage_80": {"mean": 0.75, "deviation": 0.0, "lowest": 0.75, "highest": 0.75},
}


@pytest.fixture
def card() -> Card:
    known = known_card("digits-shifted")
    assert known is not None
    return dataclasses.replace(known, difference=DIFFERENCE, robustness=ROBUSTNESS, calibration=CALIBRATION)


def told(card: Card, **changes: object) -> str:
    return difference_text(dataclasses.replace(card, difference={**DIFFERENCE, **changes}))


def test_a_difference_says_whether_it_is_more_than_chance(card: Card) -> None:
    assert difference_text(card) == (
        "The mean of the runs is worse than extra trees on all values by 0.0012, with a standard error of 0.0052 over "
        "270 test rows. That is within two standard errors: other test rows may turn it round."
    )
    assert told(card, mean=0.03).startswith(
        "The mean of the runs is better than extra trees on all values by 0.0300"
    )
    assert told(card, mean=0.03).endswith(
        "That is more than two standard errors: other test rows would hardly turn it round."
    )
    assert "is as good as extra trees on all values, with a standard error of" in told(card, mean=0.0)
    assert told(card, mean=0.0, standard_error=0.0) == (
        "The mean of the runs is as good as extra trees on all values: no row of the 270 test rows tells them apart."
    )
    assert "over 12 blocks of test rows" in told(card, groups=12)
    assert told(card, standard_error=None, groups=1).endswith(
        "; a single block of test rows gives no standard error."
    )


def test_robustness_has_a_row_for_each_disturbance(card: Card) -> None:
    assert robustness_rows(card) == [
        {"disturbance": "none", "model": "0.9852", "best baseline": "0.9852"},
        {"disturbance": "noise 10\N{NO-BREAK SPACE}%", "model": "0.9815", "best baseline": "0.9800"},
        {"disturbance": "missing steps 30\N{NO-BREAK SPACE}%", "model": "0.9000", "best baseline": "0.8000"},
    ]
    alone = dataclasses.replace(card, robustness=[{"disturbance": "noise", "strength": 0.1, "score": 0.5}])
    assert robustness_rows(alone) == [{"disturbance": "noise 10\N{NO-BREAK SPACE}%", "model": "0.5000"}]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize("width", [1280, 380])
def test_the_page_fits_wide_and_narrow_windows(
    card: Card, tmp_path: Path, browser: Chromium, width: int
) -> None:
    write_page(tmp_path / "card.html", card, RunDirectory(tmp_path / "run-0"))
    browser.open((tmp_path / "card.html").as_uri(), width)
    assert browser.problems == []
    assert browser.run("document.documentElement.scrollWidth") == width
    text = browser.run("document.body.innerText")
    for part in (
        "Difference to the best baseline",
        difference_text(card),
        "expected calibration error\t0.0200 (0.0100-0.0300)",
        "truth in the interval of 80 %\t0.7500",
        "missing steps 30\N{NO-BREAK SPACE}%\t0.9000\t0.8000",
    ):
        assert part in text
    # Its table of disturbances needs no scrolling.
    assert browser.run(
        "[...document.querySelectorAll('h2')].filter(h => h.textContent === 'Robustness').every(h => {"
        "let e = h; while (!e.matches('.wide')) e = e.nextElementSibling;"
        "return e.scrollWidth <= e.clientWidth })"
    )


def test_an_old_card_has_a_page_without_them(card: Card, tmp_path: Path) -> None:
    old = dataclasses.replace(card, difference=None, robustness=(), calibration={})
    page = write_page_text(old, tmp_path)
    for heading in ("Difference to the best baseline", "Calibration", "Robustness"):
        assert heading not in page
    assert signed(old.difference) == "-"
    assert heading in write_page_text(card, tmp_path)


def write_page_text(card: Card, folder: Path) -> str:
    write_page(folder / "card.html", card, RunDirectory(folder / "run-0"))
    return (folder / "card.html").read_text(encoding="utf-8")
