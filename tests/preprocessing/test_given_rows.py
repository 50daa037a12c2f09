"""Truth of ``rnnzoo.preprocessing.given_rows``: what is no list of rows is refused, and the advice works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from handmade_bundles import scorer, translator, writer
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, RequestError
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    CharacterPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    NumbersPreprocessing,
    PairPreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
    WordPreprocessing,
    save_preprocessing,
)
from rnnzoo.preprocessing.given_rows import check_rows, is_frame
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.inference.generator import TextGenerator
from rnnzoo_export.inference.sessions import StreamingPredictor
from rnnzoo_export.inference.translator import Translator

TEXTS = TextPreprocessing(["", "[UNK]", "good", "film"])
WORDS = TokenPreprocessing(["", "[UNK]", "play", "jazz"])
SERIES = FeaturePreprocessing.fit([np.array([[0.0, 1.0], [1.0, 3.0]])])
WINDOWS = WindowPreprocessing(
    numeric=["load"], mean=[0.0], scale=[1.0], categories={"day": ["a", "b"]}, window=2
)
TABLE = np.array([[9.0, 9.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
FRAME = pd.DataFrame({"load": [1.0, 2.0, 3.0], "day": ["a", "b", "a"]})


@pytest.mark.parametrize(
    ("preprocessing", "given", "received", "advice", "follows"),
    [
        (TEXTS, "good", "the text 'good'", 'apply(["good"])', ["good"]),
        (
            TEXTS,
            'a "good" film',
            "the text 'a \"good\" film'",
            "apply(['a \"good\" film'])",
            ['a "good" film'],
        ),
        (TEXTS, "good " * 20, f"the text '{'good ' * 8}…'", "apply([text])", ["good " * 20]),
        (TEXTS, b"good", "bytes", "apply([raw.decode()])", ["good"]),
        (
            TEXTS,
            {"text": ["good"]},
            "one mapping with the column 'text'",
            'apply(list(rows["text"]))',
            ["good"],
        ),
        (
            TEXTS,
            pd.DataFrame({"id": [1], "text": ["good"]}),
            "a table with the columns 'id', 'text'",
            'apply(list(frame["text"]))',
            ["good"],
        ),
        (TEXTS, {"good"}, "set, which has no order", "apply(sorted(rows))", ["good"]),
        (TEXTS, np.array("good"), "an array without an axis", "apply([row])", ["good"]),
        (TEXTS, 3, "int", "apply([row])", ["good"]),
        (WORDS, "play jazz", "the text 'play jazz'", 'apply(["play jazz"])', ["play jazz"]),
        (SERIES, "good", "the text 'good'", "apply([[[0.1, 0.2], [0.3, 0.4]]])", [[[0.1, 0.2], [0.3, 0.4]]]),
        (
            SERIES,
            pd.DataFrame({0: [0.0, 1.0], 1: [1.0, 3.0]}),
            "a table with the columns 0, 1",
            "apply([frame.to_numpy()])",
            [np.array([[0.0, 1.0], [1.0, 3.0]])],
        ),
        (WINDOWS, FRAME, "a table with the columns 'load', 'day'", "apply([frame])", [FRAME]),
        (
            WINDOWS,
            FRAME.to_dict("list"),
            "one mapping with the columns 'load', 'day'",
            "apply([mapping])",
            [FRAME.to_dict("list")],
        ),
    ],
)
def test_what_is_no_list_of_rows_is_refused_with_what_to_write(
    preprocessing: Preprocessing, given: Any, received: str, advice: str, follows: list[Any]
) -> None:
    with pytest.raises(ArgumentError) as caught:
        preprocessing.apply(given)
    start, _, fix = str(caught.value).partition(", one for each answer. Write ")
    assert start.startswith(f"apply: received {received}; expected a list of ")
    assert fix == f"{advice}."
    names = {"apply": preprocessing.apply, "text": given, "raw": given, "rows": given, "frame": given}
    rows = follows[0]
    found = eval(advice, names | {"mapping": given, "row": rows})
    wanted = preprocessing.apply(follows)
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_generator_and_other_iterables_are_refused_everywhere() -> None:
    with pytest.raises(ArgumentError, match=r"^apply: received generator; .* Write apply\(list\(rows\)\)\.$"):
        TEXTS.apply(text for text in ["good"])  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r'^rows: received the text .* Write \["good"\]\.$'):
        TEXTS.encode_rows("good")
    irregular = r"^rows: received a table with the column 'a'; .* Write \[\{\"times\": \[0, 1\], "
    with pytest.raises(ArgumentError, match=irregular):
        check_rows(pd.DataFrame({"a": [1.0]}), IrregularPreprocessing.takes)


def test_lists_arrays_and_columns_of_a_frame_are_rows() -> None:
    column: Any = pd.Series(["good", "film"])
    for rows in (["good", "film"], ("good", "film"), np.array(["good", "film"]), column):
        assert TEXTS.apply(rows)["tokens"].tolist() == [[2], [3]]
    check_rows([], "text")
    assert [is_frame(value) for value in (FRAME, FRAME["load"], {"columns": 1})] == [True, False, False]


def test_a_frame_in_a_list_is_one_window() -> None:
    found = WINDOWS.apply([FRAME.assign(hour=pd.Timestamp("2024-01-01")), FRAME.astype({"load": "Int64"})])
    expected = WINDOWS.apply([FRAME.to_dict("list")] * 2)
    np.testing.assert_array_equal(found["features"], expected["features"])
    for missing in (np.nan, None, pd.NA):
        holed = pd.DataFrame({"load": pd.Series([1.0, 2.0, missing], dtype=object), "day": ["a", "b", "a"]})
        with pytest.raises(DataError, match=r"row 0: 'load' is missing at step 1 of the window"):
            WINDOWS.apply([holed])
    with pytest.raises(DataError, match=r"row 0: the column 'day' is missing; expected load, day\."):
        WINDOWS.apply([FRAME[["load"]]])
    with pytest.raises(DataError, match=r"row 0: received the column 'load' twice; expected it once\."):
        WINDOWS.apply([FRAME[["load", "load", "day"]]])


def test_a_predictor_names_its_own_call(tmp_path: Path) -> None:
    predictor = OnnxPredictor(scorer(tmp_path / "b", TABLE, preprocessing=TEXTS))
    with pytest.raises(ArgumentError, match=r'^predict: received the text .* Write predict\(\["good"\]\)\.$'):
        predictor.predict("good")
    tables: list[Any] = [pd.DataFrame({"text": ["good", "film"]}), pd.DataFrame({"text": ["good film"]})]
    for table in tables:
        with pytest.raises(ArgumentError, match=r'Write predict\(list\(frame\["text"\]\)\)\.$'):
            predictor.predict(table)
        assert len(predictor.predict(list(table["text"]))) == len(table)
    with pytest.raises(
        RequestError, match=r'received list; expected arrays by input name\. Write \{"tokens": '
    ):
        predictor.run([[2]])  # type: ignore[arg-type]
    assert predictor.run({"tokens": [[2]]})["logits"].shape == (1, 2)


def test_words_of_one_sentence_are_pointed_out_to_a_tagger(tmp_path: Path) -> None:
    tags = Decoding("tagging", labels=["music", "other"])
    predictor = OnnxPredictor(writer(tmp_path / "b", TABLE[:, :2], WORDS, decoding=tags))
    message = (
        r"^predict: received 2 sentences of one word each\. Where they are the words of one sentence, give one row: "
        r"'play jazz'\.$"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        assert len(predictor.predict(["play", "jazz"])) == 2
    assert caught[0].filename == __file__
    (answer,) = predictor.predict(["play jazz"])
    assert len(answer["labels"]) == 2
    (listed,) = predictor.predict([["play", "jazz"]])
    assert listed | {"words": answer["words"]} == answer  # whose places are those of the text
    assert len(predictor.predict(["play"])) == 1


def test_a_translator_and_a_generator_take_texts(tmp_path: Path) -> None:
    pairs = PairPreprocessing(WordPreprocessing.fit(["a dog"]), WordPreprocessing.fit(["ein hund"]))
    folder = translator(tmp_path / "t", np.zeros((6, 6)), source_vocabulary=6)
    save_preprocessing(pairs, folder / "preprocessing.json")
    with pytest.raises(ArgumentError, match=r'^translate: .* Write translate\(\["a dog"\]\)\.$'):
        Translator(folder).translate("a dog")
    generator = TextGenerator(writer(tmp_path / "w", np.eye(4), WORDS))
    advice = r'^prompt: received list; expected one text\. Write write\("play jazz", length=3\)\.$'
    with pytest.raises(ArgumentError, match=advice):
        generator.write(["play", "jazz"], length=3)  # type: ignore[arg-type]
    assert generator.write("play jazz", length=3).startswith("play jazz")
    with pytest.raises(ArgumentError, match=r'Write pieces\("a text", length=2\)\.$'):
        generator.pieces(None, length=2)  # type: ignore[arg-type]


def test_a_stream_takes_arrays_by_name(tmp_path: Path) -> None:
    stream = StreamingPredictor(writer(tmp_path / "w", np.eye(4), WORDS))
    session = stream.open("a")
    for wrong in ("play", [[2]], FRAME):
        message = (
            rf"{type(wrong).__name__}; expected arrays by input name\. Write \{{\"tokens\": \.\.\.\}}\.$"
        )
        with pytest.raises(RequestError, match=rf"^session 'a': inputs: received {message}"):
            stream.step(session, wrong)  # type: ignore[arg-type]
        with pytest.raises(RequestError, match=rf"^session 'a': inputs: received {message}"):
            stream.step_many({session: wrong})  # type: ignore[dict-item]
        with pytest.raises(RequestError, match=rf"^inputs: received {message}"):
            stream.step_batch([session], wrong)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=r"^pieces: received list; expected the inputs of each session\."):
        stream.step_many([{"tokens": [2]}])  # type: ignore[arg-type]
    assert stream.step(session, {"tokens": [2]})["logits"].shape == (1, 4)


FITS: list[tuple[Any, dict[str, Any]]] = [
    (CategoryPreprocessing, {}),
    (TextPreprocessing, {}),
    (TokenPreprocessing, {}),
    (CharacterPreprocessing, {}),
    (FeaturePreprocessing, {}),
    (NumbersPreprocessing, {}),
    (IrregularPreprocessing, {}),
    (FramePreprocessing, {}),
    (LogMelPreprocessing, {"sample_rate": 8_000}),
]


@pytest.mark.parametrize(("kind", "options"), FITS, ids=[kind.__name__ for kind, _ in FITS])
@pytest.mark.parametrize("given", ["north", {"hall": ["north"]}, pd.DataFrame({"hall": ["north"]}), None, 3])
def test_nothing_is_fitted_on_what_is_no_list_of_rows(given: Any, kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=r"^fit: received .*one for each example\. Write fit\("):
        kind.fit(given, **options)


def test_rows_to_fit_on_may_come_one_by_one() -> None:
    fit: Any = CategoryPreprocessing.fit
    assert fit(word for word in ("b", "a")).categories == ["a", "b"]
    assert fit({"b", "a"}).categories == ["a", "b"]
    frame = pd.DataFrame({"hall": ["north", "south"]})
    with pytest.raises(ArgumentError) as error:
        fit(frame)
    assert str(error.value) == (
        "fit: received a table with the column 'hall'; expected a list of categories, one for each example. Write "
        'fit(list(frame["hall"])).'
    )
    assert CategoryPreprocessing.fit(list(frame["hall"])).categories == ["north", "south"]
