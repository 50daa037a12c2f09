"""Truth of ``rnnzoo.cli.app``: the command as a user types it: help, errors in one line, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import ok, refused
from rnnzoo.cli.app import run
from rnnzoo.version import __version__


def test_help_is_quick_and_complete() -> None:
    ok("--help")  # compiled files are written
    started = time.perf_counter()
    text = ok("--help")
    assert time.perf_counter() - started < 1.5
    for command in (
        "quickstart",
        "models",
        "datasets",
        "train",
        "evaluate",
        "tune",
        "export",
        "predict",
        "serve",
        "doctor",
    ):
        assert command in text
    assert ok("--version").strip() == __version__


def test_datasets_are_listed_with_whether_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "ett").mkdir()
    (tmp_path / "ett" / "ETTh1.csv").write_text("date,OT\n")
    here = {"RNNZOO_DATA": str(tmp_path), "RNNZOO_CACHE": str(tmp_path / "cache")}
    rows = {row["name"]: row for row in json.loads(ok("datasets", "--json", **here))}
    present = {name: rows[name]["present"] for name in ("digits", "etth1", "imdb")}
    assert present == {"digits": "bundled", "etth1": "official", "imdb": None}
    assert rows["imdb"]["urls"] == ["https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"]
    assert "ag_news" not in ok("datasets", "--task", "tagging", **here)
    text = ok("datasets", "japanese_vowels", **here)
    assert "CC BY 4.0" in text
    assert "not known" in text  # the checksums of the official files


WRONG: list[tuple[list[str], str]] = [
    (["trian"], "error: No such command 'trian'."),
    (["train"], "error: Missing argument 'model'. See: rnnzoo train --help"),
    (["models", "lstm-classifier"], "error: unknown model: received 'lstm-classifier'; did you mean"),
    (["datasets", "imbd"], "error: unknown data set: received 'imbd'; did you mean 'imdb'"),
    (
        ["datasets", "--task", "tag"],
        "error: unknown task of a data set: received 'tag'; did you mean 'tagging'",
    ),
    (
        ["train", "text-classifier-gru", "--data", "digits", "--stream", "--out", "x"],
        "error: --from-disk: received True for the named data set 'digits'; expected it elsewhere.",
    ),
    (["models", "--task", "tag"], "error: unknown task: received 'tag'; did you mean 'tagging'"),
    (["train", "gru", "--data", "digits", "--out", "x"], "error: unknown model: received 'gru'"),
    (
        ["train", "series-classifier-gru", "--data", "nothing.csv", "--out", "x"],
        "error: nothing.csv: no such file or folder; expected a table (.csv, .tsv, .parquet), NumPy arrays",
    ),
    (
        ["train", "series-classifier-gru", "--data", "no.csv", "--text", "a", "--label", "b", "--out", "x"],
        "error: no.csv: no such file or folder; expected a table (.csv, .tsv, .parquet), NumPy arrays",
    ),
    (
        ["train", "series-classifier-gru", "--data", "digits", "--out", "x", "--set", "a"],
        "error: --set: received 'a'",
    ),
    (
        ["train", "series-classifier-gru", "--data", "digits", "--out", "x", "--epochs", "0"],
        "error: epochs: received 0; expected an integer of at least 1.",
    ),
    (
        ["train", "transcriber-bilstm", "--data", "digits", "--out", "x"],
        "error: model 'transcriber-bilstm': is for transcription; the data are for classification and say num_classes,",
    ),
    (
        ["train", "series-tagger", "--data", "digits", "--out", "x"],
        "error: unknown model (it names a family): received 'series-tagger'; did you mean 'series-tagger-bigru'? "
        "expected one of series-tagger-",
    ),
    (
        [
            "train",
            "series-classifier-gru",
            "--data",
            "digits",
            "--epochs",
            "1",
            "--set",
            "epochs=3",
            "--out",
            "x",
        ],
        "error: --epochs: received 1, and --set epochs=3; expected it once. Leave one of them out.",
    ),
    (
        ["train", "video-cnn-lstm", "--data", "digits", "--out", "x"],
        "error: model 'video-cnn-lstm': is for a film: frames of equal size; the data hold rows of another kind "
        "(series). For them, start with series-classifier-lstm-fcn, or give it an .npz file",
    ),
    (
        ["train", "series-classifier-gru", "--data", "digits", "--max-tokens", "50", "--out", "x"],
        "error: --max-tokens: received 50 for the named data set 'digits'; expected it elsewhere.",
    ),
    (
        ["train", "text-classifier-gru", "--data", "imbd", "--out", "x"],
        "error: unknown data set: received 'imbd'; did you mean 'imdb'",
    ),
    (
        ["train", "series-classifier-gru", "--data", "Digits", "--out", "x"],
        "error: unknown data set: received 'Digits'; did you mean 'digits'",
    ),
    (
        ["datasets", "imdb", "--task", "tagging"],
        "error: --task: received 'tagging' with the data set 'imdb'; expected it with a pattern or alone.",
    ),
    (
        ["models", "text-tagger-bigru", "--task", "tagging"],
        "error: --task: received 'tagging' with the model 'text-tagger-bigru'; expected it with a pattern",
    ),
    (
        ["evaluate", "nothing"],
        "error: nothing: no such directory; expected a run directory written by train.",
    ),
    (["export", "nothing", "--out", "x"], "error: nothing: no such directory"),
    (["serve", "nothing"], "error: nothing: no such directory; expected a bundle."),
    (["serve", "x", "--port", "99999"], "error: --port: received 99999; expected 0 to 65535."),
    (["predict", "nothing"], "error: predict: expected either inputs or --input FILE."),
    (["predict", "nothing", "a"], "error: nothing: no such directory; expected a bundle."),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(a)[:50] for a, _ in WRONG])
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    error = refused(capsys, *arguments)
    lines = [line for line in error.splitlines() if not line.startswith("reading")]
    assert len(lines) == 1, error
    assert lines[0].startswith(message), lines[0]
    assert list(tmp_path.iterdir()) == []


def test_doctor_finds_this_machine_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(ok("doctor", "--json"))
    assert {row["check"]: row["status"] for row in rows} == dict.fromkeys(
        ["machine", "packages", "gpu", "export", "disk", "data"], "ok"
    )
    monkeypatch.setenv("RNNZOO_DATA", "/no/such/folder")
    assert run(["doctor", "--json"]) == 1
    broken = json.loads(capsys.readouterr().out)
    assert next(row for row in broken if row["check"] == "data")["status"] == "bad"


def test_a_folder_named_as_a_data_set_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnnzoo.cli.data_loading import load_data
    from rnnzoo.cli.data_options import DataOptions

    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    options = DataOptions(data="digits")
    assert options.to_dict()["data"] == "digits"
    assert len(load_data(options).train) == 1257


def test_a_place_that_cannot_be_written_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "run"
    assert run(["train", "series-classifier-gru", "--data", "digits", "--out", str(out)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == f"error: {out}: Not a directory. Choose another path, or make it usable."


def test_what_users_wrote_is_printed_as_it_is() -> None:
    from rnnzoo.cli.output import print_table, stdout

    with stdout.capture() as capture:
        print_table([{"[bold]": "[/a]", "word": "[bold]x[y]"}], title="[/t]", best=0)
    assert all(text in capture.get() for text in ("[bold]", "[/a]", "[bold]x[y]", "[/t]"))


def test_a_pattern_that_matches_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for command, kind in (("datasets", "data set"), ("models", "model")):
        assert run([command, "nosuch*"]) == 0
        assert f"no {kind} matches 'nosuch*'" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m rnnzoo models | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.returncode in (0, 1)  # 1 where not all could be written


def test_plain_where_nobody_watches() -> None:
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"LANG": "C", "LC_ALL": "C"}, {"COLUMNS": "20"}):
        assert "\x1b[" not in ok("models", **environment)
