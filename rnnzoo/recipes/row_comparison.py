"""The models of a recipe beside its best baseline, row by row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.compatibility import choose_task
from rnnzoo.evaluation.evaluation import Evaluation, evaluate_part, score_outputs
from rnnzoo.evaluation.paired import (
    PairedDifference,
    bootstrap_difference,
    mean_difference,
    paired_difference,
)
from rnnzoo.evaluation.row_scores import row_groups, row_scores
from rnnzoo.recipes.fitted_baseline import answer_again
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.tasks import Task
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.run.run_files import scored_part


def compare_runs(
    recipe: Recipe, runs: Sequence[RunDirectory], baseline: str, load: Callable[[int], Splits]
) -> PairedDifference | None:
    """Compares the runs of a recipe with a baseline on the same test rows.

    Args:
        recipe: The recipe.
        runs: Its runs, in the order of their seeds.
        baseline: The name of the baseline, which is fitted again.
        load: Reads the data of a run by its number.

    Returns:
        By how much the runs are better in the mean, negative where they are worse; ``None`` where rows of model and
        baseline do not belong together, as in a text that is read in one go.
    """
    if recipe.folds is None:
        return _compare(recipe, runs, baseline, load(0))
    folds = [_compare(recipe, [run], baseline, load(number)) for number, run in enumerate(runs)]
    known = [fold for fold in folds if fold is not None]
    return mean_difference(known) if len(known) == len(folds) else None


def _compare(
    recipe: Recipe, runs: Sequence[RunDirectory], baseline: str, splits: Splits
) -> PairedDifference | None:
    from rnnzoo.keras_models.loading import load_model

    models = [load_model(run.model) for run in runs]
    task, splits = choose_task(models[0], splits)
    part = getattr(splits, scored_part(splits))
    answers = None if task.targets == "tokens" else answer_again(baseline, splits, part)
    if answers is None:
        return None
    found = [evaluate_part(model, part, splits, task) for model in models]
    judge = Judge(recipe.metric, splits, task, part)
    difference = judge.compare(found, dataclasses.replace(found[0], outputs=answers))
    return difference if recipe.higher_is_better else dataclasses.replace(difference, mean=-difference.mean)


@dataclass(frozen=True)
class Judge:
    """One score of answers to the rows of one part.

    Attributes:
        metric: The name of the score.
        splits: The data, with the decoding for the task.
        task: The task.
        part: The part.
    """

    metric: str
    splits: Splits
    task: Task
    part: Split

    def score(self, evaluation: Evaluation) -> float:
        """Returns the score; NaN where it is undefined for these rows."""
        scores = score_outputs(
            evaluation.outputs,
            evaluation.targets,
            self.splits,
            self.task,
            lengths=evaluation.stretches,
            weights=evaluation.weights,
            naive_errors=evaluation.naive_errors,
        )
        return scores.get(self.metric, math.nan)

    def compare(self, models: Sequence[Evaluation], baseline: Evaluation) -> PairedDifference:
        """Returns the mean score of some models less that of a baseline on the same rows."""
        groups = row_groups(self.part, baseline.lengths)
        rows = [self._rows(one) for one in models]
        others = self._rows(baseline)
        known = [row for row in rows if row is not None]
        if others is not None and len(known) == len(rows):
            return paired_difference(np.mean(known, axis=0), others, groups=groups, weights=baseline.weights)

        def difference(numbers: np.ndarray) -> float:
            scores = [self.score(_drawn(one, numbers)) for one in models]
            return float(np.mean(scores)) - self.score(_drawn(baseline, numbers))

        return bootstrap_difference(difference, len(baseline.targets), groups=groups)

    def _rows(self, evaluation: Evaluation) -> np.ndarray | None:
        """Returns what each row adds to the score; ``None`` where their mean is not the score."""
        scale = self.splits.decoding.scale if self.splits.decoding is not None else None
        found = row_scores(self.metric, evaluation.outputs, evaluation.targets, self.task, scale=scale)
        weights = evaluation.weights
        if found is None or (weights is not None and weights.shape != found.shape):
            return None
        mean = np.average(found, weights=weights)
        # A task of a user may call something else by this name.
        return found if np.isclose(mean, self.score(evaluation)) else None


def _drawn(evaluation: Evaluation, rows: np.ndarray) -> Evaluation:
    """Returns the answers to some rows, or to some steps of rows that are tagged."""
    names = ("outputs", "targets", "weights", "naive_errors")
    taken = {name: values[rows] for name in names if (values := getattr(evaluation, name)) is not None}
    if evaluation.stretches is None:
        return dataclasses.replace(evaluation, **taken)
    return dataclasses.replace(evaluation, **taken, stretches=_stretches(evaluation.stretches, rows))


def _stretches(lengths: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Returns how many of these steps follow each other in one stretch, of stretches of these lengths.

    Example:
        >>> _stretches(np.array([2, 1, 3]), np.array([0, 1, 2, 2, 3, 4, 5, 0, 1])).tolist()
        [2, 1, 1, 3, 2]
    """
    numbers = np.repeat(np.arange(len(lengths)), lengths)[steps]
    goes_on = (np.diff(steps) == 1) & (np.diff(numbers) == 0)
    starts = np.flatnonzero(np.concatenate([[True], ~goes_on]))
    return np.diff(np.append(starts, len(steps)))
