"""Truth of ``rnnzoo_export.operators.choices``: comparisons and choices answer as they do in Keras, for any number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import ops

from rnnzoo_export import export_onnx

NUMBERS = np.array([[-1, 0, 0.5, np.inf], [3, 1e-30, -np.inf, np.nan]], np.float32)
WIDE = np.array([[2**24, 2**24 + 1], [-(2**24) - 1, -(2**24)]], np.int32)


def answers(
    path: Path, x: Any, array: np.ndarray, asked: list[Any], opset: int | None = None
) -> list[np.ndarray]:
    """Returns the answers of the file, which are those of Keras."""
    model = keras.Model(x, asked)
    assert export_onnx(model, path, opset=opset).parity.cases > 0
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = [np.asarray(answer) for answer in session.run(None, {"x": array})]
    expected = model(array)
    expected = expected if isinstance(expected, list) else [expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-6)
    return found


def test_what_is_not_chosen_does_not_reach_the_answer(tmp_path: Path) -> None:
    x = keras.Input((4,), name="x")
    chosen = ops.where(x > 0, ops.log(x), 0.0)
    (found,) = answers(tmp_path / "m.onnx", x, NUMBERS, [chosen])
    assert found[0, :2].tolist() == [0, 0]


@pytest.mark.parametrize("opset", [13, 18])
def test_whole_numbers_are_compared_in_all_their_digits(opset: int, tmp_path: Path) -> None:
    x = keras.Input((2,), dtype="int32", name="x")
    first, second = x[:, 0], x[:, 1]
    asked = [first < second, first > second, first <= second, first >= second]
    found = answers(tmp_path / "m.onnx", x, WIDE, asked, opset)
    assert [answer.tolist() for answer in found] == [[True] * 2, [False] * 2] * 2


@pytest.mark.parametrize("opset", [13, 18])
def test_any_and_all_along_every_axis(opset: int, tmp_path: Path) -> None:
    x = keras.Input((4,), name="x")
    asked = [
        ops.any(x > 0, axis=1),
        ops.all(x > 0, axis=-1, keepdims=True),
        ops.any(x > 0, axis=(-1,), keepdims=True),
        ops.all(ops.reshape(x, (-1, 2, 2)) > -1, axis=(1, 2)),
    ]
    found = answers(tmp_path / "m.onnx", x, NUMBERS, asked, opset)
    assert [answer.ravel().tolist() for answer in found] == [[True] * 2, [False] * 2, [True] * 2, [False] * 2]
