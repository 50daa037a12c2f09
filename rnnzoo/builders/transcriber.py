"""Frames of sound in, one symbol or none per frame out, for connectionist temporal classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.blank_padding import BlankPadding
from rnnzoo.layers.subsampling import Subsampling
from rnnzoo.layers.valid_steps import NeverEmpty

FACTORS = (1, 2, 4)


def build_transcriber(
    *,
    num_features: int,
    vocabulary_size: int,
    variable_length: bool = True,
    subsampling: int = 1,
    cell: str = "lstm",
    units: int | Sequence[int] = (64, 64),
    bidirectional: bool = True,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "transcriber",
) -> keras.Model:
    """Builds a recurrent transcriber: speech to characters, pen strokes to letters, without any alignment.

    Inputs: ``features`` float32 ``(batch, time, features)`` and ``mask`` bool ``(batch, time)`` if
    ``variable_length``, padded on the right. Output: ``logits`` ``(batch, frames, symbols)`` with ``frames =
    ceil(time / subsampling)``; symbol 0 is the blank. At padded frames the blank is certain, so that loss and decoding
    take all frames and need no lengths. A masked frame between valid ones is therefore read as silence.

    Args:
        num_features: Number of features per step, such as mel bands.
        vocabulary_size: Number of output symbols, the blank included.
        variable_length: Whether sequences differ in length; adds the input ``mask``.
        subsampling: Steps that a convolution joins to one frame: 1 (no convolution), 2 or 4. Fewer frames are faster
            and learn more easily, but a transcript must fit them: one frame for each symbol and one more between two
            equal ones. Only models with 1 can be exported for streams.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each layer also reads backwards; ``False`` for streams.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> model = build_transcriber(num_features=40, vocabulary_size=28, subsampling=2, units=8)
        >>> model.output_shape
        (None, None, 28)

    Reference:
        Graves 2006, Connectionist temporal classification: labelling unsegmented sequence data with recurrent
        neural networks.
    """
    checks.integer("vocabulary_size", vocabulary_size, minimum=2, fix="Symbol 0 is the blank.")
    widths = checks.widths("units", units)
    inputs, x, mask = sequence_inputs(
        vocabulary_size=None,
        num_features=num_features,
        embedding_size=1,
        variable_length=variable_length,
    )
    valid = inputs[1] if variable_length else None
    if _factor(subsampling) > 1:
        x, valid, mask = _subsample(x, valid, subsampling, widths[0])
    x = encode(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        skip=skip,
        regularization=regularization,
        return_sequences=True,
    )
    if valid is None:
        return keras.Model(inputs, dense_head(x, vocabulary_size, name="logits"), name=name)
    x = dense_head(x, vocabulary_size, name="symbols")
    return keras.Model(inputs, BlankPadding(dtype="float32", name="logits")(x, valid), name=name)


def _factor(subsampling: int) -> int:
    factor = checks.integer("subsampling", subsampling, minimum=1)
    if factor not in FACTORS:
        raise ArgumentError(f"subsampling: received {factor}; expected 1, 2 or 4 steps to a frame.")
    return factor


def _subsample(x: Any, valid: Any, factor: int, filters: int) -> tuple[Any, Any, Any]:
    """Returns the blocks, which of them are valid, and the mask for recurrent layers."""
    layer = Subsampling(factor, filters, name="subsampling")
    if valid is None:
        return layer(x), None, None
    x, valid = layer(x, valid)
    return x, valid, NeverEmpty(name="valid_frames")(valid)
