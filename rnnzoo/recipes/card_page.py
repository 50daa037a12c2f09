"""A result card as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnzoo.evaluation.score_table import score_table
from rnnzoo.recipes.card import Card, spread
from rnnzoo.report import Section, write_report
from rnnzoo.training.run.run_directory import RunDirectory


def score_rows(card: Card) -> list[dict[str, str]]:
    """Returns a row of means and spreads for the model, then one for each baseline."""
    spreads = {
        method: {name: spread(score) for name, score in scores.items()}
        for method, scores in {card.model: card.scores, **card.baselines}.items()
    }
    return score_table(card.model, spreads.pop(card.model), spreads)


_CALIBRATION = (
    "Can probabilities and intervals be taken at their word? The expected calibration error is the mean distance "
    "between how sure answers are and how often they are right; an interval of 80 % should hold 80 % of what comes."
)
_ROBUSTNESS = (
    "What the first run's model scores on test rows that were disturbed, and what the best baseline does; both have "
    "learned from clean rows. The percentages are the share of words, bases or steps that are hit; of noise, its "
    "deviation as a share of that of each feature."
)


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
            *_trust_sections(card),
            Section("Published", text=card.reference or "Nothing comparable."),
            *([Section("Notes", text=card.notes)] if card.notes else []),
            Section("Runs", rows=[_run_row(row, card.metric) for row in card.runs]),
            Section("Pictures of the first run", images=pictures),
            Section("Made with", rows=[{"": name, " ": _shown(value)} for name, value in facts.items()]),
            Section("Again", code=card.command),
        ],
    )


def _trust_sections(card: Card) -> list[Section]:
    """Returns what says how far the scores can be trusted, as far as the card has it."""
    found = []
    if card.difference is not None:
        found.append(Section("Difference to the best baseline", text=difference_text(card)))
    if card.calibration:
        found.append(
            Section(
                "Calibration",
                text=_CALIBRATION,
                rows=[{"": _measure(name), " ": spread(row)} for name, row in card.calibration.items()],
            )
        )
    if card.robustness:
        found.append(Section("Robustness", text=_ROBUSTNESS, rows=robustness_rows(card), best=0))
    return found


def difference_text(card: Card) -> str:
    """Says by how much the runs are better than the best baseline, and whether that is more than chance."""
    difference = card.difference
    assert difference is not None
    mean, error, groups = (difference[name] for name in ("mean", "standard_error", "groups"))
    parts = f"{groups:,} {_unit(card, groups)}"
    word = "as good as" if mean == 0 else "better than" if mean > 0 else "worse than"
    said = f"The mean of the runs is {word} {difference['baseline']}" + (
        f" by {abs(mean):.4f}" if mean else ""
    )
    if error is None:
        return f"{said}; a single block of test rows gives no standard error."
    if error == 0:
        return f"{said}: no row of the {parts} tells them apart."
    if abs(mean) > 2 * error:
        meaning = "more than two standard errors: other test rows would hardly turn it round"
    else:
        meaning = "within two standard errors: other test rows may turn it round"
    return f"{said}, with a standard error of {error:.4f} over {parts}. That is {meaning}."


def _unit(card: Card, groups: int) -> str:
    rows = card.data.get("rows", {}).get(card.data.get("part"))
    return "test rows" if card.data.get("folds") or rows is None or groups >= rows else "blocks of test rows"


def _measure(name: str) -> str:
    known = {"ece": "expected calibration error", "brier": "Brier score"}
    return known.get(name, f"truth in the interval of {name.removeprefix('coverage_')} %")


def robustness_rows(card: Card) -> list[dict[str, Any]]:
    """Returns a row for each disturbance, with the score of the first run and that of the best baseline."""
    return [
        {
            "disturbance": f"{row['disturbance']} {_percent(row['strength'])}".strip(),
            "model": f"{row['score']:.4f}",
            **({"best baseline": f"{row['baseline']:.4f}"} if "baseline" in row else {}),
        }
        for row in card.robustness
    ]


def _percent(share: float) -> str:
    # A number stays on the line of its sign.
    return f"{100 * share:g}\N{NO-BREAK SPACE}%" if share else ""


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
