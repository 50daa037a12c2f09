"""Truth of ``rnnzoo_export.inference.sessions``.

StreamingPredictor: many sessions through one file, each as if it were alone.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo import build_tagger
from rnnzoo.errors import BundleError, PathNotFoundError, RequestError
from rnnzoo_export import StreamingPredictor, export_onnx, export_streaming_onnx

FEATURES = 3


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(6)
    return build_tagger(
        num_classes=4,
        num_features=FEATURES,
        cell="lstm",
        units=(5, 6),
        bidirectional=False,
        variable_length=True,
    )


@pytest.fixture(scope="module")
def path(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("streaming") / "s.onnx"
    export_streaming_onnx(model, target)
    return target


def sequence(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(steps, FEATURES)).astype(np.float32)


def piece(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"features": x, "mask": np.ones(len(x), bool)}


def whole(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(model([x[None], np.ones((1, len(x)), bool)]))[0]


def assert_answer(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_session_continues_where_it_stopped(model: keras.Model, path: Path) -> None:
    predictor = StreamingPredictor(path)
    x, session = sequence(12), predictor.open()
    parts = [predictor.step(session, piece(x[a:b]))["logits"] for a, b in ((0, 1), (1, 6), (6, 12))]
    assert_answer(np.concatenate(parts), whole(model, x))


def test_reset_starts_anew_and_close_forgets(model: keras.Model, path: Path) -> None:
    predictor = StreamingPredictor(path)
    x = sequence(4)
    assert predictor.open("mine") == "mine"
    first = predictor.step("mine", piece(x))["logits"]
    second = predictor.step("mine", piece(x))["logits"]
    assert not np.allclose(first, second)
    predictor.reset("mine")
    np.testing.assert_array_equal(predictor.step("mine", piece(x))["logits"], first)
    predictor.close("mine")
    assert predictor.sessions == ()


def test_sessions_of_any_history_share_a_run_and_not_their_answers(model: keras.Model, path: Path) -> None:
    predictor = StreamingPredictor(path)
    lengths = [9, 14, 14, 5, 20]
    xs = {predictor.open(f"s{i}"): sequence(length, seed=i) for i, length in enumerate(lengths)}
    answers: dict[str, list[np.ndarray]] = {name: [] for name in xs}
    rng, places = np.random.default_rng(0), dict.fromkeys(xs, 0)
    while any(places[name] < len(x) for name, x in xs.items()):
        left = [name for name in xs if places[name] < len(xs[name])]
        chosen = [name for name in left if rng.random() < 0.7] or left
        pieces = {name: piece(xs[name][places[name] :][: rng.integers(1, 4)]) for name in chosen}
        found = predictor.step_many(pieces)
        assert list(found) == chosen
        for name, given in pieces.items():
            answers[name].append(found[name]["logits"])
            places[name] += len(given["features"])
    for name, x in xs.items():
        assert_answer(np.concatenate(answers[name]), whole(model, x))


def test_a_bad_piece_is_named_and_loses_nothing(model: keras.Model, path: Path) -> None:
    predictor = StreamingPredictor(path)
    x, y = sequence(6), sequence(6, seed=1)
    predictor.open("good")
    predictor.open("bad")
    begun = {name: predictor.step(name, piece(data[:3])) for name, data in (("good", x), ("bad", y))}
    wrong = np.full((2, FEATURES), np.nan, np.float32)
    with pytest.raises(RequestError, match=r"^session 'bad': features: received a value that is not finite"):
        predictor.step_many({"good": piece(x[3:5]), "bad": piece(wrong)})
    found = predictor.step_many({"good": piece(x[3:]), "bad": piece(y[3:])})
    for name, data in (("good", x), ("bad", y)):
        parts = [begun[name]["logits"], found[name]["logits"]]
        assert_answer(np.concatenate(parts), whole(model, data))


def test_a_batch_of_rows_answers_as_its_sessions_would_alone(path: Path) -> None:
    many, alone = StreamingPredictor(path), StreamingPredictor(path)
    xs = {name: sequence(6, seed=seed) for seed, name in enumerate(("a", "b", "c"))}
    for name, x in xs.items():
        for predictor in (many, alone):
            predictor.open(name)
            predictor.step(name, piece(x[:1]))
    for group, steps in ((["c", "a"], slice(1, 3)), (["b"], slice(1, 3)), (["a", "b", "c"], slice(3, 6))):
        pieces = [piece(xs[name][steps]) for name in group]
        batch = {key: np.stack([given[key] for given in pieces]) for key in pieces[0]}
        found = many.step_batch(group, batch)["logits"]
        for name, given, answer in zip(group, pieces, found, strict=True):
            assert_answer(answer, alone.step(name, given)["logits"])


@pytest.mark.parametrize(
    ("group", "rows", "message"),
    [
        ([], 1, r"^sessions: received \[\]; expected at least one name, and each once"),
        (["s", "s"], 2, r"^sessions: received \['s', 's'\]; expected at least one name, and each once"),
        (["s"], 2, r"^inputs: received 2 rows; expected one for each of 1 sessions"),
        (["s", "none"], 2, r"^session 'none': is not open"),
    ],
)
def test_a_batch_that_does_not_fit_its_sessions_is_refused(
    group: list[str], rows: int, message: str, path: Path
) -> None:
    predictor = StreamingPredictor(path)
    first = piece(sequence(2))
    predictor.open("s")
    with pytest.raises(RequestError, match=message):
        predictor.step_batch(group, {key: np.stack([value] * rows) for key, value in first.items()})
    assert_answer(predictor.step("s", first)["logits"], predictor.step(predictor.open("t"), first)["logits"])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"^session 's': inputs: features, mask missing; expected features, mask"),
        (
            {"features": sequence(2), "mask": np.ones(2, bool), "x": 1},
            r"^session 's': inputs: received unknown name 'x'",
        ),
        ({"features": sequence(2)[:, :2], "mask": np.ones(2, bool)}, r"the size of axis 'features' is 3"),
        ({"features": [[1.0], [1.0, 2.0]], "mask": [True, True]}, r"rows of unequal length"),
        (
            {"features": [["a", "b", "c"]], "mask": [True]},
            r"features: received 'a' at step 0, feature 0; expected a number\. Pass numbers only\.",
        ),
        ({"features": [[0.5, 1.0, True]], "mask": [True]}, r"features: received True at step 0, feature 2;"),
        ({"features": sequence(2), "mask": np.ones(3, bool)}, r"mask: received shape \(1, 3\)"),
        (piece(sequence(5)), r"^session 's': \w+: received 5 steps; expected at most 4"),
    ],
)
def test_bad_inputs_are_refused_by_name(inputs: dict[str, object], message: str, path: Path) -> None:
    predictor = StreamingPredictor(path, max_steps=4)
    predictor.open("s")
    predictor.open("t")
    with pytest.raises(RequestError, match=message):
        predictor.step("s", inputs)
    with pytest.raises(RequestError, match=message):
        predictor.step_many({"t": piece(sequence(1)), "s": inputs})
    assert predictor.step("s", piece(sequence(1)))["logits"].shape == (1, 4)


def test_lists_and_other_number_types_are_taken(path: Path) -> None:
    predictor = StreamingPredictor(path)
    exact = predictor.step(predictor.open(), piece(np.ones((2, FEATURES), np.float32)))
    listed = predictor.step(predictor.open(), {"features": [[1, 1, 1]] * 2, "mask": [True, True]})
    np.testing.assert_array_equal(listed["logits"], exact["logits"])
    both = predictor.step_many(
        {
            predictor.open("a"): piece(np.ones((2, FEATURES), np.float32)),
            predictor.open("b"): {"features": [[1, 1, 1]] * 2, "mask": [True, True]},
        }
    )
    np.testing.assert_allclose(both["a"]["logits"], both["b"]["logits"], rtol=1e-6)


def test_sessions_are_limited_and_named_once(path: Path) -> None:
    predictor = StreamingPredictor(path, max_sessions=2)
    predictor.open("a")
    with pytest.raises(RequestError, match=r"^session 'a': is open; expected a new name") as caught:
        predictor.open("a")
    assert caught.value.status == 409
    predictor.open("b")
    with pytest.raises(RequestError, match="2 are open, the most allowed") as caught:
        predictor.open("c")
    assert caught.value.status == 503
    predictor.close("a")
    predictor.open("c")
    for use in (predictor.close, predictor.reset, lambda name: predictor.step(name, {})):
        with pytest.raises(RequestError, match=r"^session 'a': is not open") as caught:
            use("a")
        assert caught.value.status == 404


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, x: p.open(["a"]), "session: received ['a']; expected the text that open() returned."),
        (lambda p, x: p.close(["a"]), "session: received ['a']; expected the text that open() returned."),
        (lambda p, x: p.reset(None), "session: received None; expected the text that open() returned."),
        (lambda p, x: p.step(3, x), "session: received 3; expected the text that open() returned."),
        (
            lambda p, x: p.step_batch([[1]], x),
            "session: received [1]; expected the text that open() returned.",
        ),
        (lambda p, x: p.step_batch(None, x), "sessions: received None; expected a list of names."),
        (lambda p, x: p.step_batch("abc", x), "sessions: received 'abc'; expected a list of names."),
    ],
)
def test_what_is_no_name_is_refused(call: Any, message: str, path: Path) -> None:
    predictor = StreamingPredictor(path)
    with pytest.raises(RequestError) as error:
        call(predictor, piece(sequence(1)))
    assert str(error.value) == message


def test_threads_may_share_a_predictor(model: keras.Model, path: Path) -> None:
    predictor = StreamingPredictor(path)
    xs = [sequence(30, seed=i) for i in range(4)]
    found: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        session = predictor.open()
        found[i] = np.concatenate(
            [predictor.step(session, piece(xs[i][t : t + 1]))["logits"] for t in range(30)]
        )

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, x in enumerate(xs):
        assert_answer(found[i], whole(model, x))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError):
        StreamingPredictor(tmp_path / "none.onnx")
    plain = keras.Sequential([keras.Input((None, FEATURES), name="x"), layers.GRU(2)])
    export_onnx(plain, tmp_path / "plain.onnx")
    with pytest.raises(BundleError, match="has no table of states; expected a file of export_streaming_onnx"):
        StreamingPredictor(tmp_path / "plain.onnx")


def test_a_predictor_needs_no_tensorflow(path: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from rnnzoo_export import StreamingPredictor; import numpy as np;"
        f"p = StreamingPredictor({str(path)!r}); s = p.open();"
        "p.step(s, {'features': np.zeros((1, 3)), 'mask': np.ones(1, bool)});"
        "print([m for m in ('tensorflow', 'keras', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> StreamingPredictor:
    """A stream of numbers alone, whose pieces need no change where they are float32."""
    target = tmp_path_factory.mktemp("plain") / "s.onnx"
    tagger = build_tagger(num_classes=4, num_features=FEATURES, cell="gru", units=5, bidirectional=False)
    export_streaming_onnx(tagger, target)
    return StreamingPredictor(target, max_steps=8)


def test_a_piece_answers_alike_however_it_lies_in_memory(plain: StreamingPredictor) -> None:
    x = sequence(4)
    forms = [x, x.astype(np.float64), x.tolist(), np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]]
    answers = []
    for form in forms:
        session = plain.open()
        plain.step(session, {"features": form})
        answers.append(plain.step(session, {"features": form})["logits"])
        plain.close(session)
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])
    session = plain.open()
    assert np.isfinite(plain.step(session, {"features": x * np.float32(1e30)})["logits"]).all()


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.full((2, FEATURES), np.inf, np.float32), "not finite"),
        (np.full((2, FEATURES), np.nan, np.float32), "not finite"),
        (np.zeros((0, FEATURES), np.float32), "empty"),
        (np.zeros((9, FEATURES), np.float32), "at most 8"),
        (np.zeros((2, FEATURES + 1), np.float32), "the size of axis 'features' is 3"),
        (np.zeros(FEATURES, np.float32), "rank"),
    ],
)
def test_a_piece_of_numbers_that_is_wrong_is_told_and_moves_nothing(
    features: np.ndarray, message: str, plain: StreamingPredictor
) -> None:
    session, other = plain.open(), plain.open()
    for name in (session, other):
        plain.step(name, {"features": sequence(3)})
    with pytest.raises(RequestError, match=message):
        plain.step(session, {"features": features})
    with pytest.raises(RequestError, match="unknown name 'more'"):
        plain.step(session, {"features": sequence(1), "more": sequence(1)})
    found, expected = (plain.step(name, {"features": sequence(2, 1)})["logits"] for name in (session, other))
    np.testing.assert_array_equal(found, expected)
