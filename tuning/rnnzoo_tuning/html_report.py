"""The report of a search: one HTML page with its trials, the pictures of Optuna and the best settings as code."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnzoo.report import Section, show, write_report
from rnnzoo.training.config import TrainConfig
from rnnzoo_tuning.best_code import BestCode, best_code
from rnnzoo_tuning.kept_search import KeptSearch
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.report_plots import save_plots, shown_study
from rnnzoo_tuning.search_directory import PICTURE, REPORT
from rnnzoo_tuning.trial_records import MEASURED

#: Settings of a search that have a table of their own.
_TOLD_ELSEWHERE = ("model_space", "training_space", "conditions", "arguments", "train_config", "data")
#: What a row begins with, before what was measured and the values of the trial.
_FIRST = ("trial", "status", "score")


def write_page(search: KeptSearch, table: TrialTable) -> Path:
    """Writes the report of a search.

    Args:
        search: The search.
        table: Its trials.

    Returns:
        The file.
    """
    with tempfile.TemporaryDirectory() as folder:
        return write_report(
            search.root / REPORT,
            title=f"Search: {search.settings['model']}",
            lead=_lead(search, table),
            sections=[
                *_best_sections(search, table),
                _trials(search, table),
                *_pictures(search, Path(folder)),
                *_settings(search),
            ],
        )


def _lead(search: KeptSearch, table: TrialTable) -> str:
    counts = Counter(row["status"] for row in table.rows)
    ended = ", ".join(f"{count} {status}" for status, count in counts.items()) or "none has ended"
    state = "finished" if search.finished else "not finished"
    return f"{len(table.counted)} of at most {search.max_trials} trials: {ended}. The search is {state}."


def _best_sections(search: KeptSearch, table: TrialTable) -> list[Section]:
    """Returns what is best: its score, its settings, and code that trains it."""
    if table.best_row is None:
        return [Section("Best trial", text="No trial has a score yet.")]
    best, code = table.best_trial(), best_code(search, table.best_trial())
    rows = [{"": search.monitor.name, " ": best.score or 0.0}]
    rows += [{"": f"test {name}", " ": value} for name, value in search.best_scores().items()]
    rows += [{"": name, " ": _shown(value)} for name, value in {**code.arguments, **code.fields}.items()]
    return [
        Section(
            f"Best trial: {(best.number or 0) + 1}",
            text=f"Its {search.monitor.name} was chosen among many, and is too good. Report the score on the test "
            "part.",
            rows=rows,
        ),
        *_code_sections(code),
    ]


def _code_sections(code: BestCode) -> list[Section]:
    command = code.command()
    python = Section("Train the best settings: Python", code=code.python())
    if not command:
        return [python]
    return [python, Section("Train the best settings: command", code=command)]


def _trials(search: KeptSearch, table: TrialTable) -> Section:
    """Returns the table of all trials, with what was measured of each."""
    rows: list[dict[str, object]] = []
    for row, (_, kept) in zip(table.rows, search.trials, strict=True):
        measured = {**_other_objectives(search, kept.values), **kept.user_attrs.get(MEASURED, {})}
        first = {name: row[name] for name in _FIRST}
        rest = {name: value for name, value in row.items() if name not in _FIRST}
        rows.append({name: _shown(value) for name, value in {**first, **measured, **rest}.items()})
    marked: list[int] = []
    text = "The best trial stands out."
    if len(search.directions) > 1:
        front = {trial.number for trial in shown_study(search).best_trials}
        marked = [place for place, row in enumerate(table.rows) if row["trial"] in front]
        text = "Trials in bold are on the Pareto front: none is better in all objectives."
    return Section("Trials", text=text if rows else "", rows=rows, best=table.best_row, marked=marked)


def _other_objectives(search: KeptSearch, values: list[float] | None) -> dict[str, float]:
    """Returns the objectives beside the first, which is the score."""
    return dict(zip(search.objectives[1:], (values or [])[1:], strict=False))


def _pictures(search: KeptSearch, folder: Path) -> list[Section]:
    """Returns a section of pictures, and one of those that could not be drawn."""
    plots = save_plots(search, folder)
    images = [(plot.path, plot.title) for plot in plots if plot.path is not None]
    kept = search.root / PICTURE
    if kept.is_file():
        images = [(kept, "Score of each trial, and by each value that varied"), *images]
    absent = [{"picture": plot.title, "left out because": plot.reason} for plot in plots if plot.path is None]
    return [
        *([Section("Pictures", images=images)] if images else []),
        *([Section("Pictures left out", rows=absent)] if absent else []),
    ]


def _settings(search: KeptSearch) -> list[Section]:
    settings, defaults = search.settings, TrainConfig().to_dict()
    rows = [
        {"setting": name, "value": _shown(value)}
        for name, value in {**settings, "max_trials": search.max_trials}.items()
        if name not in _TOLD_ELSEWHERE
    ]
    varied = [
        {"name": name, "of": part, "what": _range(dimension), "only where": _condition(settings, name)}
        for part, key in (("model", "model_space"), ("training", "training_space"))
        for name, dimension in settings[key].items()
    ]
    fixed = [
        {"name": name, "of": part, "value": _shown(value)}
        for part, values in (("model", settings["arguments"]), ("training", settings["train_config"]))
        for name, value in values.items()
        if name not in settings["training_space"] and (part == "model" or value != defaults.get(name))
    ]
    data = [{"field": name, "value": _shown(value)} for name, value in settings["data"].items()]
    return [
        Section("Settings", rows=rows),
        *([Section("What varied", rows=varied)] if varied else []),
        *([Section("The same in all trials", rows=fixed)] if fixed else []),
        Section("Data", rows=data),
    ]


def _range(dimension: Mapping[str, Any]) -> str:
    """Returns what a dimension may be, in words."""
    if dimension["kind"] == "choice":
        return ", ".join(map(str, dimension["values"]))
    step = f", in steps of {dimension['step']}" if dimension.get("step") not in (None, 1) else ""
    scale = ", logarithmic" if dimension.get("log") else ""
    return f"{show(dimension['low'])} to {show(dimension['high'])}{step}{scale}"


def _condition(settings: Mapping[str, Any], name: str) -> str:
    condition = settings.get("conditions", {}).get(name)
    return f"{condition['on']} is {' or '.join(map(str, condition['values']))}" if condition else ""


def _shown(value: Any) -> object:
    """Returns a value for a table; nothing is an empty cell."""
    return "" if value is None else value
