"""Pictures of what a model gets wrong, narrow enough to be read on a phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnzoo.training.run.plots import BLUE, GREY, ORANGE, STYLE

Row = Mapping[str, Any]

#: Inches: a page of 390 pixels shows letters of such a picture at three quarters of their size.
_WIDTH = 4.6
#: Panels of a picture at most; bars, and characters of the name of one.
PANELS, _BARS, _LONGEST = 6, 15, 22
#: Lines of a panel, and points of a line, at most.
_LINES, _POINTS = 8, 2000


def confused_pairs(rows: Sequence[Row]) -> Figure:
    """Draws how often a class was taken for another, the most frequent pairs.

    Args:
        rows: As ``confused_pairs`` of the details has them.
    """
    names = [f"{_cut(row['true'])} → {_cut(row['predicted'])}" for row in rows[:_BARS]]
    counts = [float(row["count"]) for row in rows[:_BARS]]
    notes = [f"{int(row['count'])} ({100 * float(row['share']):.0f} %)" for row in rows[:_BARS]]
    title = "Most confused pairs\ntrue → predicted, with the share of the true class"
    return _bars(names, counts, notes, title=title, unit="how often")


def errors_by_series(rows: Sequence[Row]) -> Figure:
    """Draws the mean absolute error of the series with the largest one.

    Args:
        rows: As ``errors_by_series`` of the details has them.
    """
    several = len({row["target"] for row in rows}) > 1
    names = [_cut(f"{row['series']}, {row['target']}" if several else row["series"]) for row in rows[:_BARS]]
    errors = [float(row["mae"]) for row in rows[:_BARS]]
    all_of_them = len({row["series"] for row in rows})
    title = f"Series with the largest error, of {all_of_them:,}"
    return _bars(names, errors, [f"{value:.3g}" for value in errors], title=title, unit="mean absolute error")


def _bars(
    names: Sequence[str], values: Sequence[float], notes: Sequence[str], *, title: str, unit: str
) -> Figure:
    """Draws bars with their names above them, so that long names leave room for the bars."""
    with mpl.rc_context({**STYLE, "axes.grid": False, "axes.spines.left": False}):
        figure = Figure(figsize=(_WIDTH, 0.9 + 0.42 * len(values)), layout="constrained")
        axes = figure.subplots()
        places = range(len(values))
        axes.barh(places, values, height=0.35, color=BLUE)
        largest = max(values, default=0.0) or 1.0
        for place, name, value, note in zip(places, names, values, notes, strict=True):
            axes.text(0, place - 0.26, name, va="bottom")
            axes.text(value + 0.02 * largest, place, note, va="center", fontsize=9, color=GREY)
        axes.set(yticks=[], xlabel=unit, xlim=(0, 1.25 * largest), ylim=(len(values) - 0.5, -0.9))
        axes.set_title(title, loc="left")
    return figure


def reliability(bins: Sequence[Row], *, error: float) -> Figure:
    """Draws a reliability diagram: how often answers are right, by how sure the model was.

    Args:
        bins: As ``calibration`` of the details has them.
        error: The expected calibration error.
    """
    edges = np.array([float(row["from"]) for row in bins])
    width = float(bins[0]["to"]) - edges[0]
    sure, right, counts = (
        np.array([float(row[name]) for row in bins]) for name in ("confidence", "accuracy", "count")
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="confidence = accuracy")
        upper.bar(edges, right, width=width, align="edge", color=BLUE, alpha=0.35, edgecolor="white")
        upper.plot(sure, right, color=ORANGE, marker="o", label="answers of a bin")
        upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
        upper.set_title(f"Reliability, expected calibration error {error:.3f}", loc="left")
        figure.legend(frameon=False, ncols=2, loc="outside lower left")
        lower.bar(edges, counts / counts.sum(), width=width, align="edge", color=GREY, edgecolor="white")
        lower.set(xlabel="confidence", ylabel="share of answers")
    return figure


def coverage(rows: Sequence[Row]) -> Figure:
    """Draws how much of the truth lies within intervals beside how much should, a line for each target.

    Args:
        rows: As ``coverage`` of the details has them.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, _WIDTH), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="as it should be")
        for target in dict.fromkeys(row["target"] for row in rows):
            mine = [row for row in rows if row["target"] == target]
            levels, shares = ([float(row[name]) for row in mine] for name in ("level", "coverage"))
            axes.plot(levels, shares, marker="o", label=_cut(target))
        axes.set(xlim=(0, 1.05), ylim=(0, 1.05), xlabel="level of the interval")
        axes.set(ylabel="share of the truth within it")
        axes.set_title("Coverage of intervals", loc="left")
        axes.legend(frameon=False, loc="upper left")
    return figure


def residuals(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Figure:
    """Draws the errors over what was predicted, a panel for each target.

    Args:
        truth: Values ``(rows, targets)``.
        predicted: Likewise.
        names: The names of the targets.
    """

    def draw(axes: Axes, place: int) -> None:
        axes.axhline(0, color=GREY, linestyle=":")
        errors = predicted[:, place] - truth[:, place]
        axes.scatter(predicted[:, place], errors, s=8, alpha=0.5, color=BLUE, rasterized=True)
        axes.set(xlabel=f"predicted {_cut(names[place])}", ylabel="predicted - true")

    return _panels(len(names), draw, height=2.9, title="Residuals")


def worst_series(values: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Draws series that were answered wrong.

    Args:
        values: Series ``(time, features)``.
        titles: What is true of each, and what was predicted.
    """

    def draw(axes: Axes, place: int) -> None:
        steps = np.arange(0, len(values[place]), -(-len(values[place]) // _POINTS))
        shown = values[place][steps, :_LINES]
        for feature in range(shown.shape[1]):
            axes.plot(steps, shown[:, feature], linewidth=1, marker="." if len(shown) < 3 else None)
        axes.set_title(_plain(titles[place]), loc="left", fontsize=10)

    return _panels(len(values), draw, height=1.5, label="step")


def worst_forecasts(
    history: np.ndarray, truth: np.ndarray, predicted: np.ndarray, titles: Sequence[str]
) -> Figure:
    """Draws windows whose forecast is far off.

    Args:
        history: Past values ``(rows, window)`` in original units.
        truth: What followed ``(rows, horizon)``.
        predicted: What was forecast ``(rows, horizon)``.
        titles: What each window is.
    """

    def draw(axes: Axes, place: int) -> None:
        ahead = np.arange(1, truth.shape[1] + 1)
        axes.plot(np.arange(1 - history.shape[1], 1), history[place], color=GREY, label="past")
        for values, colour, name in ((truth, BLUE, "truth"), (predicted, ORANGE, "forecast")):
            axes.plot(ahead, values[place], color=colour, marker=".", label=name)
        axes.set_title(_plain(titles[place]), loc="left", fontsize=10)

    figure = _panels(len(titles), draw, height=1.7, label="steps ahead (0 is the last known step)")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=3, loc="outside lower left")
    return figure


def _panels(
    count: int, draw: Callable[[Axes, int], None], *, height: float, title: str = "", label: str = ""
) -> Figure:
    """Draws panels one below the other."""
    shown = min(count, PANELS)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, 0.5 + height * shown), layout="constrained")
        panels: Any = np.atleast_1d(figure.subplots(shown, 1))
        for place, axes in enumerate(panels):
            draw(axes, place)
        if title:
            panels[0].set_title(title, loc="left")
        if label:
            panels[-1].set_xlabel(label)
    return figure


def _cut(name: object) -> str:
    """Returns a name without its middle where it is long: long names often differ at their end."""
    text = str(name)
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[: half - 1]}…{text[-half:]}"
    return _plain(text)


def _plain(text: str) -> str:
    """Returns a text in which dollars are dollars, not the beginning of a formula."""
    return text.replace("$", r"\$")
