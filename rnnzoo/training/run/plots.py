"""Pictures of a run: learning curves, a confusion matrix, forecasts against the truth."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from rnnzoo.files import replacing

# A fixed palette that colour-blind readers can tell apart (Okabe & Ito 2008).
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
_COLOURS = (ORANGE, BLUE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", GREY)

STYLE: Any = {  # the names that matplotlib takes are typed one by one
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "font.size": 10,
    "axes.titlesize": 11,
    "figure.dpi": 110,
    "savefig.bbox": "tight",
}


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure as PNG, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary)
    return path


def learning_curves(history: Sequence[Mapping[str, float]], *, best_epoch: int) -> Figure:
    """Draws each metric of training and validation over the epochs, the best epoch marked."""
    names = [
        n for n in history[0] if n not in ("epoch", "seconds", "learning_rate") and not n.startswith("val_")
    ]
    epochs = [row["epoch"] for row in history]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6 * len(names), 3.4))
        for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
            marker = "o" if len(epochs) < 3 else None
            axes.plot(
                epochs, [r.get(name, np.nan) for r in history], color=BLUE, marker=marker, label="training"
            )
            if any(f"val_{name}" in row for row in history):
                values = [row.get(f"val_{name}", np.nan) for row in history]
                axes.plot(epochs, values, color=ORANGE, marker=marker, label="validation")
            axes.axvline(best_epoch, color=GREY, linestyle=":", label=f"best epoch ({best_epoch})")
            axes.set(xlabel="epoch", ylabel=name.replace("_", " "), title=name.replace("_", " "))
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend(frameon=False)
        figure.tight_layout()
    return figure


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draws how often each true class was answered as each class; colour is the share of the true class."""
    size = len(labels)
    counts = np.zeros((size, size), int)
    np.add.at(counts, (truth, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        side = min(3.0 + 0.45 * size, 14)
        figure = Figure(figsize=(side + 0.8, side))
        axes = figure.subplots()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
        names = [label if len(label) <= 24 else label[:23] + "…" for label in labels]
        axes.set_xticks(range(size), names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), names)
        axes.set(xlabel="answered", ylabel="true", title="Confusion matrix")
        if size <= 30:
            for (row, column), count in np.ndenumerate(counts):
                colour = "white" if shares[row, column] > 0.5 else "black"
                if count:
                    axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
        figure.tight_layout()
    return figure


def forecasts(
    history: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    *,
    name: str,
    part: str,
    count: int = 4,
    band: tuple[np.ndarray, np.ndarray, str] | None = None,
    series: Sequence[str] | None = None,
) -> Figure:
    """Draws windows spread over the part: the past, what followed and what was forecast.

    Args:
        history: Past values ``(rows, window)`` in original units.
        truth: What followed ``(rows, horizon)``.
        predicted: What was forecast ``(rows, horizon)``.
        name: Name of the target.
        part: Name of the part of the data, for the title.
        count: Number of windows.
        band: Lower and upper bounds of the forecasts ``(rows, horizon)`` and what they are.
        series: The series of each row, where there are several.
    """
    rows = np.unique(np.linspace(0, len(truth) - 1, count).round().astype(int))
    window, horizon = history.shape[1], truth.shape[1]
    past, ahead = np.arange(-window + 1, 1), np.arange(1, horizon + 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 1.6 * len(rows) + 1), layout="constrained")
        for axes, row in zip(np.atleast_1d(figure.subplots(len(rows), 1, sharex=True)), rows, strict=True):
            axes.plot(past, history[row], color=GREY, label="past")
            if band is not None:
                lower, upper, label = band
                axes.fill_between(
                    ahead, lower[row], upper[row], color=ORANGE, alpha=0.2, linewidth=0, label=label
                )
            axes.plot(ahead, truth[row], color=BLUE, marker=".", label="truth")
            axes.plot(ahead, predicted[row], color=ORANGE, marker=".", label="forecast")
            axes.axvline(0.5, color=GREY, linestyle=":")
            axes.set_ylabel(name if series is None else f"{series[row]}\n{name}")
        # Below, where no curve is.
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(), frameon=False, ncols=4, loc="outside lower left"
        )
        figure.axes[0].set_title(f"{len(rows)} of {len(truth)} windows of the {part} part", loc="left")
        figure.axes[-1].set_xlabel("steps ahead (0 is the last known step)")
    return figure


def errors_by_step(scores: Mapping[str, np.ndarray], *, name: str) -> Figure:
    """Draws the mean absolute error of each step ahead, a line for each method."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 5), layout="constrained")
        axes = figure.subplots()
        top, labels = error_range(scores)
        for (method, errors), colour in zip(scores.items(), itertools.cycle(_COLOURS), strict=False):
            axes.plot(np.arange(1, len(errors) + 1), errors, color=colour, label=labels[method])
        axes.set(xlabel="steps ahead", ylabel=f"mean absolute error ({name})", title="Error by step ahead")
        axes.set_ylim(0, top)
        # Below, for the names are long and the lines are many.
        figure.legend(frameon=False, loc="outside lower left")
    return figure


def error_range(scores: Mapping[str, Sequence[float] | np.ndarray]) -> tuple[float, dict[str, str]]:
    """Returns how far an axis of errors goes, and what each method is called.

    A method that is far worse than the others would press their lines together. Its line leaves the picture, and its
    name says how far it goes. That of the first one, the model, stays.

    Args:
        scores: Errors by method, none below 0.

    Example:
        >>> error_range({"model": [1.0, 2.0], "persistence": [2.0, 40.0], "trees": [1.0, 1.5]})
        (5.0, {'model': 'model', 'persistence': 'persistence (up to 40)', 'trees': 'trees'})
    """
    largest = {method: float(np.nan_to_num(errors).max(initial=0.0)) for method, errors in scores.items()}
    usual = max(next(iter(largest.values()), 0.0), float(np.median(list(largest.values()) or [0.0])))
    top = 2.5 * usual if max(largest.values(), default=0.0) > 2.5 * usual > 0 else 0.0
    if not top:
        return 1.05 * max(largest.values(), default=0.0) or 1.0, {method: method for method in scores}
    return top, {
        method: f"{method} (up to {value:.3g})" if value > top else method
        for method, value in largest.items()
    }


def regression_scatter(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Figure:
    """Draws predicted against true values, one panel for each target."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * len(names), 4))
        panels: Any = np.atleast_1d(figure.subplots(1, len(names)))
        for i, (axes, name) in enumerate(zip(panels, names, strict=True)):
            low = min(truth[:, i].min(), predicted[:, i].min())
            high = max(truth[:, i].max(), predicted[:, i].max())
            axes.plot([low, high], [low, high], color=GREY, linestyle=":")
            axes.scatter(truth[:, i], predicted[:, i], s=8, alpha=0.6, color=BLUE)
            axes.set(xlabel="true", ylabel="predicted", title=name)
        figure.tight_layout()
    return figure


def gradient_reach(norms: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """Draws gradient norms over the steps of a sequence, one line each, relative to that at the last step.

    Args:
        norms: Norms ``(time,)`` by name.
        title: The title.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.6))
        axes = figure.subplots()
        for (name, values), color in zip(norms.items(), _COLOURS, strict=False):
            steps = np.arange(1 - len(values), 1)
            relative = np.maximum(values / values[-1], 1e-30)
            axes.semilogy(steps, relative, color=color, label=name)
        axes.set(xlabel="steps before the last", ylabel="gradient, last step = 1", title=title)
        smallest = min((float(np.min(values / values[-1])) for values in norms.values()), default=1.0)
        axes.set_ylim(bottom=max(1e-16, min(0.01, 0.3 * smallest)))
        axes.legend(frameon=False)
        figure.tight_layout()
    return figure
