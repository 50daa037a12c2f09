"""Truth of ``rnnzoo_export.inference.bound_session``: pieces of one shape are answered as any others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo import build_tagger
from rnnzoo.errors import RequestError
from rnnzoo_export import StreamingPredictor, export_streaming_onnx

FEATURES = 3


def streaming_file(folder: Path, *, masked: bool) -> Path:
    keras.utils.set_random_seed(1)
    tagger = build_tagger(
        num_classes=4,
        num_features=FEATURES,
        cell="lstm",
        units=(5, 6),
        bidirectional=False,
        variable_length=masked,
    )
    export_streaming_onnx(tagger, folder / "s.onnx")
    return folder / "s.onnx"


@pytest.mark.parametrize("masked", [False, True])
def test_any_order_of_calls_answers_as_pieces_of_lists_do(masked: bool, tmp_path: Path) -> None:
    path = streaming_file(tmp_path, masked=masked)
    # Lists have to be made arrays first, so that no piece of them is bound.
    bound, plain = StreamingPredictor(path), StreamingPredictor(path)
    for session in ("a", "b"):
        bound.open(session)
        plain.open(session)
    rng = np.random.default_rng(0)
    used = 0
    for _ in range(200):
        steps = int(rng.choice([1, 1, 1, 2, 5]))
        pieces = {}
        for session in ("a", "b"):
            features = rng.normal(size=(steps, FEATURES)).astype(np.float32)
            mask = rng.random(steps) < 0.8
            pieces[session] = {"features": features, "mask": mask} if masked else {"features": features}
        lists = {
            session: {name: array.tolist() for name, array in arrays.items()}
            for session, arrays in pieces.items()
        }
        way = rng.choice(["step", "step", "step", "many", "reset"])
        session = str(rng.choice(["a", "b"]))
        used += session in bound._bound and bound._bound[session].fits(pieces[session])
        if way == "reset":
            bound.reset(session)
            plain.reset(session)
        elif way == "many":
            found, expected = bound.step_many(pieces), plain.step_many(lists)
            for name in found:
                np.testing.assert_array_equal(found[name]["logits"], expected[name]["logits"])
        else:
            answer, other = bound.step(session, pieces[session]), plain.step(session, lists[session])
            np.testing.assert_array_equal(answer["logits"], other["logits"])
    assert used > 20


def test_ids_are_checked_at_every_step(tmp_path: Path) -> None:
    tokens = keras.Input((None,), name="tokens")  # float32, Keras's default
    hidden = layers.GRU(4, return_sequences=True)(layers.Embedding(7, 3)(tokens))
    export_streaming_onnx(keras.Model(tokens, hidden), tmp_path / "s.onnx")
    predictor = StreamingPredictor(tmp_path / "s.onnx")
    session = predictor.open()
    for _ in range(4):
        predictor.step(session, {"tokens": np.array([1, 2], np.float32)})
        with pytest.raises(RequestError, match=r"received ids from -1.0 to 2.0, .* expected 0 to 6"):
            predictor.step(session, {"tokens": np.array([-1, 2], np.float32)})


@pytest.mark.parametrize("kind", [list, np.float64])
def test_pieces_that_have_to_be_converted_bind_nothing(kind: Any, tmp_path: Path) -> None:
    predictor = StreamingPredictor(streaming_file(tmp_path, masked=False))
    session, ones = predictor.open(), np.ones((1, FEATURES))
    for _ in range(4):
        predictor.step(session, {"features": ones.tolist() if kind is list else ones})
    assert not predictor._bound


def test_answers_stay_what_they_were(tmp_path: Path) -> None:
    predictor = StreamingPredictor(streaming_file(tmp_path, masked=False))
    session, piece = predictor.open(), {"features": np.ones((1, FEATURES), np.float32)}
    answers = [predictor.step(session, piece)["logits"] for _ in range(6)]
    copies = [answer.copy() for answer in answers]
    predictor.step(session, piece)
    np.testing.assert_array_equal(answers, copies)
    assert len({answer.tobytes() for answer in answers}) == 6


def test_a_step_whose_answer_is_not_finite_moves_nothing(tmp_path: Path) -> None:
    features = keras.Input((None, 1), name="features")
    hidden = layers.SimpleRNN(1, return_sequences=True, kernel_initializer="ones")(features)
    export_streaming_onnx(keras.Model(features, hidden / (features - 7.0)), tmp_path / "s.onnx")
    predictor = StreamingPredictor(tmp_path / "s.onnx")
    small, large = ({"features": np.full((1, 1), value, np.float32)} for value in (0.1, 7.0))
    session, other = predictor.open(), predictor.open()
    for _ in range(4):
        for name in (session, other):
            predictor.step(name, small)
    assert predictor._bound[session].fits(large)
    with pytest.raises(RequestError, match="answered a value that is not finite") as caught:
        predictor.step(session, large)
    assert caught.value.status == 500
    for _ in range(2):
        (found,), (expected,) = (predictor.step(name, small).values() for name in (session, other))
        np.testing.assert_array_equal(found, expected)


def test_what_onnxruntime_refuses_is_told_and_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = StreamingPredictor(streaming_file(tmp_path, masked=False))
    piece = {"features": np.ones((1, FEATURES), np.float32)}
    session, other = predictor.open(), predictor.open()
    for _ in range(3):
        for name in (session, other):
            predictor.step(name, piece)

    def refuse(binding: object) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(predictor._session, "run_with_iobinding", refuse)
        with pytest.raises(RequestError, match=r"^inputs: the model cannot process these values"):
            predictor.step(session, piece)
    np.testing.assert_array_equal(
        predictor.step(session, piece)["logits"], predictor.step(other, piece)["logits"]
    )


def test_a_closed_session_leaves_nothing(tmp_path: Path) -> None:
    predictor = StreamingPredictor(streaming_file(tmp_path, masked=False))
    for _ in range(3):
        session = predictor.open()
        for _ in range(3):
            predictor.step(session, {"features": np.ones((1, FEATURES), np.float32)})
        predictor.close(session)
    assert not predictor._bound
    assert not predictor._shapes
