"""Truth of ``rnnzoo.cli.serve_options``: every setting of a server by option, variable and file, wrong ones refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from command_line import refused
from rnnzoo.cli.app import run
from rnnzoo_export.serving import server
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.settings_sources import settings_known


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the command has served with."""
    found: list[Settings] = []
    monkeypatch.setattr(server, "serve", lambda *_, settings, **__: found.append(settings))
    monkeypatch.setattr("rnnzoo.cli.serve.atexit.register", lambda _: None)
    return found


def test_options_win_over_variables_and_these_over_a_file(
    served: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "serve.toml"
    path.write_text('max-rows = 1\nmax_steps = 2\nthreads = 3\nallowed-hosts = ["a", "b"]\ndeadline = 4\n')
    monkeypatch.setenv("RNNZOO_SERVE_MAX_ROWS", "10")
    monkeypatch.setenv("RNNZOO_SERVE_MAX_STEPS", "20")
    assert run(["serve", "bundle", "--config", str(path), "--max-rows", "100", "--metrics-public"]) == 0
    expected = Settings(
        max_rows=100,
        max_steps=20,
        threads=3,
        allowed_hosts=("a", "b"),
        deadline=4.0,
        metrics_public=True,
    )
    assert served == [expected]


def test_the_file_may_be_named_by_a_variable_and_be_json_or_yaml(
    served: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("s.json", json.dumps({"port": 1})), ("s.yaml", "port: 1\n")):
        path = tmp_path / name
        path.write_text(text)
        monkeypatch.setenv("RNNZOO_SERVE_CONFIG", str(path))
        assert run(["serve", "bundle"]) == 0
        assert run(["serve", "bundle", "--port", "2"]) == 0
    assert [settings.port for settings in served] == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max-row = 1", "error: unknown setting of s.toml: received 'max-row'; did you mean 'max_rows'?"),
        ("max-rows = 0", "error: s.toml: max_rows: received 0; expected an integer of at least 1."),
        ("max-rows", "error: s.toml: "),
    ],
)
def test_a_wrong_file_is_refused(
    text: str, message: str, in_own_folder: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("s.toml").write_text(text)
    assert refused(capsys, "serve", "bundle", "--config", "s.toml").startswith(message)


def test_a_wrong_variable_and_a_wrong_option_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(capsys, "serve", "bundle", "--threads", "0").startswith("error: --threads: received 0;")
    assert "--max-row" in refused(capsys, "serve", "bundle", "--max-row", "1")
    assert "--api-key " in refused(capsys, "serve", "bundle", "--api-key", "k" * 20)  # others would see it
    monkeypatch.setenv("RNNZOO_SERVE_PORT", "tcp://10.0.0.1:8000")  # as Kubernetes sets for a service
    message = refused(capsys, "serve", "bundle")
    assert message.startswith(
        "error: environment variable RNNZOO_SERVE_PORT: received 'tcp://10.0.0.1:8000'; "
    )


def test_a_machine_without_yaml_is_told_to_write_toml(
    in_own_folder: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("s.yaml").write_text("port: 1\n")
    monkeypatch.setitem(sys.modules, "rnnzoo.yaml_text", None)
    message = refused(capsys, "serve", "bundle", "--config", "s.yaml")
    assert message.startswith("error: --config: s.yaml is YAML, which needs a package that is not installed")


def test_both_screens_together_show_every_option_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    shown: list[str] = []
    for flag in ("--help", "--help-all"):
        capsys.readouterr()
        assert run(["serve", flag]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 100
        shown += [line.split()[1] for line in lines if line.startswith("│ --")]
    options: list[Any] = [setting.option for setting in settings_known().values() if not setting.is_secret]
    assert sorted(shown) == sorted([*options, "--config", "--name", "--import", "--help-all", "--help"])
