"""Which graph writes which preprocessing, and whether a network takes what it gives."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
)
from rnnzoo_export.raw.audio_graph import LogMelGraph
from rnnzoo_export.raw.raw_graph import RawGraph
from rnnzoo_export.raw.series_graph import FeatureGraph
from rnnzoo_export.raw.text_graph import TextGraph
from rnnzoo_export.raw.window_graph import WindowGraph
from rnnzoo_export.signature import Signature

#: The graphs of rnnzoo's own; a user's class names its own in ``Preprocessing.raw_graph``.
GRAPHS: dict[type[Preprocessing], Callable[[Any], RawGraph]] = {
    TextPreprocessing: TextGraph,
    TokenPreprocessing: TextGraph,
    FeaturePreprocessing: FeatureGraph,
    WindowPreprocessing: WindowGraph,
    LogMelPreprocessing: LogMelGraph,
}


def find_raw_graph(preprocessing: object) -> RawGraph | None:
    """Returns a preprocessing as ONNX has it; ``None`` if it has no graph.

    Raises:
        ArgumentError: If ``raw_graph`` of its class names none.
    """
    if not isinstance(preprocessing, Preprocessing):
        return None
    make = GRAPHS.get(type(preprocessing))
    # A subclass does something else than the class that it inherits from, unless it says so itself.
    own = vars(type(preprocessing)).get("raw_graph")
    if make is None and own is not None:
        make = _import_graph(type(preprocessing), own)
    return None if make is None else make(preprocessing)


def _import_graph(own: type[Preprocessing], path: object) -> type[RawGraph]:
    module, _, name = str(path).partition(":")
    try:
        graph = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArgumentError(
            f"{own.__name__}.raw_graph: received {path!r} ({error}); expected the module and class of a graph, such as "
            "'my_package.graphs:OwnGraph'."
        ) from error
    if not (isinstance(graph, type) and issubclass(graph, RawGraph)):
        raise ArgumentError(f"{own.__name__}.raw_graph: received {path!r}; expected a subclass of RawGraph.")
    return graph


def check_fit(network: Signature, raw: RawGraph) -> None:
    """Raises ``ArgumentError`` if a preprocessing does not make what a network takes."""
    made, taken = set(raw.network_inputs), {spec.name for spec in network.inputs}
    if made != taken:
        raise ArgumentError(
            f"{type(raw.preprocessing).__name__}: makes {', '.join(sorted(made))}; the model takes "
            f"{', '.join(sorted(taken))}. Pass the preprocessing that the model was trained with."
        )
    _check_vocabulary(network, raw.preprocessing)


def _check_vocabulary(network: Signature, preprocessing: Preprocessing) -> None:
    known, size = network.inputs[0].categories, preprocessing.vocabulary_size
    if size is not None and known is not None and size > known:
        raise ArgumentError(
            f"{type(preprocessing).__name__}: its vocabulary has {size} entries; the model's "
            f"embedding knows {known}. Pass the preprocessing that the model was trained with."
        )
