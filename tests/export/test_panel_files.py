"""Truth of ``rnnzoo_export.raw.wrapping``: forecasts of panels leave a file in the units of each row."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from panel_bundles import EVERYTHING, forecaster, outputs_of
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo_export import OnnxPredictor, explain, export_onnx, load_bundle
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawValues
from rnnzoo_export.raw.window_graph import WindowGraph
from rnnzoo_export.raw.wrapping import _write_answer
from rnnzoo_export.signature import TensorSpec
from window_panels import HORIZON, KEYS, WINDOW, decoding_of, panel, request

#: Scaling, what is known ahead, static columns, calendar, rule for missing values, head.
COMBINATIONS = random.Random(0).sample(
    list(
        itertools.product(
            ["all", "series", "window"],
            [[], ["number", "category"]],
            [[], ["number", "category"]],
            [[], ["hour", "holiday:DE-BY"]],
            ["error", "ffill"],
            ["point", "quantile", "gaussian"],
        )
    ),
    24,
)
COMBINATIONS.append(("window", ["number"], [], ["month"], "ffill", "gaussian"))


def levels(rows: list[dict[str, Any]], scaling: str, made: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the two targets of each row lie and how far they spread, from the rows alone ``(rows, 1, targets)``."""
    if scaling == "all":
        return np.array([[[100.0, 7.0]]]), np.array([[[30.0, 2.0]]])
    if scaling == "series":
        places = [KEYS.index(row["series"]) for row in rows]
        return made.levels.mean[places, None, :2], made.levels.scale[places, None, :2]
    found = []
    for row in rows:
        sizes = []
        for name in ("sales", "visits"):
            values, last = [], np.nan
            for value in row["past"][name]:
                last = last if value is None else value
                values.append(abs(last))
            sizes.append(np.mean(values[-WINDOW:]))
        found.append([sizes])
    return np.zeros((len(rows), 1, 2)), np.array(found)


def assert_file(path: Path, combination: Any) -> None:
    """The file answers what model and levels say, in original units."""
    scaling, future, static, calendar, missing, head = combination
    made = panel(scaling=scaling, future=future, static=static, calendar=calendar, missing=missing)
    model = forecaster(made, head=head)
    task = {"point": "forecasting"}.get(head, f"{head}_forecasting")
    export_onnx(model, path, series=made, decoding=decoding_of(task=task))
    rows = [request(seed, WINDOW + 2, missing=missing == "ffill") for seed in range(4)]
    session = onnxruntime.InferenceSession(path)
    (found,) = session.run(None, WindowGraph(made).arrays(rows))
    mean, scale = levels(rows, scaling, made)
    outputs = outputs_of(model, made.apply(rows))
    if head == "point":
        expected = outputs * scale + mean
    elif head == "quantile":
        expected = outputs * scale[..., None] + mean[..., None]
    else:
        expected = np.stack([outputs[..., 0] * scale + mean, outputs[..., 1] * scale], axis=-1)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4 * float(scale.max()))


@pytest.mark.slow
@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_many_combinations_answer_in_the_units_of_each_row(combination: Any, tmp_path: Path) -> None:
    assert_file(tmp_path / "raw.onnx", combination)


@pytest.mark.parametrize("task", ["forecasting", "quantile_forecasting", "gaussian_forecasting"])
def test_levels_of_rows_scale_all_numbers_of_an_output(task: str) -> None:
    rng, decoding = np.random.default_rng(1), decoding_of(task=task)
    shape = [4, HORIZON, 2, *decoding.numbers]
    outputs, mean, scale = rng.normal(size=shape), rng.normal(size=(4, 3)), rng.uniform(1, 9, size=(4, 3))
    builder = NodeBuilder("answer")
    spec = TensorSpec("found", "float64", (None, *shape[1:]), (None,) * len(shape))
    _write_answer(builder, spec, "outputs", RawValues({}, "refused", ("mean", "scale")), decoding)
    inputs = {"outputs": outputs, "mean": mean, "scale": scale}
    values = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, x.shape) for name, x in inputs.items()]
    values.append(helper.make_tensor_value_info("refused", TensorProto.BOOL, [4]))
    found = helper.make_tensor_value_info("found", TensorProto.DOUBLE, shape)
    graph = helper.make_graph(builder.nodes, "answer", values, [found], builder.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (answer,) = session.run(None, {**inputs, "refused": np.array([False, False, True, False])})
    m, s = mean[:, None, :2], scale[:, None, :2]
    if task == "forecasting":
        expected = outputs * s + m
    elif task == "quantile_forecasting":
        expected = outputs * s[..., None] + m[..., None]
    else:
        expected = np.stack([outputs[..., 0] * s + m, outputs[..., 1] * s], axis=-1)
    expected[2] = np.nan
    np.testing.assert_allclose(answer, expected, rtol=1e-14)


def test_the_file_of_a_bundle_answers_as_the_predictor(panel_bundle: Path) -> None:
    bundle = load_bundle(panel_bundle)
    rows = [request(seed) for seed in range(6)]
    answers = OnnxPredictor(bundle).predict(rows, batch_size=4)
    session = onnxruntime.InferenceSession(bundle.raw_path)
    arrays = WindowGraph(panel(**EVERYTHING)).arrays(rows)
    (found,) = session.run(None, arrays)
    expected = [[answer["values"][name] for name in ("sales", "visits")] for answer in answers]
    np.testing.assert_allclose(found, np.swapaxes(expected, 1, 2), rtol=1e-5)
    arrays["series_shop"][2] = "west"
    (changed,) = session.run(None, arrays)
    assert np.isnan(changed).all(axis=(1, 2)).tolist() == [row == 2 for row in range(6)]
    np.testing.assert_array_equal(np.delete(changed, 2, axis=0), np.delete(found, 2, axis=0))


def test_what_a_predictor_answers_lies_at_the_level_of_the_series(panel_bundle: Path) -> None:
    made = panel(**EVERYTHING)
    assert isinstance(made.levels, SeriesLevels)
    rows = [request(seed) for seed in range(5)]
    outputs = outputs_of(forecaster(made), made.apply(rows))
    for row, output, answer in zip(rows, outputs, OnnxPredictor(panel_bundle).predict(rows), strict=True):
        place = KEYS.index(row["series"])
        values = output * made.levels.scale[place, :2] + made.levels.mean[place, :2]
        np.testing.assert_allclose(answer["values"]["sales"], values[:, 0], rtol=1e-5)
        np.testing.assert_allclose(answer["values"]["visits"], values[:, 1], rtol=1e-5)


def test_signatures_say_what_a_request_holds(panel_bundle: Path) -> None:
    stored = json.loads((panel_bundle / "signature.json").read_text())
    assert [(spec["name"], spec["axes"]) for spec in stored["inputs"]] == [
        ("features", ["batch", "time", "features"]),
        ("future", ["batch", "horizon", "known"]),
        ("static", ["batch", "static"]),
    ]
    assert stored["request"] == {
        "window": WINDOW,
        "horizon": HORIZON,
        "past": {
            "sales": "number",
            "visits": "number",
            "sky": "category",
            "price": "number",
            "offer": "category",
            "date": "time",
        },
        "future": {"price": "number", "offer": "category"},
        "static": {"size": "number", "region": "category"},
        "series": ["shop", "article"],
        "calendar": ["hour", "weekday", "month", "holiday:DE-BY"],
        "time": {"columns": ["date"], "form": "ISO8601", "zone": None, "joined": "one"},
        "step": {"unit": "hour", "count": 1, "by_wall": False, "anchor": None},
    }
    bundle = load_bundle(panel_bundle)
    assert bundle.signature.request == stored["request"]
    metadata = {entry.key: entry.value for entry in onnx.load(bundle.raw_path).metadata_props}
    of_file = json.loads(metadata["signature"])
    assert of_file["request"] == stored["request"]
    assert {tuple(spec["axes"]) for spec in of_file["inputs"]} == {
        ("batch", "time"),
        ("batch", "horizon"),
        ("batch",),
    }


def test_an_explanation_is_in_the_units_of_the_series(panel_bundle: Path) -> None:
    row = request(3)
    predictor, made = OnnxPredictor(panel_bundle), panel(**EVERYTHING)
    found = explain(predictor, row, answer="visits")
    assert found.answer == predictor.predict([row])[0]
    parts = {part.name: place for place, part in enumerate(found.parts)}
    assert {
        "visits",
        "month",
        "future: price",
        "future: holiday:DE-BY",
        "static: size",
        "static: region",
    } <= set(parts)
    inputs = made.apply([row])
    hidden = {**inputs, "static": inputs["static"] * [0, 1, 1, 1]}
    model = forecaster(made)
    change = np.abs(outputs_of(model, hidden) - outputs_of(model, inputs))[0, :, 1].mean()
    assert isinstance(made.levels, SeriesLevels)
    scale = made.levels.scale[KEYS.index(row["series"]), 1]
    (explained,) = found.answers
    np.testing.assert_allclose(explained.importances[parts["static: size"]], change * scale, rtol=1e-3)
    np.testing.assert_allclose(found.lines["sales"], row["past"]["sales"], rtol=1e-5)
