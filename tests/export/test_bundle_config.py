"""Truth of ``rnnzoo_export.deployment.bundle_config``: misspelt arguments, and parts that load as others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from rnnzoo import create_model
from rnnzoo.errors import ArgumentError, BundleError
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo.preprocessing.kinds import PREPROCESSINGS
from rnnzoo_export import export_onnx, quantize_onnx, save_bundle


class Forgetful(TextPreprocessing):
    """Loads something else than was stored."""

    @classmethod
    def from_config(cls, config: Any) -> TextPreprocessing:
        made = super().from_config(config)
        made.max_length = 1
        return made


class Unstored(Forgetful):
    """Does not store what it forgets."""

    def to_config(self) -> dict[str, Any]:
        return {**super().to_config(), "max_length": 1}


@pytest.mark.parametrize("kind", [Forgetful, Unstored])
def test_a_preprocessing_that_loads_as_another_is_not_written(
    kind: type[TextPreprocessing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PREPROCESSINGS._entries, "text", kind)
    preprocessing = kind(["", "[UNK]", "a", "b"], max_length=5)
    model = create_model("text-classifier-gru", units=(4,), num_classes=2, vocabulary_size=4)
    with pytest.raises(BundleError) as caught:
        save_bundle(model, tmp_path / "bundle", preprocessing=preprocessing, provenance={"example": "a b a"})
    assert str(caught.value) == (
        f"{tmp_path / 'bundle'}: its preprocessing is another when it is loaded again, so nothing was written; "
        "expected from_config to make what to_config described. Correct these two methods: to_config must hold all "
        "that changes the result."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("export", "wrong", "near"),
    [
        (save_bundle, {"metric": {}}, "metrics"),
        (export_onnx, {"opsets": 18}, "opset"),
        (
            lambda _, path, **wrong: quantize_onnx(path, path, data=[], task="classification", **wrong),
            {"max_dropp": 1.0},
            "max_drop",
        ),
    ],
)
def test_a_misspelt_argument_is_told_before_anything_is_done(
    export: Any, wrong: dict[str, Any], near: str, tmp_path: Path
) -> None:
    model = keras.Sequential([keras.Input((None, 2), name="x"), keras.layers.GRU(3)])
    (name,) = wrong
    message = rf"^unknown argument: received '{name}'; did you mean '{near}'\? expected one of "
    with pytest.raises(ArgumentError, match=message):
        export(model, tmp_path / "written", **wrong)
    assert list(tmp_path.iterdir()) == []
