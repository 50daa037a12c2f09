"""Truth of ``rnnzoo_export.inference.raw_tensors.kinds``: every kind of rows has tensors, and they are rows again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import joined_bundles
from preprocessed_rows import KINDS
from raw_bundles import series_bundle
from rnnzoo.errors import ArgumentError, DataError, RequestError
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    JoinedPreprocessing,
    NumbersPreprocessing,
    Preprocessing,
    TextPreprocessing,
    WindowPreprocessing,
)
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.inference.raw_model import RawModel
from rnnzoo_export.inference.raw_tensors.kinds import find_raw_tensors
from rnnzoo_export.signature import TensorSpec

EVENTS = IrregularPreprocessing([1.0, 2.0], [2.0, 0.5], step=3.0)
VIDEO = FramePreprocessing([0.5, 0.0], [0.2, 1.0], frame_shape=(2, 3, 2), variable_length=True)


def frames(steps: int) -> list[Any]:
    """A video."""
    return np.random.default_rng(steps).uniform(size=(steps, 2, 3, 2)).tolist()


def series(features: int) -> TensorSpec:
    return TensorSpec("series", "float64", (None, None, features), ("batch", "time", "features"))


MASK = TensorSpec("mask", "bool", (None, None), ("batch", "time"))
TEXT = TensorSpec("text", "string", (None,), ("batch",))
SEQUENCE = TensorSpec("sequence", "string", (None,), ("batch",))
#: What rows are as tensors, by what reads them.
TENSORS: dict[str, tuple[Preprocessing, list[Any], list[TensorSpec]]] = {
    **{
        name: (KINDS[name][0], [KINDS[name][1]], [TEXT])
        for name in ("text", "tokens", "characters", "character_text", "words", "pairs")
    },
    "dna": (KINDS["dna"][0], ["ACGT", "an"], [SEQUENCE]),
    "kmers": (KINDS["kmers"][0], ["ACGT", "ACGTNA"], [SEQUENCE]),
    "features": (KINDS["features"][0], [[[1, 2.0], [3.5, 4]], [[0, 0]]], [series(2), MASK]),
    "one length": (
        FeaturePreprocessing([1.0], [2.0], variable_length=False),
        [[[1], [2]], [[3], [4]]],
        [series(1)],
    ),
    "events": (
        EVENTS,
        [{"times": [0, 1.5], "values": [[1.0, None], [2, 3.0]]}, {"times": [7], "values": [[None, 0]]}],
        [
            TensorSpec("times", "float64", (None, None), ("batch", "time")),
            TensorSpec("values", "float64", (None, None, 2), ("batch", "time", "features")),
            MASK,
        ],
    ),
    "video": (
        VIDEO,
        [frames(2), frames(4)],
        [
            TensorSpec(
                "video", "float64", (None, None, 2, 3, 2), ("batch", "time", "height", "width", "channels")
            ),
            MASK,
        ],
    ),
    "window": (
        KINDS["window"][0],
        [KINDS["window"][1]],
        [
            TensorSpec("heat", "float64", (None, None), ("batch", "time")),
            TensorSpec("wind", "float64", (None, None), ("batch", "time")),
            TensorSpec("sky", "string", (None, None), ("batch", "time")),
        ],
    ),
    "sound": (
        KINDS["log_mel"][0],
        [np.linspace(-1, 1, 300, dtype=np.float32), np.arange(-200, 300, dtype=np.int16)],
        [
            TensorSpec("waveform", "float32", (None, None), ("batch", "time")),
            TensorSpec("lengths", "int64", (None,), ("batch",)),
        ],
    ),
    "category": (
        CategoryPreprocessing(["a", "b"]),
        ["b", "a"],
        [TensorSpec("category", "string", (None,), ("batch",))],
    ),
    "number of a category": (
        CategoryPreprocessing([4, 7], unknown="own_id"),
        [7, 8],
        [TensorSpec("category", "int64", (None,), ("batch",))],
    ),
    "numbers": (
        NumbersPreprocessing([1.0, 2.0], [3.0, 4.0]),
        [[1, 2.5], [0, 0]],
        [TensorSpec("numbers", "float64", (None, 2), ("batch", "numbers"))],
    ),
    "joined": (
        joined_bundles.joined(),
        joined_bundles.ROWS[:3],
        [
            TensorSpec("note", "string", (None,), ("batch",)),
            TensorSpec("past_series", "float64", (None, None, 2), ("batch", "past time", "past features")),
            TensorSpec("past_mask", "bool", (None, None), ("batch", "past time")),
            TensorSpec("shop", "string", (None,), ("batch",)),
            TensorSpec("size", "float64", (None, 2), ("batch", "size numbers")),
            TensorSpec("floor", "int64", (None,), ("batch",)),
        ],
    ),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_rows_are_tensors_and_tensors_rows(kind: str) -> None:
    preprocessing, rows, specs = TENSORS[kind]
    tensors = find_raw_tensors(preprocessing)
    assert list(tensors.inputs) == specs
    arrays = tensors.arrays(rows)
    assert {name: (array.ndim, array.dtype.kind) for name, array in arrays.items()} == {
        spec.name: (len(spec.shape), spec.kind) for spec in specs
    }
    found, expected = preprocessing.apply(tensors.rows(arrays)), preprocessing.apply(rows)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5, err_msg=name)


def own(takes: str, base: type[Preprocessing] = TextPreprocessing) -> Any:
    """A class of a user that says what its rows are."""
    return type("Own", (base,), {"takes": takes})


@pytest.mark.parametrize(
    ("takes", "names"),
    [
        ("text", ["text"]),
        ("words", ["text"]),
        ("dna", ["sequence"]),
        ("series", ["series", "mask"]),
        ("irregular", ["times", "values", "mask"]),
        ("frames", ["video", "mask"]),
        ("sound", ["waveform", "lengths"]),
        ("numbers", ["numbers"]),
    ],
)
def test_a_class_of_a_user_says_by_takes_what_its_rows_are(takes: str, names: list[str]) -> None:
    tensors = find_raw_tensors(own(takes).fit(["a"]))
    assert [spec.name for spec in tensors.inputs] == names


@pytest.mark.parametrize("takes", ["other", "category", "windows", "joined"])
def test_one_that_says_nothing_has_no_tensors(takes: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        find_raw_tensors(own(takes).fit(["a"]))
    assert str(caught.value) == (
        f"preprocessing: Own, which takes {takes!r}, does not say what its rows are as tensors; expected texts, "
        "series, sound or another kind of rnnzoo's. Send rows to predict, or tensors of the network."
    )
    with pytest.raises(ArgumentError, match=r"^note: preprocessing: Own, which takes "):
        find_raw_tensors(JoinedPreprocessing({"note": own(takes).fit(["a"])}))


def test_columns_of_a_subclass_are_not_known() -> None:
    kept = KINDS["window"][0].to_config()
    made = own("windows", WindowPreprocessing)(**kept)
    with pytest.raises(ArgumentError, match="Own, which takes 'windows', does not say"):
        find_raw_tensors(made)


def test_parts_whose_names_clash_have_no_tensors() -> None:
    made = JoinedPreprocessing(
        {"a": KINDS["features"][0], "a_mask": KINDS["text"][0]}, inputs={"a": {"features": "x", "mask": "y"}}
    )
    with pytest.raises(ArgumentError) as caught:
        find_raw_tensors(made)
    assert str(caught.value) == (
        "input 'a_mask': stands for inputs of two parts; expected names that differ. Rename a part."
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RawModel]:
    """Models of kinds that no file of raw inputs can be written of."""
    folder = tmp_path_factory.mktemp("kinds")
    paths: dict[str, Path] = {
        "dna": series_bundle(folder / "dna", DNAPreprocessing(), 4),
        "events": series_bundle(folder / "events", EVENTS, 6),
        "video": series_bundle(folder / "video", VIDEO, 2, 3, 2, name="frames"),
    }
    return {name: RawModel(OnnxPredictor(path)) for name, path in paths.items()}


@pytest.mark.parametrize("kind", ["dna", "events", "video"])
def test_their_answers_are_the_predictors(kind: str, models: dict[str, RawModel]) -> None:
    model, rows = models[kind], TENSORS[kind][1]
    predictor = model._predictor
    (logits,) = model.run(model.tensors.arrays(rows)).values()
    for row, found in zip(rows, logits, strict=True):
        (answer,), steps = predictor.predict([row]), len(predictor.encode([row])[0])
        shares = np.exp(found[:steps]) / np.exp(found[:steps]).sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(shares.max(axis=-1), answer["probabilities"], rtol=1e-5)


def test_answers_have_as_many_steps_as_the_mask(models: dict[str, RawModel]) -> None:
    model = models["events"]
    arrays = model.tensors.arrays(TENSORS["events"][1])
    wide = {
        name: np.pad(array, [(0, 0), (0, 3), *[(0, 0)] * (array.ndim - 2)]) for name, array in arrays.items()
    }
    (narrow,), (found,) = model.run(arrays).values(), model.run(wide).values()
    assert (narrow.shape, found.shape) == ((2, 2, 3), (2, 5, 3))
    np.testing.assert_array_equal(found[:, :2], narrow)


@pytest.mark.parametrize(
    ("kind", "name", "place", "value", "message"),
    [
        ("dna", "sequence", (1,), "AXG", "row 1: received the letter 'X' at position 2"),
        ("dna", "sequence", (1,), "", "row 1: received an empty sequence"),
        ("events", "times", (0, 1), -1.0, "row 0: its times fall or are not finite"),
        ("events", "times", (0, 1), np.nan, "row 0: its times fall or are not finite"),
        ("events", "values", (1, 0), np.nan, "row 1: received a series without any value"),
        ("events", "values", (1, 0), np.inf, "row 1: received an infinite value"),
        ("events", "mask", (1,), False, "row 1: received an empty series"),
        ("video", "video", (0, 1, 1, 2, 0), np.inf, "row 0: received inf at (1, 1, 2, 0)"),
        ("video", "mask", (0,), False, "row 0: received an empty video"),
    ],
)
def test_a_row_that_is_wrong_is_named(
    kind: str, name: str, place: tuple[int, ...], value: Any, message: str, models: dict[str, RawModel]
) -> None:
    arrays = models[kind].tensors.arrays(TENSORS[kind][1])
    arrays[name][place] = value
    with pytest.raises((DataError, RequestError)) as caught:
        models[kind].run(arrays)
    assert str(caught.value).startswith(message)


def test_a_bundle_without_preprocessing_has_no_raw_model(tmp_path: Path) -> None:
    predictor = OnnxPredictor(series_bundle(tmp_path / "bundle", DNAPreprocessing(), 4))
    object.__setattr__(predictor.bundle, "preprocessing", None)
    with pytest.raises(ArgumentError, match="preprocessing: the bundle has none"):
        RawModel(predictor)
