"""Truth of ``rnnzoo.cli.explain``: an explanation is printed, written and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import refused
from handmade_bundles import scorer, translator
from rnnzoo.cli.app import run
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import explain

WORDS = TextPreprocessing(["", "[UNK]", "good", "bad", "film"])
TABLE = np.array([[0.0, 0], [0, 0], [4, 0], [0, 3], [0, 0]])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    decoding = Decoding("classification", labels=["up", "down"])
    return scorer(tmp_path / "bundle", TABLE, preprocessing=WORDS, decoding=decoding)


def test_words_are_printed_by_importance(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(bundle), "a good film"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["answer", "up"]
    rows = [line.split()[0] for line in lines[lines.index("") + 3 :]]
    assert rows[0] == "good"


def test_it_is_written_and_drawn(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts.txt").write_text("good\nbad film\n")
    arguments = [
        "explain",
        str(bundle),
        "--input",
        str(tmp_path / "texts.txt"),
        "--row",
        "1",
        "--answer",
        "up",
    ]
    files = ["--out", str(tmp_path / "e.json"), "--picture", str(tmp_path / "e.png")]
    assert run([*arguments, *files, "--json"]) == 0
    out, error = capsys.readouterr()
    wanted = json.loads(json.dumps(explain(bundle, "bad film", answer="up").to_dict()))
    assert json.loads(out) == wanted == json.loads((tmp_path / "e.json").read_text())
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")
    assert "explanation written to" in error
    said = refused(capsys, *arguments, *files)
    assert "e.json" in said
    assert "(--force overwrites)" in said
    assert run([*arguments, *files, "--force"]) == 0


def test_wrong_use_is_refused_before_anything_is_written(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "expected either an example or --input FILE" in refused(capsys, "explain", bundle)
    (tmp_path / "texts.txt").write_text("good\n")
    said = refused(capsys, "explain", bundle, "--input", tmp_path / "texts.txt", "--row", "1")
    assert said == "error: --row: received 1, of 1 examples; expected 0 to 0. Count from 0.\n"
    said = refused(capsys, "explain", bundle, "good", "--answer", "upp")
    assert said == "error: unknown label: received 'upp'; did you mean 'up'? expected one of down, up.\n"
    said = refused(capsys, "explain", bundle, "good", "--picture", tmp_path / "e.jpg")
    assert (
        said
        == f"error: picture: received '{tmp_path / 'e.jpg'}'; expected a name that ends in .png. Rename it.\n"
    )
    other = translator(tmp_path / "t", np.eye(6), source_vocabulary=6)
    assert "received the translator" in refused(capsys, "explain", other, "good")
