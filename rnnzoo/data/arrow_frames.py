"""Tables of other libraries as pandas frames: polars, Arrow, and all that hand over their columns as Arrow does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnzoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    pass


def as_frame(source: Any, name: str = "source") -> Any:
    """Returns a frame for a table of another library; what is none comes back as it is.

    A table hands over its columns as a stream of Arrow (``__arrow_c_stream__``), as those of polars, pyarrow and DuckDB
    do. Where it cannot, it may have ``to_pandas()``, as the data sets of Hugging Face have.

    Args:
        source: The table.
        name: The argument, for messages.

    Raises:
        DataError: If pyarrow, which carries the columns over, is not installed.
        ArgumentError: If the stream holds no table.

    Example:
        >>> import pyarrow
        >>> as_frame(pyarrow.table({"load": [1.5, None]}))["load"].tolist()
        [1.5, nan]
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    kind = type(source).__name__
    if hasattr(source, "__arrow_c_stream__"):
        pyarrow = import_pyarrow(f"{name}: a {kind}")
        try:
            return pyarrow.table(source).to_pandas()
        except (ValueError, TypeError) as error:  # a single column, a chunked array
            raise ArgumentError(
                f"{name}: received {kind}, which holds no table ({error}); expected one with columns. Pass a frame."
            ) from error
    if hasattr(source, "to_pandas"):
        made = source.to_pandas()
        if isinstance(made, pd.DataFrame):
            return made
    return source


def import_pyarrow(what: str) -> Any:
    """Returns pyarrow.

    Args:
        what: What needs it, for the message.

    Raises:
        DataError: If it is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise DataError(
            f"{what}: is read by pyarrow, which is not installed. Run: pip install pyarrow"
        ) from error
    return pyarrow
