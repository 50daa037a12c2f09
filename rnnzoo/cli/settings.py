"""`--set KEY=VALUE`: any argument of the builder, any field of the training config."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.cli.output import start_tensorflow
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.zoo import get_spec


def split_settings(model: str, settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sorts settings into builder arguments and training fields.

    Args:
        model: The model of the zoo.
        settings: ``"key=value"`` texts; values are JSON, or else plain text. ``units=64,64`` is two layers.

    Returns:
        Builder arguments, training fields.

    Raises:
        ArgumentError: If a setting has no ``=``.
        UnknownNameError: If a key is neither; the nearest one is suggested.
    """
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
        chosen[key not in arguments][key] = _value(key, text)
    return chosen


def _value(key: str, text: str) -> Any:
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
