"""Truth of ``rnnzoo.layers.pooling``.

Pooling over valid steps against plain NumPy, alone, in a classifier and in the file that it becomes.
"""

# mypy: disable-error-code="call-overload"

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

import reference
from rnnzoo import build_classifier, load_model
from rnnzoo.errors import UnknownNameError, UnsupportedLayerError
from rnnzoo.layers.packing import PackSteps
from rnnzoo.layers.pooling import POOLINGS, AttentionPooling, pool
from rnnzoo_export import export_onnx, export_streaming_onnx
from zoo_cases import run

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
# Right padding, a hole with left padding, a single step, none.
MASK = np.array([[1, 1, 1, 1, 0], [0, 1, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool)


def inputs(rows: int = 4, steps: int = 5, width: int = 3) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(rows, steps, width)).astype(np.float32)


def truth(pooling: str, x: np.ndarray, mask: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """Row by row, over the valid steps as if nothing else were there."""
    result = np.zeros((len(x), x.shape[-1] * (3 if pooling == "concat" else 1)))
    for row, (steps, valid) in enumerate(zip(x.astype(np.float64), mask, strict=True)):
        seen = steps[valid]
        if not len(seen):
            continue
        if pooling == "mean":
            result[row] = seen.mean(axis=0)
        elif pooling == "max":
            result[row] = seen.max(axis=0)
        elif pooling == "concat":
            result[row] = np.concatenate([seen[-1], seen.max(axis=0), seen.mean(axis=0)])
        elif pooling == "middle":
            result[row] = seen[len(seen) // 2]
        else:
            kernel, bias, query = weights
            scores = np.exp(np.tanh(seen @ kernel + bias) @ query)
            result[row] = (scores / scores.sum() * seen).sum(axis=0)
    return result


def layer(pooling: str) -> Any:
    keras.utils.set_random_seed(1)
    made = POOLINGS[pooling]()
    made(inputs())
    for weight in made.weights:
        weight.assign(np.random.default_rng(4).normal(size=weight.shape))
    return made


@pytest.mark.parametrize("pooling", POOLINGS)
def test_equals_numpy_over_the_valid_steps(pooling: str) -> None:
    made, x = layer(pooling), inputs()
    weights = [np.asarray(weight) for weight in made.weights]
    np.testing.assert_allclose(made(x, mask=MASK), truth(pooling, x, MASK, weights), **CLOSE)
    everything = np.ones_like(MASK)
    np.testing.assert_allclose(made(x), truth(pooling, x, everything, weights), **CLOSE)
    np.testing.assert_allclose(made(x, mask=everything), made(x), **CLOSE)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_stands_in_padding_is_not_read_and_gives_no_gradient(pooling: str) -> None:
    import tensorflow as tf

    made, x = layer(pooling), inputs()
    other = np.where(MASK[..., None], x, 1e6).astype(np.float32)
    np.testing.assert_array_equal(made(x, mask=MASK), made(other, mask=MASK))
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        loss = tf.reduce_sum(made(tensor, mask=tf.constant(MASK)) ** 2)
    gradient = tape.gradient(loss, tensor).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[~MASK].any()
    assert gradient[MASK].any()


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_half_precision_stays_finite(pooling: str, dtype: str) -> None:
    answer = np.asarray(
        POOLINGS[pooling](dtype=dtype)(inputs(steps=300), mask=np.arange(300) < [[300], [1], [7], [0]])
    )
    assert np.isfinite(answer.astype(np.float32)).all()
    assert not answer[3].any()


def test_attention_weights_are_shares_of_the_valid_steps() -> None:
    weights = np.asarray(layer("attention").weigh(inputs(), MASK))[..., 0]
    np.testing.assert_allclose(weights.sum(axis=1), [1, 1, 1, 0], rtol=1e-6)
    assert not weights[~MASK].any()
    # Scores far beyond what float32 can exponentiate.
    loud = AttentionPooling()
    loud.build((None, None, 3))
    loud.query.assign(np.full((3, 1), 1e4))
    assert np.isfinite(np.asarray(loud(inputs(), mask=MASK))).all()


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_pooled_classifier_equals_numpy_and_its_file(pooling: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = build_classifier(
        num_classes=2, num_features=3, variable_length=True, cell="gru", units=4, pooling=pooling
    )
    x, mask = inputs(), MASK[:3]
    x = np.where(mask[..., None], x[:3], 0).astype(np.float32)
    outputs, _ = reference.run("gru", x, mask, [np.asarray(w) for w in model.get_layer("gru_1").weights])
    pooled = truth(
        pooling, outputs, mask, [np.asarray(w) for w in model.get_layer(f"{pooling}_pooling").weights]
    )
    kernel, bias = model.get_layer("logits").get_weights()
    np.testing.assert_allclose(run(model, [x, mask]), pooled @ kernel + bias, **CLOSE)
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.fused == ("gru_1",)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"features": inputs(), "mask": MASK})
    np.testing.assert_allclose(answer, run(model, [inputs(), MASK]), **CLOSE)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(run(load_model(tmp_path / "model.keras"), [x, mask]), run(model, [x, mask]))


def test_padding_never_changes_a_pooled_answer() -> None:
    for pooling in POOLINGS:
        model = build_classifier(
            num_classes=2, vocabulary_size=9, cell="lstm", units=4, bidirectional=True, pooling=pooling
        )
        narrow = np.array([[2, 3, 4], [5, 0, 0], [0, 0, 0]], np.int32)
        wide = np.pad(narrow, ((0, 0), (0, 6)))
        holes = np.array([[2, 0, 3, 4], [0, 5, 0, 0], [0, 0, 0, 0]], np.int32)
        for other in (wide, holes):
            np.testing.assert_allclose(run(model, [other]), run(model, [narrow]), **CLOSE)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_pooled_model_is_not_streamed(pooling: str, tmp_path: Path) -> None:
    model = build_classifier(num_classes=2, num_features=3, cell="gru", units=4, pooling=pooling)
    with pytest.raises(
        UnsupportedLayerError,
        match=f"'{pooling}_pooling': {POOLINGS[pooling].__name__} needs the whole sequence",
    ):
        export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown pooling: received 'meen'; did you mean 'mean'"):
        build_classifier(num_classes=2, num_features=3, pooling="meen")
    with pytest.raises(UnknownNameError, match="expected one of attention, concat, max, mean, middle"):
        pool(keras.Input((None, 3)), None, "last")


def test_the_last_step_is_the_default_and_adds_no_layer() -> None:
    model = build_classifier(num_classes=2, num_features=3, cell="gru", units=4)
    assert [one.name for one in model.layers] == ["features", "gru_1", "logits"]


def test_packing_keeps_order_and_leaves_zeros() -> None:
    x = np.where(MASK[..., None], inputs(), np.nan).astype(np.float32)
    packed, valid = (np.asarray(one) for one in PackSteps()(x, MASK))
    counts = MASK.sum(axis=1)
    np.testing.assert_array_equal(valid, np.arange(5) < counts[:, None])
    for row, count in enumerate(counts):
        np.testing.assert_array_equal(packed[row, :count], x[row, MASK[row]])
        assert not packed[row, count:].any()
