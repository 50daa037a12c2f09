"""Why a file answers otherwise than its model: float32 rounding that the network lets grow, or a wrong conversion.

The model is asked again what it can only answer otherwise by rounding: with its weights and inputs at the neighbouring
float32 numbers, and with its rows in another order. A file that differs by no more than a few times as much is the
same network, summed up in another order.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.errors import ExportError, ParityError
from rnnzoo_export.network.proof_batches import nudged
from rnnzoo_export.parity.comparison import ValueDifferenceError
from rnnzoo_export.reports import LARGEST_TOLERANCE, TOLERANCE, ParityReport

if TYPE_CHECKING:
    import keras

    from rnnzoo_export.network.exportable import Exportable

# How often the numbers are moved, and how many times as far as they move an answer other sums may.
_MOVES, _MARGIN = 3, 8


def explained(
    error: ValueDifferenceError, exportable: Exportable, prove: Callable[[float], ParityReport]
) -> ParityError:
    """Returns what says why a file differs.

    Args:
        error: Where it differs.
        exportable: The model.
        prove: Does the proof again with a tolerance.
    """
    moved, reordered = own_differences(exportable, error)
    own = max(moved, reordered)
    moves = (
        f"the model's own answer moves by {moved:.2g} where its weights and inputs move to the next float32 number, "
        f"and by {reordered:.2g} where its rows are in another order."
    )
    if error.difference > _MARGIN * own:
        return ParityError(
            f"{error} This difference of {error.difference:.2g} is no float32 rounding: {moves} The conversion is "
            "wrong; please report it with the model."
        )
    figures = (
        f"{error} This difference of {error.difference:.2g} is float32 rounding that grows in the network: "
    )
    figures += moves
    least = _least_tolerance(error, exportable, prove)
    if least is None:
        return ParityError(
            f"{figures} No tolerance accepts all of the file. Train the model again with smaller weights."
        )
    return ParityError(
        f"{figures} To accept it pass tolerance={least:g} (rnnzoo export: --tolerance {least:g})."
    )


def own_differences(exportable: Exportable, error: ValueDifferenceError) -> tuple[float, float]:
    """Returns by how much the model's own answer moves in the unit that differs.

    Returns:
        The largest absolute moves where weights and inputs move to neighbouring float32 numbers, and where the rows are
        in another order.
    """
    batch, rng = dict(error.batch), np.random.default_rng(0)
    numbers = [name for name, array in batch.items() if np.asarray(array).dtype.kind == "f"]
    truth = exportable.predict(batch)[error.output]

    def distance(answer: np.ndarray) -> float:
        if answer.shape != truth.shape:
            return 0.0
        with np.errstate(invalid="ignore"):  # two infinities differ by no number
            differences = np.abs(answer.astype(np.float64) - truth.astype(np.float64))
        unit = differences[..., error.place[-1]] if error.place else differences
        return float(np.nanmax(unit, initial=0.0))

    moves = []
    for _ in range(_MOVES):
        # A model may refuse what lies beside the edge of what it takes.
        with _moved_weights(exportable.model, rng), contextlib.suppress(ExportError):
            moves.append(distance(exportable.predict(nudged(batch, numbers, rng))[error.output]))
    turned = exportable.predict({name: array[::-1] for name, array in batch.items()})[error.output]
    return max(moves, default=0.0), distance(turned[::-1])


@contextlib.contextmanager
def _moved_weights(model: keras.Model, rng: np.random.Generator) -> Iterator[None]:
    """Moves every float32 weight to a neighbour, as long as the context lasts."""
    kept = [(weight, np.asarray(weight.value)) for weight in model.weights]
    kept = [(weight, value) for weight, value in kept if value.dtype == np.float32]
    try:
        for weight, value in kept:
            towards = np.where(rng.random(value.shape) < 0.5, -np.inf, np.inf).astype(np.float32)
            weight.assign(np.where(value == 0, value, np.nextafter(value, towards)))
        yield
    finally:
        for weight, value in kept:
            weight.assign(value)


def _least_tolerance(
    error: ValueDifferenceError, exportable: Exportable, prove: Callable[[float], ParityReport]
) -> float | None:
    """Returns a tolerance with which the proof passes; ``None`` if there is none, or a difference is no rounding."""
    while True:
        tolerance = _rounded_up(1.5 * max(error.needed, TOLERANCE))
        if not tolerance <= LARGEST_TOLERANCE:
            return None
        try:
            prove(tolerance)
        except ValueDifferenceError as another:
            if another.difference > _MARGIN * max(own_differences(exportable, another)):
                return None
            error = another
            error.needed = max(error.needed, tolerance)
        except ParityError:
            return None
        else:
            return tolerance


def _rounded_up(value: float) -> float:
    """Returns a number of one digit that is no smaller."""
    if not math.isfinite(value):
        return math.inf
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / power) * power:.1g}")
