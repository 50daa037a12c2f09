"""Runs the examples and draws the pictures of the tutorials: ``python docs/pictures/tutorial_pictures.py``.

They are small, with large letters, so that a telephone shows them as well.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnnzoo.training.run.plots import BLUE, GREY, ORANGE, STYLE, save_figure
from rnnzoo_export import OnnxPredictor

DOCS = Path(__file__).resolve().parent.parent
#: Hours that a forecast looks back on, those of them that are drawn, and hours ahead.
_PAST, _DRAWN, _AHEAD = 72, 36, 24


def main() -> None:
    """Runs each example that has pictures in a folder of its own."""
    for example, pictures in _PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, DOCS / "examples" / f"{example}.py"], cwd=folder, check=True)
            for name, draw in pictures.items():
                path = DOCS / "images" / "tutorials" / f"{example}_{name}.png"
                with rc_context({**STYLE, "font.size": 11, "figure.dpi": 130}):
                    figure = Figure(figsize=(4.4, 3), layout="constrained")
                    draw(figure.subplots(), Path(folder))
                    print(save_figure(figure, path).relative_to(DOCS))


def _learning(axes: Axes, folder: Path) -> None:
    rows = list(csv.DictReader((folder / "run" / "history.csv").open()))
    epochs = [int(row["epoch"]) for row in rows]
    for name, label, colour in (("accuracy", "training", BLUE), ("val_accuracy", "validation", ORANGE)):
        axes.plot(epochs, [float(row[name]) for row in rows], color=colour, label=label)
    best = json.loads((folder / "run" / "metrics.json").read_text())["best_epoch"]
    axes.axvline(best, color=GREY, linestyle=":", label=f"best epoch ({best})")
    axes.set(xlabel="epoch", ylabel="accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)


def _confusion(axes: Axes, folder: Path) -> None:
    """Draws how often each true class of the test rows was answered as each."""
    from rnnzoo import read_table

    splits = read_table(folder / "reviews.csv", text="review", label="complaint")
    labels, rows = list(splits.get_decoding().labels or ()), splits.rows("test")
    truth = np.asarray(rows.gather(range(len(rows)))[1])
    answers = OnnxPredictor(folder / "bundle").predict(list(rows.raw or ()))
    counts = np.zeros((len(labels), len(labels)), int)
    for true, answer in zip(truth, answers, strict=True):
        counts[int(true), labels.index(answer["label"])] += 1
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="answered", ylabel="true")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, str(count), ha="center", va="center", color="white" if row == column else "black"
        )


def _forecast(axes: Axes, folder: Path) -> None:
    """Draws the last window of the table whose next day is known."""
    table = pd.read_csv(folder / "hourly.csv")
    past, truth = table.iloc[-_PAST - _AHEAD : -_AHEAD], table["load"].iloc[-_AHEAD:]
    (answer,) = OnnxPredictor(folder / "bundle").predict([past.to_dict("list")])
    quantiles = answer["quantiles"]["load"]
    before, ahead = np.arange(-_DRAWN + 1, 1), np.arange(1, _AHEAD + 1)
    axes.plot(before, past["load"].tail(_DRAWN), color=GREY, label="past")
    axes.fill_between(
        ahead,
        quantiles["0.1"],
        quantiles["0.9"],
        color=ORANGE,
        alpha=0.25,
        linewidth=0,
        label="80 % interval",
    )
    axes.plot(ahead, truth, color=BLUE, label="truth")
    axes.plot(ahead, quantiles["0.5"], color=ORANGE, label="forecast")
    axes.set(xlabel="hours ahead", ylabel="load")
    axes.set_ylim(top=float(table["load"].max()) + 25)
    axes.legend(frameon=False, ncols=2, loc="upper left")


def _plans(axes: Axes, folder: Path) -> None:
    """Draws the week after the last row of a shop, as it is without a promotion and with one on Saturday."""
    table = pd.read_csv(folder / "sales.csv")
    past = table[table["shop"] == "Dessau"].tail(28)
    days, ahead = np.arange(-13, 1), np.arange(1, 8)
    columns = {name: past[name].tolist() for name in ("day", "sales", "promotion")}
    shop = {"series": "Dessau", "past": columns, "static": {"kind": "centre"}}
    plans = [[0] * 7, [0, 0, 0, 0, 1, 0, 0]]
    answers = OnnxPredictor(folder / "bundle").predict(
        [{**shop, "future": {"promotion": plan}} for plan in plans]
    )
    axes.plot(days, past["sales"].tail(14), color=GREY, label="past")
    labels = ("no promotion", "promotion on Saturday")
    for answer, colour, label in zip(answers, (BLUE, ORANGE), labels, strict=True):
        quantiles = answer["quantiles"]["sales"]
        axes.fill_between(ahead, quantiles["0.1"], quantiles["0.9"], color=colour, alpha=0.2, linewidth=0)
        axes.plot(ahead, quantiles["0.5"], color=colour, label=label)
    axes.set(xlabel="days ahead", ylabel="sales in Dessau")
    axes.set_ylim(0, 750)
    axes.legend(frameon=False, loc="upper left")


def _backtest(axes: Axes, folder: Path) -> None:
    """Draws the error at each step ahead of the model and of the best and the simplest baselines."""
    errors = pd.read_csv(folder / "backtest" / "by_step.csv")
    shown = (
        ("seasonal naive and its past errors", GREY, "as a week ago"),
        ("gradient-boosted trees on the same lags and its past errors", BLUE, "trees"),
        ("model", ORANGE, "the model"),
    )
    for method, colour, label in shown:
        own = errors[errors["method"] == method]
        axes.plot(own["step"], own["mase"], color=colour, marker="o", label=label)
    axes.set(xlabel="days ahead", ylabel="MASE")
    axes.set_ylim(bottom=0, top=2)
    axes.legend(frameon=False, loc="upper left")


_PICTURES: dict[str, dict[str, Callable[[Axes, Path], None]]] = {
    "text": {"confusion_matrix": _confusion},
    "arrays": {"learning_curve": _learning},
    "forecast": {"intervals": _forecast},
    "panels": {"plans": _plans, "backtest": _backtest},
}


if __name__ == "__main__":
    main()
