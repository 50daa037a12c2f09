"""One step of a cell or pooling of a user, made when it is registered: what is wrong is told there, not in training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.cells.step_cell import StepCell
from rnnzoo.errors import ArgumentError, cause_of

ROWS, WIDTH, UNITS = 2, 3, 4


def try_cell(kind: type[StepCell]) -> None:
    """Makes one step of a cell, eagerly and in a graph, then builds the layer around it.

    Raises:
        ArgumentError: If it fails, or gives outputs or states of another number or shape than it says.
    """
    what = f"cell: received {kind.__name__}"
    cell = tried(f"{what}, which cannot be made for {UNITS} units", lambda: kind(UNITS))
    tried(f"{what}, whose build fails for inputs of width {WIDTH}", lambda: cell.build((ROWS, WIDTH)))
    steps = (
        [cell.step] if type(cell).training_step is StepCell.training_step else [cell.step, cell.training_step]
    )
    projected = tried(f"{what}, whose project fails", lambda: cell.project(ops.ones((ROWS, WIDTH))))
    states = tried(f"{what}, whose get_initial_state fails", lambda: cell.get_initial_state(ROWS))
    for step in steps:
        _check_step(
            what,
            cell,
            tried(f"{what}, whose {step.__name__} fails", partial(step, projected, states)),
        )
        graph = tf.function(step, autograph=False)
        tried(
            f"{what}, whose {step.__name__} fails in a graph, where no Python if and no number of a tensor may be",
            partial(graph, projected, states),
        )
    tried(
        f"{what}, whose layer cannot be built",
        lambda: Recurrence(kind(UNITS), return_sequences=True)(keras.Input((None, WIDTH))),
    )


def tried(what: str, work: Callable[[], Any]) -> Any:
    """Returns what a function of a user returns.

    Args:
        what: Start of the message.
        work: Calls the function.

    Raises:
        ArgumentError: If it raises anything.
    """
    try:
        return work()
    except Exception as error:  # a user's code may raise anything
        raise ArgumentError(
            f"{what}: {type(error).__name__}: {cause_of(error)}; expected no error. Correct it."
        ) from error


def _check_step(what: str, cell: StepCell, result: Any) -> None:
    if not isinstance(result, tuple | list) or len(result) != 2 or not isinstance(result[1], tuple | list):
        raise ArgumentError(
            f"{what}, whose step returned {_described(result)}; expected the output and a list of states. Write "
            "return output, [state]."
        )
    output, states = result
    wanted = [(ROWS, size) for size in cell.state_size]
    if len(states) != len(wanted):
        raise ArgumentError(
            f"{what}, whose step returned {len(states)} states; expected {len(wanted)}, as state_size and state_names "
            "say. Return as many, or change those."
        )
    for name, state, shape in zip(cell.state_names, states, wanted, strict=True):
        if tuple(state.shape) != shape:
            raise ArgumentError(
                f"{what}, whose step returned the state {name!r} of shape {tuple(state.shape)} for {ROWS} rows and "
                f"{UNITS} units; expected {shape}, as state_size says. Correct one of them."
            )
    if tuple(output.shape) != (ROWS, UNITS):
        raise ArgumentError(
            f"{what}, whose step returned an output of shape {tuple(output.shape)} for {ROWS} rows and {UNITS} units; "
            f"expected {(ROWS, UNITS)}. Return an output as wide as units."
        )


def _described(result: Any) -> str:
    return f"a {type(result).__name__}" + (f" of {len(result)}" if isinstance(result, tuple | list) else "")
