"""Truth of ``rnnzoo_export.inference.predictor``: what a tagger of words answers, in Python and over HTTP."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from handmade_bundles import writer
from rnnzoo.cli.app import run
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import TokenPreprocessing
from rnnzoo_export import OnnxPredictor, Settings, create_app

VOCABULARY = ["", "[UNK]", "in", "new", "york"]
LABELS = ["B-day", "O", "I-day", "B-city", "I-city"]
ROWS = ["in New  York", ["New", "York", "in", "in"], "Rome"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that knows "new" to begin a city and "york" to go on with it."""
    table = np.zeros((5, 5))
    table[[0, 1, 2, 3, 4], [1, 1, 1, 3, 4]] = 5.0
    reader = TokenPreprocessing(VOCABULARY, max_length=3)
    decoding = Decoding("tagging", labels=LABELS)
    folder = tmp_path_factory.mktemp("tagger") / "bundle"
    return writer(folder, table, reader, streaming=False, decoding=decoding)


def test_answers_hold_words_and_entities(bundle: Path) -> None:
    text, listed, unknown = OnnxPredictor(bundle).predict(ROWS)
    assert text["labels"] == ["O", "B-city", "I-city"]
    shares = text["probabilities"]
    assert shares == pytest.approx([np.exp(5) / (np.exp(5) + 4)] * 3)
    assert text["words"] == [
        {"word": "in", "start": 0, "end": 2, "tag": "O", "probability": shares[0]},
        {"word": "New", "start": 3, "end": 6, "tag": "B-city", "probability": shares[1]},
        {"word": "York", "start": 8, "end": 12, "tag": "I-city", "probability": shares[2]},
    ]
    assert text["entities"] == [{"label": "city", "start": 3, "end": 12, "text": "New  York"}]
    assert [word["word"] for word in listed["words"]] == ["New", "York", "in"]  # as many as are read
    assert listed["entities"] == [{"label": "city", "start": 0, "end": 2, "text": "New York"}]
    assert unknown["entities"] == []


def test_rows_of_any_sequence_keep_their_order(bundle: Path) -> None:
    predictor = OnnxPredictor(bundle)
    column = pd.Series(["in in in", "New York", "in"], index=[7, 8, 9])
    answers = predictor.predict(column, batch_size=1)  # type: ignore[arg-type]
    assert answers == predictor.predict(column.tolist())
    assert [len(answer["words"]) for answer in answers] == [3, 2, 1]


def test_a_server_answers_the_same(bundle: Path) -> None:
    app = create_app(OnnxPredictor(bundle), settings=Settings(allowed_hosts=("testserver",)))
    with TestClient(app) as client:
        answer = client.post("/v2/models/handmade/predict", json={"inputs": ROWS})
    assert answer.status_code == 200
    assert answer.json()["answers"] == OnnxPredictor(bundle).predict(ROWS)


def test_the_command_shows_the_words(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(bundle), "in New  York"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["step", "label"], ["in", "O"], ["New", "B-city"], ["York", "I-city"]]


def test_no_tensorflow_is_needed(bundle: Path) -> None:
    code = (
        "import sys; from rnnzoo_export import OnnxPredictor\n"
        f"print(OnnxPredictor({str(bundle)!r}).predict(['in New York'])[0]['entities'][0]['text'])\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["New York", "[]"]
