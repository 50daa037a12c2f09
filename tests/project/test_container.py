"""Truth of ``rnnzoo_export.serving.server``: the container file, as far as it can be tried without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from typer.main import get_command

from built_distributions import create_environment, own_environment, run
from container_file import Instruction, only, read_container_file
from rnnzoo.cli.app import make_app


@pytest.fixture(scope="module")
def instructions(project: Path) -> list[Instruction]:
    return read_container_file(project / "export" / "Containerfile")


def copies(instructions: list[Instruction]) -> list[tuple[list[str], str]]:
    """What each COPY takes, and where it goes."""
    return [(words[:-1], words[-1]) for words in (i.words for i in instructions if i.name == "COPY")]


def test_requirements_are_installed_before_anything_else_is_copied(instructions: list[Instruction]) -> None:
    names = [instruction.name for instruction in instructions]
    assert names[0] == "FROM"
    assert [name for name in names if name in ("COPY", "RUN")] == ["COPY", "RUN", *["COPY"] * 4, "RUN"]
    first, last = (i.words for i in instructions if i.name == "RUN")
    (source,), _ = copies(instructions)[0]
    assert first == ["pip", "install", "-r", Path(source).name]
    assert last == ["pip", "install", "--no-deps", "."]


def test_it_does_not_run_as_root(instructions: list[Instruction]) -> None:
    user = only(instructions, "USER")
    assert re.fullmatch(r"([1-9]\d*):\1", user.text)
    rest = [i.name for i in instructions[instructions.index(user) :]]
    assert "ENTRYPOINT" in rest
    assert "RUN" not in rest


def test_all_that_is_copied_is_in_the_source_distribution(
    instructions: list[Instruction], unpacked: Path
) -> None:
    sources = [source for group, _ in copies(instructions) for source in group]
    assert [source for source in sources if not (unpacked / source).exists()] == []


def test_its_command_is_one_of_ours_and_its_port_the_same_everywhere(instructions: list[Instruction]) -> None:
    program, name, *arguments = only(instructions, "ENTRYPOINT").words
    assert (program, name) == ("rnnzoo", "serve")
    serve = getattr(get_command(make_app()), "commands")[name]  # noqa: B009 - Typer's type has no such attribute
    values = serve.make_context(name, [*arguments, "--threads", "2"]).params
    assert ([str(path) for path in values["bundles"]], values["host"], values["threads"]) == (
        ["/bundle"],
        "0.0.0.0",
        2,
    )
    assert str(values["port"]) == only(instructions, "EXPOSE").text
    health = only(instructions, "HEALTHCHECK").text
    assert f"'127.0.0.1', {values['port']}," in health
    assert "'/v2/health/ready'" in health


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_steps_make_a_server_that_is_healthy_and_ends_in_order(
    instructions: list[Instruction], unpacked: Path, digits_bundle: Path, tmp_path: Path
) -> None:
    """The same steps in a virtual environment, in place of an image."""
    context, commands = tmp_path / "source", create_environment(tmp_path / "venv")
    context.mkdir()
    for instruction in instructions:
        if instruction.name == "COPY":
            *sources, target = instruction.words
            for source in map(unpacked.joinpath, sources):
                copy = shutil.copytree if source.is_dir() else shutil.copy
                copy(source, context / target)
        elif instruction.name == "RUN":
            program, *arguments = instruction.words
            result = run(commands / program, *arguments, cwd=context, timeout=600)
            assert result.returncode == 0, result.stderr
    program, *arguments = only(instructions, "ENTRYPOINT").words
    arguments = [
        str(digits_bundle) if word == "/bundle" else "0" if word == "8000" else word for word in arguments
    ]
    server = subprocess.Popen(
        [str(commands / program), *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=own_environment(),
        cwd="/",
    )
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        found = re.search(r"http://[\d.]+:(\d+)/", line)
        assert found, line
        check = [word.replace("8000", found[1]) for word in only(instructions, "HEALTHCHECK").words]
        assert run(commands / check[0], *check[1:], cwd=tmp_path).returncode == 0
        url = f"http://127.0.0.1:{found[1]}/v2/models/series-classifier-gru/predict"
        assert httpx.post(url, json={"inputs": [[[0.0] * 8] * 8]}, timeout=30).status_code == 200
    finally:
        server.terminate()
        _, rest = server.communicate(timeout=30)
    assert server.returncode == 0, rest
    assert run(commands / check[0], *check[1:], cwd=tmp_path).returncode != 0
