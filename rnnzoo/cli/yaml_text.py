"""YAML as its standard 1.2 means it: what older readers take for dates, clocks or yes and no stays text."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from rnnzoo.errors import DataError

_TAG = "tag:yaml.org,2002:"
#: Which plain words are no texts, by the characters that they begin with: the core schema of YAML 1.2.
_WORDS = (
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    ("int", re.compile(r"[-+]?[0-9]+"), "-+0123456789"),
    (
        "float",
        re.compile(
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
        ),
        "-+.0123456789",
    ),
)


class _Loader(yaml.SafeLoader):
    """Reads what the standard says, and refuses a key that comes twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # refused below
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes texts so that ``_Loader`` reads texts."""


for _kind in (_Loader, _Dumper):
    _kind.yaml_implicit_resolvers = {}
    for _name, _pattern, _first in _WORDS:
        _whole = re.compile(rf"(?:{_pattern.pattern})\Z")
        _kind.add_implicit_resolver(f"{_TAG}{_name}", _whole, list(_first))
_Loader.add_constructor(f"{_TAG}int", lambda loader, node: int(str(node.value)))
_Dumper.add_representer(list, lambda dumper, value: dumper.represent_sequence(f"{_TAG}seq", value, True))


def read_yaml(text: str, *, of: object) -> Any:
    r"""Reads YAML.

    Args:
        text: The text.
        of: What messages call it, such as its path.

    Raises:
        DataError: If it is no YAML; the message names the line.

    Example:
        >>> read_yaml("rate: 1e-3\nlabel: no\nclock: 12:30", of="config.yaml")
        {'rate': 0.001, 'label': 'no', 'clock': '12:30'}
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f"line {mark.line + 1}: "
        problem = getattr(error, "problem", None) or "cannot be read"
        raise DataError(f"{of}: {line}{problem}; expected YAML. Correct the line.") from error


def write_yaml(value: Any) -> str:
    """Returns plain values as YAML that ``read_yaml`` reads as the same.

    Example:
        >>> print(write_yaml({"label": "no", "units": [64, 64]}), end="")
        label: no
        units: [64, 64]
        >>> print(write_yaml({"label": "true", "column": "1e3"}), end="")
        label: 'true'
        column: '1e3'
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False)
