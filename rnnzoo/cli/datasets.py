"""`rnnzoo datasets`: the named data sets, and whether their files are there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rnnzoo.cli.output import note, print_json, print_table, stdout
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.data.sets.set_files import present_form
from rnnzoo.data.sets.sources import REGISTERED, Source, SourceFile, find_sources, get_source
from rnnzoo.errors import ArgumentError

_NOT_KNOWN = "not known"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("datasets")(datasets)


def datasets(
    name: Annotated[
        str | None, typer.Argument(help="A data set to show in full, or a pattern such as 'ett*'.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only data sets for this task.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
) -> None:
    """List the named data sets and whether their files are there, or show one in full."""
    import_packages(packages, tensorflow=True)
    if name is not None and not any(mark in name for mark in "*?["):
        if task is not None:
            raise ArgumentError(
                f"--task: received {task!r} with the data set {name!r}; expected it with a pattern or alone. Leave it "
                "out."
            )
        _show(_find(name, packages), as_json=as_json)
        return
    found = [*find_sources(name or "*", task=task), *_own(packages, name or "*", task)]
    if as_json:
        print_json([_facts(source) for source in found])
        return
    if not found:
        note(f"no data set matches {name!r}" + (f" for {task}" if task else ""))
        return
    for kind in dict.fromkeys(source.task for source in found):
        print_table(
            [_in_short(source) for source in found if source.task == kind], title=kind.replace("_", " ")
        )
        stdout.print()
    stdout.print(
        "One in full: rnnzoo datasets NAME   Files are read from RNNZOO_DATA or the cache; RNNZOO_DOWNLOAD=1 lets "
        "`rnnzoo train` fetch those that have an address.",
        style="dim",
    )


def _own(packages: list[str] | None, pattern: str, task: str | None) -> list[Source]:
    """Returns the sets that imported packages have registered; none where none was imported, which is quick."""
    if not packages:
        return []
    from rnnzoo.data.sets.datasets import list_datasets

    return [
        source
        for source in list_datasets(pattern, task=task)
        if not source.forms and source.task == REGISTERED
    ]


def _find(name: str, packages: list[str] | None) -> Source:
    own = {source.name: source for source in _own(packages, "*", None)}
    return get_source(name) if name not in own else own[name]


def _in_short(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "rows": _rows(source),
        "licence": source.licence,
        "there": _presence(source),
    }


def _presence(source: Source) -> str:
    if source.task == REGISTERED:
        return REGISTERED
    return present_form(source) or ("to be fetched" if _address(source) else "no")


def _address(source: Source) -> list[str]:
    """Where a whole form of the set can be fetched."""
    forms = (files for files in source.forms.values() if all(file.url for file in files))
    return [str(file.url) for file in next(forms, ())]


def _rows(source: Source) -> str:
    form = present_form(source) or next(iter(source.forms), "")
    parts = source.rows.get(form, source.rows)
    return ", ".join(
        f"{count:,} {part.replace('_', ' ')}".removesuffix(" all") for part, count in parts.items()
    )


def _facts(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "task": source.task,
        "rows": dict(source.rows),
        "licence": source.licence,
        "source": source.homepage,
        "reference": source.citation,
        "present": REGISTERED if source.task == REGISTERED else present_form(source),
        "urls": _address(source),
        "files": {form: [_file(file) for file in files] for form, files in source.forms.items()},
    }


def _file(file: SourceFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "official": file.official,
        "bytes": file.bytes,
        "sha256": file.sha256 or _NOT_KNOWN,
        "checksum_from": file.checksum_from,
        "url": file.url,
    }


def _show(source: Source, *, as_json: bool) -> None:
    facts = _facts(source)
    if as_json:
        print_json(facts)
        return
    files = facts.pop("files")
    facts["rows"] = _rows(source)
    facts["present"] = facts["present"] or "no"
    facts["urls"] = "\n".join(facts["urls"]) or "none"
    print_table([{"": key, " ": value} for key, value in facts.items()], title=source.name)
    for form, rows in files.items():
        stdout.print()
        print_table(
            [
                {"path": row["path"], "bytes": row["bytes"] or _NOT_KNOWN, "sha256": row["sha256"]}
                for row in rows
            ],
            title=f"files: {form}",
        )
