"""What the inputs are called that the parts of a joined preprocessing make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnzoo.errors import ArgumentError, UnknownNameError

#: For a part the name of its one input, or new names by the old; ``None`` for an input that is left out.
PartNames = str | Mapping[str, str | None]


class InputNames:
    """The names of the inputs of each part: its own ones, but where others are given.

    Args:
        given: For some parts the name of the one input, or new names by those that the part gives; ``None`` leaves an
            input out.
        parts: All parts.

    Raises:
        ArgumentError: If something else is given.
        UnknownNameError: If a part is not known; the nearest is suggested.

    Example:
        >>> InputNames({"title": "title"}, ["title", "body"]).of("title", ["tokens"])
        {'tokens': 'title'}
    """

    def __init__(self, given: Mapping[str, PartNames], parts: Sequence[str]) -> None:
        if not isinstance(given, Mapping):
            raise ArgumentError(
                f"inputs: received {given!r}; expected names by part. Write e.g. inputs={{{parts[0]!r}: 'title'}}."
            )
        for part, names in given.items():
            if part not in parts:
                raise UnknownNameError("part in inputs", part, parts)
            self._check(part, names)
        self.given = {part: names if isinstance(names, str) else dict(names) for part, names in given.items()}

    @staticmethod
    def _check(part: str, names: Any) -> None:
        each = list(names.values()) if isinstance(names, Mapping) else [names]
        if isinstance(names, Mapping):
            each = [name for name in each if name is not None]
        if not all(isinstance(name, str) and name for name in each):
            raise ArgumentError(
                f"inputs: received {names!r} for {part!r}; expected a name, or new names by the old, where None leaves "
                "an input out."
            )

    def of(self, part: str, own: Sequence[str]) -> dict[str, str | None]:
        """Returns the names of the inputs of a part by those that the part itself gives them, ``None`` to leave out.

        Args:
            part: The part.
            own: The names that it gives.

        Raises:
            ArgumentError: If one name is given for several inputs.
            UnknownNameError: If a new name is given for an input that the part does not make.
        """
        given = self.given.get(part, {})
        if isinstance(given, str):
            if len(own) != 1:
                written = ", ".join(f"{name!r}: {_new(part, name)!r}" for name in own)
                raise ArgumentError(
                    f"inputs: received {given!r} for {part!r}, which makes {', '.join(own)}; expected a name for each. "
                    f"Write inputs={{{part!r}: {{{written}}}}}."
                )
            given = {own[0]: given}
        for name in given:
            if name not in own:
                raise UnknownNameError(f"input of part {part!r} in inputs", name, own)
        return {name: given.get(name, name) for name in own}

    def check_unique(self, own: Mapping[str, Sequence[str]]) -> None:
        """Raises ``ArgumentError`` where two parts make inputs of one name.

        Args:
            own: The names that each part gives.
        """
        makers: dict[str, list[tuple[str, str]]] = {}
        for part, names in own.items():
            for old, new in self.of(part, names).items():
                if new is not None:
                    makers.setdefault(new, []).append((part, old))
        twice = {name: made for name, made in makers.items() if len(made) > 1}
        if not twice:
            return
        wanted = {
            part: {old: new for old, new in self.of(part, own[part]).items() if old != new} for part in own
        }
        for made in twice.values():
            for part, old in made:
                wanted[part][old] = _new(part, old)
        written = {part: names for part, names in wanted.items() if names}
        name, made = next(iter(twice.items()))
        raise ArgumentError(
            f"inputs: the parts {' and '.join(repr(part) for part, _ in made)} make an input {name!r} each; expected "
            f"names that differ. Write inputs={written}, with the names of your model."
        )


def _new(part: str, name: str) -> str:
    return f"{part}_{name}"
