"""Logits of connectionist temporal classification to symbols: best path, prefix beam search, probability.

A path has one symbol a frame; it stands for the symbols that are left when repetitions are merged and blanks (symbol
0) dropped. The probability of symbols is the sum over all their paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from rnnzoo import checks

#: Says how likely a symbol is after others: their numbers and its own to a logarithm, which is added.
LanguageModel = Callable[[tuple[int, ...], int], float]

# exp(-700) is the smallest that a float64 can be added up from: what is less likely cannot show.
_NEGLIGIBLE = -700.0


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Returns logarithms of probabilities over the last axis.

    Example:
        >>> np.exp(log_softmax(np.array([0.0, 0.0]))).tolist()
        [0.5, 0.5]
    """
    logits = np.asarray(logits, np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def collapse(path: np.ndarray | Sequence[int]) -> list[int]:
    """Merges repetitions in a path and drops its blanks.

    Example:
        >>> collapse([1, 1, 0, 1, 2, 2])
        [1, 1, 2]
    """
    path = np.asarray(path, int)
    kept = (path != 0) & np.concatenate([[True], path[1:] != path[:-1]])[: len(path)]
    return [int(symbol) for symbol in path[kept]]


def frames_needed(symbols: np.ndarray | Sequence[int]) -> int:
    """Returns the frames that symbols need at least: one each, and a blank between equal ones.

    Example:
        >>> frames_needed([5, 3, 3])
        4
    """
    symbols = np.asarray(symbols, int)
    return len(symbols) + int((symbols[1:] == symbols[:-1]).sum())


def best_symbols(logits: np.ndarray) -> list[int]:
    """Takes the most likely symbol of each frame: fast, and nearly always the most probable transcript.

    Args:
        logits: ``(frames, symbols)``.

    Example:
        >>> best_symbols(np.array([[0.0, 5.0], [5.0, 0.0], [0.0, 5.0]]))
        [1, 1]
    """
    return collapse(np.asarray(logits).argmax(axis=-1))


def log_probability(logits: np.ndarray, symbols: Sequence[int]) -> float:
    """Returns the logarithm of the probability of symbols, over all their paths.

    Args:
        logits: ``(frames, symbols)``.
        symbols: The symbols, without blanks.

    Example:
        >>> round(math.exp(log_probability(np.zeros((2, 3)), [1])) * 9, 6)
        3.0

    Reference:
        Graves 2006, Connectionist temporal classification, the forward variables.
    """
    shares = log_softmax(logits)
    if not len(shares):
        return -math.inf if len(symbols) else 0.0
    # Blanks around and between: what may be passed over on the way from one symbol to the next.
    states = np.zeros(2 * len(symbols) + 1, int)
    states[1::2] = symbols
    may_skip = np.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != 0) & (states[2:] != states[:-2])
    reached = np.full(len(states), -np.inf)
    reached[:2] = shares[0, states[:2]]  # a path begins with a blank or the first symbol
    for share in shares[1:]:
        step = np.concatenate([[-np.inf], reached[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], reached])[: len(states)], -np.inf)
        reached = np.logaddexp(np.logaddexp(reached, step), skip) + share[states]
    return float(np.logaddexp(reached[-1], reached[-2])) if len(states) > 1 else float(reached[-1])


def prefix_beam_search(
    logits: np.ndarray, *, beam_width: int = 16, language_model: LanguageModel | None = None
) -> list[tuple[list[int], float]]:
    """Looks for the most probable transcripts; exact where the beam is as wide as there are prefixes.

    Args:
        logits: ``(frames, symbols)``.
        beam_width: How many beginnings are kept after each frame.
        language_model: What to add to the logarithm whenever a symbol is put behind others, such as a weighted
            logarithm of its probability or a bonus for each symbol.

    Returns:
        Up to ``beam_width`` transcripts with the logarithms of their scores, best first. Without a language model
        a score is a probability, too small where paths fell out of the beam.

    Raises:
        ArgumentError: If ``beam_width`` is not positive.

    Example:
        >>> logits = np.log([[0.6, 0.4], [0.6, 0.4]])  # the best path is all blanks, with 0.36
        >>> [(symbols, round(math.exp(score), 2)) for symbols, score in prefix_beam_search(logits)]
        [([1], 0.64), ([], 0.36)]

    Reference:
        Graves & Jaitly 2014, Towards end-to-end speech recognition with recurrent neural networks; Hannun 2014,
        First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs,
        arXiv:1408.2873.
    """
    beam = PrefixBeam(beam_width=beam_width, language_model=language_model)
    beam.add(logits)
    return beam.ranked


class PrefixBeam:
    """The beginnings that are likeliest so far, while frames come: what ``prefix_beam_search`` keeps.

    Args:
        beam_width: How many are kept after each frame.
        language_model: As in ``prefix_beam_search``.

    Raises:
        ArgumentError: If ``beam_width`` is not positive.
    """

    def __init__(self, *, beam_width: int, language_model: LanguageModel | None = None) -> None:
        self._width = checks.integer("beam_width", beam_width, minimum=1)
        self._language_model = language_model
        # For each prefix the logarithms of ending in a blank and in its last symbol, and what the language model said.
        self._beam: dict[tuple[int, ...], tuple[float, float, float]] = {(): (0.0, -math.inf, 0.0)}

    def add(self, logits: np.ndarray) -> None:
        """Reads the logits ``(frames, symbols)`` of the next frames."""
        for frame in log_softmax(logits).tolist():
            likely = [(symbol, share) for symbol, share in enumerate(frame) if share > _NEGLIGIBLE]
            found: dict[tuple[int, ...], list[float]] = {}
            for prefix, ends in self._beam.items():
                _extend(found, self._beam, prefix, ends, likely, self._language_model)
            ranked = sorted(found.items(), key=lambda item: -(_add(item[1][0], item[1][1]) + item[1][2]))
            self._beam = {
                prefix: (one, other, bonus) for prefix, (one, other, bonus) in ranked[: self._width]
            }

    @property
    def ranked(self) -> list[tuple[list[int], float]]:
        """The beginnings with the logarithms of their scores, best first."""
        return [
            (list(prefix), _add(blank, end) + bonus) for prefix, (blank, end, bonus) in self._beam.items()
        ]


def _extend(
    found: dict[tuple[int, ...], list[float]],
    beam: dict[tuple[int, ...], tuple[float, float, float]],
    prefix: tuple[int, ...],
    ends: tuple[float, float, float],
    likely: list[tuple[int, float]],
    language_model: LanguageModel | None,
) -> None:
    """Adds what becomes of one prefix in one frame."""
    blank, symbol_end, bonus = ends
    total = _add(blank, symbol_end)
    for symbol, share in likely:
        if symbol == 0:
            entry = found.setdefault(prefix, [-math.inf, -math.inf, bonus])
            entry[0] = _add(entry[0], total + share)
            continue
        if prefix and symbol == prefix[-1]:  # a repetition; only after a blank a second symbol
            entry = found.setdefault(prefix, [-math.inf, -math.inf, bonus])
            entry[1] = _add(entry[1], symbol_end + share)
            before = blank
        else:
            before = total
        if before == -math.inf:
            continue
        longer = (*prefix, symbol)
        longer_entry = found.get(longer)
        if longer_entry is None:
            known = beam[longer][2] if longer in beam else None
            if known is None:
                known = bonus + (language_model(prefix, symbol) if language_model is not None else 0.0)
            longer_entry = found[longer] = [-math.inf, -math.inf, known]
        longer_entry[1] = _add(longer_entry[1], before + share)


def _add(a: float, b: float) -> float:
    """Returns the logarithm of the sum of two numbers given by their logarithms."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
