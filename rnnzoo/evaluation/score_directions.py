"""Of which scores more is better, and of which less."""

from __future__ import annotations

# How the names of scores end.
_MORE = ("accuracy", "f1", "auc", "auroc", "r2", "exact_match")
_LESS = (
    "loss",
    "mae",
    "rmse",
    "mse",
    "mase",
    "smape",
    "perplexity",
    "bits_per_token",
    "cer",
    "wer",
    "pinball",
    "crps",
    "nll",
    "interval_width",
)


def direction_of(score: str) -> int:
    """Returns 1 where more of a score is better, -1 where less is, and 0 where that is not known.

    Example:
        >>> direction_of("macro_f1"), direction_of("scaled_mse"), direction_of("coverage")
        (1, -1, 0)
    """
    return int(score.endswith(_MORE)) - int(score.endswith(_LESS))
