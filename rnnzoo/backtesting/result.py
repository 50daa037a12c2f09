"""What a backtest gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rnnzoo.backtesting.tables import decisive_score
from rnnzoo.summary import Summary, Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BacktestResult:
    """What a backtest gave. Tables are pandas frames whose column ``method`` is ``"model"`` or a baseline.

    Attributes:
        scores: Scores over all windows, a row for each method. Those of the model are means over its seeds. The
            deviation of the score that decides is that over origins.
        by_origin: Scores at each origin.
        by_step: Scores at each step ahead, from 1.
        by_series: Scores of each series.
        by_season: Scores by hour, weekday and month of the time that is forecast, as far as they differ; by the place
            in the season where there are no dates.
        by_target: Scores of each target.
        forecasts: What the model has forecast beside what came: ``origin``, ``series``, ``time``, ``step``, ``target``,
            ``truth``, ``forecast`` and a column for each quantile; ``seed`` too where there are several, and ``weight``
            where rows have weights.
        verdict: Whether the model beats the best baseline, by how much, and at how many origins.
        skipped: Why baselines are in no table, by name.
        directory: Where it is kept, if that was asked for.
    """

    scores: pd.DataFrame
    by_origin: pd.DataFrame
    by_step: pd.DataFrame
    by_series: pd.DataFrame
    by_season: pd.DataFrame
    by_target: pd.DataFrame
    forecasts: pd.DataFrame
    verdict: str
    skipped: dict[str, str] = field(default_factory=dict)
    directory: Path | None = None

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        facts: dict[str, object] = {
            "origins": self.by_origin["origin"].nunique(),
            **({} if self.directory is None else {"kept in": self.directory}),
        }
        best = int(self.scores[decisive_score(self.scores)].to_numpy().argmin())
        rows = [{str(key): value for key, value in row.items()} for row in self.scores.to_dict("records")]
        title = "backtest" + f": {self.verdict}" * bool(self.verdict)
        return Summary(title, facts, [Table("Scores over all origins", rows, best)], "")
