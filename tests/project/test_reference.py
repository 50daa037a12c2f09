"""Truth of ``rnnzoo``: the reference has every public name and every option once, under the name that users write."""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from rnnzoo.cli.app import make_app

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
EXTENSIONS = REFERENCE.parent / "extensions"
PACKAGES = ("rnnzoo", "rnnzoo_export", "rnnzoo_tuning")
NO_NAMES: list[str] = []
_DIRECTIVE = re.compile(r"^\.\. (?:auto(?:class|function|exception)|py:data):: (\S+)$", flags=re.MULTILINE)


@pytest.fixture(autouse=True)
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXTENSIONS))


def documented() -> Counter[str]:
    """How often each name is documented."""
    pages = [page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md"))]
    return Counter(name for page in pages for name in _DIRECTIVE.findall(page))


def test_every_public_name_is_documented_once_and_nothing_else_as_one() -> None:
    public = {
        f"{package}.{name}" for package in PACKAGES for name in importlib.import_module(package).__all__
    }
    names = documented()
    assert {name for name, count in names.items() if count > 1} == set()
    assert {name for name in names if name.count(".") == 1} == public


def test_what_is_inside_others_exists_and_is_not_public() -> None:
    public_names = importlib.import_module("public_names").public_names()
    inner = [name for name in documented() if name.count(".") > 1]
    for name in inner:
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute).__doc__, name
        assert name not in public_names


def test_a_reference_leads_to_the_public_name() -> None:
    documented_name = importlib.import_module("public_names").documented_name
    known = ["rnnzoo.Splits", "rnnzoo.errors.DataError", "rnnzoo.Rows", "rnnzoo.data.Rows"]
    assert documented_name("rnnzoo.data.splits.Splits", known) == "rnnzoo.Splits"
    assert documented_name("DataError", known) == "rnnzoo.errors.DataError"
    assert documented_name("Rows", known) is None  # two fit
    assert documented_name("Nothing", known) is None


@pytest.mark.parametrize("name", list(get_command(make_app()).commands))  # type: ignore[attr-defined]
def test_the_reference_of_a_command_has_all_its_options(name: str) -> None:
    command = get_command(make_app()).commands[name]  # type: ignore[attr-defined]
    text = "\n".join(importlib.import_module("commands").command_lines(f"rnnzoo {name}", command))
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    assert options
    assert text.count(".. option::") == len(command.params)
    for parameter in options:
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert re.search(rf"\.\. option:: (.*, )?{option}\b", text), option


def test_hidden_required_repeated_and_given_values_are_told() -> None:
    small = typer.Typer()

    @small.command("first")
    def first(
        data: str = typer.Option(..., help="A file of `x_y` and *."),
        seed: int = typer.Option(0, help="The seed."),
        quiet: bool = typer.Option(False, help="Say nothing."),
        names: Annotated[list[str], typer.Option("--name", metavar="NAME", help="A name.")] = NO_NAMES,
        old: str = typer.Option("no", hidden=True, help="Old."),
    ) -> None:
        """Do it."""

    text = "\n".join(importlib.import_module("commands").command_lines("small first", get_command(small)))
    assert ".. program:: small first\n\nDo it.\n" in text
    assert ".. option:: --data <data>\n\n   A file of ``x_y`` and \\*. Required.\n" in text
    assert ".. option:: --seed <seed>\n\n   The seed. Default: ``0``.\n" in text
    assert "   Say nothing.\n" in text
    assert ".. option:: --name NAME\n\n   A name. May be given several times.\n" in text
    assert "   Old. Default: ``no``. Not shown by ``--help``.\n" in text


@pytest.mark.parametrize("module", [path.stem for path in sorted(EXTENSIONS.glob("*.py"))])
def test_the_examples_of_the_extensions_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
    assert str(EXTENSIONS) in sys.path
