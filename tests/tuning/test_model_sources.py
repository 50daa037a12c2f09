"""Truth of ``rnnzoo_tuning.model_sources``: searches over functions and hypermodels of a user's own."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, evaluate, load_dataset, load_model
from rnnzoo.errors import ArgumentError, RunError, UnknownNameError
from rnnzoo.training.run.run_directory import open_run
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, run_search

CONFIG = TrainConfig(epochs=2, batch_size=128, tensorboard=False)
RATES = {"learning_rate": Real(1e-3, 3e-2, log=True)}
SPACE = SearchSpace(model={"hidden": Choice((4, 8))}, training=RATES)
HERE = __name__


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


def build_mine(hidden: int, num_features: int, num_classes: int, activation: str = "tanh") -> keras.Model:
    """A model of a user's own, of which the data say two sizes."""
    inputs = keras.Input((None, num_features), name="features")
    steps = keras.layers.GRU(hidden, activation=activation, name="steps")(inputs)
    return keras.Model(inputs, keras.layers.Dense(num_classes, name="logits")(steps), name="mine")


def build_other(hidden: int, num_features: int, num_classes: int) -> keras.Model:
    return build_mine(hidden, num_features, num_classes)


def build_anything(**arguments: Any) -> keras.Model:
    return build_mine(arguments["hidden"], arguments["num_features"], arguments["num_classes"])


def build_nothing(hidden: int) -> Any:
    return None


class Mine(keras_tuner.HyperModel):
    """Draws its own width, compiles by itself and must never be fitted by its own method."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        model = build_mine(hp.Choice("hidden", [4, 8]), num_features=8, num_classes=10)
        model.compile(optimizer="sgd", loss="mse")
        return model

    def fit(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the search trains by itself")


class Still(keras_tuner.HyperModel):
    """Draws nothing."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return build_mine(4, num_features=8, num_classes=10)


def search(model: Any, splits: Splits, directory: Path, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "algorithm": "random",
        "config": CONFIG,
        "max_trials": 2,
        "seed": 1,
        "progress": False,
        "baseline_seconds": 0,
        "bundle": False,
        **options,
    }
    return run_search(model, splits, directory=directory, **arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "name", "space", "seen"),
    [
        (build_mine, "build_mine", SPACE, {"hidden", "num_features", "num_classes"}),
        (Mine(), "Mine", SearchSpace(training=RATES), {"hidden"}),
    ],
    ids=["function", "hypermodel"],
)
def test_the_best_model_of_a_users_own_is_trained_kept_and_read_back(
    model: Any, name: str, space: SearchSpace, seen: set[str], splits: Splits, tmp_path: Path
) -> None:
    found = search(model, splits, tmp_path / "search", space=space)
    assert [row["status"] for row in found.trials] == ["done", "done"]
    assert found.score == max(row["score"] for row in found.trials)
    assert all({"hidden", "learning_rate"} <= row.keys() for row in found.trials)
    assert seen <= found.arguments.keys()
    assert "learning_rate" not in found.arguments
    # Trained again from the same seed, by our optimizer and loss: the same model with the same score.
    run = open_run(found.best.directory)
    saved = load_model(run.model)
    assert evaluate(saved, splits, part="validation")["accuracy"] == pytest.approx(found.score, abs=1e-6)
    assert saved.get_layer("steps").units == int(found.arguments["hidden"])
    assert run.read_config()["details"]["model_arguments"] == found.arguments
    kept = json.loads((tmp_path / "search" / "search.json").read_text())
    assert kept["settings"]["model"] == f"{HERE}.{name}"
    assert json.loads((tmp_path / "search" / "trials.json").read_text())["model"] == f"{HERE}.{name}"

    again = search(model, splits, tmp_path / "search", space=space, resume=True)
    assert again.trials == found.trials
    for read, kept in zip(again.best.model.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(read, kept)
    more = search(model, splits, tmp_path / "search", space=space, resume=True, max_trials=3)
    assert [row["score"] for row in more.trials[:2]] == [row["score"] for row in found.trials]
    assert len(more.trials) == 3


@pytest.mark.slow
def test_a_search_is_not_resumed_with_another_function(splits: Splits, tmp_path: Path) -> None:
    root = tmp_path / "search"
    search(build_mine, splits, root, space=SPACE, max_trials=1)
    with pytest.raises(RunError) as caught:
        search(build_other, splits, root, space=SPACE, max_trials=1, resume=True)
    assert str(caught.value) == (
        f"{root}: cannot resume: model differs: it was '{HERE}.build_mine', now '{HERE}.build_other'. Resume with the "
        "settings it was started with, or start a new search in another directory."
    )


@pytest.mark.slow
def test_a_function_may_take_any_argument(splits: Splits, tmp_path: Path) -> None:
    space = SearchSpace(model={"hidden": Choice((4,)), "unused": Integer(1, 2)})
    found = search(build_anything, splits, tmp_path / "search", space=space, max_trials=1)
    assert found.arguments["hidden"] == 4
    assert found.arguments.keys() == {*splits.model_arguments, "hidden", "unused"}


WRONG: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (
        build_mine,
        {},
        ArgumentError,
        f"space: received None for the function {HERE}.build_mine; expected what may vary, for only models of the zoo "
        "have a default. Pass space=SearchSpace(model={...}, training={...}).",
    ),
    (
        build_mine,
        {"space": SearchSpace(model={"hiden": Choice((4,))})},
        UnknownNameError,
        "unknown builder argument: received 'hiden'; did you mean 'hidden'? expected one of activation, hidden, "
        "num_classes, num_features.",
    ),
    (
        build_mine,
        {"space": SearchSpace(model={"width": Choice((4,)), "depth": Integer(1, 1)})},
        UnknownNameError,
        "unknown builder argument: received 'width'; expected one of activation, hidden, num_classes, num_features.",
    ),
    (
        build_mine,
        {"space": SPACE, "arguments": {"activations": "relu"}},
        UnknownNameError,
        f"unknown argument of {HERE}.build_mine: received 'activations'; did you mean 'activation'? "
        "expected one of activation, hidden, num_classes, num_features.",
    ),
    (
        build_mine,
        {"space": SearchSpace(training=RATES)},
        ArgumentError,
        f"{HERE}.build_mine: needs the argument 'hidden', which is neither in the space nor in arguments, and the data "
        "give num_features, variable_length, num_classes. Pass arguments={'hidden': ...}, or give it a default.",
    ),
    (
        build_nothing,
        {"space": SPACE},
        ArgumentError,
        f"{HERE}.build_nothing: returned NoneType; expected a Keras model.",
    ),
    (
        Mine(),
        {"space": SPACE},
        ArgumentError,
        f"space: received the model's arguments hidden for {HERE}.Mine, whose build draws its own; expected fields of "
        "the training alone. Draw them in build, and leave them out here.",
    ),
    (
        Mine(),
        {"arguments": {"hidden": 4}},
        ArgumentError,
        f"arguments: received hidden for {HERE}.Mine, whose build takes none; expected nothing. Keep them in the "
        "HyperModel.",
    ),
    (
        Still(),
        {},
        ArgumentError,
        f"space: received no dimension, and build of {HERE}.Still draws nothing; expected at least one to search over.",
    ),
    (
        Mine,
        {},
        ArgumentError,
        f"model: received {Mine!r}; expected a name of the zoo, a function that returns a Keras model, or a "
        "keras_tuner.HyperModel. Pass an object of the class.",
    ),
    (
        3,
        {},
        ArgumentError,
        "model: received 3; expected a name of the zoo, a function that returns a Keras model, or a "
        "keras_tuner.HyperModel.",
    ),
]


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    WRONG,
    ids=[
        "no space",
        "misspelt dimension",
        "width without units",
        "misspelt argument",
        "missing argument",
        "no model",
        "space of a hypermodel",
        "arguments of a hypermodel",
        "nothing to search",
        "class",
        "number",
    ],
)
def test_what_cannot_be_searched_is_refused_in_words(
    model: Any,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
    splits: Splits,
    tmp_path: Path,
) -> None:
    with pytest.raises(error) as caught:
        search(model, splits, tmp_path / "search", **options)
    assert str(caught.value) == message
    assert not (tmp_path / "search").exists()


class Twice(keras_tuner.HyperModel):
    """Draws what the space draws too."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        hp.Float("learning_rate", 0.1, 0.2)
        return build_mine(4, num_features=8, num_classes=10)


def test_no_name_is_drawn_twice(splits: Splits, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        search(Twice(), splits, tmp_path / "search", space=SearchSpace(training=RATES))
    assert str(caught.value) == (
        f"space: received learning_rate, which build of {HERE}.Twice draws too; expected each name once. Leave it out "
        "here, or draw it by another name there."
    )


def test_a_function_without_a_name_is_refused(splits: Splits, tmp_path: Path) -> None:
    part = functools.partial(build_mine, hidden=4)
    with pytest.raises(
        ArgumentError, match=r"^model: received functools\.partial\(.*; expected a name of the zoo"
    ):
        search(part, splits, tmp_path / "search", space=SPACE)
