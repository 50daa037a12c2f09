"""Truth of ``rnnzoo.cli.search_space``: what varies comes from a file, and is fixed on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import refused
from rnnzoo.cli.app import run
from rnnzoo.yaml_text import read_yaml
from rnnzoo_tuning import Choice, Integer, Real, SearchSpace, default_space

pytestmark = pytest.mark.usefixtures("in_own_folder")

MODEL = "series-classifier-bigru"
TUNE = ("tune", MODEL, "--data", "series.npz", "--out", "search", "--no-baselines", "--json")


@pytest.fixture(autouse=True)
def series(in_own_folder: None) -> None:
    x = np.random.default_rng(0).normal(size=(60, 5, 3)).astype(np.float32)
    np.savez("series.npz", x=x, y=x[:, -1, 0] > 0)


def asked(monkeypatch: pytest.MonkeyPatch, *options: str) -> dict[str, Any]:
    """What a search is asked for."""
    found: dict[str, Any] = {}

    class AskedError(Exception):
        pass

    def record(model: str, splits: Any, **settings: Any) -> None:
        found.update(settings, splits=splits)
        raise AskedError

    monkeypatch.setattr("rnnzoo_tuning.runner.run_search", record)
    with pytest.raises(AskedError):
        run([*TUNE, *options])
    return found


SPACES = {
    "space.yaml": "model:\n  units: [[3], [4, 4]]\ntraining:\n  learning_rate: {low: 1e-3, high: 1e-2, log: true}\n",
    "space.toml": "model.units = [[3], [4, 4]]\ntraining.learning_rate = {low = 1e-3, high = 1e-2, log = true}\n",
    "space.json": json.dumps(
        {
            "model": {"units": [[3], [4, 4]]},
            "training": {"learning_rate": {"kind": "real", "low": 1e-3, "high": 1e-2, "log": True}},
        }
    ),
}


@pytest.mark.parametrize("name", SPACES)
def test_a_file_says_what_varies(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(name).write_text(SPACES[name])
    space = asked(monkeypatch, "--space", name)["space"]
    assert space == SearchSpace(
        {"units": Choice(([3], [4, 4]))}, {"learning_rate": Real(1e-3, 1e-2, log=True)}
    )


def test_what_is_fixed_takes_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, "--fix", "units=8,8", "--fix", "batch_size=16", "--fix", "clip_bound=0.5")
    default = default_space(MODEL, found["splits"])
    assert found["space"] == default.fix(units=(8, 8), batch_size=16, clip_bound=0.5)
    assert found["space"].training["clip_bound"] == Choice((0.5,))
    Path("space.yaml").write_text("model: {width: [4, 8], depth: {low: 1, high: 2}}")
    found = asked(monkeypatch, "--space", "space.yaml", "--fix", "width=4")
    assert found["space"] == SearchSpace({"width": Choice((4,)), "depth": Integer(1, 2)})
    assert asked(monkeypatch)["space"] is None
    given = asked(monkeypatch, "--set", "dropout=0.1", "--fix", "batch_size=16")
    assert "dropout" not in given["space"].dimensions


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "",
            (),
            "error: space.yaml: received None; expected model and training with what varies. Write e.g. training: "
            "{batch_size: [32, 64]}.\n",
        ),
        (
            "[1]",
            (),
            "error: space.yaml: received [1]; expected model and training with what varies. Write e.g. "
            "training: {batch_size: [32, 64]}.\n",
        ),
        (
            "modl: {units: [3]}",
            (),
            "error: space.yaml: unknown key of a space: received 'modl'; did you mean 'model'? "
            "expected one of conditions, model, training.\n",
        ),
        (
            "model: {units: 3}",
            (),
            "error: space.yaml: units of a space: received 3; expected a list of values, or low and "
            "high. Write units: [3] for one value.\n",
        ),
        (
            "model: {unit: 3}",
            (),
            "error: space.yaml: unknown builder argument: received 'unit'; did you mean 'units'? expected one of ",
        ),
        (
            "training: {learning_rat: [0.1]}",
            (),
            "error: space.yaml: unknown training field: received 'learning_rat'; did you mean 'learning_rate'? ",
        ),
        (
            "training: {schedule: [constant, cosin]}",
            (),
            "error: space.yaml: unknown schedule: received 'cosin'; did you mean 'cosine'? ",
        ),
        (
            "model: {units: [3]}",
            ("--fix", "units"),
            "error: --fix: received 'units'; expected KEY=VALUE. Write e.g. --fix batch_size=32.\n",
        ),
        (
            "model: {units: [3]}",
            ("--fix", "drpout=0.1"),
            "error: unknown setting: received 'drpout'; did you mean 'dropout'?",
        ),
    ],
)
def test_wrong_spaces_are_named(
    text: str, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("space.yaml").write_text(text)
    assert refused(capsys, *TUNE, "--space", "space.yaml", *options).startswith(message)
    assert not Path("search").exists()


def test_a_file_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("space.txt").write_text("")
    assert refused(capsys, *TUNE, "--space", "space.txt") == (
        "error: --space: received space.txt; expected a file that ends in .yaml, .yml, .toml or .json. Rename it.\n"
    )


@pytest.mark.slow
def test_a_search_keeps_its_space_and_makes_the_same_again(capsys: pytest.CaptureFixture[str]) -> None:
    Path("space.yaml").write_text(
        "model: {units: [[3], [4]]}\n"
        "training: {optimizer: [adam, adamw], weight_decay: {low: 1e-4, high: 1e-2, log: true}}\n"
        "conditions: {weight_decay: {on: optimizer, values: [adamw]}}\n"
    )
    more = ("--no-bundle", "--max-trials", "3", "--epochs", "1", "--algorithm", "random")
    assert run([*TUNE, "--space", "space.yaml", "--fix", "batch_size=16", *more]) == 0
    first = json.loads(capsys.readouterr().out)
    kept = read_yaml(Path("search/config.yaml").read_text(), of="config.yaml")
    assert kept["search"]["baseline_seconds"] == 0
    assert kept["search"]["bundle"] is False
    assert first["bundle"] is None
    assert first["trials"][first["best_trial"] - 1]["score"] == max(row["score"] for row in first["trials"])
    assert kept["space"]["conditions"] == {"weight_decay": {"on": "optimizer", "values": ["adamw"]}}
    assert run(["tune", "--config", "search/config.yaml", "--out", "again", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["bundle"] is None
    assert again["best"]["baselines"]["scores"] == {}
    for one, other in zip(first["trials"], again["trials"], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
        assert ("weight_decay" in one) == (one["optimizer"] == "adamw")
