"""Truth of ``rnnzoo_tuning.oracle`` and ``rnnzoo_tuning.tuner``: Keras Tuner's own methods over a study."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from rnnzoo import TrainConfig, load_dataset
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_tuning import Choice, SearchSpace, SequenceHyperModel, SequenceTuner, StudyOracle

X, Y = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32), np.arange(32) % 2


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    kind = hp.Choice("kind", ["plain", "hidden"])
    layers: list[Any] = []
    if kind == "hidden":
        with hp.conditional_scope("kind", ["hidden"]):
            layers = [keras.layers.Dense(hp.Int("units", 2, 8, step=2), activation="relu")]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2)])
    rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def tuner(folder: Path, max_trials: int, **options: Any) -> keras_tuner.Tuner:
    oracle = StudyOracle("val_loss", directory=folder, max_trials=max_trials, **options)
    return keras_tuner.Tuner(oracle=oracle, hypermodel=build, directory=folder, project_name="trials")


def search(made: keras_tuner.Tuner) -> None:
    made.search(X, Y, validation_data=(X, Y), epochs=1, verbose=0)


@pytest.mark.parametrize("algorithm", [pytest.param("tpe", marks=pytest.mark.slow), "grid"])
def test_any_tuner_searches_a_space_with_conditions_and_goes_on(tmp_path: Path, algorithm: str) -> None:
    first = tuner(tmp_path, 2, algorithm=algorithm)
    search(first)
    assert len(first.oracle.study.ended()) == 2
    second = tuner(tmp_path, 5, algorithm=algorithm)
    assert second.oracle.remaining_trials() == 3
    search(second)
    ended = second.oracle.study.ended()
    assert [trial.status for trial in ended] == ["done"] * 5
    for trial in ended:
        assert ("units" in trial.values) == (trial.values["kind"] == "hidden")
    best = min(ended, key=lambda trial: trial.score or 0.0)
    assert second.get_best_hyperparameters()[0].values["learning_rate"] == best.values["learning_rate"]
    assert len(second.oracle.get_best_trials(5)) == 5
    search(second)
    assert len(second.oracle.study.ended()) == 5


def test_a_trial_that_fails_says_why_in_the_study(tmp_path: Path) -> None:
    def broken(hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Choice("kind", ["a", "b"])
        if tries:
            raise ValueError("too wide")
        tries.append(1)
        return build(keras_tuner.HyperParameters())

    tries: list[int] = []
    oracle = StudyOracle("val_loss", directory=tmp_path, max_trials=2)
    made = keras_tuner.Tuner(oracle=oracle, hypermodel=broken, directory=tmp_path, project_name="trials")
    search(made)
    assert [trial.status for trial in oracle.study.ended()] == ["failed", "failed"]
    assert "ValueError" in oracle.study.ended()[0].reason or "too wide" in oracle.study.ended()[0].reason


def test_one_objective_and_a_known_algorithm(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"expected one. Use run_search\(objectives=...\)"):
        StudyOracle(["val_loss", "val_accuracy"], directory=tmp_path)
    with pytest.raises(UnknownNameError, match="tpe"):
        StudyOracle("val_loss", directory=tmp_path, algorithm="tpee")


def test_a_sequence_tuner_searches_and_gives_its_models(tmp_path: Path) -> None:
    splits = load_dataset("digits")
    space = SearchSpace(
        model={"units": Choice(((4,), (8,)))}, training={"learning_rate": Choice((0.001, 0.03))}
    )
    config = TrainConfig(epochs=1, batch_size=256)
    hypermodel = SequenceHyperModel("series-classifier-gru", splits, space=space, config=config)
    made = SequenceTuner(hypermodel, directory=tmp_path / "search", max_trials=3, algorithm="grid")
    made.search()
    arguments, found = hypermodel.choose(made.get_best_hyperparameters()[0])
    model = made.get_best_models()[0]
    assert model.count_params() == hypermodel.build(made.get_best_hyperparameters()[0]).count_params()
    assert found.learning_rate == 0.03
    assert arguments["units"] in ((4,), (8,), [4], [8])
    again = SequenceTuner(hypermodel, directory=tmp_path / "search", max_trials=3, algorithm="grid")
    assert again.oracle.remaining_trials() == 0
    again.search()
    assert len(again.oracle.study.ended()) == 3
    with pytest.raises(ArgumentError, match=r"search: received arguments.*config=TrainConfig"):
        again.search(X, Y)
    with pytest.raises(ArgumentError, match=r"received function.*Wrap it: SequenceHyperModel"):
        SequenceTuner(build, directory=tmp_path / "other")  # type: ignore[arg-type]


def test_keras_tuner_saves_trials_by_one_method() -> None:
    """A private method of Keras Tuner's that the oracle replaces, so that trials are kept in one place."""
    assert list(inspect.signature(keras_tuner.Oracle._save_trial).parameters) == ["self", "trial"]
