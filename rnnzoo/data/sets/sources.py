"""Where named data sets come from: a literal table of their files, checksums, licences and papers."""

from __future__ import annotations

import fnmatch
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from rnnzoo import checks


@dataclass(frozen=True)
class SourceFile:
    """One file of a set, as it lies in a folder of data sets.

    Attributes:
        path: Where it lies under the folder.
        bytes: Its size; ``None`` where it is not known.
        sha256: Its checksum; ``None`` where it is not known.
        official: Whether it is the file that the makers of the set publish, not a repackaged copy.
        url: Where it can be fetched; ``None`` where it cannot, as for copies.
        checksum_from: Who states the checksum.
    """

    path: str
    bytes: int | None
    sha256: str | None
    official: bool
    url: str | None
    checksum_from: str | None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


#: What stands as the task of a set that a user has registered: what its reader returns says it.
REGISTERED = "registered"


@dataclass(frozen=True)
class Source:
    """A named set.

    Attributes:
        name: Its name.
        title: Its name in publications.
        task: The task it is for by default.
        rows: How many rows each part has, as published.
        licence: Its licence, or what is said of its use.
        homepage: Where the makers publish it.
        citation: The paper to cite.
        forms: The forms it may lie in and the files of each, the preferred one first; none for what needs no file.
    """

    name: str
    title: str
    task: str
    rows: Mapping[str, Any]
    licence: str
    homepage: str
    citation: str
    forms: Mapping[str, tuple[SourceFile, ...]]


@functools.cache
def sources() -> Mapping[str, Source]:
    """Returns all sets by name."""
    text = resources.files("rnnzoo.data.sets").joinpath("sources.json").read_text(encoding="utf-8")
    return {
        name: Source(
            name=name,
            **{
                **facts,
                "forms": {
                    form: tuple(SourceFile(**file) for file in files)
                    for form, files in facts["forms"].items()
                },
            },
        )
        for name, facts in json.loads(text).items()
    }


def get_source(name: str) -> Source:
    """Returns one set.

    Raises:
        UnknownNameError: If there is no such set.
    """
    return sources()[checks.choice("data set", name, sources())]


def find_sources(pattern: str = "*", *, task: str | None = None) -> list[Source]:
    """Returns the sets whose names match a pattern, of one task or all."""
    known = sources()
    if task is not None:
        checks.choice("task of a data set", task, {source.task for source in known.values()})
    return [
        source
        for name, source in known.items()
        if fnmatch.fnmatchcase(name, pattern) and task in (None, source.task)
    ]
