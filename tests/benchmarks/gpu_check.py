"""Checks on a GPU what a CPU can only predict; takes at most 8 minutes and needs no data, network or other process.

    python tests/benchmarks/gpu_check.py --out gpu_check.json

Needs rnnzoo's dependencies and a TensorFlow that sees a GPU (``pip install 'tensorflow[and-cuda]'``); rnnzoo itself is
read from this checkout. Four parts, each a table of what was expected, what was found, and whether it holds:

* cuDNN: whether Keras puts a cuDNN operator into the graph of a layer, against what ``explain_cudnn`` says of it, for
  layers with every setting that matters and for models of the zoo, in training too;
* training: steps a second of rnnzoo's ``train`` and of Keras's own ``fit`` on the same rows, which take turns; and of
  Keras without cuDNN, to show what it is worth;
* export: bundles of models that were trained on the GPU, whose files are compared on the CPU with what the models
  answer on the GPU, and which hold no operator that a CPU lacks;
* mixed precision: what half precision is worth in time, that its loss falls and that its model is exported.

What there is no time left for is listed as not measured. Exit status 1 if anything does not hold or was not measured, 2
without a GPU. ``--without-gpu`` runs the same on a CPU, with tiny sizes and a pretended GPU for the first part, to try
the script itself.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT), str(_ROOT / "export")]
# ruff: noqa: E402 - the imports below need the paths above

import keras
import numpy as np
import tensorflow as tf
from gpu_rows import Clock, Row, eligibility, not_measured, table
from gpu_speed import TINY, Problem, Sizes, check_precision, check_speed
from keras import layers

from rnnzoo import (
    Splits,
    TrainConfig,
    build_classifier,
    create_model,
    explain_cudnn,
    get_spec,
    load_dataset,
    train,
)
from rnnzoo.recipes.machine import describe_machine, describe_versions

#: The kernel as it stands in a graph.
_KERNEL = "CudnnRNNV3"
#: How far the answers of a GPU, which may round its products to TF32, are from those of a CPU.
_GPU_TOLERANCE = 5e-3
_VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"use_cudnn": False},
    {"dropout": 0.3},
    {"recurrent_dropout": 0.3},
    {"activation": "relu"},
    {"recurrent_activation": "hard_sigmoid"},
    {"use_bias": False},
    {"unroll": True},
    {"go_backwards": True},
    {"return_sequences": True, "return_state": True},
)
_MODELS = (
    "text-classifier-bilstm",
    "series-classifier-gru",
    "forecaster-lstm",
    "text-tagger-bigru",
    "series-classifier-simple-rnn",
    "series-classifier-layer-norm-lstm",
)


def has_kernel(call: Callable[..., Any], *specs: tf.TensorSpec) -> bool:
    """Whether the graph of a call holds a cuDNN operator, in itself or in a function that it calls."""
    return _kernels(tf.function(call).get_concrete_function(*specs).graph) > 0


def _kernels(graph: Any) -> int:
    definition = graph.as_graph_def()
    functions = (node for function in definition.library.function for node in function.node_def)
    return sum(node.op == _KERNEL for node in itertools.chain(definition.node, functions))


def check_layers(clock: Clock) -> Iterator[Row]:
    """Layers of Keras, with every setting that cuDNN minds, as they answer and as they learn."""
    cases: list[tuple[type, dict[str, Any]]] = list(itertools.product((layers.LSTM, layers.GRU), _VARIANTS))
    cases += [(layers.GRU, {"reset_after": False}), (layers.SimpleRNN, {})]
    for (kind, settings), training in itertools.product(cases, (False, True)):
        said = " ".join(f"{key}={value}" for key, value in settings.items())
        what = f"{kind.__name__} {said or 'as it is'}{', training' if training else ''}"
        if not clock.allows(5):
            yield not_measured("cuDNN", what)
            continue
        layer = kind(4, **settings)
        layer.build((None, 6, 3))
        verdict = explain_cudnn(keras.Sequential([layer])).layers[0]

        def call(x: Any, layer: Any = layer, training: bool = training) -> Any:
            return layer(x, training=training)

        yield eligibility(what, verdict.eligible, has_kernel(call, tf.TensorSpec((None, 6, 3))))


def check_models(clock: Clock) -> Iterator[Row]:
    """Models of the zoo: masks and both directions, as they are built."""
    for name in _MODELS:
        if not clock.allows(10):
            yield not_measured("cuDNN", name)
            continue
        model = create_model(name, **_arguments(name))
        report = explain_cudnn(model)
        specs = [tf.TensorSpec((4, *(size or 30 for size in x.shape[1:])), x.dtype) for x in model.inputs]

        def call(*inputs: Any, model: Any = model) -> Any:
            return model(list(inputs) if len(inputs) > 1 else inputs[0], training=True)

        expected = any(layer.eligible for layer in report.layers)
        yield eligibility(name, expected, has_kernel(call, *specs))


def _arguments(name: str) -> dict[str, Any]:
    wanted = {
        "classification": {"num_classes": 3},
        "tagging": {"num_classes": 3},
        "forecasting": {"horizon": 4},
    }[get_spec(name).task]
    return {**wanted, **({"vocabulary_size": 50} if name.startswith("text") else {"num_features": 3})}


def check_export(clock: Clock) -> Iterator[Row]:
    """Models are trained here, and their bundles compared, on the CPU, with what they answer here."""
    problems = {"digits": load_dataset("digits"), "padded series": _padded_series()}
    for (data, splits), cell in itertools.product(problems.items(), ("lstm", "gru")):
        what = f"{cell.upper()} on {data}"
        if not clock.allows(40):
            yield not_measured("export", what)
            continue
        model = build_classifier(
            **{**splits.model_arguments, "cell": cell, "units": (32, 32), "bidirectional": True}
        )
        config = TrainConfig(epochs=3, learning_rate=3e-3, tensorboard=False)
        train(model, splits, config=config, progress=False)
        with tempfile.TemporaryDirectory() as folder:
            yield from _bundle_rows(what, model, splits, Path(folder) / "bundle")


def _padded_series() -> Splits:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = [rng.normal(size=(rng.integers(3, 30), 3)).astype(np.float32) + label for label in y]
    return Splits.from_arrays(x, y)


def _bundle_rows(what: str, model: Any, splits: Splits, path: Path) -> Iterator[Row]:
    import onnx

    from rnnzoo_export import OnnxPredictor, save_bundle

    assert splits.test is not None
    inputs, *_ = splits.rows("test").gather(np.arange(len(splits.test)))
    truth = np.asarray(model(inputs, training=False))
    bundle = save_bundle(
        model, path, preprocessing=splits.preprocessing, decoding=splits.decoding, task=splits.task
    )
    yield Row("export", f"{what}: proved", "yes", "yes", True)
    nodes = onnx.load(path / "model.onnx").graph.node
    fused = sum(node.op_type in ("LSTM", "GRU") for node in nodes)
    yield Row("export", f"{what}: fused operators", "2", str(fused), fused == 2)
    (answers,) = OnnxPredictor(bundle).run(inputs).values()
    yield _distance(f"{what}: ONNX on the CPU from Keras here", answers, truth)
    function = tf.saved_model.load(str(bundle.saved_model_path)).signatures["serving_default"]
    kernels = _kernels(function.graph)
    yield Row("export", f"{what}: cuDNN operators in the SavedModel", "0", str(kernels), kernels == 0)
    with tf.device("/CPU:0"):
        tensors = {key: tf.convert_to_tensor(value) for key, value in inputs.items()}
        answers = next(iter(function(**tensors).values())).numpy()
    yield _distance(f"{what}: SavedModel from Keras here", answers, truth)


def _distance(what: str, answers: np.ndarray, truth: np.ndarray) -> Row:
    far = float(np.abs(answers - truth).max())
    return Row("export", what, f"{_GPU_TOLERANCE:g} at most", f"{far:.2g}", far <= _GPU_TOLERANCE)


def pretended_gpu() -> Any:
    """Lets Keras believe in a GPU while it traces."""
    backend = importlib.import_module("keras.src.backend.tensorflow.rnn")
    return mock.patch.object(backend, "_is_gpu_available", return_value=True)


def parts(sizes: Sizes, clock: Clock, *, pretend: bool) -> Iterator[Row]:
    """All rows, the surest and cheapest first; what one part raises is a row, and the rest goes on."""
    with pretended_gpu() if pretend else contextlib.nullcontext():
        yield from guarded("cuDNN", check_layers(clock))
        yield from guarded("cuDNN", check_models(clock))
    yield from guarded("export", check_export(clock))
    problem = Problem(sizes)
    yield from guarded("mixed precision", check_precision(problem, clock))
    yield from guarded("training", check_speed(problem, clock))


def guarded(part: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Makes a row of whatever a part raises: on a machine that is lent for minutes the other parts are to be seen."""
    try:
        yield from rows
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        yield Row(part, "the rest of this part", "runs", f"{type(error).__name__}: {error}", False)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=480, help="how long it may take")
    parser.add_argument("--out", type=Path, help="a JSON file for the rows, machine and versions")
    parser.add_argument(
        "--without-gpu", action="store_true", help="try the script itself on a CPU, with tiny sizes"
    )
    arguments = parser.parse_args()
    clock = Clock(arguments.seconds)
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus and not arguments.without_gpu:
        print(
            "TensorFlow sees no GPU; expected one. Install tensorflow[and-cuda], or try --without-gpu.",
            file=sys.stderr,
        )
        return 2
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    rows = []
    for row in parts(TINY if arguments.without_gpu else Sizes(), clock, pretend=arguments.without_gpu):
        print(
            f"{row.part}: {row.what}: {row.found}{'' if row.holds else '  <- expected ' + row.expected}",
            flush=True,
        )
        rows.append(row)
        if arguments.out:  # after each, so that what was found is kept if the rest is not
            facts = {"gpus": names, "machine": describe_machine(), "versions": describe_versions()}
            arguments.out.write_text(
                json.dumps({**facts, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"
            )
    broken = sum(not row.holds for row in rows)
    print(f"\n{table(rows)}\n\n{len(rows)} looked at on {', '.join(names) or 'a CPU'}, {broken} do not hold.")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
