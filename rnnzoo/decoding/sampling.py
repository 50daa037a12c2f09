"""Drawing tokens from what a language model answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.probabilities import softmax
from rnnzoo.errors import ArgumentError


def token_probabilities(
    logits: np.ndarray, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Returns the probabilities that tokens are drawn with.

    Args:
        logits: The scores of all tokens ``(tokens,)``; ``-inf`` is never drawn.
        temperature: What the logits are divided by: below 1 likely tokens become likelier; 0 leaves the best one alone.
        top_k: Only so many of the likeliest tokens are drawn; of equal ones those of lower number.
        top_p: Only the fewest tokens are drawn that have this probability together, the likeliest first; after
            ``top_k``.

    Returns:
        Probabilities ``(tokens,)`` that sum to 1.

    Raises:
        ArgumentError: If an argument is out of range, or no logit is finite.

    Example:
        >>> token_probabilities(np.log([0.5, 0.3, 0.2]), top_p=0.7).round(3).tolist()
        [0.625, 0.375, 0.0]

    Reference:
        Fan 2018, Hierarchical Neural Story Generation, arXiv:1805.04833 (top-k); Holtzman 2020, The Curious Case of
        Neural Text Degeneration, arXiv:1904.09751 (top-p).
    """
    checks.number("temperature", temperature, minimum=0)
    if top_k is not None:
        checks.integer("top_k", top_k, minimum=1)
    if top_p is not None:
        checks.number("top_p", top_p, above=0, maximum=1)
    scores = np.asarray(logits, np.float64)
    if np.isnan(scores).any() or np.isposinf(scores).any() or not np.isfinite(scores).any():
        raise ArgumentError(
            "logits: received NaN, plus infinity, or none that is finite; expected scores of tokens."
        )
    if temperature == 0:
        best: np.ndarray = np.zeros(len(scores))
        best[scores.argmax()] = 1.0
        return best
    with np.errstate(over="ignore"):  # a small temperature leaves nothing of all but the best
        shares: np.ndarray = softmax((scores - scores.max()) / temperature)
    if top_k is not None or top_p is not None:
        order = np.argsort(-scores, kind="stable")
        if top_k is not None:
            shares[order[top_k:]] = 0.0
            shares /= shares.sum()
        if top_p is not None:
            before = np.cumsum(shares[order]) - shares[order]
            shares[order[before >= top_p]] = 0.0
    kept: np.ndarray = shares / shares.sum()
    return kept


def sample_token(
    logits: np.ndarray, rng: np.random.Generator, *, forbidden: Sequence[int] = (), **options: Any
) -> int:
    """Draws one token, none that is forbidden; ``options`` are those of ``token_probabilities``."""
    scores = np.array(logits, np.float64)
    scores[list(forbidden)] = -np.inf
    shares = token_probabilities(scores, **options)
    return int(
        np.searchsorted(np.cumsum(shares), rng.random() * shares.sum(), side="right").clip(0, len(shares) - 1)
    )


def generate_tokens(
    step: Callable[[np.ndarray], np.ndarray],
    prompt: Sequence[int] | np.ndarray,
    *,
    length: int,
    rng: np.random.Generator,
    end: int | None = None,
    forbidden: Sequence[int] = (),
    **options: Any,
) -> Iterator[int]:
    """Writes on from a prompt.

    Args:
        step: Takes the next tokens ``(time,)`` of one stream, gives the logits after each ``(time, tokens)``.
        prompt: What the text begins with, one token at least.
        length: How many tokens to write, at most.
        rng: Where chance comes from: the same generator writes the same text.
        end: A token that ends the text; it is not given out.
        forbidden: Tokens that are never drawn, such as padding.
        **options: Those of ``token_probabilities``.

    Yields:
        The tokens.

    Raises:
        ArgumentError: If an argument is out of range.
    """
    checks.integer("length", length, minimum=1)
    token = np.asarray(prompt, np.int32)
    if token.ndim != 1 or not token.size:
        raise ArgumentError(
            f"prompt: received shape {token.shape}; expected one token at least. Begin the text."
        )
    for _ in range(length):
        drawn = sample_token(step(token)[-1], rng, forbidden=forbidden, **options)
        if drawn == end:
            return
        yield drawn
        token = np.array([drawn], np.int32)
