"""Truth of ``rnnzoo_export.serving.settings_sources``: options before variables before a file before defaults."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.settings_sources import CONFIG_VARIABLE, gather_settings, settings_known

NAMES = [field.name for field in dataclasses.fields(Settings)]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_known_and_says_what_it_is(name: str) -> None:
    setting = settings_known()[name]
    assert setting.text.endswith((".", ";"))
    assert setting.default == getattr(Settings(), name)
    assert type(setting.default) is setting.kind


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_taken_from_every_source(name: str) -> None:
    setting = settings_known()[name]
    text = other(name, setting.default)
    value = setting.parse(text)
    assert value != setting.default
    assert getattr(gather_settings({}, {setting.variable: text}), name) == value
    written = list(value) if setting.kind is tuple else value
    assert getattr(gather_settings({}, {}, {name.replace("_", "-"): written}, "s.toml"), name) == value
    option = text if setting.kind is tuple else value
    assert getattr(gather_settings({name: option}, {}), name) == value


def other(name: str, default: Any) -> str:
    """A value that a setting has not by default."""
    known = {"access_log": "json", "root_path": "/films", "max_bytes": str(2**30)}
    if name in known:
        return known[name]
    if isinstance(default, bool):
        return str(not default).lower()
    return str(default + 1) if isinstance(default, int | float) else "a"


def test_what_is_nearer_to_the_command_wins() -> None:
    file = {"max_rows": 1, "max_steps": 2, "threads": 3}
    settings = gather_settings(
        {"max_rows": 10, "max_steps": None},
        {"RNNZOO_SERVE_MAX_ROWS": "100", "RNNZOO_SERVE_MAX_STEPS": "200", "RNNZOO_OTHER": "x"},
        file,
        "s.toml",
    )
    assert (settings.max_rows, settings.max_steps, settings.threads, settings.port) == (10, 200, 3, 8000)


def test_the_variable_of_the_file_is_no_setting() -> None:
    assert gather_settings({}, {CONFIG_VARIABLE: "s.toml"}) == Settings()


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            ({}, {"RNNZOO_SERVE_MAX_ROW": "1"}),
            "unknown environment variable: received 'RNNZOO_SERVE_MAX_ROW'; did you mean 'RNNZOO_SERVE_MAX_ROWS'?",
        ),
        (
            ({}, {}, {"max-row": 1}, "s.toml"),
            "unknown setting of s.toml: received 'max-row'; did you mean 'max_rows'?",
        ),
        (({}, {}, {"max_rows": "1"}, "s.toml"), "s.toml: max_rows: received '1'; expected an integer."),
        (({}, {}, {"max_rows": True}, "s.toml"), "s.toml: max_rows: received True; expected an integer."),
        (({}, {}, {"allowed-hosts": [1]}, "s.toml"), "s.toml: allowed_hosts: received [1]; expected texts."),
        (
            ({}, {}, {"max_rows": 0}, "s.toml"),
            "s.toml: max_rows: received 0; expected an integer of at least 1.",
        ),
        (
            ({}, {"RNNZOO_SERVE_DEADLINE": "soon"}),
            "environment variable RNNZOO_SERVE_DEADLINE: received 'soon'; expected a number.",
        ),
        (
            ({}, {"RNNZOO_SERVE_METRICS_PUBLIC": "maybe"}),
            "environment variable RNNZOO_SERVE_METRICS_PUBLIC: received 'maybe'; expected true or false.",
        ),
        (
            ({}, {"RNNZOO_SERVE_DEADLINE": "-1"}),
            "environment variable RNNZOO_SERVE_DEADLINE: received -1.0; expected a finite number above 0.",
        ),
        (({"port": 70000}, {}), "--port: received 70000; expected 0 to 65535."),
        (({"root_path": "films/"}, {}), "--root-path: received 'films/'; expected a path such as /films"),
        (({"access_log": "xml"}, {}), "--access-log: received 'xml'; expected off or json."),
        (
            ({}, {"RNNZOO_SERVE_MAX_BODY_BYTES": str(2**40)}),
            f"max_bytes: received {2**28}, less than max_body_bytes, {2**40};",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_source(sources: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        gather_settings(*sources)
    assert str(caught.value).startswith(message)


def test_secrets_are_neither_shown_nor_taken_as_options() -> None:
    secret = {name for name, setting in settings_known().items() if setting.is_secret}
    assert secret == {"api_key"}
    settings = gather_settings({}, {"RNNZOO_SERVE_API_KEY": "do-not-show-this-key"})
    assert settings.api_key == "do-not-show-this-key"
    assert "do-not-show" not in repr(settings)
    with pytest.raises(ArgumentError) as caught:
        gather_settings({}, {}, {"api_key": ["do-not-show-this-key"]}, "s.toml")
    assert "do-not-show" not in str(caught.value)


def test_unknown_names_of_very_many_variables_are_short() -> None:
    with pytest.raises(UnknownNameError) as caught:
        gather_settings({}, {"RNNZOO_SERVE_" + "X" * 10_000: "1"})
    assert len(str(caught.value)) < 20_000
