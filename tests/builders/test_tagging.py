"""Truth of ``rnnzoo.builders.tagger``: taggers from data to served answers: CRF and characters."""

# mypy: disable-error-code="union-attr, index, arg-type, attr-defined"

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, build_tagger, create_model, evaluate, load_model, train
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.cli.export import export_run
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.cli.run_data import load_run_data
from rnnzoo.cli.train import run_training
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.decoding import Decoding, load_decoding, save_decoding, viterbi
from rnnzoo.errors import (
    ArgumentError,
    DataError,
    RequestError,
    RowError,
    UnsupportedLayerError,
)
from rnnzoo.evaluation.compatibility import check_model_fits
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.preprocessing import CharacterPreprocessing, load_preprocessing, save_preprocessing
from rnnzoo.tasks import get_task
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_export import OnnxPredictor, export_onnx, export_saved_model, export_streaming_onnx, save_bundle

CRF = ("text-tagger-bilstm-crf", "text-tagger-char-bilstm-crf")
NAMES = ["Ada", "Bob", "Cy", "Dee", "Ed"]
CITIES = ["Aton", "Bton", "Cton", "Dton", "Eton", "Fton", "Gton"]


def sentences(count: int, seed: int, cities: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences with one or two names and a city, which ends in -ton and may be new."""
    rng = np.random.default_rng(seed)
    rows, tags = [], []
    for _ in range(count):
        city = str(rng.choice(cities))
        people = [str(name) for name in rng.choice(NAMES, int(rng.integers(1, 3)), replace=False)]
        rows.append([*people, "went", "to", city, *(["today", "!"] if rng.random() < 0.5 else [])])
        marks = ["B-person", "I-person"][: len(people)]
        tags.append([*marks, "O", "O", "B-city", *["O"] * (len(rows[-1]) - len(people) - 3)])
    return rows, tags


@pytest.fixture(scope="module")
def splits() -> Splits:
    """Words with their characters; the test part has cities that no training row has.

    The vocabulary is too small for all training words, so that the id of unknown words is learned.
    """
    train_rows, validation = sentences(120, 0, CITIES[:4]), sentences(30, 1, CITIES[:4])
    return Splits.from_arrays(
        *train_rows,
        task="tagging",
        validation=validation,
        test=sentences(30, 2, CITIES[4:]),
        characters=True,
        max_tokens=8,
    )


@pytest.fixture(scope="module")
def run(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of the model that reads characters and tags whole rows."""
    keras.utils.set_random_seed(3)
    model = create_model(CRF[1], units=(12,), embedding_size=8, dropout=0.2, **splits.model_arguments)
    path = tmp_path_factory.mktemp("tagging") / "run"
    config = TrainConfig(epochs=12, learning_rate=0.02, seed=3, tensorboard=False, batch_size=16)
    result = train(model, splits, config=config, directory=path, progress=False)
    accuracies = [row["val_accuracy"] for row in result.history]
    assert result.metrics["validation"]["accuracy"] == pytest.approx(max(accuracies), abs=1e-6)
    return path


def test_data_say_what_the_builder_needs(splits: Splits) -> None:
    arguments = splits.model_arguments
    assert sorted(arguments) == ["character_vocabulary_size", "num_classes", "vocabulary_size"]
    model = create_model(CRF[1], **arguments)
    assert [tensor.name for tensor in model.inputs] == ["tokens", "characters"]
    inputs, tags, weights = splits.rows("train").gather([0, 1])
    assert {name: array.ndim for name, array in inputs.items()} == {"tokens": 2, "characters": 3}
    assert inputs["characters"].shape[:2] == inputs["tokens"].shape == tags.shape
    assert weights is not None


def test_a_run_learns_spans_and_reads_new_words_by_their_characters(run: Path, splits: Splits) -> None:
    opened = RunDirectory(run)
    assert opened.read_config()["task"] == "crf_tagging"
    assert opened.read_decoding().task == "crf_tagging"
    metrics = opened.read_metrics()
    assert metrics["validation"]["span_f1"] > 0.98
    # Unknown words are names and cities: a word alone does not say which.
    (baseline,) = metrics["baselines"]["scores"].values()
    assert metrics["test"]["span_f1"] > 0.95 > 0.8 > baseline["span_f1"]
    again = evaluate(load_model(opened.model), splits, part="test")
    assert again == pytest.approx(metrics["test"])


def test_scores_are_those_of_the_best_path(run: Path, splits: Splits) -> None:
    model = load_model(RunDirectory(run).model)
    found = evaluate_part(model, splits.test, splits, get_task("crf_tagging"), batch_size=7)
    hits, steps, loss = 0, 0, 0.0
    for number in range(len(splits.test)):
        inputs, tags, _ = splits.rows("test").gather([number])
        (potentials,) = np.asarray(model([inputs["tokens"], inputs["characters"]]))
        hits += int((viterbi.best_path(potentials) == tags[0]).sum())
        steps += len(tags[0])
        loss += float(viterbi.log_partition(potentials) - viterbi.path_score(potentials, tags[0]))
    assert found.metrics["accuracy"] == pytest.approx(hits / steps)
    assert found.metrics["loss"] == pytest.approx(loss / steps, rel=1e-4, abs=1e-6)
    assert found.lengths.sum() == steps


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    opened = RunDirectory(run)
    path = tmp_path_factory.mktemp("tagging") / "bundle"
    save_bundle(
        load_model(opened.model),
        path,
        preprocessing=opened.read_preprocessing(),
        decoding=opened.read_decoding(),
        task="crf_tagging",
        parity_inputs=opened.read_samples(),
        provenance={"example": opened.read_example()},
    )
    return path


def test_a_bundle_answers_the_best_path_of_keras(bundle: Path, run: Path, splits: Splits) -> None:
    predictor = OnnxPredictor(bundle)
    rows = [*list(splits.test.raw)[:9], ["Zed", "went", "to", "Newton"], "Bob went to Eton !"]
    answers = predictor.predict(rows, batch_size=4)
    model, labels = load_model(RunDirectory(run).model), splits.decoding.labels
    for row, answer in zip(rows, answers, strict=True):
        inputs = splits.preprocessing.apply([row])
        length = len(row.split() if isinstance(row, str) else row)
        (potentials,) = np.asarray(model([inputs["tokens"], inputs["characters"]]))[:, :length]
        path = viterbi.best_path(potentials)
        assert answer["labels"] == [labels[tag] for tag in path]
        shares = viterbi.marginals(potentials)[np.arange(length), path]
        np.testing.assert_allclose(answer["probabilities"], shares, atol=1e-4)
    assert answers[-1]["labels"] == ["B-person", "O", "O", "B-city", "O"]  # no training row had this city
    with pytest.raises(DataError, match=r"^row 1: received an empty text; expected at least one word\. Drop"):
        predictor.predict([["Zed"], []])
    with pytest.raises(
        RequestError, match=r"characters: received shape \(1, 2, 3\); expected \(1, 4\) and an axis"
    ):
        predictor.run({"tokens": np.ones((1, 4), np.int32), "characters": np.ones((1, 2, 3), np.int32)})


def test_padding_of_words_never_changes_an_answer(run: Path, splits: Splits) -> None:
    model = load_model(RunDirectory(run).model)
    inputs, _, _ = splits.rows("test").gather([0, 1, 2])
    tokens, characters = inputs["tokens"], inputs["characters"]
    wider = np.pad(characters, ((0, 0), (0, 0), (0, 7)))
    np.testing.assert_allclose(model([tokens, wider]), model([tokens, characters]), rtol=1e-5, atol=1e-5)
    tokens, spoiled = np.pad(tokens, ((0, 0), (0, 2))), np.pad(characters, ((0, 0), (0, 2), (0, 0)))
    clean, steps = np.asarray(model([tokens, spoiled])), characters.shape[1]
    spoiled[:, steps:] = 3  # characters where there is no word
    np.testing.assert_array_equal(np.asarray(model([tokens, spoiled]))[:, :steps], clean[:, :steps])


@pytest.mark.parametrize("name", CRF)
def test_entries_export_with_one_operator_for_each_direction(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    small = {"units": (6,), "num_classes": 4, "vocabulary_size": 20, "embedding_size": 5}
    model = create_model(name, **small)
    crf = model.get_layer("potentials")
    crf.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in crf.get_weights()])
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.operators["LSTM"] == 2
    assert "Loop" not in report.operators
    assert report.parity.max_difference < 1e-5
    assert export_saved_model(model, tmp_path / "saved").max_difference < 1e-5


@pytest.mark.slow
def test_series_of_any_length_have_a_crf_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(int(rng.integers(2, 9)), 3)) for _ in range(60)]
    tags = [["up" if step[0] > 0 else "down" for step in row] for row in rows]
    splits = Splits.from_arrays(rows, tags, task="tagging")
    model = build_tagger(cell="gru", units=(24,), crf=True, bidirectional=False, **splits.model_arguments)
    config = TrainConfig(epochs=15, learning_rate=0.05, tensorboard=False)
    result = train(model, splits, task="crf_tagging", config=config, progress=False)
    assert result.metrics["test"]["accuracy"] > 0.9
    assert "span_f1" not in result.metrics["test"]
    made = save_bundle(
        model, tmp_path / "bundle", preprocessing=splits.preprocessing, decoding=splits.decoding,
        also=["weights_int8"], quantization_data=splits.validation, task="crf_tagging",
    )  # fmt: skip
    assert made.parity["quantized.onnx"]["metric"] == "accuracy"
    (answer,) = OnnxPredictor(made).predict([np.array([[1.0, 0, 0], [-1, 0, 0]])])
    assert answer["labels"] == ["up", "down"]
    with pytest.raises(
        UnsupportedLayerError, match="layer 'potentials': scores whole paths, of which a later step"
    ):
        export_streaming_onnx(model, tmp_path / "streaming.onnx")


def test_characters_of_words_can_be_streamed(tmp_path: Path) -> None:
    model = build_tagger(
        num_classes=2, vocabulary_size=5, character_vocabulary_size=5, units=4, bidirectional=False
    )
    report = export_streaming_onnx(model, tmp_path / "streaming.onnx")
    assert [state.input for state in report.states] == ["lstm_1_h", "lstm_1_c"]
    tall = keras.Sequential(
        [keras.Input((None, 4, 1)), keras.layers.Conv2D(1, (2, 3), padding="same", name="tall")]
    )
    with pytest.raises(UnsupportedLayerError, match="'tall': Conv2D needs the whole sequence"):
        export_streaming_onnx(tall, tmp_path / "tall.onnx")


def test_decodings_answer_potentials(tmp_path: Path) -> None:
    turn = np.array([[0.0, 9.0], [9.0, 0.0]])  # the tag changes at every step
    potentials = np.stack([np.full((2, 2), [1.0, 0.0]), turn, turn])[None]
    shares = [float(share) for share in viterbi.marginals(potentials[0])[[0, 1, 2], [0, 1, 0]]]
    assert 0.7 < shares[0] < 0.74  # e / (e + 1), nearly
    expected = [{"labels": ["N", "V", "N"], "probabilities": shares}]
    decoding = Decoding("crf_tagging", labels=["N", "V"])
    save_decoding(decoding, tmp_path / "d.json")
    for one in (decoding, load_decoding(tmp_path / "d.json"), Decoding("tagging", labels=["N", "V"])):
        assert one(potentials) == expected
        assert one(potentials, lengths=[0]) == [{"labels": [], "probabilities": []}]
    assert decoding.for_task("tagging").task == "tagging"
    with pytest.raises(DataError, match=r"received outputs of shape \(3, 2\) a row for task 'crf_tagging'"):
        decoding(np.zeros((1, 3, 2)))
    with pytest.raises(DataError, match="answers 2 classes; the labels are 3"):
        Decoding("crf_tagging", labels=["a", "b", "c"])(potentials)


def test_tasks_and_models_that_do_not_go_together_are_refused(splits: Splits) -> None:
    crf = create_model(CRF[1], units=(4,), **splits.model_arguments)
    plain = create_model("text-tagger-bilstm", units=(4,), **splits.model_arguments)
    config = TrainConfig(epochs=1)
    with pytest.raises(
        ArgumentError, match=r"received 'tagging' for model 'text-tagger-char-bilstm-crf'.*'crf_tagging'"
    ):
        train(crf, splits, task="tagging", config=config, progress=False)
    with pytest.raises(
        ArgumentError, match=r"received 'crf_tagging' for model 'text-tagger-bilstm'.*crf=True"
    ):
        train(plain, splits, task="crf_tagging", config=config, progress=False)
    wrong = create_model(CRF[1], **{**splits.model_arguments, "num_classes": 3})
    with pytest.raises(ArgumentError, match=r"gives output of shape .*, 3, 3\); the data ask for .*, 4, 4\)"):
        train(wrong, splits, config=config, progress=False)


def test_data_that_models_cannot_read_are_refused(splits: Splits) -> None:
    rows, tags = sentences(20, 0, CITIES)
    words = Splits.from_arrays(rows, tags, task="tagging")
    assert "character_vocabulary_size" not in words.model_arguments
    model = create_model(CRF[1], units=(4,), **words.model_arguments)
    with pytest.raises(ArgumentError, match="reads the characters of words, which the data do not have"):
        train(model, words, config=TrainConfig(epochs=1), progress=False)
    small = {**splits.model_arguments, "character_vocabulary_size": 4}
    with pytest.raises(ArgumentError, match="its embedding 'character_embedding' knows 4 token ids"):
        train(create_model(CRF[1], **small), splits, config=TrainConfig(epochs=1), progress=False)
    rng = np.random.default_rng(0)
    many = [["".join(rng.choice(list("ab"), 9)) for _ in range(4)] for _ in range(40)]
    spelled = Splits.from_arrays(many, [["O", "O", "O", "X"]] * 40, task="tagging", characters=True)
    assert (
        spelled.model_arguments["vocabulary_size"] > spelled.model_arguments["character_vocabulary_size"] == 4
    )
    check_model_fits(create_model(CRF[1], **spelled.model_arguments), spelled, get_task("crf_tagging"))
    with pytest.raises(ArgumentError, match="characters: received True for task 'classification'"):
        Splits.from_arrays(["a b"] * 20, ["x", "y"] * 10, characters=True)
    with pytest.raises(ArgumentError, match="received 'crf_tagging', whose data are those of 'tagging'"):
        Splits.from_arrays(rows, tags, task="crf_tagging")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"num_features": 3, "character_vocabulary_size": 9},
            "received 9 without vocabulary_size; expected both",
        ),
        (
            {"vocabulary_size": 9, "character_vocabulary_size": 2},
            "character_vocabulary_size: received 2; expected",
        ),
        (
            {"vocabulary_size": 9, "character_vocabulary_size": 9, "character_embedding_size": 0},
            "character_embedding_size: received 0",
        ),
        ({"vocabulary_size": 9, "crf": 1}, "crf: received 1; expected True or False"),
    ],
)
def test_builder_arguments_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        build_tagger(num_classes=2, **arguments)


def test_characters_are_read_as_written(tmp_path: Path) -> None:
    made = CharacterPreprocessing.fit([["Ab", "ab"], "Ab abcdef"], max_word_length=4)
    with pytest.raises(
        RowError, match="row 0: received '' as word 2; expected a list of words, none of them empty"
    ):
        made.apply([["AB", "ba", ""]])
    save_preprocessing(made, tmp_path / "p.json")
    for preprocessing in (made, load_preprocessing(tmp_path / "p.json")):
        arrays = preprocessing.apply([["AB", "ba"], "aaaaaa"])
        np.testing.assert_array_equal(arrays["tokens"], [[2, 1], [1, 0]])
        letters = preprocessing.characters.words
        spelled = [["".join(letters[i] or "." for i in word) for word in row] for row in arrays["characters"]]
        assert spelled == [["A[UNK]..", "ba.."], ["aaaa", "...."]]
        assert arrays["characters"].dtype == arrays["tokens"].dtype == np.int32
        empty = preprocessing.batch([np.zeros((0, 1), np.int32)])  # which the preprocessing itself refuses
        assert empty["characters"].shape == (1, 1, 1)
    with pytest.raises(DataError, match="row 1: received int; expected a list of words"):
        made.encode([["a"], 3])
    with pytest.raises(DataError, match="row 0: received a word with a lone surrogate"):
        made.encode([["a\ud800"]])


def test_rows_are_cut_with_their_characters() -> None:
    made = CharacterPreprocessing.fit([["a", "b", "c"]], max_length=2)
    split = SequenceSplit([["a", "b", "c"]], [np.array([0, 1, 0])], preprocessing=made, tagging=True)
    inputs, tags, _ = split.gather([0])
    assert inputs["tokens"].shape == (1, 2)
    assert inputs["characters"].shape == (1, 2, 1)
    assert tags.tolist() == [[0, 1]]


@pytest.mark.slow
def test_the_command_goes_all_the_way(tmp_path: Path) -> None:
    rows, tags = sentences(80, 0, CITIES)
    lines = [f"{' '.join(row)}\t{' '.join(marks)}" for row, marks in zip(rows, tags, strict=True)]
    (tmp_path / "slots.tsv").write_text("\n".join(["words\ttags", *lines]) + "\n")
    data = DataOptions(data=str(tmp_path / "slots.tsv"), text="words", label="tags")
    run, arguments, fields = tmp_path / "run", {"units": (6,)}, {"epochs": 2, "tensorboard": False}
    metrics = run_training(CRF[1], data, run, arguments, fields, resume=False, force=False)
    splits = load_run_data(run, RunDirectory(run).read_config())
    scores = evaluate(load_model(RunDirectory(run).model), splits)
    assert scores["span_f1"] == pytest.approx(metrics["test"]["span_f1"])
    made = export_run(run, tmp_path / "bundle", overwrite=False)
    raw = read_raw_inputs(made, ["Ada went"], None, text=None, columns=None)
    assert len(OnnxPredictor(made).predict(raw)[0]["labels"]) == 2


@pytest.mark.parametrize("also", ["raw"])
def test_characters_have_no_raw_file(also: str, bundle: Path, splits: Splits, tmp_path: Path) -> None:
    model = create_model(CRF[1], units=(4,), **splits.model_arguments)
    with pytest.raises(ArgumentError, match="received raw, and CharacterPreprocessing as preprocessing"):
        save_bundle(model, tmp_path / "bundle", preprocessing=splits.preprocessing, also=[also])
    with pytest.raises(ArgumentError, match="text: received CharacterPreprocessing"):
        export_saved_model(model, tmp_path / "saved", text=splits.preprocessing)
