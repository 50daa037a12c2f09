"""The simplest sensible rivals of a recurrent network, on the identical rows.

A network that does not beat them is not worth serving; every run prints them beside its own scores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from rnnzoo.data.split import Split, WindowSplit
from rnnzoo.data.splits import Splits
from rnnzoo.data.streams import EVALUATED_STREAMS, StreamSplit
from rnnzoo.preprocessing import DNAPreprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo.training.ngrams import KneserNey
from rnnzoo.training.ridge import BatchedRidge

#: Windows of more values than this need too large a matrix, and are answered from every k-th training window.
_MAX_LAGS = 8192
#: How many numbers such windows may have in all.
_MAX_NUMBERS = 60_000_000
#: Inverse strengths of regularization to choose from.
_STRENGTHS = (0.01, 0.1, 1.0, 10.0)


def run_baselines(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    """Fits the baselines of a task on the training part and lets them answer ``part``.

    Classes: the majority class, and logistic regression, regularized as does best on validation, on TF-IDF of words and
    word pairs (texts), on all bases or k-mers (DNA), on all values (series of one length) or on mean, deviation,
    extremes, first and last value of each feature. Numbers: the mean, and ridge regression on the same. Tags: the most
    frequent tag of each word; for series
    the most frequent tag, and logistic regression on each step alone. Forecasts: persistence, seasonal naive (where
    the data name a season) and ridge regression on all values of the window; as distributions, each of these with the
    quantiles, or the mean and deviation, of its own errors on the training part at each step ahead. Language: how often
    each token occurs, and after which ones: 2 words or 6 characters (outputs are negative log-likelihoods).
    Translations: the same of the target alone, after 1 token. Transcripts: the most frequent one. Sound is seen as its
    log-mel energies.

    Args:
        splits: The data.
        part: The part to answer, one of ``splits``.

    Returns:
        Outputs by the name of the baseline, such as a model gives: logits, or values in original units. Empty for
        ready ``tf.data``, whose raw rows are unknown.
    """
    if splits.train.raw is None or part.raw is None:
        return {}
    return _BASELINES[splits.task](splits, part)


def _classes(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    targets = _targets(splits.train)
    shape = (len(part), len(splits.decoding.labels or ()))
    majority = np.zeros(shape)
    majority[:, np.bincount(targets).argmax()] = 1
    name, (train_x, held_out_x, part_x) = design(splits, part)
    model = _logistic(train_x, targets, held_out_x, _targets(splits.validation))
    logits = np.full(shape, -np.inf)
    logits[:, model.classes_] = model.predict_log_proba(part_x)
    return {"majority class": majority, f"logistic regression on {name}": logits}


def _binary(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    targets, held_out = (
        _targets(split).reshape(-1).astype(int) for split in (splits.train, splits.validation)
    )
    name, (train_x, held_out_x, part_x) = design(splits, part)
    model = _logistic(train_x, targets, held_out_x, held_out)
    return {
        "majority class": np.full((len(part), 1), targets.mean() - 0.5),
        f"logistic regression on {name}": model.decision_function(part_x)[:, None],
    }


def _logistic(x: Any, targets: np.ndarray, held_out_x: Any, held_out: np.ndarray) -> LogisticRegression:
    """Fits with the strength of regularization that does best on the validation part."""
    models = [LogisticRegression(C=strength, max_iter=2000).fit(x, targets) for strength in _STRENGTHS]
    return max(models, key=lambda model: _likelihood(model, held_out_x, held_out))


def _likelihood(model: LogisticRegression, x: Any, targets: np.ndarray) -> float:
    # A rare class may be in no training row of a fold.
    known = np.isin(targets, model.classes_)
    columns = np.searchsorted(model.classes_, targets[known])
    return float(model.predict_log_proba(x)[np.flatnonzero(known), columns].sum())


def _labels(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    targets = _targets(splits.train).astype(int)
    name, (train_x, _, part_x) = design(splits, part)
    model = OneVsRestClassifier(LogisticRegression(C=10.0, max_iter=2000)).fit(train_x, targets)
    logits = np.asarray(model.decision_function(part_x)).reshape(len(part), targets.shape[1])
    return {f"logistic regression on {name}": logits}


def _regression(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    restore = splits.decoding.in_original_units
    targets = _targets(splits.train)
    name, (train_x, _, part_x) = design(splits, part)
    ridge = np.asarray(Ridge(alpha=1.0).fit(train_x, targets).predict(part_x)).reshape(len(part), -1)
    mean = np.repeat(targets.mean(axis=0, keepdims=True), len(part), axis=0)
    return {"mean": restore(mean), f"ridge regression on {name}": restore(ridge)}


def _tagging(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    if "tokens" not in splits.train.gather([0])[0]:
        return _tagging_of_series(splits, part)
    by_word: dict[int, Counter[int]] = defaultdict(Counter)
    overall: Counter[int] = Counter()
    for word, tag in _steps(splits.train):
        by_word[word][tag] += 1
        overall[tag] += 1
    usual = overall.most_common(1)[0][0]
    words = [word for word, _ in _steps(part)]
    logits = np.zeros((len(words), len(splits.decoding.labels or ())))
    for row, word in enumerate(words):
        logits[row, by_word[word].most_common(1)[0][0] if word in by_word else usual] = 1
    return {"most frequent tag of each word": logits}


def _tagging_of_series(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    train_x, tags = _valid_steps(splits.train)
    part_x, _ = _valid_steps(part)
    shape = (len(part_x), len(splits.decoding.labels or ()))
    usual, logits = np.zeros(shape), np.full(shape, -np.inf)
    usual[:, np.bincount(tags).argmax()] = 1
    model = LogisticRegression(max_iter=2000).fit(train_x, tags)
    logits[:, model.classes_] = model.predict_log_proba(part_x)
    return {"most frequent tag": usual, "logistic regression on each step": logits}


def _valid_steps(split: Split) -> tuple[np.ndarray, np.ndarray]:
    features, found = [], []
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = next(iter(inputs.values()))[weights > 0]
        features.append(valid.reshape(len(valid), -1))
        found.append(tags[weights > 0])
    return np.concatenate(features), np.concatenate(found)


def _language(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    assert isinstance(splits.train, StreamSplit), "texts come as streams"
    assert isinstance(part, StreamSplit), "texts come as streams"
    size = len(splits.preprocessing.vocabulary)
    rows = part.streams(EVALUATED_STREAMS)
    scored = rows * ((len(part.ids) - 1) // rows)
    order = 3 if splits.preprocessing.kind == "tokens" else 7
    return {
        name: -KneserNey(splits.train.ids, vocabulary_size=size, order=longest).log_probabilities(part.ids)[
            :scored
        ]
        for name, longest in (
            ("frequency of each token", 1),
            (f"sequences of {order} tokens (Kneser-Ney)", order),
        )
    }


def _steps(split: Split) -> Iterator[tuple[int, int]]:
    for inputs, tags, weights in split.batches(256):
        assert weights is not None, "tags come with weights"
        valid = weights > 0
        yield from zip(inputs["tokens"][valid].tolist(), tags[valid].tolist(), strict=True)


def _forecasting(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    assert isinstance(part, WindowSplit), "forecasts come from windows"
    history, future = part.raw_targets()
    horizon = future.shape[1]
    result = {"persistence": np.repeat(history[:, -1:], horizon, axis=1)}
    season = splits.description.get("seasonality")
    if season and season <= history.shape[1]:
        steps = history.shape[1] - season + np.arange(horizon) % season
        result["seasonal naive"] = history[:, steps]
    name, ridge = _ridge(splits, part, future.shape)
    return {**result, name: ridge}


def _distributions(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    """Point forecasts with what their errors on the training part were."""
    assert isinstance(splits.train, WindowSplit), "forecasts come from windows"
    truth = splits.train.raw_targets()[1]
    points, past = _forecasting(splits, part), _forecasting(splits, splits.train)
    result = {}
    for name, forecast in points.items():
        errors = truth - past[name]
        if splits.task == "gaussian_forecasting":
            # A series that never moved has no errors; a Gaussian needs some scale all the same.
            spread = np.maximum(errors.std(axis=0), 1e-9)
            around = np.stack([errors.mean(axis=0), spread], axis=-1)
            point = np.stack([forecast, np.zeros_like(forecast)], axis=-1)
        else:
            around = np.moveaxis(np.quantile(errors, splits.decoding.quantiles, axis=0), 0, -1)
            point = forecast[..., None]
        result[f"{name} and its past errors"] = point + around
    return result


def _translation(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    """The target language alone: which tokens are frequent, and which follow the one before."""
    size = splits.model_arguments["target_vocabulary_size"]
    pairs: Counter[tuple[int, int]] = Counter()
    for before, tokens in _target_tokens(splits.train):
        pairs.update(zip(before.tolist(), tokens.tolist(), strict=True))
    alone = np.ones(size)
    follows: dict[int, dict[int, int]] = defaultdict(dict)
    for (last, token), count in pairs.items():
        alone[token] += count
        follows[last][token] = count
    alone /= alone.sum()
    frequent, after = [], []
    for before, tokens in _target_tokens(part):
        for last, token in zip(before.tolist(), tokens.tolist(), strict=True):
            found = follows.get(last, {})
            # Absolute discounting: half an occurrence of each pair that was seen goes to all tokens.
            total = max(sum(found.values()), 1)
            share = alone[token] * (0.5 * len(found) / total if found else 1.0)
            frequent.append(alone[token])
            after.append(share + max(found.get(token, 0) - 0.5, 0) / total)
    return {"frequency of each token": -np.log(frequent), "pairs of tokens": -np.log(after)}


def _target_tokens(split: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for inputs, targets, weights in split.batches(256):
        assert weights is not None, "tokens come with weights"
        yield inputs["decoder_tokens"][weights > 0], targets[weights > 0]


def _ridge(splits: Splits, part: Split, shape: tuple[int, ...]) -> tuple[str, np.ndarray]:
    name, train = "ridge regression on the same lags", splits.train
    width = train.gather(np.arange(1))[0]["features"].size
    if width <= _MAX_LAGS:
        model = BatchedRidge().fit((_rows_of(x["features"]), _rows_of(y)) for x, y, _ in train.batches(4096))
    else:
        stride = -(-len(train) * width // _MAX_NUMBERS)
        inputs, targets, _ = train.gather(np.arange(0, len(train), stride))
        model = Ridge().fit(_rows_of(inputs["features"]).astype(np.float64), _rows_of(targets))
        name += f" of one window in {stride}" if stride > 1 else ""
    predicted = [model.predict(_rows_of(inputs["features"])) for inputs, _, _ in part.batches(4096)]
    return name, splits.decoding.in_original_units(np.concatenate(predicted).reshape(shape))


def _rows_of(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def design(splits: Splits, part: Split) -> tuple[str, tuple[Any, Any, Any]]:
    """Returns the name of a fixed-size view of rows, and that view of the training part, validation and ``part``."""
    parts = (splits.train, splits.validation, part)
    if splits.preprocessing.kind in ("text", "tokens"):
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(_texts(splits.train))
        return "TF-IDF", _each(vectorizer.transform, (_texts(split) for split in parts))
    if splits.preprocessing.kind == "irregular":
        return "summary statistics", _scaled([_observed_summary(split) for split in parts])
    if splits.preprocessing.kind == "dna":
        return _design_of_dna(parts)
    rows = [_rows(split, splits) for split in parts]
    fixed = len({len(row) for part_rows in rows for row in part_rows}) == 1
    name = "all values" if fixed else "summary statistics"
    return name, _scaled([(_flat if fixed else _summary)(part_rows) for part_rows in rows])


def _design_of_dna(parts: tuple[Split, ...]) -> tuple[str, tuple[Any, Any, Any]]:
    encoded = [DNAPreprocessing(variable_length=True).encode(_texts(split)) for split in parts]
    if len({len(row) for rows in encoded for row in rows}) == 1:
        return "all bases", _each(_flat, encoded)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 5)).fit(_texts(parts[0]))
    return "k-mers", _each(vectorizer.transform, (_texts(split) for split in parts))


def _scaled(views: list[np.ndarray]) -> tuple[Any, Any, Any]:
    return _each(StandardScaler().fit(views[0]).transform, views)


def _each(view: Callable[[Any], Any], parts: Iterable[Any]) -> tuple[Any, Any, Any]:
    train, validation, part = (view(one) for one in parts)
    return train, validation, part


def _rows(split: Split, splits: Splits) -> Rows:
    if splits.preprocessing.kind != "log_mel":
        return () if split.raw is None else split.raw
    return [
        row[valid]
        for inputs, _, _ in split.batches(256)
        for row, valid in zip(inputs["features"], inputs["mask"], strict=True)
    ]


def _texts(split: Split) -> list[str]:
    rows = () if split.raw is None else split.raw
    return [row if isinstance(row, str) else " ".join(row) for row in rows]


def _flat(rows: Rows) -> np.ndarray:
    return np.stack([np.asarray(row, np.float64).reshape(-1) for row in rows])


def _summary(raw: Rows) -> np.ndarray:
    arrays = [np.asarray(row, np.float64) for row in raw]
    width = max(int(np.prod(array.shape[1:])) for array in arrays if array.ndim > 1)
    rows = (array.reshape(len(array), width) for array in arrays)
    return np.stack(
        [
            np.concatenate([r.mean(0), r.std(0), r.min(0), r.max(0), r[0], r[-1]])
            if len(r)
            else np.zeros(6 * r.shape[1])
            for r in rows
        ]
    )


def _observed_summary(split: Split) -> np.ndarray:
    """Returns count, mean, extremes, first and last of the observed values of each feature, 0 where there is none."""
    views = []
    for inputs, _, _ in split.batches(256):
        x, seen, _ = np.split(inputs["features"].astype(np.float64), 3, axis=-1)
        seen = seen * inputs["mask"][..., None]
        count = seen.sum(axis=1)
        none = count == 0
        low = np.where(seen > 0, x, np.inf).min(axis=1)
        high = np.where(seen > 0, x, -np.inf).max(axis=1)
        mean = (x * seen).sum(axis=1) / np.maximum(count, 1)
        first_and_last = [_observed_at(x, seen), _observed_at(x[:, ::-1], seen[:, ::-1])]
        parts = [np.where(none, 0.0, part) for part in (mean, low, high, *first_and_last)]
        views.append(np.concatenate([np.log1p(count), *parts], axis=1))
    return np.concatenate(views)


def _observed_at(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Returns the first observed value of each feature, of ``(batch, time, features)``."""
    place = seen.argmax(axis=1)[:, None]
    return np.take_along_axis(x, place, axis=1)[:, 0]


def _targets(split: Split) -> np.ndarray:
    return split.gather(np.arange(len(split)))[1]


def _transcription(splits: Splits, part: Split) -> dict[str, np.ndarray]:
    transcripts = Counter(
        tuple(symbol for symbol in row.tolist() if symbol)
        for _, targets, _ in splits.train.batches(256)
        for row in targets
    )
    usual = transcripts.most_common(1)[0][0]
    # A path of the transcript with a blank behind each symbol.
    logits = np.zeros((len(part), 1 + 2 * len(usual), len(splits.decoding.labels or ())))
    logits[:, ::2, 0] = 1
    for place, symbol in enumerate(usual):
        logits[:, 1 + 2 * place, symbol] = 1
    return {"most frequent transcript": logits}


_BASELINES: dict[str, Callable[[Splits, Split], dict[str, np.ndarray]]] = {
    "classification": _classes,
    "binary_classification": _binary,
    "multilabel_classification": _labels,
    "regression": _regression,
    "tagging": _tagging,
    "forecasting": _forecasting,
    "language_modeling": _language,
    "translation": _translation,
    "transcription": _transcription,
    "quantile_forecasting": _distributions,
    "gaussian_forecasting": _distributions,
}
