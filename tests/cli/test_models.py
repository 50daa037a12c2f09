"""Truth of ``rnnzoo.cli.models`` and ``rnnzoo.cli.model_page``: what there is, what to start with, how to train it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from rnnzoo import register
from rnnzoo.cli.app import run
from rnnzoo.cli.model_page import commands_for
from rnnzoo.families import FAMILIES
from rnnzoo.zoo import ZOO, ModelSpec, get_spec, list_models

COLUMNS = 100


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["models", *arguments]) == 0
    return capsys.readouterr().out


@pytest.fixture
def own_models() -> Iterator[None]:
    """A model of a user's own, and one whose name begins with that of a family."""
    arguments = {"num_features": 1, "num_classes": 2, "units": (2,)}
    names = ("tidal", "series-classifier-tidal")
    for name in names:
        spec = ModelSpec(name, "build_classifier", "classification", "the tide", arguments=arguments)
        register("model", name, spec)
    yield
    for name in names:
        ZOO.remove(name)


def test_all_models_are_listed_by_task_and_family(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    lines = text.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    starts = [line.split()[0] for line in lines if " * " in line]
    assert sorted(starts) == sorted(family.start for family in FAMILIES.values())
    assert [line for line in lines if line.isupper()] == [
        "CLASSIFICATION",
        "TAGGING",
        "LANGUAGE MODELING",
        "TRANSLATION",
        "FORECASTING",
        "TRANSCRIPTION",
    ]
    for family in FAMILIES.values():
        block = text[text.index(f"\n{family.name}\n") :].partition("\n\n")[0]
        assert (
            f"reads       {family.rows}\nanswers     {family.answer}\nstart with  {family.start}\n" in block
        )
        names = {name for name in list_models() if f"\n{name} " in block}
        assert names == {name for name in list_models() if name.startswith(f"{family.name}-")}


def test_a_program_reads_family_and_start(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "--json"))
    assert [row["name"] for row in rows] == list_models()
    assert set(rows[0]) == {
        "name", "task", "family", "start", "cell", "parameters", "cudnn", "streams", "reference", "summary"
    }  # fmt: skip
    assert {row["family"]: row["name"] for row in rows if row["start"]} == {
        name: family.start for name, family in FAMILIES.items()
    }
    assert {row["cudnn"] for row in rows if row["cell"] == "simple_rnn"} == {"no"}
    found = json.loads(printed(capsys, "text-tagger-bi*", "--json"))
    assert [row["name"] for row in found] == [
        "text-tagger-bilstm",
        "text-tagger-bigru",
        "text-tagger-bilstm-crf",
    ]


def test_a_task_has_the_models_that_can_be_built_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    tagging = printed(capsys, "--task", "crf_tagging")
    assert "text-tagger-bilstm-crf" in tagging
    assert "text-tagger-bilstm " not in tagging
    assert tagging.endswith("rnnzoo train NAME --data FILE --out RUN\n")
    regression = printed(capsys, "--task", "regression")
    assert regression.startswith("REGRESSION\n")
    assert "series-classifier-lstm-fcn *" in regression
    assert "forecaster" not in regression
    assert "--out RUN --task regression" in regression
    assert run(["models", "--task", "regresion"]) == 2
    assert "did you mean 'regression'? expected one of binary_classification" in capsys.readouterr().err


@pytest.mark.usefixtures("own_models")
def test_models_of_ones_own_stand_under_their_task(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    own = text.partition("models of your own\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\S*tidal", own, re.MULTILINE) == ["tidal", "series-classifier-tidal"]
    assert text.index("CLASSIFICATION") < text.index("models of your own") < text.index("TAGGING")
    rows = json.loads(printed(capsys, "*tidal", "--json"))
    assert [(row["family"], row["start"]) for row in rows] == [(None, False)] * 2
    assert commands_for(get_spec("tidal"), ["rows"]) == {
        "train": "rnnzoo train tidal --data FILE --out run --import rows",
        "tune": "rnnzoo tune tidal --data FILE --out search --import rows",
    }
    page = printed(capsys, "tidal")
    assert "the tide" in page
    assert "Train it on a file of your own:\nrnnzoo train tidal --data FILE --out run\n" in page


def test_one_model_says_how_to_train_it_and_what_to_try_next(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "forecaster-segrnn")
    assert "\nfamily      forecaster " in text
    assert (
        "Train it on a table with a line for each step:\n"
        "rnnzoo train forecaster-segrnn --data air.csv --target co2 --window 72 --horizon 24 --out run\n"
    ) in text
    _, _, later = text.partition("Try next:\n")
    assert later.splitlines() == [
        "what its family starts with: forecaster-gru",
        "for intervals: forecaster-quantile-lstm",
        "other sizes, rates and dropouts:",
        "rnnzoo tune forecaster-segrnn --data air.csv --target co2 --window 72 --horizon 24 --out search",
    ]


def test_a_program_reads_one_model(capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(printed(capsys, "text-classifier-bilstm", "--json"))
    assert one["inputs"] == {"tokens": [None, None]}
    assert all(layer["cudnn"] for layer in one["layers"])
    assert (one["family"], one["start"]) == ("text-classifier", True)
    assert one["commands"]["train"] == (
        "rnnzoo train text-classifier-bilstm --data reviews.csv --text text --label stars --out run"
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_commands_fit_the_screen(family: str) -> None:
    for name in list_models(f"{family}-*"):
        assert len(commands_for(get_spec(name))["train"]) <= COLUMNS
