"""Files of rows with targets, put into parts; what is wrong with a row names its file and place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.files import file_checksum, is_path
from rnnzoo.preprocessing.base import Rows

#: How the parts of one source are called, the training part first.
PARTS = ("train", "validation", "test")
_GIVEN = ("validation", "test")


@dataclass(frozen=True)
class FileRows:
    """Rows that were read from one place.

    Attributes:
        rows: The raw rows.
        targets: One per row.
        place: What messages call a row by its number, such as ``"line 5"``.
        left_out: How many rows of the file are not among them.
        weights: How much each row counts, as ``Splits.from_arrays`` takes it; ``None`` for all alike.
        groups: The group of each row, where it was asked for.
    """

    rows: Rows
    targets: Rows
    place: Callable[[int], str] = "row {}".format
    left_out: int = 0
    weights: Rows | None = None
    groups: Rows | None = None


def split_files(
    source: Any,
    read: Callable[[Any], Mapping[str, FileRows]],
    parts: Parts,
    *,
    description: Mapping[str, Any],
    **options: Any,
) -> Splits:
    """Reads a source, and others for the parts that were given, and makes splits of their rows.

    Args:
        source: What is read: a file, or what else ``read`` takes.
        read: Returns the rows of a source by part; all rows are ``"train"`` where it holds no parts of its own.
        parts: How rows are split; a validation or test part that is given is a source too.
        description: Facts to keep; names and checksums of files are added.
        **options: As for ``Splits.from_arrays``.

    Raises:
        ArgumentError: If a part is given, and the source holds one.
        DataError: If a row cannot be used; the message names its source and place.
    """
    found = dict(read(source))
    sources = dict.fromkeys(found, source)
    for name in _GIVEN:
        given = getattr(parts, name)
        if given is None:
            continue
        if name in found:
            raise ArgumentError(
                f"{name}: received {source_name(given)} beside the {name} part that {source_name(source)} holds; "
                f"expected one of both. Leave {name} out."
            )
        found[name], sources[name] = _single(read(given), given, name), given
    rows = {name: (part.rows, part.targets, part.weights) for name, part in found.items()}
    given_parts: dict[str, Any] = {name: rows.get(name) for name in _GIVEN}
    if isinstance(parts.groups, str) and found["train"].groups is not None:
        given_parts["groups"] = found["train"].groups
    facts = {**_facts(sources), **_left_out(found), **description}
    try:
        return Splits.from_arrays(
            found["train"].rows,
            found["train"].targets,
            weights=found["train"].weights,
            parts=dataclasses.replace(parts, **given_parts),
            description=facts,
            **options,
        )
    except RowError as error:
        name = next((name for name in _GIVEN if error.of.startswith(name)), "train")
        raise DataError(
            f"{source_name(sources[name])}: {found[name].place(error.row)}: {said_of(error)}{error.problem}"
        ) from error


def said_of(error: RowError) -> str:
    """Returns what messages of files call the part of a row that an error is of: nothing for the row itself."""
    return next((f"{what}: " for what in ("targets", "weights", "groups") if error.of.endswith(what)), "")


def _single(parts: Mapping[str, FileRows], source: Any, name: str) -> FileRows:
    if set(parts) != {"train"}:
        raise DataError(
            f"{source_name(source)}: holds the parts {', '.join(parts)}; expected the rows of the {name} part alone. "
            "Pass the file as the data, or write one with this part."
        )
    return parts["train"]


def _facts(sources: Mapping[str, Any]) -> dict[str, Any]:
    """Returns names and checksums of the files of parts."""
    facts: dict[str, Any] = {}
    for name, source in sources.items():
        prefix = "" if name == "train" else f"{name}_"
        files = [part for part in (source if isinstance(source, tuple) else (source,)) if is_path(part)]
        if not files or (prefix and source is sources["train"]):
            continue
        names, checksums = [Path(file).name for file in files], [file_checksum(file) for file in files]
        facts[f"{prefix}source"] = names[0] if len(files) == 1 else names
        facts[f"{prefix}checksum"] = checksums[0] if len(files) == 1 else checksums
    return facts


def _left_out(found: Mapping[str, FileRows]) -> dict[str, Any]:
    counts = {name: part.left_out for name, part in found.items() if part.left_out}
    return {"rows_left_out": counts} if counts else {}


def source_name(source: Any) -> str:
    """Returns what messages call a source: a file by its path, a frame or other rows by what they are."""
    first = source[0] if isinstance(source, tuple) else source
    return (
        str(first)
        if is_path(first)
        else f"the {'frame' if hasattr(first, 'columns') else type(first).__name__}"
    )
