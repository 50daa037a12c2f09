"""Windows that were cut already: arrays of the past and of what comes after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.fingerprint import checksum_of
from rnnzoo.data.readers.window_split import WindowSplit, WindowTable
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.features import fit_scale
from rnnzoo.preprocessing.numeric_rows import to_float32
from rnnzoo.preprocessing.window_rows import OWN_FEATURE

Arrays = tuple[np.ndarray, np.ndarray]
_AXES = ("step", "feature")
#: Deviations between the means of targets and of their own past, and times between their deviations, at most.
_FAR, _WIDE = 10.0, 50.0
#: Rows that are looked at to find how far one window lies behind the one before.
_LOOKED_AT = 50


def own_windows(
    inputs: Any, targets: Any, parts: Parts, description: Mapping[str, Any], *, name: str = OWN_FEATURE
) -> Splits:
    """Makes splits of windows and of what comes after each.

    The first features of a window are the targets' own past, as baselines and models that normalise windows need it.
    Rows are split in their order, for windows mostly overlap: rows between two parts whose targets are in both are
    left out.

    Args:
        inputs: ``(rows, window, features)``.
        targets: ``(rows, horizon)`` for one target, or ``(rows, horizon, targets)``.
        parts: How rows are split; parts that are given are pairs of inputs and targets.
        description: Facts to keep.
        name: What the columns of requests are called, by the number of the feature.

    Raises:
        ArgumentError: If something is asked of rows in order that is for shuffled rows.
        DataError: If the arrays cannot be used; where one row is the cause, the message names it.

    Example:
        >>> series = np.sin(np.arange(80.0) / 5)
        >>> X = np.stack([series[i : i + 8] for i in range(60)])[..., None]
        >>> Y = np.stack([series[i + 8 : i + 11] for i in range(60)])
        >>> splits = own_windows(X, Y, Parts(), {})
        >>> splits.model_arguments, splits.description["rows"]
        ({'window': 8, 'num_features': 1, 'horizon': 3, 'num_targets': 1}, {'train': 38, 'validation': 9, 'test': 9})
    """
    _check_parts(parts)
    arrays: dict[str, Arrays] = {"train": _checked(inputs, targets, "")}
    for part, pair in (("validation", parts.validation), ("test", parts.test)):
        if pair is not None:
            arrays[part] = _checked(pair[0], pair[1], part)
            _check_same(arrays["train"], arrays[part], part)
    arrays, facts = _split(arrays, parts)
    _check_past(*arrays["train"])
    preprocessing, decoding = _fit(*arrays["train"], name)
    splits = {part: _window_split(*pair, preprocessing, part) for part, pair in arrays.items()}
    horizon = arrays["train"][1].shape[1]
    facts = {
        "checksum": checksum_of(arrays),
        **description,
        "targets": decoding.target_names,
        "window": preprocessing.window,
        "horizon": horizon,
        "missing": "error",
        "seasonality": None,
        **facts,
        "rows": {part: len(split) for part, split in splits.items()},
    }
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=preprocessing,
        decoding=decoding,
        task="forecasting",
        description=facts,
    )


def _check_parts(parts: Parts) -> None:
    usual = Parts()
    if parts.groups is not None:
        raise ArgumentError(
            "groups: received them for windows, which are split in their order; expected none. Leave them out."
        )
    for name in ("validation", "test"):
        given = getattr(parts, name)
        if given is not None and len(given) != 2:
            raise DataError(
                f"{name}: received {len(given)} values; expected windows and what comes after each, which all count "
                "alike. Pass them as a tuple of two."
            )
    for field in ("stratify", "seed", "rare", "unlabelled", "fold"):
        value = getattr(parts, field)
        if value != getattr(usual, field):
            raise ArgumentError(
                f"{field}: received {value!r} for windows, which are split in their order; expected none. Leave it out."
            )


def _checked(inputs: Any, targets: Any, of: str) -> Arrays:
    """Returns windows and what comes after each as numbers ``(rows, steps, ...)``."""
    part = f"{of}: " if of else ""
    x, y = _numbers(inputs, f"{part}inputs"), _numbers(targets, f"{part}targets")
    if x.ndim != 3:
        fix = "Of one feature, pass inputs[..., None]." if x.ndim == 2 else "Cut windows of a table first."
        raise DataError(
            f"{part}inputs: received an array of shape {x.shape}; expected (rows, window, features). {fix}"
        )
    if y.ndim not in (2, 3):
        fix = "Of one step ahead, pass targets[:, None]." if y.ndim == 1 else "Pass those of each window."
        raise DataError(
            f"{part}targets: received an array of shape {y.shape}; expected (rows, horizon) or (rows, horizon, "
            f"targets). {fix}"
        )
    y = y[..., None] if y.ndim == 2 else y
    if len(x) != len(y) or 0 in x.shape or 0 in y.shape:
        raise DataError(
            f"{part}targets: received shape {y.shape} for inputs of shape {x.shape}; expected as many rows, and at "
            "least one of each."
        )
    if y.shape[2] > x.shape[2]:
        raise DataError(
            f"{part}inputs: received {x.shape[2]} features for {y.shape[2]} targets; expected the past of each target "
            "as the first features. Add them, or pass task='regression', which needs no past."
        )
    for row, what, values in ((_first_wrong(x), "inputs", x), (_first_wrong(y), "targets", y)):
        if row is not None:
            step, column = np.argwhere(~np.isfinite(values[row]))[0]
            raise RowError(
                row,
                f"{what}: received {values[row, step, column]} at step {step}, feature {column}; expected a finite "
                "number. Correct or drop the row.",
                of=of,
            )
    return x, y


def _numbers(array: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(array)
    except ValueError as error:
        raise DataError(
            f"{name}: received rows of unlike length; expected one array of numbers. Cut them."
        ) from error
    if found.dtype.kind not in "iuf":
        raise DataError(
            f"{name}: received an array of {found.dtype}; expected numbers, those of windows and of what comes after "
            f"each. Pass {name.rpartition(' ')[2]}.astype(float), or read a table by read_series(file, target=..., "
            "window=..., horizon=...)."
        )
    return found


def _first_wrong(values: np.ndarray) -> int | None:
    wrong = ~np.isfinite(values).all(axis=(1, 2))
    return int(wrong.argmax()) if wrong.any() else None


def _check_same(train: Arrays, other: Arrays, part: str) -> None:
    for name, one, two in (("inputs", train[0], other[0]), ("targets", train[1], other[1])):
        if one.shape[1:] != two.shape[1:]:
            raise DataError(
                f"{part}: {name}: received shape {two.shape}; expected {('rows', *one.shape[1:])}, as in training."
            )


def _split(arrays: dict[str, Arrays], parts: Parts) -> tuple[dict[str, Arrays], dict[str, Any]]:
    """Splits off the parts that are not given, the last rows for the test."""
    x, y = arrays["train"]
    shift = _find_shift(x)
    behind = 0 if shift is None else -(-y.shape[1] // shift) - 1
    end, found, left_out = len(x), dict(arrays), 0
    for part, fraction in (("test", parts.test_fraction), ("validation", parts.validation_fraction)):
        if part in arrays or (part == "test" and not fraction):
            continue
        first = end - round(len(x) * fraction)
        found[part] = (x[first:end], y[first:end])
        left_out += behind
        end = first - behind
    if end < 1 or any(len(pair[0]) < 1 for pair in found.values()):
        raise DataError(
            f"inputs: received {len(x)} rows; expected enough for every part, of which {left_out} are left out between "
            "them. Add rows, or pass validation=(inputs, targets) and test=(inputs, targets)."
        )
    found["train"] = (x[:end], y[:end])
    order: Sequence[str] = [part for part in ("train", "validation", "test") if part in found]
    return {part: found[part] for part in order}, {"windows_left_out": left_out} if left_out else {}


def _find_shift(x: np.ndarray) -> int | None:
    """Returns how many steps a window lies behind the one before; ``None`` where they do not overlap."""
    places = np.unique(np.linspace(0, len(x) - 2, min(_LOOKED_AT, max(len(x) - 1, 0))).astype(int))
    one, two = x[places], x[places + 1] if len(places) else x[:0]
    for shift in range(1, x.shape[1]):
        if len(places) and (one[:, shift:] == two[:, :-shift]).all(axis=(1, 2)).mean() > 0.5:
            return shift
    return None


def _check_past(x: np.ndarray, y: np.ndarray) -> None:
    """Raises ``DataError`` where the first features are clearly no past of the targets."""
    for target in range(y.shape[2]):
        past, future = x[..., target].astype(np.float64), y[..., target].astype(np.float64)
        spread, other = past.std(), future.std()
        far = abs(past.mean() - future.mean()) > _FAR * max(spread, other)
        wide = min(spread, other) > 0 and max(spread, other) > _WIDE * min(spread, other)
        if far or wide:
            raise DataError(
                f"targets: target {target} has mean {future.mean():.3g} and deviation {other:.3g}, and feature "
                f"{target} {past.mean():.3g} and {spread:.3g}; expected the past of the targets, in the same units, as "
                "the first features. Put it there, unscaled, or pass task='regression', which needs no past."
            )


def _fit(x: np.ndarray, y: np.ndarray, name: str) -> tuple[WindowPreprocessing, Decoding]:
    mean, scale = fit_scale(x.reshape(-1, x.shape[2]))
    names = [name.format(number) for number in range(x.shape[2])]
    targets = y.shape[2]
    preprocessing = WindowPreprocessing(
        numeric=names, mean=mean.tolist(), scale=scale.tolist(), categories={}, window=x.shape[1]
    )
    decoding = Decoding(
        "forecasting",
        target_names=names[:targets],
        mean=mean[:targets].tolist(),
        scale=scale[:targets].tolist(),
    )
    return preprocessing, decoding


def _window_split(x: np.ndarray, y: np.ndarray, preprocessing: WindowPreprocessing, part: str) -> WindowSplit:
    """Puts each window and what comes after it below one another, as rows of one table."""
    rows, window, count = x.shape
    horizon, targets = y.shape[1:]
    values = np.zeros((rows, window + horizon, count))
    values[:, :window] = x
    values[:, window:, :targets] = y
    table = values.reshape(-1, count)
    with np.errstate(over="ignore"):
        scaled = to_float32((table - preprocessing.mean) / preprocessing.scale, part, _AXES)
    columns = {name: table[:, number] for number, name in enumerate(preprocessing.numeric)}
    starts = np.arange(rows) * (window + horizon)
    windows = WindowTable(scaled, columns, preprocessing.numeric[:targets])
    return WindowSplit(windows, starts, window=window, horizon=horizon)
