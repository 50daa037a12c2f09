"""The HTML page that a quickstart leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.evaluation.score_table import score_table
from rnnzoo.report import Section, write_report

if TYPE_CHECKING:
    from rnnzoo_export.bundle import Bundle


def write_quickstart_report(
    path: Path, result: Any, bundle: Bundle, answer: dict[str, Any], summary: dict[str, Any]
) -> None:
    """Writes the page: scores beside baselines, the search, the curves, the proof and the served answer."""
    scores = score_table(summary["model"], summary["test"], summary["baselines"])
    plots = result.best.directory / "plots"
    best = [row["score"] for row in result.trials].index(result.score)
    parity = [
        {
            "file": name,
            "largest difference": f"{report['max_difference']:.1e}",
            "where": str(report.get("where", "")),
        }
        for name, report in bundle.parity.items()
    ]
    write_report(
        path,
        title="rnnzoo quickstart: handwritten digits",
        lead=f"Searched, trained, exported, proved and served in {summary['seconds']:.0f} s.",
        sections=[
            Section("Scores on the test part", rows=scores, best=0),
            Section(
                "Search", rows=result.trials, best=best, images=[(result.directory / "search.png", "search")]
            ),
            Section(
                "The best model",
                images=[
                    (plots / "learning_curves.png", "learning curves"),
                    (plots / "confusion_matrix.png", "confusion matrix"),
                ],
            ),
            Section("Exported files against the Keras model", rows=parity),
            Section(
                "A served answer",
                text=f"One digit of the test part, a {answer['truth']}, was answered as {answer['label']} "
                f"with probability {answer['probability']:.3f}.",
                rows=[{"class": name, "probability": p} for name, p in answer["probabilities"].items()],
            ),
        ],
    )
