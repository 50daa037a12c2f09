"""Truth of ``rnnzoo_tuning.conditions``: a dimension is drawn only where another has a certain value."""

from __future__ import annotations

from typing import Any

import keras_tuner
import pytest

from rnnzoo.errors import RnnzooError
from rnnzoo_tuning import Choice, Condition, Integer, Real, SearchSpace

DECAY: dict[str, Any] = {"weight_decay": Real(1e-4, 1e-1, log=True)}


def optimizers() -> SearchSpace:
    space = SearchSpace(training={"optimizer": Choice(("adam", "adamw", "sgd"))})
    return space.conditional("optimizer", "adamw", training=DECAY)


def drawn(space: SearchSpace, **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    parameters = keras_tuner.HyperParameters()
    space.draw(parameters)
    parameters.values.update(values)
    return space.draw(parameters)


def test_it_is_left_to_its_default_elsewhere() -> None:
    assert drawn(optimizers(), optimizer='"adam"') == ({}, {"optimizer": "adam"})
    found = drawn(optimizers(), optimizer='"adamw"', weight_decay=0.01)
    assert found == ({}, {"optimizer": "adamw", "weight_decay": 0.01})


def test_one_may_depend_on_one_that_depends() -> None:
    space = SearchSpace(
        model={"dropout": Real(0.0, 0.5), "pooling": Choice(("last", "max"))},
        training={"batch_size": Integer(1, 3)},
        conditions={"dropout": Condition("pooling", ("max",)), "pooling": Condition("batch_size", (2, 3))},
    )
    assert list(space.dimensions) == ["batch_size", "pooling", "dropout"]
    assert drawn(space, batch_size=1) == ({}, {"batch_size": 1})
    assert drawn(space, batch_size=2, pooling='"last"') == ({"pooling": "last"}, {"batch_size": 2})
    found = drawn(space, batch_size=3, pooling='"max"', dropout=0.25)
    assert found == ({"pooling": "max", "dropout": 0.25}, {"batch_size": 3})


def test_a_tuner_draws_it_only_where_it_varies(tmp_path: Any) -> None:
    space = optimizers()

    class Scored(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return space.draw(hp)

        def fit(self, hp: Any, model: Any, **_: Any) -> float:
            return float("weight_decay" in hp.values)

    tuner = keras_tuner.RandomSearch(
        Scored(), objective=None, max_trials=20, seed=1, directory=tmp_path, project_name="search"
    )
    tuner.oracle.verbose = 0
    tuner.run_trial = lambda trial, **_: tuner.hypermodel.fit(
        trial.hyperparameters, tuner.hypermodel.build(trial.hyperparameters)
    )
    tuner.search()
    for trial in tuner.oracle.trials.values():
        values = trial.hyperparameters.values
        assert ("weight_decay" in values) == (values["optimizer"] == '"adamw"')
    assert {trial.score for trial in tuner.oracle.trials.values()} == {0.0, 1.0}


def test_what_it_depends_on_may_be_fixed() -> None:
    assert optimizers().fix(optimizer="adam").to_dict() == {
        "model_space": {},
        "training_space": {"optimizer": {"kind": "choice", "values": ("adam",)}},
    }
    fixed = optimizers().fix(optimizer="adamw")
    assert not fixed.conditions
    assert set(fixed.dimensions) == {"optimizer", "weight_decay"}
    always = optimizers().fix(weight_decay=0.1)
    assert not always.conditions
    assert drawn(always, optimizer='"sgd"') == ({}, {"optimizer": "sgd", "weight_decay": 0.1})


def test_files_have_conditions() -> None:
    space = optimizers()
    assert SearchSpace.from_dict(space.to_dict()) == space
    short = {
        "training": {
            "optimizer": ["adam", "adamw", "sgd"],
            "weight_decay": {"low": 1e-4, "high": 1e-1, "log": True},
        },
        "conditions": {"weight_decay": {"on": "optimizer", "values": "adamw"}},
    }
    assert SearchSpace.from_dict(short) == space


@pytest.mark.parametrize(
    ("on", "values", "model", "message"),
    [
        (
            "optimzer",
            "adam",
            {"dropout": Real(0, 1)},
            "unknown dimension of a condition: received 'optimzer'; did you",
        ),
        (
            "optimizer",
            "adagrad",
            {"dropout": Real(0, 1)},
            'optimizer: received \'adagrad\'; expected some of "adam", "adamw", "sgd".',
        ),
        (
            "weight_decay",
            0.1,
            {"dropout": Real(0, 1)},
            "condition: received weight_decay, which is a Real; expected a Choice or an Integer. Let it depend on "
            "another dimension.",
        ),
        (
            "optimizer",
            "adam",
            {"width": Choice((1,)), "depth": Integer(1, 2)},
            "condition of width: received one; expected none, for each trial needs width and depth. Make units "
            "conditional.",
        ),
        (
            "optimizer",
            "adam",
            {"optimizer": Choice((1,))},
            "add: received optimizer, which the space has; expected new names. Use narrow(optimizer=...) for fewer "
            "values, or fix(optimizer=...) for one.",
        ),
    ],
)
def test_wrong_conditions_are_refused(on: str, values: Any, model: Any, message: str) -> None:
    with pytest.raises(RnnzooError) as error:
        optimizers().conditional(on, values, model=model)
    assert str(error.value).startswith(message)


def test_a_ring_is_refused() -> None:
    with pytest.raises(RnnzooError) as error:
        SearchSpace(
            {"a": Choice((1, 2)), "b": Choice((1, 2))},
            conditions={"a": Condition("b", (1,)), "b": Condition("a", (1,))},
        )
    assert str(error.value) == (
        "condition of a: received dimensions that depend on each other; expected each on another that does not depend "
        "on it. Leave one condition out."
    )
    with pytest.raises(RnnzooError, match="condition of a: received 3; expected on and values"):
        SearchSpace.from_dict({"model": {"a": [1]}, "conditions": {"a": 3}})
