"""Does the model beat the best baseline, by how much, and at how many origins? In a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.backtesting.origin_forecasts import MODEL
from rnnzoo.backtesting.tables import decisive_score
from rnnzoo.report import show

if TYPE_CHECKING:
    import pandas as pd


def backtest_verdict(overall: pd.DataFrame, by_origin: pd.DataFrame) -> str:
    """Compares the model with the best baseline, by MASE (by MAE where there is none).

    Args:
        overall: The scores over all windows.
        by_origin: Those at each origin.

    Returns:
        A sentence; empty where there is no baseline.

    Example:
        >>> import pandas as pd
        >>> rows = {"method": ["model", "model", "naive", "naive"], "origin": ["a", "b"] * 2, "mase": [0.9, 0.7, 1, 1]}
        >>> by_origin = pd.DataFrame(rows)
        >>> backtest_verdict(by_origin.groupby("method", as_index=False)["mase"].mean(), by_origin)
        'The model beats the best baseline, naive: mase 0.8 beside 1, 20 % less; over 2 origins 20 ± 10 % less, at 2 of
        them better.'
    """
    score = decisive_score(overall)
    values = overall.set_index("method")[score]
    others = values.drop(MODEL)
    if not len(others):
        return ""
    best = str(others.idxmin())
    table = by_origin.pivot_table(index="origin", columns="method", values=score, sort=False)
    shares = _less(table[MODEL].to_numpy(), table[best].to_numpy())
    own, other = float(values[MODEL]), float(values[best])
    said = (
        f"The model beats the best baseline, {best}"
        if own < other
        else f"The model does not beat the best baseline, {best}"
    )
    share = float(_less(np.array([own]), np.array([other]))[0])
    text = f"{said}: {score} {show(own)} beside {show(other)}, {_shown(share)}"
    if len(shares) == 1:
        return f"{text}, at one origin."
    spread = f"over {len(shares)} origins {_shown(float(shares.mean()), float(shares.std()))}"
    text = f"{text}; {spread}, at {int((shares > 0).sum())} of them better."
    return text if abs(shares.mean()) > shares.std() else f"{text} That is within the spread over origins."


def _less(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns by what share of the second the first is less."""
    return np.asarray(np.divide(other - own, other, out=np.zeros(len(own)), where=other != 0))


def _shown(share: float, spread: float | None = None) -> str:
    word = "less" if share >= 0 else "more"
    more = "" if spread is None else f" ± {_percent(spread)}"
    return f"{_percent(share)}{more} % {word}"


def _percent(share: float) -> str:
    percent = 100 * abs(share)
    return f"{percent:,.0f}" if percent >= 100 else f"{percent:.3g}"
