"""Preprocessing as a JSON file.

    format_version   1
    kind             the name under which the class is registered
    class, package   the class and its package, where it is a user's own
    config           what ``to_config`` gives

A file never says what code to import: the package of an own class is named for people to read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from rnnzoo.errors import ArgumentError, DataError, NotRegisteredError, one_line
from rnnzoo.extensions import check_importable, check_registered, describe_class
from rnnzoo.files import read_json, write_json
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.kinds import PREPROCESSINGS

FORMAT_VERSION = 1
_SHOWN = 120


def check_storable(preprocessing: object) -> None:
    """Raises ``ArgumentError`` if a preprocessing, once saved, could not be loaded as what it is."""
    kind, own = getattr(preprocessing, "kind", None), type(preprocessing)
    if PREPROCESSINGS.get(str(kind)) is not own:
        if isinstance(preprocessing, Preprocessing):
            name = kind if isinstance(kind, str) and kind not in PREPROCESSINGS else "own"
            fix = f"Give the class the kind {name!r} and call " if name != kind else "Call "
            fix += f"rnnzoo.register('preprocessing', {name!r}, {own.__name__}) first."
        else:
            fix = "Leave it out, and give the model the arrays that it makes."
        raise ArgumentError(
            f"preprocessing: received {own.__name__} of the kind {kind!r}, which could not be loaded again; expected "
            f"one that is registered, of the kinds {', '.join(PREPROCESSINGS)}. {fix}"
        )
    check_importable("preprocessing", own)
    if isinstance(preprocessing, Preprocessing):
        for part in preprocessing.parts:
            check_storable(part)


def check_round_trip(preprocessing: Preprocessing) -> None:
    """Checks that a preprocessing can be stored and made again, before anything is trained for it.

    Raises:
        ArgumentError: If it is not registered, ``to_config`` gives no JSON, or ``from_config`` does not make the same
            again; the message names the method.
    """
    check_storable(preprocessing)
    own, config = type(preprocessing), _config_of(preprocessing)
    try:
        again: Any = own.from_config(json.loads(config))
    except Exception as error:
        raised = f"raised {type(error).__name__} ({one_line(error)}) for what to_config returned"
        raise _not_again(own, raised) from error
    if type(again) is not own:
        raise _not_again(own, f"returned {_shortened(again)}")
    if _config_of(again) != config:
        raise _not_again(own, f"returned one whose to_config is {_config_of(again)}, not {config}")


def _not_again(own: type, problem: str) -> ArgumentError:
    return ArgumentError(
        f"preprocessing: {own.__name__}.from_config {problem}; expected the same preprocessing again. Correct "
        "to_config or from_config."
    )


def _config_of(preprocessing: Preprocessing) -> str:
    """Returns ``to_config`` as JSON."""
    config, problem = preprocessing.to_config(), ""
    if isinstance(config, Mapping):
        try:
            return json.dumps(config, ensure_ascii=False, allow_nan=False, sort_keys=True)
        except (TypeError, ValueError) as error:
            problem = f" ({one_line(error)})"
    raise ArgumentError(
        f"preprocessing: {type(preprocessing).__name__}.to_config returned {_shortened(config)}{problem}; expected "
        "a mapping that JSON can hold. Turn NumPy values into Python's with int(), float() or tolist(); leave NaN out."
    )


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def save_preprocessing(preprocessing: Preprocessing, path: str | os.PathLike[str]) -> None:
    """Writes a preprocessing to a JSON file.

    Raises:
        ArgumentError: If it could not be loaded again: its class is not registered, or ``to_config`` gives no JSON.
    """
    check_storable(preprocessing)
    _config_of(preprocessing)
    kind = preprocessing.kind
    header = {"format_version": FORMAT_VERSION, "kind": kind}
    facts = describe_class(type(preprocessing)) if PREPROCESSINGS.is_own(kind) else {}
    write_json(path, {**header, **facts, "config": preprocessing.to_config()})


def load_preprocessing(path: str | os.PathLike[str]) -> Preprocessing:
    """Reads a preprocessing.

    Raises:
        PathNotFoundError: If there is no such file.
        NotRegisteredError: If it is of a user's class, which must be registered first.
        DataError: If it is damaged, or of a newer format.
    """
    stored: Any = read_json(path, "a stored preprocessing")
    version = stored.get("format_version") if isinstance(stored, dict) else None
    kind = stored.get("kind") if isinstance(stored, dict) else None
    if version == FORMAT_VERSION:
        check_registered(path, "preprocessing", str(kind), stored, PREPROCESSINGS)
    if version != FORMAT_VERSION or not isinstance(kind, str) or kind not in PREPROCESSINGS:
        received = f"format version {version!r}" if version != FORMAT_VERSION else f"the kind {kind!r}"
        raise DataError(
            f"{path}: received {received}; expected {FORMAT_VERSION} and one of the kinds "
            f"{', '.join(PREPROCESSINGS)}. Use the version of rnnzoo that wrote it."
        )
    try:
        return PREPROCESSINGS[stored["kind"]].from_config(stored["config"])
    except NotRegisteredError as error:
        raise NotRegisteredError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: damaged ({error}); expected a stored preprocessing. Write it again."
        ) from error
