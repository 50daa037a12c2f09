"""What a command says of data that cannot be read: the option that an argument stands for, and the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnzoo.cli.data_options import DATA_OPTIONS, DataOptions, option_name
from rnnzoo.errors import ArgumentError, DataError, RnnzooError

#: The options that arguments of readers stand for, where they have another name.
_ARGUMENTS = {
    "seed": "split_seed",
    "column_names": "columns",
    "column": "label",
    "groups": "group",
    "path": "data",
    "source": "data",
}
#: How the message on a column that a table does not have begins, where the table has no name.
_NO_COLUMN = "unknown column:"


@contextmanager
def naming_data(options: DataOptions) -> Iterator[None]:
    """Lets errors of readers name the option, or the file.

    Args:
        options: What is read.

    Raises:
        ArgumentError: For one of a reader, with the option in place of the argument.
        DataError: For one of a reader, with the file.
    """
    try:
        yield
    except (ArgumentError, DataError) as error:
        raise about_data(error, options) from error


def about_data(error: ArgumentError | DataError, options: DataOptions) -> RnnzooError:
    """Returns an error of a reader as one that names the option, or the file, where the reader knows neither.

    Args:
        error: The error.
        options: What was read. With a second file (``--test``) the file is not added: either may be at fault.
    """
    said = str(error)
    named = options.test is not None or Path(options.data).name in said.partition("; expected")[0]
    if said.startswith(_NO_COLUMN) and not named:
        return ArgumentError(said.replace(_NO_COLUMN, f"unknown column of {options.data}:", 1))
    if type(error) is DataError and not named:
        return DataError(f"{options.data}: {said}")
    return _about_option(error) if type(error) is ArgumentError else error


def _about_option(error: ArgumentError) -> ArgumentError:
    """Returns an error that begins with the name of an argument as one that begins with the option."""
    name, colon, rest = str(error).partition(": ")
    option = _ARGUMENTS.get(name, name)
    return ArgumentError(f"{option_name(option)}{colon}{rest}") if option in DATA_OPTIONS else error
