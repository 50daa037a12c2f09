"""A search from a name in the zoo, or what builds the models, to the best one, trained and saved."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.files import write_json
from rnnzoo.summary import Summary, Table
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.differences import differences
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.trainer import train
from rnnzoo_tuning.algorithms import ALGORITHM, MAX_TRIALS, chosen
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.report import SearchFiles, TrialTable
from rnnzoo_tuning.search_directory import BEST, check_free, finish, prepare, read_rows
from rnnzoo_tuning.search_settings import SearchSettings, plain_arguments
from rnnzoo_tuning.space import SearchSpace
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace, study_place
from rnnzoo_tuning.trial_runs import one_at_a_time, run_trials


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        arguments: The builder's arguments of the best trial.
        config: The training config of the best trial.
        objective: What was compared, such as ``"val_accuracy"``.
        score: The best trial's value of it.
        trials: One dictionary per trial: number, status, score, seconds and hyperparameters.
        best: The best trial trained again and saved as a run in ``directory / "best"``.
        directory: Where everything is.
    """

    arguments: dict[str, Any]
    config: TrainConfig
    objective: str
    score: float
    trials: list[dict[str, Any]]
    best: TrainResult
    directory: Path

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        """What the result shows of itself: the best trial and all others, with why some failed."""
        failed = sum(row["score"] is None for row in self.trials)
        changed = {
            name: value
            for name, value in self.config.to_dict().items()
            if value != TrainConfig().to_dict()[name]
        }
        number = next((n for n, row in enumerate(self.trials) if row["score"] == self.score), None)
        facts = {
            self.objective: self.score,
            "trials": f"{len(self.trials)}" + (f", {failed} failed" if failed else ""),
            "arguments": ", ".join(f"{name}={value}" for name, value in self.arguments.items()),
            "training": ", ".join(f"{name}={value}" for name, value in changed.items()),
            "best run": self.best.directory,
        }
        known = {name: value for name, value in facts.items() if value != ""}
        return Summary("Search", known, [Table("Trials", self.trials, number)])


def run_search(
    model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
    splits: Splits,
    *,
    algorithm: str = ALGORITHM,
    pruner: str | None = None,
    max_trials: int = MAX_TRIALS,
    directory: str | os.PathLike[str],
    storage: str | None = None,
    study: str | None = None,
    space: SearchSpace | None = None,
    arguments: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    baseline_seconds: float = BASELINE_SECONDS,
    details: Mapping[str, Any] | None = None,
    on_begin: Callable[[], None] = lambda: None,
) -> SearchResult:
    """Searches the arguments of a model and of its training, then trains and saves the best.

    Trials learn from the training part and are compared on the validation part; the test part is used once, by
    the best model at the end. One line per trial shows its number, score, the best so far and its values.

    Args:
        model: A name of the zoo; a function that returns a Keras model, such as ``build_mine(units, num_features,
            num_classes)``, which is called with those of ``splits.model_arguments`` that it takes and with what the
            space draws; or a ``keras_tuner.HyperModel`` whose ``build(hp)`` draws its own parameters. What such a
            ``build`` compiles is compiled anew here, and other methods, such as ``fit``, are not called: training,
            checkpoints and report are the same for all.
        splits: The data.
        algorithm: ``"tpe"`` (also called ``"bayesian"``), ``"random"``, ``"nsga2"`` or ``"grid"``; ``"hyperband"`` is
            ``"tpe"`` with that pruner.
        pruner: What ends trials early that are worse than others: ``"asha"``, ``"hyperband"``, ``"median"``, or
            ``None``: nothing.
        max_trials: Trials at most. May be raised on resume.
        directory: Where to keep ``search.json`` (the settings), ``trials.json``, the plot, the study of Optuna and the
            run ``best``. Several processes may search in one directory.
        storage: Where the trials are kept; ``None`` for ``study.db`` in the directory, for the workers of one machine.
            For those of several, a PostgreSQL database, ``"postgresql://user:password@host/database"``, which needs
            the extra ``postgresql``. The password is kept nowhere.
        study: The name of the search in that database; ``None`` for that of the directory.
        space: What may vary; ``None`` for ``default_space(name)`` of a model of the zoo, without what
            ``arguments`` give. For a function it must be given; beside a ``HyperModel`` it may have fields of the
            training.
        arguments: Builder arguments that are the same in all trials; none for a ``HyperModel``.
        config: Training fields that are the same in all trials; ``None`` for the defaults.
        seed: Seed of the algorithm.
        resume: Whether to go on with the search in ``directory``, which must have the same settings; finished trials
            are not run again, one that was stopped goes on after its last epoch, and failed ones are tried again. Of a
            search that came to its end the result is read back.
        overwrite: Whether a search in ``directory`` may be replaced.
        progress: Whether to show progress on standard error.
        baseline_seconds: Seconds for the baselines beside the best run, as in ``train``; 0 fits none. Trials have none.
        details: JSON-able facts to keep with the best run.
        on_begin: Called once the search has begun, and other workers may join it.

    Returns:
        The result; ``result.best.model`` is trained.

    Raises:
        ArgumentError: If the model, the space or the config is wrong, or the preprocessing of the data is
            not registered.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.
        RunError: If no trial ends well, the search in ``directory`` has other settings, or the storage cannot be used.
    """
    checks.integer("max_trials", max_trials, minimum=1)
    place = study_place(Path(directory), storage, study)
    check_free(Path(directory), resume=resume, overwrite=overwrite)
    hypermodel, settings = _set_up(
        model,
        splits,
        place,
        algorithm=algorithm,
        pruner=pruner,
        space=space,
        arguments=arguments,
        config=config,
        seed=seed,
    )
    root = Path(directory)
    searching, finished = _begin(settings, place, root, max_trials, resume=resume, overwrite=overwrite)
    if not finished:
        on_begin()
    files = SearchFiles(root, settings.model)
    table = TrialTable(settings.objective, enabled=progress, keep=files.write)
    _run_trials(hypermodel, searching, table, root, max_trials=max_trials, resume=resume, finished=finished)
    best = table.best_trial()  # says what went wrong where none ended well
    if not finished:
        files.draw(table)
    found = hypermodel.choose(best.parameters())
    search = {"trials": len(table.rows), "objective": table.objective}
    search |= {"algorithm": settings.algorithm, "pruner": settings.pruner}
    facts = {**(details or {}), "model_arguments": plain_arguments(found[0]), "search": search}
    # Of several processes one trains it, and the others read it back.
    with contextlib.nullcontext() if finished else one_at_a_time(_best_study(place, root, max_trials)):
        result = _train_best(
            hypermodel.build(best.parameters()),
            splits,
            config=found[1],
            directory=root / BEST,
            progress=progress,
            baseline_seconds=baseline_seconds,
            details=facts,
        )
    if not finished:
        finish(root, settings.to_dict(), max_trials=max_trials)
    return SearchResult(*found, table.objective, float(best.score or 0.0), read_rows(root), result, root)


def join_search(
    model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
    splits: Splits,
    *,
    directory: str | os.PathLike[str],
    max_trials: int = MAX_TRIALS,
    storage: str | None = None,
    study: str | None = None,
    **settings: Any,
) -> None:
    """Runs trials of a search that another process has begun and will finish; the arguments are those of its call."""
    root = Path(directory)
    place = study_place(root, storage, study)
    hypermodel, found = _set_up(model, splits, place, **settings)
    run_trials(hypermodel, _open(place, found), root, max_trials=max_trials, on_end=lambda: None)


def _set_up(
    model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
    splits: Splits,
    place: StudyPlace,
    *,
    algorithm: str = ALGORITHM,
    pruner: str | None = None,
    space: SearchSpace | None = None,
    arguments: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    seed: int = 0,
) -> tuple[SequenceHyperModel, SearchSettings]:
    """Checks what a search is."""
    config = config or TrainConfig()
    hypermodel = SequenceHyperModel(model, splits, space=space, arguments=arguments, config=config)
    algorithm, pruner = chosen(algorithm, pruner)
    checks.seed(seed)
    splits.check_storable()
    settings = SearchSettings(
        model=hypermodel.name,
        algorithm=algorithm,
        pruner=pruner,
        objective=hypermodel.monitor,
        space=hypermodel.space,
        arguments=arguments or {},
        config=config,
        seed=seed,
        data=splits.description,
        study=place.name if place.shared else None,
    )
    return hypermodel, settings


def _begin(
    settings: SearchSettings, place: StudyPlace, root: Path, max_trials: int, *, resume: bool, overwrite: bool
) -> tuple[SearchStudy, bool]:
    """Makes directory and storage ready; returns the study, and whether the search came to its end already."""
    kept = settings.to_dict()

    def join() -> None:
        if place.shared:
            place.prepare(resume=resume, overwrite=overwrite)
            _open(place, settings).agree(kept)

    finished = prepare(root, kept, max_trials=max_trials, resume=resume, overwrite=overwrite, join=join)
    return _open(place, settings), finished


def _open(place: StudyPlace, settings: SearchSettings) -> SearchStudy:
    return SearchStudy(
        place.address,
        settings.objective,
        algorithm=settings.algorithm,
        pruner=settings.pruner,
        epochs=settings.config.epochs,
        seed=settings.seed,
        name=place.name,
    )


def _best_study(place: StudyPlace, root: Path, max_trials: int) -> SearchStudy:
    """Returns a study whose only trial is the training of the best model of so many trials."""
    return SearchStudy(place.address, Monitor("done", "max"), name=place.best(root, max_trials))


def _run_trials(
    hypermodel: SequenceHyperModel,
    study: SearchStudy,
    table: TrialTable,
    root: Path,
    *,
    max_trials: int,
    resume: bool,
    finished: bool,
) -> None:
    """Fills the table with the trials of a search; those that are missing are run."""
    table.start(study.ended(), planned=max_trials)
    if finished:
        return
    if resume:
        study.retry_failed()

    def tell() -> None:
        """Tells of new trials, those of other workers too."""
        ended = study.ended()
        if table.is_new(ended):
            table.update(ended)

    run_trials(hypermodel, study, root, max_trials=max_trials, on_end=tell)
    table.update(study.ended())


def _train_best(
    model: keras.Model,
    splits: Splits,
    *,
    config: TrainConfig,
    directory: Path,
    progress: bool,
    baseline_seconds: float,
    details: dict[str, Any],
) -> TrainResult:
    """Trains the best model, or goes on with that; one that is trained already is read back."""
    run = RunDirectory(directory)
    same = run.config.is_file() and _is_of(run, config, splits, details["model_arguments"])
    if same and run.finished:
        write_json(run.config, {**run.read_config(), "details": details})  # there may be more trials
    return train(
        model,
        splits,
        config=config,
        directory=directory,
        resume=same,
        overwrite=not same,
        progress=progress,
        baseline_seconds=baseline_seconds,
        details=details,
    )


def _is_of(run: RunDirectory, config: TrainConfig, splits: Splits, arguments: dict[str, Any]) -> bool:
    saved = run.read_config()
    kept = {**saved, "model_arguments": saved["details"].get("model_arguments")}
    wanted = {"train_config": config.to_dict(), "data": splits.description, "model_arguments": arguments}
    return not differences(kept, wanted)
