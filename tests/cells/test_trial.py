"""Truth of ``rnnzoo.cells.trial``: cells and poolings that cannot work are refused when they are registered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from rnnzoo import EncoderConfig, Splits, TrainConfig, build_classifier, register, train
from rnnzoo.cells import CELLS, Cell
from rnnzoo.cells.step_cell import StepCell
from rnnzoo.errors import ArgumentError, cause_of
from rnnzoo.layers.pooling import POOLINGS, Pooling
from summing_cell import SummingCell


class Unbuilt(StepCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        return states[0], states


class Alone(SummingCell):
    def step(self, projected: Any, states: Any) -> Any:
        return states[0] + projected


class WideState(SummingCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        return states[0], [ops.concatenate([projected, projected], axis=-1)]


class WideOutput(SummingCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        return ops.concatenate([projected, projected], axis=-1), states


class MoreStates(SummingCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        return states[0], [states[0], projected]


class Branches(SummingCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        return (projected, [projected]) if ops.sum(projected) > 0 else (states[0], states)


class Raises(SummingCell):
    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        raise ValueError("my own fault")


class BadName(SummingCell):
    state_names = ("h/1 x",)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            Unbuilt,
            "Unbuilt, whose project fails: AttributeError: 'Unbuilt' object has no attribute 'kernel'; expected no "
            "error. Correct it.",
        ),
        (
            Alone,
            "Alone, whose step returned a EagerTensor; expected the output and a list of states. Write return output, "
            "[state].",
        ),
        (
            WideState,
            "WideState, whose step returned the state 'h' of shape (2, 8) for 2 rows and 4 units; expected (2, 4), as "
            "state_size says. Correct one of them.",
        ),
        (
            WideOutput,
            "WideOutput, whose step returned an output of shape (2, 8) for 2 rows and 4 units; expected (2, 4). Return "
            "an output as wide as units.",
        ),
        (
            MoreStates,
            "MoreStates, whose step returned 2 states; expected 1, as state_size and state_names say. Return as many, "
            "or change those.",
        ),
        (
            Raises,
            "Raises, whose step fails: ValueError: my own fault; expected no error. Correct it.",
        ),
        (
            BadName,
            "BadName with the state name 'h/1 x'; expected letters, digits and '_', a letter first, for it becomes an "
            "input of exported files. Rename it.",
        ),
    ],
)
def test_a_cell_that_cannot_work_is_refused(cell: type[StepCell], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        register("cell", "mine", cell)
    assert str(error.value) == f"cell: received {message}"
    assert "mine" not in CELLS


def test_a_python_if_over_tensors_is_refused() -> None:
    with pytest.raises(ArgumentError) as error:
        register("cell", "mine", Branches)
    text = str(error.value)
    assert text.startswith(
        "cell: received Branches, whose step fails in a graph, where no Python if and no number of"
    )
    assert "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed" in text
    assert "\n" not in text


class Whole(Pooling):
    def call(self, x: Any, mask: Any = None) -> Any:
        return x


class Unmasked(Pooling):
    def call(self, x: Any) -> Any:
        return ops.sum(x, axis=1)


class Needs(Pooling):
    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = power

    def call(self, x: Any, mask: Any = None) -> Any:
        return ops.sum(x, axis=1) * self.power


class FailsMasked(Pooling):
    def call(self, x: Any, mask: Any = None) -> Any:
        return ops.sum(x if mask is None else x * mask, axis=1)


@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        (
            Whole,
            "Whole, whose call returned shape (2, 3, 4) for (2, 3, 4), and compute_output_shape says (2, 4); expected "
            "the same shape (batch, width). Correct one of them.",
        ),
        (
            Unmasked,
            "Unmasked, whose call takes no mask; expected call(self, x, mask=None). Padding must never count.",
        ),
        (
            Needs,
            "Needs, which cannot be made without arguments (Needs.__init__() missing 1 required positional argument: "
            "'power'); expected defaults for all of them, and **arguments for those of every Keras layer.",
        ),
    ],
)
def test_a_pooling_that_cannot_work_is_refused(pooling: type[Pooling], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        register("pooling", "mine", pooling)
    assert str(error.value) == f"pooling: received {message}"
    assert "mine" not in POOLINGS


def test_a_pooling_is_tried_with_a_mask_too() -> None:
    with pytest.raises(ArgumentError, match="pooling: received FailsMasked, whose call fails with a mask: "):
        register("pooling", "mine", FailsMasked)


def test_what_a_layer_raises_in_training_is_kept() -> None:
    class Late(SummingCell):
        def project(self, x: Any) -> Any:
            if x.shape[1] == 6:
                raise ValueError("no rows of 6 steps")
            return super().project(x)

    register("cell", "late", Late)
    x = np.zeros((20, 6, 3), np.float32)
    try:
        model = build_classifier(num_classes=2, num_features=3, units=4, cell="late")
        with pytest.raises(
            ArgumentError, match=r"'features': \(2, 6, 3\)\}: no rows of 6 steps\. Build it with"
        ):
            train(model, Splits.from_arrays(x, ["a", "b"] * 10), config=TrainConfig(epochs=1), progress=False)
    finally:
        CELLS.remove("late")


def test_the_cause_is_what_keras_writes_in_bold() -> None:
    inner = "Exception encountered when calling A.call().\n\n\x1b[1mmine\x1b[0m\n\nArguments received"
    assert (
        cause_of(ValueError(f"Exception encountered when calling B.call().\n\n\x1b[1m{inner}\x1b[0m\n"))
        == "mine"
    )
    assert cause_of(ValueError("")) == ""


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"layer": SummingCell},
            r"layer of a Cell: received <class '.*SummingCell'>; expected a function of \(units, "
            r".*use Cell.of\(MyCell\)\.$",
        ),
        ({"layer": "gru"}, "layer of a Cell: received 'gru'; expected a function of"),
        ({"reference": None}, "reference of a Cell: received None; expected a text"),
        ({"onnx": "scan"}, "unknown onnx of a Cell: received 'scan'; did you mean 'Scan'"),
        (
            {"reads": ["vectors"]},
            "unknown reads of a Cell: received .* expected one of frames, observations, vectors",
        ),
        ({"cudnn": 1}, "cudnn of a Cell: received 1; expected True or False"),
    ],
)
def test_a_row_of_a_cell_is_checked(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Cell(**{"layer": lambda units, **arguments: None, "reference": "", **fields})


def test_advice_names_cells_that_the_builder_takes() -> None:
    for field in ("recurrent_dropout", "weight_drop", "zoneout"):
        options: dict[str, Any] = (
            {field: 0.1} if field == "recurrent_dropout" else {"regularization": {field: 0.1}}
        )
        with pytest.raises(
            ArgumentError, match=f"^{field}: .*one of the cells simple_rnn, lstm, gru"
        ) as error:
            build_classifier(num_classes=2, num_features=3, cell="sru", **options)
        assert "convlstm" not in str(error.value)
    with pytest.raises(ArgumentError, match=r"unknown cell: received \['gru'\]; did you mean 'gru'"):
        EncoderConfig(cell=["gru"])  # type: ignore[arg-type]
