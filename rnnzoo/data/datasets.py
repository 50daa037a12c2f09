"""Named data sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.errors import PathNotFoundError


def load_dataset(
    name: str, *, seed: int = 0, validation_fraction: float = 0.15, test_fraction: float = 0.15
) -> Splits:
    """Loads a named data set.

    Args:
        name: ``"digits"``: 1,797 handwritten digits, bundled with scikit-learn, so that it works offline; each
            8 x 8 image is a sequence of 8 steps (rows) of 8 features (pixels), to be classified as 0 to 9.
            ``"moving_digits"``: synthetic, made of the same digits and offline too; each moves across 8 frames of 16 x
            16 pixels, to be classified by its direction, which only the order of the frames tells.
            ``"splice"``: 3,190 windows of 60 bases of primate DNA from the folder that ``RNNZOO_DATA`` names, whose
            middle is a donor (EI), an acceptor (IE) or no splice junction (N). Copies of a sequence, of which there
            are 185, stay in one part.
        seed: Seed of the shuffled, stratified split.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test.

    Returns:
        The splits.

    Raises:
        UnknownNameError: If there is no such data set.
        PathNotFoundError: If the set is read from ``RNNZOO_DATA`` and is not there.
        DataError: If its file cannot be used.

    Example:
        >>> splits = load_dataset("digits")
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (1257, 270, 270)

    Reference:
        Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits; Noordewier 1991, Molecular Biology
        (Splice-junction Gene Sequences); both UCI Machine Learning Repository.
    """
    load = DATASETS[checks.choice("data set", name, DATASETS)]
    return load(seed, validation_fraction, test_fraction)


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


DATASETS: dict[str, Callable[[int, float, float], Splits]] = {
    "digits": _digits,
    "moving_digits": _moving_digits,
    "splice": _splice,
}
