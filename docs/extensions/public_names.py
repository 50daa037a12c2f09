"""Lets references to public names lead to where they are documented: ``rnnzoo.train``, not the module inside.

The public names and their modules are read from the packages' ``__init__.pyi``, where they are written once.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
STUBS = {
    "rnnzoo": ROOT / "rnnzoo" / "__init__.pyi",
    "rnnzoo_tuning": ROOT / "tuning" / "rnnzoo_tuning" / "__init__.pyi",
    "rnnzoo_export": ROOT / "export" / "rnnzoo_export" / "__init__.pyi",
}

# Types of other libraries; their documentation lies elsewhere, and nothing is fetched to build these pages.
_LIBRARIES = "collections|os|numpy|np|pandas|pd|keras|keras_tuner|tf|tensorflow|types|pathlib|starlette"
# Names that stand for a type in the source, and are written out by nobody.
_ALIASES = "Path|FilePath|Arrays|InputSignature|InputNames|Missing|MakeModel|Levels|Own|Entry"
EXTERNAL_TYPES = [(r"py:.*", rf"({_LIBRARIES})\..*"), (r"py:.*", rf"(.*\.)?({_ALIASES})")]


@functools.cache
def public_names() -> dict[str, str]:
    """Returns the public names by where they are defined.

    Example:
        >>> public_names()["rnnzoo.data.splits.Splits"]
        'rnnzoo.Splits'
    """
    names = {}
    for package, stub in STUBS.items():
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    names[f"{package}.{node.module}.{alias.name}"] = f"{package}.{alias.name}"
    return names


def resolve(
    app: Sphinx, env: Any, node: nodes.Element, contents: nodes.Element
) -> nodes.reference | list[tuple[str, nodes.reference]] | None:
    """Resolves a reference to a name by its place in the source, or by the bare name."""
    if node.get("refdomain") != "py":
        return None
    domain = env.get_domain("py")
    documented = documented_name(node["reftarget"], domain.objects)
    if documented is None:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], documented, node, contents)


def documented_name(target: str, documented: Iterable[str]) -> str | None:
    """Returns the name under which a class or function is documented; ``None`` unless exactly one fits."""
    public = public_names()
    if target in public:
        return public[target]
    found = [name for name in documented if name.rpartition(".")[2] == target]
    return found[0] if len(found) == 1 else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
