"""Truth of ``rnnzoo_export.raw.kinds``: each builder's models are asked with raw rows in three ways that agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from raw_bundles import asked
from rnnzoo import get_spec, list_models
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
)
from rnnzoo_export import OnnxPredictor, save_bundle
from rnnzoo_export.inference.raw_model import RawModel
from rnnzoo_export.raw.kinds import find_raw_graph
from zoo_cases import CLASSES, FEATURES, VOCABULARY, first_of_each, tiny
from zoo_cases.case import reads_tokens
from zoo_cases.forecaster import TARGETS, WINDOW
from zoo_cases.tagger import CHARACTERS

WORDS = ["", "[UNK]", *(f"word{number}" for number in range(VOCABULARY - 2))]
LETTERS = ["", "[UNK]", *"abcdefg"]
COLUMNS = ["load", "wind", "sun"]


def preprocessing_of(name: str) -> Preprocessing:
    """What reads the rows of the smallest model of an entry."""
    spec = get_spec(name)
    others: dict[str, Any] = {
        "build_dna_classifier": DNAPreprocessing,
        "build_irregular_classifier": lambda: IrregularPreprocessing(
            [0.0] * FEATURES, [2.0] * FEATURES, step=1.5
        ),
        "build_video_classifier": lambda: FramePreprocessing(
            [0.5, 0.0], [0.2, 1.0], frame_shape=(4, 4, 2), variable_length=True
        ),
        "build_transcriber": lambda: LogMelPreprocessing(8000, num_mels=FEATURES),
        "build_language_model": lambda: TokenPreprocessing(WORDS),
    }
    if spec.builder in others:
        return others[spec.builder]()
    if spec.builder in ("build_forecaster", "build_segment_forecaster"):
        return WindowPreprocessing(
            numeric=COLUMNS, mean=[100.0, -3.0, 0.0], scale=[30.0, 0.5, 1.0], categories={}, window=WINDOW
        )
    if not reads_tokens(spec):
        return FeaturePreprocessing([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], variable_length=True)
    if "character_vocabulary_size" in spec.arguments:
        return CharacterPreprocessing(WORDS, LETTERS)
    return TokenPreprocessing(WORDS) if spec.builder == "build_tagger" else TextPreprocessing(WORDS)


def decoding_of(task: str) -> Decoding:
    """What answers."""
    if task.endswith("forecasting"):
        return Decoding(task, target_names=COLUMNS[:TARGETS], mean=[100.0, -3.0], scale=[30.0, 0.5])
    labels = {
        "transcription": ["", *"abc"],
        "language_modeling": WORDS,
    }.get(task, [f"class{number}" for number in range(CLASSES)])
    return Decoding(task, labels=labels)


def rows_of(takes: str) -> list[Any]:
    """Rows of unlike lengths."""
    rng = np.random.default_rng(4)

    def numbers(*shape: int) -> list[Any]:
        return rng.normal(size=shape).tolist()

    lengths = (9, 7, 12)
    made: dict[str, Any] = {
        "text": lambda steps: " ".join(rng.choice(WORDS[2:], steps)) + " other!",
        "words": lambda steps: " ".join(rng.choice([*WORDS[2:], "bad,"], steps)),
        "dna": lambda steps: "".join(rng.choice(list("ACGTN"), steps)),
        "series": lambda steps: numbers(steps, FEATURES),
        "irregular": lambda steps: {
            "times": np.sort(rng.uniform(0, 9, steps)).tolist(),
            "values": [[value, None, number] for value, number, _ in numbers(steps, 3)],
        },
        "frames": lambda steps: numbers(steps, 4, 4, 2),
        "sound": lambda steps: rng.uniform(-1, 1, 150 * steps).astype(np.float32),
        "windows": lambda _: {name: numbers(WINDOW + 1) for name in COLUMNS},
    }
    return [made[takes](steps) for steps in lengths]


def split(answer: Any) -> tuple[list[float], list[str]]:
    """The numbers of an answer, and its texts."""
    if isinstance(answer, str):
        return [], [answer]
    if isinstance(answer, float):
        return [answer], []
    parts = answer.items() if isinstance(answer, dict) else enumerate(answer)
    numbers: list[float] = []
    texts: list[str] = []
    for key, part in parts:
        own = split(part)
        numbers, texts = numbers + own[0], [*texts, str(key), *own[1]]
    return numbers, texts


def assert_same_as_predict(predictor: OnnxPredictor, rows: list[Any], found: np.ndarray) -> None:
    """The numbers are those of the answers."""
    decoding = predictor.bundle.decoding
    assert decoding is not None
    answers = predictor.predict(rows)
    if decoding.target_names is None:
        encoded = predictor.encode(rows)
        if decoding.task.endswith("tagging"):
            answers = [{key: answer[key] for key in ("labels", "probabilities")} for answer in answers]
        for answer, again in zip(answers, decoding(found, [len(row) for row in encoded]), strict=True):
            numbers, texts = split(answer)
            assert (pytest.approx(numbers, rel=1e-4), texts) == split(again)
        return
    middle = {"quantile_forecasting": 1, "gaussian_forecasting": 0}
    values = found[..., middle[decoding.task]] if decoding.task in middle else found
    expected = [[answer["values"][name] for name in decoding.target_names] for answer in answers]
    np.testing.assert_allclose(values, np.swapaxes(expected, 1, 2), rtol=1e-4, atol=1e-4)


NAMES = [name for name in list_models() if get_spec(name).builder != "build_seq2seq"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in first_of_each(NAMES, ("builder", "task")) if isinstance(name, str)]
)
def test_rows_tensors_and_the_file_have_one_answer(name: str, tmp_path: Path) -> None:
    preprocessing, spec = preprocessing_of(name), get_spec(name)
    has_graph = find_raw_graph(preprocessing) is not None
    save_bundle(
        tiny(name),
        tmp_path / "bundle",
        preprocessing=preprocessing,
        decoding=decoding_of(spec.task),
        task=spec.task,
        also=["raw"] if has_graph else [],
        strict=False,
    )
    predictor, rows = OnnxPredictor(tmp_path / "bundle"), rows_of(preprocessing.takes)
    model = RawModel(predictor)
    arrays = model.tensors.arrays(rows)
    found = model.run(arrays)
    assert_same_as_predict(predictor, rows, found[predictor.signature.outputs[0].name])
    if has_graph:
        session = onnxruntime.InferenceSession(predictor.bundle.raw_path)
        for specs, nodes in (
            (model.signature.inputs, session.get_inputs()),
            (model.signature.outputs, session.get_outputs()),
        ):
            assert [spec.name for spec in specs] == [node.name for node in nodes]
            for own, node in zip(specs, nodes, strict=True):
                sizes = [size if isinstance(size, int) else None for size in node.shape]
                assert (own.name, list(own.shape)) == (own.name, sizes)
        for output, expected in asked(session, arrays).items():
            assert found[output].dtype == expected.dtype
            np.testing.assert_allclose(found[output], expected, rtol=1e-4, atol=1e-4)


def test_there_is_a_file_for_all_kinds_but_those_that_have_none() -> None:
    without = {get_spec(name).builder for name in NAMES if find_raw_graph(preprocessing_of(name)) is None}
    assert without == {
        "build_dna_classifier",
        "build_irregular_classifier",
        "build_tagger",
        "build_video_classifier",
    }
    assert len(LETTERS) == CHARACTERS
