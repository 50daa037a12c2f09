"""Truth of ``rnnzoo.cli.data_loading`` and ``rnnzoo.cli.reading``: what follows from the model, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import refused
from own_files import write_files, write_sound
from rnnzoo.cli.data_loading import check_family, load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.cli.train import _announce
from rnnzoo.errors import ArgumentError, DataError, RnnzooError
from rnnzoo.zoo import create_model, get_spec

pytestmark = pytest.mark.usefixtures("in_own_folder")

TEXTS = DataOptions("texts.csv", text="review", label="stars")


@pytest.fixture(autouse=True)
def files(in_own_folder: None) -> None:
    write_files()
    Path("shares.csv").write_text("load,share\n" + "".join(f"{n % 7},{n % 3}\n" for n in range(90)))
    Path("unknown.dat").write_text("review,stars\n")
    write_sound(Path("only/one.wav"), 0.2)


#: model, options, task, builder arguments of the data that are worth a look
TASKS = [
    ("text-classifier-gru", TEXTS, "classification", {"num_classes": 2}),
    ("text-classifier-gru", DataOptions("more.csv", text="review", label="price", task="regression"), "regression", {}),
    ("text-classifier-gru", DataOptions("more.csv", text="review", label="stars", label_separator=";"),
     "multilabel_classification", {"num_classes": 2}),
    ("text-tagger-bilstm", DataOptions("more.csv", text="review", label="tags"), "tagging", {"num_classes": 4}),
    ("text-tagger-char-bilstm-crf", DataOptions("more.csv", text="review", label="tags"), "tagging",
     {"num_classes": 4, "character_vocabulary_size": 21}),
    ("text-tagger-bilstm-crf", DataOptions("more.csv", text="review", label="tags", task="crf_tagging"), "tagging", {}),
    ("series-classifier-gru", DataOptions("x.npy", labels="y.npy"), "classification", {"num_features": 3}),
    ("irregular-gru-d", DataOptions("visits.csv", series="id", time="hour", label="died"), "classification",
     {"num_features": 2}),
    ("series-classifier-gru", DataOptions("visits.csv", series="id", label="died", missing="ffill"), "classification",
     {"num_features": 3}),
    ("language-model-gru", DataOptions("book.txt", max_tokens=8), "language_modeling", {"vocabulary_size": 8}),
    ("language-model-char-lstm", DataOptions("book.txt"), "language_modeling", {"vocabulary_size": 16}),
    ("language-model-gru", DataOptions("book.txt", characters=True), "language_modeling", {"vocabulary_size": 16}),
    ("language-model-gru", DataOptions("book.txt", test="book.txt", window=5), "language_modeling", {}),
    ("forecaster-quantile-lstm", DataOptions("hours.csv", target="load", ignore="hour", window=8, horizon=3),
     "forecasting", {"horizon": 3}),
    ("forecaster-gru", DataOptions("shares.csv", target="load", weight="share", window=8, horizon=3),
     "forecasting", {"num_features": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "options", "task", "arguments"), TASKS)
def test_task_and_reading_follow_from_the_model(
    model: str, options: DataOptions, task: str, arguments: dict[str, int]
) -> None:
    splits = load_data(options, get_spec(model))
    assert splits.task == task
    assert arguments.items() <= splits.model_arguments.items()
    assert splits.test is not None
    assert splits.description["source"]
    again = load_data(DataOptions.from_dict(json.loads(json.dumps(options.to_dict()))), get_spec(model))
    assert again.description == splits.description


WRONG = [
    ("text-classifier-gru", DataOptions("texts.csv"),
     "--data: received the file texts.csv without --text and --label, or --target; expected to be told"),
    ("forecaster-gru", DataOptions("hours.csv", target="load"),
     "--target: received without --window and --horizon; expected both."),
    ("forecaster-gru", DataOptions("hours.csv", target="load", window=4, horizon=2, test="b.csv"),
     "--test: received 'b.csv' with --target, which is for series; expected it elsewhere. Leave it out."),
    ("forecaster-gru", DataOptions("hours.csv", target="load", window=4, horizon=2, split_seed=3),
     "--split-seed: received 3 with --target: a series is split in time; expected it elsewhere. Leave it out."),
    ("forecaster-gru", DataOptions("hours.csv", target="load", window=4, horizon=2, series="hour"),
     "--series: received 'hour' without time; expected the column of times, for the parts are cut at one time for all "
     "series. Pass time= (on the command line --time) too."),
    ("forecaster-gru", DataOptions("hours.csv", target="load", window=0, horizon=2), "--window: received 0"),
    ("forecaster-gru", TEXTS, "--data: received texts.csv, a table, for the model 'forecaster-gru'; expected a table "
     "with --target, --window and --horizon. Give that, or choose another model: rnnzoo models."),
    ("language-model-gru", TEXTS, "--data: received texts.csv, a table, for the model 'language-model-gru'; expected "
     "running text, in a file that ends in .txt. Give that, or choose another model: rnnzoo models."),
    ("text-classifier-gru", DataOptions("book.txt"), "--data: received book.txt, running text, for the model"),
    ("text-classifier-gru", DataOptions("hours.csv", target="load", window=4, horizon=2),
     "--data: received hours.csv, a table with --target, for the model 'text-classifier-gru'; expected rows with"),
    ("text-classifier-gru", DataOptions("texts.csv", text="review", label="stars", labels="y.npy"),
     "--labels: received 'y.npy' with --text, which is for texts; expected it elsewhere. Leave it out."),
    ("series-classifier-gru", DataOptions("arrays.npz", gaps="break"),
     "--gaps: received 'break' for the file of arrays arrays.npz; expected it elsewhere. Leave it out."),
    ("series-classifier-gru", DataOptions("x.npy"), "--labels: received none for x.npy; expected the .npy file of its"),
    ("series-classifier-gru", DataOptions("x.npy", labels="y.npy", test="x.npy"),
     "--test: received 'x.npy' with x.npy, whose labels are in a file of their own; expected none. Save x_train,"),
    ("irregular-gru-d", DataOptions("visits.csv", series="id", label="died"),
     "--time: received none for the model 'irregular-gru-d', which reads values at irregular times; expected"),
    ("text-classifier-gru", DataOptions("texts.csv", text="a", label="b", task="classification", label_separator=";"),
     "--label-separator: received ';' for the task classification; expected one character at least"),
    ("text-classifier-gru", DataOptions("texts.csv", text="a", label="b", label_separator=""),
     "--label-separator: received '' for the task of one label; expected one character at least"),
    ("dna-classifier-bilstm", DataOptions("texts.csv", text="review", label="stars", max_tokens=9),
     "--max-tokens: received 9 for the model 'dna-classifier-bilstm', which reads no words; expected it elsewhere."),
    ("text-classifier-gru", DataOptions("words.conll"),
     "--data: received words.conll, words and their tags, for the model 'text-classifier-gru'; expected rows with"),
    ("text-tagger-bigru", DataOptions("words.conll", label="UPOS"),
     "--label: received 'UPOS' for words.conll, whose columns have no names; expected a number from 2 to 2."),
    ("transcriber-bilstm", TEXTS, "--data: received texts.csv, a table, for the model 'transcriber-bilstm'; expected a "
     "folder of recordings with a transcript of each. Give that, or choose another model: rnnzoo models."),
    ("text-tagger-gru", TEXTS, "unknown model"),
    ("text-tagger-bigru", DataOptions("texts.csv", text="review", label="stars", task="regression"),
     "--task: received 'regression' for the model 'text-tagger-bigru'; expected tagging. Leave it out, or choose "
     "another model: rnnzoo models --task regression."),
    ("text-classifier-gru", DataOptions("texts.csv", text="review", label="stars", task="tagging"),
     "--task: received 'tagging' for the model 'text-classifier-gru'; expected classification or"),
    ("text-classifier-gru", DataOptions("texts.csv", text="review", label="stars", task="clasification"),
     "unknown task: received 'clasification'; did you mean 'classification'"),
    ("text-classifier-gru", DataOptions("texts.csv", text="review", label="stars", rare="dorp"),
     "unknown rare: received 'dorp'; did you mean 'drop'"),
    ("text-classifier-gru", DataOptions("texts.csv", text="reviews", label="stars"),
     "unknown column of texts.csv: received 'reviews'; did you mean 'review'"),
    ("text-classifier-gru", DataOptions("texts.csv", text="review", label="stars", test_fraction=2.0),
     "--test-fraction: received 2.0"),
    ("text-tagger-char-bilstm-crf", DataOptions("more.csv", text="review", label="tags", from_disk=True),
     "--from-disk: received True for task 'tagging', whose tables of texts are read in memory; expected a task of"),
    ("text-classifier-gru", DataOptions("more.csv", text="review", label="price"),  # T12
     "more.csv: targets: received 40 different numbers in 40 rows, such as 0.0 and 0.25, for task 'classification'"),
    ("text-classifier-gru", DataOptions("unknown.dat", text="review", label="stars"),  # T14
     "unknown.dat: is a text file that ends in '.dat', which does not say what it holds; expected"),
    ("text-classifier-gru", DataOptions("texts.cvs"), "texts.cvs: no such file or folder; expected a table"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "options", "message"), WRONG)
def test_what_does_not_go_together_is_refused(model: str, options: DataOptions, message: str) -> None:
    with pytest.raises((ArgumentError, DataError, RnnzooError)) as caught:
        load_data(options, get_spec(model))
    assert str(caught.value).startswith(message)


def test_a_rare_class_has_a_way_that_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("texts.csv").open("a") as file:
        file.write("an odd film,odd\n")
    arguments = (
        "train",
        "text-classifier-gru",
        "--data",
        "texts.csv",
        "--text",
        "review",
        "--label",
        "stars",
    )
    error = refused(capsys, *arguments, "--out", "run")
    assert "received one row only of odd" in error
    assert "(on the command line --rare drop or --rare train)" in error
    dropped = load_data(DataOptions("texts.csv", text="review", label="stars", rare="drop"))
    assert dropped.description["rare_classes"] == {"treatment": "drop", "rows": {"odd": 1}}
    assert dropped.model_arguments["num_classes"] == 2
    said = capsys.readouterr().err
    assert said == (
        "note   inputs: 1 of 3 classes have too few rows to be in every part: odd (1 row). Their rows are left out, "
        "as rare='drop' asks.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "data", "task"),
    [
        ("text-tagger-char-bilstm-crf", "snips", "tagging"),
        ("text-classifier-gru", "snips", "classification"),
        ("transcriber-bilstm", "fsdd", "transcription"),
        ("translator-gru-bahdanau", "snips", "classification"),
    ],
)
def test_the_task_of_a_named_set_follows_from_the_model(
    model: str, data: str, task: str, real_data: Path
) -> None:
    splits = load_data(DataOptions(data), get_spec(model))
    assert splits.task == task
    assert ("character_vocabulary_size" in splits.model_arguments) == ("char" in model)


@pytest.mark.parametrize(
    ("model", "options", "start"),
    [
        ("text-classifier-gru", DataOptions("arrays.npz"), "series-classifier-lstm-fcn"),
        ("speech-digits-gru", DataOptions("arrays.npz"), "series-classifier-lstm-fcn"),
        ("series-classifier-gru", TEXTS, "text-classifier-bilstm"),
        ("text-tagger-bilstm", DataOptions("steps.npz"), "series-tagger-bigru"),
    ],
)
def test_rows_of_another_family_are_refused(model: str, options: DataOptions, start: str) -> None:
    np.savez("steps.npz", x=np.load("arrays.npz")["x"], y=np.tile(np.arange(12) % 2, (40, 1)))
    splits = load_data(options, get_spec(model))
    with pytest.raises(
        ArgumentError, match=f"model '{model}': is for .* For them, start with {start}, or give it a"
    ):
        check_family(get_spec(model), splits)
    check_family(get_spec(start), load_data(options, get_spec(start)))


def test_train_and_tune_refuse_rows_of_another_family(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train", "tune"):
        message = refused(capsys, command, "text-classifier-gru", "--data", "arrays.npz", "--out", command)
        message = " ".join(message.split())
        assert "is for a text; the data hold rows of another kind (series)" in message, message


def test_train_says_which_columns_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    options = DataOptions("visits.csv", series="id", label="died", missing="ffill")
    splits = load_data(options, get_spec("series-classifier-gru"))
    assert "'hour' rises by equal steps from 0 in every series" in " ".join(capsys.readouterr().err.split())
    _announce(create_model("series-classifier-gru", units=(4,), **splits.model_arguments), splits)
    assert "read   hour, pulse, heat\n" in capsys.readouterr().err
