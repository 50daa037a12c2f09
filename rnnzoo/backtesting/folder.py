"""The folder of a backtest: the forecasts of each origin as they come, then tables, picture and verdict."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnzoo.backtesting.origin_forecasts import OriginForecasts
from rnnzoo.errors import RunError
from rnnzoo.files import read_text, refuse_other_work, remove_partial, replacing
from rnnzoo.yaml_text import read_yaml, write_yaml

#: The key of ``config.yaml`` that tells a backtest from a run.
_KEY = "backtest"


class BacktestFolder:
    """Where a backtest is kept.

    ``config.yaml`` (what was asked for), ``origins/`` (the forecasts of each origin, so that none is run twice),
    ``by_origin.csv``, ``by_step.csv``, ``by_series.csv``, ``by_season.csv``, ``by_target.csv``, ``forecasts.csv``,
    ``backtest.png``, ``verdict.txt`` and, written last, ``scores.csv``.

    Args:
        path: The directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.picture = self.path / "backtest.png"
        self.verdict = self.path / "verdict.txt"
        self.scores = self.path / "scores.csv"

    def table(self, name: str) -> Path:
        """Returns where a table is kept."""
        return self.path / f"{name}.csv"

    def origin(self, number: int) -> Path:
        """Returns where the forecasts of an origin are kept, which is counted from 0."""
        return self.path / "origins" / f"origin_{number + 1}.npz"

    @property
    def finished(self) -> bool:
        """Whether the backtest came to its end."""
        return self.scores.is_file()

    def check_free(self, *, resume: bool, overwrite: bool) -> None:
        """Checks that a backtest may be written here.

        Raises:
            PathExistsError: If something is there and neither flag says what to do with it, or what is there is no
                backtest.
        """
        state = "a backtest" if self.finished else "an unfinished backtest (resume goes on with it)"
        refuse_other_work(
            self.path,
            "backtest",
            state=state if self._holds_backtest else None,
            resume=resume,
            overwrite=overwrite,
        )

    def prepare(self, config: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
        """Makes the directory ready.

        Args:
            config: What is asked for; a backtest that is resumed must be the same.
            resume: Whether to go on with what is there.
            overwrite: Whether what is there may be deleted.

        Raises:
            PathExistsError: As ``check_free`` does.
            RunError: If what is there is another backtest.
        """
        self.check_free(resume=resume, overwrite=overwrite)
        plain = json.loads(json.dumps(config))
        if resume and self._holds_backtest:
            saved = read_yaml(read_text(self.config, "the config of a backtest"), of=self.config)
            other = [name for name in {**saved, **plain} if saved.get(name) != plain.get(name)]
            if other:
                name = other[0]
                raise RunError(
                    f"{self.path}: cannot resume: {name} is {plain.get(name)!r:.99}, and was {saved.get(name)!r:.99}. "
                    "Resume with the settings it was started with, or overwrite it."
                )
            remove_partial(self.path)
            return
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        with replacing(self.config) as temporary:
            temporary.write_text(write_yaml(plain), encoding="utf-8")

    def load_origin(self, number: int) -> OriginForecasts | None:
        """Returns the forecasts of an origin; ``None`` where they are not there yet."""
        path = self.origin(number)
        return OriginForecasts.load(path) if path.is_file() else None

    @property
    def _holds_backtest(self) -> bool:
        if not self.config.is_file():
            return False
        return f"\n{_KEY}:" in "\n" + read_text(self.config, "the config of a backtest")
