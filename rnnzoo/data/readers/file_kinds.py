"""Kinds of files: which are read, and how files of other kinds become such."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

from rnnzoo.errors import DataError, PathNotFoundError
from rnnzoo.files import FilePath
from rnnzoo.preprocessing.json_text import json_lines_problem

_PACKED = ".gz"


@dataclass(frozen=True)
class FileKind:
    """A kind of data that is read from files.

    Attributes:
        name: What it is called.
        endings: The endings of its files, lower case.
        what: What such a file holds, for messages.
    """

    name: str
    endings: tuple[str, ...]
    what: str


def _and_packed(*endings: str) -> tuple[str, ...]:
    return (*endings, *(ending + _PACKED for ending in endings))


#: The kinds of files by name.
FILE_KINDS: dict[str, FileKind] = {
    kind.name: kind
    for kind in (
        FileKind(
            "table",
            (
                *(".csv", ".tsv", ".parquet", ".feather", ".xlsx", ".xlsm"),
                *(".csv.gz", ".tsv.gz", *_and_packed(".jsonl", ".ndjson")),
            ),
            "a table",
        ),
        FileKind("arrays", (".npz", ".npy"), "NumPy arrays"),
        FileKind("ts", _and_packed(".ts"), "series of the UCR and UEA archives"),
        FileKind(
            "sentences", _and_packed(".conll", ".conllu", ".bio", ".iob", ".iob2"), "words and their tags"
        ),
        FileKind("running text", _and_packed(".txt"), "running text"),
        FileKind(
            "sounds",
            (".wav", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"),
            "recordings, or a folder of .wav files",
        ),
    )
}


@dataclass(frozen=True)
class _Other:
    """Files that are not read: what they are, and how one that is read is made of them.

    ``fix`` names the file ``{old}``, and those to be made ``{csv}``, ``{npz}`` and ``{wav}``.
    """

    what: str
    fix: str


def _by_pandas(what: str, call: str, needs: str = "") -> _Other:
    more = f" ({needs})" if needs else ""
    return _Other(
        what,
        f"Write a table of it in Python{more}: import pandas; pandas.{call}.to_csv({{csv!r}}, index=False)",
    )


_AUDIO = _Other("compressed sound", "Convert it: ffmpeg -i {old} -ac 1 -c:a pcm_s16le {wav}")
_ARCHIVE = _Other("an archive", "Unpack it, and pass a file or a folder of it.")
_HDF5 = _Other(
    "HDF5",
    "Save its arrays in Python, under the names that they have in the file: import h5py, numpy; "
    "f = h5py.File({old!r}); numpy.savez({npz!r}, x=f['x'][:], y=f['y'][:])",
)
_OTHERS: dict[str, _Other] = {
    ".json": _by_pandas("JSON", "read_json({old!r})"),
    ".xls": _by_pandas("an Excel sheet", "read_excel({old!r})", "with pip install xlrd"),
    ".pkl": _by_pandas("a pickle, which may run code", "read_pickle({old!r})", "if you trust it"),
    ".pickle": _by_pandas("a pickle, which may run code", "read_pickle({old!r})", "if you trust it"),
    ".xml": _by_pandas("XML", "read_xml({old!r})", "with pip install lxml"),
    ".dta": _by_pandas("a Stata table", "read_stata({old!r})"),
    ".sas7bdat": _by_pandas("a SAS table", "read_sas({old!r})"),
    ".arff": _Other(
        "ARFF",
        "Write a table of it in Python: import pandas; from scipy.io.arff import loadarff; frame = "
        "pandas.DataFrame(loadarff({old!r})[0]); frame.map(lambda c: c.decode() if isinstance(c, bytes) else c)"
        ".to_csv({csv!r}, index=False)",
    ),
    ".h5": _HDF5,
    ".hdf5": _HDF5,
    ".mat": _Other(
        "MATLAB's",
        "Save its arrays in Python, under the names that they have in the file: import numpy, scipy.io; f = "
        "scipy.io.loadmat({old!r}); numpy.savez({npz!r}, x=f['x'], y=f['y'].ravel())",
    ),
    **dict.fromkeys((".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", ".wma", ".aiff"), _AUDIO),
    **dict.fromkeys((".zip", ".7z", ".rar", ".bz2", ".xz", ".zst", ".gz"), _ARCHIVE),
}


def find_file_kind(path: FilePath) -> FileKind:
    """Returns the kind of a file or folder: a file's is told by its ending, a folder must hold ``.wav`` files.

    Args:
        path: The file or folder; it must be there.

    Raises:
        PathNotFoundError: If there is nothing at ``path``.
        DataError: If it is of no kind that is read; the message names its kind, and how to make one that is.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "reviews.TSV.gz"
        ...     _ = file.write_bytes(b"")
        ...     find_file_kind(file).name
        'table'
    """
    file = Path(path)
    if file.is_dir():
        if any(found.suffix.lower() == ".wav" for found in file.rglob("*")):
            return FILE_KINDS["sounds"]
        raise DataError(
            f"{file}: is a folder without a .wav file; expected recordings in it, or the path of a file. Name the file "
            "itself."
        )
    if not file.is_file():
        raise PathNotFoundError(f"{file}: no such file or folder; expected {_known()}. Check the path.")
    name = file.name.lower()
    for kind in FILE_KINDS.values():
        if name.endswith(kind.endings):
            return kind
    raise DataError(f"{file}: {_problem(file)}")


def _problem(file: Path) -> str:
    """Returns what is said of a file of another kind."""
    bare = file.name.lower().removesuffix(_PACKED)
    other = next(
        (_OTHERS[ending] for ending in (Path(bare).suffix, file.suffix.lower()) if ending in _OTHERS), None
    )
    if bare.endswith(".json") and (problem := json_lines_problem(file, _first_text(file))) is not None:
        return problem
    if other is not None:
        unpacked = file.with_name(file.name[: len(bare)])
        made = {ending: unpacked.with_suffix(f".{ending}").as_posix() for ending in ("csv", "npz", "wav")}
        fix = other.fix.format(old=file.as_posix(), **made)
        return f"is {other.what}, which is not read; expected {_known()}. {fix}"
    ending = f"ends in {file.suffix!r}" if file.suffix else "has no ending"
    if _is_text(file):
        return (
            f"is a text file that {ending}, which does not say what it holds; expected {_known()}. Rename it by what "
            "it holds: to .csv if its columns are separated by commas, to .tsv if by tabs, to .txt for running text, "
            "to .conll for words with tags."
        )
    return f"{ending} and is no text, so that nothing is known of it; expected {_known()}. Convert it to one of them."


def _first_text(file: Path) -> str:
    """Returns the first megabyte of a text file, packed or not; nothing of one that is damaged."""
    try:
        with file.open("rb") as opened:
            packed = file.suffix.lower() == _PACKED
            data = gzip.GzipFile(fileobj=opened).read(2**20) if packed else opened.read(2**20)
    except (OSError, EOFError, zlib.error):
        return ""
    return data.decode("utf-8-sig", errors="replace")


def _known() -> str:
    return ", ".join(f"{kind.what} ({', '.join(kind.endings[:3])})" for kind in FILE_KINDS.values())


def _is_text(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(2**16)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last letter may be cut in two.
        return error.start > len(head) - 4 and b"\0" not in head
    return b"\0" not in head
