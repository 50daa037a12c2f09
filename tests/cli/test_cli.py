"""Truth of ``rnnzoo.cli.app``: the command as a user types it: help, results, errors in one line, exit codes."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rnnzoo.cli.app import run
from rnnzoo.version import __version__


def rnnzoo(
    *arguments: str | Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rnnzoo", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=200,
        env={**os.environ, **environment},
    )


def ok(*arguments: str | Path, **options: str) -> str:
    result = rnnzoo(*arguments, **options)
    assert result.returncode == 0, result.stderr
    assert "absl" not in result.stderr + result.stdout
    assert "Traceback" not in result.stderr
    return result.stdout


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that is wrong says, run in this process, which is quicker than in one of its own."""
    capsys.readouterr()
    assert run([str(argument) for argument in arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    return error


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


def test_models_lists_and_shows() -> None:
    rows = json.loads(ok("models", "--json"))
    columns = {"name", "task", "cell", "parameters", "cudnn", "streams", "reference", "summary"}
    assert columns == set(rows[0])
    assert {row["cudnn"] for row in rows if row["cell"] == "simple_rnn"} == {"no"}
    assert [row["name"] for row in json.loads(ok("models", "text-tagger-bi*", "--json"))] == [
        "text-tagger-bilstm",
        "text-tagger-bigru",
        "text-tagger-bilstm-crf",
    ]
    one = json.loads(ok("models", "text-classifier-bilstm", "--json"))
    assert one["inputs"] == {"tokens": [None, None]}
    assert all(layer["cudnn"] for layer in one["layers"])


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


SEPARATED = ("--task", "classification", "--label-separator", ";", "--out", "x")
NONE = "--label-separator="
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
        "error: --data: received the file",
    ),
    (
        ["train", "series-classifier-gru", "--data", "no.csv", "--text", "a", "--label", "b", "--out", "x"],
        "error: no.csv: no such file; expected a CSV or TSV file.",
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
        ["train", "forecaster-gru", "--data", "a.csv", "--target", "y", "--out", "x"],
        "error: --target: received without --window and --horizon",
    ),
    (
        ["train", "transcriber-bilstm", "--data", "digits", "--out", "x"],
        "error: model 'transcriber-bilstm': is for transcription; the data are for classification and say num_classes,",
    ),
    (
        ["train", "video-cnn-lstm", "--data", "digits", "--out", "x"],
        "error: model 'video-cnn-lstm': reads rows of another kind; the data say num_features, which it does not take.",
    ),
    (
        ["train", "series-classifier-gru", "--data", "digits", "--max-tokens", "50", "--out", "x"],
        "error: --max-tokens: received 50 for the named data set 'digits'; expected it elsewhere.",
    ),
    (
        [
            "train",
            "forecaster-gru",
            "--data",
            "a.csv",
            "--target",
            "y",
            "--window",
            "4",
            "--horizon",
            "2",
            "--test",
            "b.csv",
            "--out",
            "x",
        ],
        "error: --test: received 'b.csv' with --target, which is for series; expected it elsewhere.",
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
        [*("train", "text-classifier-gru", "--data", "a.csv", "--text", "a", "--label", "b"), *SEPARATED],
        "error: --label-separator: received ';' for the task classification; expected one character at least",
    ),
    (
        [
            *("train", "text-classifier-gru", "--data", "a.csv", "--text", "a", "--label", "b", "--out", "x"),
            NONE,
        ],
        "error: --label-separator: received '' for the task of one label; expected one character at least",
    ),
    (
        [*("train", "forecaster-gru", "--data", "a.csv", "--target", "y", "--out", "x"), "--split-seed", "3"],
        "error: --split-seed: received 3 with --target: a series is split in time; expected it elsewhere.",
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
    (["serve", "x", "--port", "99999"], "error: Invalid value for '--port'"),
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


def test_train_evaluate_export_predict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    words = {"good": ["fine", "great", "lovely"], "bad": ["awful", "poor", "dull"]}
    table.write_text(
        "text,label\n"
        + "".join(f"a {w} film {i},{k}\n" for i in range(12) for k, ws in words.items() for w in ws)
    )
    trained, bundle = tmp_path / "my run", tmp_path / "my bundle"
    options = ["--data", table, "--text", "text", "--label", "label", "--out", trained, "--epochs", "12"]
    result = rnnzoo(
        "train", "text-classifier-gru", *options, "--set", "units=16", "--set", "learning_rate=0.02", "--json"
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["test"]["accuracy"] == 1.0
    assert "cuDNN  on a GPU: yes" in result.stderr
    assert "epoch  1/12" in result.stderr
    again = rnnzoo("train", "text-classifier-gru", *options)
    assert again.returncode == 2
    assert "already holds a run" in again.stderr
    assert len(again.stderr.splitlines()) == 1  # before TensorFlow starts
    assert json.loads(ok("evaluate", trained, "--json"))["scores"]["accuracy"] == 1.0
    exported = ok("export", trained, "--out", bundle, "--streaming", "--raw", "--quantize", "weights_int8")
    assert "1 GRU" in exported
    assert "quantized.onnx has 0." in exported
    assert {"streaming.onnx", "raw.onnx", "quantized.onnx"} <= {path.name for path in bundle.iterdir()}
    made = ok("export", bundle, "--out", tmp_path / "triton", "--target", "triton")
    assert "models text-classifier-gru, text-classifier-gru-streaming, text-classifier-gru-raw," in made
    assert (tmp_path / "triton/text-classifier-gru-raw/config.pbtxt").is_file()
    refusals: list[tuple[tuple[str, ...], str]] = [
        (
            ("--target", "kserve"),
            "--storage-uri: received None with --target kserve; expected one with kserve",
        ),
        (
            ("--target", "kserve", "--storage-uri", "x"),
            "storage_uri: received 'x'; expected where the cluster",
        ),
        ((), "run: received a bundle; expected a run. With --target triton a bundle will do."),
        (("--target", "triton", "--raw"), "run: received a bundle, whose files are made; expected a run"),
    ]
    for flags, message in refusals:
        assert message in refused(capsys, "export", bundle, "--out", tmp_path / "new", *flags)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("mine")
    for out, message in (
        ("precious", "holds something else than an earlier export"),
        ("my run", "is the run or"),
    ):
        assert message in refused(capsys, "export", trained, "--out", tmp_path / out, "--force")
    assert (tmp_path / "precious" / "thesis.txt").is_file()
    assert (trained / "model.keras").is_file()
    unknown = refused(capsys, "export", trained, "--out", tmp_path / "new", "--quantize", "int4")
    assert "unknown quantize: received 'int4'" in unknown
    assert "next   rnnzoo serve" in exported
    assert ok("predict", bundle, "a great film", "a dull film").split()[0] == "good"
    (tmp_path / "texts.txt").write_text("a poor film\n\na fine film\n")
    output = tmp_path / "answers.jsonl"
    assert refused(capsys, "predict", bundle, "--input", tmp_path / "texts.txt", "--output", output) == (
        "error: row 1: received an empty text; expected at least one word. Drop the row.\n"
    )
    assert not output.exists()
    (tmp_path / "texts.txt").write_text("a poor film\na film\na fine film\n")
    ok("predict", bundle, "--input", tmp_path / "texts.txt", "--output", output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answers[0]["label"], answers[2]["label"]] == ["bad", "good"]
    assert len(answers) == 3
    refused(capsys, "predict", bundle, "--input", tmp_path / "texts.txt", "--output", output)
    (tmp_path / "ODD.TXT").write_bytes("a poor\u2028film\x0c\r\na fine film\n".encode())
    assert len(json.loads(ok("predict", bundle, "--input", tmp_path / "ODD.TXT", "--json"))) == 2
    (tmp_path / "a.mp3").write_bytes(b"\xff\xfb")
    assert "received a.mp3; expected .txt, .csv" in refused(
        capsys, "predict", bundle, "-i", tmp_path / "a.mp3"
    )
    into_directory = refused(capsys, "predict", bundle, "a film", "--output", tmp_path, "--force")
    assert "exists; expected a new file" in into_directory
    from_table = json.loads(ok("predict", bundle, "--input", table, "--text", "text", "--json"))
    assert len(from_table) == 72
    assert json.loads(ok("predict", bundle, "-", "--json", stdin="a lovely film\n"))[0]["label"] == "good"
    table.write_text(table.read_text() + "changed,good\n")
    assert "has changed since" in refused(capsys, "evaluate", trained)


@pytest.mark.slow
def test_forecasts_in_original_units(tmp_path: Path) -> None:
    hours = np.arange(400)
    rows = "".join(f"{h},{100 + 10 * np.sin(h / 4):.4f},{'ab'[h % 2]}\n" for h in hours)
    table = tmp_path / "series.csv"
    table.write_text("hour,level,kind\n" + rows)
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    ok(
        *(
            "train",
            "forecaster-gru",
            "--data",
            table,
            "--target",
            "level",
            "--categorical",
            "kind",
            "--time",
            "hour",
        ),
        *("--window", "24", "--horizon", "4", "--seasonality", "25", "--out", run, "--epochs", "15"),
        *("--set", "units=16", "--set", "learning_rate=0.01"),
    )
    scores = json.loads((run / "metrics.json").read_text())
    baselines = scores["baselines"]["scores"]
    assert set(baselines) - {"seasonal naive"} == {
        "persistence",
        "NLinear on each series' own lags",
        "ridge regression on the same lags",
        "gradient-boosted trees on the same lags",
    }
    assert scores["test"]["mae"] < baselines["persistence"]["mae"]
    assert {p.name for p in (run / "plots").iterdir()} == {
        "learning_curves.png",
        "forecasts.png",
        "errors_by_step.png",
    }
    ok("export", run, "--out", bundle)
    (answer,) = json.loads(ok("predict", bundle, "--input", table, "--json"))
    truth = 100 + 10 * np.sin(np.arange(400, 404) / 4)
    np.testing.assert_allclose(answer["values"]["level"], truth, atol=6)


@pytest.mark.slow
def test_tune_prints_a_table_and_keeps_the_best(tmp_path: Path) -> None:
    out = ok(
        *("tune", "series-classifier-gru", "--data", "digits", "--out", tmp_path / "s", "--max-trials", "2"),
        *("--epochs", "1", "--algorithm", "random", "--no-baselines"),
    )
    assert "Trials" in out
    assert "left out  logistic regression on all values: no baselines were wanted" in out
    assert (tmp_path / "s" / "best" / "model.keras").is_file()


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
    from rnnzoo.cli.data_options import DataOptions

    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    options = DataOptions(data="digits")
    assert options.to_dict()["data"] == "digits"
    assert len(options.load().train) == 1257


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


def test_a_loop_is_exported_where_it_is_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import keras

    from rnnzoo import Splits, TrainConfig, train

    x = np.random.default_rng(0).normal(size=(40, 4, 2)).astype(np.float32)
    splits = Splits.from_arrays(x, ["a", "b"] * 20)
    inputs = keras.Input((4, 2), name="features")
    hidden = keras.layers.GRU(3, activation="gelu", name="slow")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(hidden), name="mine")
    train(model, splits, config=TrainConfig(epochs=1), directory=tmp_path / "run", progress=False)
    arguments = ("export", tmp_path / "run", "--out", tmp_path / "bundle")
    capsys.readouterr()
    assert run([str(argument) for argument in arguments]) == 1
    advice = "Change it, or pass strict=False (rnnzoo export: --allow-loops), which accepts the loop."
    assert advice in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
    assert run([*map(str, arguments), "--allow-loops"]) == 0
    assert "1 Loop" in capsys.readouterr().out
    message = refused(
        capsys, "export", tmp_path / "bundle", "--out", tmp_path / "t", "--target", "triton", "--allow-loops"
    )
    assert "run: received a bundle, whose files are made; expected a run with" in message
