"""The files that tell of a search: ``trials.json``, ``search.png`` and ``report.html``."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

from rnnzoo.errors import one_line
from rnnzoo.files import remove_abandoned, write_json
from rnnzoo.training.run.plots import save_figure
from rnnzoo_tuning.html_report import write_page
from rnnzoo_tuning.kept_search import KeptSearch, open_search
from rnnzoo_tuning.report import TrialTable, search_figure
from rnnzoo_tuning.search_directory import PICTURE, REPORT, SETTINGS, TRIALS

#: What share of a search its pictures, and its reports, may take before the end.
_PICTURE_SHARE, _REPORT_SHARE = 0.005, 0.01
#: Seconds that they take, as long as nobody knows.
_PICTURE_SECONDS, _REPORT_SECONDS = 0.3, 2.0
#: Seconds that no file takes to be written: what is older was left by a worker that was killed.
_ABANDONED_SECONDS = 60


class SearchFiles:
    """The files of a search that runs: the trials after each, pictures and report where that costs little.

    Args:
        directory: The directory of the search.
        name: The model.
        storage: The database that its trials are in; ``None`` for a file in the directory.
    """

    def __init__(self, directory: Path, name: str, storage: str | None = None) -> None:
        self._directory, self._name, self._storage = directory, name, storage
        self._started = time.perf_counter()
        self._drawing = self._reporting = 0.0
        self._next_drawing, self._next_report = _PICTURE_SECONDS, _REPORT_SECONDS

    def write(self, table: TrialTable) -> None:
        """Writes the table, and picture and report where they cost little."""
        write_json(
            self._directory / TRIALS,
            {
                "model": self._name,
                "objective": table.objective,
                "direction": table.direction,
                "best": table.best_place,
                "trials": table.rows,
            },
        )
        passed = time.perf_counter() - self._started
        if self._drawing + self._next_drawing <= _PICTURE_SHARE * passed:
            self.draw(table)
        if self._reporting + self._next_report <= _REPORT_SHARE * passed:
            self.report()

    def draw(self, table: TrialTable) -> None:
        """Draws the picture, if any trial ended well."""
        if table.best_row is None:
            return
        began = time.perf_counter()
        save_figure(search_figure(table), self._directory / PICTURE)
        self._next_drawing = time.perf_counter() - began
        self._drawing += self._next_drawing

    def close(self, table: TrialTable) -> None:
        """Writes picture and report of a finished search, unless that was done, and deletes what killed workers left.

        Args:
            table: All its trials.
        """
        report, settings = (self._directory / name for name in (REPORT, SETTINGS))
        if not report.is_file() or report.stat().st_mtime_ns < settings.stat().st_mtime_ns:
            self.draw(table)
            self.report()
        for name in (SETTINGS, TRIALS, PICTURE, REPORT):  # others may write them now
            remove_abandoned(self._directory / name, older_than=_ABANDONED_SECONDS)

    def report(self) -> None:
        """Writes the report; what keeps it from being written is a warning, and ends no search."""
        began = time.perf_counter()
        try:
            search = open_search(self._directory, self._storage)
            write_page(search, trial_table(search))
        except Exception as error:  # noqa: BLE001 - a report is not worth a search
            path = self._directory / REPORT
            warnings.warn(
                f"{path}: not written ({type(error).__name__}: {one_line(error, 200)}); the search goes on. rnnzoo "
                f"tune --report {self._directory} writes it anew.",
                stacklevel=2,
            )
        self._next_report = time.perf_counter() - began
        self._reporting += self._next_report


def trial_table(search: KeptSearch) -> TrialTable:
    """Returns the trials of a search as a table that prints nothing."""
    table = TrialTable(search.monitor, enabled=False, choices=search.space.choices)
    table.start((trial for trial, _ in search.trials), planned=search.max_trials)
    return table


def write_report(root: Path, storage: str | None = None) -> Path:
    """Writes ``trials.json``, ``search.png`` and ``report.html`` anew, from the settings and the study of a search.

    Args:
        root: The directory of a search that runs, was stopped or is finished.
        storage: The database that its trials are in; ``None`` for a file in the directory.

    Returns:
        The report.

    Raises:
        PathNotFoundError: If there is no search, or none of whose trials has begun.
        RunError: If the study cannot be opened.
        DataError: If the settings are damaged, or those of another release.
    """
    search = open_search(root, storage)
    table = trial_table(search)
    files = SearchFiles(root, search.settings["model"])
    files.write(table)
    files.draw(table)
    return write_page(search, table)
