"""BLEU of a small translator on a part of Multi30k, English to German, beside the nearest training pair.

    RNNZOO_DATA=../shared/data python tests/benchmarks/translation.py

Trains on the first pairs for a few minutes at most, exports, and translates the first test rows with onnxruntime, by
greedy search and by a beam of 4. The rival answers with the translation of the training source that is nearest by the
cosine of TF-IDF. Adds its rows to ``results/translation.csv``. Not comparable with published figures, which are of
models trained on all 29,000 pairs to the end.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import sacrebleu
from sklearn.feature_extraction.text import TfidfVectorizer

from rnnzoo import TrainConfig, create_model, train
from rnnzoo.data.datasets import data_directory
from rnnzoo.data.pairs import Texts, pair_splits, read_lines
from rnnzoo_export import Translator, export_seq2seq_onnx

RESULTS = Path(__file__).parent / "results" / "translation.csv"


class Budget(keras.callbacks.Callback):
    """Ends training after the epoch in which the time is up."""

    def __init__(self, minutes: float) -> None:
        super().__init__()
        self._end = time.monotonic() + 60 * minutes

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if time.monotonic() > self._end:
            self.model.stop_training = True


def part(name: str, rows: int) -> Texts:
    folder = data_directory() / "multi30k"
    english, german = (read_lines(folder / f"{name}.{language}.gz")[:rows] for language in ("en", "de"))
    return english, german


def nearest(train_part: Texts, sources: Any) -> list[str]:
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    known = vectorizer.fit_transform(train_part[0])
    best = (vectorizer.transform(sources) @ known.T).toarray().argmax(axis=1)
    return [train_part[1][row] for row in best]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="translator-lstm-luong")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--test-rows", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    pairs, test = part("train", options.rows), part("test_2016_flickr", options.test_rows)
    splits = pair_splits(
        pairs, validation=part("val", 300), test=test, coding="subwords", max_tokens=4_000, max_length=30
    )
    keras.utils.set_random_seed(options.seed)
    model = create_model(options.model, **{**splits.model_arguments, "dropout": 0.2})
    config = TrainConfig(
        epochs=options.epochs, batch_size=64, learning_rate=3e-3, seed=options.seed, tensorboard=False
    )
    result = train(model, splits, config=config, callbacks=[Budget(options.minutes)])
    facts = {
        "model": options.model,
        "training_rows": len(splits.train),
        "test_rows": len(test[0]),
        "seed": options.seed,
        "epochs": len(result.history),
        "training_seconds": round(result.seconds),
        "test_perplexity": round(result.metrics["test"]["perplexity"], 2),
        "test_token_accuracy": round(result.metrics["test"]["accuracy"], 4),
    }
    versions = {name: metadata.version(name) for name in ("keras", "tensorflow", "onnxruntime", "sacrebleu")}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        export_seq2seq_onnx(model, f"{folder}/translator", preprocessing=splits.preprocessing)
        translator = Translator(f"{folder}/translator")
        for method, beams in (("greedy", 1), ("beam 4", 4)):
            begin = time.perf_counter()
            answers = [one.text for one in translator.translate(test[0], beams=beams, max_length=60)]
            seconds = round((time.perf_counter() - begin) / len(answers), 5)
            rows.append({"method": method, "bleu": _bleu(answers, test[1]), "seconds_per_text": seconds})
            print(
                method, *(f"\n  {s}\n  {t}\n  {a}" for s, t, a in list(zip(*test, answers, strict=True))[:3])
            )
    rows.append({"method": "nearest training source", "bleu": _bleu(nearest(pairs, test[0]), test[1])})
    for row in rows:
        _write({**row, **facts, **versions, "machine": platform.machine(), "cores": os.cpu_count()})


def _bleu(answers: list[str], truth: Any) -> float:
    return round(sacrebleu.corpus_bleu(answers, [list(truth)]).score, 2)


def _write(row: dict[str, Any]) -> None:
    print(row)
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        columns = ["method", "bleu", "seconds_per_text", *(key for key in row if key not in _FIRST)]
        writer = csv.DictWriter(file, columns)
        if new:
            writer.writeheader()
        writer.writerow(row)


_FIRST = ("method", "bleu", "seconds_per_text")

if __name__ == "__main__":
    main()
