"""Where settings come from: options, then environment variables, then a file, then defaults."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.serving.settings import Settings

#: What the names of environment variables begin with.
PREFIX = "RNNZOO_SERVE_"
#: The variable that names the file.
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclasses.dataclass(frozen=True)
class Setting:
    """A field of ``Settings``, as its sources know it.

    Attributes:
        name: Its name.
        kind: ``str``, ``int``, ``float``, ``bool`` or ``tuple``, which holds texts.
        default: Its value where no source has it.
        text: What it says, in one sentence.
        is_secret: Whether its value is never shown, nor given as an option, which other users of a machine see.
    """

    name: str
    kind: type
    default: Any
    text: str
    is_secret: bool

    @property
    def option(self) -> str:
        """The option, such as ``--max-rows``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, such as ``RNNZOO_SERVE_MAX_ROWS``."""
        return PREFIX + self.name.upper()

    def shown(self, value: object) -> str:
        """Returns a value for a message."""
        return f"{len(str(value))} characters" if self.is_secret else repr(value)

    def parse(self, text: str) -> Any:
        """Returns the value that a text says.

        Raises:
            ValueError: If it says none of this kind.
        """
        if self.kind is bool:
            if text.lower() in (*_TRUE, *_FALSE):
                return text.lower() in _TRUE
            raise ValueError
        if self.kind is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return self.kind(text)

    def take(self, value: object) -> Any:
        """Returns the value that a file has.

        Raises:
            ValueError: If it is of another kind.
        """
        if self.kind is tuple and isinstance(value, str):
            return self.parse(value)
        if self.kind is tuple and isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not self.kind:
            raise ValueError
        return value


def settings_known() -> dict[str, Setting]:
    """Returns all settings by name."""
    hints, texts = get_type_hints(Settings), _texts()
    return {
        field.name: Setting(
            field.name, _kind(hints[field.name]), field.default, texts.get(field.name, ""), not field.repr
        )
        for field in dataclasses.fields(Settings)
    }


def gather_settings(
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Mapping[str, Any] | None = None,
    path: str = "",
) -> Settings:
    """Makes the settings of all sources.

    Args:
        options: Values by name; those that are ``None`` were not given.
        environment: The environment variables, of which those that begin with ``RNNZOO_SERVE_`` are read.
        file: What a file says; ``-`` and ``_`` in its names are the same.
        path: That file.

    Raises:
        UnknownNameError: If a file or the environment names what is no setting; the nearest is suggested.
        ArgumentError: If a value cannot be; the message says which source it comes from.

    Example:
        >>> gather_settings({"port": 9000}, {"RNNZOO_SERVE_PORT": "1", "RNNZOO_SERVE_MAX_ROWS": "8"}).max_rows
        8
    """
    known = settings_known()
    found: dict[str, tuple[Any, str]] = {}
    for key, value in (file or {}).items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise UnknownNameError(f"setting of {path}", key, known)
        found[name] = _read(known[name], known[name].take, value, f"{path}: {name}")
    variables = {setting.variable: setting for setting in known.values()}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if variable not in variables:
            raise UnknownNameError("environment variable", variable, [*variables, CONFIG_VARIABLE])
        setting = variables[variable]
        found[setting.name] = _read(setting, setting.parse, text, f"environment variable {variable}")
    for name, value in options.items():
        if value is not None:
            setting = known[name]
            taken = setting.parse(value) if setting.kind is tuple else value
            found[name] = (taken, setting.option)
    return _made(found)


def _read(setting: Setting, read: Callable[[Any], Any], value: object, source: str) -> tuple[Any, str]:
    try:
        return read(value), source
    except ValueError:
        expected = {
            int: "an integer",
            float: "a number",
            bool: "true or false",
            tuple: "texts",
            str: "a text",
        }
        raise ArgumentError(
            f"{source}: received {setting.shown(value)}; expected {expected[setting.kind]}. Correct it."
        ) from None


def _made(found: Mapping[str, tuple[Any, str]]) -> Settings:
    """Returns the settings; what is wrong is told by the name that its source has for it."""
    try:
        return Settings(**{name: value for name, (value, _) in found.items()})
    except ArgumentError as error:
        name, colon, rest = str(error).partition(":")
        if not colon or name not in found:
            raise
        raise ArgumentError(f"{found[name][1]}:{rest}") from error


def _kind(hint: Any) -> type:
    if isinstance(hint, types.GenericAlias):
        assert get_args(hint) == (str, ...), hint
        return tuple
    assert hint in (str, int, float, bool), hint
    return hint  # type: ignore[no-any-return]


def _texts() -> dict[str, str]:
    """Returns the first sentence that the docstring has on each field."""
    lines = inspect.getdoc(Settings) or ""
    _, _, attributes = lines.partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", attributes, re.MULTILINE)
    return {name: re.split(r"(?<=\.)\s", " ".join(text.split()))[0] for name, text in found}
