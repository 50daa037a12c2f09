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
from rnnzoo_tuning import Choice, SearchSpace, default_space, run_search


@pytest.fixture(scope="module")
def splits() -> Splits:
    x = np.random.default_rng(0).normal(size=(40, 5, 3)).astype(np.float32)
    return Splits.from_arrays(x, ["a", "b"] * 20)


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
    with pytest.raises(ArgumentError) as error:
        run_search("series-classifier-gru", splits, directory=tmp_path / "search", progress=False, **options)
    assert str(error.value) == message
    assert not (tmp_path / "search").exists()


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
