"""`--space` and `--fix`: what a search varies, from a file and from the command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.cli.config_file import parse_file
from rnnzoo.cli.full_help import search_option
from rnnzoo.cli.settings import setting_value, split_settings
from rnnzoo.errors import ArgumentError, DataError, RnnzooError
from rnnzoo.zoo import get_spec

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits
    from rnnzoo_tuning.space import SearchSpace

#: What default spaces say units by.
_PAIR = ("width", "depth")

SpaceFile = Annotated[
    str | None,
    search_option(
        "What varies, in YAML, TOML or JSON.",
        "--space",
        metavar="FILE",
        show_default=False,
    ),
]
Fixed = Annotated[
    list[str] | None,
    search_option("One value for what varies, or for a setting; repeatable.", "--fix", metavar="KEY=VALUE"),
]


def read_space(model: str, path: str | None, kept: Mapping[str, Any]) -> SearchSpace | None:
    """Reads what varies: from a file of its own, or else from that of all settings.

    Args:
        model: The model of the zoo.
        path: The file; ``None`` where there is none.
        kept: ``space`` of the file of settings; empty where it has none.

    Raises:
        DataError: If it is no space; the message names the file.
    """
    values, source = (parse_file(path, "--space"), path) if path is not None else (kept, "space")
    if path is None and not values:
        return None
    from rnnzoo_tuning.space import SearchSpace, check_names

    if not isinstance(values, Mapping):
        raise DataError(
            f"{source}: received {values!r}; expected model and training with what varies. Write e.g. training: "
            "{batch_size: [32, 64]}."
        )
    known = builder_parameters(get_spec(model).builder)
    try:
        check_names(_names(values, "model"), _names(values, "training"), known)
        space = SearchSpace.from_dict(values)
        space.check(known)
        return space
    except RnnzooError as error:
        raise DataError(f"{source}: {error}") from error


def _names(values: Mapping[str, Any], part: str) -> Collection[str]:
    """Returns the names of a part of a space as it is written."""
    found = values.get(part, values.get(f"{part}_space"))
    return found if isinstance(found, Mapping) else ()


def fixed_values(model: str, space: SearchSpace | None, fixed: Sequence[str]) -> dict[str, Any]:
    """Reads what is to have one value.

    Args:
        model: The model of the zoo.
        space: What varies; ``None`` for the default.
        fixed: ``"key=value"`` texts: what varies, an argument of the builder or a field of the training.

    Raises:
        ArgumentError: If a text has no ``=``.
        UnknownNameError: If a key is unknown; the nearest one is suggested.
    """
    known = _PAIR if space is None else space.dimensions.keys()
    values: dict[str, Any] = {}
    for text in fixed:
        key, equals, value = text.partition("=")
        if not equals:
            raise ArgumentError(
                f"--fix: received {text!r}; expected KEY=VALUE. Write e.g. --fix batch_size=32."
            )
        if key in known:
            values[key] = setting_value(key, value)
        else:
            for part in split_settings(model, [text]):
                values.update(part)
    return values


def fixed_space(
    model: str,
    splits: Splits,
    space: SearchSpace | None,
    values: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> SearchSpace | None:
    """Gives what varies one value each.

    Args:
        model: The model of the zoo.
        splits: The data.
        space: What varies; ``None`` for the default.
        values: What ``fixed_values`` returned.
        arguments: The builder's arguments that are given.

    Returns:
        The space; ``None`` for the default where nothing is fixed.
    """
    if not values:
        return space
    from rnnzoo_tuning.default_space import default_space

    return (space or default_space(model, splits).without(arguments)).fix(**values)
