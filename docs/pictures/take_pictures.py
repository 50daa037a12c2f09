"""Takes pictures of the README and of other pages: reports, the page of a server, a forecast, explained answers.

Needs Chromium with its driver, selenium (``pip install selenium``), and SNIPS and Beijing's dust in ``RNNZOO_DATA``.
It takes five minutes on two cores:

    python docs/pictures/take_pictures.py
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

IMAGES = Path(__file__).parent.parent / "images"
SPACE = """
model: {units: [[8], [16], [16, 16]], dropout: {low: 0.0, high: 0.4}}
training: {learning_rate: {low: 1e-3, high: 3e-2, log: true}}
"""
#: Width and height of a picture.
Size = tuple[int, int]
QUESTION = "book a table for two at a thai restaurant tomorrow evening"


def rnnzoo(*arguments: str) -> None:
    """Runs the command."""
    subprocess.run([sys.executable, "-m", "rnnzoo", *arguments], check=True)


@contextmanager
def browser(width: int, height: int) -> Iterator[webdriver.Chrome]:
    """Opens Chromium without a window."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options)
    driver.set_window_size(width, height)
    try:
        yield driver
    finally:
        driver.quit()


def picture_report(run: Path) -> None:
    """Takes the upper part of a report."""
    with browser(1000, 1000) as driver:
        driver.get((run / "report.html").as_uri())
        driver.save_screenshot(str(IMAGES / "report.png"))


def picture_search(folder: Path) -> None:
    """Searches on digits, and takes the upper part of the report."""
    space, search = folder / "space.yaml", folder / "search"
    space.write_text(SPACE)
    settings = ("--space", str(space), "--max-trials", "12", "--epochs", "6", "--set", "batch_size=64")
    data = ("--data", "digits", "--out", str(search))
    rnnzoo("tune", "series-classifier-gru", *data, *settings, "--pruner", "median", "--no-baselines")
    with browser(1000, 1400) as driver:
        driver.get((search / "report.html").as_uri())
        driver.save_screenshot(str(IMAGES / "search.png"))


def picture_page(bundle: Path, name: str, act: Callable[[webdriver.Chrome], None], size: Size) -> None:
    """Asks a served bundle on its page, after something was done there."""
    command = [sys.executable, "-m", "rnnzoo", "serve", str(bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = next(word for word in server.stderr.readline().split() if word.startswith("http"))
        with browser(*size) as driver:
            # A window is never narrower than 500 pixels; a page in it may be.
            metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            driver.get(address)
            act(driver)
            driver.find_element(By.ID, "ask").click()
            WebDriverWait(driver, 10).until(
                lambda page: "Answered" in page.find_element(By.ID, "answer").text
            )
            driver.execute_script("scrollTo(0, 0)")
            time.sleep(0.5)  # charts are drawn when they know their width
            driver.save_screenshot(str(IMAGES / f"{name}.png"))
        server.terminate()


def type_question(driver: webdriver.Chrome) -> None:
    """Types a question in place of the example."""
    field = driver.find_element(By.CSS_SELECTOR, "#editor textarea")
    field.clear()
    field.send_keys(QUESTION)


def draw_three(driver: webdriver.Chrome) -> None:
    """Draws a digit: two arcs."""
    paper = driver.find_element(By.ID, "pen")
    upper = [
        (-38 + 44 * math.sin(a), -40 - 34 * math.cos(a)) for a in (k * math.pi / 10 for k in range(-2, 11))
    ]
    lower = [(-38 + 50 * math.sin(a), 38 - 44 * math.cos(a)) for a in (k * math.pi / 10 for k in range(13))]
    draw = ActionChains(driver, duration=10)
    before = None
    for x, y in (*upper, *lower):
        if before is None:
            draw.move_to_element_with_offset(paper, round(x), round(y)).click_and_hold()
        else:
            draw.move_by_offset(round(x) - before[0], round(y) - before[1])
        before = (round(x), round(y))
    draw.release().perform()
    time.sleep(0.3)


def picture_explanations(intents: Path, dust: Path, window: Path) -> None:
    """Draws which words of a text, and which steps and columns of a window, an answer rests on."""
    for bundle, example, name in (
        (intents, (QUESTION,), "explain_words"),
        (dust, ("--input", str(window)), "explain_forecast"),
    ):
        rnnzoo("explain", str(bundle), *example, "--picture", str(IMAGES / f"{name}.png"), "--force")


def main() -> None:
    """Trains what the pictures show, and takes them."""
    with tempfile.TemporaryDirectory() as folder:
        intents, bundle, dust, digits = (
            Path(folder, name) for name in ("intents", "bundle", "dust", "digits")
        )
        quick = ("--no-baselines",)
        settings = ("--set", "pooling=max", "--set", "dropout=0.5", "--epochs", "8")
        rnnzoo("train", "text-classifier-bilstm", "--data", "snips", "--out", str(intents), *settings)
        rnnzoo("export", str(intents), "--out", str(bundle))
        picture_search(Path(folder))
        picture_report(intents)
        picture_page(bundle, "page", type_question, (760, 860))
        rnnzoo(
            "train",
            "series-classifier-gru",
            "--data",
            "digits",
            "--out",
            str(digits),
            "--epochs",
            "30",
            *quick,
        )
        rnnzoo("export", str(digits), "--out", str(Path(folder, "digits-bundle")))
        picture_page(Path(folder, "digits-bundle"), "page_digit", draw_three, (960, 640))
        forecast = ("--data", "beijing_pm25", "--out", str(dust), "--epochs", "4")
        rnnzoo("train", "forecaster-quantile-lstm", *forecast, *quick)
        shutil.copy(dust / "plots" / "forecasts.png", IMAGES / "forecast.png")
        rnnzoo("export", str(dust), "--out", str(Path(folder, "dust-bundle")))
        picture_page(Path(folder, "dust-bundle"), "page_forecast", lambda _: None, (960, 480))
        picture_explanations(bundle, Path(folder, "dust-bundle"), dust / "example.json")


if __name__ == "__main__":
    main()
