"""Named data sets."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnzoo import checks
from rnnzoo.data.series_sets import read_beijing_pm25, read_etth1
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, PathNotFoundError, UnknownNameError


def load_dataset(
    name: str,
    *,
    seed: int = 0,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    **options: Any,
) -> Splits:
    """Loads a named data set.

    Args:
        name: ``"digits"``: 1,797 handwritten digits, bundled with scikit-learn, so that it works offline; each
            8 x 8 image is a sequence of 8 steps (rows) of 8 features (pixels), to be classified as 0 to 9.
            ``"etth1"`` (seven readings of a transformer, split as in publications) and ``"beijing_pm25"`` (fine
            dust): hourly series to be forecast, from the folder that ``RNNZOO_DATA`` names.
        seed: Seed of the shuffled, stratified split; series are split by time.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test.
        **options: For series, ``window`` and ``horizon`` in hours.

    Returns:
        The splits.

    Raises:
        UnknownNameError: If there is no such data set, or it has no such option.
        ArgumentError: If a data set with a split of its own is asked for another.
        PathNotFoundError: If a data set is not in the folder.

    Example:
        >>> splits = load_dataset("digits")
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (1257, 270, 270)

    Reference:
        Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """
    load = DATASETS[checks.choice("data set", name, DATASETS)]
    known = ["seed", "validation_fraction", "test_fraction"]
    known += [p.name for p in inspect.signature(load).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            raise UnknownNameError(f"option of the data set {name!r}", option, known)
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


def _etth1(
    seed: int, validation_fraction: float, test_fraction: float, *, window: int = 96, horizon: int = 96
) -> Splits:
    for name, share in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if share != _FRACTION:
            raise ArgumentError(
                f"{name}: received {share!r} for the data set 'etth1', which has a split of its own. Leave it out."
            )
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


_FRACTION = 0.15

DATASETS: dict[str, Callable[..., Splits]] = {
    "digits": _digits,
    "etth1": _etth1,
    "beijing_pm25": _beijing_pm25,
}
