"""Truth of ``rnnzoo.training.run.checkpoint``.

kill -9 in the middle of training, then --resume: the same run as if nothing had happened.
"""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import TrainConfig, create_model, load_dataset, load_model, train
from rnnzoo.errors import PathExistsError, RunError
from rnnzoo.files import remove_partial, replacing

COMMAND = [
    *(sys.executable, "-m", "rnnzoo", "train", "series-classifier-gru", "--data", "digits", "--epochs", "6"),
    *(
        "--set",
        "units=12",
        "--set",
        "dropout=0.4",
        "--set",
        "reduce_on_plateau=1",
        "--set",
        "learning_rate=0.02",
    ),
    *("--set", "optimizer=nadam", "--set", "early_stopping=3", "--seed", "5"),
]


def start(directory: Path, *options: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "--out", str(directory), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(directory: Path, *options: str) -> str:
    with start(directory, *options) as process:
        _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    return errors


def kill_after(directory: Path, epoch: int, *options: str, pause: float) -> None:
    """Kills the run with signal 9 a moment after it told of an epoch, or of a later one."""
    with start(directory, *options) as process:
        assert process.stderr is not None
        seen = []
        for text in process.stderr:
            seen.append(text)
            if text.startswith("epoch ") and int(text[6:].partition("/")[0]) >= epoch:
                break
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL, "".join(seen)


def history(directory: Path) -> list[dict[str, str]]:
    with (directory / "history.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_a_killed_run_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    finish(tmp_path / "whole")
    kill_after(tmp_path / "killed", 2, pause=0.1)
    kill_after(tmp_path / "killed", 4, "--resume", pause=0.0)
    assert not (tmp_path / "killed" / "metrics.json").exists()
    errors = finish(tmp_path / "killed", "--resume")
    assert "epoch 2/6" not in errors, "a finished epoch was trained again"
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def assert_same_run(found: Path, expected: Path) -> None:
    """The same history, weights to the last bit, and files."""
    assert history(found) == history(expected)
    models = [load_model(path / "model.keras").get_weights() for path in (found, expected)]
    for one, other in zip(*models, strict=True):
        np.testing.assert_array_equal(one, other)
    assert {path.name for path in found.iterdir()} == {path.name for path in expected.iterdir()}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_that_is_killed_twenty_times_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    options = ("--epochs", "24", "--set", "early_stopping=null")
    finish(tmp_path / "whole", *options)
    rng = random.Random(0)
    for epoch in sorted(rng.sample(range(1, 23), 20)):
        kill_after(tmp_path / "killed", epoch, *options, "--resume", pause=rng.uniform(0.0, 0.1))
    finish(tmp_path / "killed", *options, "--resume")
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


class Interrupt(keras.callbacks.Callback):
    """Stops training as Ctrl-C does, after an epoch counted from 0 or in the middle of it."""

    def __init__(self, epoch: int, *, within: bool = False) -> None:
        super().__init__()
        self._epoch, self._within, self._now = epoch, within, 0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._now = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self._within and self._now == self._epoch:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch == self._epoch:
            raise KeyboardInterrupt


def test_a_run_with_other_settings_is_not_resumed(tmp_path: Path) -> None:
    splits = load_dataset("digits")

    def model(units: int) -> keras.Model:
        return create_model("series-classifier-gru", **{**splits.model_arguments, "units": (units,)})

    config = TrainConfig(epochs=3, tensorboard=False)
    with pytest.raises(KeyboardInterrupt):
        train(
            model(4),
            splits,
            config=config,
            directory=tmp_path / "run",
            callbacks=[Interrupt(1)],
            progress=False,
        )
    other = TrainConfig(epochs=3, tensorboard=False, learning_rate=0.5)
    with pytest.raises(
        RunError, match=r"cannot resume: train_config differs: learning_rate was 0.001, now 0.5"
    ):
        train(model(4), splits, config=other, directory=tmp_path / "run", resume=True, progress=False)
    # All that differs is named; a field that is younger than the run is not, for it has its default.
    kept = json.loads((tmp_path / "run" / "config.json").read_text())
    del kept["train_config"]["steps_per_execution"]
    (tmp_path / "run" / "config.json").write_text(json.dumps(kept))
    other = TrainConfig(epochs=4, tensorboard=False, learning_rate=0.5)
    named = r"train_config differs: epochs was 3, now 4, learning_rate was 0\.001, now 0\.5\. Resume"
    with pytest.raises(RunError, match=named):
        train(model(4), splits, config=other, directory=tmp_path / "run", resume=True, progress=False)
    with pytest.raises(RunError, match="cannot resume: model differs"):
        train(model(5), splits, config=config, directory=tmp_path / "run", resume=True, progress=False)
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    whole = checkpoint.read_bytes()
    with np.load(checkpoint) as file:
        arrays = {name: array for name, array in file.items() if name != "state"}
    without = io.BytesIO()
    np.savez(without, **arrays)
    for damaged in (b"broken", whole[: len(whole) // 2], without.getvalue()):
        checkpoint.write_bytes(damaged)
        with pytest.raises(RunError, match="not a readable checkpoint"):
            train(model(4), splits, config=config, directory=tmp_path / "run", resume=True, progress=False)


def test_a_run_stopped_in_its_first_epoch_starts_anew(tmp_path: Path) -> None:
    splits = load_dataset("digits")
    config = TrainConfig(epochs=1, tensorboard=False)

    def run(**settings: Any) -> None:
        keras.utils.set_random_seed(0)
        model = create_model("series-classifier-gru", units=(4,), **splits.model_arguments)
        train(model, splits, config=config, directory=tmp_path / "run", progress=False, **settings)

    with pytest.raises(KeyboardInterrupt):
        run(callbacks=[Interrupt(0, within=True)])
    with pytest.raises(PathExistsError, match=r"already holds an unfinished run \(resume goes on with it\)"):
        run()
    with pytest.raises(RunError, match=r"received the callbacks .*; expected .*, Interrupt\. Pass"):
        run(resume=True)
    (tmp_path / "run" / "checkpoint.npz").unlink()
    run(resume=True)
    assert (tmp_path / "run" / "metrics.json").is_file()
    with pytest.raises(PathExistsError, match="already holds a run"):
        run()


def test_what_a_killed_writer_left_is_deleted(tmp_path: Path) -> None:
    for name in ("model.keras", "plots/history.png", "plots/.notes.txt"):
        with replacing(tmp_path / name) as partial:
            partial.write_text("whole")
            shutil.copy(partial, partial.with_name(partial.name.replace(".partial-", ".partial-0")))
    assert len(list(tmp_path.rglob(".*.partial-*"))) == 3
    remove_partial(tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} == {
        "model.keras",
        "plots",
        "history.png",
        ".notes.txt",
    }
