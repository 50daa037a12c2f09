"""A series with missing values at irregular times in, one answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import CELLS
from rnnzoo.errors import ArgumentError

MISSING = ("decay", "indicators", "mean")


def build_irregular_classifier(
    *,
    num_classes: int,
    num_features: int,
    task: str = "classification",
    missing: str = "decay",
    cell: str = "gru_d",
    units: int | Sequence[int] = (64,),
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "irregular_classifier",
) -> keras.Model:
    """Builds a classifier of series whose values are incomplete and whose steps are not evenly spaced.

    Inputs: ``features`` float32 ``(batch, time, 3 * num_features)``, the values (0 where missing), whether each was
    observed, and the time since it last was, joined: what ``IrregularPreprocessing`` makes; and ``mask`` bool
    ``(batch, time)``. Output: ``logits`` as of ``build_classifier``.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        num_features: Number of measured variables.
        task: As for ``build_classifier``.
        missing: What becomes of missing values. ``"decay"``: inputs and state decay at learned rates, the first layer
            is GRU-D. ``"indicators"``: the mean stands in, and any cell reads all three parts (GRU-Simple in the
            paper). ``"mean"``: the mean stands in, and nothing tells that it does (GRU-Mean).
        cell: ``"gru_d"`` with ``"decay"``, else any of ``rnnzoo.cells.SEQUENCE_CELLS``.
        units: Width of each recurrent layer; with ``"decay"`` further layers are GRU.
        bidirectional: Whether each layer also reads backwards; not with ``"decay"``, whose time runs one way.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training; not with ``"decay"``.
        regularization: See ``Regularization``; with ``"decay"`` dropout between layers and penalties on weights alone.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_irregular_classifier(num_classes=2, num_features=5, units=8)
        >>> model.input_shape
        [(None, None, 15), (None, None)]

    Reference:
        Che 2018, Recurrent Neural Networks for Multivariate Time Series with Missing Values, arXiv:1606.01865.
    """
    checks.choice("missing", missing, MISSING)
    checks.choice("cell", cell, [name for name, one in CELLS.items() if one.reads != "frames"])
    features = checks.integer("num_features", num_features, minimum=1)
    if (missing == "decay") != (CELLS[cell].reads == "observations"):
        raise ArgumentError(
            f"cell: received {cell!r} with missing={missing!r}; expected 'gru_d' with 'decay', and another cell with "
            "'indicators' or 'mean'."
        )
    inputs, x, mask = sequence_inputs(
        vocabulary_size=None, num_features=3 * features, embedding_size=1, variable_length=True
    )
    if missing == "mean":
        x = ops.multiply(x[..., :features], x[..., features : 2 * features])
    rest: dict[str, Any] = {
        "dropout": dropout,
        "recurrent_dropout": recurrent_dropout,
        "regularization": regularization,
        "bidirectional": bidirectional,
        "return_sequences": False,
    }
    x = (
        _decaying(x, mask, units, rest)
        if missing == "decay"
        else encode(x, mask, cell=cell, units=units, **rest)
    )
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _decaying(x: Any, mask: Any, units: int | Sequence[int], rest: Mapping[str, Any]) -> Any:
    """GRU-D, then GRU layers."""
    if rest["bidirectional"]:
        raise ArgumentError(
            "bidirectional: received True with missing='decay'; expected False, for the gaps count from the past. Use "
            "missing='indicators'."
        )
    first, *others = checks.widths("units", units)
    # No dropout in front of the first layer: a dropped indicator would say that a value is missing.
    alone = {**rest, "dropout": 0.0, "return_sequences": bool(others)}
    x = encode(x, mask, cell="gru_d", units=first, cells=("gru_d",), **alone)
    if others:
        return encode(x, mask, cell="gru", units=others, **rest)
    return keras.layers.Dropout(rest["dropout"], name="dropout_out")(x) if rest["dropout"] else x
