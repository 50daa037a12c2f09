"""The builder functions by name: where each is, and which arguments it takes; and how to add one."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from rnnzoo.errors import ArgumentError
from rnnzoo.registry import Registry

if TYPE_CHECKING:
    import keras

#: A function of keywords that returns an uncompiled model.
Builder: TypeAlias = Callable[..., "keras.Model"]

_NAMES = (
    "build_attention_classifier",
    "build_classifier",
    "build_cnn_classifier",
    "build_dna_classifier",
    "build_fcn_classifier",
    "build_forecaster",
    "build_irregular_classifier",
    "build_language_model",
    "build_segment_forecaster",
    "build_seq2seq",
    "build_tagger",
    "build_transcriber",
    "build_transformer_classifier",
    "build_video_classifier",
)


def _check_builder(entry: object) -> None:
    """Refuses what ``create_model`` could not call, or whose arguments no message and no search could name."""
    if not callable(entry) or isinstance(entry, type):
        raise ArgumentError(
            f"builder: received {entry!r}; expected a function that takes keywords and returns a Keras model."
        )
    known = _parameters(entry)
    if "name" not in known:
        raise ArgumentError(
            f"builder: received a function of {', '.join(known) or 'nothing'}; expected name, the name of the model, "
            "among its arguments."
        )


def _parameters(function: Builder) -> list[str]:
    """Returns the names of arguments; of ``**options: Unpack[...]`` those of the ``TypedDict``."""
    names: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise ArgumentError(
                f"builder: received a function with the argument {parameter.name!r} that cannot be passed by its name; "
                "expected keywords. Write a * before all arguments, as in def build_mine(*, units, name='mine')."
            )
        if parameter.kind is not parameter.VAR_KEYWORD:
            names.append(parameter.name)
            continue
        words = typing.get_args(typing.get_type_hints(function).get(parameter.name))
        if not words or not typing.is_typeddict(words[0]):
            raise ArgumentError(
                f"builder: received a function of **{parameter.name} without their names; expected each argument by "
                f"its name, or **{parameter.name}: Unpack[...] of a TypedDict."
            )
        names += typing.get_type_hints(words[0])
    return names


def _import(name: str) -> Builder:
    # ``build_NAME`` is in ``rnnzoo.builders.NAME``, which imports Keras.
    module = importlib.import_module(f"rnnzoo.builders.{name.removeprefix('build_')}")
    build: Builder = getattr(module, name)
    return build


class BuilderTable(Registry[Builder | None]):
    """The builders by name; ``None`` for those of rnnzoo, which are imported on use.

    A builder of one's own is a function of keywords, ``name`` among them, that returns an uncompiled Keras model whose
    output is named as its task's (``logits``, ``values``, ...). Arguments that the data dictate (``num_classes``,
    ``num_features``, ``vocabulary_size``, ``variable_length``, ...) have the names that rnnzoo's builders give them;
    the words of recurrent layers may pass through ``**options: Unpack[...]`` of one of
    ``rnnzoo.builders.parts.option_types`` to another builder. A row of ``rnnzoo.zoo.ZOO`` then makes a model of it that
    ``create_model`` and a search take.

    Example:
        >>> import keras
        >>> from rnnzoo.zoo import ZOO, ModelSpec, create_model
        >>> def build_mean(*, num_classes, num_features, name="mean"):
        ...     features = keras.Input((None, num_features), name="features")
        ...     x = keras.layers.GlobalAveragePooling1D()(features)
        ...     return keras.Model(features, keras.layers.Dense(num_classes, name="logits")(x), name=name)
        >>> BUILDERS.add("build_mean", build_mean)
        >>> ZOO.add("mean", ModelSpec("mean", "build_mean", "classification", "the mean of all steps"))
        >>> create_model("mean", num_classes=3, num_features=2).output_shape
        (None, 3)
        >>> ZOO.remove("mean")
        >>> BUILDERS.remove("build_mean")
    """


#: The builders by name; ``BUILDERS.add`` takes one of your own.
BUILDERS = BuilderTable("builder", dict.fromkeys(_NAMES), check=_check_builder)


def get_builder(name: str) -> Builder:
    """Returns a builder function, which imports Keras.

    Args:
        name: Its name, such as ``"build_classifier"``.

    Raises:
        UnknownNameError: If there is none of this name; the nearest is suggested.
    """
    return BUILDERS.find(name) or _import(name)


def builder_parameters(name: str) -> list[str]:
    """Returns the names of the arguments that a builder takes, its own and the option words."""
    return _parameters(get_builder(name))
