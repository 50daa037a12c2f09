"""Which graph writes which preprocessing, and whether a network takes what it gives."""

from __future__ import annotations

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
from rnnzoo_export.raw.series_graph import FeatureGraph, WindowGraph
from rnnzoo_export.raw.text_graph import TextGraph
from rnnzoo_export.signature import Signature

_GRAPHS: dict[type[Preprocessing], Callable[[Any], RawGraph]] = {
    TextPreprocessing: TextGraph,
    TokenPreprocessing: TextGraph,
    FeaturePreprocessing: FeatureGraph,
    WindowPreprocessing: WindowGraph,
    LogMelPreprocessing: LogMelGraph,
}


def find_raw_graph(preprocessing: Any) -> RawGraph | None:
    """Returns a preprocessing as ONNX has it; ``None`` if there is none of its kind."""
    make = _GRAPHS.get(type(preprocessing))
    return None if make is None else make(preprocessing)


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
    known = network.inputs[0].categories
    if (
        isinstance(preprocessing, TextPreprocessing)
        and known is not None
        and len(preprocessing.vocabulary) > known
    ):
        raise ArgumentError(
            f"{type(preprocessing).__name__}: its vocabulary has {len(preprocessing.vocabulary)} entries; the model's "
            f"embedding knows {known}. Pass the preprocessing that the model was trained with."
        )
