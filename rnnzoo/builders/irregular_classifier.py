"""A series with missing values at irregular times in, one answer out."""

from __future__ import annotations

import dataclasses
from typing import Unpack

import keras
from keras import ops

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode, encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import feature_inputs
from rnnzoo.builders.parts.option_types import PooledOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.cells import CELLS
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.pooling import pool
from rnnzoo.tensors import Tensor

MISSING = ("decay", "indicators", "mean")


def _cells() -> list[str]:
    return [name for name, cell in CELLS.items() if cell.reads != "frames"]


_WORDS = OptionWords(PooledOptions, encoder=EncoderConfig(cell="gru_d", pooling="last"), cells=_cells)


@_WORDS.sign
def build_irregular_classifier(
    *,
    num_classes: int,
    num_features: int,
    task: str = "classification",
    missing: str = "decay",
    name: str = "irregular_classifier",
    **options: Unpack[PooledOptions],
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
            is GRU-D, further ones are GRU. ``"indicators"``: the mean stands in, and any cell reads all three parts
            (GRU-Simple in the paper). ``"mean"``: the mean stands in, and nothing tells that it does (GRU-Mean).
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; or a ready one as ``encoder``. By
            default one GRU-D layer of 64. ``cell`` is ``"gru_d"`` with ``"decay"``, else another. With ``"decay"``
            there is no ``bidirectional``, for its time runs one way, no ``recurrent_dropout`` and no ``skip``, and
            of ``regularization`` there are variational dropout and penalties alone.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_irregular_classifier(num_classes=2, num_features=5, units=8)
        >>> model.input_shape
        [(None, None, 15), (None, None)]

    Reference:
        Che 2018, Recurrent Neural Networks for Multivariate Time Series with Missing Values, arXiv:1606.01865.
    """
    encoder = _WORDS.encoder(options)
    checks.choice("missing", missing, MISSING)
    features = checks.integer("num_features", num_features, minimum=1)
    if (missing == "decay") != (CELLS[encoder.cell].reads == "observations"):
        raise ArgumentError(
            f"cell: received {encoder.cell!r} with missing={missing!r}; expected 'gru_d' with 'decay', and another "
            "cell with 'indicators' or 'mean'."
        )
    inputs, x, mask = feature_inputs(3 * features, variable_length=True)
    if missing == "mean":
        x = ops.multiply(x[..., :features], x[..., features : 2 * features])
    x = _decay(x, mask, encoder) if missing == "decay" else encode_once(x, mask, encoder)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _decay(x: Tensor, mask: Tensor | None, encoder: EncoderConfig) -> Tensor:
    """GRU-D, then GRU layers."""
    if encoder.bidirectional:
        raise ArgumentError(
            "bidirectional: received True with missing='decay'; expected False, for the gaps count from the past. Use "
            "missing='indicators'."
        )
    if encoder.skip != "none":
        raise ArgumentError(
            f"skip: received {encoder.skip!r} with missing='decay'; expected 'none', for the first layer is of another "
            "kind. Use missing='indicators'."
        )
    first, *others = encoder.widths
    # No dropout in front of the first layer: a dropped indicator would say that a value is missing.
    alone = dataclasses.replace(encoder, units=first, dropout=0.0)
    if others:
        alone = alone.without_output_penalties()
        x = encode(x, mask, alone, cells=(encoder.cell,))
        return encode_once(x, mask, dataclasses.replace(encoder, cell="gru", units=others))
    x = encode(x, mask, alone, return_sequences=not encoder.reads_last, cells=(encoder.cell,))
    x = keras.layers.Dropout(encoder.dropout, name="dropout_out")(x) if encoder.dropout else x
    return x if encoder.reads_last else pool(x, mask, str(encoder.pooling))
