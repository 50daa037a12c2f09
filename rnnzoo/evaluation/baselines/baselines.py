"""The simplest sensible baselines of a recurrent network, on the identical rows.

A network that does not beat them is not worth serving; every run prints them beside its own scores.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.errors import one_line
from rnnzoo.evaluation.baselines.budget import Budget, BudgetExceededError, Fit
from rnnzoo.keras_names import resolve
from rnnzoo.tasks import get_task


@dataclass(frozen=True)
class Answered:
    """A baseline after its turn.

    Attributes:
        name: Its name.
        outputs: What it answered, such as a model does; ``None`` where it was left out.
        skipped: Why it was left out; ``None`` where it was not.
        seconds: Seconds it took.
    """

    name: str
    outputs: np.ndarray | None
    skipped: str | None
    seconds: float


def run_baselines(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    """Fits the baselines of a task on the training part and lets them answer ``part``.

    Every linear model has the strength of regularization that does best on the validation part.
    Classes and labels: the majority class and logistic regression on TF-IDF of words and word pairs (texts), on all
    bases or k-mers (DNA), on all values (series of one length) or on mean, deviation, extremes, first and last value of
    each feature; for texts also linear support vector machines, on the same and on two to five characters in a row,
    whose outputs are distances, not logarithms of probabilities. Numbers: the mean, and ridge regression on the same.
    Tags: the most frequent tag of each word; for series the most frequent tag, and logistic regression on each step
    alone. Forecasts: persistence, seasonal naive (where the data name a season), NLinear (a linear map of each series'
    own lags), ridge regression on all values of the window and gradient-boosted trees; as distributions, each of these
    with the quantiles, or the mean and deviation, of its own errors on the training part at each step ahead. Language:
    how often each token occurs, and after which ones: 2 words or 6 characters (outputs are negative log-likelihoods).
    Translations: the same of the target alone, after 1 token. Transcripts: the most frequent one. Sound is seen as its
    log-mel energies.

    Args:
        splits: The data.
        part: The part to answer, one of ``splits``.

    Returns:
        Outputs by the name of the baseline, such as a model gives: logits, or values in original units. Empty for
        ready ``tf.data``, whose raw rows are unknown.
    """
    return {name: fit(Budget()) for name, fit in _plan(splits, part).items()}


def list_baselines(splits: Splits, part: Split) -> list[str]:
    """Returns the names of the baselines of a task, in the order in which they are fitted."""
    return list(_plan(splits, part))


def answer_each(
    splits: Splits,
    part: Split,
    *,
    seconds: float = math.inf,
    names: Collection[str] | None = None,
    started: Callable[[str], None] = lambda name: None,
) -> Iterator[Answered]:
    """Fits the baselines of ``run_baselines`` one after the other, those that take longest last.

    Args:
        splits: The data.
        part: The part to answer, one of ``splits``.
        seconds: Seconds for all of them together. One that would take more is left out, never answered in part.
        names: Those that are wanted; ``None`` for all.
        started: Called with the name of each before it is fitted.

    Yields:
        Each one, answered or with the reason why it was left out.
    """
    budget = Budget(seconds)
    for name, fit in _plan(splits, part).items():
        if names is None or name in names:
            started(name)
            yield _answer(name, fit, budget)


def _answer(name: str, fit: Fit, budget: Budget) -> Answered:
    start = time.perf_counter()
    outputs, skipped = None, None
    try:
        budget.check()
        outputs = fit(budget)
    except BudgetExceededError as error:
        skipped = str(error)
    except (ValueError, MemoryError, np.linalg.LinAlgError) as error:
        # Such as rows that are all of one class. The model's own result does not hang on it.
        skipped = f"it cannot be fitted to these rows: {one_line(error) or type(error).__name__}"
    return Answered(name, outputs, skipped, time.perf_counter() - start)


def _plan(splits: Splits, part: Split) -> dict[str, Fit]:
    baselines = get_task(splits.task).baselines
    if baselines is None or splits.train.raw is None or part.raw is None:
        return {}
    return dict(resolve(baselines)(splits, part))
