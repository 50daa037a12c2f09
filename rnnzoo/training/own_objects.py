"""Losses, metrics and optimizers of a user: what they are, what a file keeps of them, and how they are made again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from rnnzoo.errors import ArgumentError, one_line
from rnnzoo.keras_names import METRICS, arguments_of, make, resolve

#: What a file says of an object that it cannot make again.
_OWN = "own"
_PLAIN = (bool, int, float, str, type(None))


def check_object(field: str, value: object, methods: Sequence[str], example: str) -> Any:
    """Returns a name, a function or an object; one that a file describes is made again.

    Args:
        field: The field of ``TrainConfig``, for messages.
        value: What was received.
        methods: What an object must have; ``"__call__"`` for a function too.
        example: One, for messages.

    Raises:
        ArgumentError: If it is none of them, a class, or a description of what cannot be made again.
    """
    if isinstance(value, Mapping):
        return _made_again(field, value)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, type):
        raise ArgumentError(
            f"{field}: received the class {value.__name__}; expected an object of it. Pass {value.__name__}(), with "
            "its arguments, or its name as 'module:Class'."
        )
    if value is None or not all(callable(getattr(value, method, None)) for method in methods):
        raise ArgumentError(
            f"{field}: received {value!r}; expected a name, an object such as {example}, or 'module:name' of one's own."
        )
    return value


def describe(value: Any) -> Any:
    """Returns a value of a config as JSON has it.

    An object of Keras, or of a registered class, becomes what makes it again: ``module``, ``class_name`` and
    ``config``. A function of a module becomes ``"module:name"``. Of all others only the name is kept, as ``{"own":
    name}``: a run or search goes on if such an object is passed again.

    Example:
        >>> describe("huber"), describe([len, 3])
        ('huber', ['builtins:len', 3])
    """
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, (*_PLAIN, Mapping)):
        return value
    name = f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', '')}"
    if inspect.isroutine(value):
        return name if _found(name) is value else {_OWN: name}
    kind = type(value)
    if hasattr(value, "get_config"):
        import keras

        made = {**keras.saving.serialize_keras_object(value), "config": arguments_of(value)}
        made.pop("build_config", None)
        if _is_plain(made) and _makes_same(made, value):
            return made
    return {_OWN: f"{kind.__module__}:{kind.__qualname__}"}


def own_name(value: Any) -> str:
    """Returns what messages call an object."""
    kind = value if isinstance(value, type) or inspect.isroutine(value) else type(value)
    return getattr(kind, "__name__", str(value))


def look_up(field: str, name: str) -> Any:
    """Returns what ``"module:name"`` names.

    Raises:
        ArgumentError: If it is not there.
    """
    try:
        return resolve(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArgumentError(
            f"{field}: received {name!r}, which is not there ({one_line(error)}); expected 'module:name' of a class or "
            "function. Correct it, or install the module."
        ) from error


def make_loss(source: Any) -> Any:
    """Returns the Keras loss that an object, a function or ``"module:name"`` stands for."""
    import keras

    from rnnzoo.losses.function_loss import FunctionLoss

    found = look_up("loss", source) if isinstance(source, str) else source
    if isinstance(found, type):
        found = found()
    return found if isinstance(found, keras.losses.Loss) else FunctionLoss(found)


def make_metrics(sources: Sequence[Any]) -> list[Any]:
    """Returns the Keras metrics that names, functions and objects stand for; objects start anew."""
    import keras

    made = []
    for source in sources:
        if isinstance(source, str) and source not in METRICS:
            if ":" not in source:
                raise ArgumentError(
                    f"metrics: received {source!r}; expected one of {', '.join(METRICS)}, 'module:Class' such as "
                    "'keras.metrics:F1Score', or a Keras metric."
                )
            source = look_up("metrics", source)
        if isinstance(source, str):
            metric = make(source, METRICS)
        elif isinstance(source, type):
            metric = source()
        elif isinstance(source, keras.metrics.Metric):
            metric = source
            metric.reset_state()
        else:
            metric = keras.metrics.MeanMetricWrapper(source, name=own_name(source))
        made.append(metric)
    return made


def copy_optimizer(optimizer: Any, changes: Mapping[str, Any]) -> Any:
    """Returns a fresh optimizer with the arguments of another, but for some.

    Raises:
        ArgumentError: If its ``get_config`` does not give what makes it again.
    """
    try:
        made = type(optimizer).from_config({**optimizer.get_config(), **changes})
        lost = _lost(optimizer, made, changes)
    except Exception as error:
        raise ArgumentError(
            f"optimizer: {own_name(optimizer)} cannot be made again from its get_config ({one_line(error)}); expected "
            "all arguments of its __init__ there. Correct get_config."
        ) from error
    if lost:
        raise ArgumentError(
            f"optimizer: get_config of {own_name(optimizer)} does not have {', '.join(lost)}; expected all arguments "
            "of its __init__ there. Add them."
        )
    return made


def _made_again(field: str, value: Mapping[str, Any]) -> Any:
    if _OWN in value:
        raise ArgumentError(
            f"{field}: the file says {value[_OWN]}, an object that no file can make again; expected the object. Train "
            f"from Python and pass it: TrainConfig({field}=...), or register its class with "
            "keras.saving.register_keras_serializable."
        )
    import keras

    try:
        return keras.saving.deserialize_keras_object(dict(value))
    except Exception as error:
        raise ArgumentError(
            f"{field}: received {dict(value)!r}, which makes no object ({one_line(error)[:200]}); expected a name, or "
            "module, class_name and config as a run keeps them. Import the package of the class first (on the command "
            "line --import)."
        ) from error


def _found(name: str) -> Any:
    try:
        return resolve(name)
    except (ImportError, AttributeError, ValueError):
        return None


def _makes_same(made: Mapping[str, Any], value: Any) -> bool:
    import keras

    try:
        again = keras.saving.deserialize_keras_object(dict(made))
    except (TypeError, ValueError, ImportError, AttributeError, KeyError):
        return False  # such as a class that is not registered
    return type(again) is type(value) and not _lost(value, again, {})


def _lost(value: Any, again: Any, changes: Mapping[str, Any]) -> list[str]:
    """Returns the plain attributes in which two objects differ: what ``get_config`` has forgotten."""
    own = {name: held for name, held in vars(value).items() if name not in changes and _is_plain(held)}
    states = ("built", "_lock", "_called", "_is_built", "_built")
    return [
        name
        for name, held in own.items()
        if name not in states and not name.startswith("_self_") and vars(again).get(name) != held
    ]


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)
