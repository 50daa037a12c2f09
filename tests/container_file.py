"""A container file, read as its builders read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

# Those that the format knows, without the ones that only an older file may have.
INSTRUCTIONS = {
    *(
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "ONBUILD",
        "RUN",
    ),
    *("SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}


@dataclass(frozen=True)
class Instruction:
    """One instruction with its arguments, those of an exec form as a list."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments of an exec form, else the words."""
        start = self.text.find("[")
        if start < 0:
            return self.text.split()
        words: list[str] = json.loads(self.text[start:])
        return words


def read_container_file(path: Path) -> list[Instruction]:
    """Returns the instructions; lines that begin with # are comments, a backslash goes on in the next line."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, text = line.strip().partition(" ")
            assert name in INSTRUCTIONS, line
            assert text.strip(), f"{name} without arguments"
            found.append(Instruction(name, " ".join(text.split()) if "[" not in text else text.strip()))
    return found


def only(instructions: list[Instruction], name: str) -> Instruction:
    """Returns the one instruction of a name."""
    (found,) = [instruction for instruction in instructions if instruction.name == name]
    return found
