"""Truth of ``rnnzoo_export.network.proof_batches`` and ``rnnzoo_export.network.traced_model``: masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from proof_models import Own, of, series
from rnnzoo_export import check_parity, export_onnx, export_saved_model
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.input_facts import InputFacts
from rnnzoo_export.network.proof_batches import BatchMaker, valid_steps
from rnnzoo_export.network.traced_model import MASK_SHAPES, mask_shapes
from rnnzoo_export.signature import Signature, TensorSpec


def mean_of_chars(x: Any) -> Any:
    return layers.GRU(2)(
        ops.mean(layers.Embedding(7, 3)(x), axis=2), mask=ops.any(ops.not_equal(x, 0), axis=2)
    )


MASKED: dict[str, tuple[Callable[[], keras.Model], tuple[float, ...]]] = {
    "Masking": (lambda: series(layers.Masking(-1.0), layers.GRU(2)), (-1.0,)),
    "fixed time": (
        lambda: keras.Sequential([keras.Input((6, 3)), layers.Masking(2.5), layers.GRU(2)]),
        (2.5,),
    ),
    "nested twice": (
        lambda: of(
            (None, 3),
            keras.Sequential([keras.Input((None, 3)), series(layers.Masking(-1.0), layers.LSTM(3))]),
        ),
        (-1.0,),
    ),
    "two values": (
        lambda: of(
            (None, 3),
            lambda x: layers.Add()([layers.GRU(2)(layers.Masking(value)(x)) for value in (-1.0, 4.0)]),
        ),
        (-1.0, 4.0),
    ),
    "after a scale": (
        lambda: series(layers.Rescaling(2.0, 1.0), layers.Masking(3.0), layers.GRU(2)),
        (1.0,),
    ),
    "ids": (lambda: of((6,), lambda x: layers.GRU(2)(layers.Embedding(5, 2, mask_zero=True)(x))), (0.0,)),
    "ids with a mask of their own": (
        lambda: of((None,), lambda x: layers.GRU(2)(layers.Embedding(5, 2)(x), mask=ops.not_equal(x, 4))),
        (4.0,),
    ),
    "words of characters": (lambda: of((None, None), mean_of_chars, "int32"), (0.0,)),
}


@pytest.mark.parametrize("name", MASKED)
def test_every_mask_is_met_in_every_shape(name: str, tmp_path: Path) -> None:
    build, pads = MASKED[name]
    model = build()
    assert set(next(iter(Exportable(model).facts.values())).pads) == set(pads)
    for report in (
        export_onnx(model, tmp_path / "model.onnx").parity,
        export_saved_model(model, tmp_path / "1"),
        check_parity(model, tmp_path / "model.onnx"),
    ):
        assert report.masks
        assert all(set(shapes) == set(MASK_SHAPES) for shapes in report.masks.values()), report.masks
        assert report.refused_masks == ()
    assert report.to_config()["masks"] == report.masks


def test_a_mask_that_no_random_input_meets_is_said(tmp_path: Path) -> None:
    model = series(layers.Dense(3), layers.Masking(-1.0), layers.GRU(2, name="gru"))
    assert export_onnx(model, tmp_path / "model.onnx").parity.masks == {"gru": ()}


def test_a_shape_of_mask_that_the_model_refuses_is_said(tmp_path: Path) -> None:
    def function(x: Any, rnn: Any) -> Any:
        valid = tf.reduce_any(tf.not_equal(x, 0.0), axis=-1)
        full = tf.debugging.assert_equal(valid[:, 0], True)
        with tf.control_dependencies([full] if full is not None else []):
            return rnn(tf.identity(x), mask=valid)

    model = Own(function, layers.GRU(2, name="gru"))
    model(np.ones((1, 4, 3), np.float32))
    report = export_saved_model(model, tmp_path / "1", input_signature=keras.Input((None, 3), name="x"))
    assert set(report.refused_masks) == {"left", "empty row"}


def test_a_batch_pads_every_axis_that_has_a_mask() -> None:
    specs = (
        TensorSpec("characters", "int32", (None, None, None), ("batch", "time", None), 9),
        TensorSpec("mask", "bool", (None, 6), ("batch", "time")),
        TensorSpec("lengths", "int32", (None,), ("batch",)),
    )
    facts = {"characters": InputFacts(9, (0, 9), (0.0,), True)}
    maker = BatchMaker(Signature(specs, ()), facts)
    arrays = maker.batch("right", 5, 6).arrays
    valid = arrays["characters"] != 0
    np.testing.assert_array_equal(arrays["mask"], valid.any(axis=2))
    np.testing.assert_array_equal(arrays["lengths"], arrays["mask"].sum(axis=1))
    assert mask_shapes(arrays["mask"]) == {"right"}
    assert "right" in mask_shapes(valid.reshape(30, 3))
    assert all(value.all() for value in maker.batch("full", 5, 6).arrays.values())


@pytest.mark.parametrize("kind", MASK_SHAPES)
def test_masks_have_the_shape_that_they_are_called_by(kind: str) -> None:
    for steps in (3, 7, 19):
        valid = valid_steps(kind, 5, steps, np.random.default_rng(0))
        assert kind in mask_shapes(valid)
        # Nothing else but the empty row beside its neighbours, which end early.
        assert mask_shapes(valid) - {kind} <= ({"right"} if kind in ("empty row", "holes") else set())
