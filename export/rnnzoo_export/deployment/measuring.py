"""How large and how fast the files of a model are, measured before it is trained: weights change neither.

Files that are only measured are not proved equal to their model; what is served is, by ``save_bundle``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

from rnnzoo.errors import ExportError
from rnnzoo_export.conversion import write_onnx
from rnnzoo_export.formats.dynamic_quantization import quantize_dynamically
from rnnzoo_export.formats.weight_compression import compress_weights
from rnnzoo_export.measure_config import MeasureConfig
from rnnzoo_export.network.export_config import ExportConfig
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.reports import ParityReport
from rnnzoo_export.streaming.streaming_exportable import StreamingExportable

if TYPE_CHECKING:
    import keras

# Bytes that each weight takes at least.
_BYTES = {"float32": 4, "float16": 2, "weights_int8": 1, "dynamic_int8": 1}
# A round is at least so many seconds of calls, for clocks and interruptions not to count.
_ROUND = 1e-3
_WARM_UP = 3


@dataclass(frozen=True)
class Timing:
    """How long a call takes.

    Attributes:
        median: Milliseconds, the median over rounds.
        low: The lower end of its 95 % interval.
        high: The upper end.
    """

    median: float
    low: float
    high: float


def count_parameters(model: keras.Model) -> int:
    """Returns how many numbers the weights of a model are.

    Example:
        >>> from rnnzoo import build_classifier
        >>> count_parameters(build_classifier(num_classes=2, num_features=3, cell="gru", units=(4,)))
        118
    """
    return sum(int(np.prod(weight.shape)) for weight in model.weights if "float" in str(weight.dtype))


def least_size(model: keras.Model, precision: str = "float32") -> float:
    """Returns how many megabytes the file of a model has at least: those of its weights, by their number.

    Nothing is exported. Nodes, names and what stays float32 are 1 to 80 kB more.

    Args:
        model: The model.
        precision: What the file holds its weights as.
    """
    return _BYTES[precision] * count_parameters(model) / 1e6


def measure_untrained(
    model: keras.Model, wanted: Collection[str], config: MeasureConfig, *, steps: int
) -> dict[str, float]:
    """Exports a model whose weights do not matter, and measures its files.

    Args:
        model: The model; it is not changed.
        wanted: Some of ``MEASURES``.
        config: How to measure.
        steps: Steps of each row, where ``config`` names none.

    Returns:
        The value of each measure; of a time also the ends of its interval, as ``latency_ms_low`` and
        ``latency_ms_high``.

    Raises:
        UnsupportedLayerError: If the model cannot be exported, or looks ahead where a step is wanted.
        ExportError: If onnxruntime cannot run the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, streaming = Path(folder) / "model.onnx", Path(folder) / "streaming.onnx"
        exportable = Exportable(model)
        if {"latency_ms", "size_mb"} & set(wanted):
            _write(exportable, path, config.precision)
        if "step_ms" in wanted:
            _write(StreamingExportable(exportable), streaming, config.precision)
        return measure_files(exportable, wanted, config, path=path, streaming=streaming, steps=steps)


def measure_files(
    exportable: Exportable,
    wanted: Collection[str],
    config: MeasureConfig,
    *,
    path: Path,
    streaming: Path,
    steps: int,
) -> dict[str, float]:
    """Measures files that are there: see ``measure_untrained``.

    Args:
        exportable: The model that they were made from.
        wanted: Some of ``MEASURES``.
        config: How to measure.
        path: The file that takes whole sequences.
        streaming: The file that takes steps.
        steps: Steps of each row, where ``config`` names none.
    """
    values: dict[str, float] = {"parameters": float(count_parameters(exportable.model))}
    calls: dict[str, Callable[[], Any]] = {}
    if "size_mb" in wanted:
        values["size_mb"] = path.stat().st_size / 1e6
    if "latency_ms" in wanted:
        calls["latency_ms"] = file_call(path, exportable, config, steps=config.steps or steps)
    if "step_ms" in wanted:
        calls["step_ms"] = file_call(streaming, StreamingExportable(exportable), config, steps=1)
    values |= flat_timings(time_calls(calls, rounds=config.rounds))
    return {
        name: value
        for name, value in values.items()
        if name.removesuffix("_low").removesuffix("_high") in wanted
    }


def file_call(path: Path, exportable: Exportable, config: MeasureConfig, *, steps: int) -> Callable[[], Any]:
    """Returns a call of a file with one batch of valid random rows.

    Args:
        path: The file.
        exportable: What it was made from, which knows what it takes.
        config: Rows and threads.
        steps: Steps of each row.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = config.threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    batch = exportable.batches().batch("full", config.batch, max(steps, exportable.least_steps or 1)).arrays
    return lambda: session.run(None, batch)


def time_calls(calls: Mapping[str, Callable[[], Any]], *, rounds: int) -> dict[str, Timing]:
    """Times calls in rounds, in which they take turns, so that what else the machine does hits all alike.

    Args:
        calls: The calls by name.
        rounds: How many rounds.

    Returns:
        For each call the median over rounds with its 95 % interval, which supposes nothing of how times are spread
        (order statistics; Conover 1999, Practical Nonparametric Statistics, section 3.2).
    """
    repeats = {name: _repeats(call) for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        for name in rng.permutation(list(calls)):
            began = time.perf_counter()
            for _ in range(repeats[name]):
                calls[name]()
            seconds[name].append((time.perf_counter() - began) / repeats[name])
    return {name: _timing(1e3 * np.sort(found)) for name, found in seconds.items()}


def flat_timings(timings: Mapping[str, Timing]) -> dict[str, float]:
    """Returns timings as numbers by name.

    Example:
        >>> flat_timings({"latency_ms": Timing(0.5, 0.4, 0.6)})
        {'latency_ms': 0.5, 'latency_ms_low': 0.4, 'latency_ms_high': 0.6}
    """
    ends = (("", "median"), ("_low", "low"), ("_high", "high"))
    return {f"{name}{end}": getattr(timing, field) for name, timing in timings.items() for end, field in ends}


def _repeats(call: Callable[[], Any]) -> int:
    """Warms a call up and returns how often it is made in a round."""
    for _ in range(_WARM_UP):
        began = time.perf_counter()
        call()
        took = time.perf_counter() - began
    return max(1, round(_ROUND / max(took, 1e-7)))


def _timing(times: np.ndarray) -> Timing:
    count = len(times)
    # Ranks of a binomial of probability 1/2: n/2 -+ 0.98 sqrt(n).
    reach = int(np.ceil(0.98 * np.sqrt(count)))
    low, high = max(0, (count - 1) // 2 - reach), min(count - 1, count // 2 + reach)
    return Timing(float(np.median(times)), float(times[low]), float(times[high]))


def _write(exportable: Exportable, path: Path, precision: str) -> None:
    """Writes the file of a model as it would be served, without its proof."""
    write_onnx(
        exportable, path, ExportConfig(), check=lambda file: ParityReport(0.0, "nothing was compared", 0, 0)
    )
    if precision == "float32":
        return
    proto = onnx.load(path)
    if precision == "dynamic_int8":
        done = quantize_dynamically(proto, path)
    else:
        done = compress_weights(proto, int8=precision == "weights_int8")
        onnx.save(proto, path)
    if not done.compressed:
        raise ExportError(
            f"precision: received {precision!r} for a model that it makes no smaller; expected weights of recurrent "
            "layers, dense layers or embeddings, for 'dynamic_int8' of LSTM. Use precision='float32'."
        )
