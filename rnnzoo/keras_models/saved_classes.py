"""The classes of a user that a saved model needs: which they are, and whether they are registered here."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from rnnzoo.cells.class_registration import find_class
from rnnzoo.errors import DataError, NotRegisteredError


def own_classes(file: Path) -> dict[str, type]:
    """Returns the classes that are neither of Keras nor of rnnzoo, by the names that a ``.keras`` file has for them.

    Args:
        file: The file; empty for one that is no such file, which Keras will say.

    Raises:
        NotRegisteredError: If one is not registered here.
        DataError: If the file has one name for two classes.
    """
    classes: dict[str, type] = {}
    for saved in _saved_objects(_read_config(file)):
        name, path = saved["registered_name"], _python_name(saved)
        found = find_class(saved)
        if found is None:
            raise NotRegisteredError(
                f"{file}: needs the class {path}, which is not registered here; expected the module {saved['module']} "
                f"to be imported before. {_fix(saved['module'])}"
            )
        if classes.setdefault(name, found) is not found:
            raise DataError(
                f"{file}: has the name {name!r} for two classes, {_of(classes[name])} and {_of(found)}; expected one. "
                "Rename one of them, and train and save the model again."
            )
    return classes


def refuse_missing_functions(file: Path) -> None:
    """Raises ``NotRegisteredError`` if a file needs a function, such as an activation, that Keras does not find."""
    for config in _function_configs(_read_config(file)):
        name = config["config"]
        found = keras.saving.get_registered_object(name) or keras.saving.get_registered_object(
            str(config.get("registered_name"))
        )
        if found is None and str(config.get("module")).partition(".")[0] != "keras":
            raise NotRegisteredError(
                f"{file}: needs the function {name!r}, which is not registered here; expected the module that defines "
                "it to be imported before. Decorate it with @keras.saving.register_keras_serializable(), and import "
                "its module, in a shell by --import."
            )


def _function_configs(config: Any) -> Iterator[dict[str, Any]]:
    if isinstance(config, list):
        for item in config:
            yield from _function_configs(item)
    elif isinstance(config, dict):
        if config.get("class_name") == "function" and isinstance(config.get("config"), str):
            yield config
        for item in config.values():
            yield from _function_configs(item)


def _read_config(file: Path) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return {}
    # Models are loaded without what they were compiled with.
    return {key: value for key, value in config.items() if key != "compile_config"}


def _saved_objects(config: Any) -> Iterator[dict[str, str]]:
    """Yields the configs of all objects of own classes."""
    if isinstance(config, list):
        for item in config:
            yield from _saved_objects(item)
    elif isinstance(config, dict):
        name, kind = config.get("registered_name"), config.get("class_name")
        module = str(config.get("module") or "__main__")  # Keras leaves that of a script out
        own = module.partition(".")[0] not in ("keras", "rnnzoo", "builtins")
        if isinstance(name, str) and isinstance(kind, str) and own:
            yield {"module": module, "class_name": kind, "registered_name": name}
        for item in config.values():
            yield from _saved_objects(item)


def _python_name(saved: Mapping[str, str]) -> str:
    ours = saved["registered_name"].startswith(f"{saved['module']}>")
    name = saved["registered_name"][len(saved["module"]) + 1 :] if ours else saved["class_name"]
    return f"{saved['module']}.{name}"


def _of(own: type) -> str:
    return f"{own.__module__}.{own.__qualname__}"


def _fix(module: str) -> str:
    if module == "__main__":
        return "Run the code that defines and registers it first, or keep it in a module of its own."
    return f"Write `import {module}`, or add `--import {module}` to the command."
