"""Truth of ``rnnzoo.registration``: a package outside of the tree adds one part of each kind, and all work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import rnnzoo
import rnnzoo_tuning
from rnnzoo.decoding.answers import DECODINGS, ClassDecoding
from rnnzoo.errors import ArgumentError, BundleError, UnknownNameError
from rnnzoo.registration import TABLES, registry
from rnnzoo_export import OnnxPredictor, load_bundle

OWN = Path(__file__).parents[1] / "own_package"
TEXTS = ["80 7f 80 81 80 7f 80", "10 f0 10 f0 10 f0 10 f0 10"]


def command(*arguments: object, own: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user who keeps the package in the folder that Python looks in."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(OWN), os.environ.get("PYTHONPATH")])),
    }
    if not own:
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    line = [sys.executable, "-m", "rnnzoo", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=240)


def done(*arguments: object) -> str:
    result = command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@contextmanager
def served(bundle: Path, package: str) -> Iterator[str]:
    """The address of a server of a bundle that imports a package."""
    serve = [sys.executable, "-m", "rnnzoo", "serve", str(bundle), "--port", "0", "--import", package]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(OWN), os.environ.get("PYTHONPATH")])),
    }
    process = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        found = None
        while found is None and (line := process.stderr.readline()):
            found = re.search(r"http://[\d.]+:\d+", line)
        assert found
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module", autouse=True)
def _leave_nothing_registered() -> Iterator[None]:
    """Other tests ask the tables of this process."""
    before = {kind: set(registry(kind)) for kind in TABLES}
    yield
    for kind, names in before.items():
        for name in set(registry(kind)) - names:
            registry(kind).remove(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tidal"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the package, trained and exported by commands."""
    folder = tmp_path_factory.mktemp("own")
    done(
        "train", "tidal-leaky", "--data", "tides", "--import", "tidal", "--out", folder / "run",
        "--epochs", 8, "--learning-rate", 0.03, "--no-baselines",
    )  # fmt: skip
    done("export", folder / "run", "--out", folder / "bundle", "--import", "tidal")
    return folder / "bundle"


def test_the_bundle_names_own_kinds_by_class_and_package(bundle: Path) -> None:
    stored = {
        name: json.loads((bundle / name).read_text()) for name in ("preprocessing.json", "decoding.json")
    }
    assert stored["preprocessing.json"]["kind"] == "hex-readings"
    assert stored["preprocessing.json"]["class"] == "tidal.serving.HexReadings"
    assert stored["preprocessing.json"]["package"] == "tidal"
    assert stored["preprocessing.json"]["config"] == {"scale": 2.0}
    assert stored["decoding.json"]["class"] == "tidal.serving.LevelDecoding"
    metrics = json.loads((bundle.parent / "run" / "metrics.json").read_text())
    assert {"accuracy", "within_one"} <= metrics["test"].keys()
    assert metrics["test"]["within_one"] >= metrics["test"]["accuracy"] > 0.5


def test_it_is_served_with_the_package_and_answers_as_in_process(bundle: Path) -> None:
    from tidal.serving import HexReadings

    with served(bundle, "tidal.serving") as address:
        answer = httpx.post(f"{address}/v2/models/tidal-leaky/predict", json={"inputs": TEXTS}, timeout=30)
        wrong = httpx.post(f"{address}/v2/models/tidal-leaky/predict", json={"inputs": ["zz"]}, timeout=30)
    assert answer.status_code == 200
    found = answer.json()["answers"]
    assert [row["label"] for row in found] == ["calm", "spring"]
    assert 0 <= found[0]["level"] < found[1]["level"] <= 1
    predictor = OnnxPredictor(load_bundle(bundle))
    assert isinstance(predictor.bundle.preprocessing, HexReadings)
    assert predictor.predict(TEXTS) == found
    assert wrong.status_code == 400
    assert "received 'zz'; expected bytes such as '00 7f ff'." in wrong.json()["error"]


def test_without_the_package_one_line_says_what_to_import(bundle: Path) -> None:
    result = command("serve", bundle, "--port", "0", own=False)
    assert result.returncode != 0
    (line,) = result.stderr.strip().splitlines()
    assert "tidal.serving.HexReadings" in line
    assert "rnnzoo serve --import tidal.serving" in line
    exported = command("export", bundle.parent / "run", "--out", bundle.parent / "other")
    assert "tidal.serving.LevelDecoding" in exported.stderr.splitlines()[-1]
    assert not (bundle.parent / "other").exists()
    code = f"import rnnzoo_export; rnnzoo_export.load_bundle({str(bundle)!r})"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "tidal.serving.HexReadings" in alone.stderr.splitlines()[-1]
    assert "`import tidal.serving`" in alone.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_search_takes_its_parts(tmp_path: Path) -> None:
    import tidal  # noqa: F401 - registers

    found = rnnzoo_tuning.run_search(
        "tidal-leaky",
        rnnzoo.load_dataset("tides", rows=60),
        directory=tmp_path / "search",
        space=rnnzoo_tuning.SearchSpace(model={"cell": rnnzoo_tuning.Choice(("leaky", "gru"))}),
        config=rnnzoo.TrainConfig(epochs=1, tensorboard=False),
        algorithm="grid",
        max_trials=2,
        progress=False,
        baseline_seconds=0,
    )
    assert sorted(trial["cell"] for trial in found.trials) == ['"gru"', '"leaky"']
    again = rnnzoo.load_model(tmp_path / "search" / "best" / "model.keras")
    batch = rnnzoo.load_dataset("tides", rows=60).rows("test").gather([0, 1])[0]
    assert np.allclose(again(batch), found.best.model(batch), atol=1e-6)


def test_registering_says_what_is_wrong() -> None:
    with pytest.raises(UnknownNameError, match=r"'cells'.*'cell'"):
        rnnzoo.register("cells", "own", object())
    for kind in ("task", "preprocessing", "decoding", "cell", "pooling", "reader", "builder", "model"):
        with pytest.raises(ArgumentError, match=r"received"):
            rnnzoo.register(kind, "own", 7)


def test_an_own_part_cannot_take_the_place_of_another() -> None:
    import tidal.training

    entry: Any = tidal.training.LeakyCell
    with pytest.raises(ArgumentError, match="'lstm' for a cell, which is rnnzoo's"):
        rnnzoo.register("cell", "lstm", entry)
    assert rnnzoo.register("cell", "leaky", entry) is entry  # once more is no harm


def test_an_own_part_is_replaced_where_that_is_asked_for() -> None:
    class First(ClassDecoding):
        pass

    class Second(ClassDecoding):
        pass

    rnnzoo.register("decoding", "again", First)
    try:
        with pytest.raises(ArgumentError, match=r"or pass replace=True to rnnzoo\.register"):
            rnnzoo.register("decoding", "again", Second)
        rnnzoo.register("decoding", "again", Second, replace=True)
        assert DECODINGS["again"] is Second
        with pytest.raises(ArgumentError, match="received 7"):
            rnnzoo.register("decoding", "again", 7, replace=True)
        assert DECODINGS["again"] is Second
        with pytest.raises(ArgumentError, match="which is rnnzoo's"):
            rnnzoo.register("decoding", "regression", Second, replace=True)
    finally:
        DECODINGS.remove("again")


def test_a_damaged_name_of_a_class_is_shown_and_not_imported(bundle: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    stored = json.loads((copy / "preprocessing.json").read_text())
    stored |= {"kind": "unheard-of", "class": "antigravity.Fly", "package": "antigravity"}
    (copy / "preprocessing.json").write_text(json.dumps(stored))
    with pytest.raises(BundleError):  # its checksum, before anything else
        load_bundle(copy)
    assert "antigravity" not in sys.modules
