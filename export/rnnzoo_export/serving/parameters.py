"""The parameters and keys of a request: those that are carried out; any other is refused.

A parameter changes what an answer means, so that to ignore one would be to answer another question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.inference.validation import shorten

Place = Literal["request", "input", "output"]

_CARRIED_OUT: dict[Place, dict[str, type]] = {
    "request": {
        "binary_data_output": bool,
        "sequence_id": object,
        "sequence_start": bool,
        "sequence_end": bool,
    },
    "input": {"binary_data_size": int},
    "output": {"binary_data": bool},
}
_OBJECTS: dict[Place, str] = {"request": "a request", "input": "an input", "output": "an output"}
_TYPES = {bool: "true or false", int: "a whole number"}
_INSTEAD = {
    "classification": "Take the values and sort them, or ask for labels at /predict.",
}
_OF_SEQUENCES = ("sequence_id", "sequence_start", "sequence_end")
_LARGEST_ID, _LONGEST_ID = 2**64 - 1, 128


@dataclass(frozen=True)
class PieceOf:
    """What a request says of the sequence that it is a piece of.

    Attributes:
        sequence: The name of the sequence, which the client chooses: a number or a text.
        start: Whether it is the first piece: the sequence begins anew.
        end: Whether it is the last: the sequence is forgotten.
    """

    sequence: int | str
    start: bool = False
    end: bool = False


def check_keys(where: str, message: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises ``RequestError`` for a key of a JSON object that is not known."""
    for key in message:
        if key not in known:
            raise RequestError(
                f"{where}: received the unknown key {shorten(key)}; expected {', '.join(known)}. Leave it out."
            )


def read_parameter(place: Place, where: str, message: Mapping[str, Any]) -> Any:
    """Returns the one parameter that is carried out of an input or an output; as ``read_parameters``.

    Returns:
        The value; ``None`` if it is not there.
    """
    (name,) = _CARRIED_OUT[place]
    return read_parameters(place, where, message).get(name)


def read_parameters(place: Place, where: str, message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the parameters at a place, each of which is carried out.

    Args:
        place: Which object of the protocol holds the parameters.
        where: Its name, for messages.
        message: The object.

    Raises:
        RequestError: If there is any other parameter, or a value is of another type.
    """
    parameters = message.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise RequestError(f"{where}: received parameters {shorten(parameters)}; expected an object.")
    known = _CARRIED_OUT[place]
    for name, value in parameters.items():
        if name not in known:
            raise RequestError(
                f"{where}: received the parameter {shorten(name)}, which is not supported; expected none but "
                f"{', '.join(known)} for {_OBJECTS[place]}. {_INSTEAD.get(name, 'Leave it out.')}"
            )
        if known[name] is not object and type(value) is not known[name]:
            raise RequestError(
                f"{where}: received {name} {shorten(value)}; expected {_TYPES[known[name]]}. Leave it out, or "
                "send that."
            )
    return parameters


def read_piece(parameters: Mapping[str, Any]) -> PieceOf | None:
    """Returns what the parameters of a request say of a sequence; ``None`` where they name none.

    Raises:
        RequestError: If the sequence has no name, or one that is neither a number nor a text.
    """
    if not (parameters and any(name in parameters for name in _OF_SEQUENCES)):
        return None
    name = parameters.get("sequence_id")
    if name is None or name == "" or (type(name) is int and name == 0):
        raise RequestError(
            f"request: received sequence_id {shorten(name)}; must specify a non-zero or non-empty correlation ID. Send "
            "a number or a text that names the sequence, the same with each of its pieces."
        )
    is_number = type(name) is int and 0 < name <= _LARGEST_ID
    if not is_number and not (isinstance(name, str) and len(name) <= _LONGEST_ID):
        raise RequestError(
            f"request: received sequence_id {shorten(name)}; expected a whole number from 1 to {_LARGEST_ID}, or a "
            f"text of at most {_LONGEST_ID} characters. Send one of them."
        )
    return PieceOf(name, parameters.get("sequence_start", False), parameters.get("sequence_end", False))


def checked_number(name: str, value: Any, check: Callable[[str, Any], Any]) -> Any:
    """Returns the number that a parameter is, or raises ``RequestError``.

    Args:
        name: The parameter.
        value: What was received.
        check: Returns the number, or raises ``ArgumentError``.

    Example:
        >>> from rnnzoo import checks
        >>> checked_number("top_p", 0.5, lambda name, value: checks.number(name, value, maximum=1))
        0.5
    """
    if isinstance(value, str | list | dict):  # of any length
        raise RequestError(f"{name}: received {shorten(value)}; expected a number.")
    try:
        return check(name, value)
    except ArgumentError as error:
        raise RequestError(str(error)) from error
