"""Named series, read from a folder of data sets."""

from __future__ import annotations

from pathlib import Path

from rnnzoo.data.series import series_splits
from rnnzoo.data.splits import Splits
from rnnzoo.data.tables import file_checksum, read_frame, read_table
from rnnzoo.errors import PathNotFoundError

_HOURS_OF_A_MONTH = 30 * 24


def read_etth1(folder: Path, *, window: int = 96, horizon: int = 96) -> Splits:
    """Reads ETTh1: seven hourly readings of a power transformer, all of them to be forecast.

    The split that publications use: months of 30 days, 12 to learn from, 4 for validation, 4 for the test, the rest
    unused; scaled by the training part; every window whose targets lie in a part, its past reaching into the part
    before.

    Args:
        folder: The folder of data sets.
        window: Hours to look back on.
        horizon: Hours ahead.

    Reference:
        Zhou 2020, Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting, arXiv:2012.07436.
    """
    path = _file(folder / "ett" / "ETTh1.csv")
    return series_splits(
        read_frame(path).iloc[: 20 * _HOURS_OF_A_MONTH],
        target=["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"],
        window=window,
        horizon=horizon,
        time="date",
        seasonality=24,
        validation_fraction=4 / 20,
        test_fraction=4 / 20,
        source={"source": path.name, "checksum": file_checksum(path)},
        first_line=2,
    )


def read_beijing_pm25(
    folder: Path,
    *,
    window: int = 72,
    horizon: int = 24,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
) -> Splits:
    """Reads five years of hourly fine dust in Beijing, with the weather; the dust is to be forecast.

    A missing value is the last one before it.

    Args:
        folder: The folder of data sets.
        window: Hours to look back on.
        horizon: Hours ahead.
        validation_fraction: Share of hours for validation.
        test_fraction: Share of hours, the last ones, for the test.

    Reference:
        Liang 2015, Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and winter heating.
    """
    return read_table(
        _file(folder / "beijing_pm25" / "beijing_pm25.csv"),
        target="pm2.5",
        window=window,
        horizon=horizon,
        categorical=["cbwd", "hour"],
        ignore=["No", "year", "month", "day"],
        missing="ffill",
        seasonality=24,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
    )


def _file(path: Path) -> Path:
    zipped = path.with_name(f"{path.name}.gz")
    for candidate in (path, zipped):
        if candidate.is_file():
            return candidate
    raise PathNotFoundError(
        f"{path}: no such file, nor {zipped.name}; expected one of them. Put it into the folder that RNNZOO_DATA names."
    )
