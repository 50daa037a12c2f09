"""What is measured of the files of a model, and how; known without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from rnnzoo import checks
from rnnzoo.value_objects import checked_fields

#: What can be measured: milliseconds of a call and of a streaming step, megabytes of the file, numbers in the model.
MEASURES = ("latency_ms", "step_ms", "size_mb", "parameters")
#: What a file holds its weights as.
PRECISIONS = ("float32", "weights_int8", "dynamic_int8", "float16")


@checked_fields
@dataclass(frozen=True, kw_only=True)
class MeasureConfig:
    """How files are measured.

    Attributes:
        batch: Rows of a call.
        steps: Steps of each row; ``None`` for as many as a typical row of the data has.
        precision: ``"float32"``, ``"weights_int8"``, ``"dynamic_int8"`` or ``"float16"``: the file that will be served,
            see ``quantize_onnx``.
        rounds: How many times the calls are timed.
        threads: Threads of onnxruntime.

    Raises:
        ArgumentError: If a field is out of range.
        UnknownNameError: If there is no such precision.

    Example:
        >>> MeasureConfig(batch=8, precision="weights_int8").rounds
        30
    """

    batch: int = 1
    steps: int | None = None
    precision: str = "float32"
    rounds: int = 30
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("batch", "rounds", "threads"):
            checks.integer(name, getattr(self, name), minimum=1)
        if self.steps is not None:
            checks.integer("steps", self.steps, minimum=1)
        checks.choice("precision", self.precision, PRECISIONS)
