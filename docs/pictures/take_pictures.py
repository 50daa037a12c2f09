"""Takes pictures of the README and of other pages: reports, the page of a server, a forecast, explained answers.

Needs Chromium with its driver, selenium (``pip install selenium``), and SNIPS and Beijing's dust in ``RNNZOO_DATA``.
It takes five minutes on two cores:

    python docs/pictures/take_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

IMAGES = Path(__file__).parent.parent / "images"
SPACE = """
model: {units: [[8], [16], [16, 16]], dropout: {low: 0.0, high: 0.4}}
training: {learning_rate: {low: 1e-3, high: 3e-2, log: true}}
"""
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


def picture_page(bundle: Path) -> None:
    """Asks a served bundle on its page."""
    command = [sys.executable, "-m", "rnnzoo", "serve", str(bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = next(word for word in server.stderr.readline().split() if word.startswith("http"))
        with browser(760, 880) as driver:
            driver.get(address)
            field = driver.find_element(By.ID, "input")
            field.clear()
            field.send_keys(QUESTION)
            driver.find_element(By.ID, "ask").click()
            WebDriverWait(driver, 10).until(lambda page: page.find_element(By.ID, "result").text)
            driver.save_screenshot(str(IMAGES / "page.png"))
        server.terminate()


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
        intents, bundle, dust = Path(folder, "intents"), Path(folder, "bundle"), Path(folder, "dust")
        settings = ("--set", "pooling=max", "--set", "dropout=0.5", "--epochs", "8")
        rnnzoo("train", "text-classifier-bilstm", "--data", "snips", "--out", str(intents), *settings)
        rnnzoo("export", str(intents), "--out", str(bundle))
        picture_search(Path(folder))
        picture_report(intents)
        picture_page(bundle)
        rnnzoo(
            "train",
            "forecaster-quantile-lstm",
            "--data",
            "beijing_pm25",
            "--out",
            str(dust),
            "--epochs",
            "4",
            "--no-baselines",
        )
        shutil.copy(dust / "plots" / "forecasts.png", IMAGES / "forecast.png")
        rnnzoo("export", str(dust), "--out", str(Path(folder, "dust-bundle")))
        picture_explanations(bundle, Path(folder, "dust-bundle"), dust / "example.json")


if __name__ == "__main__":
    main()
