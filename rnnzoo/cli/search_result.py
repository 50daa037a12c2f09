"""What `rnnzoo tune` prints of a search that came to its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnzoo.cli.output import print_json, print_table, shell_path, stdout
from rnnzoo.cli.train import print_export, print_run
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_tuning.search_directory import BEST

if TYPE_CHECKING:
    from rnnzoo_tuning.result import SearchResult


def show_result(result: SearchResult, out: Path, packages: Sequence[str], *, as_json: bool) -> None:
    """Prints all trials, the scores of the best one, and where everything is.

    Args:
        result: The result.
        out: The directory of the search.
        packages: What was imported for it.
        as_json: Whether as JSON.
    """
    metrics = RunDirectory(out / BEST).read_metrics()
    if not as_json:
        _print_trials(result)
        print_run(out / BEST, metrics)
        stdout.print(f"search {shell_path(out / 'report.html')}")
        if result.bundle is None:
            print_export(out / BEST, packages)
        else:
            stdout.print(f"bundle {shell_path(result.bundle)}")
        return
    print_json(
        {
            "directory": str(out),
            "trials": result.trials,
            "objective": result.objective,
            "best_trial": result.best_trial,
            "best": metrics,
            "bundle": None if result.bundle is None else str(result.bundle),
            "front": result.front,
            "confirmed": result.confirmed,
            "measured": {"before": result.measures, "bundle": result.measured_again},
        }
    )


def _print_trials(result: SearchResult) -> None:
    from rnnzoo_tuning.result import shown_confirmed, shown_measures

    trials = [row for row in result.trials if row["status"] != "refused"]
    print_table(trials, title="Trials", best=[row["trial"] for row in trials].index(result.best_trial))
    refused = len(result.trials) - len(trials)
    if refused:
        stdout.print(f"{refused} more points were refused by a limit, and not trained")
    confirmed = shown_confirmed(result.confirmed)
    for title, rows in (("Pareto front", result.front), ("The best with several seeds", confirmed)):
        if rows:
            stdout.print()
            print_table(rows, title=title)
    stdout.print()
    for name, value in shown_measures(result.measures, result.measured_again).items():
        stdout.print(f"{name} {value}")
