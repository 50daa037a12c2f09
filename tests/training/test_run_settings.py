"""Truth of ``rnnzoo.training.run.run_settings``: all settings of a run, those that were changed marked."""

from __future__ import annotations

from typing import Any

from rnnzoo import TrainConfig
from rnnzoo.report import html_table
from rnnzoo.training.run.run_settings import setting_sections, shown_value
from rnnzoo.zoo import get_spec


def sections(details: Any = None, **fields: Any) -> dict[str, Any]:
    config = {"train_config": TrainConfig(**fields).to_dict(), "details": details or {}}
    return {section.title: section for section in setting_sections(config)}


def marked(section: Any) -> list[str]:
    return [section.rows[number]["setting"] for number in section.marked]


def test_defaults_alone() -> None:
    found = sections()
    assert list(found) == ["Training"]
    assert found["Training"].text == "All settings are the defaults."
    assert marked(found["Training"]) == []
    assert [row["setting"] for row in found["Training"].rows] == list(TrainConfig().to_dict())


def test_changed_fields_of_training() -> None:
    training = sections(epochs=3, early_stopping=None, clip_bound=0.5)["Training"]
    assert training.text == (
        f"3 of {len(training.rows)} settings differ from the defaults: epochs, clip_bound, early_stopping."
    )
    assert marked(training) == ["epochs", "clip_bound", "early_stopping"]
    shown = {row["setting"]: (row["value"], row["default"]) for row in training.rows}
    assert shown["early_stopping"] == ("", 5)
    assert shown["clip_bound"] == (0.5, 1.0)
    assert shown["seed"] == (0, "")
    one = sections(class_weights="balanced")["Training"]
    assert one.text == f"1 of {len(one.rows)} settings differs from the defaults: class_weights."
    assert {row["setting"]: row["default"] for row in one.rows}["class_weights"] == "None"


def test_a_model_of_the_zoo_and_what_the_data_dictate() -> None:
    name = "text-classifier-gru"
    own = get_spec(name).arguments
    details = {
        "model": name,
        "model_arguments": {"units": [16], "dropout": own["dropout"], "pooling": "max"},
        "data_arguments": {"vocabulary_size": 77, "num_classes": 2},
    }
    model = sections(details)[f"Model {name}"]
    assert marked(model) == ["units", "pooling"]
    shown = {row["setting"]: (row["value"], row["default"]) for row in model.rows}
    assert shown["units"] == ([16], own["units"])
    assert shown["num_classes"] == (2, "from the data")
    assert shown["pooling"] == ("max", "that of the builder")
    assert shown["dropout"] == (own["dropout"], "")
    assert own.keys() <= shown.keys()


def test_options_of_the_command() -> None:
    options = {"data": "table.csv", "text": "words", "rare": "error"}
    data = sections({"data_options": options, "changed_options": ["text"]})["Data options"]
    assert data.text == "1 of 3 settings differs from the defaults: text."
    assert data.rows[2] == {"setting": "rare", "value": "error"}
    # A run of an earlier version does not know what was changed.
    assert list(sections({"data_options": options, "model": "gone"})) == ["Training"]


def test_long_values_are_cut_and_marks_are_bold() -> None:
    assert len(str(shown_value("x" * 900))) < 600
    assert shown_value(None) == ""
    page = html_table([{"setting": "a"}, {"setting": "b"}], marked=[1])
    assert '<tr class="marked"><td>b</td></tr>' in page
    assert page.count("marked") == 1
