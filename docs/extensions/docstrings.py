"""Prepares our docstrings and signatures: types stand in signatures, so that a colon in a sentence names none.

Napoleon reads ``Returns: Scores by name: ...`` and the docstring of a property as ``type: description``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SECTIONS = ("Returns:", "Yields:")
_ONE_SENTENCE = ("attribute", "data", "property")


def without_types(what: str, lines: list[str]) -> list[str]:
    """Returns a docstring in which napoleon finds descriptions alone, which an empty type before them says.

    Example:
        >>> without_types("function", ["Scores.", "", "Returns:", "    By name: the score."])
        ['Scores.', '', 'Returns:', '    : By name: the score.']
        >>> without_types("property", ["One of: yes, no."])
        [': One of: yes, no.']
    """
    if what in _ONE_SENTENCE and lines:
        return [f": {lines[0]}", *lines[1:]]
    result = list(lines)
    for number, line in enumerate(lines[:-1]):
        if line in _SECTIONS:
            following = lines[number + 1]
            indent = len(following) - len(following.lstrip())
            result[number + 1] = f"{following[:indent]}: {following[indent:]}"
    return result


def prepare(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Called by Sphinx for each docstring."""
    lines[:] = without_types(what, lines)


def readable(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Called by Sphinx for each signature: a default that is made anew is shown as ``...``, which Sphinx can read."""
    return (signature.replace("<factory>", "...") if signature else signature), returns


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", prepare, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", readable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
