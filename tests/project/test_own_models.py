"""Truth of ``rnnzoo.zoo`` as a table to add to: which rows are refused, and what their models answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rnnzoo import ModelSpec, Task, create_model, register
from rnnzoo.builders.builder_names import BUILDERS
from rnnzoo.decoding.answers import ClassDecoding
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import TASKS
from rnnzoo.zoo import ZOO

SERIES = {"num_classes": 4, "num_features": 3, "units": (4,)}


class Ordinal(Task):
    """One logit between each two neighbouring grades."""

    def head_units(self, num_classes: int) -> int:
        return num_classes - 1


class OrdinalDecoding(ClassDecoding):
    """The same answers, as a class of its own."""


@pytest.fixture(autouse=True)
def own_parts() -> Iterator[None]:
    task = Ordinal(
        name="grades",
        targets="classes",
        output="logits",
        scores=lambda outputs, targets: {"number": float(len(targets))},
        losses=["sparse_categorical_crossentropy"],
        output_axes=("classes",),
        decoding=OrdinalDecoding,
    )
    register("task", "grades", task)
    yield
    for table in (ZOO, BUILDERS, TASKS):
        for name in [name for name in table if table.is_own(name)]:
            table.remove(name)


def spec(**changes: Any) -> ModelSpec:
    fields = {
        "name": "mine",
        "builder": "build_classifier",
        "task": "grades",
        "summary": "",
        "arguments": SERIES,
    }
    return ModelSpec(**{**fields, **changes})


def test_the_task_of_a_row_reaches_its_builder() -> None:
    register("model", "mine", spec())
    assert create_model("mine").output_shape == (None, 3)
    assert create_model("mine", task="classification").output_shape == (None, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"summary": None}, "summary of a ModelSpec: received None; expected a text."),
        ({"paper": 3}, "paper of a ModelSpec: received 3; expected a text."),
        (
            {"arguments": ["units"]},
            "arguments of a ModelSpec: received ['units']; expected a mapping from names of the builder's arguments to "
            "values, such as {'units': (64,)}.",
        ),
        (
            {"arguments": {"task": "regression"}},
            "arguments of a ModelSpec: received task='regression' beside task='grades'; expected one task. Leave it "
            "out of arguments.",
        ),
    ],
)
def test_a_row_is_checked_when_it_is_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        spec(**changes)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"task": "forecasting"},
            "task of a ModelSpec: received 'forecasting' with builder 'build_classifier', which has no such output; "
            "expected one of classification, binary_classification, multilabel_classification, regression, grades. "
            "Choose one of them, or another builder.",
        ),
        (
            {"builder": "build_tagger", "arguments": {}},
            "task of a ModelSpec: received 'grades' with builder 'build_tagger', which has no such output; expected "
            "one of tagging, crf_tagging. Choose one of them, or another builder.",
        ),
        (
            {"name": "yours"},
            "name: received 'mine' for the ModelSpec of name 'yours'; expected the same. Pass 'yours', or rename the "
            "ModelSpec.",
        ),
    ],
)
def test_a_row_that_cannot_be_built_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        register("model", "mine", spec(**changes))
    assert str(error.value) == message
    assert "mine" not in ZOO


def test_a_builder_must_return_a_model() -> None:
    register("builder", "build_nothing", lambda *, name="nothing": None)
    register("model", "mine", spec(builder="build_nothing", arguments={}))
    with pytest.raises(ArgumentError) as error:
        create_model("mine")
    assert str(error.value) == (
        "builder 'build_nothing': returned NoneType; expected a Keras model. Let it return "
        "keras.Model(inputs, outputs, name=name)."
    )


@pytest.mark.parametrize("builder", [lambda units, /, name="mine": None, lambda *units, name="mine": None])
def test_a_builder_must_take_keywords(builder: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        register("builder", "build_positional", builder)
    assert str(error.value) == (
        "builder: received a function with the argument 'units' that cannot be passed by its name; expected keywords. "
        "Write a * before all arguments, as in def build_mine(*, units, name='mine')."
    )
