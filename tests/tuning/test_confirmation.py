"""Truth of ``rnnzoo_tuning.confirmation``: the best trials again, with seeds that the search has not used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, load_dataset
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning import Choice, SearchSpace, run_search
from rnnzoo_tuning.confirmation import Candidates, Confirmed
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.trial_records import EndedTrial

NAME = "series-classifier-gru"
SPACE = SearchSpace(model={"units": Choice(((4,), (12,)))}, training={"learning_rate": Choice((0.001, 0.02))})
CONFIG = TrainConfig(epochs=1, batch_size=256, tensorboard=False, seed=5)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


def ended(candidate: str, score: float | None) -> EndedTrial:
    return EndedTrial(0, "done", score, {"candidate": candidate, "seed": 6}, 1.0, "")


def candidates(splits: Splits) -> Candidates:
    trials = [
        EndedTrial(n, "done", s, {"units": "[4]"}, 1.0, "", origin=n + 3) for n, s in ((1, 0.9), (0, 0.8))
    ]
    return Candidates(SequenceHyperModel(NAME, splits, space=SPACE, config=CONFIG), trials, seed=5)


def test_each_has_its_mean_and_spread_and_the_best_mean_is_first(splits: Splits) -> None:
    found = candidates(splits).confirmed(
        [ended("trial 2", 0.5), ended("trial 2", 0.7), ended("trial 1", 0.65), ended("default", None)],
        Monitor("val_accuracy", "max"),
    )
    assert [one.name for one in found] == ["trial 1", "trial 2", "default"]
    assert found[1] == Confirmed("trial 2", (0.5, 0.7), 4)
    assert found[1].mean == pytest.approx(0.6)
    assert found[1].spread == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert found[2].row() == {"candidate": "default", "mean": None, "spread": None, "scores": [], "seeds": 3}
    least = candidates(splits).confirmed(
        [ended("trial 2", 0.5), ended("default", 0.1)], Monitor("val_loss", "min")
    )
    assert [one.name for one in least][:2] == ["default", "trial 2"]


def test_the_seeds_are_others_and_the_defaults_are_those_of_the_zoo(splits: Splits) -> None:
    asked = candidates(splits)
    hp = keras_tuner.HyperParameters()
    asked.draw(hp)
    assert hp.space[0].values == ["trial 2", "trial 1", "default"]
    assert hp.space[1].values == [6, 7, 8]
    assert asked.count == 9
    hp.values = {"candidate": "default", "seed": 7}
    problem = asked.problem(hp)
    keras.utils.set_random_seed(7)
    default = SequenceHyperModel(NAME, splits, space=SPACE, config=CONFIG)
    assert problem.config.seed == 7
    assert problem.config.learning_rate == CONFIG.learning_rate
    assert problem.model.count_params() == default.default_problem(7).model.count_params()
    hp.values = {"candidate": "trial 1", "seed": 8}
    assert asked.problem(hp).config.seed == 8


def test_a_search_confirms_its_best(splits: Splits, tmp_path: Path) -> None:
    options: dict[str, Any] = {"space": SPACE, "config": CONFIG, "algorithm": "grid", "max_trials": 2}
    options |= {"progress": False, "baseline_seconds": 0, "bundle": False, "confirm": 1}
    result = run_search(NAME, splits, directory=tmp_path / "search", **options)
    assert sorted(row["candidate"] for row in result.confirmed) == [
        "default",
        f"trial {1 + best_place(result)}",
    ]
    assert all(len(row["scores"]) == 3 for row in result.confirmed)
    kept = json.loads((tmp_path / "search/confirmation.json").read_text())
    assert kept == {"objective": "val_accuracy", "candidates": result.confirmed}
    again = run_search(NAME, splits, directory=tmp_path / "search", resume=True, **options)
    assert again.confirmed == result.confirmed
    assert "The best with several seeds" in repr(again)
    assert not (tmp_path / "search/confirming").exists()


def best_place(result: Any) -> int:
    return int(np.argmax([row["score"] for row in result.trials]))
