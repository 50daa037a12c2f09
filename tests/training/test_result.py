"""Truth of ``rnnzoo.training.result``: what a result shows of itself in a notebook and in a shell."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import keras

from notebook_output import facts, shown, table
from rnnzoo.training.result import TrainResult

TEST = {"accuracy": 0.9, "macro_f1": 0.8, "loss": 0.3}
BASELINES = {"majority": {"accuracy": 0.5, "macro_f1": 0.2}, "linear": {"accuracy": 0.95, "macro_f1": 0.7}}


def result(directory: Path | None = None, **fields: Any) -> TrainResult:
    history = [
        {"epoch": 1, "loss": 0.9, "val_loss": 0.8, "accuracy": 0.5, "val_accuracy": 0.6},
        {"epoch": 2, "loss": 0.5, "val_loss": 0.6, "accuracy": 0.7, "val_accuracy": 0.8},
    ]
    inputs = keras.Input((2,))
    values: dict[str, Any] = {
        "model": keras.Model(inputs, keras.layers.Dense(1)(inputs), name="small"),
        "history": history,
        "metrics": {"validation": {"accuracy": 0.8, "loss": 0.6}, "test": TEST},
        "best_epoch": 2,
        "stop_reason": "all epochs done",
        "seconds": 1.25,
        "directory": directory,
    }
    return TrainResult(**{**values, **fields})


def kept(directory: Path, test: dict[str, float], scores: dict[str, dict[str, float]]) -> None:
    metrics = {"test": test, "baselines": {"part": "test", "scores": scores}}
    (directory / "metrics.json").write_text(json.dumps(metrics))


def curve(tree: ElementTree.Element) -> str | None:
    return next(element.get("aria-label") for element in tree.iter("svg"))


def test_a_result_without_a_run_shows_its_own_scores() -> None:
    tree = shown(result())
    assert facts(tree) == {"best epoch": "2 of 2", "stopped": "all epochs done", "training": "1.2 s"}
    assert table(tree, "Scores on the test part") == [
        {"method": "model", "accuracy": "0.9", "macro_f1": "0.8", "loss": "0.3"}
    ]
    assert table(tree, "Scores on the validation part")[0]["accuracy"] == "0.8"
    assert curve(tree) == "accuracy over 2 epochs: training, validation; epoch 2 is marked"
    assert repr(result()).startswith("small, trained\n  best epoch  2 of 2\n")


def test_baselines_of_the_run_stand_beside_it_and_the_best_is_marked(tmp_path: Path) -> None:
    kept(tmp_path, TEST, BASELINES)
    rows = table(shown(result(tmp_path)), "Scores on the test part")
    assert rows == [
        {"method": "model", "accuracy": "0.9", "macro_f1": "0.8"},
        {"method": "majority", "accuracy": "0.5", "macro_f1": "0.2"},
        {"method": "linear (best)", "accuracy": "0.95", "macro_f1": "0.7", "best": "yes"},
    ]
    assert "linear (best)" in repr(result(tmp_path))


def test_less_of_an_error_is_better_and_of_other_scores_nothing_is_said(tmp_path: Path) -> None:
    for name, best in (("mae", "model (best)"), ("coverage", None)):
        scores = {name: 1.0, "loss": 0.3}
        kept(tmp_path, scores, {"naive": {name: 2.0}})
        of_run = result(tmp_path, metrics={"validation": scores, "test": scores})
        rows = table(shown(of_run), "Scores on the test part")
        assert next((row["method"] for row in rows if "best" in row), None) == best


def test_baselines_of_another_run_in_its_place_are_not_its_own(tmp_path: Path) -> None:
    kept(tmp_path, {**TEST, "accuracy": 0.1}, BASELINES)
    assert len(table(shown(result(tmp_path)), "Scores on the test part")) == 1
    assert shown(dataclasses.replace(result(), directory=tmp_path / "gone"))


def test_a_result_without_test_part_or_history_is_shown_too() -> None:
    bare = result(metrics={"validation": {"mae": 1.0}}, history=[])
    tree = shown(bare)
    assert table(tree, "Scores on the validation part") == [{"method": "model", "mae": "1"}]
    assert list(tree.iter("svg")) == []
