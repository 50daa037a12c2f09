"""The settings of a run as sections of its report, those that differ from the defaults marked."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from rnnzoo.report import Section
from rnnzoo.training.config import TrainConfig
from rnnzoo.zoo import ZOO

#: Above this many characters a setting fills the report.
_LONGEST_VALUE = 500
#: What stands for a default that is not in the table of the zoo.
_OF_BUILDER, _OF_DATA = "that of the builder", "from the data"


def setting_sections(config: Mapping[str, Any]) -> list[Section]:
    """Returns a section for the model, for training and for the data, as far as a run knows their settings.

    Args:
        config: What ``config.json`` holds.
    """
    details = config.get("details", {})
    sections = []
    if details.get("model") in ZOO:
        sections.append(_model_section(details))
    fields, defaults = config["train_config"], TrainConfig().to_dict()
    sections.append(_section("Training", fields, _changed(fields, defaults), defaults))
    if "changed_options" in details:
        options = details["data_options"]
        sections.append(_section("Data options", options, details["changed_options"], {}))
    return sections


def _model_section(details: Mapping[str, Any]) -> Section:
    """Returns the arguments of a model of the zoo: its own, those that the data dictate, and those that were given."""
    own, given = ZOO[details["model"]].arguments, details.get("model_arguments", {})
    dictated = details.get("data_arguments", {})
    changed = _changed(given, own)
    defaults = {name: own.get(name, _OF_BUILDER) for name in changed}
    defaults |= dict.fromkeys(dictated.keys() - given.keys(), _OF_DATA)
    return _section(f"Model {details['model']}", {**own, **dictated, **given}, changed, defaults)


def _changed(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Returns the names whose values differ from the defaults, compared as JSON has them."""
    return [
        name
        for name, value in values.items()
        if name not in defaults or _as_json(value) != _as_json(defaults[name])
    ]


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _section(
    title: str, values: Mapping[str, Any], changed: Collection[str], defaults: Mapping[str, Any]
) -> Section:
    """Returns a table of all settings; those that differ from the defaults are named above it and stand out."""
    known = [name for name in values if name in changed]
    text = "All settings are the defaults."
    if known:
        verb = "differs" if len(known) == 1 else "differ"
        text = f"{len(known)} of {len(values)} settings {verb} from the defaults: {', '.join(known)}."
    rows: list[dict[str, Any]] = []
    for name, value in values.items():
        row = {"setting": name, "value": shown_value(value)}
        if defaults:
            default = defaults.get(name, "")
            told = name in changed or default == _OF_DATA
            row["default"] = shown_value(default, none="None") if told else ""
        rows.append(row)
    return Section(title, text=text, rows=rows, marked=[list(values).index(name) for name in known])


def shown_value(value: Any, *, none: str = "") -> Any:
    """Returns a value for the report; a long one, such as a table of synonyms, is in config.json as a whole."""
    if value is None:
        return none
    text = str(value)
    return value if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ... (all of it: config.json)"
