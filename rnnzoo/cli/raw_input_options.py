"""The options that say how raw inputs in a file are read, shared by `predict` and `explain`."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnzoo.cli.option_groups import keyword_option, with_options
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.data.readers.file_format import FileFormat

#: The option that names the file.
InputFile = Annotated[
    Path | None,
    typer.Option(
        "--input",
        "-i",
        "--data",
        help="A file: .txt (a text per line), a table, .json, .jsonl, .npy, .npz (x), .ts, .wav.",
    ),
]


@dataclass(frozen=True)
class RawInputOptions:
    """How raw inputs are read from a file; the fields are the options."""

    future: Annotated[
        Path | None,
        typer.Option(
            "--future",
            help="A table of the steps ahead, with the columns that a forecaster knows of them. Without it they are "
            "the rows behind the past with empty targets.",
        ),
    ] = None
    text: Annotated[str | None, typer.Option("--text", help="The column with the texts, for a table.")] = None
    columns: Annotated[
        str | None, typer.Option("--columns", help="Names of the columns, comma-separated, without a header.")
    ] = None
    separator: Annotated[
        str | None, typer.Option("--separator", help="What separates cells, if not found.")
    ] = None
    decimal: Annotated[
        str | None, typer.Option("--decimal", help="The decimal mark, . or , if not found.")
    ] = None
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="The encoding of a text file, if not UTF-8.")
    ] = None
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="The sheet of an Excel file, if not the first.")
    ] = None

    def read(self, bundle: Any, arguments: list[str], file: Path | None) -> list[Any]:
        """Reads raw inputs for a bundle, as ``read_raw_inputs`` does.

        Args:
            bundle: The bundle that will answer.
            arguments: Inputs given on the command line.
            file: Or a file.
        """
        form = FileFormat(
            separator=self.separator, decimal=self.decimal, encoding=self.encoding, sheet=self.sheet
        )
        return read_raw_inputs(
            bundle, arguments, file, text=self.text, columns=self.columns, form=form, future=self.future
        )


def with_raw_input_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options to a command; it receives them as one argument ``reading``."""
    hints = inspect.get_annotations(RawInputOptions, eval_str=True)
    options = [
        keyword_option(field.name, hints[field.name], field.default)
        for field in dataclasses.fields(RawInputOptions)
    ]
    return with_options(command, "reading", options, lambda given: RawInputOptions(**given))
