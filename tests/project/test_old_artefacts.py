"""Truth of ``rnnzoo.training.run.run_directory``.

What an earlier release wrote loads and answers as it did then (made by ``tests/artefacts/make_artefacts.py``).
"""

# mypy: disable-error-code="union-attr, index"

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from rnnzoo import load_dataset, load_model
from rnnzoo.cli.app import run as rnnzoo_command
from rnnzoo.cli.export import export_run
from rnnzoo.errors import RunError
from rnnzoo.training.run.run_directory import open_run
from rnnzoo_export import OnnxPredictor, StreamingPredictor, load_bundle
from rnnzoo_tuning import run_search

RELEASES = sorted((Path(__file__).parents[1] / "artefacts").glob("release-*.tar.xz"))


@pytest.fixture(scope="module", params=RELEASES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefacts of one release, unpacked."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(request.param) as archive:
        archive.extractall(folder, filter="data")
    return folder / request.param.name.removesuffix(".tar.xz")


def expected(release: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((release / "expected.json").read_text())
    return values


def close(found: Any, then: Any) -> None:
    """Compares answers: labels and names are the same, numbers agree to what float32 holds."""
    if isinstance(then, dict):
        assert list(found) == list(then)
        for name, value in then.items():
            close(found[name], value)
    elif isinstance(then, list):
        assert len(found) == len(then)
        for one, value in zip(found, then, strict=True):
            close(one, value)
    elif isinstance(then, float):
        assert found == pytest.approx(then, rel=1e-5, abs=1e-6)
    else:
        assert found == then


def test_there_is_a_release_to_be_tried() -> None:
    assert RELEASES


@pytest.mark.parametrize(("name", "kind"), [("text-bundle", "texts"), ("forecast-bundle", "forecasts")])
def test_a_bundle_answers_the_same_numbers(release: Path, name: str, kind: str) -> None:
    bundle, then = load_bundle(release / name), expected(release)[kind]
    assert bundle.provenance["versions"]["rnnzoo"] == release.name.removeprefix("release-")
    close(OnnxPredictor(bundle).predict(then["inputs"]), then["answers"])


def test_the_command_predicts_from_a_bundle(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    then = expected(release)["texts"]
    assert rnnzoo_command(["predict", str(release / "text-bundle"), *then["inputs"], "--json"]) == 0
    close(json.loads(capsys.readouterr().out), then["answers"])


def test_further_files_of_a_bundle_answer_the_same(release: Path) -> None:
    bundle, then = load_bundle(release / "text-bundle"), expected(release)["texts"]
    labels = [answer["label"] for answer in then["answers"]]
    arrays = bundle.preprocessing.apply(then["inputs"])
    for path, feed in (
        (bundle.raw_path, {"text": np.array(then["inputs"], object)}),
        (bundle.quantized_path, arrays),
    ):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        logits = session.run(None, feed)[0]
        assert [bundle.decoding.labels[row.argmax()] for row in logits] == labels
    streaming = StreamingPredictor(bundle.directory)
    answer = streaming.step(
        streaming.open(), {"tokens": bundle.preprocessing.apply(then["inputs"][:1])["tokens"][0]}
    )
    whole = OnnxPredictor(bundle).run({"tokens": arrays["tokens"]})["logits"]
    np.testing.assert_allclose(answer["logits"], whole[0], rtol=1e-5, atol=1e-5)


def test_a_run_is_evaluated_and_exported(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    then = expected(release)["run"]
    assert open_run(release / "run").read_metrics()["test"] == then
    assert rnnzoo_command(["evaluate", str(release / "run"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("details").keys() >= {"class_scores", "worst_rows"}
    close(found, {"part": "test", "scores": then})
    bundle = export_run(release / "run", tmp_path / "bundle", overwrite=False)
    rows = load_dataset("digits").test.raw[:9]
    assert len(OnnxPredictor(bundle).predict(rows)) == 9


def test_an_unfinished_run_goes_on_to_the_same_end(release: Path, tmp_path: Path) -> None:
    out = shutil.copytree(release / "unfinished-run", tmp_path / "run")
    options = ["--epochs", "2", "--seed", "3", "--set", "units=4", "--set", "tensorboard=false", "--resume"]
    command = ["train", "series-classifier-gru", "--data", "digits", "--out", str(out), *options]
    assert rnnzoo_command(command) == 0
    close(open_run(out).read_metrics()["test"], expected(release)["run"])
    whole, resumed = (load_model(path / "model.keras") for path in (release / "run", out))
    for then, found in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(found, then, rtol=1e-5, atol=1e-6)


def test_a_search_is_read_and_its_best_model_answers(release: Path) -> None:
    rows = json.loads((release / "search" / "trials.json").read_text())["trials"]
    assert rows == expected(release)["search"]
    best = open_run(release / "search" / "best")
    metrics = best.read_metrics()
    score = max(row["score"] for row in rows)
    assert metrics["validation"]["accuracy"] == pytest.approx(score)
    samples = best.read_samples()
    outputs = np.asarray(load_model(best.model)(samples["tokens"]))
    assert outputs.shape == (len(samples["tokens"]), 2)


def test_a_search_without_settings_is_not_resumed_and_says_where_its_results_are(release: Path) -> None:
    root = release / "search"
    if (root / "search.json").is_file():
        pytest.skip("this release keeps the settings of a search")
    before = sorted(root.rglob("*"))
    command = ["tune", "series-classifier-gru", "--data", "digits", "--out", str(root), "--resume"]
    with pytest.raises(RunError) as caught:
        run_search("series-classifier-gru", load_dataset("digits"), directory=root, resume=True)
    assert str(caught.value) == (
        f"{root}: cannot resume: holds the search of an earlier release, which did not keep its settings; expected "
        "search.json, with which they are compared. Its trials stay readable in trials.json and its best model in "
        "best, if it was finished; start a new search in another directory."
    )
    assert rnnzoo_command(command) == 1
    assert sorted(root.rglob("*")) == before
