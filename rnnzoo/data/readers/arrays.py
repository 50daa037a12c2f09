"""NumPy files: arrays of rows and their targets."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Unpack

import numpy as np

from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.row_files import PARTS, FileRows, split_files
from rnnzoo.data.splits import ArrayOptions, Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.data.task_readers import check_row_task
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.files import FilePath, existing_file, is_path
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.choosing import WordOptions
from rnnzoo.tasks import get_task, is_of_own_windows

_WHAT = "a .npz or .npy file"
_MAGIC = {".npz": b"PK", ".npy": b"\x93NUMPY"}
_SHORT = {"train": "train", "validation": "val", "test": "test"}
_KINDS = ("x", "y", "lengths")
_SHAPES = "(rows, time), (rows, time, features), (rows, time, height, width, channels), or texts (rows,)"


def read_arrays(
    path: FilePath,
    *,
    task: str = "classification",
    labels: FilePath | None = None,
    preprocessing: Preprocessing | None = None,
    parts: Parts | None = None,
    words: WordOptions | None = None,
    **options: Unpack[ArrayOptions],
) -> Splits:
    """Reads rows and targets from NumPy files: ``.npz``, or ``.npy`` with the targets in another.

    A ``.npz`` file holds ``x`` and ``y``; or the parts ``x_train``, ``y_train``, ``x_test``, ``y_test`` and, if there
    are some, ``x_val``, ``y_val``. Parts that it does not hold are split off. ``x`` is ``(rows, time)`` for one
    feature, ``(rows, time, features)``, ``(rows, time, height, width, channels)`` for films, or texts ``(rows,)``. Rows
    of unlike length are padded, and ``lengths`` (``lengths_train``, ...) ``(rows,)`` says how many steps count.

    Args:
        path: The file.
        task: A name in the task table, but for running text and translation; of those of forecasting ``"forecasting"``,
            of windows ``x`` ``(rows, window, features)`` and what comes after each ``y`` ``(rows, horizon)``.
        labels: The ``.npy`` file of the targets of an ``x`` in ``.npy``; for ``.npz`` there is none.
        preprocessing: What reads the rows, such as ``DNAPreprocessing()``; ``None`` to choose by the rows.
        parts: How rows are split, as one value. A validation or test part that is given is a ``.npz`` file of ``x`` and
            ``y`` too; for ``.npy`` it is two files, of rows and of targets.
        words: How much of texts is read, as one value.
        **options: The fields of ``Parts`` and ``WordOptions`` as they are, as for ``Splits.from_arrays``.

    Returns:
        The splits. Targets ``y`` are labels, names or numbers ``(rows,)``; numbers ``(rows,)`` or ``(rows, targets)``
        (regression); an indicator matrix ``(rows, labels)`` (several labels); or labels ``(rows, time)`` (tagging).

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        UnknownNameError: If the file holds an array of another name.
        DataError: If an array cannot be used; the message names the file, the array and the row. Arrays of Python
            objects are not read, for they may run code.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(folder + "/waves.npz", x=np.random.normal(size=(40, 12, 3)), y=["up", "down"] * 20)
        ...     splits = read_arrays(folder + "/waves.npz", test_fraction=0.25)
        >>> splits.model_arguments, len(splits.test)
        ({'num_features': 3, 'variable_length': False, 'num_classes': 2}, 10)
    """
    flat = FlatOptions("read_arrays", options)
    settings = flat.take(Parts, parts, "parts")
    words = flat.take(WordOptions, words, "words")
    flat.refuse_rest("task", "labels", "preprocessing", "parts", "words")
    if not is_of_own_windows(task):
        check_row_task(task, "arrays")
    return split_files(
        _source(path, labels),
        lambda source: _read(source, task),
        settings,
        task=task,
        preprocessing=preprocessing,
        words=words,
        description={},
    )


def read_input_rows(path: FilePath, *, task: str = "classification") -> list[Any]:
    """Reads the rows of a ``.npz`` file without their targets, to be answered.

    Args:
        path: The file: it holds ``x``, or ``x_test``, as ``read_arrays`` reads them, and ``lengths`` where they are
            padded. Targets may lie beside them.
        task: The task that they are for.

    Returns:
        The rows, padding cut off.

    Raises:
        DataError: If it holds no rows, or they cannot be used.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(folder + "/new.npz", x=np.zeros((2, 5, 3)), lengths=[5, 2])
        ...     [row.shape for row in read_input_rows(folder + "/new.npz")]
        [(5, 3), (2, 3)]
    """
    arrays = _load(path)
    suffix = next((suffix for suffix in ("", "_test") if f"x{suffix}" in arrays), None)
    if suffix is None:
        raise DataError(
            f"{path}: holds no array 'x' or 'x_test' but {', '.join(sorted(arrays)) or 'nothing'}; expected rows, as "
            "numpy.savez(file, x=x) writes them."
        )
    return list(_cut_rows(path, suffix, arrays, task)[0])


def _source(path: FilePath, labels: FilePath | None) -> Any:
    ending = _ending(path)
    if ending == ".npz" and labels is not None:
        raise ArgumentError(
            f"labels: received {str(labels)!r} with a .npz file, which holds its targets as y; expected None. Leave it "
            "out."
        )
    return path if labels is None else (path, labels)


def _ending(path: Any) -> str:
    ending = Path(path).suffix.lower() if is_path(path) else ""
    if ending not in _MAGIC:
        raise ArgumentError(f"path: received {path!r}; expected {_WHAT}. Save arrays with numpy.savez.")
    return ending


def _read(source: Any, task: str) -> dict[str, FileRows]:
    if isinstance(source, tuple):
        if len(source) != 2:
            raise ArgumentError(
                f"path: received {len(source)} files; expected two, of rows and of their targets."
            )
        return {"train": _rows(source[0], "", _load_both(*source), task)}
    if _ending(source) == ".npy":
        raise ArgumentError(
            f"labels: received none for {source}; expected the .npy file of its targets. Pass labels='y.npy' (on the "
            "command line --labels y.npy) and test parts as two files, or save both with numpy.savez(file, x=x, y=y)."
        )
    arrays = _load(source)
    if not arrays.keys() & {f"x_{part}" for part in _SHORT.values()}:
        _check_names(source, arrays, [""])
        return {"train": _rows(source, "", arrays, task)}
    held = [part for part in PARTS if part == "train" or f"x_{_SHORT[part]}" in arrays]
    _check_names(source, arrays, [f"_{_SHORT[part]}" for part in held])
    return {part: _rows(source, f"_{_SHORT[part]}", arrays, task) for part in held}


def _load_both(rows: FilePath, targets: FilePath) -> dict[str, np.ndarray]:
    found = {}
    for name, path in (("x", rows), ("y", targets)):
        if _ending(path) != ".npy":
            raise ArgumentError(f"path: received {path!r} for {name}; expected two .npy files.")
        found[name] = _load(path)[""]
    return found


def _load(path: FilePath) -> dict[str, np.ndarray]:
    """Returns the arrays of a file by name; that of a ``.npy`` file has none."""
    file, ending = existing_file(path, _WHAT), _ending(path)
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC[ending])) != _MAGIC[ending]:
            raise DataError(f"{file}: is no {ending} file; expected what numpy.save or numpy.savez wrote.")
        opened.seek(0)
        return _unpack(opened, str(file))


def _unpack(opened: IO[bytes], where: str) -> dict[str, np.ndarray]:
    name = ""
    try:
        loaded = np.load(opened, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        found = {}
        for name in loaded.files:
            found[name] = loaded[name]
        return found
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError) as error:
        where = f"{where}: {name}" if name else where
        if "allow_pickle" in str(error):
            raise DataError(
                f"{where}: is an array of Python objects, which is not read, for it may run code; expected numbers or "
                "texts. Save texts as numpy.array(texts, dtype=str), and rows of unlike length padded to one array "
                "with their lengths: numpy.savez(file, x=x, y=y, lengths=lengths)."
            ) from error
        raise DataError(
            f"{where}: damaged or cut short ({error}); expected {_WHAT}. Save it again."
        ) from error


def _check_names(path: FilePath, arrays: Mapping[str, np.ndarray], suffixes: list[str]) -> None:
    known = [kind + suffix for suffix in suffixes for kind in _KINDS]
    for name in arrays:
        if name not in known:
            near = name.lower() if name.lower() in known else None
            raise UnknownNameError(f"array of {path}", name, known, near=near)
    for suffix in suffixes:
        for kind in ("x", "y"):
            if kind + suffix not in arrays:
                raise DataError(
                    f"{path}: holds no array {kind + suffix!r} but {', '.join(sorted(arrays))}; expected rows x and "
                    "their targets y, as numpy.savez(file, x=x, y=y) writes them."
                )


def _rows(path: FilePath, suffix: str, arrays: Mapping[str, np.ndarray], task: str) -> FileRows:
    """Returns the rows and targets of a part as ``Splits.from_arrays`` takes them."""
    y = arrays.get(f"y{suffix}")
    assert y is not None, "its name was checked"
    rows, counts = _cut_rows(path, suffix, arrays, task)
    targets: Any = _checked_targets(f"{path}: y{suffix}", y, arrays[f"x{suffix}"], task)
    if counts is not None and get_task(task).per_step:
        targets = [row[:count] for row, count in zip(targets, counts, strict=True)]
    return FileRows(rows, targets, f"row {{}} of x{suffix}".format)


def _cut_rows(
    path: FilePath, suffix: str, arrays: Mapping[str, np.ndarray], task: str
) -> tuple[Any, list[int] | None]:
    """Returns the rows of a part, each as long as the lengths say, and these lengths if there are any."""
    x, lengths = arrays[f"x{suffix}"], arrays.get(f"lengths{suffix}")
    where = f"{path}: "
    rows: Any = _checked_rows(f"{where}x{suffix}", x, task)
    counts = None
    if lengths is not None:
        counts = _checked_lengths(f"{where}lengths{suffix}", lengths, x)
        rows = [row[:count] for row, count in zip(rows, counts, strict=True)]
    elif x.dtype.kind == "f":
        _refuse_padding(f"{where}x{suffix}", x, f"lengths{suffix}")
    elif x.dtype.kind == "U" and x.ndim > 1 and (x == "").any():
        raise DataError(
            f"{where}x{suffix}: holds rows of words with empty ones, as if padded, and no lengths; expected how many "
            f"words of each row count. Save them too: lengths{suffix}, whole numbers (rows,)."
        )
    if x.dtype.kind == "U":
        rows = [row if isinstance(row, str) else row.tolist() for row in rows]
    return rows, counts


def _checked_rows(where: str, x: np.ndarray, task: str) -> np.ndarray:
    if x.dtype.kind not in "iufU":
        fix = "Save texts as x.astype(str)." if x.dtype.kind == "S" else "Save x.astype('float32')."
        raise DataError(f"{where}: received an array of {x.dtype}; expected numbers or texts. {fix}")
    if x.dtype.kind == "U":
        words = get_task(task).per_step
        if x.ndim != (2 if words else 1):
            shape = "(rows, time) of words" if words else "(rows,) of texts"
            raise DataError(
                f"{where}: received texts of shape {x.shape}; expected {shape} for task {task!r}."
            )
        return x
    if x.ndim == 2:
        return x[..., None]
    if x.ndim not in (3, 5):
        fix = " Save gray frames as x[..., None]." if x.ndim == 4 else ""
        raise DataError(f"{where}: received shape {x.shape}; expected {_SHAPES}.{fix}")
    return x


def _checked_targets(where: str, y: np.ndarray, x: np.ndarray, task: str) -> np.ndarray:
    known = get_task(task)
    if y.dtype.kind not in "biufU":
        fix = (
            "Save y.astype(str)." if y.dtype.kind == "S" else "Save labels as numpy.array(labels, dtype=str)."
        )
        raise DataError(f"{where}: received an array of {y.dtype}; expected numbers or texts. {fix}")
    if y.ndim == 0 or x.ndim == 0 or len(y) != len(x):
        raise DataError(
            f"{where}: received shape {y.shape} for x of shape {x.shape}; expected a target per row."
        )
    if known.per_step:
        if y.shape[:2] != x.shape[:2] or y.ndim != 2:
            raise DataError(
                f"{where}: received shape {y.shape}; expected {x.shape[:2]}, one label for each step of x."
            )
        return y
    if known.targets == "classes":
        if y.ndim == 2 and y.shape[1] == 1:
            return y[:, 0]
        if y.ndim != 1:
            raise DataError(
                f"{where}: received shape {y.shape}; expected (rows,), one label per row, for task {task!r}. Of "
                "one-hot rows, save y.argmax(axis=1); for several labels in a row, pass "
                "task='multilabel_classification'."
            )
    if known.targets == "labels" and y.ndim != 2:
        raise DataError(
            f"{where}: received shape {y.shape}; expected (rows, labels), 1 where a row has the label and 0 elsewhere."
        )
    return y


def _refuse_padding(where: str, x: np.ndarray, name: str) -> None:
    """Raises ``DataError`` where a row ends in steps of NaN: it is padded, and nobody said how long it is."""
    padded = np.isnan(x).all(axis=tuple(range(2, x.ndim)))
    row = int(padded[:, -1].argmax()) if padded.size else 0
    if padded.size and padded[row, -1]:
        length = x.shape[1] - int(padded[row, ::-1].cumprod().sum())
        raise DataError(
            f"{where}: row {row} ends in NaN behind {length} steps, as if padded; expected numbers, or how many steps "
            f"count. Save them too: {name}, whole numbers (rows,)."
        )


def _checked_lengths(where: str, lengths: np.ndarray, x: np.ndarray) -> list[int]:
    if x.ndim < 2 or lengths.shape != x.shape[:1] or lengths.dtype.kind not in "iu":
        raise DataError(
            f"{where}: received {lengths.dtype} of shape {lengths.shape} for x of shape {x.shape}; expected whole "
            "numbers (rows,), the steps of each row that count."
        )
    wrong = np.flatnonzero((lengths < 1) | (lengths > x.shape[1]))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{where}: row {row}: received {int(lengths[row])}; expected 1 to {x.shape[1]}, the steps of x. Correct it."
        )
    return [int(length) for length in lengths]
