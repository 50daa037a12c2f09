"""Truth of ``rnnzoo_export.serving.page``: drawing, sound, files, keys, refusals, and programs that really work."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from browser import Chromium, chromium
from page_bundles import BUNDLES, german
from page_checks import ask, body_of, check_page
from rnnzoo_export import OnnxPredictor
from serving_client import Server, running
from wav_bytes import pcm16, wav

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Open = Callable[[str], Server]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Opens the page of a kind; each has one server for all tests."""
    with ExitStack() as stack:
        servers: dict[str, Server] = {}

        def opened(kind: str) -> Server:
            if kind not in servers:
                bundle = BUNDLES[kind](tmp_path_factory.mktemp(kind) / "bundle")
                servers[kind] = stack.enter_context(running(bundle, OnnxPredictor(bundle).bundle.name))
            browser.open(f"{servers[kind].url}/", 1000)
            return servers[kind]

        yield opened


def asked_by_program(command: list[str], folder: Path) -> str:
    """What a program prints that is run in a folder."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["texts", "words", "visits", "shops", "tensors", "parts"])
def test_the_commands_answer_what_the_page_answers(
    kind: str, page: Open, browser: Chromium, tmp_path: Path
) -> None:
    server = page(kind)
    if kind == "texts":
        browser.fill("textarea", "the film's \"plot\"\n was \\ 'good' ünd 🎬")
        browser.wait("curl.textContent.includes('🎬')")
    body = body_of(browser)
    way, part = ("infer", "outputs") if kind == "tensors" else ("predict", "answers")
    expected = httpx.post(f"{server.model}/{way}", json=body).json()
    if shutil.which("curl"):
        answered = asked_by_program(["sh", "-c", browser.run("curl.textContent")], tmp_path)
        assert json.loads(answered) == expected
    printed = asked_by_program([sys.executable, "-c", browser.run("python.textContent")], tmp_path)
    assert printed.strip() == str(expected[part])


def test_a_long_request_is_sent_from_a_file(page: Open, browser: Chromium, tmp_path: Path) -> None:
    server = page("sounds")
    assert browser.run("!document.querySelector('#long').hidden")
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.run("file.click()")
    end = time.monotonic() + 10
    while not (tmp_path / "request.json").is_file():
        assert time.monotonic() < end
        time.sleep(0.05)
    content = (tmp_path / "request.json").read_bytes()
    head = {"Content-Type": "application/json"}
    expected = httpx.post(f"{server.model}/predict", content=content, headers=head).json()
    printed = asked_by_program([sys.executable, "-c", browser.run("python.textContent")], tmp_path)
    assert printed.strip() == str(expected["answers"])
    if shutil.which("curl"):
        assert (
            json.loads(asked_by_program(["sh", "-c", browser.run("curl.textContent")], tmp_path)) == expected
        )


def test_a_key_is_sent_and_named_in_the_commands_but_not_shown(page: Open, browser: Chromium) -> None:
    page("texts")
    browser.fill("#key", "secret-key")
    text = browser.run("curl.textContent + python.textContent")
    assert 'Authorization: Bearer $API_KEY"' in text
    assert "os.environ['API_KEY']" in text
    assert "secret-key" not in text
    sent = browser.run(
        "(async () => { const old = fetch; let seen;"
        "window.fetch = (...given) => { seen = given[1].headers.Authorization; return old(...given); };"
        "document.querySelector('#ask').click(); await new Promise(done => setTimeout(done, 500));"
        "window.fetch = old; return seen; })()"
    )
    assert sent == "Bearer secret-key"
    assert browser.run("localStorage.length + sessionStorage.length + document.cookie.length") == 0


def test_all_can_be_done_by_the_keyboard(page: Open, browser: Chromium) -> None:
    page("texts")
    seen = []
    browser.press("Tab")
    while browser.run("document.activeElement !== document.body"):
        seen.append(browser.run("document.activeElement.id || document.activeElement.className || ''"))
        outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", seen[-1]
        browser.press("Tab")
    assert seen[0] == "skip"
    assert seen[1].startswith("field-")
    assert seen[2:4] == ["ask", "reset"]
    assert {"curl", "python"} <= set(seen)
    browser.run("document.querySelector('#ask').focus()")
    browser.press("Enter")
    browser.wait("answer.textContent.includes('Answered in')")
    assert browser.run("answer.getAttribute('aria-live')") == "polite"


def test_what_the_server_refuses_is_said_in_its_words(page: Open, browser: Chromium) -> None:
    page("texts")
    browser.fill("textarea", "  ")
    assert "expected at least one word" in ask(browser)
    assert browser.run("document.querySelector('#answer .wrong').getAttribute('role')") == "alert"
    page("movements")
    browser.fill("textarea", "1, 2, 3\n4, x, 6")
    browser.wait("problem.textContent === 'step 2, number 2: \"x\" is no number.'")
    assert browser.run("curl.textContent") == ""


def test_a_digit_is_drawn_with_the_pointer(page: Open, browser: Chromium) -> None:
    page("digits")
    x, y, width, height = browser.run(
        "(box => [box.x, box.y, box.width, box.height])(pen.getBoundingClientRect())"
    )
    ring = [
        (x + width * (0.5 + 0.22 * np.cos(turn)), y + height * (0.5 + 0.34 * np.sin(turn)))
        for turn in np.linspace(0, 2 * np.pi, 40)
    ]
    browser.drag(*ring)
    browser.wait("curl.textContent.length > 0")
    assert ask(browser).startswith("0")
    image = np.array(json.loads(browser.run("json.value")))
    assert image.shape == (8, 8)
    assert image.max() > 8
    assert image[3:5, 3:5].max() <= 2
    browser.run("[...document.querySelectorAll('.drawing button')][0].click()")
    browser.wait("problem.textContent.includes('The paper is empty')")


def test_a_digit_is_drawn_with_the_keys(page: Open, browser: Chromium) -> None:
    page("digits")
    browser.run("pen.focus()")
    browser.press(*["ArrowUp"] * 7, " ", *["ArrowDown"] * 13, " ")
    browser.wait("document.querySelector('.hint[role=status]').textContent.startsWith('Pen up')")
    assert ask(browser).startswith("1")


def test_sound_from_a_file_is_brought_to_the_rate_of_the_model(
    page: Open, browser: Chromium, tmp_path: Path
) -> None:
    page("sounds")
    tone = 0.4 * np.sin(2 * np.pi * 300 * np.arange(8000) / 8000)
    (tmp_path / "same.wav").write_bytes(wav(pcm16(tone)))
    browser.give_file("input[type=file]", tmp_path / "same.wav")
    browser.wait("/8000 samples at 8000 Hz/.test(editor.textContent)")
    sent = np.array(json.loads(_download(browser))["inputs"][0])
    np.testing.assert_allclose(sent, tone, atol=1e-4)
    both = np.repeat(0.4 * np.sin(2 * np.pi * 300 * np.arange(44100) / 44100)[:, None], 2, axis=1)
    (tmp_path / "music.wav").write_bytes(wav(pcm16(both), channels=2, rate=44100))
    browser.give_file("input[type=file]", tmp_path / "music.wav")
    browser.wait("/1 s, 8000 samples/.test(editor.textContent)")
    browser.wait("document.querySelector('#problem').textContent === ''")
    sent = np.array(json.loads(_download(browser))["inputs"][0])
    np.testing.assert_allclose(sent[100:-100], tone[100:-100], atol=0.02)
    ask(browser)
    (tmp_path / "no.wav").write_bytes(b"no sound")
    browser.give_file("input[type=file]", tmp_path / "no.wav")
    browser.wait("problem.textContent.includes('cannot read it as sound')")


def _download(browser: Chromium) -> Any:
    """The body that is offered as a file."""
    time.sleep(0.3)  # commands follow the input a moment later
    reader = "new Promise(done => { const r = new FileReader(); r.onload = () => done(r.result); r.readAsText(seen); })"
    return browser.run(
        "(async () => { const make = URL.createObjectURL; let seen; URL.createObjectURL = blob => { seen = blob;"
        "return make(blob); }; key.dispatchEvent(new Event('input')); URL.createObjectURL = make;"
        f"return await {reader}; }})()"
    )


def test_sound_from_the_microphone(page: Open, browser: Chromium) -> None:
    page("transcripts")
    button = "[...document.querySelectorAll('#editor button')].at(-1)"
    browser.run(f"{button}.click()")
    browser.wait(f"{button}.textContent === 'Stop'")
    time.sleep(1.0)
    browser.run(f"{button}.click()")
    browser.wait(f"{button}.textContent === 'Record' && !/ 4000 samples/.test(editor.textContent)")
    assert "probability" in ask(browser)
    assert browser.problems == []


def test_a_video_comes_from_a_file_of_numpy(page: Open, browser: Chromium, tmp_path: Path) -> None:
    page("videos")
    frames = np.random.default_rng(0).random((9, 12, 12, 1)).astype(np.float32)
    np.save(tmp_path / "video.npy", frames)
    browser.give_file("input[type=file]", tmp_path / "video.npy")
    browser.wait("/9 x 12 x 12 x 1/.test(editor.textContent)")
    np.testing.assert_array_equal(np.array(json.loads(_download(browser))["inputs"][0], np.float32), frames)
    ask(browser)
    np.save(tmp_path / "other.npy", frames[:, :6])
    browser.give_file("input[type=file]", tmp_path / "other.npy")
    browser.wait("problem.textContent.includes('expected frames x 12 x 12 x 1')")


def test_a_table_of_a_spreadsheet_is_pasted(page: Open, browser: Chromium) -> None:
    page("loads")
    lines = ["time\tsky\tload", *(f"2024-01-01\tgray\t{100 + step}" for step in range(36))]
    browser.fill("textarea", "\r\n".join(lines))
    browser.wait("curl.textContent.includes('135')")
    assert body_of(browser) == {
        "inputs": [{"load": [100 + step for step in range(36)], "sky": ["gray"] * 36}]
    }
    assert "load" in ask(browser)
    browser.fill("textarea", "sky, weight\nblue, 1")
    browser.wait("""problem.textContent.includes('the column "load" is missing')""")


def test_genes_are_pasted_as_fasta(page: Open, browser: Chromium) -> None:
    page("genes")
    browser.fill("textarea", ">gene 1\nACGT\nACG T\n")
    browser.wait("curl.textContent.includes('ACGTACGT')")
    assert body_of(browser) == {"inputs": ["ACGTACGT"]}


def test_a_text_is_shown_and_never_run(page: Open, browser: Chromium) -> None:
    page("words")
    evil = "<img src=x onerror=alert(1)> New York </script>"
    browser.fill("textarea", evil)
    assert evil.split()[0] in ask(browser)
    assert browser.run("document.querySelectorAll('#answer img, #answer script').length") == 0


def test_a_text_is_written_as_it_comes_and_can_be_stopped(page: Open, browser: Chromium) -> None:
    page("tales")
    browser.run("[...document.querySelectorAll('#editor input')].forEach(field => field.value = '')")
    fields = (
        "[...document.querySelectorAll('#editor .field')].find(field => field.textContent.startsWith('%s'))"
    )
    for label, value in (("Characters", 2000), ("Seed", 3)):
        browser.run(f"({fields % label}).querySelector('input').value = {value}")
    browser.run("document.querySelector('#ask').click()")
    browser.wait("answer.innerText.length > 40")
    assert browser.run("answer.getAttribute('aria-busy')") == "true"
    browser.run("document.querySelector('#stop').click()")
    browser.wait("answer.textContent.endsWith('Stopped.')")
    assert browser.run("answer.getAttribute('aria-busy')") is None
    assert browser.run("document.querySelector('#stop').hidden")
    browser.run(f"({fields % 'Characters'}).querySelector('input').value = 30")
    written = ask(browser)
    assert written.startswith("the ")
    printed = subprocess.run(
        [sys.executable, "-c", browser.run("python.textContent")], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == written.removeprefix("the ").strip()


def test_a_text_is_translated(browser: Chromium, tmp_path: Path) -> None:
    with running(german(tmp_path / "german"), "german") as server:
        browser.open(f"{server.url}/", 380)
        browser.fill("textarea", "a dog")
        browser.wait("curl.textContent.includes('a dog')")
        assert body_of(browser) == {"inputs": ["a dog"], "parameters": {"beams": 4}}
        assert ask(browser).startswith("ein hund")
        check_page(browser, server.url)


class Proxy(BaseHTTPRequestHandler):
    """Shows a server below a path, which it takes off."""

    behind, path_there = "", "/films"

    def do_GET(self) -> None:
        self._pass(httpx.get(self._address()))

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        head = {"Content-Type": self.headers["Content-Type"]}
        self._pass(httpx.post(self._address(), content=content, headers=head))

    def _address(self) -> str:
        assert self.path.startswith(self.path_there)
        return self.behind + self.path.removeprefix(self.path_there)

    def _pass(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        for name in ("content-type", "content-security-policy"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("end", ["", "/"])
def test_a_proxy_may_show_it_below_a_path(end: str, page: Open, browser: Chromium) -> None:
    Proxy.behind = page("texts").url
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{proxy.server_port}/films"
            browser.open(address + end, 1000)
            assert "praise" in ask(browser)
            assert f"{address}/v2/models/films/predict" in browser.run("curl.textContent")
            check_page(browser, address)
        finally:
            proxy.shutdown()
            thread.join()


def test_each_of_several_models_is_chosen(browser: Chromium, tmp_path: Path) -> None:
    films, places = (BUNDLES[kind](tmp_path / kind) for kind in ("texts", "words"))
    with running(films, "films", str(places)) as server:
        browser.open(f"{server.url}/", 380)
        assert browser.run("document.title") == "films"
        assert browser.run("models.innerText.split('\\n')") == ["films", "places"]
        assert browser.run("document.querySelector('nav [aria-current=page]').textContent") == "films"
        browser.run("document.querySelector('nav a:last-child').click()")
        browser.wait("document.title === 'places' && document.readyState === 'complete'")
        assert "Grand Hotel" in ask(browser)
        assert "/v2/models/places/predict" in browser.run("curl.textContent")
        assert browser.problems == []
        unknown = httpx.get(f"{server.url}/", params={"model": "other"})
        assert (unknown.status_code, "'films'" in unknown.json()["error"]) == (404, True)
