"""The augmentations by name, and which data each is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnzoo import checks
from rnnzoo.data.augmentation.base import Augmentation
from rnnzoo.data.augmentation.dna_noise import PointMutation, ReverseComplement
from rnnzoo.data.augmentation.series_noise import Jitter, Scaling, Shift, TimeMask, WindowWarp
from rnnzoo.data.augmentation.spec_augment import SpecAugment
from rnnzoo.data.augmentation.substitutions import Paraphrases, Synonyms
from rnnzoo.data.augmentation.text_noise import KeyboardTypos, TokenDropout, TokenInsertion, TokenSwap
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import TASKS, Task

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits


Group = Callable[[Task], bool]


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes:
        augmentation: The class.
        takes: What raw rows are, as ``Preprocessing.takes`` says.
        groups: The tasks whose targets stay true: each tells whether a task is one.
    """

    augmentation: type[Augmentation]
    takes: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of those tasks."""
        return tuple(name for group in self.groups for name, task in TASKS.items() if group(task))


def _rows(task: Task) -> bool:
    return task.answers_rows


def _pairs(task: Task) -> bool:
    return task.data == "pairs"


def _tags(task: Task) -> bool:
    return task.tags_steps


def _transcripts(task: Task) -> bool:
    return task.targets == "symbols"


def _forecasts(task: Task) -> bool:
    return task.forecasts


_WORDS = ("text", "words")
_SERIES = ("series", "sound")
_WHOLE = (_rows, _pairs)

#: The augmentations, in the order in which they are applied. Where steps have tags, what moves steps is not for them;
#: forecasts begin where the window ends and in its units, which must both stay.
AUGMENTATIONS: dict[str, Entry] = {
    "paraphrases": Entry(Paraphrases, ("text",), _WHOLE),
    "synonyms": Entry(Synonyms, _WORDS, (*_WHOLE, _tags)),
    "token_insertion": Entry(TokenInsertion, _WORDS, _WHOLE),
    "token_swap": Entry(TokenSwap, _WORDS, _WHOLE),
    "token_dropout": Entry(TokenDropout, _WORDS, (*_WHOLE, _tags)),
    "keyboard_typos": Entry(KeyboardTypos, _WORDS, (*_WHOLE, _tags)),
    "reverse_complement": Entry(ReverseComplement, ("dna",), (_rows,)),
    "point_mutation": Entry(PointMutation, ("dna",), (_rows, _tags)),
    "shift": Entry(Shift, _SERIES, (_rows,)),
    "window_warp": Entry(WindowWarp, _SERIES, (_rows, _transcripts)),
    "scaling": Entry(Scaling, _SERIES, (_rows, _tags, _transcripts)),
    "jitter": Entry(Jitter, (*_SERIES, "windows"), (_rows, _tags, _transcripts, _forecasts)),
    "time_mask": Entry(TimeMask, (*_SERIES, "windows"), (_rows, _tags, _transcripts, _forecasts)),
    "spec_augment": Entry(SpecAugment, _SERIES, (_rows, _tags, _transcripts)),
}


def plain_config(config: object) -> dict[str, Any]:
    """Returns the config of augmentations as JSON has it, once every name and field in it was checked.

    Args:
        config: For each name a number, its main field, or a mapping of its fields.

    Raises:
        ArgumentError: If it is no such mapping, is empty, or a field is out of range.
        UnknownNameError: If there is no such augmentation or field; the nearest one is suggested.

    Example:
        >>> plain_config({"token_dropout": 0.1, "window_warp": {"factors": (0.5, 2)}})
        {'token_dropout': 0.1, 'window_warp': {'factors': [0.5, 2]}}
    """
    if not isinstance(config, Mapping) or not config:
        raise ArgumentError(
            f"augmentation: received {config!r}; expected a mapping of augmentations, or None for none. "
            'Pass e.g. {"token_dropout": 0.1}.'
        )
    build_augmentations(config)
    try:
        result: dict[str, Any] = json.loads(json.dumps(dict(config), default=_plain_mapping))
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"augmentation: cannot be written as JSON ({error}); expected numbers, texts, lists and mappings."
        ) from error
    return result


def build_augmentations(config: Mapping[str, Any]) -> dict[str, Augmentation]:
    """Makes the augmentations of a config, in the order of the table."""
    for name in config:
        checks.choice("augmentation", name, AUGMENTATIONS)
    return {
        name: entry.augmentation.from_config(config[name], name=name)
        for name, entry in AUGMENTATIONS.items()
        if name in config
    }


def fitted_augmentations(config: Mapping[str, Any], splits: Splits) -> list[Augmentation]:
    """Makes the augmentations of a config for these data.

    Raises:
        ArgumentError: If one is not for these data or their task.
    """
    found = build_augmentations(config)
    for name in found:
        _check_fits(name, splits)
    return [augmentation.fitted(splits) for augmentation in found.values()]


def fitting_augmentations(splits: Splits) -> list[str]:
    """Returns the names of the augmentations that are for these data and leave the targets of their task true."""
    takes = _takes(splits)
    makes_ids = splits.preprocessing is not None and splits.preprocessing.vocabulary_size is not None
    return [
        name
        for name, entry in AUGMENTATIONS.items()
        if takes in entry.takes
        and splits.task in entry.tasks
        and not (makes_ids and entry.augmentation.level == "encoded")
    ]


def _takes(splits: Splits) -> str:
    return "tf.data" if splits.preprocessing is None else splits.preprocessing.takes


def _check_fits(name: str, splits: Splits) -> None:
    entry, takes, fitting = AUGMENTATIONS[name], _takes(splits), fitting_augmentations(splits)
    instead = (
        f"For these data there are: {', '.join(fitting)}." if fitting else "There is none for these data."
    )
    if takes not in entry.takes:
        raise ArgumentError(
            f"augmentation {name!r}: received data of kind {takes!r}; expected {_listed(entry.takes)}. {instead}"
        )
    if entry.augmentation.level == "encoded" and splits.get_preprocessing().vocabulary_size is not None:
        raise ArgumentError(
            f"augmentation {name!r}: received {type(splits.preprocessing).__name__}, which makes ids; expected a "
            "preprocessing that makes numbers. Leave it out."
        )
    if splits.task not in entry.tasks:
        raise ArgumentError(
            f"augmentation {name!r}: received task {splits.task!r}, whose targets would not be true any more; expected "
            f"{_listed(entry.tasks)}. {instead}"
        )


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, [", ".join(map(repr, names[:-1])), repr(names[-1])]))


def _plain_mapping(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
