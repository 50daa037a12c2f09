"""The models of a server, each by its name and version."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.metrics import Metrics

#: Names that are shown to who asks for another; a server may hold more.
_SHOWN = 8


@dataclass(frozen=True)
class Load:
    """What a model has to do.

    Attributes:
        jobs: Requests that wait for it.
        seconds: How long it will take for all that it has to do.
        sessions: Sequences that are open.
    """

    jobs: int = 0
    seconds: float = 0.0
    sessions: int = 0


class ServedModel(ABC):
    """What the server offers under one name and version.

    Attributes:
        name: What requests call it.
        version: Its version, a number as text.
        beside: Whether it is another side of a model, such as that of raw rows, which is not named where models are
            listed to people.
    """

    name: str
    version: str
    beside: bool = False

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether it can answer."""

    @property
    @abstractmethod
    def at_work(self) -> bool:
        """Whether it still works, though it may have been told to stop."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Returns its metadata, as the protocol has it, without the versions."""

    def page_facts(self) -> dict[str, Any] | None:
        """Returns what the page to try it must know, as ``describe_bundle`` says it; ``None`` where it has no page."""
        return None

    @property
    def sha256(self) -> str:
        """The checksum of its files, where it has one."""
        return ""

    @property
    def load(self) -> Load:
        """What waits for it."""
        return Load()

    def observe(self, metrics: Metrics) -> None:  # noqa: B027
        """Gets to know where it can count what it does."""

    async def check(self) -> bool:
        """Returns whether it answers: ``ready``, and, where that can be tried, it has answered lately."""
        return self.ready

    async def start(self) -> None:  # noqa: B027 - most that stand on another have nothing to start
        """Gets it ready; it has answered once when this returns."""

    def stop(self, timeout: float) -> None:  # noqa: B027
        """Ends its work within so many seconds."""


class Models:
    """Finds models.

    Args:
        models: All of them.
        missing: Why there is no model of a name that could be expected, by name.

    Raises:
        ArgumentError: If there is none, or two have one name and version.
    """

    def __init__(self, models: Sequence[ServedModel], missing: Mapping[str, str] | None = None) -> None:
        if not models:
            raise ArgumentError("models: received none; expected at least one bundle to serve. Name one.")
        self._models: dict[str, dict[str, ServedModel]] = {}
        self._missing = missing or {}
        for model in models:
            own = self._models.setdefault(model.name, {})
            if model.version in own:
                raise ArgumentError(
                    f"name: two models are called {model.name!r}, version {model.version}; expected one of each name "
                    "and version. Give other names: rnnzoo serve A B --name a --name b"
                )
            own[model.version] = model

    def __iter__(self) -> Iterator[ServedModel]:
        return (model for own in self._models.values() for model in own.values())

    def __len__(self) -> int:
        return sum(map(len, self._models.values()))

    def versions(self, name: str) -> list[str]:
        """Returns the versions of a model, the oldest first."""
        return sorted(self._models[name], key=int)

    def get(self, name: str, version: str) -> ServedModel | None:
        """Returns the model of a name and version, if there is one."""
        return self._models.get(name, {}).get(version)

    def of_path(self, parameters: Mapping[str, Any]) -> ServedModel:
        """Returns the model that the parameters of a path name; raises as ``find`` does."""
        return self.find(parameters["name"], parameters.get("version"))

    @property
    def all_names(self) -> Collection[str]:
        """The names of all."""
        return self._models.keys()

    def find(self, name: Any, version: Any = None, *, status: int = 404) -> ServedModel:
        """Returns the model of a name, the newest one where no version is named.

        Raises:
            RequestError: With the status, if there is none.
        """
        own = self._models.get(name) if isinstance(name, str) else None
        if own is None:
            raise RequestError(f"model: received {shorten(name)}; {self._instead(name)}", status=status)
        if version is None:
            return own[max(own, key=int)] if len(own) > 1 else next(iter(own.values()))
        found = own.get(version) if isinstance(version, str) else None
        if found is None:
            raise RequestError(
                f"version: received {shorten(version)}; expected {_listed(self.versions(name))}.",
                status=status,
            )
        return found

    def _instead(self, name: Any) -> str:
        """Returns what is said to who asks for a model that is not there."""
        expected = f"expected {_listed(self.names)}."
        if isinstance(name, str) and name in self._missing:
            return f"{expected} There is none of raw rows: {self._missing[name]}"
        return expected

    @property
    def names(self) -> list[str]:
        """The names of all but those that stand beside another."""
        return list(dict.fromkeys(model.name for model in self if not model.beside))

    @property
    def ready(self) -> bool:
        """Whether all can answer."""
        return all(model.ready for model in self)

    @property
    def at_work(self) -> bool:
        """Whether one still works."""
        return any(model.at_work for model in self)

    async def check(self) -> bool:
        """Returns whether all answer."""
        return all(await asyncio.gather(*(model.check() for model in self)))

    async def start(self) -> None:
        """Gets all ready, one after the other."""
        for model in self:
            await model.start()

    async def stop(self, timeout: float) -> None:
        """Ends the work of all within so many seconds."""
        await asyncio.gather(*(asyncio.to_thread(model.stop, timeout) for model in self))


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN} more, see /v2/repository/index")
    return shown[0] if len(shown) == 1 else "one of " + ", ".join(shown)
