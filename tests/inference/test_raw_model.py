"""Truth of ``rnnzoo_export.inference.raw_model``: raw tensors have the answers of raw.onnx and of the predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from raw_bundles import asked, panel_bundle, raw_file, series_bundle, text_bundle
from rnnzoo.errors import DataError, RequestError
from rnnzoo.preprocessing import (
    FeaturePreprocessing,
    LogMelPreprocessing,
    TextPreprocessing,
    TokenPreprocessing,
)
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.inference.raw_model import RawModel
from window_panels import FIELDS, HORIZON, KEYS, WINDOW, panel, request

WORDS = ["stop", "don't", "\u00e9cole", "\u65e5\u672c"]
TYPES = {"string": "tensor(string)", "float64": "tensor(double)", "float32": "tensor(float)"}
TYPES |= {"int64": "tensor(int64)", "bool": "tensor(bool)"}


class Both:
    """A bundle asked in its three ways: by raw rows, by their tensors, and by its file of raw inputs."""

    def __init__(self, folder: Path) -> None:
        self.predictor = OnnxPredictor(folder)
        self.model = RawModel(self.predictor)
        self.session, self.signature = raw_file(folder)

    def assert_same_signature(self) -> None:
        """Names, types, axes and sizes are those of the file."""
        assert self.model.signature == self.signature
        for specs, nodes in (
            (self.model.signature.inputs, self.session.get_inputs()),
            (self.model.signature.outputs, self.session.get_outputs()),
        ):
            assert [(spec.name, TYPES[spec.dtype]) for spec in specs] == [
                (node.name, node.type) for node in nodes
            ]
            for spec, node in zip(specs, nodes, strict=True):
                sizes = [size if isinstance(size, int) else None for size in node.shape]
                assert (spec.name, sizes) == (spec.name, list(spec.shape))

    def assert_same(self, arrays: dict[str, np.ndarray]) -> list[bool]:
        """Answers are those of the file, and rows are refused of which it answers NaN; returns which."""
        expected = asked(self.session, arrays)
        rows = len(next(iter(arrays.values())))
        refused = [all(np.isnan(found[row]).all() for found in expected.values()) for row in range(rows)]
        for row in np.flatnonzero(refused):
            with pytest.raises((RequestError, DataError)) as caught:
                self.model.run({name: array[row : row + 1] for name, array in arrays.items()})
            assert getattr(caught.value, "status", 400) == 400
            assert "row 0" in str(caught.value)
        if any(refused):
            with pytest.raises((RequestError, DataError), match=f"row {refused.index(True)}"):
                self.model.run(arrays)
        kept = [row for row in range(rows) if not refused[row]]
        if kept:
            found = self.model.run({name: array[kept] for name, array in arrays.items()})
            for name, values in found.items():
                assert values.dtype == expected[name].dtype
                again = asked(self.session, {key: array[kept] for key, array in arrays.items()})[name]
                np.testing.assert_allclose(values, again, rtol=1e-5, atol=1e-5)
        return refused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Both]:
    """A bundle of each kind."""
    folder = tmp_path_factory.mktemp("raw")
    paths = {
        "text": text_bundle(folder / "text", TextPreprocessing.fit(WORDS, max_length=6)),
        "tokens": text_bundle(folder / "tokens", TokenPreprocessing.fit(WORDS)),
        "series": series_bundle(
            folder / "series",
            FeaturePreprocessing([1e6, -5.0], [3e5, 0.1], variable_length=False),
            2,
            mask=False,
        ),
        "masked": series_bundle(
            folder / "masked",
            FeaturePreprocessing([1e6, -5.0], [3e5, 0.1], variable_length=True),
            2,
            mask=True,
        ),
        "sound": series_bundle(folder / "sound", LogMelPreprocessing(8000, num_mels=4), 4, mask=True),
    }
    return {name: Both(path) for name, path in paths.items()}


def test_signatures_are_those_of_the_files(made: dict[str, Both]) -> None:
    for both in made.values():
        both.assert_same_signature()
    named = {name: [spec.name for spec in both.model.signature.inputs] for name, both in made.items()}
    assert named == {
        "text": ["text"],
        "tokens": ["text"],
        "series": ["series"],
        "masked": ["series", "mask"],
        "sound": ["waveform", "lengths"],
    }


TEXTS = st.lists(
    st.text(
        st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" \t!'.dD\u00e9\0")), max_size=12
    )
    | st.sampled_from(["", " ", "?!", "don't stop", "\u65e5\u672c \u00c9cole STOP"]),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", ["text", "tokens"])
@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(texts=TEXTS)
def test_texts(kind: str, texts: list[str], made: dict[str, Both]) -> None:
    both = made[kind]
    refused = both.assert_same({"text": np.array(texts, object)})
    kept = [text for text, wrong in zip(texts, refused, strict=True) if not wrong]
    if kept:
        (logits,) = both.model.run({"text": kept}).values()
        answers = both.predictor.predict(kept)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        found = [list(answer["probabilities"].values()) for answer in answers]
        np.testing.assert_allclose(found, shares, rtol=1e-5)


LOUD = [np.nan, np.inf, -np.inf, 0.0, 1.9, 2.0, 2.1, -2.5]
HARD = st.sampled_from([np.nan, np.inf, -np.inf, 1e300, 0.0])


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
    masked=st.booleans(),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    longer=st.integers(0, 2),
    hard=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), HARD), max_size=2),
    seed=st.integers(0, 99),
)
def test_series(
    masked: bool, lengths: list[int], longer: int, hard: Any, seed: int, made: dict[str, Both]
) -> None:
    steps = max(1, *lengths) + longer
    series = np.random.default_rng(seed).normal([1e6, -5.0], [3e5, 0.1], size=(len(lengths), steps, 2))
    for row, step, value in hard:
        if row < len(lengths) and step < steps:
            series[row, step, 1] = value
    arrays: dict[str, np.ndarray] = {"series": series}
    if masked:
        arrays["mask"] = np.arange(steps)[None] < np.array(lengths)[:, None]
    made["masked" if masked else "series"].assert_same(arrays)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
    lengths=st.lists(st.integers(0, 900), min_size=1, max_size=3),
    longer=st.integers(0, 300),
    hard=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 900), st.sampled_from(LOUD)),
        max_size=2,
    ),
    seed=st.integers(0, 99),
)
def test_sound(lengths: list[int], longer: int, hard: Any, seed: int, made: dict[str, Both]) -> None:
    samples = max(1, *lengths) + longer
    waveform = np.random.default_rng(seed).uniform(-1, 1, size=(len(lengths), samples)).astype(np.float32)
    for row, place, value in hard:
        if row < len(lengths) and place < samples:
            waveform[row, place] = value
    made["sound"].assert_same({"waveform": waveform, "lengths": np.array(lengths)})


def test_a_length_beyond_the_waveform_is_refused_and_answered_nan(made: dict[str, Both]) -> None:
    arrays = {"waveform": np.zeros((2, 400), np.float32), "lengths": np.array([400, 401])}
    assert np.isnan(asked(made["sound"].session, arrays)["logits"]).all(axis=(1, 2)).tolist() == [False, True]
    with pytest.raises(RequestError) as caught:
        made["sound"].model.run(arrays)
    assert str(caught.value).startswith("lengths: received 401 at batch 1; expected 0 to 400, the samples of")


PARTS = st.sets(st.sampled_from(["number", "category"])).map(sorted)
WRONG = st.sampled_from(
    [
        ("sales", np.nan),
        ("sales", np.inf),
        ("visits", 1e300),
        ("sky", ""),
        ("sky", "green"),
        ("price", np.nan),
        ("price", -1e300),
        ("offer", "50 %"),
        ("hour", 24),
        ("hour", -1),
        ("month", 0),
        ("future_price", np.nan),
        ("future_price", np.inf),
        ("future_price", 1e300),
        ("future_offer", ""),
        ("future_hour", 99),
        ("size", np.nan),
        ("size", 1e300),
        ("region", "moor"),
        ("region", ""),
        ("series_shop", "moor"),
        ("series_article", "jam"),
    ]
)


PANELS: dict[str, Any] = {
    "scaling": st.sampled_from(["all", "series", "window"]),
    "future": PARTS,
    "static": PARTS,
    "calendar": st.lists(st.sampled_from([*FIELDS, "minute", "day"]), unique=True, max_size=3),
    "missing": st.sampled_from(["error", "ffill"]),
    "task": st.sampled_from(["forecasting", "quantile_forecasting", "gaussian_forecasting"]),
    "longer": st.integers(0, 3),
    "wrong": st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), WRONG), max_size=3),
    "seed": st.integers(0, 999),
}


@hypothesis.settings(max_examples=4, deadline=None)
@hypothesis.given(**PANELS)
def test_panels(tmp_path_factory: pytest.TempPathFactory, **drawn: Any) -> None:
    assert_panel(tmp_path_factory.mktemp("panel"), **drawn)


@pytest.mark.slow
@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(**PANELS)
def test_many_panels(tmp_path_factory: pytest.TempPathFactory, **drawn: Any) -> None:
    assert_panel(tmp_path_factory.mktemp("panel"), **drawn)


def assert_panel(folder: Path, *, task: str, longer: int, wrong: Any, seed: int, **arguments: Any) -> None:
    """Right rows of a panel are answered alike by all three ways, wrong ones are refused."""
    preprocessing = panel(**arguments)
    both = Both(panel_bundle(folder / "bundle", preprocessing, task))
    both.assert_same_signature()
    holes = arguments["missing"] == "ffill"
    rows = [request(seed + row, WINDOW + longer, missing=holes) for row in range(3)]
    arrays = both.model.tensors.arrays(rows)
    assert not any(both.assert_same(arrays))
    answers = both.predictor.predict(rows)
    found = both.model.run(arrays)["values"]
    values = found if task == "forecasting" else found[..., 1 if task == "quantile_forecasting" else 0]
    if task != "quantile_forecasting":  # quantiles that cross are sorted in answers
        expected = [[answer["values"][name] for name in ("sales", "visits")] for answer in answers]
        np.testing.assert_allclose(values, np.swapaxes(expected, 1, 2), rtol=1e-9, atol=1e-9)
    for row, place, (name, value) in wrong:
        if name in arrays:
            array = arrays[name]
            array[(row, place % array.shape[1]) if array.ndim > 1 else row] = value
    both.assert_same(arrays)


def test_what_does_not_fit_is_refused(made: dict[str, Both]) -> None:
    series = np.zeros((2, 3, 2))
    gap = [[True] * 3, [True, False, True]]
    for kind, inputs, message in (
        ("text", {}, "inputs: text missing; expected text. Send every input."),
        ("text", {"text": ["a"], "mask": [1]}, "inputs: received unknown name 'mask'; expected text."),
        ("text", {"text": [["a"]]}, "text: received rank 2, shape [1, 1]; expected rank 1, shape (batch)."),
        ("text", {"text": ["a", 3]}, "text: received 3; expected texts. Convert it first."),
        ("text", {"text": [b"a"]}, "text: received b'a'; expected texts. Convert it first."),
        ("series", {"series": series[..., :1]}, "the size of axis 'features' is 2."),
        ("series", {"series": series.astype(str)}, "series: received str"),
        ("masked", {"mask": np.ones((2, 4), bool)}, "mask: received 4 along the axis 'time'; expected 3"),
        ("masked", {"mask": np.ones((1, 3), bool)}, "mask: received 1 along the axis 'batch'; expected 2"),
        ("masked", {"mask": gap}, "mask: received False at batch 1, time 1"),
        ("masked", {"mask": np.ones((2, 3))}, "mask: received float64 values; expected bool."),
        ("sound", {"waveform": [[0.0] * 300], "lengths": [-1]}, "lengths: received -1 at batch 0"),
    ):
        with pytest.raises(RequestError) as caught:
            made[kind].model.run({**({"series": series} if kind == "masked" else {}), **inputs})
        assert message in str(caught.value)
        assert caught.value.status == 400


def test_limits_count_rows_and_steps_but_no_samples(made: dict[str, Both]) -> None:
    for kind, inputs, status in (
        ("text", {"text": ["stop"] * 3}, 413),
        ("masked", {"series": np.zeros((1, 21, 2)), "mask": np.ones((1, 21), bool)}, 413),
        ("sound", {"waveform": np.zeros((1, 900), np.float32), "lengths": [900]}, 200),
        ("sound", {"waveform": np.zeros((1, 4000), np.float32), "lengths": [4000]}, 413),
        ("text", {"text": ["stop " * 7, "stop"]}, 200),  # cut at six words
        ("tokens", {"text": ["stop " * 21]}, 413),
    ):
        both = made[kind]
        limited = OnnxPredictor(both.predictor.bundle, max_rows=2, max_steps=20)
        if status == 200:
            assert RawModel(limited).run(inputs)
            continue
        with pytest.raises(RequestError) as caught:
            RawModel(limited).run(inputs)
        assert caught.value.status == status


def test_panels_have_a_signature_of_their_own(tmp_path: Path) -> None:
    made = panel(scaling="series", future=["number", "category"], static=["number"], calendar=["hour"])
    model = RawModel(OnnxPredictor(panel_bundle(tmp_path / "bundle", made)))
    assert [(spec.name, spec.dtype, spec.shape) for spec in model.signature.inputs] == [
        ("sales", "float64", (None, None)),
        ("visits", "float64", (None, None)),
        ("sky", "string", (None, None)),
        ("price", "float64", (None, None)),
        ("offer", "string", (None, None)),
        ("hour", "int64", (None, None)),
        ("future_price", "float64", (None, HORIZON)),
        ("future_offer", "string", (None, HORIZON)),
        ("future_hour", "int64", (None, HORIZON)),
        ("size", "float64", (None,)),
        ("series_shop", "string", (None,)),
        ("series_article", "string", (None,)),
    ]
    (values,) = model.signature.outputs
    assert (values.name, values.dtype, values.shape) == ("values", "float64", (None, HORIZON, 2))
    assert model.signature.request == made.request
    arrays = model.tensors.arrays([request(1), request(2)])
    arrays["hour"][1, -1] = 24
    with pytest.raises(DataError) as caught:
        model.run(arrays)
    assert str(caught.value) == "row 1: 'hour' is 24 at step 4; expected a number from 0 to 23. Correct it."
    assert len(KEYS) == 3
