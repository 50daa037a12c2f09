"""Files of any kind that is known: which reader reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.data.arrow_frames import as_frame
from rnnzoo.data.readers.arrays import read_arrays
from rnnzoo.data.readers.file_kinds import find_file_kind
from rnnzoo.data.readers.running_text import running_text_splits
from rnnzoo.data.readers.sentences import read_sentences
from rnnzoo.data.readers.sequences import read_sequences
from rnnzoo.data.readers.sounds import read_sounds
from rnnzoo.data.readers.tables import read_table
from rnnzoo.data.readers.ts_files import read_ts
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.files import FilePath, is_path

if TYPE_CHECKING:
    import pandas as pd


def read_data(source: FilePath | pd.DataFrame, **options: Any) -> Splits:
    """Reads a file or folder by the reader that its ending names.

    =====================  ==============================  =============================================================
    files                  what they hold                  reader
    =====================  ==============================  =============================================================
    ``.csv``, ``.tsv``,    a text and its label in a row   ``read_texts``, with ``text`` and ``label``
    ``.parquet``,          a step of one series in a row   ``read_series``, with ``target``, ``window`` and ``horizon``
    ``.xlsx``, ``.jsonl``  steps of many series            ``read_sequences``, with ``series`` and ``label``
    ``.npz``, ``.npy``     arrays of rows and targets      ``read_arrays``
    ``.ts``                labelled series                 ``read_ts``
    ``.conll``,            words and their tags            ``read_sentences``
    ``.conllu``, ``.bio``
    ``.txt``               running text                    ``running_text_splits``
    a folder, ``.tar.gz``  recordings                      ``read_sounds``
    =====================  ==============================  =============================================================

    Args:
        source: The file or folder, plain or gzipped; or a frame of pandas, polars or Arrow, which is a table.
        **options: The arguments of the reader. Those that are ``None`` are left out.

    Returns:
        The splits.

    Raises:
        ArgumentError: If an argument is unknown to the reader; the nearest is suggested.
        DataError: If files of this kind are not read, or the file cannot be used.
        PathNotFoundError: If there is nothing at ``source``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "story.txt"
        ...     _ = file.write_text("to be or not to be " * 50)
        ...     read_data(file, window=5).task
        'language_modeling'
    """
    if not is_path(source):
        source = as_frame(source)
    if not is_path(source) and not hasattr(source, "columns"):
        raise ArgumentError(
            f"source: received {type(source).__name__}; expected the path of a file or folder, or a pandas frame. Rows "
            "in memory are for Splits.from_arrays."
        )
    given = {name: value for name, value in options.items() if value is not None}
    kind = find_file_kind(source).name if is_path(source) else "table"
    return _READERS[kind](source, given)


def _read_table(source: Any, options: Mapping[str, Any]) -> Splits:
    if "series" in options and "target" not in options:
        return read_sequences(source, **options)
    if not options.keys() & {"text", "label", "target", "columns"}:
        raise ArgumentError(
            "read_data: received a table without columns; expected text and label for texts, target, window and "
            "horizon for a series, or series and label for many series. Name the columns."
        )
    return read_table(source, **options)


def _read_running_text(source: Any, options: Mapping[str, Any]) -> Splits:
    files = {name: Path(options[name]) for name in ("validation", "test") if name in options}
    return running_text_splits(Path(source), **{**options, **files})


def _plain(read: Callable[..., Splits]) -> Callable[[Any, Mapping[str, Any]], Splits]:
    return lambda source, options: read(source, **options)


_READERS: dict[str, Callable[[Any, Mapping[str, Any]], Splits]] = {
    "table": _read_table,
    "arrays": _plain(read_arrays),
    "ts": _plain(read_ts),
    "sentences": _plain(read_sentences),
    "running text": _read_running_text,
    "sounds": _plain(read_sounds),
}
