"""From the flat words of a builder's call to its two configs."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from rnnzoo import checks
from rnnzoo.builders.parts.config_fields import field_names
from rnnzoo.builders.parts.embedding_config import EmbeddingConfig
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import sequence_cells
from rnnzoo.errors import ArgumentError, UnknownNameError

Builder = TypeVar("Builder", bound=Callable[..., Any])
Config = TypeVar("Config", EncoderConfig, EmbeddingConfig)

_READY = ("embedding", "encoder")


class OptionWords:
    """The words that one builder takes beside its own arguments, and what they mean where they are left out.

    Args:
        words: The ``TypedDict`` of the words.
        encoder: The recurrent layers where nothing is said of them.
        embedding: The embedding where nothing is said of it.
        others: Further words, each with its default.
        cells: Returns the cells that the builder takes; ``None`` for all that read sequences of vectors.

    Example:
        >>> from rnnzoo.builders.parts.option_types import ClassifierOptions
        >>> words = OptionWords(ClassifierOptions, encoder=EncoderConfig(units=(64, 64), pooling="last"))
        >>> words.encoder({"cell": "gru"}).units
        (64, 64)
    """

    def __init__(
        self,
        words: type,
        *,
        encoder: EncoderConfig,
        embedding: EmbeddingConfig | None = None,
        others: Mapping[str, object] | None = None,
        cells: Callable[[], Collection[str]] = sequence_cells,
    ) -> None:
        types = typing.get_type_hints(words)
        self._types = {word: types[word] for word in _in_order(types)}
        self._encoder, self._embedding = encoder, embedding or EmbeddingConfig()
        self._others = dict(others or {})
        self._cells = cells
        self._builder, self._own = "the builder", list[str]()

    def sign(self, builder: Builder) -> Builder:
        """Gives a builder the signature that ``help`` shows: each word with its type and what it means if left out."""
        signature = inspect.signature(builder)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        self._builder, self._own = builder.__name__, [parameter.name for parameter in own]
        words = [
            inspect.Parameter(
                word, inspect.Parameter.KEYWORD_ONLY, default=self._default(word), annotation=kind
            )
            for word, kind in self._types.items()
        ]
        own.sort(key=lambda parameter: parameter.name == "name")  # the last of all
        place = len(own) - (own[-1].name == "name")
        # What the function itself takes is the same: its ``**options`` are these words.
        vars(builder)["__signature__"] = signature.replace(parameters=[*own[:place], *words, *own[place:]])
        return builder

    def encoder(self, options: Mapping[str, Any], *, ready: object = None) -> EncoderConfig:
        """Returns the recurrent layers that a call asks for.

        Args:
            options: What the call gave beside the builder's own arguments.
            ready: A ready config, where it is not passed as the option ``encoder``.

        Raises:
            UnknownNameError: If there is no such word; the one that is likely meant is suggested.
            ArgumentError: If a value is out of range, or a word says something else than a ready config.
        """
        self.check(options)
        if options.get("cell") is not None:
            checks.choice("cell", options["cell"], self._cells())
        ready = options.get("encoder") if ready is None else ready
        if ready is None:
            return _replace(self._encoder, options)
        config = self._combine("encoder", ready, EncoderConfig.of(ready), options)
        checks.choice("cell", config.cell, self._cells())
        return config if config.pooling else dataclasses.replace(config, pooling=self._encoder.pooling)

    def embedding(self, options: Mapping[str, Any]) -> EmbeddingConfig:
        """Returns the embedding that a call asks for; see ``encoder``."""
        self.check(options)
        ready = options.get("embedding")
        if ready is None:
            return _replace(self._embedding, options)
        return self._combine("embedding", ready, EmbeddingConfig.of(ready), options)

    def check(self, options: Mapping[str, object]) -> None:
        """Checks that there are no other words."""
        known = [*self._own, *self._types]
        for word in options:
            if word not in self._types:
                raise UnknownNameError(
                    f"argument of {self._builder}", word, known, near=nearest_word(word, known)
                )

    def _combine(self, argument: str, given: object, ready: Config, options: Mapping[str, Any]) -> Config:
        """Fills what a ready config leaves open; refuses words that say something else, and fields without a word."""
        usual = type(ready)()
        for field in field_names(ready):
            value, default = getattr(ready, field), getattr(usual, field)
            if field not in self._types and value != default:
                fix = f"Pass dataclasses.replace({argument}, {field}={default!r})."
                if isinstance(given, Mapping):
                    fix = f"Take {field!r} out of it."
                raise ArgumentError(
                    f"{argument}: received {field}={value!r} for {self._builder}, which has no {field}; expected "
                    f"{default!r}. {fix}"
                )
            if field not in options or options[field] is None or value is None:
                continue
            if not _same(getattr(dataclasses.replace(ready, **{field: options[field]}), field), value):
                said, fix = "says", f"pass dataclasses.replace({argument}, {field}={options[field]!r})"
                if isinstance(given, Mapping):
                    fix = f"put {{{field!r}: {options[field]!r}}} into {argument}"
                    said = "says" if field in given else f"does not name {field}, which then means"
                raise ArgumentError(
                    f"{field}: received {options[field]!r} beside {argument}, which {said} {value!r}; expected one of "
                    f"them. Leave {field} out, or {fix}."
                )
        return _replace(ready, {word: options[word] for word in options if getattr(ready, word, 0) is None})

    def _default(self, word: str) -> object:
        for config in (self._encoder, self._embedding):
            if hasattr(config, word):
                value = getattr(config, word)
                return None if value == Regularization() else value
        return self._others.get(word)


def leave_to_ready(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns arguments without those that a ready config says.

    Args:
        arguments: The arguments, such as those of the zoo's table.
        given: What a call gives, which may hold a ready ``encoder`` or ``embedding``.
    """
    said: set[str] = set()
    for word, kind in (("encoder", EncoderConfig), ("embedding", EmbeddingConfig)):
        if given.get(word) is not None and not isinstance(given[word], str):
            ready = kind.of(given[word])
            said |= {field for field in field_names(ready) if getattr(ready, field) is not None}
    return {name: value for name, value in arguments.items() if name not in said}


def _in_order(words: Collection[str]) -> list[str]:
    """Sorts words as the fields of the configs are, the configs themselves last."""
    fields = [*field_names(EmbeddingConfig), *field_names(EncoderConfig)]
    others = [word for word in words if word not in (*fields, *_READY)]
    return [word for word in (*others, *fields, *_READY) if word in words]


def _replace(config: Config, options: Mapping[str, Any]) -> Config:
    """Changes the fields that are named; ``None`` leaves those that may be ``None`` as they are."""
    usual = type(config)()
    named = {
        field: options[field]
        for field in field_names(config)
        if field in options and not (options[field] is None and _may_be_none(usual, field))
    }
    return dataclasses.replace(config, **named)


def _may_be_none(usual: EncoderConfig | EmbeddingConfig, field: str) -> bool:
    return getattr(usual, field) in (None, Regularization())


def _same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return np.array_equal(np.asarray(first), np.asarray(second))
    return bool(first == second)
