"""Truth of ``rnnzoo_tuning.trial_runs``: a search of many trials needs no more memory than one of few."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from rnnzoo import Splits, TrainConfig
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search
from rnnzoo_tuning.report import TrialTable

TRIALS, EARLY = 50, 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[int, float] = {}
    update = TrialTable.update

    def measured(self: TrialTable, ended: Any) -> None:
        update(self, ended)
        gc.collect()
        sizes[len(self.rows)] = psutil.Process().memory_info().rss / 1e6

    monkeypatch.setattr(TrialTable, "update", measured)
    x = np.random.default_rng(0).normal(size=(400, 8, 3)).astype(np.float32)
    run_search(
        "series-classifier-gru",
        Splits.from_arrays(x, ["up" if row[-1, 0] > 0 else "down" for row in x]),
        directory=tmp_path / "search",
        algorithm="random",
        max_trials=TRIALS,
        space=SearchSpace(
            model={"units": Choice(((8,), (8, 8), (16,)))},
            training={"learning_rate": Real(1e-3, 1e-1, log=True)},
        ),
        config=TrainConfig(epochs=2, batch_size=64, tensorboard=False),
        baseline_seconds=0,
        progress=False,
        bundle=False,
    )
    assert sizes[TRIALS] <= 1.1 * sizes[EARLY], {n: round(size) for n, size in sizes.items()}
