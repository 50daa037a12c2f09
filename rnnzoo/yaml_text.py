"""YAML as its standard 1.2 means it: ``no`` and ``12:30`` are texts."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter

from rnnzoo.errors import DataError


class _Constructor(SafeConstructor):
    """Makes plain values; JSON, TOML and options on the command line have no dates, so that they stay texts."""

    def date_as_text(self, node: ScalarNode) -> str:
        return str(node.value)


class _Representer(SafeRepresenter):
    """Writes lists on one line."""

    def list_in_line(self, values: list[Any]) -> SequenceNode:
        return self.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.date_as_text)
_Representer.add_representer(list, _Representer.list_in_line)


def _yaml() -> YAML:
    made = YAML(typ="safe", pure=True)
    made.Constructor, made.Representer = _Constructor, _Representer
    made.default_flow_style = False
    made.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # declared as None
    return made


def read_yaml(text: str, *, of: object) -> Any:
    r"""Reads YAML.

    Args:
        text: The text.
        of: What messages call it, such as its path.

    Raises:
        DataError: If it is no YAML, or a key comes twice; the message names the line.

    Example:
        >>> read_yaml("rate: 1e-3\nlabel: no\nclock: 12:30", of="config.yaml")
        {'rate': 0.001, 'label': 'no', 'clock': '12:30'}
    """
    try:
        return _yaml().load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
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
    text = StringIO()
    _yaml().dump(value, text)
    return text.getvalue()
