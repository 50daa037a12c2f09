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
            ``"physionet2012"``: 4,000 intensive care stays of 48 hours, 37 variables in bins of an hour, nearly all of
            them missing at most hours; who died in hospital. Read from the folder ``RNNZOO_DATA``.
            ``"multi30k"``: 29,000 captions of pictures in English and German, to be translated; its parts are given,
            so that seed and fractions mean nothing. Read from the folder ``RNNZOO_DATA``.
        seed: Seed of the shuffled, stratified split.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test.

    Returns:
        The splits.

    Raises:
        UnknownNameError: If there is no such data set.
        PathNotFoundError: If a set that is read from ``RNNZOO_DATA`` is not there.

    Example:
        >>> splits = load_dataset("digits")
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (1257, 270, 270)

    Reference:
        Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
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


def _multi30k(seed: int, validation_fraction: float, test_fraction: float) -> Splits:
    from rnnzoo.data.pairs import multi30k

    return multi30k(data_directory() / "multi30k")


DATASETS: dict[str, Callable[[int, float, float], Splits]] = {
    "digits": _digits,
    "multi30k": _multi30k,
    "physionet2012": _physionet2012,
}
