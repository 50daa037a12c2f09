"""The parameters and keys of a request: those that are carried out; any other is refused.

A parameter changes what an answer means, so that to ignore one would be to answer another question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.inference.validation import shorten

Place = Literal["request", "input", "output"]

_CARRIED_OUT: dict[Place, tuple[str, type]] = {
    "request": ("binary_data_output", bool),
    "input": ("binary_data_size", int),
    "output": ("binary_data", bool),
}
_OBJECTS: dict[Place, str] = {"request": "a request", "input": "an input", "output": "an output"}
_TYPES = {bool: "true or false", int: "a whole number"}
_INSTEAD = {
    "sequence_id": "The server keeps nothing between requests: send whole sequences.",
    "sequence_start": "The server keeps nothing between requests: send whole sequences.",
    "sequence_end": "The server keeps nothing between requests: send whole sequences.",
    "classification": "Take the values and sort them, or ask for labels at /predict.",
}


def check_keys(where: str, message: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises ``RequestError`` for a key of a JSON object that is not known."""
    for key in message:
        if key not in known:
            raise RequestError(
                f"{where}: received the unknown key {shorten(key)}; expected {', '.join(known)}. Leave it out."
            )


def read_parameter(place: Place, where: str, message: Mapping[str, Any]) -> Any:
    """Returns the one parameter that is carried out at a place.

    Args:
        place: Which object of the protocol holds the parameters.
        where: Its name, for messages.
        message: The object.

    Returns:
        The value; ``None`` if it is not there.

    Raises:
        RequestError: If there is any other parameter, or the value is of another type.
    """
    parameters = message.get("parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise RequestError(f"{where}: received parameters {shorten(parameters)}; expected an object.")
    known, kind = _CARRIED_OUT[place]
    for name in parameters:
        if name != known:
            raise RequestError(
                f"{where}: received the parameter {shorten(name)}, which is not supported; expected none but "
                f"{known!r} for {_OBJECTS[place]}. {_INSTEAD.get(name, 'Leave it out.')}"
            )
    if known in parameters and type(parameters[known]) is not kind:
        raise RequestError(
            f"{where}: received {known} {shorten(parameters[known])}; expected {_TYPES[kind]}. Leave it out, or "
            "send that."
        )
    return parameters.get(known)


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
