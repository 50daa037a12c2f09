"""Truth of ``rnnzoo.keras_models.saved_classes`` and ``rnnzoo.cells.class_registration``: which class a file gets."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import build_classifier, load_model, register
from rnnzoo.cells import CELLS
from rnnzoo.cells.step_cell import StepCell
from rnnzoo.errors import ArgumentError, DataError, NotRegisteredError
from rnnzoo.layers.pooling import POOLINGS, Pooling

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)


def cell(factor: float, module: str, name: str = "MyCell") -> type[StepCell]:
    class Scaled(StepCell):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
            self.bias = self.add_bias("bias", self.units)

        def step(self, projected: Any, states: Any) -> tuple[Any, list[Any]]:
            h = states[0] + factor * projected
            return h, [h]

    Scaled.__module__, Scaled.__qualname__, Scaled.__name__ = module, name, name.rpartition(".")[2]
    return Scaled


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    for table in (CELLS, POOLINGS):
        for name in [name for name in table if table.is_own(name)]:
            table.remove(name)


def save(path: Path, name: str) -> np.ndarray:
    model = build_classifier(num_classes=2, num_features=3, cell=name, units=4)
    model.save(path)
    return np.asarray(model(X))


def save_under_short_names(path: Path) -> None:
    """Writes a model as the first versions of ``register_class`` did: without the module in the name."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = files["config.json"].replace(b"two.a>", b"two>").replace(b"two.b>", b"two>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_two_classes_of_one_name_load_as_what_they_are(tmp_path: Path) -> None:
    register("cell", "one", cell(1.0, "two.a"))
    register("cell", "other", cell(50.0, "two.b"))
    register("cell", "inner", cell(7.0, "two.b", "Outer.MyCell"))
    for name in ("one", "other", "inner"):
        expected = save(tmp_path / "model.keras", name)
        np.testing.assert_array_equal(np.asarray(load_model(tmp_path / "model.keras")(X)), expected)


def test_short_names_of_older_files_are_found_by_their_module(tmp_path: Path) -> None:
    register("cell", "one", cell(1.0, "two.a"))
    path = tmp_path / "model.keras"
    expected = save(path, "one")
    save_under_short_names(path)
    register("cell", "other", cell(50.0, "two.b"))
    np.testing.assert_array_equal(np.asarray(load_model(path)(X)), expected)
    CELLS.remove("one")
    with pytest.raises(
        NotRegisteredError, match=r"needs the class two\.a\.MyCell, which is not registered here"
    ):
        load_model(path)


def test_one_name_for_two_classes_in_an_older_file_is_refused(tmp_path: Path) -> None:
    register("cell", "one", cell(1.0, "two.a"))
    register("cell", "other", cell(50.0, "two.b"))
    x = keras.Input((None, 3))
    layers = [CELLS[name].layer(3, return_sequences=True) for name in ("one", "other")]
    keras.Model(x, layers[1](layers[0](x))).save(tmp_path / "model.keras")
    save_under_short_names(tmp_path / "model.keras")
    with pytest.raises(DataError) as error:
        load_model(tmp_path / "model.keras")
    assert str(error.value) == (
        f"{tmp_path / 'model.keras'}: has the name 'two>MyCell' for two classes, two.a.MyCell and two.b.MyCell; "
        "expected one. Rename one of them, and train and save the model again."
    )


@pytest.mark.parametrize(
    ("module", "fix"),
    [
        ("two.a", "Write `import two.a`, or add `--import two.a` to the command."),
        ("__main__", "Run the code that defines and registers it first, or keep it in a module of its own."),
    ],
)
def test_a_class_that_is_not_imported_is_named(module: str, fix: str, tmp_path: Path) -> None:
    register("cell", "one", cell(1.0, module))
    path = tmp_path / "model.keras"
    save(path, "one")
    CELLS.remove("one")
    with pytest.raises(NotRegisteredError) as error:
        load_model(path)
    assert str(error.value) == (
        f"{path}: needs the class {module}.MyCell, which is not registered here; expected the module {module} to be "
        f"imported before. {fix}"
    )


def test_what_a_model_was_compiled_with_is_not_asked_for(tmp_path: Path) -> None:
    class OwnLoss(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.mean(y_pred, axis=-1)

    model = build_classifier(num_classes=2, num_features=3, units=4)
    model.compile("sgd", OwnLoss())
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert "OwnLoss" in json.dumps(json.loads(archive.read("config.json"))["compile_config"])
    assert load_model(tmp_path / "model.keras").count_params() == model.count_params()


def test_a_second_class_of_one_name_is_refused_until_it_replaces_the_first() -> None:
    first, second = cell(1.0, "two.a"), cell(2.0, "two.a")
    register("cell", "one", first)
    message = (
        "cell: received the class two.a.MyCell, but another one is registered with Keras as 'two.a>MyCell'; expected "
        "one class of this name. Rename it, or replace the other with rnnzoo.register(..., replace=True)."
    )
    with pytest.raises(ArgumentError) as error:
        register("cell", "other", second)
    assert str(error.value) == message
    assert "other" not in CELLS
    register("cell", "one", second, replace=True)
    assert keras.saving.get_registered_object("two.a>MyCell") is second


def test_poolings_are_told_apart_too() -> None:
    def pooling(factor: float) -> type[Pooling]:
        class Sum(Pooling):
            def call(self, x: Any, mask: Any = None) -> Any:
                return factor * keras.ops.sum(x, axis=1)

        Sum.__module__, Sum.__qualname__ = "two.a", "Sum"
        return Sum

    register("pooling", "one", pooling(1.0))
    with pytest.raises(ArgumentError, match=r"pooling: received the class two\.a\.Sum, but another one is"):
        register("pooling", "other", pooling(2.0))
    assert "other" not in POOLINGS


def test_what_an_author_has_registered_keeps_its_name() -> None:
    own = keras.saving.register_keras_serializable("theirs", "Theirs")(cell(1.0, "two.a"))
    register("cell", "one", own)
    assert keras.saving.get_registered_name(own) == "theirs>Theirs"
    CELLS.remove("one")
    assert keras.saving.get_registered_object("theirs>Theirs") is own
    keras.saving.get_custom_objects().pop("theirs>Theirs")
