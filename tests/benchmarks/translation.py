"""BLEU of a translator on Multi30k, English to German, beside the nearest training pair.

    RNNZOO_DATA=... python tests/benchmarks/translation.py

Trains on the 29,000 pairs, exports, and translates the 1,000 test rows of 2016 with onnxruntime, by greedy search
and by a beam of 4. The baseline answers with the translation of the training source that is nearest by the cosine of
TF-IDF. BLEU is sacrebleu's, on plain text. Adds to ``results/translation.csv`` what is not there yet; ``--table``
prints the means.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import sacrebleu
from sklearn.feature_extraction.text import TfidfVectorizer
from zoo import machine, read_rows, write_rows

from rnnzoo import Splits, TrainConfig, create_model, train
from rnnzoo.data.readers.pairs import Texts, pair_splits, read_lines
from rnnzoo.data.sets.set_files import data_directory
from rnnzoo.preprocessing import PairPreprocessing
from rnnzoo_export import Translator, export_seq2seq_onnx

RESULTS = Path(__file__).parent / "results" / "translation.csv"
METHODS = {"greedy": 1, "beam of 4": 4}
NEAREST = "nearest training source"


def part(name: str) -> Texts:
    folder = data_directory() / "multi30k"
    english, german = (read_lines(folder / f"{name}.{language}.gz") for language in ("en", "de"))
    return english, german


def nearest(train_part: Texts, sources: Any) -> list[str]:
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    known = vectorizer.fit_transform(train_part[0])
    best = (vectorizer.transform(sources) @ known.T).toarray().argmax(axis=1)
    return [train_part[1][row] for row in best]


def run(
    name: str, seed: int, splits: Splits, test: Texts, options: argparse.Namespace
) -> list[dict[str, Any]]:
    keras.utils.set_random_seed(seed)
    model = create_model(name, **splits.model_arguments)
    config = TrainConfig(
        epochs=options.epochs,
        batch_size=64,
        learning_rate=3e-3,
        schedule="cosine",
        seed=seed,
        tensorboard=False,
    )
    result = train(model, splits, config=config)
    facts = {
        "model": name,
        "seed": seed,
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
        "perplexity": round(result.metrics["test"]["perplexity"], 2),
        **machine(),
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        export_seq2seq_onnx(
            model, f"{folder}/translator", preprocessing=splits.get_preprocessing(PairPreprocessing)
        )
        translator = Translator(f"{folder}/translator")
        for method, beams in METHODS.items():
            begin = time.perf_counter()
            answers = [one.text for one in translator.translate(test[0], beams=beams, max_length=60)]
            milliseconds = round(1000 * (time.perf_counter() - begin) / len(answers), 2)
            rows.append(
                {"method": method, "bleu": bleu(answers, test[1]), "ms_per_text": milliseconds, **facts}
            )
            for text in list(zip(*test, answers, strict=True))[:2]:
                print(method, *text, sep="\n  ")
    return rows


def bleu(answers: list[str], truth: Any) -> float:
    return round(sacrebleu.corpus_bleu(answers, [list(truth)]).score, 2)


def table() -> str:
    """The README's table."""
    rows = read_rows(RESULTS)
    baseline = next(row["bleu"] for row in rows if row["method"] == NEAREST)
    lines = ["| model | search | BLEU | nearest training source |", "|---|---|---|---|"]
    for name in dict.fromkeys(row["model"] for row in rows if row["method"] != NEAREST):
        for method in METHODS:
            found = [float(row["bleu"]) for row in rows if (row["model"], row["method"]) == (name, method)]
            spread = f"{np.mean(found):.1f} ({min(found):.1f}-{max(found):.1f}, {len(found)} seeds)"
            lines.append(f"| `{name}` | {method} | {spread} | {float(baseline):.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="*", default=["translator-gru-bahdanau"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    pairs, test = part("train"), part("test_2016_flickr")
    splits = pair_splits(
        pairs, validation=part("val"), test=test, coding="subwords", max_tokens=6_000, max_length=40
    )
    rows: list[dict[str, Any]] = list(read_rows(RESULTS))
    if not rows:
        rows.append({"method": NEAREST, "bleu": bleu(nearest(pairs, test[0]), test[1]), **machine()})
    done = {(row.get("model"), row.get("seed")) for row in rows}
    for seed in range(options.seeds):
        for name in options.models:
            if (name, str(seed)) not in done:
                rows += run(name, seed, splits, test, options)
                write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
