"""Pictures of the trials of a search, drawn by Optuna; one that cannot be drawn says why."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib.figure import Figure
from matplotlib.ticker import Locator, LogLocator, MaxNLocator, NullLocator
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from rnnzoo.errors import one_line
from rnnzoo.training.run.plots import STYLE, save_figure
from rnnzoo_tuning.kept_search import KeptSearch
from rnnzoo_tuning.report import in_words

#: Up to how many curves have their trials named beside them.
_FEW_CURVES = 12
#: Hyperparameters beside each other, which are still legible on a telephone.
_BESIDE = 2
# So many letters have room below one of them.
_LETTERS = 16


@dataclass(frozen=True)
class Plot:
    """A picture, or why there is none.

    Attributes:
        title: What it shows.
        path: Where it lies; ``None`` where it could not be drawn.
        reason: Why it could not; empty where it could.
    """

    title: str
    path: Path | None = None
    reason: str = ""


def save_plots(search: KeptSearch, folder: Path) -> list[Plot]:
    """Draws all pictures of a search into a folder.

    Example:
        ``save_plots(open_search(Path("search")), Path("pictures"))`` draws those that the report shows.
    """
    study = shown_study(search)
    plots: list[Plot] = []
    for title, draw in _plots(study, search.objectives):
        path = folder / f"{len(plots)}.png"
        plots.append(_saved(title, draw, path))
    return plots


def shown_study(search: KeptSearch) -> optuna.Study:
    """Returns the trials that have ended as a study in memory, whose numbers are those of the report, from 1.

    Those that are refused have none, and were not trained.

    A study that trials are added to meanwhile would be another in each picture.
    """
    study = optuna.create_study(directions=list(search.directions))
    ended = {trial.place: kept for trial, kept in search.trials if trial.place is not None}
    absent = optuna.trial.create_trial(state=TrialState.FAIL)
    for number in range(1 + max(ended, default=0)):
        study.add_trial(_shown(ended[number]) if number in ended else absent)
    return study


class _Label(str):
    """A value of a choice, which pictures show without the quotes of JSON."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _shown(trial: FrozenTrial) -> FrozenTrial:
    params, distributions = dict(trial.params), dict(trial.distributions)
    for name, distribution in trial.distributions.items():
        if isinstance(distribution, CategoricalDistribution):
            distributions[name] = CategoricalDistribution([_label(value) for value in distribution.choices])
            params[name] = _label(trial.params[name])
    return optuna.trial.create_trial(
        state=trial.state,
        values=trial.values,
        params=params,
        distributions=distributions,
        intermediate_values=trial.intermediate_values,
        constraints=dict(trial.constraints),
    )


def _label(value: Any) -> Any:
    """Returns a value of a choice, which the study has as JSON text, in few words."""
    if not isinstance(value, str):
        return value
    with contextlib.suppress(ValueError):  # of a model that draws itself, a text as it is
        value = json.loads(value)
    return _Label(in_words(value))


_Draw = Callable[[], Any]


def _plots(study: optuna.Study, objectives: Sequence[str]) -> Iterator[tuple[str, _Draw | str]]:
    """Yields each picture's title with what draws it, or with why it cannot be drawn."""
    from optuna.visualization import matplotlib as drawn

    several = len(study.directions) > 1
    score: dict[str, Any] = {"target": _first if several else None, "target_name": objectives[0]}
    complete = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    none = "" if complete else "no trial came to its last epoch"
    yield "Scores of the trials", none or partial(drawn.plot_optimization_history, study, **score)
    if several:
        front = partial(drawn.plot_pareto_front, study, target_names=list(objectives))
        yield "Pareto front", none or _not_two(objectives) or front
    varied = _varied(complete)
    few = none or _too_few(complete, varied)
    importances = partial(drawn.plot_param_importances, study, params=varied, **score)
    yield "Importance of what varied", few or _all_alike(complete) or importances
    yield "Trials by what varied", few or partial(_lines, study, varied, score)
    pairs = [varied[place : place + _BESIDE] for place in range(0, len(varied), _BESIDE)]
    for names in [[]] if few else pairs:
        title = f"Scores by {' and '.join(names) or 'what varied'}"
        yield title, few or partial(_slices, study, names, score)
    has_curves = any(len(trial.intermediate_values) > 1 for trial in study.trials)
    without = "" if has_curves else "no trial tells of two epochs or more"
    yield "Learning curves", without or partial(_curves, study, objectives[0])


def _first(trial: FrozenTrial) -> float:
    return float(trial.values[0])


def _varied(trials: Sequence[FrozenTrial]) -> list[str]:
    """Returns the hyperparameters that have at least two values, in the order in which Optuna draws them."""
    values: dict[str, set[Any]] = {}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, set()).add(value)
    return sorted(name for name, found in values.items() if len(found) > 1)


def _too_few(complete: Sequence[FrozenTrial], varied: Sequence[str]) -> str:
    if len(complete) < 2:
        return "one trial came to its last epoch, and two are needed"
    return "" if varied else "all trials had the same values"


def _all_alike(complete: Sequence[FrozenTrial]) -> str:
    return "" if len({_first(trial) for trial in complete}) > 1 else "all trials had the same score"


def _not_two(objectives: Sequence[str]) -> str:
    return "" if len(objectives) == 2 else f"there are {len(objectives)} objectives, and two are needed"


def _saved(title: str, draw: _Draw | str, path: Path) -> Plot:
    """Draws one picture; no failure goes further, for a report is whole without one."""
    if isinstance(draw, str):
        return Plot(title, reason=draw)
    from matplotlib import pyplot as plt

    before = set(plt.get_fignums())
    try:
        with _style():
            draw()
            (number,) = set(plt.get_fignums()) - before
            save_figure(_polished(plt.figure(number), title), path)
    except Exception as error:  # noqa: BLE001 - Optuna's pictures are experimental
        return Plot(title, reason=f"drawing failed: {type(error).__name__}: {one_line(error, 200)}")
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    return Plot(title, path)


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """Lets Optuna draw without windows, and change the style of nothing else."""
    from matplotlib import pyplot as plt

    with mpl.rc_context(), plt.ioff(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcParams.update(STYLE)
        yield


def _polished(figure: Figure, title: str) -> Figure:
    """Gives a picture the look of ours."""
    figure.set_facecolor("white")
    figure.suptitle("")
    for place, axes in enumerate(figure.axes):
        axes.set_facecolor("white")
        axes.set_title("")
        axes.set_title(title if place == 0 else "", loc="left", fontsize=11, pad=12)
        axes.grid(alpha=0.25, color="#b0b0b0")
        axes.set_axisbelow(True)
        if (legend := axes.get_legend()) is not None:
            legend.set_frame_on(False)
        if axes.get_ylabel() == "Trial":  # colours stand for whole numbers
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        for scale, axis in ((axes.get_xscale(), axes.xaxis), (axes.get_yscale(), axes.yaxis)):
            if scale == "log":
                low, high = axis.get_view_interval()
                axis.set_major_locator(_log_ticks(high / low))
                axis.set_major_formatter("{x:g}")
                axis.set_minor_locator(NullLocator())
    return figure


def _log_ticks(ratio: float) -> Locator:
    """Returns ticks that do not overlap, for a scale from a number to so many times as much."""
    if ratio < 3:
        return MaxNLocator(2)
    return LogLocator(subs=(1, 3) if ratio > 10 else (1, 2, 5))


def _slices(study: optuna.Study, names: Sequence[str], score: Mapping[str, Any]) -> None:
    """Draws the scores by each of some values; long words below a panel are turned, not drawn over each other."""
    from optuna.visualization.matplotlib import plot_slice

    axes: Any = plot_slice(study, params=list(names), **score)
    for panel, name in zip(np.atleast_1d(axes), names, strict=True):
        words = {value for trial in study.trials if isinstance(value := trial.params.get(name), str)}
        if sum(map(len, words)) > _LETTERS:
            for label in panel.get_xticklabels():
                label.set(rotation=25, ha="right")


def _lines(study: optuna.Study, varied: list[str], score: Mapping[str, Any]) -> None:
    """Draws a line for each trial through its values; each of many axes gets its place."""
    from optuna.visualization.matplotlib import plot_parallel_coordinate

    figure: Any = plot_parallel_coordinate(study, params=varied, **score).figure
    figure.set_size_inches(max(6.4, 1.6 * len(varied) + 2), 4.4)


def _curves(study: optuna.Study, objective: str) -> None:
    """Draws the objective over the epochs; of many trials without their names, which nobody could tell apart."""
    from optuna.visualization.matplotlib import plot_intermediate_values

    axes: Any = plot_intermediate_values(study)
    axes.set(xlabel="epoch", ylabel=objective)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(axes.lines) > _FEW_CURVES and axes.get_legend() is not None:
        axes.get_legend().remove()
