"""Truth of ``rnnzoo.cli.data_loading`` and ``rnnzoo.cli.config_file``: what the command advises works when followed."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advice import Advice, followed
from command_line import refused
from own_files import OWN_FILES, write_files, write_sound
from rnnzoo import Splits
from rnnzoo.cli.app import run
from rnnzoo.cli.config_file import read_config
from rnnzoo.cli.data_loading import check_family, load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.cli.models import _find
from rnnzoo.data.sets.sources import find_sources
from rnnzoo.zoo import get_spec

pytestmark = [pytest.mark.usefixtures("files"), pytest.mark.filterwarnings("ignore::UserWarning")]

CLASSIFIER = "text-classifier-gru"


@pytest.fixture
def files(in_own_folder: None) -> None:
    write_files()
    arrays = np.load("arrays.npz")
    hours_of_both = [pd.read_csv("hours.csv").assign(shop=shop) for shop in ("north", "south")]
    pd.concat(hours_of_both).to_csv("panel.csv", index=False)
    np.savez("parts.npz", x_train=arrays["x"], y_train=arrays["y"], x_test=arrays["x"], y_test=arrays["y"])
    write_sound(Path("speech/a.wav"), 0.2)


def load(model: str, data: str = "texts.csv", **options: Any) -> Splits:
    spec = get_spec(model)
    splits = load_data(DataOptions(data, **options), spec)
    check_family(spec, splits)
    return splits


def texts(data: str = "texts.csv", model: str = CLASSIFIER, **options: Any) -> Splits:
    return load(model, data, **{"text": "review", "label": "stars", **options})


def hours(data: str = "hours.csv", **options: Any) -> Splits:
    return load(
        "forecaster-gru",
        data,
        **{"target": "load", "window": 8, "horizon": 3, "time": "hour"} | options,
    )


def visits(model: str = "irregular-gru-d", **options: Any) -> Splits:
    return load(model, "visits.csv", series="id", label="died", **options)


def arrays(data: str, model: str = "series-classifier-gru", **options: Any) -> Splits:
    return load(model, data, **options)


LEAVE = "expected it elsewhere. Leave it out"
READING: dict[str, Advice] = {
    "no columns": (
        lambda: load(CLASSIFIER),
        "Give --text and --label for texts, --series and --label for a label of each series, --target, --window and "
        "--horizon for a series to be forecast",
        (texts, lambda: visits(time="hour"), hours),
    ),
    "no window": (
        lambda: load("forecaster-gru", "hours.csv", target="load", time="hour"),
        "Say how many steps to read and how many to forecast, e.g. --window 72 --horizon 24",
        (partial(hours, window=12, horizon=4),),
    ),
    "test of a series": (partial(hours, test="hours.csv"), LEAVE, (hours,)),
    "seed of a series": (partial(hours, split_seed=3), LEAVE, (hours,)),
    "labels of texts": (partial(texts, labels="y.npy"), LEAVE, (texts,)),
    "gaps of arrays": (partial(arrays, "arrays.npz", gaps="break"), LEAVE, (partial(arrays, "arrays.npz"),)),
    "several series": (
        partial(hours, data="panel.csv", series="shop", time=None),
        "Pass time= (on the command line --time) too",
        (partial(hours, data="panel.csv", series="shop"),),
    ),
    "no labels": (
        lambda: arrays("x.npy"),
        "Give --labels, or save both in one .npz file, as x and y",
        (lambda: arrays("x.npy", labels="y.npy"), lambda: arrays("arrays.npz")),
    ),
    "test rows alone": (
        lambda: arrays("x.npy", labels="y.npy", test="x.npy"),
        "Save x_train, y_train, x_test and y_test in one .npz file, and give it as --data alone",
        (lambda: arrays("parts.npz"),),
    ),
    "no time": (visits, "expected the column of times. Give --time", (lambda: visits(time="hour"),)),
    "separator": (
        partial(texts, task="classification", label_separator=";"),
        "Leave it out, or give --task multilabel_classification",
        (
            partial(texts, task="classification"),
            partial(texts, task="multilabel_classification", label_separator=";"),
        ),
    ),
    "words of DNA": (
        partial(texts, model="dna-classifier-bilstm", max_tokens=9),
        LEAVE,
        (lambda: texts(written_dna(), "dna-classifier-bilstm"),),
    ),
    "tags from disk": (
        partial(texts, "more.csv", "text-tagger-char-bilstm-crf", label="tags", from_disk=True),
        "expected a task of classification, binary_classification, multilabel_classification. Leave it out",
        (
            partial(texts, "more.csv", "text-tagger-char-bilstm-crf", label="tags"),
            partial(texts, from_disk=True),
            partial(texts, from_disk=True, task="multilabel_classification"),
        ),
    ),
    "characters from disk": (
        partial(texts, characters=True, from_disk=True),
        "expected False, for taggers read tables in memory. Leave one out",
        (
            partial(texts, from_disk=True),
            partial(texts, "more.csv", "text-tagger-bigru", label="tags", characters=True),
        ),
    ),
    "other file": (
        lambda: texts(model="forecaster-gru"),
        "a table with --target, --window and --horizon. Give that, or choose another model: rnnzoo models",
        (hours, texts),
    ),
    "running text": (
        lambda: texts(model="language-model-gru"),
        "expected running text, in a file that ends in .txt. Give that",
        (lambda: load("language-model-gru", "book.txt"),),
    ),
    "tags": (
        lambda: load("text-tagger-bigru", "book.txt"),
        "a .conll file, or a table with --text or --series and --label. Give that",
        (
            lambda: load("text-tagger-bigru", "words.conll"),
            partial(texts, "more.csv", "text-tagger-bigru", label="tags"),
        ),
    ),
    "tag column": (
        lambda: load("text-tagger-bigru", "words.conll", label="UPOS"),
        "expected a number from 2 to 2",
        (lambda: load("text-tagger-bigru", "words.conll", label="2"),),
    ),
    "task": (
        partial(texts, "more.csv", "text-tagger-bigru", label="tags", task="regression"),
        "Leave it out, or choose another model: rnnzoo models --task regression",
        (
            partial(texts, "more.csv", "text-tagger-bigru", label="tags"),
            lambda: texts("more.csv", shown("regression"), label="price", task="regression"),
        ),
    ),
    "numbers": (
        partial(texts, "more.csv", label="price"),
        "pass task='regression' (on the command line --task regression)",
        (partial(texts, "more.csv", label="price", task="regression"),),
    ),
    "family": (
        lambda: load("video-cnn-lstm", "arrays.npz"),
        "For them, start with series-classifier-lstm-fcn, or give it an .npz file with arrays x (rows, time, height, "
        "width, channels) and y (rows,), such as --data films.npz",
        (
            lambda: load("series-classifier-lstm-fcn", "arrays.npz"),
            lambda: OWN_FILES["video"][0]() and load("video-cnn-lstm", "films.npz"),
        ),
    ),
}


def shown(task: str) -> str:
    """Returns the first model of texts that ``rnnzoo models --task`` lists."""
    return next(spec.name for spec in _find("*", task) if spec.name.startswith("text-classifier"))


def written_dna() -> str:
    OWN_FILES["dna-classifier"][0]()
    pd.read_csv("dna.tsv", sep="\t").set_axis(["review", "stars"], axis=1).to_csv("dna.csv", index=False)
    return "dna.csv"


@pytest.mark.parametrize("case", READING)
def test_what_is_advised_on_data_works(case: str) -> None:
    wrong, advice, right = READING[case]
    followed(wrong, advice, *right)


def config(name: str, content: str) -> dict[str, Any]:
    Path(name).write_text(content)
    found = read_config(name)
    found.refuse_search()
    return {"model": found.model, **found.data}


CONFIGS: dict[str, Advice] = {
    "ending": (
        lambda: config("c.ini", "model: a"),
        "expected a file that ends in .yaml, .yml, .toml or .json. Rename it",
        (
            *(partial(config, f"c.{ending}", "model: a") for ending in ("yaml", "yml")),
            partial(config, "c.toml", 'model = "a"'),
            partial(config, "c.json", '{"model": "a"}'),
        ),
    ),
    "model": (
        lambda: config("c.yaml", "model: 5"),
        "expected the name of a model. Correct it",
        (lambda: config("c.yaml", "model: a"),),
    ),
    "section": (
        lambda: config("c.yaml", "data: t.csv"),
        "c.yaml: data: received 't.csv'; expected keys with values. Correct it",
        (lambda: config("c.yaml", "data: {data: t.csv}"),),
    ),
    "search": (
        lambda: config("c.yaml", "{model: a, search: {max_trials: 2}}"),
        "which is for rnnzoo tune; expected none for rnnzoo train. Leave it out",
        (lambda: config("c.yaml", "{model: a}"),),
    ),
    "toml": (
        lambda: config("c.toml", "model = "),
        "expected TOML. Correct it",
        (lambda: config("c.toml", "model = 'a'"),),
    ),
    "yaml": (
        lambda: config("c.yaml", "model: [a"),
        "expected YAML. Correct the line",
        (lambda: config("c.yaml", "model: a"),),
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_what_is_advised_on_a_file_of_settings_works(case: str) -> None:
    wrong, advice, right = CONFIGS[case]
    followed(wrong, advice, *right)


TRAIN = ("train", CLASSIFIER, "--data", "texts.csv", "--text", "review", "--label", "stars", "--out", "run")
#: A command, what its message says to do, and the commands that do it.
COMMANDS: dict[str, tuple[tuple[str, ...], str, list[tuple[str, ...]]]] = {
    "model and task": (
        ("models", "text-tagger-bigru", "--task", "tagging"),
        "expected it with a pattern or alone. Leave it out",
        [
            ("models", "text-tagger-bigru"),
            ("models", "*-bigru", "--task", "tagging"),
            ("models", "--task", "tagging"),
        ],
    ),
    "set and task": (
        ("datasets", "imdb", "--task", "tagging"),
        "expected it with a pattern or alone. Leave it out",
        [("datasets", "imdb"), ("datasets", "*", "--task", "tagging"), ("datasets", "--task", "tagging")],
    ),
    "setting": (
        (*TRAIN, "--set", "a"),
        "Write e.g. --set dropout=0.3",
        [(*TRAIN, "--set", "dropout=0.3")],
    ),
    "twice": (
        (*TRAIN, "--epochs", "1", "--set", "epochs=3"),
        "expected it once. Leave one of them out",
        [(*TRAIN, "--epochs", "1"), (*TRAIN, "--set", "epochs=3")],
    ),
    "baselines": (
        (*TRAIN, "--no-baselines", "--baseline-seconds", "3"),
        "expected one of them. Leave one out",
        [(*TRAIN, "--no-baselines"), (*TRAIN, "--baseline-seconds", "3")],
    ),
}


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any, **__: Any) -> dict[str, Any]:
        return {}

    monkeypatch.setattr("rnnzoo.cli.train.run_training", nothing)


@pytest.mark.parametrize("case", COMMANDS)
def test_what_a_command_advises_works(
    case: str, capsys: pytest.CaptureFixture[str], no_training: None
) -> None:
    wrong, advice, right = COMMANDS[case]
    assert advice in refused(capsys, *wrong)
    for command in right:
        flag = ["--json"] if command[0] == "train" else []
        assert run([*command, *flag]) == 0, command


def test_lists_say_what_to_do_next(capsys: pytest.CaptureFixture[str], no_training: None) -> None:
    assert run(["models", "*-gru"]) == 0
    said = capsys.readouterr().out
    assert "One in full: rnnzoo models NAME\nTrain one: rnnzoo train NAME --data FILE --out RUN" in said
    assert run(["models", CLASSIFIER]) == 0
    assert run(["train", "series-classifier-gru", "--data", "arrays.npz", "--out", "run", "--json"]) == 0
    assert run(["datasets"]) == 0
    assert "One in full: rnnzoo datasets NAME" in re.sub(r"\s+", " ", capsys.readouterr().out)
    assert run(["datasets", find_sources("*")[0].name]) == 0


def test_a_list_of_recipes_says_how_to_run_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    assert run(["recipes"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Run one: rnnzoo run NAME --out DIR")
    assert run(["recipes", "--json"]) == 0
    name = json.loads(capsys.readouterr().out)[0]["name"]
    monkeypatch.setattr("rnnzoo.recipes.runs.run_recipe", lambda *a, **_: asked.append(a))
    monkeypatch.setattr("rnnzoo.cli.recipes._print", lambda *_: None)
    assert run(["run", name, "--out", "made"]) == 0
    assert asked == [(name, Path("made"))]
