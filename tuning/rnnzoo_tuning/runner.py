"""A search from a name in the zoo, or what builds the models, to the best one, trained and saved."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.result import TrainResult
from rnnzoo_export.measure_config import MEASURES, MeasureConfig
from rnnzoo_tuning.algorithms import ALGORITHM, MAX_TRIALS, chosen
from rnnzoo_tuning.best_model import check_refit
from rnnzoo_tuning.ending import Ending
from rnnzoo_tuning.goals import Goals, make_goals
from rnnzoo_tuning.hypermodel import SequenceHyperModel, checked_config
from rnnzoo_tuning.report import TrialTable
from rnnzoo_tuning.result import SearchResult
from rnnzoo_tuning.search_directory import BUNDLE, check_free, finish, prepare, read_rows
from rnnzoo_tuning.search_files import SearchFiles
from rnnzoo_tuning.search_settings import SearchSettings
from rnnzoo_tuning.space import SearchSpace
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace, study_place, told_if_lost
from rnnzoo_tuning.trial_records import EndedTrial
from rnnzoo_tuning.trial_runs import TrialRunner, one_at_a_time


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
    objectives: str | Sequence[str] | None = None,
    constraints: Mapping[str, float] | None = None,
    measure: MeasureConfig | None = None,
    confirm: int = 0,
    refit: str = "checkpoint",
    bundle: bool = True,
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
        directory: Where to keep ``search.json`` (the settings), ``trials.json``, ``report.html``, the study of Optuna,
            the run ``best`` and its ``bundle``. Several processes may search in one directory.
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
        objectives: What trials are compared by: a score of training, such as ``"accuracy"``, or ``None`` for what
            ``config`` watches; or a tuple of a score and what of the exported file is to be small: ``"latency_ms"``
            (a call), ``"step_ms"`` (a step of the streaming file), ``"size_mb"`` or ``"parameters"``. The result then
            has the Pareto front, and the best model is that of the best score.
        constraints: What of the file may be at most so much, such as ``{"latency_ms": 2.0, "size_mb": 1.0}``. It is
            measured on the *untrained* export, once for each architecture. A point that breaks a limit is not trained
            and not counted; another one is drawn.
        measure: How files are measured; ``None`` for one row of the data's median steps, float32, one thread.
        confirm: How many of the best trials are trained again with three other seeds, and the model's defaults too; the
            best is that of the best mean.
        refit: Where the weights of the best model come from: ``"checkpoint"``, its trial's; or
            ``"train+validation"``: trained again on the rows of both parts for as many epochs as were best; its scores
            on the validation part are then those of rows that it learned.
        bundle: Whether the best model is also exported, to ``directory / "bundle"``.
        on_begin: Called once the search has begun, and other workers may join it.

    Returns:
        The result; ``result.best.model`` is trained.

    Raises:
        ArgumentError: If the model, the space or the config is wrong, or the preprocessing of the data is
            not registered.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.
        UnknownNameError: If a name is unknown.
        RunError: If no trial ends well, no point is within the constraints, the search in ``directory`` has other
            settings, or the storage cannot be used.
    """
    checks.integer("max_trials", max_trials, minimum=1)
    checks.integer("confirm", confirm, minimum=0)
    check_refit(refit, splits)
    root = Path(directory)
    place = study_place(root, storage, study)
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
        goals=make_goals(objectives, constraints, measure),
    )
    check_free(root, resume=resume, overwrite=overwrite)
    with told_if_lost(root, place):
        trials, finished = _begin(settings, place, root, max_trials, resume=resume, overwrite=overwrite)
        if not finished:
            on_begin()
        files = SearchFiles(root, settings.model, storage)
        choices = settings.space.choices
        table = TrialTable(settings.objective, enabled=progress, keep=files.write, choices=choices)
        table.start(trials.ended(), planned=max_trials)
        if not finished:
            runner = TrialRunner(trained=hypermodel, study=trials, directory=root, keep=max(confirm, 1))
            _run_trials(runner, hypermodel, settings, table, max_trials, resume=resume)
        ending = Ending(
            hypermodel=hypermodel,
            settings=settings,
            trials=trials,
            table=table,
            place=place,
            root=root,
            details=details or {},
            refit=refit,
            baseline_seconds=baseline_seconds,
            progress=progress,
        )
        best, confirmed = ending.choose(confirm)
        with contextlib.nullcontext() if finished else one_at_a_time(_best_study(place, root, max_trials)):
            run, again = ending.write(best, bundle=bundle)
        if not finished:
            finish(root, settings.to_dict(), max_trials=max_trials)
        files.close(table)
        return _result(ending, best, run, measured_again=again, confirmed=confirmed)


def join_search(
    model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
    splits: Splits,
    *,
    directory: str | os.PathLike[str],
    max_trials: int = MAX_TRIALS,
    storage: str | None = None,
    study: str | None = None,
    confirm: int = 0,
    **settings: Any,
) -> None:
    """Runs trials of a search that another process has begun and will finish; the arguments are those of its call."""
    place = study_place(Path(directory), storage, study)
    goals = make_goals(*(settings.pop(name, None) for name in ("objectives", "constraints", "measure")))
    for name in ("refit", "bundle", "baseline_seconds"):  # for the end, which is not its
        settings.pop(name, None)
    hypermodel, found = _set_up(model, splits, place, goals=goals, **settings)
    trials = _open(place, found)
    runner = TrialRunner(trained=hypermodel, study=trials, directory=Path(directory), keep=max(confirm, 1))
    with told_if_lost(Path(directory), place):
        _refusing(runner, hypermodel, found).run(max_trials)


def _set_up(
    model: str | Callable[..., keras.Model] | keras_tuner.HyperModel,
    splits: Splits,
    place: StudyPlace,
    *,
    goals: Goals,
    algorithm: str = ALGORITHM,
    pruner: str | None = None,
    space: SearchSpace | None = None,
    arguments: Mapping[str, Any] | None = None,
    config: TrainConfig | None = None,
    seed: int = 0,
) -> tuple[SequenceHyperModel, SearchSettings]:
    """Returns what is tuned, and what the search is, both checked."""
    config = goals.applied(checked_config(config))
    hypermodel = SequenceHyperModel(model, splits, space=space, arguments=arguments, config=config)
    algorithm, pruner = chosen(algorithm, pruner)
    _check(splits, goals, pruner)
    checks.seed(seed)
    settings = SearchSettings(
        model=hypermodel.name,
        algorithm=algorithm,
        pruner=pruner,
        objective=_objective(hypermodel, goals),
        space=hypermodel.space,
        arguments=arguments or {},
        config=config,
        seed=seed,
        data=splits.description,
        goals=goals,
        study=place.name if place.shared else None,
    )
    return hypermodel, settings


def _objective(hypermodel: SequenceHyperModel, goals: Goals) -> Monitor:
    """Returns what trials are compared by; a name that is unknown is told of as it was given."""
    try:
        return hypermodel.monitor
    except UnknownNameError as error:
        if error.kind != "monitor" or goals.score is None:
            raise
        known = {name.removeprefix("val_") for name in error.known}
        raise UnknownNameError("objective", goals.score.removeprefix("val_"), {*known, *MEASURES}) from None


def _result(ending: Ending, best: EndedTrial, run: TrainResult, **others: Any) -> SearchResult:
    """Returns what is told of a search whose best model is written."""
    root = ending.root
    arguments, config = ending.hypermodel.choose(best.parameters())
    return SearchResult(
        arguments=arguments,
        config=config,
        objective=ending.table.objective,
        score=float(best.score or 0.0),
        best_trial=best.place or 0,
        trials=read_rows(root),
        best=run,
        directory=root,
        bundle=root / BUNDLE if (root / BUNDLE).is_dir() else None,
        measures=best.measures,
        front=ending.table.rows_of(ending.trials.front()),
        **others,
    )


def _check(splits: Splits, goals: Goals, pruner: str | None) -> None:
    """Refuses what does not go together before anything is written."""
    splits.check_storable()
    if goals.measures and pruner is not None:
        raise ArgumentError(
            f"pruner: received {pruner!r} with {1 + len(goals.measures)} objectives; expected None, for trials that "
            "are good at different things cannot be compared early. Leave it out, or make a constraint of "
            f"{goals.measures[0]}."
        )


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
        measures=settings.goals.measures,
        name=place.name,
    )


def _best_study(place: StudyPlace, root: Path, max_trials: int) -> SearchStudy:
    """Returns a study whose only trial is the training of the best model of so many trials."""
    return SearchStudy(place.address, Monitor("done", "max"), name=place.best(root, max_trials))


def _run_trials(
    runner: TrialRunner,
    hypermodel: SequenceHyperModel,
    settings: SearchSettings,
    table: TrialTable,
    max_trials: int,
    *,
    resume: bool,
) -> None:
    """Runs the trials that are missing."""
    study = runner.study
    if resume:
        study.retry_failed()

    def tell() -> None:
        """Tells of new trials, those of other workers too."""
        ended = study.ended()
        if table.is_new(ended):
            table.update(ended)

    _refusing(runner, hypermodel, settings).run(max_trials, on_end=tell)
    table.update(study.ended())


def _refusing(runner: TrialRunner, hypermodel: SequenceHyperModel, settings: SearchSettings) -> TrialRunner:
    """Returns a runner that trains no model outside the limits."""
    if not settings.goals.wanted:
        return runner
    from rnnzoo_tuning.artefact import ArtefactMeter  # the exporter takes seconds to load

    meter = ArtefactMeter(settings.goals, runner.study, hypermodel.splits)
    return dataclasses.replace(runner, refuse=meter.refuse)
