"""The tools' half of ``file_tools.py``: runs where the tools are, and no TensorFlow.

    python file_tools_run.py FOLDER

Every ``NAME.onnx`` of the folder goes through every tool, each in a process of its own. One line of JSON each says what
became of it: ``{"file", "tool", "load", "difference", "metadata"}``. The inputs are drawn from the shapes that the
file declares; both files read the same ones, in onnxruntime without optimisation.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
import onnxscript.optimizer
import onnxscript.version_converter
import onnxsim
import onnxslim
from onnxconverter_common import float16 as common_float16
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers import float16

SECONDS = 120
SIZES = {0: 3, 1: 7}  # rows and steps; any other free size is as large as the steps
WORDS = ("a", "good film", "don't", "the zzz, the end", "x 1.5")
CONVERTED = 22  # the opset that the version converters are asked for


def pre_process(path: Path, **arguments: bool) -> onnx.ModelProto:
    """Runs onnxruntime's preparation for quantisation on the file itself; it would change a model in memory."""
    out = Path("out.onnx")
    quant_pre_process(path, out, **arguments)
    return onnx.load(out)


def convert_in_place(path: Path) -> onnx.ModelProto:
    model = onnx.load(path)
    onnxscript.version_converter.convert_version(model, CONVERTED)
    return model


def convert_to_half(path: Path, **arguments: Any) -> onnx.ModelProto:
    return float16.convert_float_to_float16(onnx.load(path), keep_io_types=True, **arguments)


def convert_to_half_in_common(path: Path, **arguments: Any) -> onnx.ModelProto:
    return common_float16.convert_float_to_float16(onnx.load(path), keep_io_types=True, **arguments)


def without_extremes(blocked: Sequence[str]) -> list[str]:
    """Takes Max and Min from what a converter keeps in float32."""
    return [name for name in blocked if name not in {"Max", "Min"}]


TOOLS: dict[str, Callable[[Path], onnx.ModelProto]] = {
    "onnxslim": lambda path: onnxslim.slim(onnx.load(path)),
    "onnxsim": lambda path: onnxsim.simplify(onnx.load(path))[0],
    "onnxoptimizer": lambda path: onnxoptimizer.optimize(onnx.load(path)),
    "onnxscript, optimizer": lambda path: onnxscript.optimizer.optimize(onnx.load(path)),
    "onnxscript, version converter": convert_in_place,
    "onnx, version converter": lambda path: onnx.version_converter.convert_version(
        onnx.load(path), CONVERTED
    ),
    "quant_pre_process": lambda path: pre_process(path),
    "quant_pre_process, `auto_merge=True`": lambda path: pre_process(path, auto_merge=True),
    "quant_pre_process, `skip_symbolic_shape=True`": lambda path: pre_process(path, skip_symbolic_shape=True),
    "onnxruntime, float16": convert_to_half,
    "onnxruntime, float16, no `Max` and `Min` kept": lambda path: convert_to_half(
        path, op_block_list=without_extremes(float16.DEFAULT_OP_BLOCK_LIST)
    ),
    "onnxconverter-common, float16": convert_to_half_in_common,
    "onnxconverter-common, float16, no `Max` and `Min` kept": lambda path: convert_to_half_in_common(
        path, op_block_list=without_extremes(common_float16.DEFAULT_OP_BLOCK_LIST)
    ),
}


def opened(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def inputs_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Draws the inputs; ids are small, so that some are the 0 that masks."""
    rng = np.random.default_rng(3)
    arrays = {}
    for value in model.graph.input:
        declared = value.type.tensor_type
        sizes = [
            axis.dim_value if axis.HasField("dim_value") else SIZES.get(place, SIZES[1])
            for place, axis in enumerate(declared.shape.dim)
        ]
        if declared.elem_type == onnx.TensorProto.STRING:
            arrays[value.name] = rng.choice(WORDS, size=sizes).astype(object)
            continue
        dtype = onnx.helper.tensor_dtype_to_np_dtype(declared.elem_type)
        numbers = rng.normal(size=sizes) if dtype.kind == "f" else rng.integers(0, 4, sizes)
        arrays[value.name] = numbers.astype(dtype)
    return arrays


def difference(answers: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """Returns the largest difference; 0 where all are the same numbers, texts or undefined at the same places."""
    if [(a.shape, a.dtype) for a in answers] != [(e.shape, e.dtype) for e in expected]:
        return float("inf")
    worst = 0.0
    for answer, truth in zip(answers, expected, strict=True):
        if truth.dtype.kind not in "fiub":
            worst = max(worst, 0.0 if np.array_equal(answer, truth) else float("inf"))
        elif truth.size:
            gap = np.abs(answer.astype(np.float64) - truth.astype(np.float64))
            gap = np.where(np.isnan(answer) & np.isnan(truth) | (answer == truth), 0.0, gap)
            worst = max(worst, float(np.where(np.isnan(gap), np.inf, gap).max()))
    return worst


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]


def answers_of(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(answer) for answer in opened(model).run(None, inputs)]


def judge(path: Path, tool: str) -> dict[str, Any]:
    """Runs one tool over one file and compares."""
    original = onnx.load(path)
    inputs = inputs_of(original)
    expected = answers_of(original, inputs)
    found: dict[str, Any] = {
        "file": path.stem,
        "tool": tool,
        "load": "",
        "difference": None,
        "metadata": None,
    }
    try:
        changed = TOOLS[tool](path)
    except Exception as error:  # noqa: BLE001 - a tool raises whatever comes
        return {**found, "load": f"tool raised {first_line(error)}"}
    kept = {p.key: p.value for p in changed.metadata_props}
    found["metadata"] = all(kept.get(p.key) == p.value for p in original.metadata_props)
    names = [[value.name for value in (*m.graph.input, *m.graph.output)] for m in (original, changed)]
    if names[0] != names[1]:
        return {**found, "load": "inputs or outputs have other names"}
    try:
        found["difference"] = difference(answers_of(changed, inputs), expected)
    except Exception as error:  # noqa: BLE001 - onnxruntime has no common base
        found["load"] = f"onnxruntime refused the file: {first_line(error)}"
    return found


def judge_into(path: Path, tool: str, out: Any) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # some tools print from C++ too
        os.dup2(null, stream)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # some leave files behind
        out.send(judge(path, tool))


def isolated(path: Path, tool: str) -> dict[str, Any]:
    """Judges in a process of its own, which may end or hang without harm."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=judge_into, args=(path, tool, sender))
    process.start()
    sender.close()
    lost = {"file": path.stem, "tool": tool, "load": "", "difference": None, "metadata": None}
    answer = {**lost, "load": f"no answer within {SECONDS} s"}
    if receiver.poll(SECONDS):
        answer = {**lost, "load": "ended the process"}
        with contextlib.suppress(EOFError):
            answer = receiver.recv()
    process.kill()
    process.join()
    return answer


def main() -> None:
    for path in sorted(Path(sys.argv[1]).resolve().glob("*.onnx")):
        for tool in TOOLS:
            print(json.dumps(isolated(path, tool)), flush=True)


if __name__ == "__main__":
    main()
