"""What a cross-validation leaves on disk, and where."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnzoo.cross_validation.picture import draw_scores
from rnnzoo.cross_validation.result import CrossValidation, FoldScores
from rnnzoo.errors import DataError, RunError
from rnnzoo.files import read_json, refuse_other_work, write_csv, write_json
from rnnzoo.training.run.differences import differences
from rnnzoo.training.run.plots import save_figure
from rnnzoo.training.run.run_directory import RunDirectory

FORMAT_VERSION = 1


class CrossValidationFolder:
    """A cross-validation on disk.

    ``settings.json`` says what it is. ``fold-0.json`` and so on are written when a fold is done, ``results.csv``,
    ``results.json`` and ``scores.png`` when all are. ``fold-0/`` and so on are runs of training, of which an unfinished
    one goes on; they are kept on request.

    Args:
        path: The directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.settings = self.path / "settings.json"
        self.results = self.path / "results.json"
        self.table = self.path / "results.csv"
        self.picture = self.path / "scores.png"

    def check(self, settings: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Checks that a cross-validation may be written here, or go on.

        Args:
            settings: What it is; a resumed one must be the same.
            resume: Whether to go on from one that is there.
            overwrite: Whether one that is there may be deleted.

        Raises:
            PathExistsError: If something is there and neither flag says what to do with it.
            RunError: If the one that is there has other settings.
        """
        self.check_free(resume=resume, overwrite=overwrite)
        if resume and self.settings.is_file():
            saved = read_json(self.settings, "the settings of a cross-validation")
            self._refuse_other(differences(saved, {"format_version": FORMAT_VERSION, **settings}))

    def begin(self, settings: Mapping[str, Any], *, resume: bool) -> None:
        """Makes the directory ready, once it was checked and the data could be read."""
        if resume and self.settings.is_file():
            return
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True)
        write_json(self.settings, {"format_version": FORMAT_VERSION, **settings})

    def check_free(self, *, resume: bool, overwrite: bool) -> None:
        """Checks that a cross-validation may be written here; see ``check``."""
        state = "a cross-validation (resume goes on with it)"
        refuse_other_work(
            self.path,
            "cross-validation",
            state=state if self.settings.is_file() else None,
            resume=resume,
            overwrite=overwrite,
        )

    def run(self, fold: int) -> RunDirectory:
        """Returns where the model of a fold is trained."""
        return RunDirectory(self.path / f"fold-{fold}")

    def read_fold(self, fold: int) -> FoldScores | None:
        """Returns the scores of a fold that is done; ``None`` if it is not.

        Raises:
            DataError: If its file is damaged.
        """
        path = self._file(fold)
        if not path.is_file():
            return None
        kept = read_json(path, "the scores of a fold")
        try:
            return FoldScores(**kept["scores"])
        except (TypeError, KeyError) as error:
            raise DataError(
                f"{path}: cannot be read ({error!r}); expected the scores of a fold. Delete it, and resume."
            ) from error

    def check_data(self, fold: int, description: Mapping[str, Any]) -> None:
        """Raises ``RunError`` where the data of a fold that is done have changed."""
        kept = read_json(self._file(fold), "the scores of a fold")
        self._refuse_other(differences(kept, {"data": description}))

    def write_fold(self, scores: FoldScores, description: Mapping[str, Any], *, keep_run: bool) -> None:
        """Writes the scores of a fold that is done, and deletes its run unless it is kept."""
        write_json(self._file(scores.fold), {"scores": dataclasses.asdict(scores), "data": dict(description)})
        self.tidy(scores.fold, keep_run=keep_run)

    def tidy(self, fold: int, *, keep_run: bool) -> None:
        """Deletes the run of a fold that is done, unless it is kept."""
        run = self.run(fold).path
        if not keep_run and run.is_dir():
            shutil.rmtree(run)

    def write_results(self, result: CrossValidation) -> None:
        """Writes the results of all folds: table, JSON and picture."""
        write_csv(self.table, result.rows())
        write_json(self.results, result.to_dict())
        save_figure(draw_scores(result), self.picture)

    def _file(self, fold: int) -> Path:
        return self.path / f"fold-{fold}.json"

    def _refuse_other(self, found: str) -> None:
        if found:
            raise RunError(
                f"{self.path}: cannot resume: {found}. Resume with the settings and data it was started with, or "
                "overwrite it."
            )
