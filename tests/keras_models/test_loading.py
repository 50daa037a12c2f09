"""Truth of ``rnnzoo.keras_models.loading``: a saved model loads as a whole, or says what is missing."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import load_model
from rnnzoo.errors import DataError


def test_every_module_with_a_layer_of_ours_is_imported(project: Path) -> None:
    source = project / "rnnzoo"
    tree = ast.parse((source / "keras_models" / "loading.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    registering = {
        ".".join(path.relative_to(project).with_suffix("").parts)
        for package in ("cells", "layers")
        for path in (source / package).glob("*.py")
        if "@keras.saving.register_keras_serializable" in path.read_text(encoding="utf-8")
    }
    assert registering
    assert registering - imported == set(), "import them in rnnzoo/keras_models/loading.py"


@keras.saving.register_keras_serializable("test_loading")
class Forgetful(keras.Model):
    """A model that keeps nothing of how it is built."""

    def __init__(self, name: str = "forgetful") -> None:
        super().__init__(name=name)
        self.rnn = keras.layers.GRU(3, name="rnn")

    def call(self, x: Any) -> Any:
        return self.rnn(x)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def build_from_config(self, config: Any) -> None:
        """Builds nothing."""


def test_weights_that_keras_leaves_in_the_file_are_told_and_the_advice_reads_them(tmp_path: Path) -> None:
    path, x = tmp_path / "model.keras", np.ones((1, 4, 2), np.float32)
    model = Forgetful()
    truth = np.asarray(model(x))
    model.save(path)
    with pytest.raises(DataError) as caught:
        load_model(path)
    assert str(caught.value) == (
        f"{path}: holds 3 weights, of which 1 were read: Keras did not build 'rnn', 'gru_cell'; expected a model whose "
        "layers are built by its build(). In Python, make the model, call it on a batch, read them with "
        f"model.load_weights({str(path)!r}), and pass the model."
    )
    again = Forgetful()
    again(x)
    again.load_weights(str(path))
    np.testing.assert_array_equal(np.asarray(again(x)), truth)
