"""Named data sets."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from rnnzoo import checks
from rnnzoo.data.audio import audio_splits
from rnnzoo.data.series_sets import read_beijing_pm25, read_etth1
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError
from rnnzoo.files import existing_file

_DEFAULT_FRACTION = 0.15


def load_dataset(
    name: str,
    *,
    seed: int = 0,
    validation_fraction: float = _DEFAULT_FRACTION,
    test_fraction: float = _DEFAULT_FRACTION,
    **options: Any,
) -> Splits:
    """Loads a named data set.

    ``"digits"``: 1,797 handwritten digits, bundled with scikit-learn, so that it works offline; each 8 x 8 image is a
    sequence of 8 steps (rows) of 8 features (pixels), to be classified as 0 to 9. ``"moving_digits"``: synthetic, made
    of the same digits and offline too; each moves across 8 frames of 16 x 16 pixels, to be classified by its
    direction, which only the order of the frames tells. All others are read from the folder that ``RNNZOO_DATA``
    names:

    ``"fsdd"``: 3,000 recordings at 8 kHz of the digits zero to nine by six speakers. Its own test part is recordings 0
    to 4 of each digit and speaker. Options: ``held_out``, a speaker who is the test part instead and is in no other;
    ``task="transcription"`` for the digits' names, letter by letter, instead of classes.

    ``"etth1"``: seven hourly readings of a power transformer, split as in publications, and ``"beijing_pm25"``: fine
    dust, weather and time of day by the hour; series to be forecast. Options: ``window`` and ``horizon`` in hours.

    ``"multi30k"``: 29,000 captions of pictures in English and German, to be translated; its parts are given.

    ``"physionet2012"``: 4,000 intensive care stays of 48 hours, 37 variables in bins of an hour, nearly all of them
    missing at most hours; who died in hospital.

    ``"splice"``: 3,190 windows of 60 bases of primate DNA, whose middle is a donor (EI), an acceptor (IE) or no splice
    junction (N). Copies of a sequence, of which there are 185, stay in one part.

    ``"ptb"``: the Penn Treebank in words, 10,000 of them, for language models; ``"tinyshakespeare"``: plays in
    characters, in order 90 % to learn from, 5 % each for validation and test. Both have splits of their own.

    Args:
        name: One of these.
        seed: Seed of the shuffled, stratified split; series are split by time.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test, where the set has no test part of its own.
        **options: What the set takes besides.

    Returns:
        The splits.

    Raises:
        UnknownNameError: If there is no such data set, or it has no such option.
        ArgumentError: If it takes no options at all, or has a split of its own and is asked for another.
        PathNotFoundError: If the set is to be read from ``RNNZOO_DATA`` and is not there.

    Example:
        >>> splits = load_dataset("digits")
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (1257, 270, 270)

    Reference:
        Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, and Noordewier 1991, Molecular Biology
        (Splice-junction Gene Sequences), UCI Machine Learning Repository; Jackson 2016, Free Spoken Digit Dataset,
        github.com/Jakobovski/free-spoken-digit-dataset.
    """
    load = DATASETS[checks.choice("data set", name, DATASETS)]
    known = [name for name in inspect.signature(load).parameters if name not in _FRACTIONS]
    for option in options:
        if not known:
            raise ArgumentError(
                f"{option}: received for data set {name!r}, which takes no options. Leave it out."
            )
        checks.choice(f"option of data set {name!r}", option, known)
    return load(seed, validation_fraction, test_fraction, **options)


def data_directory() -> Path:
    """Returns the folder of data sets that ``RNNZOO_DATA`` names.

    Raises:
        PathNotFoundError: If the variable is not set, or names no directory.
    """
    folder = os.environ.get("RNNZOO_DATA")
    if not folder or not Path(folder).is_dir():
        raise PathNotFoundError(
            f"RNNZOO_DATA: received {folder!r}; expected the path of a folder of data sets. Set the variable to it."
        )
    return Path(folder)


def _digits(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return Splits.from_arrays(
        digits.images,
        digits.target,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        description={"source": "digits (scikit-learn)"},
    )


def _physionet2012(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    from rnnzoo.data.physionet import read_stays

    rows, labels, names = read_stays(data_directory() / "physionet2012")
    return Splits.from_arrays(
        rows,
        labels,
        task="binary_classification",
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        description={"source": "PhysioNet Challenge 2012, set a", "features": list(names)},
    )


def _ptb(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    _refuse_fractions("ptb", validation_fraction, test_fraction)
    from rnnzoo.data.streams import text_stream_splits

    folder = data_directory() / "ptb"
    train, validation, test = (folder / f"ptb.{part}.txt.gz" for part in ("train", "valid", "test"))
    return text_stream_splits(
        train, validation, test, max_tokens=10_002, description={"source": "Penn Treebank"}
    )


def _tinyshakespeare(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    _refuse_fractions("tinyshakespeare", validation_fraction, test_fraction)
    from rnnzoo.data.streams import text_stream_splits

    path = data_directory() / "tinyshakespeare" / "input.txt.gz"
    return text_stream_splits(path, unit="character", window=100, description={"source": "tinyshakespeare"})


_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _spoken_digits(
    seed: int,
    validation_fraction: float,
    test_fraction: float,
    task: str = "classification",
    held_out: str | None = None,
) -> Splits:
    checks.choice("task", task, ("classification", "transcription"))
    if held_out is not None:
        checks.choice("held-out speaker", held_out, _SPEAKERS)
    path = existing_file(data_directory() / "fsdd" / "recordings.tar.gz", "the Free Spoken Digit Dataset")

    def name_parts(name: str) -> tuple[int, str, int]:
        try:
            digit, speaker, index = PurePosixPath(name).stem.split("_")
            return int(digit), speaker, int(index)
        except ValueError as error:
            raise DataError(
                f"{path}: has the recording {name!r}; expected DIGIT_SPEAKER_INDEX.wav. Fetch the set again."
            ) from error

    def target(name: str) -> str:
        digit = name_parts(name)[0]
        return _WORDS[digit] if task == "transcription" else str(digit)

    def is_test(name: str) -> bool:
        _, speaker, index = name_parts(name)
        return index < 5 if held_out is None else speaker == held_out

    return audio_splits(
        path,
        target,
        task=task,
        test=is_test,
        validation_fraction=validation_fraction,
        seed=seed,
        description={"source": "fsdd", "held_out": held_out},
    )


def _multi30k(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    _refuse_fractions("multi30k", validation_fraction, test_fraction)
    from rnnzoo.data.pairs import multi30k

    return multi30k(data_directory() / "multi30k")


def _moving_digits(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    from rnnzoo.data.moving_digits import moving_digits

    videos, directions = moving_digits()
    return Splits.from_arrays(
        videos,
        directions,
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        description={"source": "moving digits (synthetic, of scikit-learn's digits)"},
    )


def _splice(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    from rnnzoo.data.groups import split_groups
    from rnnzoo.data.tables import file_checksum, read_frame
    from rnnzoo.preprocessing import DNAPreprocessing

    file = data_directory() / "splice" / "splice.data.gz"
    frame = read_frame(file, column_names=["label", "name", "sequence"])
    sequences = [cell.strip() for cell in frame["sequence"]]
    parts = split_groups(
        sequences,
        [cell.strip() for cell in frame["label"]],
        sequences,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
    )
    return Splits.from_arrays(
        *parts["train"],
        validation=parts["validation"],
        test=parts.get("test"),
        test_fraction=0.0,
        seed=seed,
        preprocessing=DNAPreprocessing(variable_length=False),
        description={"source": "splice (UCI)", "file_checksum": file_checksum(file)},
    )


def _etth1(
    seed: int, validation_fraction: float, test_fraction: float, *, window: int = 96, horizon: int = 96
) -> Splits:
    _refuse_fractions("etth1", validation_fraction, test_fraction)
    return read_etth1(data_directory(), window=window, horizon=horizon)


def _beijing_pm25(
    seed: int, validation_fraction: float, test_fraction: float, *, window: int = 72, horizon: int = 24
) -> Splits:
    return read_beijing_pm25(
        data_directory(),
        window=window,
        horizon=horizon,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
    )


def _refuse_fractions(data: str, validation_fraction: float, test_fraction: float) -> None:
    for name, share in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if share != _DEFAULT_FRACTION:
            raise ArgumentError(
                f"{name}: received {share!r} for the data set {data!r}, which has a split of its own. Leave it out."
            )


_FRACTIONS = ("seed", "validation_fraction", "test_fraction")
DATASETS: dict[str, Callable[..., Splits]] = {
    "beijing_pm25": _beijing_pm25,
    "digits": _digits,
    "etth1": _etth1,
    "fsdd": _spoken_digits,
    "moving_digits": _moving_digits,
    "multi30k": _multi30k,
    "physionet2012": _physionet2012,
    "ptb": _ptb,
    "splice": _splice,
    "tinyshakespeare": _tinyshakespeare,
}
