"""Truth of ``rnnzoo_export.serving.page``: in a browser each kind of row is edited, asked and answered at any width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from browser import Chromium, chromium
from page_bundles import BUNDLES
from page_checks import ask, check_page
from rnnzoo_export import OnnxPredictor
from serving_client import Server, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WIDTHS = (1280, 380)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=BUNDLES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Any]]:
    """A server of each kind, and what it answers to its example."""
    bundle = BUNDLES[request.param](tmp_path_factory.mktemp("page") / "bundle")
    predictor = OnnxPredictor(bundle)
    answer = None
    if predictor.bundle.preprocessing is not None:
        (answer,) = predictor.predict([predictor.bundle.provenance["example"]])
    with running(bundle, predictor.bundle.name) as server:
        yield server, answer


def is_shown(answer: Any, text: str) -> bool:
    """Whether what was answered stands on the page."""
    match answer:
        case None:
            return "FP32" in text
        case {"label": label}:
            return text.startswith(str(label))
        case {"text": said}:
            return text.startswith(said)
        case {"values": values}:
            return all(name in text for name in values)
        case {"words": _, "entities": found}:
            return all(entity["text"] in text and entity["label"] in text for entity in found)
        case {"labels": labels}:
            return all(label in text for label in labels)
        case {"next": _}:
            return bool(text)
    return False


@pytest.mark.parametrize("width", WIDTHS)
def test_the_example_is_answered(served: tuple[Server, Any], width: int, browser: Chromium) -> None:
    server, answer = served
    browser.open(f"{server.url}/", width)
    assert browser.run("document.title") == server.name
    text = ask(browser)
    assert is_shown(answer, text), text
    check_page(browser, server.url)
    browser.open(f"{server.url}/", width, dark=True)
    ask(browser)
    check_page(browser, server.url)


def test_bars_are_long_enough_to_be_seen(served: tuple[Server, Any], browser: Chromium) -> None:
    server, answer = served
    if not isinstance((answer or {}).get("probabilities"), dict):
        pytest.skip("has no bars")
    browser.open(f"{server.url}/", 380)
    ask(browser)
    widths = browser.run(
        "[...document.querySelectorAll('#answer > [role=group] > .bar')].map(bar =>"
        "[bar.querySelector('.track').clientWidth, bar.querySelector('i').getBoundingClientRect().width])"
    )
    best = max(answer["probabilities"].values())
    assert all(track > 200 for track, _ in widths)
    assert widths[0][1] == pytest.approx(max(2.0, best * widths[0][0]), abs=1.0)


def test_the_input_as_json_changes_the_editor_and_back(served: tuple[Server, Any], browser: Chromium) -> None:
    server, _ = served
    browser.open(f"{server.url}/", 1280)
    if browser.run("document.querySelector('#as-json').hidden"):
        pytest.skip("the editor itself is as short")
    given = json.loads(browser.run("json.value"))
    browser.fill("#json", json.dumps(given))
    assert browser.run("problem.textContent") == ""
    ask(browser)
    browser.fill("#json", "{")
    assert "not JSON" in browser.run("problem.textContent")
    assert browser.run("json.value") == "{"
