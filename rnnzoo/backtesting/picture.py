"""The picture of a backtest: errors by step ahead, and forecasts over what came."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure

from rnnzoo.backtesting.origin_forecasts import MODEL, OriginForecasts
from rnnzoo.training.run.plots import BLUE, GREEN, GREY, ORANGE, STYLE, error_range

if TYPE_CHECKING:
    import pandas as pd

#: How many series are drawn.
_SERIES = 3
#: Inches: a page of 390 pixels shows letters of such a picture at three quarters of their size.
_WIDTH = 4.8
_SHOWN = {"mase": "MASE", "mae": "mean absolute error"}
_COLOURS = (BLUE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", GREY)


def draw_backtest(origins: Sequence[OriginForecasts], by_step: pd.DataFrame, score: str) -> Figure:
    """Draws the error of each method at each step ahead, and below the forecasts of some series over what came.

    Args:
        origins: What was forecast at each origin.
        by_step: The scores by step.
        score: The score that is drawn.
    """
    series = _spread(origins)
    top, labels = error_range(
        {str(name): rows[score].to_numpy() for name, rows in by_step.groupby("method", sort=False)}
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, 4.6 + 1.8 * len(series)), layout="constrained")
        axes: Any = figure.subplots(
            1 + len(series), 1, gridspec_kw={"height_ratios": [2.8, *[1.5] * len(series)]}
        )
        first, *others = np.atleast_1d(axes)
        colours = itertools.cycle(_COLOURS)
        for method, rows in by_step.groupby("method", sort=False):
            model = method == MODEL
            first.plot(
                rows["step"],
                rows[score],
                color=ORANGE if model else next(colours),
                linewidth=2.4 if model else 1.2,
                marker="o" if len(rows) < 3 else None,
                label=labels[str(method)],
            )
        first.set(xlabel="steps ahead", ylabel=_SHOWN.get(score, score), ylim=(0, top))
        first.set_title("Error by step ahead", loc="left")
        # Below, for the names are long, and a telephone is narrow.
        first.legend(frameon=False, loc="upper left", bbox_to_anchor=(-0.1, -0.22), fontsize=9)
        for panel, name in zip(others, series, strict=True):
            _draw_series(panel, origins, name, last=panel is others[-1])
        found = others[0].get_legend_handles_labels()
        figure.legend(*found, frameon=False, ncols=2, loc="outside lower left", fontsize=9)
    return figure


def _spread(origins: Sequence[OriginForecasts]) -> list[str]:
    """Returns some of the series that are forecast at the last origin, spread over all."""
    names = np.unique(origins[-1].series)
    chosen = np.unique(np.linspace(0, len(names) - 1, min(_SERIES, len(names))).round().astype(int))
    return [str(name) for name in names[chosen]]


def _draw_series(axes: Any, origins: Sequence[OriginForecasts], name: str, *, last: bool) -> None:
    """Draws the first target of a series at all origins where it was forecast, by the first seed."""
    labels = {"truth": "what came", "forecast": "forecast of the model"}
    for origin in origins:
        rows = np.flatnonzero(origin.series == name)
        if not len(rows):
            continue
        row, times = rows[0], origin.times[rows[0]]
        method = next(iter(origin.model.values()))
        if method.quantiles is not None:
            lower, upper = method.quantiles[row, :, 0, 0], method.quantiles[row, :, 0, -1]
            axes.fill_between(times, lower, upper, color=ORANGE, alpha=0.2, linewidth=0)
        axes.plot(times, origin.truth[row, :, 0], color=GREY, marker=".", label=labels.pop("truth", None))
        axes.plot(
            times, method.point[row, :, 0], color=ORANGE, marker=".", label=labels.pop("forecast", None)
        )
        axes.axvline(times[0], color=GREY, linestyle=":", linewidth=0.8)
    axes.set_title(f"{name}: {origins[0].targets[0]}" if name else origins[0].targets[0], loc="left")
    if origins[0].times.dtype.kind == "M":
        locator = dates.AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=last))
