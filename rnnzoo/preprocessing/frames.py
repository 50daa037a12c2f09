"""Sequences of images: the same mean and scale of each channel in training and serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.numeric_rows import read_numbers, to_float32

#: What the axes of a video are called in messages.
AXES = ("frame", "row", "column", "channel")


class FramePreprocessing(Preprocessing):
    """Scales each channel to mean 0 and deviation 1 over all pixels of the training frames.

    Args:
        mean: The mean of each channel.
        scale: Its standard deviation; 1 for a constant one.
        frame_shape: Height, width and channels of a frame.
        variable_length: Whether videos may differ in length; the model then takes a ``mask`` too.

    Example:
        >>> video = np.array([0.0, 2.0]).reshape(2, 1, 1, 1)  # two frames of one pixel
        >>> FramePreprocessing.fit([video]).apply([video])["frames"].reshape(-1).tolist()
        [-1.0, 1.0]
    """

    kind: ClassVar[str] = "frames"
    takes: ClassVar[Takes] = "frames"

    def __init__(
        self,
        mean: Sequence[float],
        scale: Sequence[float],
        *,
        frame_shape: Sequence[int],
        variable_length: bool,
    ) -> None:
        self.mean, self.scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        self.frame_shape = checks.widths("frame_shape", list(frame_shape))
        self.variable_length = checks.flag("variable_length", variable_length)
        shape = (self.frame_shape[-1],)
        if len(self.frame_shape) != 3 or {self.mean.shape, self.scale.shape} != {shape}:
            raise ArgumentError(
                f"mean and scale: received shapes {self.mean.shape} and {self.scale.shape} for frames "
                f"{self.frame_shape}; expected frames (height, width, channels) and one value per channel. Use fit()."
            )
        if not (np.isfinite(self.mean).all() and (self.scale > 0).all()):
            raise ArgumentError(
                "mean and scale: received values out of range; expected scales above 0. Use fit()."
            )

    @classmethod
    def fit(cls, raw: Rows, *, variable_length: bool | None = None) -> FramePreprocessing:
        """Fits mean and scale on training videos ``(time, height, width, channels)``."""
        check_training_rows(raw, cls.takes)
        shape, count, total, squares = None, 0, np.zeros(()), np.zeros(())
        lengths = set()
        for number, row in enumerate(raw):
            video = _video(row, number, shape)
            shape = video.shape[1:]
            # Summed video by video: all pixels of a set in float64 may not fit into memory.
            count += video[..., 0].size
            total = total + video.sum(axis=(0, 1, 2))
            squares = squares + (video**2).sum(axis=(0, 1, 2))
            lengths.add(len(video))
        if shape is None or not count:
            raise DataError("video: received no frames; expected at least one to fit on.")
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        constant = deviation <= 1e-6 * np.maximum(1.0, np.abs(mean))
        return cls(
            mean.tolist(),
            np.where(constant, 1.0, deviation).tolist(),
            frame_shape=shape,
            variable_length=len(lengths) > 1 if variable_length is None else variable_length,
        )

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Scales videos ``(time, height, width, channels)`` to float32; one without a frame is refused."""
        with np.errstate(over="ignore"):
            rows = [
                to_float32((_video(row, number, self.frame_shape) - self.mean) / self.scale, number, AXES)
                for number, row in enumerate(raw)
            ]
        refuse_empty(raw, rows, kind="video", expected="at least one frame")
        return rows

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads to ``frames`` ``(batch, time, height, width, channels)``, with ``mask`` where lengths vary."""
        lengths = np.array([len(row) for row in encoded], int)
        frames = pad(encoded, dtype=np.float32)
        if not len(encoded):
            frames = np.zeros((0, 1, *self.frame_shape), np.float32)
        if self.variable_length:
            return {"frames": frames, "mask": np.arange(frames.shape[1])[None] < lengths[:, None]}
        if len(set(lengths.tolist())) > 1:
            raise DataError(
                f"video: received lengths {sorted(set(lengths.tolist()))} in one batch; expected one length. "
                "This model was trained on videos of one length."
            )
        return {"frames": frames}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The frames, and the mask where lengths vary."""
        return ("frames", "mask") if self.variable_length else ("frames",)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"frame_shape": self.frame_shape, "variable_length": self.variable_length}

    def to_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "frame_shape": list(self.frame_shape),
            "variable_length": self.variable_length,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FramePreprocessing:
        """Makes it again."""
        return cls(
            config["mean"],
            config["scale"],
            frame_shape=config["frame_shape"],
            variable_length=config["variable_length"],
        )


def _video(row: Any, number: int, frame_shape: tuple[int, ...] | None) -> np.ndarray:
    video = read_numbers(
        row,
        number,
        AXES,
        otherwise="that is no array of numbers; expected (time, height, width, channels). All frames of a video have "
        "one size.",
    )
    if video.size == 0 and frame_shape is not None:
        video = video.reshape(0, *frame_shape)
    if video.ndim != 4 or (frame_shape is not None and video.shape[1:] != frame_shape):
        expected = (
            "time, height, width, channels" if frame_shape is None else f"time, {str(frame_shape)[1:-1]}"
        )
        raise RowError(
            number, f"received shape {video.shape}; expected ({expected}). Gray frames have one channel."
        )
    if not np.isfinite(video).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(video))[0])
        raise RowError(number, f"received {video[place]} at {place}; expected finite numbers.")
    return video
