"""`--set KEY=VALUE`: any argument of the builder, any field of the training config; or both from a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.cli.output import start_tensorflow
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.families import FAMILIES
from rnnzoo.zoo import ZOO, get_spec, list_models

if TYPE_CHECKING:
    from rnnzoo.cli.config_file import CommandConfig

#: Values of the command line by the keys of what they set; ``None`` for what is not given.
Given = Mapping[str, Any]


def gather_settings(
    model: str, config: CommandConfig, settings: Sequence[str], given: Given
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Collects what a file, ``--set`` and options of their own say; what is typed wins over the file.

    Args:
        model: The model of the zoo.
        config: The file.
        settings: As for ``split_settings``.
        given: Training fields that have an option of their own.

    Returns:
        Builder arguments, training fields.

    Raises:
        ArgumentError: If a setting has no ``=``, or is given twice.
        UnknownNameError: If a key is unknown; the nearest one is suggested.
    """
    arguments, fields = split_settings(model, settings)
    options = {name: value for name, value in given.items() if value is not None}
    for name in options.keys() & fields.keys():
        raise ArgumentError(
            f"--{name.replace('_', '-')}: received {options[name]!r}, and --set {name}={fields[name]!r}; expected it "
            "once. Leave one of them out."
        )
    return {**_file_arguments(model, config), **arguments}, {**config.training, **fields, **options}


def _file_arguments(model: str, config: CommandConfig) -> dict[str, Any]:
    if not config.arguments:
        return {}
    spec = get_spec(model)
    start_tensorflow()  # the builders need it
    known = builder_parameters(spec.builder)
    for name in config.arguments:
        if name not in known:
            kind = f"argument of {spec.builder} in {config.path}"
            raise UnknownNameError(kind, name, known, near=nearest_word(name, known))
    return {name: _argument(name, value) for name, value in config.arguments.items()}


def _argument(name: str, value: Any) -> Any:
    """Returns a value as a builder takes it: a list is a tuple, a single number of units one layer."""
    if name == "units" and not isinstance(value, list):
        value = [value]
    return tuple(value) if isinstance(value, list) else value


def split_settings(model: str, settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sorts settings into builder arguments and training fields.

    Args:
        model: The model of the zoo.
        settings: ``"key=value"`` texts; values are JSON, or else plain text. ``units=64,64`` is two layers.

    Returns:
        Builder arguments, training fields.

    Raises:
        ArgumentError: If a setting has no ``=``.
        UnknownNameError: If a key is neither, or there is no such model; the nearest one is suggested, and of a family
            the model to start with.
    """
    _refuse_family(model)
    spec = get_spec(model)
    if not settings:
        return {}, {}
    start_tensorflow()  # the builders need it
    from rnnzoo.training.config import TrainConfig

    arguments = set(builder_parameters(spec.builder))
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    chosen: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ArgumentError(
                f"--set: received {setting!r}; expected KEY=VALUE. Write e.g. --set dropout=0.3."
            )
        if key not in arguments | fields:
            raise UnknownNameError(
                "setting", key, arguments | fields, near=nearest_word(key, arguments | fields)
            )
        chosen[key not in arguments][key] = setting_value(key, text)
    return chosen


def _refuse_family(model: str) -> None:
    """Raises ``UnknownNameError`` for the name of a family, with the names of its models."""
    if model in FAMILIES and model not in ZOO:
        raise UnknownNameError(
            "model (it names a family)", model, list_models(f"{model}-*"), near=FAMILIES[model].start
        )


def setting_value(key: str, text: str) -> Any:
    """Returns the value of ``KEY=VALUE``: JSON, or else plain text; several numbers with commas are a tuple."""
    if key == "units" and not text.startswith("["):
        text = f"[{text}]"
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        if "," in text:
            try:
                return tuple(json.loads(f"[{text.strip('()[]')}]"))
            except json.JSONDecodeError:
                pass
        return {"True": True, "False": False, "None": None}.get(text, text)
    return tuple(value) if isinstance(value, list) else value
