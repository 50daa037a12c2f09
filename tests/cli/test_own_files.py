"""Truth of ``rnnzoo.cli.data_loading``: every family of the zoo is trained on files of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from own_files import OWN_FILES
from rnnzoo.cli.app import run
from rnnzoo.families import FAMILIES
from slow_cases import slow_but

pytestmark = pytest.mark.usefixtures("in_own_folder")


def train_family(name: str) -> dict[str, object]:
    write, small = OWN_FILES[name]
    settings = [word for setting in small for word in ("--set", setting)]
    command = ["train", FAMILIES[name].start, *write(), *settings, "--epochs", "1", "--no-baselines"]
    assert run([*command, "--set", "tensorboard=false", "--out", "run"]) == 0
    metrics: dict[str, object] = json.loads(Path("run/metrics.json").read_text())
    return metrics


@pytest.mark.parametrize("name", slow_but(FAMILIES, "series-tagger", "forecaster"))
def test_the_model_to_start_with_is_trained_on_own_files(name: str) -> None:
    metrics = train_family(name)
    assert metrics["epochs"] == 1
    assert metrics["test"]
    assert run(["evaluate", "run"]) == 0  # the data are read again


def test_every_family_has_own_files() -> None:
    assert list(OWN_FILES) == list(FAMILIES)


@pytest.mark.slow
def test_what_was_trained_on_own_files_is_exported_and_asked(capsys: pytest.CaptureFixture[str]) -> None:
    train_family("forecaster")
    assert run(["export", "run", "--out", "bundle"]) == 0
    capsys.readouterr()
    assert run(["predict", "bundle", "--input", "hours.csv", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert len(answer["values"]["load"]) == 3
