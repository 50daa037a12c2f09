"""A result card: what a recipe gave, beside the simplest sensible baselines on the same rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import DataError, RunError
from rnnzoo.evaluation.score_table import score_table
from rnnzoo.files import read_json
from rnnzoo.recipes.machine import describe_machine, describe_versions
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.report import Section, write_report
from rnnzoo.training.run.run_directory import RunDirectory

#: Scores of a trained model, by name, each with mean, deviation, lowest and highest over the runs.
Statistics = dict[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Card:
    """The result of a recipe.

    Attributes:
        recipe: Its name.
        summary: What it shows.
        model: The model of the zoo.
        arguments: Builder arguments other than its own.
        training: Training fields other than the defaults.
        data: The named data set, its options, and rows of each part.
        metric: The score that counts.
        higher_is_better: Whether more of it is better.
        runs: For each run its seed, test scores, epochs and seconds of training.
        scores: Mean, sample standard deviation, lowest and highest of each test score over the runs.
        baselines: The same for each baseline on the identical rows, of those that all runs have.
        baselines_left_out: Why others have no score, by name.
        parameters: Number of weights.
        train_seconds: Seconds of training, mean over the runs; learning vectors of words before is not counted.
        onnx: Size in bytes of the ONNX file, milliseconds of a call by number of rows, on one thread, and the shape of
            each input of a row: rows of unlike length are padded to the longest of the first test rows.
        reference: What publications report, in which setting.
        notes: What was tried and lost, or has to be known to read the score.
        command: What makes the card anew.
        machine: CPU model, cores and memory.
        versions: Versions of Python and packages.
    """

    recipe: str
    summary: str
    model: str
    arguments: Mapping[str, Any]
    training: Mapping[str, Any]
    data: Mapping[str, Any]
    metric: str
    higher_is_better: bool
    runs: Sequence[Mapping[str, Any]]
    scores: Statistics
    baselines: Mapping[str, Statistics]
    parameters: int
    train_seconds: float
    onnx: Mapping[str, Any]
    reference: str
    notes: str
    command: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    baselines_left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The best of the baselines and its score; ``None`` where none was fitted."""
        means = {name: row[self.metric]["mean"] for name, row in self.baselines.items() if self.metric in row}
        if not means:
            return None
        best = (max if self.higher_is_better else min)(means, key=lambda name: means[name])
        return best, means[best]

    @property
    def lead(self) -> float:
        """By how much the model is better than the best baseline; negative where it is worse, NaN without one."""
        if self.best_baseline is None:
            return math.nan
        difference = self.scores[self.metric]["mean"] - self.best_baseline[1]
        return difference if self.higher_is_better else -difference

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return dataclasses.asdict(self)


def build_card(
    recipe: Recipe,
    runs: Sequence[RunDirectory],
    onnx: Mapping[str, Any],
    *,
    further_baselines: Sequence[Mapping[str, Mapping[str, float]]],
) -> Card:
    """Makes the card of finished runs.

    Args:
        recipe: The recipe.
        runs: Its runs, in the order of their seeds.
        onnx: ``"bytes"``, ``"milliseconds"``, ``"input_shapes"`` and ``"parameters"`` of the exported model.
        further_baselines: For each run the scores of baselines beside those that a run has itself.
    """
    metrics = [run.read_metrics() for run in runs]
    part = metrics[0]["baselines"]["part"]
    scores = [row[part] for row in metrics]
    rows = [
        {**row["baselines"]["scores"], **more} for row, more in zip(metrics, further_baselines, strict=True)
    ]
    everywhere = [name for name in rows[0] if all(name in row for row in rows)]
    return Card(
        recipe=recipe.name,
        summary=recipe.summary,
        model=recipe.model,
        arguments=dict(recipe.arguments),
        training=dict(recipe.training),
        data={
            "name": recipe.data,
            "options": dict(recipe.data_options),
            "folds": recipe.folds,
            "part": part,
            **_rows(runs[0]),
        },
        metric=recipe.metric,
        higher_is_better=recipe.higher_is_better,
        runs=[
            {
                "seed": seed,
                "scores": _rounded(row[part]),
                "validation": _rounded(row["validation"]),
                "epochs": row["epochs"],
                "best_epoch": row["best_epoch"],
                "train_seconds": row["seconds"],
            }
            for seed, row in enumerate(metrics)
        ],
        scores=statistics(scores),
        baselines={name: statistics([row[name] for row in rows]) for name in everywhere},
        parameters=onnx["parameters"],
        train_seconds=round(float(np.mean([row["seconds"] for row in metrics])), 1),
        onnx={name: onnx[name] for name in ("bytes", "milliseconds", "input_shapes")},
        reference=recipe.reference,
        notes=recipe.notes,
        command=recipe.command(len(runs)),
        machine=describe_machine(),
        versions=describe_versions(),
        baselines_left_out={
            name: reason
            for row in metrics
            for name, reason in row["baselines"].get("skipped", {}).items()
            if name not in everywhere
        },
    )


def _rows(run: RunDirectory) -> dict[str, Any]:
    facts = run.read_config()["data"]
    return {name: facts[name] for name in ("rows", "checksum", "files") if name in facts}


def statistics(rows: Sequence[Mapping[str, float]]) -> Statistics:
    """Returns mean, deviation, lowest and highest of each score over runs."""
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows], float)
        found[name] = _rounded(
            {
                "mean": values.mean(),
                "deviation": values.std(ddof=1) if len(values) > 1 else 0.0,
                "lowest": values.min(),
                "highest": values.max(),
            }
        )
    return found


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in values.items()}


def known_card(name: str) -> Card | None:
    """Returns the card that comes with rnnzoo; ``None`` where a recipe has none yet."""
    path = resources.files("rnnzoo.recipes").joinpath("cards", f"{name}.json")
    if not path.is_file():
        return None
    with resources.as_file(path) as file:
        return read_card(file)


def read_card(path: Path) -> Card:
    """Reads a card.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is no card.
    """
    values = read_json(path, "a result card")
    try:
        return Card(**values)
    except TypeError as error:
        raise DataError(
            f"{path}: not a result card of this version ({error}); expected one written by rnnzoo run. Run the recipe "
            "again."
        ) from error


def check_card(card: Card, recipe: Recipe) -> str:
    """Compares a new card with the one that comes with rnnzoo.

    Returns:
        One line that says that they agree.

    Raises:
        RunError: If there is no known card, it is of other data, or the mean is further from that of the known card's
            same runs than the recipe's tolerance.
    """
    known = known_card(recipe.name)
    if known is None:
        raise RunError(f"{recipe.name}: there is no known card to compare with; run it without --check.")
    other = {name: (known.data.get(name), card.data.get(name)) for name in ("options", "rows", "checksum")}
    if any(before != now for before, now in other.values()):
        differing = ", ".join(f"{n} {before} -> {now}" for n, (before, now) in other.items() if before != now)
        raise RunError(
            f"{recipe.name}: the card is of other data: {differing}. Fetch the data that it names."
        )
    found = card.scores[recipe.metric]["mean"]
    expected = float(np.mean([run["scores"][recipe.metric] for run in known.runs[: len(card.runs)]]))
    line = (
        f"{recipe.metric} {found:.4f} (mean over {len(card.runs)} runs); the card says {expected:.4f} for them, "
        f"tolerance {recipe.tolerance:g}"
    )
    if abs(found - expected) > recipe.tolerance:
        raise RunError(
            f"{recipe.name}: {line}. Look at what differs: versions {_difference(card.versions, known.versions)}."
        )
    return line


def _difference(found: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    differing = [name for name in known if found.get(name) != known[name]]
    return ", ".join(f"{name} {known[name]} -> {found.get(name)}" for name in differing) or "equal"


def score_rows(card: Card) -> list[dict[str, str]]:
    """Returns a row of means and spreads for the model, then one for each baseline."""
    spreads = {
        method: {name: spread(score) for name, score in scores.items()}
        for method, scores in {card.model: card.scores, **card.baselines}.items()
    }
    return score_table(card.model, spreads.pop(card.model), spreads)


def write_page(path: Path, card: Card, run: RunDirectory) -> None:
    """Writes the card as a page, with the pictures of its first run."""
    pictures = [(file, file.stem.replace("_", " ")) for file in sorted(run.plots.glob("*.png"))]
    left_out = [{"baseline": name, "because": why} for name, why in card.baselines_left_out.items()]
    facts = {
        "data": card.data,
        "arguments": dict(card.arguments) or "the model's own",
        "training": dict(card.training) or "the defaults",
        "weights": card.parameters,
        "seconds of training": card.train_seconds,
        "ONNX file": f"{card.onnx['bytes']:,} bytes",
        "milliseconds of a call": {
            f"{rows} row{'s' * (int(rows) != 1)}": taken for rows, taken in card.onnx["milliseconds"].items()
        },
        "inputs of a row": card.onnx["input_shapes"],
        "machine": card.machine,
        "versions": card.versions,
    }
    write_report(
        path,
        title=f"{card.recipe}: {card.summary}",
        lead=f"{card.metric} {spread(card.scores[card.metric])}, {_verdict(card)}.",
        sections=[
            Section("Scores on the same rows", rows=score_rows(card), best=0),
            *([Section("Baselines left out", rows=left_out)] if left_out else []),
            Section("Published", text=card.reference or "Nothing comparable."),
            *([Section("Notes", text=card.notes)] if card.notes else []),
            Section("Runs", rows=[_run_row(row, card.metric) for row in card.runs]),
            Section("Pictures of the first run", images=pictures),
            Section("Made with", rows=[{"": name, " ": _shown(value)} for name, value in facts.items()]),
            Section("Again", code=card.command),
        ],
    )


def _verdict(card: Card) -> str:
    if card.best_baseline is None:
        return "beside no baseline"
    best, value = card.best_baseline
    word = "better than" if card.lead > 0 else "equal to" if card.lead == 0 else "worse than"
    return f"{word} {best} ({value:.4f})"


def _run_row(row: Mapping[str, Any], metric: str) -> dict[str, Any]:
    return {
        "seed": row["seed"],
        metric: row["scores"][metric],
        "epochs": row["epochs"],
        "seconds": row["train_seconds"],
    }


def _shown(value: Any) -> Any:
    """A value as a reader writes it; checksums of files are in the JSON file alone."""
    if isinstance(value, Mapping):
        shown = {name: _shown(inner) for name, inner in value.items() if name != "files" and inner != {}}
        return ", ".join(
            f"{name} ({inner})" if "," in str(inner) else f"{name} {inner}" for name, inner in shown.items()
        )
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else value


def spread(statistics: Mapping[str, float], *, digits: int = 4) -> str:
    """Shows a mean and, where runs differ, its lowest and highest."""
    mean, lowest, highest = (f"{statistics[name]:.{digits}f}" for name in ("mean", "lowest", "highest"))
    return mean if lowest == highest else f"{mean} ({lowest}-{highest})"
