"""Truth of ``rnnzoo_export.formats.seq2seq``: two files that translate, held against the model that was trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from quick_training import quick_training
from rnnzoo import build_classifier, build_seq2seq, load_model
from rnnzoo.errors import (
    ArgumentError,
    BundleError,
    DataError,
    EmptyRowError,
    ParityError,
    PathExistsError,
    PathNotFoundError,
)
from rnnzoo.files import read_json, write_json
from rnnzoo.keras_models.encoder_decoder import split_seq2seq
from rnnzoo.preprocessing import PairPreprocessing, WordPreprocessing
from rnnzoo_export import Translator, export_seq2seq_onnx
from rnnzoo_export.formats import seq2seq as module
from rnnzoo_export.inference.translator import Steps
from rnnzoo_export.reports import TOLERANCE

WORDS = ["red", "green", "blue"]
KINDS: list[dict[str, Any]] = [
    {"cell": "gru", "attention": "bahdanau", "units": (16,)},
    {"cell": "lstm", "attention": "luong", "units": (20, 16), "bidirectional": False},
]


def coding() -> PairPreprocessing:
    return PairPreprocessing(
        WordPreprocessing.fit([" ".join(WORDS)]), WordPreprocessing.fit(["rot gruen blau"])
    )


def reversing(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources, what came before, and the source from its end to its beginning."""
    rng = np.random.default_rng(seed)
    tokens, before, answer = (np.zeros((rows, 5), np.int32) for _ in range(3))
    for row in range(rows):
        length = rng.integers(1, 5)
        tokens[row, : length + 1] = [*(words := rng.integers(4, 7, length)), 3]
        answer[row, : length + 1] = [*words[::-1], 3]
        before[row, : length + 1] = [2, *words[::-1]]
    return tokens, before, answer


@pytest.fixture(
    scope="module",
    params=[pytest.param(KINDS[0], marks=pytest.mark.slow), KINDS[1]],
    ids=lambda kind: str(kind["cell"]),
)
def trained(request: pytest.FixtureRequest) -> keras.Model:
    keras.utils.set_random_seed(2)
    model = build_seq2seq(
        source_vocabulary_size=7, target_vocabulary_size=7, embedding_size=6, **request.param
    )
    tokens, before, answer = reversing(300)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(0.02), loss)
    quick_training(model, [tokens, before], answer, batch_size=50)(30)
    return model


@pytest.fixture(scope="module")
def exported(trained: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seq2seq") / "translator"
    report = export_seq2seq_onnx(trained, path, preprocessing=coding())
    depth = sum(layer.name in ("decoder_1", "decoder_2") for layer in trained.layers)
    assert len(report.encoder.fused) == len(report.decoder.fused) == depth
    assert report.encoder.loops == report.decoder.loops == ()
    assert report.parity.max_difference <= TOLERANCE
    assert report.encoder.path == path / "encoder.onnx"
    return path


def in_keras(model: keras.Model) -> Steps:
    """The same steps, run by Keras."""

    def runner(half: keras.Model) -> Any:
        def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            given = [inputs[tensor.name] for tensor in half.inputs]
            outputs = half(given if len(given) > 1 else given[0], training=False)
            return {name: np.asarray(one) for name, one in zip(half.output_names, outputs, strict=True)}

        return run

    return Steps(*(runner(half) for half in split_seq2seq(model)))


def test_files_search_as_the_keras_model_does(trained: keras.Model, exported: Path) -> None:
    tokens, _, _ = reversing(40, seed=9)
    tokens[3] = 0
    for beams in (1, 4):
        options: dict[str, Any] = {"beams": beams, "alpha": 0.6, "max_length": 8}
        found = Translator(exported).search(tokens, **options)
        truth = in_keras(trained).search(tokens, **options)
        assert [[one.tokens for one in row] for row in found] == [
            [one.tokens for one in row] for row in truth
        ]
        scores, expected = ([one.score for row in rows for one in row] for rows in (found, truth))
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)


def test_answers_step_by_step_are_those_to_all_steps_at_once(trained: keras.Model, exported: Path) -> None:
    tokens, before, _ = reversing(20, seed=4)
    truth = np.asarray(trained([tokens, before], training=False))
    for steps in (in_keras(trained), Steps.open(exported)):
        found = module.follow(steps, tokens, before)
        np.testing.assert_allclose(found[before > 0], truth[before > 0], rtol=1e-5, atol=1e-5)


def test_a_search_finds_what_was_learned(trained: keras.Model, exported: Path) -> None:
    tokens, _, answer = reversing(60, seed=11)
    found = Translator(exported).search(tokens, beams=3, max_length=8)
    right = [best[0].tokens == tuple(row[row > 3]) for best, row in zip(found, answer, strict=True)]
    assert np.mean(right) > 0.5
    assert all(best[0].ended for best in found)


def test_texts_are_translated_whatever_stands_beside_them(exported: Path) -> None:
    translator = Translator(exported)
    texts = ["red green", "blue, blue red?", "green", "red"]
    together = translator.translate(texts, max_length=8)
    for text, answer in zip(texts, together, strict=True):
        alone = translator.translate([text], max_length=8, batch_size=1)[0]
        assert alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-5)
    assert set(together[0].text.split()) <= {"rot", "gruen", "blau"}
    assert translator.translate([]) == []
    with pytest.raises(EmptyRowError, match="row 1: received an empty text; expected at least one word"):
        translator.translate(["red", ""])


def test_a_reloaded_model_exports_the_same(trained: keras.Model, exported: Path, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.keras")
    export_seq2seq_onnx(load_model(tmp_path / "m.keras"), tmp_path / "t")
    tokens, _, _ = reversing(5, seed=1)
    first, second = Translator(exported), Translator(tmp_path / "t")
    assert [b[0].tokens for b in first.search(tokens)] == [b[0].tokens for b in second.search(tokens)]
    with pytest.raises(ArgumentError, match="no preprocessing was stored with these files"):
        second.translate(["red"])


def test_a_translator_needs_no_tensorflow(exported: Path) -> None:
    code = (
        "import sys\n"
        "for heavy in ('tensorflow', 'keras', 'onnx', 'tokenizers'): sys.modules[heavy] = None\n"
        "from rnnzoo_export import Translator\n"
        f"print(Translator({str(exported)!r}).translate(['red'])[0].ended)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True"


def small(**arguments: Any) -> keras.Model:
    return build_seq2seq(source_vocabulary_size=7, target_vocabulary_size=7, units=4, **arguments)


def test_mixed_precision_is_exported_as_float32(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small(cell="gru", bidirectional=False)
    finally:
        keras.config.set_dtype_policy("float32")
    assert export_seq2seq_onnx(model, tmp_path / "t").parity.max_difference <= TOLERANCE


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Steps, *arguments: Any) -> Any:
        logits, states = decode(self, *arguments)
        return logits, {name: value * 1.01 for name, value in states.items()}

    decode = Steps.decode
    monkeypatch.setattr(Steps, "decode", wrong)
    keras.utils.set_random_seed(0)
    with pytest.raises(ParityError, match=r"decoder.onnx, step by step: logits at"):
        export_seq2seq_onnx(small(cell="gru", bidirectional=False), tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_other_models_and_places_are_refused(tmp_path: Path) -> None:
    other = build_classifier(num_classes=2, vocabulary_size=5, units=3)
    with pytest.raises(
        ArgumentError, match="has no layer 'source_steps'; expected a model that build_seq2seq made"
    ):
        export_seq2seq_onnx(other, tmp_path / "t")
    with pytest.raises(ArgumentError, match="received WordPreprocessing; expected PairPreprocessing"):
        export_seq2seq_onnx(small(), tmp_path / "t", preprocessing=coding().source)  # type: ignore[arg-type]
    more = PairPreprocessing(WordPreprocessing.fit(["a b c d"]), coding().target)
    with pytest.raises(ArgumentError, match="its source has 8 ids, the model knows 7"):
        export_seq2seq_onnx(small(), tmp_path / "t", preprocessing=more)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "mine").touch()
    with pytest.raises(PathExistsError, match="a directory that is not empty"):
        export_seq2seq_onnx(small(), tmp_path / "t")


def test_damaged_directories_and_wrong_inputs_are_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="expected a directory that export_seq2seq_onnx wrote"):
        Translator(tmp_path / "none")
    header = read_json(exported / "translator.json", "header")
    write_json(tmp_path / "translator.json", header)
    with pytest.raises(PathNotFoundError, match=r"encoder.onnx: no such file"):
        Translator(tmp_path)
    write_json(tmp_path / "translator.json", {**header, "format_version": 9})
    with pytest.raises(BundleError, match="received format version 9; expected 1"):
        Translator(tmp_path)
    write_json(tmp_path / "translator.json", {"format_version": 1})
    for name in ("encoder.onnx", "decoder.onnx"):
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    with pytest.raises(BundleError, match="has no source_vocabulary_size; expected one"):
        Translator(tmp_path)
    translator = Translator(exported)
    with pytest.raises(DataError, match="received ids from 4 to 7; expected 0 to 6"):
        translator.search(np.array([[4, 7]]))
    with pytest.raises(DataError, match=r"received float64 \(1, 1\); expected whole numbers"):
        translator.search(np.array([[4.0]]))
    with pytest.raises(ArgumentError, match="received the text 'red'; expected a list of texts"):
        translator.translate("red")
    with pytest.raises(DataError, match="row 1: received int; expected a text"):
        translator.translate(["red", 1])  # type: ignore[list-item]
