"""The best path through the potentials of a linear-chain conditional random field, and how sure it is.

NumPy only. Potentials ``(..., time, classes, classes)`` hold at ``[t, i, j]`` the score of tag ``j`` at step ``t``
after tag ``i``; at the first step every ``i`` says the same. Any number of axes may stand before ``time``; a masked
step (0 on the diagonal, very low elsewhere) hands its tag on. Sums run in float64.
"""

from __future__ import annotations

import numpy as np

#: The potential of what cannot be: finite, for servers refuse infinity, and far below any score of a network.
IMPOSSIBLE = -1e9


def best_path(potentials: np.ndarray) -> np.ndarray:
    """Returns the tags of the path with the highest score, as class numbers ``(..., time)``.

    Example:
        >>> turn = np.array([[0.0, 1.0], [1.0, 0.0]])  # the tag changes at every step
        >>> best_path(np.stack([[[2.0, 0.0], [2.0, 0.0]], turn, turn])).tolist()
        [0, 1, 0]

    Reference:
        Viterbi 1967, Error bounds for convolutional codes and an asymptotically optimum decoding algorithm.
    """
    steps = potentials.shape[-3]
    tags = np.zeros(potentials.shape[:-2], np.int64)
    if steps == 0:
        return tags
    best = potentials[..., 0, 0, :].astype(np.float64)
    origins = np.zeros((*potentials.shape[:-2], potentials.shape[-1]), np.int64)
    for step in range(1, steps):
        scores = best[..., :, None] + potentials[..., step, :, :]
        origins[..., step, :] = scores.argmax(axis=-2)
        best = scores.max(axis=-2)
    tags[..., -1] = best.argmax(axis=-1)
    for step in range(steps - 1, 0, -1):
        tags[..., step - 1] = np.take_along_axis(origins[..., step, :], tags[..., step, None], -1)[..., 0]
    return tags


def marginals(potentials: np.ndarray) -> np.ndarray:
    """Returns the probability of each tag at each step, over all paths ``(..., time, classes)``.

    Example:
        >>> marginals(np.zeros((2, 2, 2))).tolist()
        [[0.5, 0.5], [0.5, 0.5]]

    Reference:
        Rabiner 1989, A tutorial on hidden Markov models (the forward-backward algorithm).
    """
    steps = potentials.shape[-3]
    before = _forwards(potentials)
    ahead = np.zeros_like(before)
    for step in range(steps - 1, 0, -1):
        pairs = potentials[..., step, :, :] + ahead[..., step, None, :]
        ahead[..., step - 1, :] = _log_sum_exp(pairs, axis=-1)
    logs = before + ahead
    shares: np.ndarray = np.exp(logs - _log_sum_exp(logs, axis=-1)[..., None])
    return shares


def log_partition(potentials: np.ndarray) -> np.ndarray:
    """Returns the log of the sum of ``exp(score)`` over all paths ``(...)``; 0 where there is no step.

    Example:
        >>> float(np.exp(log_partition(np.zeros((3, 2, 2))))).__round__(9)  # two tags to choose from, three times
        8.0
    """
    if potentials.shape[-3] == 0:
        return np.zeros(potentials.shape[:-3])
    return _log_sum_exp(_forwards(potentials)[..., -1, :], axis=-1)


def path_score(potentials: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Returns the score of a path ``(...)`` through tags ``(..., time)``.

    Example:
        >>> float(path_score(np.ones((3, 2, 2)), np.array([0, 1, 0])))
        3.0
    """
    before = np.concatenate([np.zeros_like(tags[..., :1]), tags[..., :-1]], axis=-1)
    rows = np.take_along_axis(potentials, before[..., None, None], axis=-2)[..., 0, :]
    chosen = np.take_along_axis(rows, tags[..., None], axis=-1)[..., 0]
    score: np.ndarray = chosen.sum(axis=-1, dtype=np.float64)
    return score


def _forwards(potentials: np.ndarray) -> np.ndarray:
    """Returns the log of the summed ``exp(score)`` of all paths that end in each tag at each step."""
    sums = np.zeros(potentials.shape[:-1])
    for step in range(potentials.shape[-3]):
        if step == 0:
            sums[..., 0, :] = potentials[..., 0, 0, :]
            continue
        pairs = sums[..., step - 1, :, None] + potentials[..., step, :, :]
        sums[..., step, :] = _log_sum_exp(pairs, axis=-2)
    return sums


def _log_sum_exp(values: np.ndarray, *, axis: int) -> np.ndarray:
    highest = values.max(axis=axis, keepdims=True)
    sums = np.log(np.exp(values - highest).sum(axis=axis))
    return np.asarray(sums + np.squeeze(highest, axis=axis))
