"""Cross-validation: a model is trained anew on every fold, and scored on the rows that were left out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from rnnzoo import checks
from rnnzoo.cross_validation.folder import CrossValidationFolder
from rnnzoo.cross_validation.result import CrossValidation, FoldScores, deciding_score
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.report import show
from rnnzoo.tasks import get_task
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo.training.trainer import train
from rnnzoo.zoo import create_model, get_spec

#: Makes a model for the data of a fold.
Build = Callable[[Splits], keras.Model]


def cross_validate(
    model: str | Build,
    data: Callable[..., Splits],
    *,
    folds: int = 5,
    config: TrainConfig | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    keep_runs: bool = False,
    baseline_seconds: float = BASELINE_SECONDS,
    progress: bool = True,
    details: Mapping[str, Any] | None = None,
) -> CrossValidation:
    """Trains and scores a model on every fold of the data, beside the baselines on the same rows.

    Each fold is the test part once. Vocabulary, statistics and baselines are fitted on the training rows of that fold
    alone, and weights begin anew from the seed, so that no fold's model depends on another's. Folds are alike in
    classes where rows have one; with ``groups`` no group is in two parts. Splitting is done by scikit-learn's
    ``KFold``, ``StratifiedKFold``, ``GroupKFold`` and ``StratifiedGroupKFold``.

    Series to be forecast cannot be cut into folds, for the past would be learned from the future: a backtest with a
    rolling origin is for them.

    Args:
        model: A model of the zoo; or a function that makes a model for the data of a fold, such as
            ``lambda splits: create_model("text-classifier-gru", units=(64,), **splits.model_arguments)``.
        data: Reads the data of a fold: it is called as ``data(fold=(i, n))``, and hands that on to
            ``Splits.from_arrays`` or a reader of rows: ``lambda fold: read_texts(file, ..., groups="patient",
            fold=fold)``.
        folds: How many there are.
        config: How to train; ``None`` for the defaults. All folds have the same seed.
        directory: Where to keep the results: ``results.csv``, ``results.json``, ``scores.png``, and ``fold-0.json`` and
            so on as each is done. ``None`` keeps nothing.
        resume: Whether to go on with what is in ``directory``: folds that are done are not run again, and training goes
            on from its last epoch.
        overwrite: Whether a cross-validation in ``directory`` may be replaced.
        keep_runs: Whether to keep the run of every fold, with its model and report, as ``fold-0`` and so on.
        baseline_seconds: Seconds that the baselines of a fold may take together; 0 fits none.
        progress: Whether to show progress on standard error.
        details: JSON-able facts to keep, such as how the data were read. ``"model"`` among them names the model.

    Returns:
        The scores of every fold, their means and deviations, and the verdict.

    Raises:
        ArgumentError: If ``data`` does not return the fold it was asked for, or the data are no rows.
        UnknownNameError: If there is no such model.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.
        RunError: If settings or data are not those of the cross-validation to go on with.

    Example:
        >>> texts, labels = [f"{word} {n}" for word in ("good", "bad") for n in range(30)], ["y"] * 30 + ["n"] * 30
        >>> result = cross_validate(
        ...     lambda splits: create_model("text-classifier-gru", units=(4,), **splits.model_arguments),
        ...     lambda fold: Splits.from_arrays(texts, labels, fold=fold),
        ...     folds=2, config=TrainConfig(epochs=1, tensorboard=False), baseline_seconds=0, progress=False,
        ... )
        >>> [fold.rows["test"] for fold in result.folds]
        [30, 30]

    Reference:
        Kohavi 1995, A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model Selection.
    """
    checks.integer("folds", folds, minimum=2)
    name = _name(model)
    if not callable(data):
        raise ArgumentError(
            f"data: received {type(data).__name__}; expected a function of a fold. Write lambda fold: "
            "Splits.from_arrays(rows, targets, fold=fold)."
        )
    config = config or TrainConfig()
    facts = dict(details or {})
    name = str(facts.get("model", name))
    settings = {"model": name, "folds": folds, "train_config": config.to_dict(), "details": facts}
    with tempfile.TemporaryDirectory() as temporary:
        folder = CrossValidationFolder(Path(temporary) / "folds" if directory is None else directory)
        folder.check(settings, resume=resume, overwrite=overwrite)
        worker = _Worker(model, data, folds, config, folder, baseline_seconds, progress, facts)
        worker.begin(settings, resume=resume)
        found = tuple(worker.run(fold, keep_run=keep_runs) for fold in range(folds))
        result = CrossValidation(name, found, None if directory is None else folder.path)
        folder.write_results(result)
    return result


class _Worker:
    """Runs one fold after the other, each as if it were the only one."""

    def __init__(
        self,
        model: str | Build,
        data: Callable[..., Splits],
        folds: int,
        config: TrainConfig,
        folder: CrossValidationFolder,
        baseline_seconds: float,
        progress: bool,
        details: Mapping[str, Any],
    ) -> None:
        self._model, self._data, self.folds, self._config = model, data, folds, config
        self._folder, self._seconds, self._progress = folder, baseline_seconds, progress
        self._details = details
        self._read: dict[int, Splits] = {}

    def begin(self, settings: Mapping[str, Any], *, resume: bool) -> None:
        """Reads a fold before anything is written; of one that is done, the data must be what they were."""
        done = [fold for fold in range(self.folds) if resume and self._folder.read_fold(fold) is not None]
        first = done[0] if done else 0
        self._read[first] = self.read(first)
        if done:
            self._folder.check_data(first, self._read[first].description)
        self._folder.begin(settings, resume=resume)

    def read(self, fold: int) -> Splits:
        """Reads the data of a fold, and checks that they are."""
        if fold in self._read:
            return self._read.pop(fold)
        splits = self._data(fold=(fold, self.folds))
        if not isinstance(splits, Splits):
            raise ArgumentError(
                f"data: returned {type(splits).__name__} for a fold; expected Splits. Return what a reader returns."
            )
        refuse_other_data(splits.task)
        if splits.test is None or splits.description.get("fold") != [fold, self.folds]:
            raise ArgumentError(
                f"data: returned rows that are no fold, for fold={(fold, self.folds)}; expected that fold. Hand fold "
                "on to the reader: lambda fold: Splits.from_arrays(rows, targets, fold=fold)."
            )
        return splits

    def run(self, fold: int, *, keep_run: bool) -> FoldScores:
        """Returns the scores of a fold, which is run unless it is done."""
        kept = self._folder.read_fold(fold)
        if kept is not None:
            self._say(fold, "done before", kept)
            self._folder.tidy(fold, keep_run=keep_run)
            return kept
        splits = self.read(fold)
        rows = ", ".join(f"{count} {part}" for part, count in splits.description["rows"].items())
        self._say(fold, f"{rows} rows")
        scores = self._train(fold, splits)
        self._folder.write_fold(scores, splits.description, keep_run=keep_run)
        self._say(fold, "done", scores)
        return scores

    def _train(self, fold: int, splits: Splits) -> FoldScores:
        run = self._folder.run(fold)
        keras.utils.set_random_seed(self._config.seed)
        model = build(self._model, splits)
        train(
            model,
            splits,
            config=self._config,
            directory=run.path,
            resume=True,
            progress=self._progress,
            baseline_seconds=self._seconds,
            details={**self._details, "fold": [fold, self.folds]},
        )
        metrics = run.read_metrics()
        return FoldScores(
            fold=fold,
            rows=dict(splits.description["rows"]),
            scores=metrics["test"],
            baselines=metrics["baselines"]["scores"],
            left_out=metrics["baselines"].get("skipped", {}),
            best_epoch=metrics["best_epoch"],
            epochs=metrics["epochs"],
            seconds=metrics["seconds"],
        )

    def _say(self, fold: int, what: str, scores: FoldScores | None = None) -> None:
        if not self._progress:
            return
        name = None if scores is None else deciding_score(scores.scores)
        score = (
            f", {name.replace('_', ' ')} {show(scores.scores[name])}" if scores is not None and name else ""
        )
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        console.print(f"fold {fold + 1} of {self.folds}: {what}{score}")


def build(model: str | Build, splits: Splits) -> keras.Model:
    """Makes the model of a fold."""
    if isinstance(model, str):
        return create_model(model, **splits.model_arguments)
    made = model(splits)
    if not isinstance(made, keras.Model):
        raise ArgumentError(
            f"model: returned {type(made).__name__} for the data of a fold; expected a keras.Model. Return one."
        )
    return made


def refuse_other_data(task: str) -> None:
    """Raises ``ArgumentError`` for a task whose data are no rows that can be cut into folds."""
    known = get_task(task)
    if known.forecasts:
        raise ArgumentError(
            f"data: received those of task {task!r}, which follow each other in time; expected rows. A model of the "
            "future would be scored on the past: use a backtest with a rolling origin for them."
        )
    if known.data == "running text":
        raise ArgumentError(
            f"data: received those of task {task!r}, which are one long text; expected rows. Evaluate it on a text of "
            "its own: running_text_splits(text, test=...)."
        )


def _name(model: str | Build) -> str:
    if isinstance(model, str):
        refuse_other_data(get_spec(model).task)
        return model
    if isinstance(model, keras.Model) or not callable(model):
        raise ArgumentError(
            f"model: received {type(model).__name__}; expected the name of a model, or a function that makes one for "
            "each fold: a trained model knows all rows. Write lambda splits: create_model(...)."
        )
    name = getattr(model, "__name__", "<lambda>")
    return "own model" if name == "<lambda>" else name
