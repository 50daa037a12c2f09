"""Baselines of tasks whose answer is a text: language, translation, transcription."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from rnnzoo.data.readers.running_text import EVALUATED_SEQUENCES, RunningTextSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Fit
from rnnzoo.evaluation.baselines.ngrams import KneserNey


def language(splits: Splits, part: Split) -> dict[str, Fit]:
    """How often each token occurs, and after which ones (outputs are negative log-likelihoods)."""
    order = 3 if splits.get_preprocessing().writes == "words" else 7
    return {
        "frequency of each token": lambda budget: _counted(splits, part, 1),
        f"sequences of {order} tokens (Kneser-Ney)": lambda budget: _counted(splits, part, order),
    }


def _counted(splits: Splits, part: Split, order: int) -> np.ndarray:
    assert isinstance(splits.train, RunningTextSplit), "texts are running text"
    assert isinstance(part, RunningTextSplit), "texts are running text"
    rows = part.sequences(EVALUATED_SEQUENCES)
    scored = rows * ((len(part.ids) - 1) // rows)
    size = splits.get_preprocessing().vocabulary_size or 0
    counts = KneserNey(splits.train.ids, vocabulary_size=size, order=order)
    return -counts.log_probabilities(part.ids)[:scored]


def translation(splits: Splits, part: Split) -> dict[str, Fit]:
    """The target language alone: which tokens are frequent, and which follow the one before."""
    counted = functools.cache(lambda: _count_targets(splits, part))
    return {
        "frequency of each token": lambda budget: counted()[0],
        "pairs of tokens": lambda budget: counted()[1],
    }


def _count_targets(splits: Splits, part: Split) -> tuple[np.ndarray, np.ndarray]:
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
    return -np.log(frequent), -np.log(after)


def _target_tokens(split: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for inputs, targets, weights in split.batches(256):
        assert weights is not None, "tokens come with weights"
        yield inputs["decoder_tokens"][weights > 0], targets[weights > 0]


def transcription(splits: Splits, part: Split) -> dict[str, Fit]:
    """The most frequent transcript."""
    return {"most frequent transcript": lambda budget: _usual_transcript(splits, part)}


def _usual_transcript(splits: Splits, part: Split) -> np.ndarray:
    transcripts = Counter(
        tuple(symbol for symbol in row.tolist() if symbol)
        for _, targets, _ in splits.train.batches(256)
        for row in targets
    )
    usual = transcripts.most_common(1)[0][0]
    # A path of the transcript with a blank behind each symbol.
    logits = np.zeros((len(part), 1 + 2 * len(usual), len(splits.get_decoding().labels or ())))
    logits[:, ::2, 0] = 1
    for place, symbol in enumerate(usual):
        logits[:, 1 + 2 * place, symbol] = 1
    return logits
