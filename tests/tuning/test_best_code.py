"""Truth of ``rnnzoo_tuning.best_code``: the code of the best settings runs as it is written, and gives that model."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from hand_made_search import ADAM, MODEL, SGD, done, write_search
from rnnzoo import TrainConfig, load_dataset
from rnnzoo.cli.app import run
from rnnzoo.files import read_json
from rnnzoo_tuning import Choice, SearchSpace, run_search
from rnnzoo_tuning.best_code import BestCode, best_code
from rnnzoo_tuning.kept_search import open_search

SPACE = """
model: {units: [[4], [6]]}
training: {learning_rate: [0.01, 0.02]}
"""


def of_best(root: Path) -> BestCode:
    search = open_search(root)
    return best_code(search, search.trials[-1][0])


def test_only_what_is_not_at_its_default_is_written(tmp_path: Path) -> None:
    adam = of_best(write_search(tmp_path / "adam", done(0.5, **ADAM)))
    assert adam.arguments == {"dropout": 0.1, "units": (8,)}
    shared = {"epochs": 3, "batch_size": 128, "tensorboard": False}
    assert adam.fields == {**shared, "learning_rate": 0.01}
    sgd = of_best(write_search(tmp_path / "sgd", done(0.5, **SGD)))
    assert sgd.arguments["units"] == (16, 16)
    assert sgd.fields == {**shared, "learning_rate": 0.02, "optimizer": "sgd", "clip_bound": 0.5}
    assert adam.command() == ""
    assert "# splits: the data that the search was given (digits (scikit-learn))" in adam.python()


def test_width_and_depth_are_units(tmp_path: Path) -> None:
    space = {
        "width": {"kind": "choice", "values": [8]},
        "depth": {"kind": "integer", "low": 1, "high": 2, "step": 1},
    }
    root = write_search(tmp_path / "search", done(0.5), model_space=space, training_space={}, conditions={})
    search = open_search(root)
    trial = search.trials[0][0]
    trial.values["depth"] = 2
    assert best_code(search, trial).arguments["units"] == (8, 8)


def test_python_runs_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a search of the command, on a set and its split: the same scores as the best model has."""
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(SPACE)
    words = (
        f"tune {MODEL} --data digits --split-seed 3 --out search --space space.yaml --max-trials 2 --epochs 1"
    )
    assert run([*words.split(), "--set", "batch_size=256", "--no-baselines"]) == 0
    scored = read_json(Path("search/best/metrics.json"), "metrics")["test"]
    code = open_search(Path("search"))
    best = max((trial for trial, _ in code.trials), key=lambda trial: trial.score or 0.0)
    exec(best_code(code, best).python(), {})
    assert read_json(Path("best-run/metrics.json"), "metrics")["test"] == scored
    Path("best-run").rename("first")
    command = shlex.split(best_code(code, best).command())
    assert command[:3] == ["rnnzoo", "train", MODEL]
    assert run([*command[1:], "--no-baselines"]) == 0
    assert read_json(Path("best-run/metrics.json"), "metrics")["test"] == scored


def test_a_table_is_read_as_the_command_read_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = tmp_path / "load.csv"
    table.write_text("load\n" + "\n".join(f"{value:.3f}" for value in rng.normal(size=200)))
    data = {"data": str(table), "target": ["load"], "window": 8, "horizon": 2}
    code = BestCode("forecaster-gru", {"units": (2,)}, {"epochs": 1}, {**data, "target": "load"})
    made: dict[str, Any] = {}
    exec(code.python().partition("config =")[0], made)
    assert made["splits"].model_arguments["horizon"] == 2
    assert shlex.split(code.command())[3:11] == [
        *("--data", str(table), "--target", "load", "--window", "8", "--horizon", "2"),
    ]
    repeated = BestCode("forecaster-gru", {}, {}, {**data, "target": ["load", "price"], "from_disk": True})
    assert "--target load --target price --window 8 --horizon 2 --from-disk --out" in repeated.command()


def build_mine(units: int, num_features: int, num_classes: int) -> keras.Model:
    inputs = keras.Input((8, num_features), name="features")
    return keras.Model(
        inputs, keras.layers.Dense(num_classes, name="logits")(keras.layers.GRU(units)(inputs))
    )


def test_a_function_is_imported_and_called(tmp_path: Path) -> None:
    model = f"{build_mine.__module__}.{build_mine.__qualname__}"
    root = write_search(tmp_path / "search", done(0.5, **ADAM), model=model, arguments={})
    python = of_best(root).python()
    assert f"from {build_mine.__module__} import build_mine\n" in python
    assert "# arguments: add those of splits.model_arguments that build_mine takes\n" in python
    assert 'arguments = {"units": (8,)}\nmodel = build_mine(**arguments)\n' in python
    assert of_best(root).command() == ""
    inner = BestCode("tests.module.test.<locals>.build", {}, {}).python()
    assert "from tests" not in inner


def test_a_hypermodel_gets_its_values(tmp_path: Path) -> None:
    options: dict[str, Any] = {"model": "mine.Mine", "model_space": {}, "arguments": {}, "conditions": {}}
    root = write_search(tmp_path / "search", done(0.5, **ADAM), **options)
    python = of_best(root).python()
    assert "from mine import Mine\n" in python
    drawn = '{"units": "[8]", "learning_rate": 0.01, "optimizer": "\\"adam\\""}'
    assert f"values.values = {drawn}\nmodel = Mine().build(values)" in python


def test_an_array_is_named_for_what_it_was(tmp_path: Path) -> None:
    matrix = {"shape": [4, 2], "dtype": "float32", "sha256": "0"}
    code = BestCode("text-classifier-gru", {"embedding_matrix": matrix}, {}, {"data": "trec"})
    assert "# embedding_matrix: the array of shape (4, 2) that the search was given\n" in code.python()
    assert '"embedding_matrix": embedding_matrix}' in code.python()
    assert code.command() == ""


def test_a_search_from_python_shows_code_for_its_splits(tmp_path: Path) -> None:
    splits = load_dataset("digits")
    space = SearchSpace(model={"units": Choice((2, 3))}, training={})
    options: dict[str, Any] = {"config": TrainConfig(epochs=1, batch_size=512), "progress": False}
    result = run_search(MODEL, splits, space=space, max_trials=1, directory=tmp_path / "search", **options)
    python = of_best(tmp_path / "search").python()
    assert '"best-run"' in python
    exec(python.replace('"best-run"', json.dumps(str(tmp_path / "again"))), {"splits": splits})
    again = read_json(tmp_path / "again" / "metrics.json", "metrics")
    assert again["test"] == result.best.metrics["test"]
