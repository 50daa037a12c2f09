"""Truth of ``rnnzoo.cli.model_file``: a saved Keras model is exported by the command."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo.cli.app import run
from rnnzoo.errors import DataError
from rnnzoo.keras_models.loading import load_model
from rnnzoo_export import OnnxPredictor


def test_a_saved_model_becomes_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.GRU(2)], name="own")
    model.save(tmp_path / "own.keras")
    command = ["export", str(tmp_path / "own.keras"), "--out", str(tmp_path / "bundle")]
    assert run([*command, "--raw"]) != 0
    assert "expected --preprocessing with the preprocessing.json of a run" in " ".join(
        capsys.readouterr().err.split()
    )
    assert run([*command, "--input-names", "series"]) == 0
    rows = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    answer = OnnxPredictor(tmp_path / "bundle").run({"series": rows})
    np.testing.assert_allclose(answer["output_0"], model(rows), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text.keras", "is no Keras model, or a part of one; expected a whole .keras file."),
        ("text.onnx", "received a file of another kind; expected a .keras file."),
        ("text.weights.h5", "holds the weights of a model alone; expected a .keras file."),
    ],
)
def test_files_that_hold_no_model(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("text", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_model(tmp_path / name)
    assert message in str(caught.value)


def test_a_lambda_layer_is_told_how_it_loads(tmp_path: Path) -> None:
    x = keras.Input((3,))
    keras.Model(x, layers.Lambda(lambda values: values * 2)(x)).save(tmp_path / "own.keras")
    with pytest.raises(DataError, match=r"call keras\.config\.enable_unsafe_deserialization\(\) first"):
        load_model(tmp_path / "own.keras")
