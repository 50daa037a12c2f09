"""Truth of ``rnnzoo.cli.config_file``: what a run writes makes it again, and what is typed wins over a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import refused
from rnnzoo.cli.app import run
from rnnzoo.cli.config_file import read_config
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.yaml_text import read_yaml, write_yaml

pytestmark = pytest.mark.usefixtures("in_own_folder")

WORDS = {"good": ["fine", "great", "lovely"], "bad": ["awful", "poor", "dull"]}
CONFIG: dict[str, Any] = {
    "model": "text-classifier-gru",
    "data": {"data": "t.csv", "text": "text", "label": "label", "max-tokens": 50},
    "arguments": {"units": 4, "embedding_size": 4},
    "training": {"epochs": 2, "learning_rate": 0.01, "seed": 7, "early_stopping": None, "tensorboard": False},
}


@pytest.fixture(autouse=True)
def table(in_own_folder: None) -> None:
    rows = [f"a {w} film {i},{k}\n" for i in range(12) for k, ws in WORDS.items() for w in ws]
    Path("t.csv").write_text("text,label\n" + "".join(rows))


def weights(directory: str) -> list[np.ndarray]:
    from rnnzoo.keras_models.loading import load_model

    return [np.asarray(value) for value in load_model(Path(directory) / "model.keras").get_weights()]


def train_by(path: str, out: str, *more: str) -> dict[str, Any]:
    assert run(["train", "--config", path, "--out", out, "--no-baselines", *more]) == 0
    written: dict[str, Any] = json.loads(Path(out, "config.json").read_text())
    return written


def test_what_a_run_writes_makes_the_same_run_again() -> None:
    Path("c.yaml").write_text(write_yaml(CONFIG))
    first = train_by("c.yaml", "first")
    kept = read_yaml(Path("first/config.yaml").read_text(), of="config.yaml")
    assert kept["model"] == "text-classifier-gru"
    assert kept["data"] == {
        "data": str(Path("t.csv").absolute()),
        "text": "text",
        "label": "label",
        "max_tokens": 50,
    }
    assert kept["arguments"] == {"units": [4], "embedding_size": 4}
    assert kept["training"] == first["train_config"]
    assert first["train_config"]["epochs"] == 2
    assert train_by("first/config.yaml", "again") == first
    for one, other in zip(weights("first"), weights("again"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_typed_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def record(*arguments: Any, **flags: Any) -> dict[str, Any]:
        asked.extend(arguments)
        return {}

    monkeypatch.setattr("rnnzoo.cli.train.run_training", record)
    data = {name: value for name, value in CONFIG["data"].items() if name != "max-tokens"}
    Path("c.json").write_text(json.dumps({**CONFIG, "data": {**data, "split-seed": 5, "test_fraction": 0.2}}))
    more = ["--epochs", "1", "--seed", "1", "--set", "embedding_size=3", "--set", "batch_size=16"]
    typed = ["text-classifier-lstm", "--split-seed", "2", "--out", "run", "--json"]
    assert run(["train", "--config", "c.json", *typed, *more]) == 0
    model, options, _, arguments, fields = asked
    assert model == "text-classifier-lstm"
    assert arguments == {"units": (4,), "embedding_size": 3}
    kept = {name: CONFIG["training"][name] for name in ("learning_rate", "early_stopping", "tensorboard")}
    assert fields == {**kept, "epochs": 1, "seed": 1, "batch_size": 16}
    assert options == DataOptions("t.csv", text="text", label="label", split_seed=2, test_fraction=0.2)


def test_three_formats_say_the_same() -> None:
    Path("c.toml").write_text(
        'model = "forecaster-gru"\n[data]\ndata = "t.csv"\nignore = ["a", "b"]\n[training]\nlearning_rate = 1e-3\n'
    )
    Path("c.YML").write_text(
        "model: forecaster-gru\ndata:\n  data: t.csv\n  ignore: [a, b]\ntraining: {learning_rate: 1e-3}\n"
    )
    Path("c.json").write_text(
        '{"model": "forecaster-gru", "data": {"data": "t.csv", "ignore": "a,b"}, '
        '"training": {"learning_rate": 1e-3}, "search": null}'
    )
    read = [read_config(path) for path in ("c.toml", "c.YML", "c.json")]
    assert {(config.model, config.data["ignore"], config.training["learning_rate"]) for config in read} == {
        ("forecaster-gru", "a,b", 0.001)
    }


WRONG = [
    ("c.yaml", "modle: x", "unknown key of c.yaml: received 'modle'; did you mean 'model'? expected one of"),
    ("c.yaml", "data: {txt: a}", "unknown data option of c.yaml: received 'txt'; did you mean 'text'?"),
    ("c.yaml", "training: {epoch: 1}", "unknown training field of c.yaml: received 'epoch'; did you mean 'epochs'"),
    ("c.yaml", "search: {trials: 1}", "unknown search setting of c.yaml: received 'trials'; did you mean 'max_trials'"),
    ("c.yaml", "data: t.csv", "c.yaml: data: received 't.csv'; expected keys with values. Correct it."),
    ("c.yaml", "[1]", "c.yaml: it: received [1]; expected keys with values. Correct it."),
    ("c.yaml", "model: 5", "c.yaml: model: received 5; expected the name of a model. Correct it."),
    ("c.yaml", "{model: a, data: {data: b, max_tokens: many}}", "Invalid value for '--max-tokens': "),
    ("c.toml", "model = ", "c.toml: Invalid value (at end of document); expected TOML. Correct it."),
    ("c.json", "{", "c.json: Expecting property name enclosed in double quotes"),
    ("c.ini", "", "--config: received c.ini; expected a file that ends in .yaml, .yml, .toml or .json. Rename it."),
    ("c.yaml", "", "Missing argument 'model'. See: rnnzoo train --help"),
    ("c.yaml", "model: text-classifier-gru", "Missing option '--data'. See: rnnzoo train --help"),
    (
        "c.yaml",
        "{model: text-classifier-gru, data: {data: digits}, search: {max_trials: 2}}",
        "c.yaml: received search, which is for rnnzoo tune; expected none for rnnzoo train. Leave it out.",
    ),
    (
        "c.yaml",
        "{model: text-classifier-gru, data: {data: digits}, arguments: {hidden_size: 2}}",
        "unknown argument of build_classifier in c.yaml: received 'hidden_size'; did you mean 'units'?",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), WRONG)
def test_what_a_file_does_wrong_is_named(
    name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_text(text)
    error = refused(capsys, "train", "--config", name, "--out", "run")
    assert error.startswith(f"error: {message}"), error
    assert error.count("\n") == 1


def test_a_file_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "train", "--config", "no.yaml", "--out", "run") == (
        "error: no.yaml: no such file; expected a file of settings. Check the path.\n"
    )


@pytest.mark.slow
def test_what_a_search_writes_makes_the_same_search_again() -> None:
    training = {**CONFIG["training"], "epochs": 1}
    search = {"algorithm": "random", "max_trials": 2, "seed": 3, "confirm": 1, "refit": "train+validation"}
    Path("c.yaml").write_text(write_yaml({**CONFIG, "training": training, "search": search}))
    assert run(["tune", "--config", "c.yaml", "--out", "first", "--no-baselines"]) == 0
    kept = read_config("first/config.yaml")
    assert kept.search == search
    assert (kept.training["seed"], kept.training["epochs"]) == (7, 1)
    assert run(["tune", "--config", "first/config.yaml", "--out", "again", "--no-baselines"]) == 0
    first, again = (
        json.loads(Path(name, "search.json").read_text())["settings"] for name in ("first", "again")
    )
    assert first == again
    best = read_config("first/best/config.yaml")
    assert best.arguments["units"]
    assert best.training == json.loads(Path("first/best/config.json").read_text())["train_config"]
    trials = [json.loads(Path(name, "trials.json").read_text())["trials"] for name in ("first", "again")]
    assert [row["score"] for row in trials[0]] == [row["score"] for row in trials[1]]
