"""Truth of ``rnnzoo_export.formats.held_out_rows``: rows that a file or a task does not fit are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo_export import export_onnx, quantize_onnx, save_bundle

X = np.random.default_rng(0).normal(size=(6, 5, 32)).astype("float32")
Y = np.arange(6) % 3
HOW = "Give a split such as splits.validation, or [({'x': x}, y)]."


def small_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 32), name="x")
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GRU(16)(inputs)), name="small")


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "model.onnx"
    export_onnx(small_model(), path)
    return path


def test_one_batch_needs_no_list(model_path: Path, tmp_path: Path) -> None:
    one = quantize_onnx(
        model_path, tmp_path / "a.onnx", data=({"x": X}, Y), task="classification", max_drop=100
    )
    two = quantize_onnx(
        model_path, tmp_path / "b.onnx", data=[({"x": X}, Y)], task="classification", max_drop=100
    )
    assert one.original_score == two.original_score


def test_safe_types_are_cast(model_path: Path, tmp_path: Path) -> None:
    data = [({"x": X.astype("float64"), "unused": Y}, Y.astype("float32"))]
    assert quantize_onnx(model_path, tmp_path / "q.onnx", data=data, task="classification", max_drop=100).size


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([({"x": X}, Y[:3])], "data: batch 0: received 3 targets for 6 rows; expected one each."),
        ([({"x": X}, Y, np.ones(2))], "data: batch 0: received 2 weights for 6 rows; expected one each."),
        (
            [({"x": X}, Y), {"x": X}],
            "data: batch 1: received dict; expected (inputs by name, targets), and weights where some do not count. "
            + HOW,
        ),
        ({"x": X}, f"data: received dict; expected batches (inputs by name, targets). {HOW}"),
        (
            [({"x": X}, np.eye(3)[Y])],
            "data: received targets of shape (6, 3) for answers of shape (6, 3), task 'classification'; expected one "
            "class number each, shape (6,). Use y.argmax(axis=-1) of one-hot rows.",
        ),
        (
            [({"x": X}, Y + 1)],
            "data: received targets from 1 to 3 for task 'classification'; expected whole numbers from 0 to 2, the "
            "classes that the file answers.",
        ),
        (
            [({"x": X}, np.array(list("abcabc")))],
            "data: received targets of type <U1; expected class numbers from 0. Use splits.validation, or number the "
            "labels in the order of decoding.labels.",
        ),
        (
            [({"x": X * np.float32("nan")}, Y)],
            "data: batch 0: x: received a value that is not finite in float32, at batch 0, time 0, features 0; "
            "expected finite numbers. Fill or drop missing values first.",
        ),
        (
            [({"x": X[..., :2]}, Y)],
            "data: batch 0: x: received shape [6, 5, 2]; expected (batch, time, 32): the size of axis 'features' is "
            "32.",
        ),
        (
            [({"x": X.astype(str)}, Y)],
            "data: batch 0: x: received str1024 values; expected float32. Convert them first.",
        ),
    ],
)
def test_wrong_rows_are_refused(data: Any, message: str, model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        quantize_onnx(model_path, tmp_path / "q.onnx", data=data, task="classification")
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_refuses_them_too(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"^data: batch 0: received 3 targets for 6 rows; expected one each\.$"
    ):
        save_bundle(
            small_model(),
            tmp_path / "bundle",
            task="classification",
            also=["weights_int8"],
            quantization_data=[({"x": X}, Y[:3])],
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("targets", "task", "message"),
    [
        (np.full((6, 3), 2), "multilabel_classification", "targets other than 0 and 1"),
        (np.zeros((6, 2)), "regression", r"targets of shape \(6, 2\) for answers of shape \(6, 3\)"),
        (np.full((6, 3), np.nan), "regression", "targets with NaN or infinity"),
    ],
)
def test_targets_of_other_tasks(
    targets: np.ndarray, task: str, message: str, model_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"^data: received {message}"):
        quantize_onnx(model_path, tmp_path / "q.onnx", data=[({"x": X}, targets)], task=task)


def test_the_rows_of_a_proof_are_checked(tmp_path: Path) -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model([a, b], keras.layers.Dense(2)(keras.layers.Concatenate()([a, b])))
    rows = np.ones((3, 4), "float32")
    with pytest.raises(ArgumentError) as caught:
        export_onnx(model, tmp_path / "model.onnx", parity_inputs={"a": rows, "b": rows[:2]})
    assert str(caught.value) == (
        "inputs: received rows {'a': 3, 'b': 2}; expected equal numbers. Send one row per example."
    )
    with pytest.raises(ArgumentError, match=r"^inputs: b: received a value that is not finite in float32"):
        export_onnx(model, tmp_path / "model.onnx", parity_inputs={"a": rows, "b": rows * np.float32("nan")})
    assert list(tmp_path.iterdir()) == []
