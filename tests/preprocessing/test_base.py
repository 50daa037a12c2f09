"""Truth of ``rnnzoo.preprocessing.base``: a user's own class goes all the way, from training to answers of a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from starlette.testclient import TestClient

import rnnzoo
from own_preprocessing import Letters
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo_export import OnnxPredictor, load_bundle, save_bundle
from rnnzoo_export.raw.kinds import find_raw_graph
from rnnzoo_export.serving.app import create_app
from rnnzoo_tuning import run_search

TEXTS, LABELS = ["abba ab", "baab!", "xyzzy", "zyx yz"] * 15, ["low", "low", "high", "high"] * 15


def own_splits(preprocessing: Any) -> Splits:
    return Splits.from_arrays(TEXTS, LABELS, preprocessing=preprocessing)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a trained model that reads letters."""
    folder = tmp_path_factory.mktemp("own")
    splits = own_splits(Letters())
    assert splits.model_arguments == {"vocabulary_size": 27, "num_classes": 2}
    keras.utils.set_random_seed(1)
    model = rnnzoo.create_model("text-classifier-gru", units=(8,), embedding_size=4, **splits.model_arguments)
    config = rnnzoo.TrainConfig(epochs=15, batch_size=8, learning_rate=0.05, augmentation={"token_swap": 0.1})
    result = rnnzoo.train(model, splits, config=config, directory=folder / "run", progress=False)
    assert json.loads((folder / "run" / "metrics.json").read_text())["baselines"]["scores"]  # those of texts
    save_bundle(
        result.model,
        folder / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task="classification",
    )
    return folder / "bundle"


def test_it_answers_as_the_model_does(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert isinstance(loaded.preprocessing, Letters)
    answers = OnnxPredictor(loaded).predict(TEXTS[:4])
    assert [answer["label"] for answer in answers] == LABELS[:4]


def test_a_server_answers_raw_rows_and_its_page_knows_what_they_are(bundle: Path) -> None:
    with TestClient(create_app(OnnxPredictor(bundle)), base_url="http://localhost") as client:
        name = load_bundle(bundle).name
        answer = client.post(f"/v2/models/{name}/predict", json={"inputs": TEXTS[:2]})
        assert [row["label"] for row in answer.json()["answers"]] == LABELS[:2]
        refused = client.post(f"/v2/models/{name}/predict", json={"inputs": ["ab", "?!"]})
        assert refused.status_code == 400
        assert "row 1: received the text '?!'; expected at least one letter" in refused.json()["error"]
        assert '"takes": "text"' in client.get("/").text


def test_who_loads_it_without_the_package_is_told_in_one_line(bundle: Path) -> None:
    code = "import sys; from rnnzoo_export import load_bundle; load_bundle(sys.argv[1])"
    found = subprocess.run(
        [sys.executable, "-c", code, str(bundle)], capture_output=True, text=True, check=False
    )
    assert found.stderr.splitlines()[-1] == (
        f"rnnzoo.errors.BundleError: {bundle / 'preprocessing.json'}: needs the preprocessing 'letters', the class "
        "own_preprocessing.Letters, which is not registered here; expected the module own_preprocessing to be "
        "imported before. Write `import own_preprocessing`, or run `rnnzoo serve --import own_preprocessing`."
    )


def test_a_run_of_an_unregistered_class_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    class Hidden(Letters):
        kind = "hidden"

    splits = own_splits(Hidden())
    model = rnnzoo.create_model("text-classifier-gru", units=(4,), embedding_size=4, **splits.model_arguments)
    with pytest.raises(ArgumentError) as caught:
        rnnzoo.train(model, splits, directory=tmp_path / "run", progress=False)
    assert "received Hidden of the kind 'hidden', which could not be loaded again" in str(caught.value)
    assert str(caught.value).endswith("Call rnnzoo.register('preprocessing', 'hidden', Hidden) first.")
    with pytest.raises(
        ArgumentError, match="received Hidden of the kind 'hidden', which could not be loaded again"
    ):
        run_search("text-classifier-gru", splits, directory=tmp_path / "search", max_trials=1, progress=False)
    assert list(tmp_path.iterdir()) == []
    config = rnnzoo.TrainConfig(epochs=1)
    assert rnnzoo.train(model, splits, config=config, progress=False).directory is None  # nothing is kept


class Pointing(Letters):
    kind = "pointing"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere:Graph", "No module named 'nowhere'"),
        ("own_preprocessing:Graph", "has no attribute 'Graph'"),
        ("own_preprocessing:Letters", "expected a subclass of RawGraph"),
        ("", "expected the module and class of a graph"),
    ],
)
def test_a_graph_that_is_none_is_refused(path: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pointing, "raw_graph", path)
    with pytest.raises(ArgumentError) as caught:
        find_raw_graph(Pointing())
    assert str(caught.value).startswith(f"Pointing.raw_graph: received {path!r}")
    assert message in str(caught.value)


def test_a_subclass_does_not_inherit_a_graph_but_may_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnnzoo.preprocessing import TextPreprocessing

    class Longer(TextPreprocessing):
        kind = "longer"

    made = Longer.fit(["a film"])
    assert find_raw_graph(made) is None
    monkeypatch.setattr(Longer, "raw_graph", "rnnzoo_export.raw.text_graph:TextGraph")
    graph = find_raw_graph(made)
    assert graph is not None
    assert graph.network_inputs == ("tokens",)
    assert np.array_equal(graph.arrays(["a"])["text"], np.array(["a"], object))
