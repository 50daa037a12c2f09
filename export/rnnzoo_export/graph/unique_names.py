"""Names that nothing else has. Knows nothing of TensorFlow or Keras."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import onnx

from rnnzoo_export.graph.protos import walk_graphs, walk_nodes


def unique_names(wishes: Sequence[str], *, taken: Collection[str] = (), first: int = 1) -> list[str]:
    """Gives each wish a name of its own.

    The first that wishes a name has it; those after it, and all whose name is taken, get it with the first number that
    makes a name which nobody has and nobody wishes.

    Args:
        wishes: The names wished, of which several may be equal.
        taken: Names that are in use.
        first: The first number that is tried.

    Returns:
        As many names, all different.

    Example:
        >>> unique_names(["lstm", "lstm", "lstm_1", "x"], taken=["x"])
        ['lstm', 'lstm_2', 'lstm_1', 'x_1']
    """
    used, reserved = set(taken), {*taken, *wishes}
    names = []
    for wish in wishes:
        name, number = wish, first
        while name in used or (name != wish and name in reserved):
            name, number = f"{wish}_{number}", number + 1
        used.add(name)
        names.append(name)
    return names


def unique_prefixes(graph: onnx.GraphProto, wishes: Sequence[str]) -> list[str]:
    """Gives each wish a prefix of its own, ``PREFIX/``, under which no name of a graph lies."""
    taken = {name.partition("/")[0] for name in _names(graph) if "/" in name}
    return unique_names(wishes, taken=taken, first=2)


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    """Yields the names of all values and nodes of a graph and its subgraphs."""
    for body in walk_graphs(graph):
        yield from (value.name for value in (*body.input, *body.output, *body.initializer))
    for node in walk_nodes(graph.node):
        yield from (node.name, *node.output)
