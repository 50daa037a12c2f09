"""Whether a model takes what a preprocessing makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import JoinedPreprocessing, Preprocessing
from rnnzoo_export.inference.validation import as_named, describe
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_names import is_plain
from rnnzoo_export.signature import TensorSpec

_TRAINED_WITH = "Pass the preprocessing that the model was trained with."


def example_inputs(preprocessing: Preprocessing | None, example: Any) -> dict[str, np.ndarray]:
    """Returns what a preprocessing makes of an example of a raw row; nothing if one of them is missing."""
    return {} if preprocessing is None or example is None else preprocessing.apply([example])


def check_inputs_made(
    network: Exportable, preprocessing: Preprocessing | None, made: Mapping[str, np.ndarray]
) -> None:
    """Checks that the inputs that a preprocessing makes are those that a model takes.

    Args:
        network: The model.
        preprocessing: The preprocessing, if there is one.
        made: What it makes of the example; nothing where there is no example, so that only the names can be checked.

    Raises:
        ArgumentError: If they are others, or of other shapes.
    """
    if preprocessing is None:
        return
    names = tuple(made) or preprocessing.input_names
    specs = {spec.name: spec for spec in network.signature.inputs}
    # A model's only input may have any name.
    if names is not None and set(names) != set(specs) and not len(names) == len(specs) == 1:
        raise _other_names(network, preprocessing, names)
    for name, array in as_named(network.signature, made).items():
        if _fits(specs[name], array):
            continue
        if len(specs) == 1:
            raise _other_names(network, preprocessing, made)
        raise ArgumentError(
            f"preprocessing: makes {name!r} of the shape {array.shape} of one row; the model takes "
            f"{describe(specs[name])}. {_TRAINED_WITH}"
        )


def _other_names(network: Exportable, preprocessing: Preprocessing, made: Collection[str]) -> ArgumentError:
    own = {spec.name: name for spec, name in zip(network.signature.inputs, network.own_names, strict=True)}
    odd, free = sorted(set(made) - set(own)), sorted(set(own) - set(made))
    fix = _TRAINED_WITH
    joined = preprocessing if isinstance(preprocessing, JoinedPreprocessing) else None
    if joined and joined.input_names and len(odd) == len(free) == 1 and not is_plain(odd[0]):
        others = joined.inputs_with({odd[0]: free[0]})
        fix = f"If they are the same, make it JoinedPreprocessing(parts, inputs={others}). {fix}"
    elif len(odd) == len(free) == 1:
        fix = f"If they are the same, pass input_names={{{own[free[0]]!r}: {odd[0]!r}}}. {fix}"
    elif not free and joined and joined.input_names:
        others = joined.inputs_with(dict.fromkeys(odd))
        fix = f"Leave out what it does not take: JoinedPreprocessing(parts, inputs={others})."
    # What the model itself calls them, unless that is not what differs.
    taken = sorted(own.values())
    taken = sorted(own) if taken == sorted(made) else taken
    return ArgumentError(f"preprocessing: makes the inputs {sorted(made)}; the model takes {taken}. {fix}")


def _fits(spec: TensorSpec, array: np.ndarray) -> bool:
    """Whether an array has as many axes as an input, and as large ones where its sizes are fixed."""
    sizes = zip(spec.shape[1:], array.shape[1:], strict=False)
    return array.ndim == len(spec.shape) and all(fixed in (None, size) for fixed, size in sizes)
