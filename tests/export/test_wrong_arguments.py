"""Truth of ``rnnzoo_export.network.export_config``: wrong arguments of the exporters are answered in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export import export_onnx, save_bundle

TOKENS = keras.Input((None,), dtype="int32", name="tokens")
EXAMPLES = (
    "keras.Input((None, 8), name='features'), of ids keras.Input((None,), dtype='int32', name='tokens')"
)


class OfIds(keras.Model):
    """Looks ids up."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.table, self.gru = layers.Embedding(9, 4), layers.GRU(3)

    def call(self, inputs: Any) -> Any:
        return self.gru(self.table(inputs))


def series_model(name: str = "own") -> keras.Model:
    inputs = keras.Input((None, 2), name="features")
    return keras.Model(inputs, layers.Dense(3)(layers.GRU(4)(inputs)), name=name)


def ids_in_sequence() -> keras.Sequential:
    return keras.Sequential([layers.Embedding(9, 4), layers.GRU(3)], name="own")


@pytest.mark.parametrize(
    ("option", "near"), [("overwrit", "overwrite"), ("txt", "text"), ("input_signatur", "input_signature")]
)
def test_the_nearest_of_all_arguments_is_named(option: str, near: str, tmp_path: Path) -> None:
    with pytest.raises(
        UnknownNameError, match=f"^unknown argument: received '{option}'; did you mean '{near}'"
    ):
        export_onnx(series_model(), tmp_path / "model.onnx", **{option: True})  # type: ignore[arg-type]


def test_a_path_is_expected() -> None:
    with pytest.raises(ArgumentError) as caught:
        export_onnx(series_model(), None)  # type: ignore[arg-type]
    assert str(caught.value) == "path: received None; expected a path, such as 'model.onnx'."


@pytest.mark.parametrize("name", ["a/b", "a\nb", "", "../up", "x" * 5000])
def test_a_name_that_no_server_takes(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        save_bundle(series_model(), tmp_path / "bundle", name=name)
    assert "expected 1 to 128 letters, digits, '_', '.' and '-', a letter or digit first" in str(caught.value)
    assert len(str(caught.value)) < 300
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "build", [series_model, lambda: keras.Sequential([keras.Input((None, 2)), layers.GRU(3)])]
)
def test_a_model_gets_another_name_and_keeps_its_weights(build: Any, tmp_path: Path) -> None:
    model = build()
    model.name = "a b"
    with pytest.raises(ArgumentError) as caught:
        export_onnx(model, tmp_path / "model.onnx")
    names = {"model": model, "keras": keras}
    exec(str(caught.value).split("weights: ")[1], names)
    x = np.ones((1, 5, 2), "float32")
    np.testing.assert_array_equal(names["model"](x), model(x))
    assert export_onnx(names["model"], tmp_path / "model.onnx").parity.cases > 0


@pytest.mark.parametrize("signature", [[(None, None)], (None, None), []])
def test_a_signature_describes_tensors(signature: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        export_onnx(OfIds(), tmp_path / "model.onnx", input_signature=signature)
    assert str(caught.value) == (
        f"input_signature: received {signature!r}; expected a keras.Input for each input, in a list or dictionary "
        f"where there are several. Pass e.g. input_signature={EXAMPLES}."
    )


@pytest.mark.parametrize(
    ("model", "signature"),
    [
        (OfIds(), keras.Input((None, 8), name="features")),
        (OfIds(), [TOKENS]),
        (ids_in_sequence(), TOKENS),
    ],
)
def test_a_signature_that_the_model_cannot_take(model: keras.Model, signature: Any, tmp_path: Path) -> None:
    with pytest.raises(
        ArgumentError, match=r"^model 'own': cannot take .*; expected what it is called with\. Pass"
    ):
        export_onnx(model, tmp_path / "model.onnx", input_signature=signature)


def test_ids_are_described_as_ids(tmp_path: Path) -> None:
    assert export_onnx(OfIds(), tmp_path / "a.onnx", input_signature=TOKENS).parity.cases > 0
    built = keras.Sequential([TOKENS, *ids_in_sequence().layers])
    assert export_onnx(built, tmp_path / "b.onnx").parity.cases > 0


def test_a_sequential_model_that_is_not_built_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        export_onnx(ids_in_sequence(), tmp_path / "model.onnx")
    assert str(caught.value) == (
        "model 'own': is not built, so that it does not say what it takes; expected a built one. Begin it with "
        f"{EXAMPLES}, or call it on a batch first."
    )
