"""Training: one function from a model and its data to the best epoch, on disk if asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo.training.loop import compile_model, fit
from rnnzoo.training.problem import Problem, prepare
from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.run.saved_result import saved_result
from rnnzoo.training.watching.callbacks import check_callbacks

if TYPE_CHECKING:
    from rnnzoo.evaluation.evaluation import Evaluation


def train(
    model: keras.Model,
    splits: Splits,
    *,
    task: str | None = None,
    config: TrainConfig | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    baseline_seconds: float = BASELINE_SECONDS,
    details: Mapping[str, Any] | None = None,
) -> TrainResult:
    """Trains a model and keeps the weights of its best epoch.

    Any Keras model will do whose one output is logits (values for regression and forecasting). It is compiled
    here. Given the same weights, data, config and machine, two runs see the same batches and the same noise.

    Args:
        model: The model; it is trained in place.
        splits: The data. Only the training part is learned from, only the validation part is watched.
        task: A name in the task table; ``None`` for that of the data and the model's output: ``"crf_tagging"`` for a
            tagger with ``crf``, and for forecasts of a distribution theirs.
        config: How to optimise; ``None`` for the defaults.
        directory: Where to keep the run: model, preprocessing, config, history, metrics, plots and report, and
            a checkpoint after every epoch. ``None`` keeps nothing.
        resume: Whether to go on from an unfinished run in ``directory``, as if it had never been stopped; of a finished
            one the result is returned, and baselines are fitted whose fitting was stopped.
        overwrite: Whether a run in ``directory`` may be replaced.
        callbacks: Further Keras callbacks; plain counters in their attributes survive a resume.
        progress: Whether to show progress on standard error.
        baseline_seconds: Seconds that fitting the baselines of ``directory`` may take together, once the run is
            written; one that would take more is left out, and named in ``metrics.json`` and report. 0 fits none.
        details: JSON-able facts to keep in ``config.json``, such as how the data were read.

    Returns:
        The result; ``result.model`` is ``model``.

    Raises:
        ArgumentError: If model, data, task and augmentation do not fit together, or a run is to be kept whose
            preprocessing could not be loaded again.
        RunError: If the loss is not finite from the first epoch on, or a run cannot be resumed.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.
        KeyboardInterrupt: If it is interrupted; in the middle of a baseline the run in ``directory`` is whole.

    Example:
        >>> from rnnzoo import create_model, load_dataset
        >>> splits = load_dataset("digits")
        >>> model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
        >>> result = train(model, splits, config=TrainConfig(epochs=1, batch_size=256), progress=False)
        >>> sorted(result.metrics)
        ['test', 'validation']
    """
    # Pictures and metrics need libraries that a search, which trains many times, can do without.
    from rnnzoo.evaluation.evaluation import evaluate_parts
    from rnnzoo.training.run.baseline_scores import NOT_WANTED, STOPPED
    from rnnzoo.training.run.run_files import write_run

    if callbacks != ():
        check_callbacks(callbacks)
    if baseline_seconds != BASELINE_SECONDS:
        checks.number("baseline_seconds", baseline_seconds, minimum=0)
    # What does not go together is refused before anything is written or deleted.
    problem = prepare(model, splits, task, config or TrainConfig())
    if directory is not None:
        problem.splits.check_storable()
    run = RunDirectory(directory) if directory is not None else None
    resuming = False
    if run is not None:
        description = problem.describe()
        if resume and run.finished:
            run.check_same(description)
            result = _finished(problem, run)
            _fit_baselines(problem, run, result, baseline_seconds, progress=progress)
            return result
        description["details"] = dict(details or {})
        resuming = run.prepare(config=description, resume=resume, overwrite=overwrite)
    fitted = fit(problem, run=run, resume=resuming, callbacks=callbacks, progress=progress)
    evaluation = evaluate_parts(problem)
    result = TrainResult(
        model=model,
        history=fitted.history,
        metrics={name: part.metrics for name, part in evaluation.items()},
        best_epoch=fitted.best_epoch,
        stop_reason=fitted.stop_reason,
        seconds=sum(row["seconds"] for row in fitted.history),
        directory=run.path if run else None,
        gradients=fitted.gradients,
    )
    if run is not None:
        left_out = STOPPED if baseline_seconds else NOT_WANTED
        write_run(run, result, problem, evaluation, left_out=left_out)
        run.checkpoint.unlink(missing_ok=True)
        _fit_baselines(problem, run, result, baseline_seconds, evaluation, progress=progress)
    return result


def _fit_baselines(
    problem: Problem,
    run: RunDirectory,
    result: TrainResult,
    seconds: float,
    evaluation: Mapping[str, Evaluation] | None = None,
    *,
    progress: bool,
) -> None:
    """Fits baselines whose fitting was not begun or was stopped."""
    from rnnzoo.evaluation.evaluation import evaluate_part
    from rnnzoo.training.run.baseline_scores import STOPPED, add_baselines

    if not seconds:
        return
    known = run.read_metrics()["baselines"]
    if STOPPED not in known.get("skipped", {}).values():
        return
    part, splits, task = known["part"], problem.splits, problem.task
    if evaluation is None:
        order = problem.validation_order
        evaluation = {
            part: evaluate_part(result.model, getattr(splits, part), splits, task, batch_size=order)
        }
    add_baselines(run, result, splits, task, evaluation[part], seconds=seconds, progress=progress)


def _finished(problem: Problem, run: RunDirectory) -> TrainResult:
    """Returns the result of a finished run; the model gets its weights."""
    compile_model(problem)
    problem.model.load_weights(run.model)
    return saved_result(problem.model, run)
