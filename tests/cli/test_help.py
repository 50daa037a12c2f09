"""Truth of ``rnnzoo.cli.full_help``: help fits a screen, leaves nothing out, and says what the code says."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest
import typer

from rnnzoo.cli.app import make_app, run
from rnnzoo.cli.data_options import DATA_OPTIONS, DataOptions, option_name
from rnnzoo.families import FAMILIES
from rnnzoo.tasks import TASKS
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo_tuning.algorithms import ALGORITHM, ALGORITHMS, MAX_TRIALS

COMMANDS = sorted(command.name or "" for command in make_app().registered_commands)
LINES, COLUMNS, OPTIONS = 40, 100, 24
#: `--help-data` has more lines, for it has groups with a frame each, and each group fits half a screen.
DATA_LINES, GROUP_LINES = 48, LINES // 2
SCREENS = [(), *((name,) for name in COMMANDS)]


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("TERMINAL_WIDTH", str(COLUMNS))


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(arguments) == 0
    return capsys.readouterr().out


def options_in(text: str) -> list[str]:
    """The options that have a line of their own, by their first name."""
    return re.findall(r"^│ [* ]*(--[a-z-]+)", text, re.MULTILINE)


def words_of(text: str) -> str:
    """The text without frames and breaks of lines."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("command", SCREENS, ids=" ".join)
def test_help_fits_a_screen(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text = show(capsys, *command, "--help")
    lines = text.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS
    assert 0 < len(options_in(text)) <= OPTIONS
    assert "README" not in text


@pytest.mark.parametrize("command", ["train", "tune"])
def test_the_groups_of_the_other_options_fit_half_a_screen_each(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = show(capsys, command, "--help-data")
    lines = text.splitlines()
    assert len(lines) <= DATA_LINES
    assert max(map(len, lines)) <= COLUMNS
    assert re.findall("╭─ (.*?) ─", text) == [
        "Data: files",
        "Data: rows, labels and parts",
        "Data: series and time",
    ]
    for group in re.findall("╭.*?╰", text, re.DOTALL):
        assert len(group.splitlines()) <= GROUP_LINES
        assert 0 < len(options_in(group)) <= OPTIONS // 2
    assert "README" not in text


@pytest.mark.parametrize("command", ["train", "tune"])
def test_all_screens_together_show_every_option_once(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = (options_in(show(capsys, command, flag)) for flag in ("--help", "--help-data"))
    assert set(first).isdisjoint(other)
    assert {option_name(name) for name in DATA_OPTIONS} <= {*first, *other}
    assert set(other) < {option_name(name) for name in DATA_OPTIONS}
    if command == "tune":
        third = options_in(show(capsys, command, "--help-search"))
        assert set(third).isdisjoint([*first, *other])
        other += third
    shown = typer.main.get_command(make_app()).commands[command].params  # type: ignore[attr-defined]
    names = {parameter.opts[0] for parameter in shown if parameter.opts[0].startswith("--")}
    assert names | {"--help"} == {*first, *other}


@pytest.mark.parametrize("command", ["train", "tune"])
def test_names_and_defaults_are_those_of_the_code(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = words_of(show(capsys, command, "--help"))
    assert f": {', '.join(FAMILIES)}." in text
    with_seconds = text if command == "train" else words_of(show(capsys, command, "--help-search"))
    assert f"Seconds for all baselines together. [{BASELINE_SECONDS:g}]" in with_seconds
    if command == "train":
        for name, what in (
            ("epochs", "Epochs at most."),
            ("batch_size", "Rows per step."),
            ("seed", "dropout."),
        ):
            assert f"{what} [{getattr(TrainConfig, name)}]" in text
    else:
        assert f"{', '.join(ALGORITHMS)}. [{ALGORITHM}]" in text
        assert f"Trials at most. [{MAX_TRIALS}]" in text
    data = words_of(show(capsys, command, "--help-data"))
    for name, task in TASKS.items():
        assert (f" {name}," in data or f" {name}." in data) == (task.data_of is None)
    for option in dataclasses.fields(DataOptions):
        if option.default not in (None, False, dataclasses.MISSING):
            assert re.search(rf"{option_name(option.name)} .*?\[default: {option.default}\]", data)


def test_help_needs_neither_tensorflow_nor_pandas() -> None:
    heavy = ("tensorflow", "keras", "keras_tuner", "pandas", "yaml", "sklearn", "onnxruntime")
    code = (
        "import sys; from rnnzoo.cli.app import run\n"
        "for words in (['--help'], ['train', '--help'], ['tune', '--help-data']): assert run(words) == 0\n"
        f"print('loaded', [name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "loaded []"
