"""Truth of ``rnnzoo.cli.train``, ``rnnzoo.cli.evaluate``, ``rnnzoo.cli.export`` and ``rnnzoo.cli.predict``."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import ok, refused, rnnzoo
from rnnzoo.cli.app import run


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
    evaluated = json.loads(ok("evaluate", trained, "--json"))
    assert evaluated["scores"]["accuracy"] == 1.0
    assert evaluated["details"].keys() == {"class_scores", "calibration", "worst_rows"}  # nothing is confused
    assert [row["class"] for row in evaluated["details"]["class_scores"]] == ["bad", "good"]
    printed = ok("evaluate", trained)
    for heading in ("Scores of each class", "Calibration", "Worst rows"):
        assert heading in printed
    assert printed.count(" film ") == 10  # of the worst rows
    page = (trained / "report.html").read_text(encoding="utf-8")
    for changed in ("from the defaults: units.", "epochs, learning_rate.", ": text, label."):
        assert changed in page, changed
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
            "--storage-uri: missing with --target kserve; expected where the service finds the bundle",
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
        "worst_rows.png",
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
    message = refused(capsys, *arguments, "--allow-loops", "--tolerance", "nan")
    assert "tolerance: received nan; expected a finite number above 0 and at most 0.1." in message
    assert run([*map(str, arguments), "--allow-loops", "--tolerance", "0.001"]) == 0
    assert "1 Loop" in capsys.readouterr().out
    stated = json.loads((tmp_path / "bundle" / "parity.json").read_text())
    assert {part["tolerance"] for part in stated.values()} == {0.001}
    message = refused(
        capsys, "export", tmp_path / "bundle", "--out", tmp_path / "t", "--target", "triton", "--allow-loops"
    )
    assert "run: received a bundle, whose files are made; expected a run with" in message
