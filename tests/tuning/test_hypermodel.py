"""Truth of ``rnnzoo_tuning.hypermodel``: its models in the tuners of Keras Tuner, with their own oracles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig
from rnnzoo.errors import ArgumentError
from rnnzoo_tuning import Choice, Real, SearchSpace, SequenceHyperModel, ZooHyperModel

NAME = "series-classifier-gru"
SPACE = SearchSpace(
    model={"units": Choice(((3,), (4,)))}, training={"learning_rate": Real(1e-3, 1e-1, log=True)}
)


@pytest.fixture(scope="module")
def splits() -> Splits:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 5, 3)).astype(np.float32)
    return Splits.from_arrays(x, ["up" if row[-1, 0] > 0 else "down" for row in x])


TUNERS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "random": (keras_tuner.RandomSearch, {"max_trials": 2}, 2),
    "bayesian": (keras_tuner.BayesianOptimization, {"max_trials": 3, "num_initial_points": 2}, 3),
    "hyperband": (keras_tuner.Hyperband, {"max_epochs": 2, "factor": 2}, 5),
    "grid": (keras_tuner.GridSearch, {"max_trials": 3}, 3),
}


@pytest.mark.parametrize("name", TUNERS)
def test_every_stock_tuner_searches_it(name: str, splits: Splits, tmp_path: Path) -> None:
    kind, options, trials = TUNERS[name]
    config = TrainConfig(epochs=2, batch_size=64)
    hypermodel = SequenceHyperModel(NAME, splits, space=SPACE, config=config)
    tuner = kind(hypermodel, objective=hypermodel.objective, seed=1, directory=tmp_path, **options)
    tuner.oracle.verbose = 0
    tuner.search(verbose=0)
    ended = list(tuner.oracle.trials.values())
    assert len(ended) == trials
    assert {trial.status for trial in ended} == {"COMPLETED"}
    (best,) = tuner.get_best_hyperparameters()
    arguments, chosen = hypermodel.choose(best)
    assert arguments["units"] in ((3,), (4,))
    assert 1e-3 <= chosen.learning_rate <= 1e-1
    (model,) = tuner.get_best_models()
    assert model.predict_on_batch(np.zeros((8, 5, 3), np.float32)).shape == (8, 2)
    accuracy = max(trial.score for trial in ended)
    assert tuner.oracle.get_best_trials()[0].score == accuracy


def test_it_takes_functions_and_hypermodels_too(splits: Splits) -> None:
    def build(units: int, num_features: int, num_classes: int) -> keras.Model:
        x = keras.Input((None, num_features), name="features")
        return keras.Model(x, keras.layers.Dense(num_classes, name="logits")(keras.layers.GRU(units)(x)))

    class Own(keras_tuner.HyperModel):
        def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
            return build(hp.Choice("units", [3, 4]), 3, 2)

    space = SearchSpace(model={"units": Choice((3, 4))})
    for hypermodel in (SequenceHyperModel(build, splits, space=space), SequenceHyperModel(Own(), splits)):
        assert hypermodel.objective == keras_tuner.Objective("val_accuracy", "max")
        assert hypermodel.build(keras_tuner.HyperParameters()).get_layer("logits").units == 2
    assert ZooHyperModel is SequenceHyperModel


def test_what_is_given_does_not_vary(splits: Splits) -> None:
    hypermodel = SequenceHyperModel(NAME, splits, arguments={"units": (3,), "dropout": 0.1})
    assert not {"width", "depth", "dropout"} & set(hypermodel.space.dimensions)
    arguments, _ = hypermodel.choose(keras_tuner.HyperParameters())
    assert arguments["units"] == (3,)


def test_data_and_settings_of_search_are_refused(splits: Splits) -> None:
    hypermodel = SequenceHyperModel(NAME, splits, space=SPACE)
    parameters = keras_tuner.HyperParameters()
    model = hypermodel.build(parameters)
    x = np.zeros((2, 5, 3), np.float32)
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        ((x, x), {}, "2 arrays of data"),
        ((), {"batch_size": 3}, "batch_size"),
    ]
    for data, others, named in wrong:
        with pytest.raises(ArgumentError) as error:
            hypermodel.fit(parameters, model, *data, **others)
        assert str(error.value) == (
            f"search: received {named}; expected epochs and callbacks alone, for the data are those of splits. Pass "
            "other training settings as config=TrainConfig(...) to SequenceHyperModel."
        )
