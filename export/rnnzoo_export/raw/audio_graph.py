"""Waveforms to log-mel features as ONNX nodes.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from onnx import TensorProto

from rnnzoo.preprocessing import LogMelPreprocessing
from rnnzoo.preprocessing.log_mel import FLOOR, LOUDEST
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.raw.table_nodes import any_of


class LogMelGraph(RawGraph):
    """A ``LogMelPreprocessing``: inputs ``waveform`` ``(batch, samples)`` and ``lengths`` ``(batch,)`` in samples.

    A row is answered NaN that is shorter than a frame, whose length is beyond the waveform, or of which a sample is NaN
    or beyond full scale, as the preprocessing has it.
    """

    opset: ClassVar[int] = 17
    network_inputs: ClassVar[tuple[str, ...]] = ("features", "mask")

    def __init__(self, preprocessing: LogMelPreprocessing) -> None:
        super().__init__(preprocessing)
        self.preprocessing: LogMelPreprocessing = preprocessing

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes; in float64, for the logarithm of a faint band magnifies its rounding errors."""
        add, made = builder.add, self.preprocessing
        fine = add("LessOrEqual", [add("Abs", ["waveform"]), builder.constant(np.float32(LOUDEST))])
        # NaN behind the end of a row would reach its last frame, which is padded with what stands there, times 0.
        waveform = add("Where", [fine, "waveform", builder.constant(np.float32(0))])
        waveform = add("Cast", [waveform], to=TensorProto.DOUBLE)
        frames, width = self._count_frames(builder)
        number = add("Range", [_number(builder, 0), width, _number(builder, 1)])
        mask = add("Less", [number, add("Unsqueeze", [frames, builder.integers(1)])])
        features = add("Log", [add("Add", [self._energies(builder, waveform), _double(builder, FLOOR)])])
        features = add("Slice", [features, builder.integers(0), _vector(builder, width), builder.integers(1)])
        features = add("Sub", [features, builder.constant(made.mean)])
        features = add("Cast", [add("Div", [features, builder.constant(made.scale)])], to=TensorProto.FLOAT)
        features = add(
            "Where",
            [add("Unsqueeze", [mask, builder.integers(2)]), features, builder.constant(np.float32(0))],
        )
        return RawValues({"features": features, "mask": mask}, self._refused(builder, frames, fine))

    def _refused(self, builder: NodeBuilder, frames: str, fine: str) -> str:
        """Returns which rows are shorter than a frame, longer than the waveform, or have a sample that is not fine."""
        add = builder.add
        most = add("Slice", [add("Shape", ["waveform"]), *map(builder.integers, (1, 2))])
        number = add("Range", [_number(builder, 0), add("Squeeze", [most]), _number(builder, 1)])
        valid = add("Less", [number, add("Unsqueeze", ["lengths", builder.integers(1)])])
        bad = any_of(builder, add("And", [add("Not", [fine]), valid]), 1)
        wrong = add("Or", [add("Equal", [frames, builder.integers(0)]), add("Greater", ["lengths", most])])
        return add("Or", [bad, wrong])

    def _count_frames(self, builder: NodeBuilder) -> tuple[str, str]:
        """Returns the frames of each row ``(batch,)``, and those of the batch, one at least."""
        add, made = builder.add, self.preprocessing
        samples = add(
            "Min", ["lengths", add("Slice", [add("Shape", ["waveform"]), *map(builder.integers, (1, 2))])]
        )
        over = add("Sub", [samples, builder.integers(made.frame_length)])
        # Division of integers truncates towards zero; a row without a whole frame is told by its sign instead.
        steps = add("Div", [over, builder.integers(made.frame_step)])
        frames = add(
            "Where",
            [
                add("Less", [over, builder.integers(0)]),
                builder.integers(0),
                add("Add", [steps, builder.integers(1)]),
            ],
        )
        most = add("ReduceMax", [frames], keepdims=0)
        return frames, add("Max", [most, _number(builder, 1)])

    def _energies(self, builder: NodeBuilder, waveform: str) -> str:
        """Returns the mel energies ``(batch, frames, num_mels)``, with frames of padding at the end."""
        add, made = builder.add, self.preprocessing
        padded = add("Pad", [waveform, builder.integers(0, 0, 0, made.fft_length)])
        window = np.zeros(made.fft_length)
        window[: made.frame_length] = made.window
        spectrum = add(
            "STFT",
            [
                add("Unsqueeze", [padded, builder.integers(2)]),
                _number(builder, made.frame_step),
                builder.constant(window),
                _number(builder, made.fft_length),
            ],
            onesided=1,
        )
        squares = add("Mul", [spectrum, spectrum])
        power = add("ReduceSum", [squares, builder.integers(3)], keepdims=0)
        return add("MatMul", [power, builder.constant(made.filters)])

    def examples(self) -> Iterator[list[Any]]:
        """Yields noise, tones and silence, none shorter than a frame."""
        made, rng = self.preprocessing, np.random.default_rng(0)
        second = np.arange(made.sample_rate) / made.sample_rate
        tone = 0.3 * np.sin(2 * np.pi * 0.1 * made.sample_rate * second)
        noise = rng.uniform(-1, 1, 3 * made.frame_length)
        silence = np.zeros(made.frame_length)
        rows = [
            tone,
            noise,
            silence,
            noise[: made.frame_length + 1],
            noise[: made.frame_length + made.frame_step],
        ]
        rows = [row.astype(np.float32) for row in rows]
        yield from ([row] for row in rows)
        yield rows


def _number(builder: NodeBuilder, value: int) -> str:
    return builder.constant(np.int64(value))


def _double(builder: NodeBuilder, value: float) -> str:
    return builder.constant(np.float64(value))


def _vector(builder: NodeBuilder, value: str) -> str:
    return builder.add("Unsqueeze", [value, builder.integers(0)])
