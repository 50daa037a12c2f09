"""Truth of ``rnnzoo_export.raw.window_graph``: columns, levels and calendars are read as the preprocessing does."""

from __future__ import annotations

import copy
from typing import Any

import hypothesis
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import strategies as st
from onnx import TensorProto, helper

from rnnzoo.errors import ArgumentError, RowError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimeStep
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.window_graph import WindowGraph
from rnnzoo_export.signature import TensorSpec
from window_panels import FIELDS, HORIZON, KEYS, WINDOW, panel, request

PARTS = st.sets(st.sampled_from(["number", "category"])).map(sorted)


class Graph:
    """The nodes of a preprocessing alone, run by onnxruntime."""

    def __init__(self, preprocessing: WindowPreprocessing) -> None:
        self.raw = WindowGraph(preprocessing)
        builder = NodeBuilder("raw")
        self.values = self.raw.write(builder)
        outputs = [
            helper.make_tensor_value_info(value, TensorProto.FLOAT, [None] * (2 if name == "static" else 3))
            for name, value in self.values.inputs.items()
        ]
        outputs.append(helper.make_tensor_value_info(self.values.refused, TensorProto.BOOL, [None]))
        outputs += [
            helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, None])
            for name in self.values.level or ()
        ]
        graph = helper.make_graph(
            builder.nodes,
            "raw",
            [_value(spec) for spec in self.raw.inputs],
            outputs,
            builder.initializers,
        )
        opsets = [helper.make_opsetid("", self.raw.opset), helper.make_opsetid("ai.onnx.ml", 2)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        self._session = onnxruntime.InferenceSession(model.SerializeToString())

    def run(self, arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray, Any]:
        """The inputs of the network, which rows are refused, and their levels."""
        names = [*self.values.inputs.values(), self.values.refused, *(self.values.level or ())]
        found = self._session.run(names, arrays)
        count = len(self.values.inputs)
        return dict(zip(self.values.inputs, found[:count], strict=True)), found[count], found[count + 1 :]


def _value(spec: TensorSpec) -> onnx.ValueInfoProto:
    kinds = {"string": TensorProto.STRING, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}
    return helper.make_tensor_value_info(spec.name, kinds[spec.dtype], list(spec.shape))


def assert_same(graph: Graph, rows: list[Any]) -> None:
    """The graph makes of the rows what the preprocessing makes of them."""
    made = graph.raw.preprocessing
    encoded = made.encode_rows(rows)
    found, refused, level = graph.run(graph.raw.arrays(rows))
    expected = made.batch(encoded)
    assert set(found) == set(expected) == set(graph.raw.network_inputs)
    assert not refused.any()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, atol=1e-7, err_msg=name)
    of_rows = made.level_of_rows(encoded)
    assert (of_rows is None) == (level == [])
    if of_rows is not None:
        np.testing.assert_allclose(level[0], of_rows[0], rtol=1e-14)
        np.testing.assert_allclose(level[1], of_rows[1], rtol=1e-14)


@hypothesis.settings(max_examples=20, deadline=None)
@hypothesis.given(
    scaling=st.sampled_from(["all", "series", "window"]),
    future=PARTS,
    static=PARTS,
    calendar=st.lists(st.sampled_from([*FIELDS, "minute", "day", "hour_of_week"]), unique=True, max_size=3),
    missing=st.sampled_from(["error", "ffill"]),
    targets=st.integers(1, 2),
    rows=st.integers(1, 5),
    longer=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_any_panel_is_read_as_the_preprocessing_reads_it(
    rows: int, longer: int, seed: int, **arguments: Any
) -> None:
    graph = Graph(panel(**arguments))
    holes = arguments["missing"] == "ffill"
    assert_same(graph, [request(seed + row, WINDOW + longer, missing=holes) for row in range(rows)])
    for batch in graph.raw.examples():
        assert_same(graph, batch)


EVERYTHING: dict[str, Any] = {
    "scaling": "series",
    "future": ["number", "category"],
    "static": ["number", "category"],
    "calendar": FIELDS,
}


def test_the_inputs_are_named_after_columns_and_fields() -> None:
    graph = WindowGraph(panel(**EVERYTHING))
    past, ahead, series = (None, None), (None, HORIZON), (None,)
    assert [(spec.name, spec.dtype, spec.shape) for spec in graph.inputs] == [
        ("sales", "float64", past),
        ("visits", "float64", past),
        ("sky", "string", past),
        ("price", "float64", past),
        ("offer", "string", past),
        ("hour", "int64", past),
        ("weekday", "int64", past),
        ("month", "int64", past),
        ("holiday_DE_BY", "int64", past),
        ("future_price", "float64", ahead),
        ("future_offer", "string", ahead),
        ("future_hour", "int64", ahead),
        ("future_weekday", "int64", ahead),
        ("future_month", "int64", ahead),
        ("future_holiday_DE_BY", "int64", ahead),
        ("size", "float64", series),
        ("region", "string", series),
        ("series_shop", "string", series),
        ("series_article", "string", series),
    ]
    assert {spec.axes for spec in graph.inputs} == {("batch", "time"), ("batch", "horizon"), ("batch",)}
    assert graph.network_inputs == ("features", "future", "static")


def test_levels_and_calendars_by_hand() -> None:
    made = panel(**EVERYTHING)
    graph, row = Graph(made), request(4)
    found, _, (mean, scale) = graph.run(graph.raw.arrays([row]))
    place = KEYS.index(row["series"])
    assert isinstance(made.levels, SeriesLevels)
    own_mean, own_scale = made.levels.mean[place], made.levels.scale[place]
    np.testing.assert_array_equal([mean[0], scale[0]], [own_mean, own_scale])
    times = np.array(row["past"]["date"], "datetime64[m]")
    angle = (times - times.astype("datetime64[D]")).astype(int) / 60 * 2 * np.pi / 24
    sales = (np.array(row["past"]["sales"]) - own_mean[0]) / own_scale[0]
    price = (np.array(row["past"]["price"]) - own_mean[2]) / own_scale[2]
    features = found["features"][0]
    np.testing.assert_allclose(features[:, 0], sales, rtol=1e-5)
    np.testing.assert_allclose(features[:, 4], price, rtol=1e-5)
    np.testing.assert_allclose(features[:, 7:9], np.stack([np.sin(angle), np.cos(angle)], -1), atol=1e-6)
    ahead = angle[-1] + np.arange(1, HORIZON + 1) * 2 * np.pi / 24
    np.testing.assert_allclose(found["future"][0, :, 3], np.sin(ahead), atol=1e-6)
    future_price = (np.array(row["future"]["price"]) - own_mean[2]) / own_scale[2]
    np.testing.assert_allclose(found["future"][0, :, 0], future_price, rtol=1e-5)
    region = row["static"]["region"]
    expected = [
        (row["static"]["size"] - 500) / 200,
        *(region == name for name in ("coast", "hills", "Ötztal")),
    ]
    np.testing.assert_allclose(found["static"][0], expected, rtol=1e-5)


def test_a_window_of_zeros_is_divided_by_one() -> None:
    graph, row = Graph(panel(scaling="window", targets=1)), request(1)
    row["past"]["sales"] = [0.0] * WINDOW
    found, refused, (mean, scale) = graph.run(graph.raw.arrays([row, request(2)]))
    assert not refused.any()
    assert (mean[0].tolist(), scale[0].tolist()) == ([0.0], [1.0])
    assert not found["features"][0, :, 0].any()
    assert_same(graph, [row, request(2)])


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("sales", (-1,), np.nan),
        ("sales", (0,), np.inf),
        ("sky", (-1,), ""),
        ("sky", (-1,), "green"),
        ("price", (-2,), np.nan),
        ("offer", (-2,), "50 %"),
        ("future_price", (0,), np.nan),
        ("future_price", (2,), -np.inf),
        ("future_offer", (2,), ""),
        ("future_offer", (1,), "50 %"),
        ("hour", (-1,), 24),
        ("future_month", (0,), 0),
        ("future_weekday", (0,), -1),
        ("future_holiday_DE_BY", (1,), 2),
        ("size", (), np.nan),
        ("size", (), np.inf),
        ("region", (), "moor"),
        ("region", (), ""),
        ("series_shop", (), "west"),
        ("series_article", (), "ham"),
        ("series_article", (), ""),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_alone(name: str, place: tuple[int, ...], value: Any) -> None:
    graph = _EVERY.setdefault("graph", Graph(panel(**EVERYTHING)))
    arrays = graph.raw.arrays([request(0), request(1), request(2)])
    arrays[name][(1, *place)] = value
    found, refused, _ = graph.run(arrays)
    assert refused.tolist() == [False, True, False]
    expected = graph.raw.preprocessing.apply([request(0), request(2)])
    for key, values in expected.items():
        np.testing.assert_allclose(found[key][[0, 2]], values, rtol=1e-6, atol=1e-7)


_EVERY: dict[str, Graph] = {}


def test_two_names_that_are_known_do_not_make_a_series() -> None:
    graph = Graph(panel(scaling="series"))
    for shop in ("north", "süd", "west"):
        for article in ("tea", "jam"):
            row = {**request(3), "series": [shop, article]}
            _, refused, (mean, _) = graph.run(graph.raw.arrays([row]))
            known = [shop, article] in KEYS
            assert refused.tolist() == [not known]
            if known:
                levels = graph.raw.preprocessing.levels
                assert isinstance(levels, SeriesLevels)
                np.testing.assert_array_equal(mean[0], levels.of([shop, article])[0])
            else:
                with pytest.raises(RowError, match=r"row 0: series: received "):
                    graph.raw.preprocessing.apply([row])


def test_a_hole_at_the_beginning_of_the_future_takes_the_last_past_value() -> None:
    graph = Graph(panel(future=["number", "category"], missing="ffill"))
    row = request(6)
    row["past"]["price"][-2:] = [31.0, None]
    row["future"] = {"price": [None, None, 12.0], "offer": [None, "10 %", None]}
    assert_same(graph, [row, request(7)])
    found, _, _ = graph.run(graph.raw.arrays([row]))
    np.testing.assert_allclose(found["future"][0, :, 0] * 4 + 20, [31.0, 31.0, 12.0], rtol=1e-6)
    last = row["past"]["offer"][-1]
    assert found["future"][0, :, 1:].argmax(axis=-1).tolist() == [["none", "10 %"].index(last), 1, 1]


@pytest.mark.parametrize(
    "axis",
    [
        TimeAxis(("date",), TimeStep("day", 1, by_wall=True), zone="Europe/Berlin"),
        TimeAxis(("date",), TimeStep("hour", 0.25), form="%d.%m.%Y %H:%M"),
        TimeAxis(("date",), TimeStep("business day", by_wall=True), zone="mixed"),
        TimeAxis(("Date", "Time"), TimeStep("hour"), joined="clock", zone="Europe/Berlin"),
        TimeAxis(("day", "clock"), TimeStep("minute", 30), form="%d/%m/%Y %H:%M:%S", joined="text"),
        TimeAxis(("year", "month"), TimeStep("month", by_wall=True, anchor=1), joined="parts"),
    ],
)
def test_examples_have_times_that_can_be_read(axis: TimeAxis) -> None:
    covariates = Covariates(horizon=HORIZON, calendar=Calendar(("month", "holiday:DE")), time=axis)
    made = panel(scaling="window")
    made = WindowPreprocessing.from_config({**made.to_config(), "covariates": covariates.to_config()})
    graph = Graph(made)
    for batch in graph.raw.examples():
        assert_same(graph, batch)


def test_names_that_clash_are_refused() -> None:
    covariates = Covariates(horizon=2, future=ScaledColumns(["price"], [0.0], [1.0]))
    made = WindowPreprocessing(
        numeric=["load", "future_price"],
        mean=[0.0, 0.0],
        scale=[1.0, 1.0],
        categories={},
        window=3,
        covariates=covariates,
    )
    with pytest.raises(ArgumentError) as caught:
        WindowGraph(made)
    assert str(caught.value) == (
        "input 'future_price': stands for two things, such as a column and a field of the calendar, or a column and "
        "the steps ahead of another; expected names that differ. Rename the column."
    )


def test_requests_as_arrays_leave_requests_as_they_are() -> None:
    row = request(2)
    before = copy.deepcopy(row)
    WindowGraph(panel(**EVERYTHING)).arrays([row])
    assert row == before
