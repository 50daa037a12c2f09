"""The options of `rnnzoo serve`: one for each setting, which the environment and a file can give too."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rnnzoo.cli.full_help import SERVER
from rnnzoo.cli.option_groups import keyword_option, with_options
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo_export.serving.settings_sources import CONFIG_VARIABLE, Setting, gather_settings, settings_known

#: Those that `--help` shows; `--help-all` shows the others.
SHOWN = (
    "host",
    "port",
    "allowed_hosts",
    "root_path",
    "api_key_file",
    "tls_cert",
    "tls_key",
    "threads",
    "max_requests",
    "shutdown_timeout",
    "access_log",
)
_METAVARS = {"str": "TEXT", "int": "NUMBER", "float": "SECONDS", "tuple": "NAMES"}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options to a command, which receives ``Settings`` as ``settings``."""
    options = [_option(setting) for setting in settings_known().values() if not setting.is_secret]
    config = typer.Option(
        "--config", metavar="FILE", show_default=False, help="A file of settings (TOML, JSON)."
    )
    options.append(keyword_option("config", Annotated[str | None, config], None))
    return with_options(command, "settings", options, _gather)


def _bracketed(text: str) -> str:
    """Returns a text in brackets that is no style to ``rich``, whose own function for it is slow to import."""
    return rf"\[{text}]" if text[:1] in "#/@" or text[:1].islower() else f"[{text}]"


def _option(setting: Setting) -> Any:
    default = "" if setting.default in ("", ()) else f" {_bracketed(_shown(setting.default))}"
    is_shown = setting.name in SHOWN
    flags = setting.option if setting.kind is not bool else f"{setting.option}/--no{setting.option[1:]}"
    option = typer.Option(
        flags,
        help=setting.text.replace("``", "") + default,
        hidden=not is_shown,
        rich_help_panel=None if is_shown else SERVER,
        show_default=False,
        metavar=None if setting.kind is bool else _METAVARS[setting.kind.__name__],
    )
    kind = str if setting.kind is tuple else setting.kind
    return keyword_option(setting.name, Annotated[kind | None, option], None)


def _shown(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def _gather(options: dict[str, Any]) -> Any:
    path = options.pop("config") or os.environ.get(CONFIG_VARIABLE, "")
    return gather_settings(options, os.environ, _read(path) if path else None, path)


def _read(path: str) -> dict[str, Any]:
    from rnnzoo.cli.config_file import parse_file

    try:
        values = parse_file(path, "--config")
    except ModuleNotFoundError as error:  # a machine that only serves
        raise ArgumentError(
            f"--config: {path} is YAML, which needs a package that is not installed here ({error.name}); expected TOML "
            "or JSON. Write it as TOML."
        ) from error
    if not isinstance(values, dict):
        raise DataError(f"{path}: received {values!r}; expected names of settings with values. Correct it.")
    return values
