"""Truth of ``rnnzoo.training.optimization.precision``."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from rnnzoo import load_model, train
from rnnzoo.errors import ArgumentError
from rnnzoo.training.optimization.precision import check_precision, half_precision
from toy_training import config, model, series


@pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.slow), "float16"])
def test_layers_compute_in_half_precision_only_while_training(precision: str, tmp_path: Path) -> None:
    net = model(dropout=0.0)
    x = series().rows("train").gather(np.arange(8))[0]["features"]
    exact = np.asarray(net(x))
    with half_precision(net, precision):
        half = net(x)
        assert str(keras.backend.standardize_dtype(half.dtype)) == precision
        assert all(str(v.dtype) == "float32" for v in net.trainable_variables)
    np.testing.assert_allclose(np.asarray(half, np.float32), exact, rtol=0.1, atol=0.05)
    np.testing.assert_array_equal(np.asarray(net(x)), exact)

    setting = config(mixed_precision=precision, epochs=12, learning_rate=0.02)
    result = train(net, series(), config=setting, directory=tmp_path / "run", progress=False)
    assert result.metrics["validation"]["accuracy"] > 0.9
    again = load_model(tmp_path / "run" / "model.keras")
    assert {layer.dtype_policy.name for layer in again.layers} == {"float32"}
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(net(x)))


def test_a_model_with_a_precision_of_its_own_is_refused() -> None:
    x = keras.Input((None, 3), name="features")
    y = keras.layers.GRU(4, dtype="mixed_bfloat16", name="gru_1")(x)
    net = keras.Model(x, keras.layers.Dense(2, name="logits")(y), name="own")
    with pytest.raises(ArgumentError) as caught:
        check_precision(net, "float16")
    assert str(caught.value) == (
        "mixed_precision: received 'float16' for model 'own', whose layer 'gru_1' computes in mixed_bfloat16; expected "
        "float32 layers. Build the model without a policy of its own, or leave mixed_precision out."
    )
