"""Scores of answers against the truth: the numbers in ``metrics.json``, reports and tables."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from sklearn import metrics

from rnnzoo.decoding.ctc import best_symbols
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, gaussian_quantiles, learned_quantiles
from rnnzoo.decoding.probabilities import sigmoid
from rnnzoo.decoding.spans import marks_spans
from rnnzoo.decoding.viterbi import best_path
from rnnzoo.errors import ArgumentError, one_line
from rnnzoo.evaluation.edit_distance import edit_distance
from rnnzoo.evaluation.forecast_scores import Forecasts, pinball_losses, score_forecasts
from rnnzoo.evaluation.spans import span_f1
from rnnzoo.keras_names import resolve
from rnnzoo.tasks import Task, get_task

Scores = dict[str, float]

_erf = np.vectorize(math.erf, otypes=[float])


class ScoreFacts(TypedDict, total=False):
    """What is known of outputs and targets, for the scores that ask for it.

    Attributes:
        labels: For tagging, the names of the tags by number; for transcription the symbols, of which a space cuts
            transcripts into words.
        lengths: For tagging, the valid steps of each row; where steps between them have no tag, those of each stretch
            that has: no span reaches over a gap.
        quantiles: The levels of forecasts of a distribution; ``None`` for 0.1, 0.5 and 0.9.
        scale: For forecasts of values, the deviation of each target in the training part.
        naive_errors: For forecasts, the mean absolute difference from one season to the next in the training rows of
            each row's series ``(rows, targets)``.
        weights: How much each row counts ``(rows,)``, each step of a forecast ``(rows, horizon)``, or each valid step
            of a tagger ``(steps,)``: all scores are as if a row of weight 2 were there twice. A function of your own
            gets them if it has ``weights`` as an argument; without, all rows but those of weight 0 count alike.
    """

    labels: Sequence[str] | None
    lengths: np.ndarray | None
    quantiles: Sequence[float] | None
    scale: np.ndarray | None
    weights: np.ndarray | None
    naive_errors: np.ndarray | None


def score(task: str | Task, outputs: np.ndarray, targets: np.ndarray, **facts: Unpack[ScoreFacts]) -> Scores:
    """Scores outputs by the customs of a task.

    Args:
        task: A task, or a name in the task table.
        outputs: Logits or values; for tagging those of all valid steps, ``(steps, classes)``, or potentials ``(steps,
            classes, classes)``, row after row; for regression and forecasting in original units.
        targets: Class numbers, indicators or values of the same rows; for transcription symbols, padded with 0.
        **facts: What else is known: see ``ScoreFacts``.

    Returns:
        ``accuracy`` and ``macro_f1`` for classes (``auroc`` too for two; ``span_f1`` and ``strict_span_f1`` too for
        tags that mark spans, such as ``B-city`` and ``I-city``, if ``labels`` and ``lengths`` are given: spans as
        ``conlleval`` finds them, and only those that begin at a ``B-``), ``micro_f1`` and ``macro_f1`` for labels,
        ``mae``, ``rmse`` (and ``r2`` for regression) for values, for forecasts with a ``scale`` also ``scaled_mse`` and
        ``scaled_mae``, which treat all targets alike; for all forecasts ``smape``, in percent, and
        with ``naive_errors`` ``mase`` (see ``rnnzoo.evaluation.forecast_scores``); ``perplexity`` and
        ``bits_per_token`` for language models and translations, whose outputs are the negative log-likelihoods of the
        tokens here; ``cer`` (edits per symbol of the truth), ``exact_match`` and, if there are spaces between words,
        ``wer`` (edits per word) for transcripts. For distributions ``mae`` and ``rmse`` of the median, ``pinball``
        (mean over the quantiles), ``weighted_quantile_loss`` (twice the pinball loss over the mean absolute value),
        ``coverage`` (share of the truth from the lowest to the highest quantile) and ``interval_width``; of a Gaussian
        also ``crps`` and ``nll``.

    Example:
        >>> score("regression", np.array([[1.0], [3.0]]), np.array([[1.0], [2.0]]))["mae"]
        0.5
    """
    task = task if isinstance(task, Task) else get_task(task)
    function = resolve(task.scores)
    known: dict[str, Any] = dict.fromkeys(ScoreFacts.__annotations__) | dict(facts)
    weights, naive_errors = known["weights"], known["naive_errors"]
    if weights is not None and weights.ndim == 1 and not weights.all():
        kept = weights > 0
        outputs, targets, known["weights"] = outputs[kept], targets[kept], weights[kept]
        known["naive_errors"] = None if naive_errors is None else naive_errors[kept]
    arguments = inspect.signature(function).parameters
    taken = {name: value for name, value in known.items() if name in arguments}
    try:
        inspect.signature(function).bind(outputs, targets, **taken)
    except TypeError as error:
        raise ArgumentError(
            f"scores: received {function.__name__}({', '.join(arguments)}) for task {task.name!r}; expected a function "
            f"of outputs, targets and any of {', '.join(known)} ({one_line(error)})."
        ) from error
    return _numbers(task, function(outputs, targets, **taken))


def _numbers(task: Task, found: object) -> Scores:
    """Returns scores as finite numbers."""
    if not isinstance(found, Mapping):
        raise ArgumentError(
            f"scores: received {type(found).__name__} of the function of task {task.name!r}; expected a mapping from "
            "names to numbers."
        )
    numbers = {}
    for name, value in found.items():
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"scores: received {value!r} for {name!r} of task {task.name!r}; expected a number."
            ) from error
        if not math.isfinite(numbers[str(name)]):
            raise ArgumentError(
                f"scores: received {value} for {name!r} of task {task.name!r}; expected a finite number. Leave a score "
                "out of the mapping where it is undefined."
            )
    return numbers


def class_scores(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    """Scores of logits ``(rows, classes)`` against class numbers."""
    return _scores_of_classes(targets, outputs.argmax(axis=-1), weights)


def tag_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str] | None,
    lengths: np.ndarray | None,
    weights: np.ndarray | None = None,
) -> Scores:
    """Scores of the logits of all valid steps, row after row."""
    return _scores_of_tags(outputs.argmax(axis=-1), targets, labels, lengths, weights)


def path_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str] | None,
    lengths: np.ndarray | None,
    weights: np.ndarray | None = None,
) -> Scores:
    """Scores of the potentials of all valid steps, row after row, or of a 1 for each tag of the best path."""
    found = best_path(outputs) if outputs.ndim == 3 else outputs.argmax(axis=-1)
    return _scores_of_tags(found, targets, labels, lengths, weights)


def binary_scores(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    """Scores of the logits ``(rows, 1)`` of the second of two classes."""
    truth = targets.reshape(-1).astype(int)
    scores = _scores_of_classes(truth, (outputs[:, 0] > 0).astype(int), weights)
    if len(np.unique(truth)) == 2:
        scores["auroc"] = metrics.roc_auc_score(truth, outputs[:, 0], sample_weight=weights)
    return scores


def _scores_of_tags(
    found: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str] | None,
    lengths: np.ndarray | None,
    weights: np.ndarray | None,
) -> Scores:
    scores = _scores_of_classes(targets, found, weights)
    if lengths is not None and labels is not None and marks_spans(labels):
        scores["span_f1"] = span_f1(labels, targets, found, lengths, weights)
        scores["strict_span_f1"] = span_f1(labels, targets, found, lengths, weights, strict=True)
    return scores


def label_scores(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    """Scores of a logit for each label ``(rows, labels)``."""
    predicted = sigmoid(outputs) > 0.5
    f1 = partial(metrics.f1_score, targets, predicted, sample_weight=weights, zero_division=0)
    return {
        "micro_f1": f1(average="micro"),
        "macro_f1": f1(average="macro"),
        "exact_match": metrics.accuracy_score(targets, predicted, sample_weight=weights),
    }


def regression_scores(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    """Scores of values ``(rows, targets)``."""
    scores = _errors(outputs, targets, weights)
    if len(targets) > 1:
        scores["r2"] = metrics.r2_score(targets, outputs, sample_weight=weights)
    return scores


def _errors(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> Scores:
    difference = np.asarray(outputs, np.float64) - targets
    return {
        "mae": _mean(np.abs(difference), weights),
        "rmse": math.sqrt(_mean(difference**2, weights)),
    }


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    """Returns the mean of values ``(rows, ...)``, each of which counts as much as its row, or step, weighs."""
    if weights is None:
        return float(values.mean())
    whole = weights.reshape(*weights.shape, *[1] * (values.ndim - weights.ndim))
    return float(np.average(values, weights=np.broadcast_to(whole, values.shape)))


def token_scores(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    """Scores of the negative log-likelihood of each token."""
    mean = float(np.mean(outputs))
    return {"perplexity": float(np.exp(mean)), "bits_per_token": mean / float(np.log(2))}


def transcript_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str] | None,
    weights: np.ndarray | None = None,
) -> Scores:
    """Scores of the logits ``(rows, frames, symbols)`` of transcripts."""
    pairs = [
        (best_symbols(row), [int(symbol) for symbol in truth if symbol])
        for row, truth in zip(outputs, targets, strict=True)
    ]
    same = np.array([a == b for a, b in pairs], np.float64)
    scores = {"cer": _error_rate(pairs, weights), "exact_match": _mean(same, weights)}
    space = list(labels).index(" ") if labels is not None and " " in labels else None
    if space is not None:
        scores["wer"] = _error_rate([(_words(a, space), _words(b, space)) for a, b in pairs], weights)
    return scores


def _error_rate(pairs: Sequence[tuple[Sequence[Any], Sequence[Any]]], weights: np.ndarray | None) -> float:
    """Returns edits over symbols of the truth, of all rows together."""
    counted = np.ones(len(pairs)) if weights is None else weights
    edits = counted @ np.array([edit_distance(found, truth) for found, truth in pairs])
    symbols = counted @ np.array([len(truth) for _, truth in pairs])
    # Truth without a symbol has no rate: edits stand for themselves.
    return float(edits / (symbols or 1.0))


def _words(symbols: Sequence[int], space: int) -> list[tuple[int, ...]]:
    groups = itertools.groupby(symbols, key=lambda symbol: symbol == space)
    return [tuple(group) for is_space, group in groups if not is_space]


def forecast_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    scale: np.ndarray | None,
    weights: np.ndarray | None = None,
    naive_errors: np.ndarray | None = None,
) -> Scores:
    """Scores of values ``(rows, horizon, targets)``."""
    scores = score_forecasts(Forecasts(targets, outputs, naive_errors, weights=weights))
    if scale is not None:
        errors = (np.asarray(outputs, np.float64) - targets) / scale
        scores |= {"scaled_mse": _mean(errors**2, weights), "scaled_mae": _mean(np.abs(errors), weights)}
    return scores


def quantile_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    quantiles: Sequence[float] | None,
    weights: np.ndarray | None = None,
    naive_errors: np.ndarray | None = None,
) -> Scores:
    """Scores of quantiles ``(rows, horizon, targets, quantiles)``."""
    known = _Known(quantiles or DEFAULT_QUANTILES, weights, naive_errors)
    return _scores_of_quantiles(learned_quantiles(outputs, known.levels), targets, known)


def gaussian_scores(
    outputs: np.ndarray,
    targets: np.ndarray,
    quantiles: Sequence[float] | None,
    weights: np.ndarray | None = None,
    naive_errors: np.ndarray | None = None,
) -> Scores:
    """Scores of means and scales ``(rows, horizon, targets, 2)``."""
    known = _Known(quantiles or DEFAULT_QUANTILES, weights, naive_errors)
    scores = _scores_of_quantiles(gaussian_quantiles(outputs, known.levels), targets, known)
    mean, scale = np.moveaxis(np.asarray(outputs, np.float64), -1, 0)
    z = (targets - mean) / scale
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    # Gneiting & Raftery 2007, Strictly Proper Scoring Rules, Prediction, and Estimation: the closed form.
    crps = scale * (z * _erf(z / np.sqrt(2.0)) + 2.0 * density - 1.0 / np.sqrt(np.pi))
    nll = np.log(scale) + 0.5 * z**2 + 0.5 * np.log(2.0 * np.pi)
    return {**scores, "crps": _mean(crps, weights), "nll": _mean(nll, weights)}


class _Known(NamedTuple):
    """What is known of forecasts of a distribution beside outputs and targets."""

    levels: Sequence[float]
    weights: np.ndarray | None
    naive_errors: np.ndarray | None


def _scores_of_quantiles(every: np.ndarray, targets: np.ndarray, known: _Known) -> Scores:
    levels, truth = np.asarray(known.levels, np.float64), np.asarray(targets, np.float64)
    error, weights = truth[..., None] - every, known.weights
    pinball = _mean(pinball_losses(error, levels), weights)
    size = _mean(np.abs(truth), weights)
    inside = (truth >= every[..., 0]) & (truth <= every[..., -1])
    return {
        **score_forecasts(
            Forecasts(truth, every[..., list(known.levels).index(0.5)], known.naive_errors, weights=weights)
        ),
        "pinball": pinball,
        # Undefined where nothing but zeros came.
        **({"weighted_quantile_loss": 2.0 * pinball / size} if size else {}),
        "coverage": _mean(inside, weights),
        "interval_width": _mean(every[..., -1] - every[..., 0], weights),
    }


def _scores_of_classes(truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None) -> Scores:
    return {
        "accuracy": metrics.accuracy_score(truth, predicted, sample_weight=weights),
        "macro_f1": metrics.f1_score(
            truth, predicted, average="macro", zero_division=0, sample_weight=weights
        ),
    }
