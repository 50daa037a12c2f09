"""The picture of a cross-validation: the score of every fold, the model's beside those of the baselines."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from rnnzoo.cross_validation.result import CrossValidation, deciding_score
from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.training.run.plots import BLUE, GREY, ORANGE, STYLE

#: Baselines that are drawn at most, the best first.
_MOST = 6
_LONGEST = 24


def draw_scores(result: CrossValidation) -> Figure:
    """Draws a row for the model and each of the best baselines: a dot for each fold, a line at the mean.

    Args:
        result: A cross-validation.
    """
    scores = {name: values["mean"] for name, values in result.scores.items()}
    name = deciding_score(scores) or next(iter(scores))
    sign = direction_of(name) or 1
    means = {method: row[name]["mean"] for method, row in result.baselines.items() if name in row}
    chosen = sorted(means, key=lambda method: -sign * means[method])[:_MOST]
    with mpl.rc_context({**STYLE, "font.size": 11}):
        figure = Figure(figsize=(4.4, 1.5 + 0.42 * (1 + len(chosen))), layout="constrained")
        axes = figure.subplots()
        for place, method in enumerate(["model", *chosen]):
            values = [
                (fold.scores if method == "model" else fold.baselines[method])[name] for fold in result.folds
            ]
            colour = ORANGE if method == "model" else BLUE
            axes.plot(values, np.full(len(values), place), "o", color=colour, alpha=0.55, markersize=6)
            axes.plot([np.mean(values)] * 2, [place - 0.32, place + 0.32], color=colour, linewidth=2)
        axes.set_yticks(range(1 + len(chosen)), ["model", *(_cut(method) for method in chosen)])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(name.replace("_", " "))
        said = f"{len(result.folds)} folds are dots, their means lines"
        figure.suptitle(said, fontsize=11, color=GREY, x=0.02, ha="left")
    return figure


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
