"""Frames in, one answer out: a network for each frame and a recurrent one over them, or both at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import frame_inputs
from rnnzoo.cells import CELLS
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.frames import FoldFrames, FrameConvolution, UnfoldFrames

_ENCODERS = ("cnn", "convlstm")
_WIDTHS = (64,)
_EMBEDDING = 64


def build_video_classifier(
    *,
    num_classes: int,
    frame_shape: Sequence[int],
    task: str = "classification",
    variable_length: bool = False,
    encoder: str = "cnn",
    filters: int | Sequence[int] = (16, 32),
    kernel_size: int = 3,
    embedding_size: int | None = None,
    cell: str | None = None,
    units: int | Sequence[int] | None = None,
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "video_classifier",
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
        encoder: ``"cnn"`` or ``"convlstm"``.
        filters: Width of each convolution of a frame, each followed by halving height and width; or of each ConvLSTM.
        kernel_size: Height and width of what a convolution reads.
        embedding_size: Width of the vector made of each frame; ``None`` for 64. For ``"cnn"`` only.
        cell: The recurrent cell; ``None`` for ``"lstm"``. For ``"cnn"`` only.
        units: Width of each recurrent layer; ``None`` for ``(64,)``. For ``"cnn"`` only.
        bidirectional: Whether each recurrent layer also reads backwards. For ``"cnn"`` only.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_video_classifier(num_classes=4, frame_shape=(16, 16, 1), filters=4, units=8)
        >>> model.input_shape, model.output_shape
        ((None, None, 16, 16, 1), (None, 4))

    Reference:
        Donahue 2015, Long-term Recurrent Convolutional Networks, arXiv:1411.4389; Shi 2015, Convolutional LSTM
        Network, arXiv:1506.04214.
    """
    checks.choice("encoder", encoder, _ENCODERS)
    checks.integer("kernel_size", kernel_size, minimum=1)
    checks.number("dropout", dropout, minimum=0, below=1)
    widths = checks.widths("filters", filters)
    inputs, frames, mask = frame_inputs(frame_shape=frame_shape, variable_length=variable_length)
    if encoder == "convlstm":
        for argument, value in (
            ("cell", cell),
            ("units", units),
            ("embedding_size", embedding_size),
            ("bidirectional", bidirectional or None),
        ):
            _refuse_with_convlstm(argument, value)
        checks.number("recurrent_dropout", recurrent_dropout, minimum=0, below=1)
        x = _convlstm(frames, mask, widths, kernel_size, dropout, recurrent_dropout)
    else:
        x = encode(
            _frame_vectors(
                frames, widths, kernel_size, _EMBEDDING if embedding_size is None else embedding_size
            ),
            mask,
            cell="lstm" if cell is None else cell,
            units=_WIDTHS if units is None else units,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=False,
        )
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _refuse_with_convlstm(argument: str, value: Any) -> None:
    if value is not None:
        raise ArgumentError(
            f"{argument}: received {value!r} with encoder='convlstm'; expected none, for its LSTMs are given by "
            "filters and read forwards. Leave it out, or use encoder='cnn'."
        )


def _frame_vectors(frames: Any, widths: Sequence[int], kernel_size: int, embedding_size: int) -> Any:
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
    checks.integer("embedding_size", embedding_size, minimum=1)
    return layers.Dense(embedding_size, activation="relu", name="frame_vectors")(x)


def _convlstm(
    x: Any, mask: Any, widths: Sequence[int], kernel_size: int, dropout: float, recurrent_dropout: float
) -> Any:
    for depth, width in enumerate(widths, start=1):
        layer = CELLS["convlstm"].layer(
            width,
            kernel_size=kernel_size,
            return_sequences=depth < len(widths),
            recurrent_dropout=recurrent_dropout,
            name=f"convlstm_{depth}",
        )
        x = layer(layers.Dropout(dropout, name=f"dropout_{depth}")(x) if dropout else x, mask=mask)
    x = layers.GlobalAveragePooling2D(name="image_mean")(x)
    return layers.Dropout(dropout, name="dropout_out")(x) if dropout else x
