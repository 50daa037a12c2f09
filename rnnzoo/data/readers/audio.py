"""Recordings: WAV files in a folder, an archive or memory, to labels or transcripts."""

from __future__ import annotations

import dataclasses
import io
import lzma
import os
import tarfile
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Unpack

from rnnzoo import checks
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.numeric_labels import refuse_many_numbers
from rnnzoo.data.readers.wav import CONVERT, Recording, read_wav
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Pair, Parts, PartsOptions, split_rows
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError
from rnnzoo.files import file_checksum
from rnnzoo.preprocessing import LogMelPreprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo.tasks import TASKS, get_task

FilePath = str | os.PathLike[str]
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class AudioOptions(PartsOptions, total=False):
    """What ``audio_splits`` takes as keywords: the fields of ``Parts``, and arguments of ``LogMelPreprocessing``."""

    frame_length: int
    frame_step: int
    num_mels: int
    lower_hz: float
    upper_hz: float


def read_recordings(path: FilePath, *, max_bytes: int = 4 * 2**30) -> list[Recording]:
    """Reads WAV files of 8, 16, 24 or 32 bit PCM.

    Several channels are mixed to their mean, with a warning. Files of other kinds are passed over. An archive is read
    in memory: nothing is unpacked to disk.

    Args:
        path: A WAV file, a folder (with those below it), or a tar archive (``.tar``, ``.tar.gz``, ...).
        max_bytes: How much an archive may hold, unpacked.

    Returns:
        The recordings, sorted by name.

    Raises:
        PathNotFoundError: If there is nothing at ``path``.
        DataError: If a file is not PCM or cut short, an archive is too large, has a member outside of itself or cannot
            be read, or there is no WAV file.

    Example:
        >>> import tempfile, wave
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with wave.open(folder + "/beep.wav", "wb") as file:
        ...         file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...         file.writeframes(np.array([0, 16384], "<i2").tobytes())
        ...     [(sound.name, sound.samples.tolist()) for sound in read_recordings(folder)]
        [('beep.wav', [0.0, 0.5])]
    """
    checks.integer("max_bytes", max_bytes, minimum=1)
    source = Path(path)
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.suffix.lower() == ".wav" and file.is_file())
        found = [_read_file(file, file.relative_to(source).as_posix()) for file in files]
    elif not source.is_file():
        raise PathNotFoundError(
            f"{source}: no such file or folder; expected WAV files, a folder or a tar archive of them. Check the path."
        )
    elif source.name.lower().endswith(_ARCHIVES):
        found = sorted(_read_archive(source, max_bytes), key=lambda pair: pair[0].name)
    elif source.suffix.lower() == ".wav":
        found = [_read_file(source, source.name)]
    else:
        raise DataError(f"{source}: expected a .wav file, a folder or an archive ({', '.join(_ARCHIVES)}).")
    if not found:
        raise DataError(f"{source}: holds no .wav file; expected one at least. {CONVERT}")
    _warn_of_channels(source, found)
    return [recording for recording, _ in found]


def audio_splits(
    source: FilePath | Rows,
    targets: Callable[[str], Any] | Mapping[str, Any] | Rows,
    *,
    task: str = "classification",
    sample_rate: int | None = None,
    parts: Parts | None = None,
    description: Mapping[str, Any] | None = None,
    **options: Unpack[AudioOptions],
) -> Splits:
    """Makes splits of recordings; their features are log-mel energies, scaled by the training part.

    Args:
        source: A folder, an archive or a WAV file as ``read_recordings`` takes them; or waveforms ``(samples,)``,
            floats from -1 to 1 or 16-bit integers.
        targets: For files a function or a mapping from the recording's name to its label or transcript, with ``None``
            for what to leave out; for waveforms one target each.
        task: ``"classification"`` (or another task of ``build_classifier``) for one answer, ``"transcription"`` for
            texts, whose characters become the vocabulary.
        sample_rate: Samples per second of waveforms; files say it themselves and must agree.
        parts: How rows are split, as one value. A validation or test part that is given is a function that picks
            recordings by name, or waveforms with their targets.
        description: Facts to keep.
        **options: The fields of ``Parts`` as they are: ``validation``, ``test``, ``validation_fraction`` (0.15),
            ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``; and the arguments of ``LogMelPreprocessing``,
            such as ``num_mels=40`` or ``frame_step=80``.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        DataError: If recordings or targets cannot be used; a transcript that its frames cannot hold is named.

    Example:
        >>> import numpy as np
        >>> beeps = [np.sin(np.arange(800) * pitch) for pitch in [0.2, 1.0] * 20]
        >>> splits = audio_splits(beeps, ["low", "high"] * 20, sample_rate=8000, num_mels=10)
        >>> splits.model_arguments
        {'num_features': 10, 'variable_length': True, 'num_classes': 2}
    """
    checks.choice(
        "task", task, [name for name, known in TASKS.items() if known.from_rows and not known.per_step]
    )
    flat = FlatOptions("audio_splits", options)
    settings = flat.take(Parts, parts, "parts")
    frames = flat.pop("frame_length", "frame_step", "num_mels", "lower_hz", "upper_hz")
    flat.refuse_rest("task", "sample_rate", "parts", "description")
    choosers = {"validation": settings.validation, "test": settings.test}
    facts: dict[str, Any] = dict(description or {})
    if isinstance(source, str | os.PathLike):
        recordings = read_recordings(source)
        given, kept = _by_name(recordings, targets, choosers)
        if not kept:
            raise DataError("targets: leave out every recording; expected some to learn from.")
        rate = common_rate(kept, sample_rate)
        facts = {"source": Path(source).name, **facts}
        if Path(source).is_file():
            facts["checksum"] = file_checksum(source)
    else:
        if sample_rate is None:
            raise ArgumentError("sample_rate: missing; expected the samples per second of these waveforms.")
        rate = checks.integer("sample_rate", sample_rate, minimum=1)
        given = _as_given(source, targets, choosers)
    train = given.pop("train")
    refuse_many_numbers(train[1], task=task)
    split = split_rows(train, dataclasses.replace(settings, **_both(given)), get_task(task))
    with split.origins["train"].named():
        preprocessing = LogMelPreprocessing.fit(split.parts["train"][0], sample_rate=rate, **frames)
    return Splits.from_parts(
        split.parts,
        task=task,
        preprocessing=preprocessing,
        description={**facts, **split.facts},
        seed=settings.seed,
        origins=split.origins,
    )


def _both(given: Mapping[str, Pair]) -> dict[str, Any]:
    return {"validation": given.get("validation"), "test": given.get("test")}


def _read_file(path: Path, name: str) -> tuple[Recording, int]:
    with path.open("rb") as file:
        return read_wav(file, name, where=str(path))


def _read_archive(path: Path, max_bytes: int) -> Iterator[tuple[Recording, int]]:
    size = 0
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if member.name.startswith(("/", "\\")) or ".." in parts:
                    raise DataError(
                        f"{path}: has the member {member.name!r}; expected paths inside of it. Do not trust this file."
                    )
                size += max(member.size, 0)
                if size > max_bytes:
                    raise DataError(
                        f"{path}: holds more than {max_bytes:,} bytes; expected at most that. Pass a larger max_bytes "
                        "if it is to be trusted."
                    )
                if not member.isreg() or not member.name.lower().endswith(".wav"):
                    continue
                content = archive.extractfile(member)
                assert content is not None, "a regular file has content"
                yield read_wav(io.BytesIO(content.read()), member.name, where=f"{path}: {member.name}")
            _check_end(archive)
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            f"{path}: damaged or cut short ({error}); expected a whole archive. Fetch it again."
        ) from error


def _check_end(archive: tarfile.TarFile) -> None:
    """Raises ``tarfile.ReadError`` unless the members end as an archive ends: tarfile stops at any bad header."""
    file = archive.fileobj
    assert file is not None, "an open archive has a file"
    file.seek(archive.offset)
    if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no end of the archive where the members end")
    while file.read(2**20):  # a packed file compares its checksum at its very end
        pass


def _warn_of_channels(source: Path, found: Sequence[tuple[Recording, int]]) -> None:
    mixed = [recording.name for recording, channels in found if channels > 1]
    if mixed:
        warnings.warn(
            f"{source}: {len(mixed)} of {len(found)} recordings have several channels, such as {mixed[0]}; their mean "
            "is taken.",
            stacklevel=3,
        )


def common_rate(recordings: Sequence[Recording], expected: int | None) -> int:
    """Returns the samples per second that all recordings have.

    Raises:
        DataError: If they differ, or are not the expected ones.
    """
    rates: dict[int, str] = {}
    for recording in recordings:
        rates.setdefault(recording.sample_rate, recording.name)
    if len(rates) > 1 or (expected is not None and expected not in rates):
        found = ", ".join(f"{rate} Hz ({name})" for rate, name in sorted(rates.items()))
        wanted = "one sample rate" if expected is None else f"{expected} Hz"
        raise DataError(f"recordings: received {found}; expected {wanted}. Resample the files first.")
    return next(iter(rates))


def _by_name(
    recordings: Sequence[Recording], targets: Any, choosers: Mapping[str, Any]
) -> tuple[dict[str, Pair], list[Recording]]:
    """Looks up the targets of files and puts each where its name belongs; returns the recordings too that are kept."""
    if not callable(targets) and not isinstance(targets, Mapping):
        raise ArgumentError(
            f"targets: received {type(targets).__name__} for files; expected a function or a mapping from names to "
            "targets. Read the files with read_recordings to give one target each."
        )
    for part, chooser in choosers.items():
        if chooser is not None and not callable(chooser):
            raise ArgumentError(
                f"{part}: received {type(chooser).__name__} for files; expected a function that picks recordings "
                "by name."
            )
    parts: dict[str, tuple[list[Any], list[Any]]] = {"train": ([], [])}
    parts |= {part: ([], []) for part, chooser in choosers.items() if chooser is not None}
    kept = []
    for recording in recordings:
        target = _target(targets, recording.name)
        if target is None:
            continue
        kept.append(recording)
        chosen = [
            part for part, chooser in choosers.items() if chooser is not None and chooser(recording.name)
        ]
        if len(chosen) > 1:
            raise ArgumentError(
                f"validation and test: both pick {recording.name!r}; expected each recording in one part."
            )
        rows, labels = parts[chosen[0] if chosen else "train"]
        rows.append(recording.samples)
        labels.append(target)
    return dict(parts), kept


def _target(targets: Any, name: str) -> Any:
    if callable(targets):
        return targets(name)
    if name not in targets:
        raise DataError(
            f"targets: have no entry for the recording {name!r}; expected one. Map it to None to leave it out."
        )
    return targets[name]


def _as_given(source: Any, targets: Any, given: Mapping[str, Any]) -> dict[str, Pair]:
    if callable(targets) or isinstance(targets, Mapping):
        raise ArgumentError(
            "targets: received names for waveforms, which have none; expected one target per waveform."
        )
    for part, pair in given.items():
        if callable(pair):
            raise ArgumentError(
                f"{part}: received a function for waveforms, which have no names; expected waveforms and their targets."
            )
    return {"train": (source, targets), **{part: pair for part, pair in given.items() if pair is not None}}
