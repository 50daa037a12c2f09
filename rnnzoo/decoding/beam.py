"""The most likely sequences of a model that answers one token at a time: greedy and beam search.

The model is a step function over a batch of hypotheses. Rows that are done leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError

States = dict[str, np.ndarray]
#: From states ``(hypotheses, ...)``, the last token of each hypothesis and the row that it belongs to, to the
#: log-probabilities ``(hypotheses, vocabulary)`` of the next token and the states after the last one.
Step = Callable[[States, np.ndarray, np.ndarray], tuple[np.ndarray, States]]


@dataclass(frozen=True)
class Hypothesis:
    """One answer.

    Attributes:
        tokens: Its ids, without start and end.
        log_probability: That of all its tokens and of the end.
        score: The same, normalised by length: what hypotheses are ranked by.
        ended: Whether it came to its end by itself; at the greatest length the end is put where others were likelier.
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool


def greedy_search(
    step: Step,
    states: Mapping[str, np.ndarray],
    rows: int,
    *,
    start: int,
    end: int,
    max_length: int,
    banned: Sequence[int] = (),
) -> list[Hypothesis]:
    """Takes the most likely token at each step, until it is the end.

    Args:
        step: The model.
        states: The states in which each row starts ``(rows, ...)``.
        rows: How many rows there are.
        start: The token before the first.
        end: The token after the last.
        max_length: The most tokens of an answer, the end not counted.
        banned: Tokens that are never taken.

    Returns:
        One hypothesis per row; its score is its log-probability.

    Raises:
        ArgumentError: If an argument is out of range.
        DataError: If the model answers NaN.

    Example:
        >>> always = np.log([[0.1, 0.2, 0.7]])
        >>> greedy_search(lambda s, last, row: (always, s), {}, 1, start=0, end=2, max_length=4)[0].tokens
        ()
    """
    found = beam_search(
        step, states, rows, start=start, end=end, max_length=max_length, beams=1, alpha=0.0, banned=banned
    )
    return [best[0] for best in found]


def beam_search(
    step: Step,
    states: Mapping[str, np.ndarray],
    rows: int,
    *,
    start: int,
    end: int,
    max_length: int,
    beams: int = 4,
    alpha: float = 0.6,
    banned: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Keeps the ``beams`` most likely beginnings of each row until as many have ended.

    A hypothesis of log-probability ``p`` and ``n`` tokens, the end included, has the score ``p / ((5 + n) / 6) **
    alpha``. One beam is greedy search. With as many beams as there are sequences the result is exact.

    Args:
        step: The model.
        states: The states in which each row starts ``(rows, ...)``.
        rows: How many rows there are.
        start: The token before the first.
        end: The token after the last.
        max_length: The most tokens of an answer, the end not counted.
        beams: How many beginnings are kept.
        alpha: How much longer answers are favoured; 0 ranks by log-probability.
        banned: Tokens that are never taken.

    Returns:
        For each row at most ``beams`` hypotheses, the best first.

    Raises:
        ArgumentError: If an argument is out of range.
        DataError: If the model answers NaN.

    Reference:
        Wu 2016, Google's Neural Machine Translation System, arXiv:1609.08144.
    """
    checks.integer("rows", rows, minimum=0)
    checks.integer("max_length", max_length, minimum=1)
    checks.integer("beams", beams, minimum=1)
    checks.number("alpha", alpha, minimum=0)
    if end in banned:
        raise ArgumentError(f"banned: received the end token {end}; expected others. No answer would end.")
    searches = [_RowSearch(beams, alpha, start, end) for _ in range(rows)]
    live = list(range(rows)) if rows else []
    current: States = {name: np.asarray(value) for name, value in states.items()}
    for length in range(max_length + 1):
        if not live:
            break
        owners = np.array([row for row in live for _ in searches[row].beginnings], np.int64)
        last = np.array([b.last(start) for row in live for b in searches[row].beginnings], np.int32)
        log_probabilities, current = step(current, last, owners)
        log_probabilities = _checked(log_probabilities, len(owners), banned)
        kept: list[int] = []
        place = 0
        for row in live:
            count = len(searches[row].beginnings)
            # Past the greatest length only the end may follow.
            parents = searches[row].advance(
                log_probabilities[place : place + count], cut=length == max_length
            )
            kept += [place + parent for parent in parents]
            place += count
        live = [row for row in live if searches[row].beginnings]
        current = {name: value[kept] for name, value in current.items()}
    return [search.result() for search in searches]


@dataclass(frozen=True)
class _Beginning:
    tokens: tuple[int, ...]
    log_probability: float

    def last(self, start: int) -> int:
        return self.tokens[-1] if self.tokens else start


class _RowSearch:
    """The beginnings that are kept of one row, and the hypotheses that are done."""

    def __init__(self, beams: int, alpha: float, start: int, end: int) -> None:
        self._beams, self._alpha, self._end = beams, alpha, end
        self.beginnings = [_Beginning((), 0.0)]
        self._done: list[Hypothesis] = []

    def advance(self, log_probabilities: np.ndarray, *, cut: bool) -> list[int]:
        """Takes one step; returns from which of the old beginnings each new one goes on."""
        before = self.beginnings
        totals = np.array([b.log_probability for b in before])[:, None] + log_probabilities
        self.beginnings, parents = [], []
        if cut:
            for beginning, row in zip(before, totals, strict=True):
                self._finish(beginning, float(row[self._end]), ended=bool(row.argmax() == self._end))
            return []
        for rank, (parent, token) in enumerate(_best(totals, 2 * self._beams)):
            total = float(totals[parent, token])
            if token == self._end:
                # An end that is not among the best beginnings waits for no better one.
                if rank < self._beams:
                    self._finish(before[parent], total, ended=True)
            elif len(self.beginnings) < self._beams:
                self.beginnings.append(_Beginning((*before[parent].tokens, token), total))
                parents.append(parent)
        if len(self._done) >= self._beams:
            self.beginnings, parents = [], []
        return parents

    def result(self) -> list[Hypothesis]:
        """Returns the best hypotheses."""
        return sorted(self._done, key=lambda one: one.score, reverse=True)[: self._beams]

    def _finish(self, beginning: _Beginning, total: float, *, ended: bool) -> None:
        score = total / ((5 + len(beginning.tokens) + 1) / 6) ** self._alpha
        self._done.append(Hypothesis(beginning.tokens, total, score, ended))


def _best(totals: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Returns places of the largest possible totals, largest first; of equal ones the first."""
    flat = totals.reshape(-1)
    least = np.partition(flat, -count)[-count] if count < len(flat) else -np.inf
    places = np.flatnonzero((flat >= least) & (flat > -np.inf))
    chosen = places[np.argsort(-flat[places], kind="stable")][:count]
    return [(int(place) // totals.shape[1], int(place) % totals.shape[1]) for place in chosen]


def _checked(log_probabilities: np.ndarray, hypotheses: int, banned: Sequence[int]) -> np.ndarray:
    # In float64, so that sums of many steps rank as they are.
    result = np.array(log_probabilities, np.float64)
    if result.ndim != 2 or len(result) != hypotheses:
        raise DataError(
            f"step: answered {result.shape} for {hypotheses} hypotheses; expected ({hypotheses}, vocabulary)."
        )
    if np.isnan(result).any():
        raise DataError("step: the model answered NaN; expected log-probabilities. Train it again.")
    result[:, list(banned)] = -np.inf
    return result
