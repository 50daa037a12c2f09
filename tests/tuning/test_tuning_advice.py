"""Truth of ``rnnzoo_tuning.model_sources``: what messages of searches advise works when it is followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from advice import followed
from rnnzoo import EncoderConfig, Splits, TrainConfig
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, run_search
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.search_directory import check_free
from rnnzoo_tuning.search_settings import plain_arguments

MODEL = "series-classifier-gru"
RATES: dict[str, Any] = {"learning_rate": Real(1e-3, 3e-2, log=True)}
UNITS = SearchSpace(model={"units": Choice((4, 8))})


def splits() -> Splits:
    return Splits.from_arrays(np.zeros((40, 5, 3)), ["a", "b"] * 20)


def ready(model: Any, space: SearchSpace | None = None, **arguments: Any) -> object:
    """Does what a search does before its first trial, which is built but not trained."""
    options: Any = {"space": space, "arguments": arguments, "config": TrainConfig(epochs=1)}
    return SequenceHyperModel(model, splits(), **options).monitor


def build_mine(units: int, num_features: int, num_classes: int, width_of_head: int) -> keras.Model:
    inputs = keras.Input((5, num_features), name="features")
    x = keras.layers.Dense(width_of_head)(keras.layers.GRU(units)(inputs))
    return keras.Model(inputs, keras.layers.Dense(num_classes, name="logits")(x))


def build_with_default(
    units: int, num_features: int, num_classes: int, width_of_head: int = 4
) -> keras.Model:
    return build_mine(units, num_features, num_classes, width_of_head)


class Mine(keras_tuner.HyperModel):
    """Draws its width, and a rate by a name that can be chosen."""

    def __init__(self, rate: str | None = None, head: int = 4) -> None:
        super().__init__()
        self.rate, self.head = rate, head

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        if self.rate is not None:
            hp.Float(self.rate, 0.1, 0.5)
        return build_mine(hp.Choice("units", [4, 8]), 3, 2, self.head)


# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]] = [
    (
        lambda: ready(build_with_default),
        "Pass space=SearchSpace(model={...}, training={...}).",
        (lambda: ready(build_with_default, SearchSpace(model={"units": Choice((4, 8))}, training=RATES)),),
    ),
    (
        lambda: ready(build_mine, UNITS),
        "Pass arguments={'width_of_head': ...}, or give it a default.",
        (lambda: ready(build_mine, UNITS, width_of_head=4), lambda: ready(build_with_default, UNITS)),
    ),
    (
        lambda: ready(Mine(), UNITS),
        "Draw them in build, and leave them out here.",
        (lambda: ready(Mine()), lambda: ready(Mine(), SearchSpace(training=RATES))),
    ),
    (
        lambda: ready(Mine(), head=8),
        "Keep them in the HyperModel.",
        (lambda: ready(Mine(head=8)),),
    ),
    (
        lambda: ready(Mine(rate="learning_rate"), SearchSpace(training=RATES)),
        "Leave it out here, or draw it by another name there.",
        (
            lambda: ready(Mine(rate="learning_rate")),
            lambda: ready(Mine(rate="own_rate"), SearchSpace(training=RATES)),
        ),
    ),
    (
        lambda: ready(MODEL, SearchSpace(model={"width": Choice((4, 8))})),
        "width and depth go together; give both, or units itself.",
        (
            lambda: ready(MODEL, SearchSpace(model={"width": Choice((4, 8)), "depth": Integer(1, 2)})),
            lambda: ready(MODEL, UNITS),
        ),
    ),
    (
        lambda: ready(MODEL, UNITS, units=(4,)),
        "Leave it out of arguments, or out of the space.",
        (lambda: ready(MODEL, UNITS), lambda: ready(MODEL, SearchSpace(training=RATES), units=(4,))),
    ),
    (
        lambda: ready(MODEL, UNITS, encoder=EncoderConfig(units=4, dropout=0.1)),
        "Pass its other fields flat, or leave units out of the space.",
        (
            lambda: ready(MODEL, UNITS, dropout=0.1),
            lambda: ready(MODEL, SearchSpace(training=RATES), encoder=EncoderConfig(units=4, dropout=0.1)),
        ),
    ),
    (
        lambda: run_search(MODEL, splits(), directory="never", space={"units": 4}),  # type: ignore[arg-type]
        "Write SearchSpace(model={'dropout': Real(0.0, 0.5)}).",
        (lambda: ready(MODEL, SearchSpace(model={"dropout": Real(0.0, 0.5)})),),
    ),
    (
        lambda: run_search(MODEL, [1, 2], directory="never"),  # type: ignore[arg-type]
        "Make them with read_texts, read_series or Splits.from_arrays.",
        (lambda: ready(MODEL),),
    ),
    (
        lambda: plain_arguments({"activation": keras.activations.tanh}),
        "Pass the name that the builder knows it by.",
        (lambda: plain_arguments({"activation": "tanh"}),),
    ),
]


@pytest.mark.parametrize(("wrong", "advice", "ways"), ADVICE, ids=[advice[:50] for _, advice, _ in ADVICE])
def test_advice_works_when_it_is_followed(
    wrong: Callable[[], object], advice: str, ways: tuple[Callable[[], object], ...]
) -> None:
    followed(wrong, advice, *ways)


def test_a_directory_that_is_taken_can_be_left_resumed_or_replaced(tmp_path: Path) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search.json").write_text("{}")

    def free(name: str, **flags: Any) -> None:
        check_free(tmp_path / name, **{"resume": False, "overwrite": False, **flags})

    followed(
        lambda: free("search"),
        "Choose another directory, resume the search, or overwrite it.",
        lambda: free("other"),
        lambda: free("search", resume=True),
        lambda: free("search", overwrite=True),
    )


@pytest.mark.slow
def test_a_search_of_which_no_trial_ends_well_can_be_corrected(tmp_path: Path) -> None:
    def search(name: str, training: Mapping[str, Any]) -> object:
        config = TrainConfig(epochs=1, optimizer="sgd", clip=None, tensorboard=False)
        rows = np.random.default_rng(0).normal(size=(40, 5, 3))
        data = Splits.from_arrays(rows, np.arange(40.0), task="regression")
        options: dict[str, Any] = {
            "max_trials": 1,
            "config": config,
            "progress": False,
            "baseline_seconds": 0,
        }
        return run_search(
            MODEL, data, directory=tmp_path / name, space=SearchSpace(training=training), **options
        )

    followed(
        lambda: search("wide", {"learning_rate": Choice((1e30, 1e31))}),
        "Correct that, or narrow the search space.",
        lambda: search("narrow", {"learning_rate": Choice((1e-3, 1e-4))}),
    )
