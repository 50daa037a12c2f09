"""Truth of ``rnnzoo.builders.seq2seq``: data, training and scores of translations."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import TrainConfig, build_seq2seq, create_model, evaluate, load_dataset, load_model, train
from rnnzoo.data.readers.pairs import PairSplit, Texts, pair_splits, read_pairs
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, PathNotFoundError, UnknownNameError
from rnnzoo.layers.attention import SourceAttention
from rnnzoo.preprocessing import (
    PairPreprocessing,
    SubwordPreprocessing,
    WordPreprocessing,
    load_preprocessing,
    save_preprocessing,
)
from rnnzoo.tasks import get_task
from rnnzoo_export import Translator

DIGITS = ["one", "two", "three"]
ZIFFERN = dict(zip(DIGITS, ["eins", "zwei", "drei"], strict=True))


def counting(rows: int, seed: int) -> Texts:
    """Numbers, and the same in German from the last to the first."""
    rng = np.random.default_rng(seed)
    sources = [[DIGITS[i] for i in rng.integers(0, 3, rng.integers(1, 5))] for _ in range(rows)]
    return [" ".join(s) for s in sources], [" ".join(ZIFFERN[w] for w in reversed(s)) for s in sources]


def splits(rows: int = 200, coding: str = "words", max_tokens: int = 300) -> Splits:
    return pair_splits(
        counting(rows, 0),
        validation=counting(20, 1),
        test=counting(30, 2),
        coding=coding,
        max_tokens=max_tokens,
    )


# Attention


def attention_by_hand(
    score: str, query: np.ndarray, keys: np.ndarray, memory: np.ndarray, valid: np.ndarray, vector: np.ndarray
) -> np.ndarray:
    result = np.zeros((*query.shape[:2], memory.shape[-1]))
    for row in range(len(query)):
        steps = np.flatnonzero(valid[row])
        for place, q in enumerate(query[row]):
            if not len(steps):
                continue
            if score == "luong":
                scores = np.array([q @ keys[row, s] for s in steps])
            else:
                scores = np.array([vector @ np.tanh(q + keys[row, s]) for s in steps])
            shares = np.exp(scores - scores.max())
            result[row, place] = (shares / shares.sum()) @ memory[row, steps]
    return result


@pytest.mark.parametrize("score", ["bahdanau", "luong"])
def test_attention_is_its_formula_over_the_valid_steps_alone(score: str) -> None:
    rng = np.random.default_rng(0)
    query, keys, memory = (
        rng.normal(size=shape).astype(np.float32) for shape in ((3, 2, 4), (3, 5, 4), (3, 5, 6))
    )
    valid = rng.random((3, 5)) < 0.6
    valid[0], valid[1] = True, False
    layer = SourceAttention(score)
    found = np.asarray(layer(query, keys, memory, valid))
    vector = np.asarray(layer.vector) if score == "bahdanau" else np.zeros(4)
    expected = attention_by_hand(score, query, keys, memory, valid, vector)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    spoiled = np.where(valid[..., None], memory, 1e6).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(layer(query, keys, spoiled, valid)), found)


def test_wrong_arguments_are_refused() -> None:
    sizes = {"source_vocabulary_size": 9, "target_vocabulary_size": 9}
    with pytest.raises(
        ArgumentError, match="source_vocabulary_size: received 4; expected an integer of at least 5"
    ):
        build_seq2seq(source_vocabulary_size=4, target_vocabulary_size=9)
    with pytest.raises(UnknownNameError, match="unknown attention: received 'loung'; did you mean 'luong'"):
        build_seq2seq(**sizes, attention="loung")  # type: ignore[arg-type]
    with pytest.raises(
        UnknownNameError, match="unknown cell: received 'simple_rnn'; expected one of gru, lstm"
    ):
        build_seq2seq(**sizes, cell="simple_rnn")  # type: ignore[arg-type]
    with pytest.raises(
        ArgumentError, match="dropout: received 1; expected a finite number at least 0 and below 1"
    ):
        build_seq2seq(**sizes, dropout=1)  # type: ignore[arg-type]


def test_depth_and_one_direction_build_too() -> None:
    model = build_seq2seq(
        source_vocabulary_size=9, target_vocabulary_size=7, units=(5, 4), bidirectional=False, dropout=0.1
    )
    assert model([np.full((2, 3), 4), np.full((2, 6), 4)]).shape == (2, 6, 7)


# Texts to ids and back


def test_words_keep_punctuation_and_come_back() -> None:
    words = WordPreprocessing.fit(["A man (tall) doesn't run, he walks."])
    text = "a man (tall) doesn't run, he walks."
    assert words.decode(words.encode([text.upper()])[0]) == text
    with pytest.raises(EmptyRowError, match="row 0: received an empty text; expected at least one word"):
        words.encode([""])
    assert words.decode([2, 4, 3, 5]) == words.vocabulary[4]
    with pytest.raises(DataError, match="row 1: received int; expected a text"):
        words.encode(["a", 1])
    with pytest.raises(DataError, match="row 0: received a text with a lone surrogate"):
        words.encode(["\ud800"])
    with pytest.raises(ArgumentError, match="max_tokens: received 4; expected an integer of at least 5"):
        WordPreprocessing.fit(["a"], max_tokens=4)


PIECES = SubwordPreprocessing.fit(["the cat sat on the mat", "ein Hund läuft"] * 3, max_tokens=290)


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip))
@settings(max_examples=100, deadline=None)
def test_subwords_lose_nothing(text: str) -> None:
    ids = PIECES.encode([text])[0]
    assert PIECES.decode(ids) == text
    assert ids.max() < PIECES.vocabulary_size


def test_special_tokens_in_a_text_are_text() -> None:
    ids = PIECES.encode(["a [END] b[PAD]"])[0]
    assert np.all(ids[:-1] > 3)
    assert PIECES.decode(ids) == "a [END] b[PAD]"


def test_codings_are_stored(tmp_path: Path) -> None:
    texts = counting(20, 0)
    both = PairPreprocessing(WordPreprocessing.fit(texts[0]), PIECES)
    save_preprocessing(both, tmp_path / "p.json")
    loaded = load_preprocessing(tmp_path / "p.json")
    assert isinstance(loaded, PairPreprocessing)
    assert loaded.to_config() == both.to_config()
    np.testing.assert_array_equal(loaded.apply(["one two"])["tokens"], both.apply(["one two"])["tokens"])
    assert loaded.decode(PIECES.encode(["Hund"])[0]) == "Hund"
    with pytest.raises(ArgumentError, match="its first ids are"):
        SubwordPreprocessing({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})
    with pytest.raises(ArgumentError, match="tokenizer: cannot be read"):
        SubwordPreprocessing({"model": 1})


def test_tokenizers_is_imported_on_use_only() -> None:
    code = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "import rnnzoo.preprocessing as p; print(p.WordPreprocessing.fit(['a']).encode(['a'])[0].shape)\n"
        "p.SubwordPreprocessing.fit(['a'], max_tokens=10)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "(2,)\n"
    # The use that needs it fails, so that it was truly kept out.
    assert "import of tokenizers halted" in run.stderr


# Data


def test_targets_are_what_follows_the_decoder_tokens() -> None:
    data = pair_splits((["one two", "one"], ["zwei eins", "eins"]), validation=(["one"], ["eins"]))
    inputs, targets, weights = data.rows("train").gather([0, 1])
    words = data.get_preprocessing(PairPreprocessing).target
    first, second = words.text_to_ids("zwei eins")
    assert inputs["tokens"].shape == (2, 3)
    assert inputs["decoder_tokens"].tolist() == [[2, first, second], [2, second, 0]]
    assert targets.tolist() == [[first, second, 3], [second, 3, 0]]
    assert weights is not None
    assert weights.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert data.rows("train").lengths.tolist() == [3, 2]


def test_batches_hold_rows_of_like_length_and_every_row_once() -> None:
    split = splits().train
    widths, rows = [], 0
    for inputs, targets, _ in split.batches(16, shuffle=True):
        widths.append(inputs["tokens"].shape[1])
        rows += len(targets)
    assert rows == len(split) == 200
    assert min(widths) < max(widths)


def test_parallel_files_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\ntwo\u2028two\r\n", encoding="utf-8", newline="")
    (tmp_path / "a.de.gz").write_bytes(gzip.compress(b"eins\nzwei\n"))
    pair = (tmp_path / "a.en", tmp_path / "a.de.gz")
    data = read_pairs(*pair, validation=pair)
    assert isinstance(data.train, PairSplit)
    assert list(data.train.raw or ()) == ["one", "two\u2028two"]
    assert data.train.raw_targets == ["eins", "zwei"]
    assert data.test is None


@pytest.mark.parametrize("coding", ["words", "subwords"])
def test_rows_that_are_no_texts_are_named(coding: str) -> None:
    good = (["one"], ["eins"])
    with pytest.raises(DataError, match="row 1: received NoneType; expected a text"):
        pair_splits(
            (["one", None], ["eins", "zwei"]),  # type: ignore[list-item]
            validation=good,
            coding=coding,
        )
    with pytest.raises(DataError, match="row 0: received a text with a lone surrogate"):
        pair_splits((["\ud800"], ["eins"]), validation=good, coding=coding)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\ntwo\n")
    (tmp_path / "a.de").write_text("eins\n")
    (tmp_path / "b.de").write_bytes(b"\xff\n\xff\n")
    (tmp_path / "c.gz").write_bytes(b"no gzip")
    source, pair = tmp_path / "a.en", (tmp_path / "a.en", tmp_path / "a.en")
    with pytest.raises(DataError, match=r"a.en has 2 lines, .*a.de has 1; expected as many in both"):
        read_pairs(source, tmp_path / "a.de", validation=pair)
    with pytest.raises(
        DataError, match=r"b.de: not readable as UTF-8 text .*expected a file of texts, one a line"
    ):
        read_pairs(source, tmp_path / "b.de", validation=pair)
    with pytest.raises(DataError, match=r"c.gz: not readable as UTF-8 text"):
        read_pairs(source, tmp_path / "c.gz", validation=pair)
    with pytest.raises(PathNotFoundError, match="no such file; expected a file of texts, one a line"):
        read_pairs(source, tmp_path / "none", validation=pair)
    with pytest.raises(
        DataError, match="validation: received 1 sources and 2 targets; expected as many of both"
    ):
        pair_splits((["a"], ["b"]), validation=(["a"], ["b", "c"]))
    with pytest.raises(DataError, match="train: received 0 sources and 0 targets"):
        pair_splits(([], []), validation=(["a"], ["b"]))
    with pytest.raises(UnknownNameError, match="unknown coding: received 'word'; did you mean 'words'"):
        splits(coding="word")
    with pytest.raises(ArgumentError, match="task: received 'translation' for rows in memory"):
        Splits.from_arrays(["a"], ["b"], task="translation")


def test_long_training_pairs_are_left_out_and_counted() -> None:
    pairs = (["a", "a b c d"], ["x", "x"])
    data = pair_splits(pairs, validation=pairs, max_length=2)
    assert (len(data.train), len(data.validation), data.description["left_out"]) == (1, 2, 1)
    with pytest.raises(DataError, match="max_length: received 1, which no training pair keeps within"):
        pair_splits(pairs, validation=pairs, max_length=1)


def test_multi30k_is_read(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    data = load_dataset("multi30k")
    assert data.test is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (29_000, 1_014, 1_000)
    inputs, targets, weights = data.rows("test").gather(range(64))
    assert weights is not None
    assert (inputs["tokens"] == 1).sum() / (inputs["tokens"] > 0).sum() < 0.05
    assert targets.shape == weights.shape == inputs["decoder_tokens"].shape


# Training


def test_the_loss_is_the_mean_over_the_tokens_that_count() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    truth, weights = np.array([[1, 2, 3], [4, 0, 0]]), np.array([[1, 1, 1], [1, 0, 0]], np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    each = -np.log(np.take_along_axis(shares, truth[..., None], -1)[..., 0])
    found = float(get_task("translation").loss()(truth, logits, sample_weight=weights))
    np.testing.assert_allclose(found, (each * weights).sum() / 4, rtol=1e-6)


@pytest.mark.slow
def test_a_run_is_trained_scored_and_kept(tmp_path: Path) -> None:
    data = splits()
    keras.utils.set_random_seed(1)
    model = create_model(
        "translator-gru-bahdanau", units=(24,), embedding_size=8, dropout=0.0, **data.model_arguments
    )
    config = TrainConfig(epochs=10, batch_size=16, learning_rate=0.02, tensorboard=False)
    result = train(model, data, config=config, directory=tmp_path / "run", progress=False)
    scores = result.metrics["test"]
    assert set(scores) == {"bits_per_token", "perplexity", "loss"}
    assert scores["perplexity"] < 2
    np.testing.assert_allclose(np.log(scores["perplexity"]), scores["loss"], rtol=1e-4)
    assert evaluate(load_model(tmp_path / "run" / "model.keras"), data) == pytest.approx(scores)
    from rnnzoo.files import read_json

    baselines = read_json(tmp_path / "run" / "metrics.json", "metrics")["baselines"]["scores"]
    assert set(baselines) == {"frequency of each token", "pairs of tokens"}
    for baseline in baselines.values():
        assert scores["perplexity"] < baseline["perplexity"] < 8
    assert baselines["pairs of tokens"]["perplexity"] < baselines["frequency of each token"]["perplexity"]
    exports_by_command(tmp_path / "run", tmp_path / "translator")


def exports_by_command(run: Path, out: Path) -> None:
    exported = command("export", run, "--out", out)
    assert exported.returncode == 0, exported.stderr
    answers = json.loads(command("predict", out, "one two", "three", "--json").stdout)
    assert answers == [vars(answer) for answer in Translator(out).translate(["one two", "three"])]
    assert answers[1]["text"] == "drei"
    refused = command("export", run, "--out", out.with_name("other"), "--streaming").stderr
    assert "received streaming for a translator, which is an encoder and a decoder file" in refused
    assert "holds a translator; expected a bundle" in command("serve", out).stderr


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "rnnzoo", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=200)


def test_models_of_other_sizes_are_refused() -> None:
    data = splits(20)
    config = TrainConfig(epochs=1)
    sizes = dict(data.model_arguments)
    small = build_seq2seq(**{**sizes, "source_vocabulary_size": 5}, units=4)
    with pytest.raises(
        ArgumentError, match="its embedding 'source_embedding' knows 5 token ids, the data have 7"
    ):
        train(small, data, config=config, progress=False)
    large = build_seq2seq(**{**sizes, "target_vocabulary_size": 9}, units=4)
    with pytest.raises(ArgumentError, match=r"the data ask for \(batch, .*, 7\) for task 'translation'"):
        train(large, data, config=config, progress=False)
