"""Truth of ``rnnzoo.builders.video_classifier``.

Video: frames one by one, ConvLSTM against NumPy, preprocessing of frames, moving digits.
"""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rnnzoo import (
    Splits,
    TrainConfig,
    build_video_classifier,
    create_model,
    explain_cudnn,
    load_dataset,
    train,
)
from rnnzoo.data.sets.moving_digits import DIRECTIONS, moving_digits
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, UnsupportedLayerError
from rnnzoo.preprocessing import FramePreprocessing, load_preprocessing, save_preprocessing
from rnnzoo_export import OnnxPredictor, export_onnx, export_streaming_onnx, save_bundle
from zoo_cases import run

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
FRAME = (4, 6, 2)


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(6)


def videos(rows: int = 3, steps: int = 5) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, steps, *FRAME)).astype(np.float32)


def test_each_frame_is_read_alone() -> None:
    model = build_video_classifier(
        num_classes=2, frame_shape=FRAME, filters=(3, 4), embedding_size=5, units=4
    )
    vectors = keras.Model(model.input, model.get_layer("frame_vectors").output)
    x = videos()
    together = np.asarray(vectors(x))
    assert together.shape == (3, 5, 5)
    for row in range(3):
        for step in range(5):
            alone = np.asarray(vectors(x[row : row + 1, step : step + 1]))
            np.testing.assert_allclose(alone[0, 0], together[row, step], **CLOSE)


def test_a_frame_vector_knows_where_things_stand() -> None:
    model = build_video_classifier(num_classes=2, frame_shape=(8, 8, 1), filters=3, units=4)
    vectors = keras.Model(model.input, model.get_layer("frame_vectors").output)
    frames = np.zeros((1, 2, 8, 8, 1), np.float32)
    frames[0, 0, 1:3, 1:3] = frames[0, 1, 5:7, 5:7] = 1
    first, second = np.asarray(vectors(frames))[0]
    assert not np.allclose(first, second)


def conv(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A "same" convolution of one image by a kernel of 3 x 3."""
    height, width = x.shape[:2]
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    return np.sum(
        [padded[i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)], axis=0
    )


def test_convlstm_equals_numpy_over_the_valid_steps() -> None:
    model = build_video_classifier(
        num_classes=2, frame_shape=FRAME, variable_length=True, encoder="convlstm", filters=3
    )
    layer, x = model.get_layer("convlstm_1"), videos(2, 4)
    layer.cell.bias.assign(np.random.default_rng(3).normal(size=layer.cell.bias.shape))
    mask = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], bool)
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.weights)
    head, shift = model.get_layer("logits").get_weights()
    answers = []
    for row in range(2):
        h = c = np.zeros((*FRAME[:2], 3))
        for image in x[row, mask[row]]:
            i, f, g, o = np.split(conv(image, kernel) + bias + conv(h, recurrent), 4, axis=-1)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            c = f * c + i * np.tanh(g)
            h = o * np.tanh(c)
        answers.append(h.mean(axis=(0, 1)) @ head + shift)
    np.testing.assert_allclose(run(model, [x, mask]), answers, **CLOSE)


@pytest.mark.parametrize("masked", [False, True])
def test_frames_by_convolutions_fuse_and_stream(masked: bool, tmp_path: Path) -> None:
    model = build_video_classifier(
        num_classes=2,
        frame_shape=FRAME,
        variable_length=masked,
        filters=3,
        embedding_size=4,
        cell="gru",
        units=4,
    )
    report = export_onnx(model, tmp_path / "model.onnx")
    assert (report.fused, report.loops) == (("gru_1",), ())
    report = export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert [state.input for state in report.states] == ["gru_1_h"]


def test_convlstm_is_a_loop_by_nature_which_no_export_refuses(tmp_path: Path) -> None:
    model = create_model("video-convlstm", frame_shape=FRAME, filters=3)
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.loops == ("convlstm_1",)
    assert report.operators["Loop"] == 1
    with pytest.raises(UnsupportedLayerError, match="'convlstm_1': ConvLSTM2D needs the whole sequence"):
        export_streaming_onnx(model, tmp_path / "stream.onnx")
    assert not explain_cudnn(model).eligible


def test_other_loops_beside_it_are_still_refused(tmp_path: Path) -> None:
    frames = keras.Input((None, *FRAME), name="frames")
    x = keras.layers.ConvLSTM2D(2, 3, name="convlstm_1")(frames)
    x = keras.layers.Reshape((-1, 2), name="pixels")(x)
    x = keras.layers.GRU(2, activation="gelu", name="odd")(x)
    with pytest.raises(UnsupportedLayerError, match="layer 'odd': ONNX has no operator"):
        export_onnx(keras.Model(frames, x, name="video-convlstm"), tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"encoder": "conv"}, "unknown encoder: received 'conv'; did you mean"),
        ({"encoder": "convlstm", "cell": "gru"}, "cell: received 'gru' with encoder='convlstm'"),
        ({"encoder": "convlstm", "units": 4}, "units: received 4 with encoder='convlstm'"),
        ({"encoder": "convlstm", "embedding_size": 4}, "embedding_size: received 4 with"),
        ({"encoder": "convlstm", "bidirectional": True}, "bidirectional: received True with"),
        ({"frame_shape": (8, 8)}, r"frame_shape: received \(8, 8\); expected \(height, width, channels\)"),
        ({"frame_shape": (8, 0, 1)}, r"frame_shape\[1\]: received 0"),
        ({"filters": (2, 2, 2)}, r"filters: received 3 convolutions, .* 4 x 6; expected at most 2 here"),
        ({"kernel_size": 0}, "kernel_size: received 0"),
        ({"embedding_size": 0}, "embedding_size: received 0"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build_video_classifier(**{"num_classes": 2, "frame_shape": FRAME, **arguments})


def test_frames_are_scaled_channel_by_channel_with_training_statistics(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [rng.normal([5, -2], [3, 0.5], (steps, 3, 4, 2)) for steps in (4, 2, 7)]
    fitted = FramePreprocessing.fit(rows)
    scaled = np.concatenate([row.reshape(-1, 2) for row in fitted.encode(rows)])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-6)
    inputs = fitted.apply(rows)
    assert inputs["frames"].shape == (3, 7, 3, 4, 2)
    assert inputs["mask"].sum(axis=1).tolist() == [4, 2, 7]
    assert not inputs["frames"][1, 2:].any()
    with pytest.raises(EmptyRowError, match="row 0: received an empty video; expected at least one frame"):
        fitted.apply([[]])
    assert fitted.batch([np.zeros((0, 3, 4, 2))])["frames"].shape == (1, 1, 3, 4, 2)
    json.dumps(fitted.to_config())
    save_preprocessing(fitted, tmp_path / "frames.json")
    again = load_preprocessing(tmp_path / "frames.json")
    np.testing.assert_array_equal(again.apply(rows)["frames"], inputs["frames"])


def test_bytes_and_constant_channels_are_read() -> None:
    rows = np.full((2, 3, 4, 4, 1), 255, np.uint8)
    fitted = FramePreprocessing.fit(rows)
    assert not fitted.variable_length
    assert not fitted.apply(rows)["frames"].any()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (np.zeros((2, 4, 4)), r"row 0: received shape \(2, 4, 4\); expected \(time, 3, 4, 2\). Gray"),
        (np.zeros((2, 4, 3, 2)), r"row 0: received shape \(2, 4, 3, 2\)"),
        (np.full((2, 3, 4, 2), np.nan), r"row 0: received nan at \(0, 0, 0, 0\); expected finite"),
        ("video.mp4", "row 0: received str that is no array of numbers"),
    ],
)
def test_rows_that_are_no_videos_are_refused(row: Any, message: str) -> None:
    fitted = FramePreprocessing([0.0, 0.0], [1.0, 1.0], frame_shape=(3, 4, 2), variable_length=False)
    with pytest.raises(DataError, match=message):
        fitted.encode([row])


def test_statistics_and_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"expected frames .* and one value per channel"):
        FramePreprocessing([0.0], [1.0], frame_shape=(3, 4, 2), variable_length=False)
    with pytest.raises(ArgumentError, match="expected scales above 0"):
        FramePreprocessing([0.0], [0.0], frame_shape=(3, 4, 1), variable_length=False)
    with pytest.raises(DataError, match="received no frames"):
        FramePreprocessing.fit([])
    fixed = FramePreprocessing([0.0], [1.0], frame_shape=(1, 1, 1), variable_length=False)
    with pytest.raises(DataError, match=r"received lengths \[1, 2\] in one batch"):
        fixed.apply([np.zeros((1, 1, 1, 1)), np.zeros((2, 1, 1, 1))])


def test_moving_digits_differ_in_the_order_of_frames_alone() -> None:
    rows, directions = moving_digits()
    again, _ = moving_digits()
    np.testing.assert_array_equal(rows, again)
    assert rows.shape == (1797, 8, 16, 16, 1)
    assert sorted(set(directions)) == sorted(DIRECTIONS)
    for sign, direction, axis in ((1, "right", 3), (-1, "left", 3), (1, "down", 2), (-1, "up", 2)):
        one = rows[directions == direction]
        np.testing.assert_array_equal(one[:, 1:], np.roll(one[:, :-1], sign, axis=axis))
    # The mean frame says at most the axis: half of the directions are guessed.
    mean = rows.mean(axis=1).reshape(len(rows), -1) / 16
    model = LogisticRegression(C=0.1, max_iter=500).fit(mean[:1200], directions[:1200])
    assert model.score(mean[1200:], directions[1200:]) < 0.6


@pytest.mark.slow
def test_a_small_model_learns_directions_and_is_served(tmp_path: Path) -> None:
    rows, directions = moving_digits()
    splits = Splits.from_arrays(rows[:300], directions[:300])
    model = create_model("video-cnn-lstm", filters=(8,), units=(16,), dropout=0.0, **splits.model_arguments)
    config = TrainConfig(epochs=8, learning_rate=0.01, seed=1, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["accuracy"] > 0.7
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        also=["streaming"],
    )
    assert splits.test is not None
    assert splits.test.raw is not None
    answers = OnnxPredictor(bundle).predict(splits.test.raw[:5])
    assert {answer["label"] for answer in answers} <= set(DIRECTIONS)


def test_moving_digits_are_a_named_set() -> None:
    splits = load_dataset("moving_digits")
    assert splits.model_arguments == {"frame_shape": (16, 16, 1), "variable_length": False, "num_classes": 4}
