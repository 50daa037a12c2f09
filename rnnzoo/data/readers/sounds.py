"""Folders of recordings: a folder for each label, or a transcript for each recording."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Unpack

from rnnzoo.data.columns import check_columns
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.audio import AudioOptions, audio_splits, common_rate, read_recordings
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.readers.wav import CONVERT, Recording
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.data.task_readers import check_row_task
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.files import FilePath, file_checksum, is_path, read_text
from rnnzoo.tasks import TASKS, get_task

#: Tables of transcripts in a folder of recordings.
TRANSCRIPTS = ("transcripts.csv", "transcripts.tsv")
_PART_NAMES = {"train", "training", "valid", "val", "validation", "dev", "test", "testing"}
_SHOWN = 3


@dataclass(frozen=True)
class _Sounds:
    """The recordings of one source, each with its target."""

    source: FilePath
    recordings: Sequence[Recording]
    targets: Sequence[str]

    def pair(self) -> tuple[list[Any], list[str]]:
        return [recording.samples for recording in self.recordings], list(self.targets)


def read_sounds(
    path: FilePath,
    *,
    task: str = "classification",
    parts: Parts | None = None,
    **options: Unpack[AudioOptions],
) -> Splits:
    """Reads recordings with labels or transcripts; their features are log-mel energies, scaled by the training part.

    For labels, the folder holds one folder for each, with the ``.wav`` files in it or below. For transcription, the
    text of ``NAME.wav`` is in ``NAME.txt`` beside it, or in a table ``transcripts.csv`` (``.tsv``) at the top, with the
    columns ``name``, the path of a recording within the folder, and ``text``. It warns of files in the
    folders of labels that are no ``.wav``, and of such folders without any.

    Args:
        path: The folder, or for labels a tar archive of it.
        task: A name in the task table: ``"classification"`` or another with one target per recording, or
            ``"transcription"``.
        parts: How recordings are split, as one value; a validation or test part that is given is such a folder or
            archive too.
        **options: The fields of ``Parts`` as they are: ``validation``, ``test``, ``validation_fraction`` (0.15),
            ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``; and the arguments of ``LogMelPreprocessing``,
            such as ``num_mels=40`` or ``frame_step=80``.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        DataError: If a recording cannot be read or has no target; the message names it.
        PathNotFoundError: If there is nothing at ``path``.

    Example:
        >>> import tempfile, wave
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for number in range(40):
        ...         name = Path(folder) / ("high" if number % 2 else "low") / f"{number}.wav"
        ...         name.parent.mkdir(exist_ok=True)
        ...         with wave.open(str(name), "wb") as file:
        ...             file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...             pitch = np.sin(np.arange(800) * (1.0 if number % 2 else 0.2))
        ...             file.writeframes((9000 * pitch).astype("<i2").tobytes())
        ...     splits = read_sounds(folder, num_mels=10)
        >>> splits.get_decoding().labels, len(splits.train)
        (['high', 'low'], 28)
    """
    flat = FlatOptions("read_sounds", options)
    settings = flat.take(Parts, parts, "parts")
    frames = flat.pop("frame_length", "frame_step", "num_mels", "lower_hz", "upper_hz")
    flat.refuse_rest("task", "parts")
    _check_task(task)
    sources = {"train": path, "validation": settings.validation, "test": settings.test}
    for name, source in sources.items():
        if source is not None and not is_path(source):
            raise ArgumentError(
                f"{name}: received {type(source).__name__}; expected a folder of recordings. Use audio_splits for "
                "waveforms."
            )
    found = {name: _read(source, task) for name, source in sources.items() if source is not None}
    rate = common_rate([recording for part in found.values() for recording in part.recordings], None)
    given: dict[str, Any] = {
        name: found[name].pair() if name in found else None for name in ("validation", "test")
    }
    rows, targets = found["train"].pair()
    try:
        return audio_splits(
            rows,
            targets,
            task=task,
            sample_rate=rate,
            parts=dataclasses.replace(settings, **given),
            description=_facts(found),
            **frames,
        )
    except RowError as error:
        part = found[next((name for name in given if error.of.startswith(name)), "train")]
        what = "targets: " if error.of.endswith("targets") else ""
        raise DataError(f"{part.source}: {part.recordings[error.row].name}: {what}{error.problem}") from error


def _check_task(task: str) -> None:
    check_row_task(task, "recordings")
    known = get_task(task) if task in TASKS else None
    if known is not None and (known.per_step or known.targets == "labels"):
        raise ArgumentError(
            f"task: received {task!r} for a folder of recordings; expected a task with one label or text for each. Use "
            "audio_splits for other targets."
        )


def _facts(found: dict[str, _Sounds]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, part in found.items():
        prefix = "" if name == "train" else f"{name}_"
        facts[f"{prefix}source"] = Path(part.source).resolve().name
        if Path(part.source).is_file():
            facts[f"{prefix}checksum"] = file_checksum(part.source)
    return facts


def _read(source: FilePath, task: str) -> _Sounds:
    recordings = read_recordings(source)
    names = [recording.name for recording in recordings]
    if Path(source).is_dir():
        _warn_of_left_out(Path(source), names, transcribed=get_task(task).targets == "symbols")
    if get_task(task).targets == "symbols":
        return _Sounds(source, recordings, _transcripts(Path(source), names))
    return _Sounds(source, recordings, _labels(source, names))


def _warn_of_left_out(folder: Path, names: Sequence[str], *, transcribed: bool) -> None:
    """Warns of files in the folder of a label that are not read, and of labels without a recording."""
    shown = [path.relative_to(folder) for path in sorted(folder.rglob("*"))]
    shown = [path for path in shown if not any(part.startswith(".") for part in path.parts)]
    told = {".wav", ".txt", ".csv", ".tsv"} if transcribed else {".wav"}
    files = [
        path
        for path in shown
        if (folder / path).is_file()
        and path.suffix.lower() not in told
        and (transcribed or len(path.parts) > 1)
    ]
    if files:
        warnings.warn(
            f"{folder}: {len(files):,} {'file is' if len(files) == 1 else 'files are'} no .wav, and left out: "
            f"{_some(files)}; expected .wav files. {CONVERT}",
            stacklevel=4,
        )
    read = {parent for name in names for parent in PurePosixPath(name).parents}
    empty = [
        path
        for path in map(PurePosixPath, (path.as_posix() for path in shown if (folder / path).is_dir()))
        if path not in read and path.parent in read
    ]
    if empty and not transcribed:
        warnings.warn(
            f"{folder}: no .wav file is in {_some(empty)}; expected some in the folder of each label. Add them, or "
            "remove the folder.",
            stacklevel=4,
        )


def _some(paths: Sequence[PurePath]) -> str:
    """Returns a few paths, and how many more there are."""
    names = ", ".join(path.as_posix() for path in paths[:_SHOWN])
    return f"{names} and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else names


def _labels(source: FilePath, names: Sequence[str]) -> list[str]:
    """Returns the folder of each recording, behind those that all share, as an archive has one."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    shared = 0
    while len({parts[shared : shared + 1] for parts in folders}) == 1 and all(
        len(parts) > shared + 1 for parts in folders
    ):
        shared += 1
    for name, parts in zip(names, folders, strict=True):
        if len(parts) <= shared:
            raise DataError(
                f"{source}: {name} lies in no folder that names its label; expected LABEL/NAME.wav. Move it into a "
                "folder of that name, or call audio_splits with the labels."
            )
    labels = [parts[shared] for parts in folders]
    if {label.lower() for label in labels} <= _PART_NAMES and any(
        len(parts) > shared + 1 for parts in folders
    ):
        raise DataError(
            f"{source}: holds the folders {', '.join(sorted(set(labels)))}, which seem to be parts; expected a folder "
            "for each label. Pass the folder of the training part as the data, and those of others as test= and "
            "validation= (on the command line --test)."
        )
    return labels


def _transcripts(folder: Path, names: Sequence[str]) -> list[str]:
    if not folder.is_dir():
        raise DataError(
            f"{folder}: received a file for transcription; expected a folder of recordings and their texts. Unpack it, "
            "and pass the folder."
        )
    table = next((folder / name for name in TRANSCRIPTS if (folder / name).is_file()), None)
    if table is None:
        return [_text_beside(folder / name) for name in names]
    frame = read_frame(table)
    check_columns(frame.columns, ("name", "text"), of=table)
    known = {name: name for name in names} | {name[: -len(".wav")]: name for name in names}
    texts: dict[str, str] = {}
    for line, name, text in zip(frame.index, frame["name"], frame["text"], strict=True):
        own = known.get(PurePosixPath(name.strip()).as_posix())
        if own is None:
            raise DataError(
                f"{table}: line {line}: names the recording {name!r}, which is not in {folder}; expected a path within "
                "it. Correct or drop the line."
            )
        if own in texts:
            raise DataError(f"{table}: line {line}: names {name!r} once more; expected each recording once.")
        texts[own] = " ".join(text.split())
    for name in names:
        if name not in texts:
            raise DataError(f"{table}: names no {name!r}; expected a line for each recording. Add it.")
    return [texts[name] for name in names]


def _text_beside(recording: Path) -> str:
    file = recording.with_suffix(".txt")
    if not file.is_file():
        raise DataError(
            f"{recording}: has no transcript; expected {file.name} beside it, or a table {TRANSCRIPTS[0]} (name, text) "
            "at the top of the folder. Add it."
        )
    return " ".join(read_text(file, "a transcript").split())
