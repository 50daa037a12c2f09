"""The end of a search: which trial is the best, and its model as a run and as a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from rnnzoo.errors import RnnzooError
from rnnzoo.files import read_json, remove_abandoned, remove_abandoned_directories, write_json
from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_tuning.best_model import BestModel
from rnnzoo_tuning.confirmation import Candidates, Confirmed
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.search_directory import BEST, BUNDLE, CONFIRMATION, CONFIRMING, MEASURED
from rnnzoo_tuning.search_settings import SearchSettings, plain_arguments
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace
from rnnzoo_tuning.trial_records import EndedTrial
from rnnzoo_tuning.trial_runs import BEST_TRIALS, TrialRunner


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is done once all trials have ended.

    Attributes:
        hypermodel: What was tuned.
        settings: What the search is.
        trials: The trials.
        table: Their rows.
        place: Where the studies are.
        root: The directory of the search.
        details: JSON-able facts to keep with the best run.
        refit: Where the weights of the best model come from: see ``run_search``.
        baseline_seconds: Seconds for the baselines beside it.
        progress: Whether to show progress.
    """

    hypermodel: SequenceHyperModel
    settings: SearchSettings
    trials: SearchStudy
    table: TrialTable
    place: StudyPlace
    root: Path
    details: Mapping[str, Any]
    refit: str
    baseline_seconds: float
    progress: bool

    def choose(self, confirm: int) -> tuple[EndedTrial, list[dict[str, Any]]]:
        """Returns the best trial; where several are confirmed, that of the best mean, and the rows of all of them.

        Args:
            confirm: How many of the best trials are trained with several seeds.

        Raises:
            RunError: If no trial ended well.
        """
        best = self.table.best_trial()  # says what went wrong where none ended well
        if not confirm:
            return best, []
        ended = self.trials.ended()
        found = self._confirm(
            Candidates(self.hypermodel, self.trials.best(ended)[:confirm], self.settings.config.seed)
        )
        rows = [candidate.row() for candidate in found]
        write_json(self.root / CONFIRMATION, {"objective": self.settings.objective.name, "candidates": rows})
        return _winner(found, ended, best), rows

    def _confirm(self, candidates: Candidates) -> list[Confirmed]:
        """Trains the best trials and the defaults with several seeds."""
        objective = self.settings.objective
        study = SearchStudy(
            self.place.address, objective, algorithm="grid", name=f"{self.place.name} {candidates.name}"
        )
        table = TrialTable(objective, enabled=self.progress, word="confirming")
        table.start(study.ended(), planned=candidates.count)
        runner = TrialRunner(trained=candidates, study=study, directory=self.root / CONFIRMING)
        runner.run(candidates.count, on_end=lambda: table.update(study.ended()))
        shutil.rmtree(self.root / CONFIRMING, ignore_errors=True)
        return candidates.confirmed(study.ended(), objective)

    def write(self, best: EndedTrial, *, bundle: bool) -> tuple[TrainResult, dict[str, float]]:
        """Writes the run of the best model and its bundle; what is written already is read back.

        Args:
            best: Its trial.
            bundle: Whether a bundle is wanted.

        Returns:
            The run, and what was measured of the bundle.
        """
        arguments, config = self.hypermodel.choose(best.parameters())
        settings, table = self.settings, self.table
        search = {"trials": len(table.counted), "objective": table.objective}
        search |= {"algorithm": settings.algorithm, "pruner": settings.pruner, "refit": self.refit}
        search |= settings.goals.to_dict()
        wanted = BestModel(
            model=self.hypermodel.build(best.parameters()),
            splits=self.hypermodel.splits,
            config=config,
            origin=best.origin,
            best_epoch=best.best_epoch,
            details={**self.details, "model_arguments": plain_arguments(arguments), "search": search},
            refit=self.refit,
            baseline_seconds=self.baseline_seconds,
            progress=self.progress,
        )
        if not wanted.is_written(self.root / BEST):
            (self.root / MEASURED).unlink(missing_ok=True)  # the bundle is that of another run
        run = wanted.write(self.root, self.root / BEST)
        measured = self._export(run) if bundle else {}
        shutil.rmtree(self.root / BEST_TRIALS, ignore_errors=True)
        return run, measured

    def _export(self, run: TrainResult) -> dict[str, float]:
        """Writes the bundle and measures its files, if they are not there; what cannot be exported says why."""
        bundle, measured, goals = self.root / BUNDLE, self.root / MEASURED, self.settings.goals
        remove_abandoned_directories(bundle)  # one worker at a time is here
        remove_abandoned(measured, older_than=0)
        if measured.is_file():
            known: dict[str, float] = read_json(measured, "the measures of a bundle")
            return known
        # The exporter takes seconds to load.
        from rnnzoo_tuning.artefact import measure_bundle, save_bundle_of

        splits = self.hypermodel.splits
        try:
            save_bundle_of(RunDirectory(self.root / BEST), bundle, run.model, splits, goals)
            found = measure_bundle(bundle, run.model, splits, goals) if goals.wanted else {}
        except RnnzooError as error:
            self._tell(f"no bundle: {error}")
            return {}
        if beyond := goals.beyond(found):
            for name, value in beyond.items():
                self._tell(
                    f"{name}: the bundle needs at least {value:.3g}; the limit is {goals.limits[name]:g}, which its "
                    "model kept before it was trained. Resume the search on an idle machine, which measures again."
                )
        else:
            write_json(measured, found)
        return found

    def _tell(self, line: str) -> None:
        if self.progress:
            Console(stderr=True, soft_wrap=True).print(line, markup=False)


def _winner(confirmed: Sequence[Confirmed], ended: Sequence[EndedTrial], best: EndedTrial) -> EndedTrial:
    """Returns the trial whose candidate did best with several seeds; ``best`` where none ended well."""
    trials = {trial.origin: trial for trial in ended}
    found = [trials[one.origin] for one in confirmed if one.origin is not None and one.scores]
    return found[0] if found else best
