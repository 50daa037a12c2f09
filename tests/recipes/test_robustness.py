"""Truth of ``rnnzoo.recipes.robustness``: scores on disturbed rows, of the model and of the best baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from rnnzoo.recipes.fitted_baseline import answer_again
from rnnzoo.recipes.robustness import measure_robustness


def test_noise_costs_a_model_and_its_baseline_accuracy() -> None:
    splits = rnnzoo.load_dataset("digits")
    model = rnnzoo.create_model("series-classifier-gru", **splits.model_arguments, units=(16,))
    config = rnnzoo.TrainConfig(epochs=4, batch_size=64, learning_rate=0.02)
    rnnzoo.train(model, splits, config=config, progress=False)
    best = "logistic regression on all values"
    clean, *others = measure_robustness("accuracy", model, splits, best)
    scores = rnnzoo.evaluate(model, splits)
    assert clean == {
        "disturbance": "none",
        "strength": 0.0,
        "score": pytest.approx(scores["accuracy"], abs=1e-5),
        "baseline": pytest.approx(0.97037, abs=0.01),
    }
    assert [(row["disturbance"], row["strength"]) for row in others] == [
        ("noise", 0.1),
        ("noise", 0.3),
        ("missing steps", 0.1),
        ("missing steps", 0.3),
    ]
    for name in ("score", "baseline"):
        assert others[3][name] < others[2][name] <= clean[name]
        assert others[1][name] > 0.6
    assert measure_robustness("accuracy", model, splits, best) == [clean, *others]
    alone = measure_robustness("accuracy", model, splits, None)
    assert [row["score"] for row in alone] == [row["score"] for row in (clean, *others)]
    assert all("baseline" not in row for row in alone)


def test_forecasts_have_the_scores_of_the_model_alone() -> None:
    frame = pd.DataFrame({"load": np.sin(np.arange(400) / 5.0)})
    splits = rnnzoo.read_series(frame, target="load", window=12, horizon=3)
    model = rnnzoo.create_model("forecaster-gru", **splits.model_arguments, units=(4,))
    rows = measure_robustness("mae", model, splits, "persistence")
    assert len(rows) == 5
    assert rows[0]["score"] == pytest.approx(rnnzoo.evaluate(model, splits)["mae"], abs=1e-5)
    assert all("baseline" not in row for row in rows)


def test_baselines_are_found_by_the_name_on_a_card() -> None:
    splits = rnnzoo.load_dataset("digits")
    assert splits.test is not None
    trees = answer_again("extra trees on all values", splits, splits.test)
    assert trees is not None
    assert trees.shape == (270, 10)
    assert answer_again("majority class", splits, splits.test) is not None
    assert answer_again("an unknown one", splits, splits.test) is None
