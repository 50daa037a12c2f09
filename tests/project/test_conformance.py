"""Truth of ``rnnzoo.zoo``: one property a test, over every entry of the zoo."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo
from quick_training import quick_training
from rnnzoo import get_spec, list_models, load_model
from rnnzoo.cells import CELLS
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.tasks import get_task
from rnnzoo.zoo import read_facts
from zoo_cases import CASES, batch, case, first_of_each, run, tiny
from zoo_cases.case import reads_tokens
from zoo_facts import facts_of

NAMES = list_models()
MASKED = [name for name in NAMES if case(name).takes_mask(get_spec(name))]


# What is solved only by remembering, whatever the cell: a matter of the builder.
REMEMBERED = [name for name in NAMES if case(name).needs_recurrence(get_spec(name))]
CLOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-6}  # float32 sums in another order


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(7)


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_output_has_the_shape_and_name_of_its_task(name: str) -> None:
    model, task = tiny(name), get_task(get_spec(name).task)
    output = run(model, batch(name, [5, 3], 5))
    assert output.shape == case(name).output_shape(get_spec(name), 2, 5)
    assert output.dtype == np.float32
    assert model.output_names == [task.output]
    assert not model.compiled


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_every_layer_is_named_by_hand(name: str) -> None:
    numbered = [layer.name for layer in tiny(name).layers if layer.name.startswith("keras_tensor")]
    assert numbered == []
    assert [layer.name for layer in tiny(name).layers] == [layer.name for layer in tiny(name).layers]


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_a_gradient_reaches_every_weight(name: str) -> None:
    model, inputs = tiny(name), batch(name, [5, 4, 3], 5)
    with tf.GradientTape() as tape:
        output = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        loss = tf.reduce_sum(tf.square(output - 1.0))
    gradients = tape.gradient(loss, model.trainable_variables)
    dead = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(np.asarray(tf.convert_to_tensor(gradient)))
    ]
    assert dead == []


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_saved_and_cloned_models_answer_the_same(name: str, tmp_path: Path) -> None:
    model, inputs = tiny(name), batch(name, [5, 2], 5)
    model.save(tmp_path / "model.keras")
    reloaded = load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(run(model, inputs), run(reloaded, inputs))
    np.testing.assert_array_equal(run(model, inputs), run(clone, inputs))


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_inference_is_repeatable_and_training_is_noisy(name: str) -> None:
    model, inputs = tiny(name, dropout=0.5), batch(name, [6, 6], 6)
    np.testing.assert_array_equal(run(model, inputs), run(model, inputs))
    assert not np.allclose(run(model, inputs, training=True), run(model, inputs, training=True))


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_batch_companions_never_change_an_answer(name: str) -> None:
    model, lengths = tiny(name), [6, 6, 6, 6]
    together = run(model, batch(name, lengths, 6))
    for row in range(4):
        alone = run(model, [array[row : row + 1] for array in batch(name, lengths, 6)])
        np.testing.assert_allclose(alone[0], together[row], **CLOSE)


@pytest.mark.parametrize("name", first_of_each(MASKED))
def test_padding_never_changes_an_answer(name: str) -> None:
    model, lengths = tiny(name), [5, 1, 3, 0]
    narrow, wide = run(model, batch(name, lengths, 5)), run(model, batch(name, lengths, 11))
    for row, length in enumerate(lengths):
        steps = slice(0, max(length, 1)) if case(name).answers_each_step else ...
        np.testing.assert_allclose(wide[row][steps], narrow[row][steps], **CLOSE)
        assert np.isfinite(wide[row]).all()


@pytest.mark.parametrize("name", first_of_each(MASKED))
def test_holes_and_left_padding_read_like_the_valid_steps_alone(name: str) -> None:
    model, valid = tiny(name), np.array([False, True, False, True, True, False, True])
    compact = batch(name, [4], 4)
    spread = [np.zeros((1, 7, *array.shape[2:]), array.dtype) for array in compact]
    for target, source in zip(spread, compact, strict=True):
        target[:, valid] = source
    answer, expected = run(model, spread), run(model, compact)
    if case(name).answers_each_step:
        answer = answer[:, valid]
    np.testing.assert_allclose(answer, expected, **CLOSE)


@pytest.mark.parametrize("name", [name for name in MASKED if not reads_tokens(get_spec(name))])
def test_what_stands_in_padding_is_never_read(name: str) -> None:
    model, inputs = tiny(name), batch(name, [4, 0], 6)
    clean = run(model, inputs)
    mask = inputs[1].reshape(*inputs[1].shape, *[1] * (inputs[0].ndim - 2))
    inputs[0] = np.where(mask, inputs[0], np.nan).astype(np.float32)
    spoiled = run(model, inputs)
    steps = slice(0, 4) if case(name).answers_each_step else ...
    np.testing.assert_array_equal(spoiled[0][steps], clean[0][steps])
    assert np.isfinite(spoiled).all()


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_mixed_precision_runs_and_ends_in_float32(name: str) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny(name)
    finally:
        keras.config.set_dtype_policy("float32")
    output = run(model, batch(name, [5, 3], 5))
    assert output.dtype == np.float32
    assert np.isfinite(output).all()


@pytest.mark.parametrize("name", first_of_each(NAMES, ("builder",)))
def test_learns_what_needs_memory(name: str) -> None:
    """The answer depends on what an earlier step said: see ``zoo_cases``."""
    assert _learned(name) < 0.2


# What hands a state on, as from an encoder to its decoder, is cut off too.
@pytest.mark.filterwarnings("ignore:Gradients do not exist for variables:UserWarning")
@pytest.mark.parametrize("name", first_of_each(REMEMBERED, ("task",)))
def test_fails_without_its_recurrence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same model, every step of which starts where the first one did, cannot solve the same problem."""
    _forget_each_step(monkeypatch)
    assert _learned(name, epochs=50) > 0.5


def _learned(name: str, *, epochs: int = 400) -> float:
    """Trains on the toy problem; returns the loss as a share of that of an answer without memory."""
    problem = case(name).problem(get_spec(name))
    model = tiny(name, **case(name).training_arguments(get_spec(name)))
    model.compile(keras.optimizers.Adam(0.02, global_clipnorm=1.0), get_task(get_spec(name).task).loss())
    run = quick_training(model, problem.inputs, problem.targets, batch_size=64)
    share = 1.0
    for _ in range(epochs // 10):
        share = run(10) / problem.chance
        if share < 0.2:
            break
    return share


def _forget_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every recurrent layer read each step as a sequence of its own."""

    def inner_loop(
        self: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = False, *, base: Any
    ) -> Any:
        if not isinstance(self, keras.layers.Layer):  # the loop inside a Recurrence, which is cut already
            return base(self, sequences, initial_state, mask, training)
        shape = tf.shape(sequences)
        single = tf.reshape(sequences, [-1, 1, *sequences.shape[2:]])
        starts = [tf.repeat(state, shape[1], axis=0) for state in keras.tree.flatten(initial_state)]
        _, outputs, states = base(self, single, starts, None, training)
        outputs, *states = [
            tf.reshape(values, [shape[0], shape[1], *values.shape[2:]])
            for values in (outputs, *(tf.expand_dims(state, 1) for state in keras.tree.flatten(states)))
        ]
        if self.go_backwards:
            outputs, *states = [tf.reverse(values, [1]) for values in (outputs, *states)]
        return outputs[:, -1], outputs, [state[:, -1] for state in states]

    for kind in (keras.layers.RNN, keras.layers.LSTM, keras.layers.GRU, Recurrence):
        base = kind.__dict__["inner_loop"]
        monkeypatch.setattr(kind, "inner_loop", functools.partialmethod(inner_loop, base=base))


def test_every_builder_is_in_the_zoo_and_every_cell_has_a_row() -> None:
    specs = [get_spec(name) for name in NAMES]
    builders = {name for name in rnnzoo.__all__ if name.startswith("build_")}
    assert {spec.builder for spec in specs} == builders == set(CASES)
    assert {spec.cell for spec in specs} == set(CELLS)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", first_of_each(NAMES))
def test_the_facts_that_the_command_shows_are_those_of_the_model(name: str) -> None:
    """Where this fails: ``python tests/zoo_facts.py --write``."""
    assert read_facts()[name] == facts_of(name)


def test_the_facts_are_of_the_models_of_the_zoo() -> None:
    assert list(read_facts()) == NAMES
