"""Truth of ``rnnzoo.builders.attention_classifier``.

Attention, Transformer blocks and convolutions around recurrent layers: exact masks, files, streams, refusals.
"""

# mypy: disable-error-code="call-overload"

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo import (
    build_attention_classifier,
    build_classifier,
    build_cnn_classifier,
    build_fcn_classifier,
    build_transformer_classifier,
    get_spec,
)
from rnnzoo.builders.parts.convolutions import convolve
from rnnzoo.data.vectors.word_vectors import WordVectors
from rnnzoo.errors import ArgumentError, CudnnWarning, UnsupportedLayerError
from rnnzoo.layers.self_attention import SelfAttention
from rnnzoo_export import export_onnx, export_streaming_onnx
from zoo_cases import batch, run, tiny

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
NAMES = [
    "text-classifier-gru-transformer",
    "series-classifier-lstm-attention",
    "series-classifier-lstm-fcn",
    "series-classifier-cnn-gru",
    "dna-classifier-bilstm",
    "dna-classifier-cnn-gru",
    "video-cnn-lstm",
]


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(6)


def disturbed(model: keras.Model) -> keras.Model:
    """Gives every weight, moving statistics too, a value that no initializer gives."""
    rng = np.random.default_rng(8)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(
                np.abs(rng.normal(0.5, 0.2, variable.shape))
                if "variance" in variable.path
                else rng.normal(scale=0.4, size=variable.shape)
            )
    return model


@pytest.mark.parametrize("name", NAMES)
def test_exports_with_one_operator_for_each_recurrent_layer(name: str, tmp_path: Path) -> None:
    model = disturbed(tiny(name))
    report = export_onnx(model, tmp_path / "model.onnx")
    recurrent = [one.name for one in model.layers if isinstance(one, layers.RNN | layers.Bidirectional)]
    assert list(report.fused) == recurrent
    assert report.loops == ()
    assert "Loop" not in report.operators


@pytest.mark.parametrize("name", NAMES)
def test_moving_statistics_leave_padding_without_effect(name: str) -> None:
    """Of a model whose normalization shifts what it is given, zeros in padding too."""
    model, lengths = disturbed(tiny(name)), [5, 1, 3, 0]
    narrow, wide = run(model, batch(name, lengths, 5)), run(model, batch(name, lengths, 12))
    np.testing.assert_allclose(wide, narrow, **CLOSE)


def test_statistics_of_a_training_batch_are_those_of_its_valid_steps() -> None:
    model = build_cnn_classifier(
        num_classes=2, num_features=3, variable_length=True, filters=4, kernel_size=1, units=3
    )
    x = np.random.default_rng(1).normal(size=(5, 7, 3)).astype(np.float32)
    mask = np.random.default_rng(2).random((5, 7)) < 0.6
    kernel = np.asarray(model.get_layer("convolution_1").kernel)[0]
    run(model, [x, mask], training=True)
    normalization = model.get_layer("batch_normalization_1")
    made = x[mask] @ kernel
    share = 1 - normalization.momentum
    np.testing.assert_allclose(normalization.moving_mean, share * made.mean(axis=0), **CLOSE)
    np.testing.assert_allclose(normalization.moving_variance, 1 - share + share * made.var(axis=0), rtol=1e-4)


def test_convolution_equals_numpy() -> None:
    x = keras.Input((None, 2))
    mask = keras.Input((None,), dtype="bool")
    model = disturbed(keras.Model([x, mask], convolve(x, mask, filters=3, kernel_size=3, causal=True)))
    values = np.random.default_rng(3).normal(size=(1, 4, 2)).astype(np.float32)
    valid = np.array([[True, True, True, False]])
    values[~valid] = 0
    kernel = np.asarray(model.get_layer("convolution_1").kernel)
    gamma, beta, mean, variance = (np.asarray(w) for w in model.get_layer("batch_normalization_1").weights)
    padded = np.concatenate([np.zeros((2, 2)), values[0]])
    made = np.stack([sum(padded[step + k] @ kernel[k] for k in range(3)) for step in range(4)])
    made = np.maximum(gamma * (made - mean) / np.sqrt(variance + 1e-3) + beta, 0) * valid[0][:, None]
    np.testing.assert_allclose(run(model, [values, valid])[0], made, **CLOSE)


def test_attention_equals_numpy() -> None:
    x = keras.Input((None, 4))
    mask = keras.Input((None,), dtype="bool")
    model = disturbed(keras.Model([x, mask], SelfAttention(2, name="attention")(x, mask=mask)))
    values = np.random.default_rng(3).normal(size=(3, 5, 4)).astype(np.float32)
    valid = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
    query, key, value, out = (np.asarray(w) for w in model.get_layer("attention").weights)
    expected = np.zeros((3, 5, 4))
    for row in range(2):  # the last row has nothing to look at
        seen = values[row, valid[row]]
        for part in (slice(0, 2), slice(2, 4)):
            scores = np.exp((values[row] @ query[:, part]) @ (seen @ key[:, part]).T / np.sqrt(2))
            expected[row] += scores / scores.sum(axis=1, keepdims=True) @ (seen @ value[:, part]) @ out[part]
    np.testing.assert_allclose(run(model, [values, valid]), expected, **CLOSE)


def test_causal_convolutions_stream_and_answer_as_in_one_pass(tmp_path: Path) -> None:
    model = disturbed(
        build_cnn_classifier(num_classes=2, num_features=3, filters=(4, 5), kernel_size=(3, 2), units=4)
    )
    report = export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert [state.input for state in report.states] == [
        "convolution_1_context",
        "convolution_2_context",
        "gru_1_h",
    ]


@pytest.mark.parametrize(
    ("build", "layer"),
    [
        (build_attention_classifier, "'attention': SelfAttention needs the whole sequence"),
        (build_transformer_classifier, "'attention_1': SelfAttention needs the whole sequence"),
        (build_fcn_classifier, "'convolution_1': reads steps ahead"),
        (build_cnn_classifier, "'packed': PackSteps needs the whole sequence"),
    ],
)
def test_what_needs_the_whole_sequence_is_not_streamed(
    build: Callable[..., keras.Model], layer: str, tmp_path: Path
) -> None:
    masked = {"variable_length": True} if build is build_cnn_classifier else {}
    with pytest.raises(UnsupportedLayerError, match=layer):
        export_streaming_onnx(
            build(num_classes=2, num_features=3, units=4, **masked), tmp_path / "stream.onnx"
        )


def test_convolutions_look_ahead_only_where_the_recurrence_does() -> None:
    for bidirectional, padding in ((False, "causal"), (True, "same")):
        model = build_cnn_classifier(num_classes=2, num_features=3, units=4, bidirectional=bidirectional)
        assert model.get_layer("convolution_1").padding == padding


def test_two_directions_count_for_heads() -> None:
    with pytest.raises(ArgumentError, match=r"heads: received 4 for a width of 6; expected a divisor of it"):
        build_attention_classifier(num_classes=2, num_features=3, units=3, bidirectional=True, heads=4)
    with pytest.raises(ArgumentError, match="heads: received 0; expected an integer of at least 1"):
        build_transformer_classifier(num_classes=2, num_features=3, units=4, heads=0)


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (
            build_transformer_classifier,
            {"blocks": 0},
            "blocks: received 0; expected an integer of at least 1",
        ),
        (build_attention_classifier, {"pooling": "last"}, "unknown pooling: received 'last'"),
        (build_cnn_classifier, {"pooling": "least"}, "did you mean 'last'"),
        (build_cnn_classifier, {"filters": ()}, r"filters: received \(\); expected a positive integer"),
        (
            build_cnn_classifier,
            {"filters": (4, 4, 4), "kernel_size": (3, 3)},
            "received 2 sizes for 3 convolutions",
        ),
        (build_fcn_classifier, {"kernel_size": 0}, "kernel_size: received 0"),
        (build_fcn_classifier, {"task": "tagging"}, "unknown task: received 'tagging'"),
        (build_attention_classifier, {"num_classes": 0}, "num_classes: received 0"),
        (
            build_fcn_classifier,
            {"num_classes": 3, "task": "binary_classification"},
            "num_classes: received 3 with task",
        ),
    ],
)
def test_refusals(build: Callable[..., keras.Model], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build(**{"num_classes": 2, "num_features": 3, "units": 4, **arguments})


@pytest.mark.parametrize(
    "build",
    [build_attention_classifier, build_transformer_classifier, build_cnn_classifier, build_fcn_classifier],
)
def test_recurrent_dropout_is_warned_of_where_the_builder_is_called(
    build: Callable[..., keras.Model],
) -> None:
    with pytest.warns(CudnnWarning, match="takes (lstm|gru) off cuDNN") as record:
        build(num_classes=2, num_features=3, units=4, recurrent_dropout=0.1)
    assert record[0].filename == __file__


def test_every_task_has_its_head() -> None:
    for task, name, width in (("binary_classification", "logits", 1), ("regression", "values", 2)):
        model = build_fcn_classifier(
            num_classes=2, task=task, num_features=3, units=4, filters=4, kernel_size=3
        )
        assert (model.output_names, model.output_shape) == ([name], (None, width))


def test_embedding_weights_are_copied_in_and_not_stored_in_the_config() -> None:
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    for trainable in (True, False):
        model = build_classifier(
            num_classes=2,
            vocabulary_size=7,
            embedding_size=5,
            units=4,
            embedding_weights=matrix,
            trainable_embedding=trainable,
        )
        np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], matrix)
        names = [variable.path for variable in model.trainable_variables]
        assert any("embedding" in name for name in names) == trainable
        assert len(model.to_json()) < 6_000
        clone = keras.models.clone_model(model)
        assert clone.get_layer("embedding").trainable == trainable
    matrix[:] = 0
    assert model.get_layer("embedding").get_weights()[0].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"vocabulary_size": 7, "embedding_weights": np.zeros((7, 5))},
            r"received shape \(7, 5\); expected \(7, 64\), which is .*Pass embedding_size=5",
        ),
        (
            {"vocabulary_size": 7, "embedding_size": 5, "embedding_weights": np.zeros((6, 5))},
            r"received shape \(6, 5\); expected \(7, 5\).*read_word_vectors",
        ),
        (
            {"vocabulary_size": 3, "embedding_size": 1, "embedding_weights": [[0.0], [np.nan], [0.0]]},
            "received nan for token 1, column 0",
        ),
        (
            {
                "vocabulary_size": 3,
                "embedding_size": 5,
                "embedding_weights": WordVectors(np.zeros((3, 5), np.float32), ("a",), ()),
            },
            r"received WordVectors; expected a matrix .*: vectors\.matrix",
        ),
        ({"num_features": 7, "embedding_weights": np.zeros((7, 5))}, "expected vocabulary_size"),
        ({"num_features": 7, "trainable_embedding": False}, "expected vocabulary_size"),
        (
            {"vocabulary_size": 7, "trainable_embedding": 0},
            "trainable_embedding: received 0; expected True or False",
        ),
    ],
)
def test_embedding_weights_that_do_not_fit_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build_classifier(num_classes=2, units=4, **arguments)


def test_the_zoo_names_what_its_models_are_made_of() -> None:
    assert get_spec("series-classifier-lstm-fcn").cell == "lstm"
    assert get_spec("video-convlstm").cell == "convlstm"
