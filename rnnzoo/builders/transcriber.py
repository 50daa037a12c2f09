"""Frames of sound in, one symbol or none per frame out, for connectionist temporal classification."""

from __future__ import annotations

from typing import Unpack

import keras

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.inputs import feature_inputs
from rnnzoo.builders.parts.option_types import EncoderOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.blank_padding import BlankPadding
from rnnzoo.layers.subsampling import Subsampling
from rnnzoo.layers.valid_steps import NeverEmpty
from rnnzoo.tensors import Tensor

FACTORS = (1, 2, 4)
_WORDS = OptionWords(EncoderOptions, encoder=EncoderConfig(units=(64, 64), bidirectional=True))


@_WORDS.sign
def build_transcriber(
    *,
    num_features: int,
    vocabulary_size: int,
    variable_length: bool = True,
    subsampling: int = 1,
    name: str = "transcriber",
    **options: Unpack[EncoderOptions],
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
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``; or a ready one as ``encoder``. By default two LSTM
            layers of 64 in both directions; ``bidirectional=False`` for streams.

    Raises:
        ArgumentError: If an argument is out of range.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_transcriber(num_features=40, vocabulary_size=28, subsampling=2, units=8)
        >>> model.output_shape
        (None, None, 28)

    Reference:
        Graves 2006, Connectionist temporal classification: labelling unsegmented sequence data with recurrent
        neural networks.
    """
    encoder = _WORDS.encoder(options)
    checks.integer("vocabulary_size", vocabulary_size, minimum=2, fix="Symbol 0 is the blank.")
    inputs, x, mask = feature_inputs(num_features, variable_length=variable_length)
    valid = inputs[1] if variable_length else None
    if _factor(subsampling) > 1:
        x, valid, mask = _subsample(x, valid, subsampling, encoder.widths[0])
    x = encode(x, mask, encoder)
    if valid is None:
        return keras.Model(inputs, dense_head(x, vocabulary_size, name="logits"), name=name)
    x = dense_head(x, vocabulary_size, name="symbols")
    return keras.Model(inputs, BlankPadding(dtype="float32", name="logits")(x, valid), name=name)


def _factor(subsampling: int) -> int:
    factor = checks.integer("subsampling", subsampling, minimum=1)
    if factor not in FACTORS:
        raise ArgumentError(f"subsampling: received {factor}; expected 1, 2 or 4 steps to a frame.")
    return factor


def _subsample(x: Tensor, valid: Tensor, factor: int, filters: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """Returns the blocks, which of them are valid, and the mask for recurrent layers."""
    layer = Subsampling(factor, filters, name="subsampling")
    if valid is None:
        return layer(x), None, None
    x, valid = layer(x, valid)
    return x, valid, NeverEmpty(name="valid_frames")(valid)
