"""Bundles of models that are written by hand, one for each kind of raw rows, and their files of raw inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from handmade_bundles import linear, scorer, spec, write_bundle, write_onnx
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import Preprocessing, WindowPreprocessing
from rnnzoo_export import load_bundle
from rnnzoo_export.raw.kinds import find_raw_graph
from rnnzoo_export.raw.wrapping import _signature, _wrap
from rnnzoo_export.signature import Signature, TensorSpec
from window_panels import HORIZON, WINDOW, decoding_of

LABELS = ["no", "perhaps", "yes"]
_OPSET = 20
_NUMBERS = {"forecasting": (), "quantile_forecasting": (3,), "gaussian_forecasting": (2,)}


def text_bundle(folder: Path, preprocessing: Preprocessing) -> Path:
    """A classifier of texts."""
    size = preprocessing.vocabulary_size
    assert size is not None
    table = np.random.default_rng(1).normal(size=(size, len(LABELS)))
    decoding = Decoding("classification", labels=LABELS)
    return scorer(folder, table, preprocessing=preprocessing, decoding=decoding)


def series_bundle(
    folder: Path, preprocessing: Preprocessing, *shape: int, mask: bool = True, name: str = "features"
) -> Path:
    """A tagger of the steps of a series, sound or video: sums of a step's numbers."""
    folder.mkdir(parents=True)
    weights = np.random.default_rng(2).normal(size=(*shape, len(LABELS))).astype(np.float32)
    numbers = TensorSpec(
        name,
        "float32",
        (None, None, *shape),
        ("batch", "time", *[f"axis {axis}" for axis in range(len(shape))]),
    )
    signature = Signature(
        (numbers, spec("mask", "bool", "batch", "time")) if mask else (numbers,),
        (spec("logits", "float32", "batch", "time", "classes", size=len(LABELS)),),
    )
    letters = "xyz"[: len(shape)]
    node = helper.make_node("Einsum", [name, "weights"], ["logits"], equation=f"bt{letters},{letters}c->btc")
    write_onnx(folder / "model.onnx", signature, [node], {"weights": weights})
    decoding = Decoding("tagging", labels=LABELS)
    return write_bundle(folder, signature, preprocessing=preprocessing, decoding=decoding)


def panel_bundle(folder: Path, preprocessing: WindowPreprocessing, task: str = "forecasting") -> Path:
    """A forecaster that is linear in all that a panel reads."""
    rng, behind = np.random.default_rng(3), (HORIZON, 2, *_NUMBERS[task])
    letters, weights, equations = "hcq"[: len(behind)], {}, []
    sizes: dict[str, tuple[int, ...]] = {"features": (WINDOW, preprocessing.num_features)}
    if preprocessing.covariates is not None:
        sizes |= {
            "future": (HORIZON, preprocessing.covariates.num_future),
            "static": (preprocessing.covariates.num_static,),
        }
    for name, size in sizes.items():
        if size[-1]:
            weights[name] = rng.normal(size=(*size, *behind))
            own = "uv"[: len(size)]
            equations.append(f"b{own},{own}{letters}->b{letters}")
    decoding = decoding_of(task=task)
    return linear(folder, weights, "values", *equations, preprocessing=preprocessing, decoding=decoding)


def raw_file(folder: Path) -> tuple[onnxruntime.InferenceSession, Signature]:
    """The file of raw inputs of a bundle, and its signature."""
    bundle = load_bundle(folder)
    graph = find_raw_graph(bundle.preprocessing)
    assert graph is not None
    decoding = bundle.decoding
    if decoding is not None and decoding.target_names is None:
        decoding = None
    signature = _signature(bundle.signature, graph, decoding)
    proto = onnx.load(bundle.onnx_path)
    proto.opset_import[0].version = _OPSET
    _wrap(proto, graph, decoding, signature)
    onnx.checker.check_model(proto)
    return onnxruntime.InferenceSession(proto.SerializeToString()), signature


def asked(session: onnxruntime.InferenceSession, arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a file answers, by name."""
    names = [node.name for node in session.get_outputs()]
    return dict(zip(names, session.run(names, arrays), strict=True))
