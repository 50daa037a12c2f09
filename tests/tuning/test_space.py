"""Truth of ``rnnzoo_tuning.space``: what is given and varies at once is refused before the first trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import EncoderConfig, Splits, TrainConfig
from rnnzoo.errors import ArgumentError
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, default_space, run_search


@pytest.fixture(scope="module")
def splits() -> Splits:
    x = np.random.default_rng(0).normal(size=(40, 5, 3)).astype(np.float32)
    return Splits.from_arrays(x, ["a", "b"] * 20)


def assert_refused(options: dict[str, Any], message: str, splits: Splits, directory: Path) -> None:
    """Asserts that a search is refused with a message before anything is written."""
    with pytest.raises(ArgumentError) as error:
        run_search("series-classifier-gru", splits, directory=directory, progress=False, **options)
    assert str(error.value) == message
    assert not directory.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"space": {}},
            "space: received {}; expected a SearchSpace. Write SearchSpace(model={'dropout': Real(0.0, 0.5)}).",
        ),
        (
            {"space": SearchSpace(model={"units": Choice((3, 4))}), "arguments": {"units": 4}},
            "arguments: received units=4, which the space draws too; expected it in one of them. Leave it out of "
            "arguments, or out of the space.",
        ),
        (
            {
                "space": SearchSpace(model={"dropout": Choice((0.0, 0.1))}),
                "arguments": {"encoder": EncoderConfig(units=4)},
            },
            "arguments: received a ready encoder or embedding, which says dropout, and the space draws dropout too; "
            "expected it in one of them. Pass its other fields flat, or leave dropout out of the space.",
        ),
    ],
)
def test_a_space_that_contradicts_is_refused(
    options: dict[str, Any], message: str, splits: Splits, tmp_path: Path
) -> None:
    assert_refused(options, message, splits, tmp_path / "search")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"constraints": ["size_mb"]},
            "constraints: received ['size_mb']; expected a mapping. Write constraints={'latency_ms': 2.0}.",
        ),
        ({"config": 3}, "config: received 3; expected a TrainConfig. Write TrainConfig(epochs=20)."),
        (
            {"arguments": ["units"]},
            "arguments: received ['units']; expected a mapping. Write arguments={'units': (64,)}.",
        ),
        (
            {"objectives": 3},
            "objectives: received 3; expected names. Write objectives=('accuracy', 'latency_ms').",
        ),
        (
            {"objectives": "foo"},
            "unknown objective: received 'foo'; expected one of accuracy, latency_ms, loss, macro_f1, parameters, "
            "size_mb, step_ms.",
        ),
        (
            {"space": SearchSpace(training={"schedule": Choice(("constant", "cosin"))})},
            "unknown schedule: received 'cosin'; did you mean 'cosine'? expected one of constant, cosine, exponential, "
            "linear, one_cycle, slanted_triangular.",
        ),
        (
            {"space": SearchSpace(training={"batch_size": Integer(0, 4)})},
            "batch_size: received 0; expected an integer of at least 1.",
        ),
        (
            {"space": SearchSpace(training={"learning_rate": Real(-1.0, 0.1)})},
            "learning_rate: received -1.0; expected a finite number above 0.",
        ),
        (
            {"resume": True, "overwrite": True},
            "resume: received it with overwrite (--force); expected one of them: go on with what is there, or replace "
            "it. Leave one out.",
        ),
    ],
)
def test_what_is_of_another_kind_is_refused_before_anything_is_written(
    options: dict[str, Any], message: str, splits: Splits, tmp_path: Path
) -> None:
    assert_refused(options, message, splits, tmp_path / "search")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"model": 3},
            "model of a space: received 3; expected a mapping. Write model={'dropout': Real(0.0, 0.5)}.",
        ),
        (
            {"conditions": [1]},
            "conditions of a space: received [1]; expected a mapping. Write conditions={'weight_decay': "
            "Condition('optimizer', ('adamw',))}.",
        ),
        (
            {"training": {"batch_size": [32, 64]}},
            "batch_size of a space: received [32, 64]; expected a Choice, an Integer or a Real. Write {'batch_size': "
            "Choice((32, 64))}.",
        ),
        (
            {"model": {"dropout": 0.1}},
            "dropout of a space: received 0.1; expected a Choice, an Integer or a Real. Write {'dropout': "
            "Choice((0.1,))}.",
        ),
    ],
)
def test_parts_of_another_kind_are_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        SearchSpace(**parts)
    assert str(error.value) == message


def test_a_space_is_read_from_a_mapping() -> None:
    with pytest.raises(ArgumentError) as error:
        SearchSpace.from_dict(3)  # type: ignore[arg-type]
    assert str(error.value) == (
        "space: received 3; expected a mapping. Write {'training': {'batch_size': [32, 64]}}."
    )


def test_data_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as error:
        run_search("series-classifier-gru", None, directory=tmp_path / "search")  # type: ignore[arg-type]
    assert str(error.value) == (
        "splits: received None; expected rnnzoo.Splits. Make them with read_texts, read_series or Splits.from_arrays."
    )


@pytest.mark.slow
def test_the_default_space_leaves_out_what_is_given(splits: Splits, tmp_path: Path) -> None:
    result = run_search(
        "series-classifier-gru",
        splits,
        directory=tmp_path / "search",
        arguments={"units": (3,), "dropout": 0.1},
        max_trials=1,
        config=TrainConfig(epochs=1),
        progress=False,
        baseline_seconds=0,
        bundle=False,
    )
    facts, varied = (
        {"trial", "status", "score", "seconds"},
        set(default_space("series-classifier-gru", splits).training),
    )
    assert set(result.trials[0]) == facts | varied
    assert result.best.model.get_layer("gru_1").units == 3


@pytest.mark.slow
def test_a_failed_trial_keeps_its_reason(splits: Splits, tmp_path: Path) -> None:
    def build(units: int, num_features: int, num_classes: int) -> keras.Model:
        if units == 4:
            raise ValueError("no model of 4 units")
        x = keras.Input((None, num_features), name="features")
        return keras.Model(x, keras.layers.Dense(num_classes, name="logits")(keras.layers.GRU(units)(x)))

    run_search(
        build,
        splits,
        directory=tmp_path / "search",
        space=SearchSpace(model={"units": Choice((3, 4))}),
        algorithm="grid",
        max_trials=2,
        config=TrainConfig(epochs=1),
        progress=False,
        baseline_seconds=0,
        bundle=False,
    )
    rows = json.loads((tmp_path / "search" / "trials.json").read_text())["trials"]
    assert {row["status"]: row.get("reason") for row in rows} == {
        "done": None,
        "failed": "ValueError: no model of 4 units",
    }


@pytest.mark.parametrize(("name", "value"), [("depth", 1.5), ("depth", True), ("width", 32.5), ("width", 0)])
def test_width_and_depth_are_counts(name: str, value: Any) -> None:
    space = SearchSpace(model={"width": Choice((4, 8)), "depth": Choice((1, 2))}).fix(**{name: value})
    with pytest.raises(ArgumentError, match=f"{name}: received {value}; expected an integer of at least 1"):
        space.check({"units"})
