"""Truth of ``rnnzoo.cells``, ``rnnzoo.layers.pooling`` and ``rnnzoo.builders.builder_names`` as tables to add to.

A cell, a pooling, a builder and a row of the zoo that a user writes: each is trained, saved, exported and proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
import pytest
from keras import layers, ops

from rnnzoo import (
    EncoderConfig,
    ModelSpec,
    Splits,
    TrainConfig,
    build_classifier,
    build_forecaster,
    build_tagger,
    create_model,
    list_models,
    load_model,
    train,
)
from rnnzoo.builders.builder_names import BUILDERS, builder_parameters, get_builder
from rnnzoo.builders.parts.option_types import ForwardOptions
from rnnzoo.cells import CELLS, Cell
from rnnzoo.cells.step_cell import LinearCell, StepCell
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.layers.pooling import POOLINGS, Pooling
from rnnzoo.zoo import ZOO
from rnnzoo_export import export_onnx, export_streaming_onnx
from rnnzoo_tuning import Choice, SearchSpace, run_search

X = np.random.default_rng(0).normal(size=(24, 6, 3)).astype(np.float32)
MASK = np.arange(6) < np.resize([6, 4, 1], 24)[:, None]


class TwoSpeedCell(StepCell):
    """A fast and a slow memory; the output is their difference, so that it is no state."""

    output_is_state = False
    state_names = ("fast", "slow")

    def __init__(self, units: int, slowness: float = 0.9, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.slowness = slowness
        self.state_size = [self.units] * 2

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self.add_kernel("recurrent_kernel", (self.units, self.units), recurrent=True)
        self.bias = self.add_bias("bias", self.units)

    def step(self, projected: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        fast = ops.tanh(projected + ops.matmul(states[0], self.recurrent_kernel))
        slow = self.slowness * states[1] + (1.0 - self.slowness) * fast
        return fast - slow, [fast, slow]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "slowness": self.slowness}


class MeanCell(LinearCell):
    """A running mean at a learned rate: all steps at once in training."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_kernel("kernel", (input_shape[-1], 2 * self.units))
        self.bias = self.add_bias("bias", 2 * self.units)

    def coefficients(self, projected: Any) -> tuple[Any, Any]:
        gate, value = ops.split(projected, 2, axis=-1)
        return ops.sigmoid(gate), ops.sigmoid(-gate) * value


class RangePooling(Pooling):
    """Smallest and largest valid step side by side."""

    def call(self, x: Any, mask: Any = None) -> Any:
        valid = ops.ones_like(x[:, :, :1]) > 0 if mask is None else ops.expand_dims(mask, -1)
        low = ops.min(ops.where(valid, x, 1e9), axis=1)
        high = ops.max(ops.where(valid, x, -1e9), axis=1)
        return ops.concatenate([low, high], axis=-1)

    def compute_output_shape(self, x_shape: Any) -> tuple[int | None, ...]:
        return (x_shape[0], 2 * x_shape[-1])


def build_squeezed(
    *,
    num_classes: int,
    num_features: int,
    variable_length: bool = False,
    squeeze: int = 2,
    name: str = "squeezed",
) -> keras.Model:
    """A narrow layer in front of a GRU."""
    features = keras.Input((None, num_features), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask") if variable_length else None
    x = layers.GRU(4, name="gru")(layers.Dense(squeeze, name="squeeze")(features), mask=mask)
    inputs = features if mask is None else [features, mask]
    return keras.Model(inputs, layers.Dense(num_classes, name="logits")(x), name=name)


@pytest.fixture(autouse=True)
def own_parts() -> Iterator[None]:
    CELLS.add("two-speed", Cell.of(TwoSpeedCell, reference="Own 2026", recurrent_matrix=True))
    CELLS.add("mean_cell", MeanCell)
    POOLINGS.add("range", RangePooling)
    BUILDERS.add("build_squeezed", build_squeezed)
    spec = ModelSpec(
        "squeezed-gru",
        "build_squeezed",
        "classification",
        "a narrow layer, then a GRU",
        arguments={"num_classes": 2, "num_features": 3},
    )
    ZOO.add(spec.name, spec)
    yield
    for table, name in (
        (ZOO, "squeezed-gru"),
        (BUILDERS, "build_squeezed"),
        (POOLINGS, "range"),
        (CELLS, "mean_cell"),
        (CELLS, "two-speed"),
    ):
        table.remove(name)


def splits() -> Splits:
    targets = (X[:, -1, 0] > 0).astype(np.int64)
    return Splits.from_arrays(X, targets, validation_fraction=0.25, test_fraction=0.25)


OWN = (
    {"cell": "two-speed", "units": (5, 5), "bidirectional": True},
    {"cell": "mean_cell", "units": (5, 5), "dropout": 0.1},
    {"cell": "lstm", "units": 5, "pooling": "range"},
)


@pytest.mark.parametrize("arguments", OWN)
def test_own_parts_train_load_and_export(arguments: dict[str, Any], tmp_path: Path) -> None:
    model = build_classifier(num_classes=2, num_features=3, variable_length=True, **arguments)
    before = [np.asarray(weight) for weight in model.trainable_weights]
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit([X, MASK], np.arange(24) % 2, verbose=0)
    after = [np.asarray(weight) for weight in model.trainable_weights]
    assert all(np.any(a != b) for a, b in zip(before, after, strict=True))
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict([X, MASK], verbose=0), model.predict([X, MASK], verbose=0))
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.loops == ()
    assert report.parity.max_difference < 1e-4
    assert report.parity.cases > 1


@pytest.mark.parametrize(("cell", "states"), [("two-speed", 2), ("mean_cell", 1)])
def test_own_cells_stream(cell: str, states: int, tmp_path: Path) -> None:
    model = build_tagger(num_classes=2, num_features=3, bidirectional=False, cell=cell, units=(4,))
    report = export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert len(report.states) == states


def test_own_cells_are_as_any_other_to_every_builder() -> None:
    encoder = EncoderConfig(
        cell="two-speed", units=(4, 4), skip="highway", regularization={"recurrent_l2": 0.1}
    )
    model = build_tagger(num_classes=2, num_features=3, encoder=encoder)
    assert len(model.losses) == 2  # one for each layer
    forecaster = build_forecaster(num_features=3, horizon=2, cell="two-speed", units=4, decoder="recurrent")
    assert forecaster(X).shape == (24, 2, 1)
    assert create_model("series-classifier-gru", cell="mean_cell").get_layer("mean_cell_1") is not None
    with pytest.raises(ArgumentError, match=r"zoneout: received 0\.1 with cell='mean_cell'; expected 0"):
        build_classifier(num_classes=2, num_features=3, cell="mean_cell", regularization={"zoneout": 0.1})
    with pytest.raises(UnknownNameError, match="unknown cell: received 'two-sped'; did you mean 'two-speed'"):
        build_classifier(num_classes=2, num_features=3, cell="two-sped")


def test_a_model_with_an_own_pooling_is_refused_for_streams(tmp_path: Path) -> None:
    model = build_classifier(num_classes=2, num_features=3, units=4, pooling="range")
    with pytest.raises(Exception, match="'range_pooling': RangePooling needs the whole sequence"):
        export_streaming_onnx(model, tmp_path / "stream.onnx")


@pytest.mark.slow
def test_own_builders_make_models_of_the_zoo_that_a_search_takes(tmp_path: Path) -> None:
    assert get_builder("build_squeezed") is build_squeezed
    assert "squeezed-gru" in list_models("squeezed*", task="classification")
    data = splits()
    model = create_model("squeezed-gru", squeeze=3, **data.model_arguments)
    assert model.name == "squeezed-gru"
    train(model, data, config=TrainConfig(epochs=1), progress=False)
    assert export_onnx(model, tmp_path / "model.onnx").fused == ("gru",)
    with pytest.raises(
        UnknownNameError, match="unknown argument of build_squeezed: received 'squeezes'; did you me"
    ):
        create_model("squeezed-gru", squeezes=3)
    result = run_search(
        "squeezed-gru",
        data,
        directory=tmp_path / "search",
        space=SearchSpace(model={"squeeze": Choice((1, 2))}),
        max_trials=2,
        config=TrainConfig(epochs=1),
        progress=False,
    )
    assert result.arguments["squeeze"] in (1, 2)
    assert load_model(tmp_path / "search" / "best" / "model.keras").name == "squeezed-gru"


def test_option_words_of_own_builders_are_known() -> None:
    def build_wrapped(
        *, num_classes: int, name: str = "wrapped", **options: Unpack[ForwardOptions]
    ) -> keras.Model:
        return build_classifier(num_classes=num_classes, num_features=3, name=name, **options)

    BUILDERS.add("build_wrapped", build_wrapped)
    try:
        assert builder_parameters("build_wrapped")[:3] == ["num_classes", "name", "cell"]
    finally:
        BUILDERS.remove("build_wrapped")


def test_what_is_no_cell_pooling_builder_or_model_is_refused() -> None:
    class Unfinished(StepCell):
        pass

    class Unnamed(TwoSpeedCell):
        state_names = ("h",)  # type: ignore[assignment]

    with pytest.raises(ArgumentError, match="cell: received Unfinished without a method step; expected one"):
        CELLS.add("unfinished", Unfinished)
    with pytest.raises(
        ArgumentError, match="cell: received Unnamed with 2 states and the names h; expected state_na"
    ):
        CELLS.add("unnamed", Unnamed)
    with pytest.raises(
        ArgumentError, match=r"cell: received <class '.*LSTM'>; expected a subclass of StepCell"
    ):
        CELLS.add("lstm-2", layers.LSTM)
    with pytest.raises(
        ArgumentError, match="name: received 'lstm' for a cell, which is rnnzoo's; expected one that"
    ):
        CELLS.add("lstm", MeanCell)
    with pytest.raises(
        ArgumentError, match=r"pooling: received <class '.*Flatten'>; expected a subclass of Pooling"
    ):
        POOLINGS.add("flat", layers.Flatten)
    with pytest.raises(ArgumentError, match="name: received 'last' for a pooling, which needs no layer"):
        POOLINGS.add("last", RangePooling)
    with pytest.raises(
        ArgumentError, match=r"builder: received a function of \*\*options without their names"
    ):
        BUILDERS.add("build_free", lambda name, **options: None)
    with pytest.raises(ArgumentError, match="builder: received a function of num_classes; expected name"):
        BUILDERS.add("build_unnamed", lambda num_classes: None)
    with pytest.raises(
        UnknownNameError, match="unknown builder: received 'build_squeezd'; did you mean 'build_squee"
    ):
        ZOO.add("mine", ModelSpec("mine", "build_squeezd", "classification", ""))
    with pytest.raises(UnknownNameError, match="unknown argument of build_squeezed: received 'units'"):
        ZOO.add("mine", ModelSpec("mine", "build_squeezed", "classification", "", arguments={"units": 3}))


def test_the_same_cell_may_be_added_again_and_rnnzoos_own_stay() -> None:
    CELLS.add("mean_cell", MeanCell)
    with pytest.raises(
        ArgumentError, match="received 'lstm' for a cell, which is rnnzoo's; it cannot be removed"
    ):
        CELLS.remove("lstm")
