"""Frames in, one answer out: a network for each frame and a recurrent one over them, or both at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import frame_inputs
from rnnzoo.builders.parts.option_types import VideoOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.cells import CELLS
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.frames import FoldFrames, FrameConvolution, UnfoldFrames
from rnnzoo.tensors import Tensor

_ENCODERS = ("cnn", "convlstm")
# What the LSTMs that read frames as images do not have.
_NOT_WITH_CONVLSTM = (
    "cell",
    "units",
    "embedding_size",
    "bidirectional",
    "skip",
    "regularization",
    "pooling",
)
_WORDS = OptionWords(VideoOptions, encoder=EncoderConfig(pooling="last"))


@_WORDS.sign
def build_video_classifier(
    *,
    num_classes: int,
    frame_shape: Sequence[int],
    task: str = "classification",
    variable_length: bool = False,
    encoder: str | EncoderConfig | Mapping[str, object] = "cnn",
    filters: int | Sequence[int] = (16, 32),
    kernel_size: int = 3,
    name: str = "video_classifier",
    **options: Unpack[VideoOptions],
) -> keras.Model:
    """Builds a classifier of videos, gestures or any other sequence of images.

    ``encoder="cnn"`` (LRCN): convolutions turn every frame into a vector, recurrent layers read the vectors.
    ``encoder="convlstm"``: LSTMs whose gates are convolutions read the frames as images; the last one's last output
    is averaged over the image.

    Inputs: ``frames`` float32 ``(batch, time, height, width, channels)``, with ``mask`` bool ``(batch, time)`` beside
    it if ``variable_length``. Output: ``logits`` ``(batch, classes)`` as of ``build_classifier``. A forward reading
    model with ``encoder="cnn"`` streams.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        frame_shape: Height, width and channels of a frame.
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        variable_length: Whether videos differ in length; adds the input ``mask``.
        encoder: ``"cnn"`` or ``"convlstm"``; a ready ``EncoderConfig`` means ``"cnn"`` with these recurrent layers.
        filters: Width of each convolution of a frame, each followed by halving height and width; or of each ConvLSTM.
        kernel_size: Height and width of what a convolution reads.
        name: The model's name.
        **options: For ``"cnn"``: ``embedding_size``, the width of the vector made of each frame (64 by default), and
            the fields of ``EncoderConfig``, by default one LSTM layer of 64. For ``"convlstm"``: ``dropout`` and
            ``recurrent_dropout``.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_video_classifier(num_classes=4, frame_shape=(16, 16, 1), filters=4, units=8)
        >>> model.input_shape, model.output_shape
        ((None, None, 16, 16, 1), (None, 4))

    Reference:
        Donahue 2015, Long-term Recurrent Convolutional Networks, arXiv:1411.4389; Shi 2015, Convolutional LSTM
        Network, arXiv:1506.04214.
    """
    # ``None`` is the same as leaving a word out.
    given: dict[str, Any] = {word: value for word, value in options.items() if value is not None}
    ready = None if isinstance(encoder, str) else encoder
    config = _WORDS.encoder(given, ready=ready)
    kind = checks.choice("encoder", encoder, _ENCODERS) if ready is None else "cnn"
    checks.integer("kernel_size", kernel_size, minimum=1)
    widths = checks.widths("filters", filters)
    inputs, frames, mask = frame_inputs(frame_shape=frame_shape, variable_length=variable_length)
    if kind == "convlstm":
        _refuse_with_convlstm(given)
        x = _convlstm(frames, mask, widths, kernel_size, config)
    else:
        size = _WORDS.embedding(given).embedding_size
        x = encode_once(_frame_vectors(frames, widths, kernel_size, size), mask, config)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _refuse_with_convlstm(given: Mapping[str, Any]) -> None:
    for argument in _NOT_WITH_CONVLSTM:
        if given.get(argument, "none") not in ("none", False):
            raise ArgumentError(
                f"{argument}: received {given[argument]!r} with encoder='convlstm'; expected none, for its LSTMs are "
                "given by filters and read forwards. Leave it out, or use encoder='cnn'."
            )


def _frame_vectors(frames: Tensor, widths: Sequence[int], kernel_size: int, embedding_size: int) -> Tensor:
    """Maps frames to one vector each, ``(batch, time, embedding_size)``; where things stand is kept."""
    x = FoldFrames(name="fold_frames")(frames)
    for depth, width in enumerate(widths, start=1):
        if min(x.shape[1:3]) < 2:
            raise ArgumentError(
                f"filters: received {len(widths)} convolutions, each of which halves a frame of "
                f"{frames.shape[2]} x {frames.shape[3]}; expected at most {depth - 1} here. Pass fewer."
            )
        convolution = FrameConvolution(
            width,
            kernel_size,
            padding="same",
            activation="relu",
            kernel_initializer="he_uniform",
            name=f"convolution_{depth}",
        )
        x = layers.MaxPooling2D(name=f"halve_{depth}")(convolution(x))
    x = UnfoldFrames(name="unfold_frames")(x, frames)
    return layers.Dense(embedding_size, activation="relu", name="frame_vectors")(x)


def _convlstm(
    x: Tensor, mask: Tensor | None, widths: Sequence[int], kernel_size: int, config: EncoderConfig
) -> Tensor:
    dropout = config.dropout
    for depth, width in enumerate(widths, start=1):
        layer = CELLS["convlstm"].layer(
            width,
            kernel_size=kernel_size,
            return_sequences=depth < len(widths),
            recurrent_dropout=config.recurrent_dropout,
            name=f"convlstm_{depth}",
        )
        x = layer(layers.Dropout(dropout, name=f"dropout_{depth}")(x) if dropout else x, mask=mask)
    x = layers.GlobalAveragePooling2D(name="image_mean")(x)
    return layers.Dropout(dropout, name="dropout_out")(x) if dropout else x
