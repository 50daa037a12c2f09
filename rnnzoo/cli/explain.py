"""`rnnzoo explain`: which words, steps and channels of one example an answer rests on, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.output import note, noting_warnings, print_json, print_table, stdout
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.raw_input_options import InputFile, RawInputOptions, with_raw_input_options
from rnnzoo.cli.raw_inputs import as_request
from rnnzoo.errors import ArgumentError
from rnnzoo.files import refuse_existing_file
from rnnzoo.report import show

#: How many parts of each kind are printed.
_MOST = 12


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("explain")(with_raw_input_options(explain))


def explain(
    *,
    bundle: Annotated[Path, typer.Argument(help="A bundle that export has written.")],
    example: Annotated[
        str | None, typer.Argument(help="A text, or a series as JSON; - reads it from standard input.")
    ] = None,
    file: InputFile = None,
    row: Annotated[int, typer.Option("--row", help="Which row of the file, counted from 0.")] = 0,
    answer: Annotated[
        str | None,
        typer.Option("--answer", help="The label or target to explain, if not the answered or first one."),
    ] = None,
    width: Annotated[
        int | None, typer.Option("--width", help="Words, steps or bases that are hidden together.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help="Where to draw it, as PNG.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output files.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    packages: Packages = None,
    reading: RawInputOptions,
) -> None:
    """Say which words, steps and channels of one example its answer rests on."""
    import_packages(packages)
    from rnnzoo_export.explanation.explanation import check_picture
    from rnnzoo_export.explanation.occlusion import explain as explain_example
    from rnnzoo_export.explanation.occlusion import open_model

    if output is not None:
        refuse_existing_file(output, overwrite=force)
    if picture is not None:
        check_picture(picture, overwrite=force)
    predictor = open_model(bundle)
    given = [] if example is None else [example]
    if (file is None) == (not given):
        raise ArgumentError(
            "explain: expected either an example or --input FILE. Write e.g. rnnzoo explain BUNDLE 'a text'."
        )
    rows = reading.read(predictor.bundle, given, file)
    with noting_warnings():
        found = explain_example(predictor, as_request(_choose(rows, row)), answer=answer, width=width)
    if output is not None:
        note(f"explanation written to {found.save(output, overwrite=force)}")
    if picture is not None:
        note(f"picture drawn to {found.save_picture(picture, overwrite=force)}")
    if as_json:
        print_json(found.to_dict())
        return
    for name, value in found.facts().items():
        stdout.print(f"{name:<12}{show(value)}")
    for table in found.tables():
        shown = table.rows if len(found.answers) > 1 else table.rows[:_MOST]
        stdout.print("")
        print_table(shown, title=table.caption)
        if len(shown) < len(table.rows):
            stdout.print(f"and {len(table.rows) - len(shown)} more: --json prints all")


def _choose(rows: Sequence[Any], row: int) -> Any:
    """Returns the example with this number."""
    if not 0 <= row < len(rows):
        raise ArgumentError(
            f"--row: received {row}, of {len(rows)} examples; expected 0 to {max(len(rows) - 1, 0)}. Count from 0."
        )
    return rows[row]
