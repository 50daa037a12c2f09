"""What a language model of unlabelled texts is worth to a classifier that has few labels.

    RNNZOO_DATA=... python tests/benchmarks/transfer.py --seeds 3

A language model learns from all training texts without their labels; a classifier of the same layers starts from it and
is fine-tuned on a few labels, on SNIPS as in ULMFiT. Beside it stand the same classifier from random weights and linear
models of TF-IDF, all on the same labelled rows, of which a fifth is for validation. The seed
draws the labelled rows and the weights; on IMDB all seeds start from one language model, which takes twenty minutes.
Adds to ``results/transfer.csv`` what is not there yet; ``--table`` prints the means. ``--language-models FOLDER`` keeps
the language models, and takes those that are there.

``--development`` holds back 2,000 training rows, labels and texts, scores on them instead of the test rows and keeps no
score. With it, on one seed, were chosen the settings for SNIPS and how IMDB is fine-tuned, the latter after first
settings had been seen on the test rows; IMDB's other settings by the time that they take.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from zoo import machine, read_rows, write_rows

from rnnzoo import (
    Splits,
    TrainConfig,
    build_classifier,
    build_language_model,
    text_stream_splits,
    train,
    transfer,
)
from rnnzoo.data.readers.running_text import END_OF_LINE
from rnnzoo.data.sets.set_files import data_directory
from rnnzoo.evaluation.baselines import answer_each
from rnnzoo.evaluation.scores import score
from rnnzoo.preprocessing import TokenPreprocessing
from rnnzoo.preprocessing.text import split_words

RESULTS = Path(__file__).parent / "results" / "transfer.csv"
BASELINES = (
    "logistic regression on TF-IDF",
    "linear SVM on TF-IDF",
    "linear SVM on TF-IDF of characters",
)
METHODS = ("fine-tuned", "from scratch", *BASELINES)
#: Rows of ``--development``.
HELD_BACK = 2_000


@dataclass(frozen=True)
class Problem:
    """A data set and the settings for it.

    Attributes:
        title: For the table.
        files: Training and test file below the data folder.
        columns: Their columns; ``label`` and ``text`` are read.
        labels: Labelled rows.
        max_tokens: Size of the vocabulary at most.
        max_length: Words of a text that the classifier reads, at most.
        sizes: Arguments that both models share.
        language_model: Arguments of the language model alone.
        classifier: Arguments of the classifier alone.
        pretraining: Fields of its ``TrainConfig``.
        fine_tuning: Fields of the fine-tuned classifier's ``TrainConfig``.
        scratch: Fields of the other's.
        seconds: Time for pre-training.
        one_language_model: Whether all seeds start from the same one.
    """

    title: str
    files: tuple[str, str]
    columns: tuple[str, ...]
    labels: int
    max_tokens: int
    max_length: int | None
    sizes: Mapping[str, Any]
    language_model: Mapping[str, Any]
    classifier: Mapping[str, Any]
    pretraining: Mapping[str, Any]
    fine_tuning: Mapping[str, Any]
    scratch: Mapping[str, Any]
    window: int = 35
    seconds: int = 900
    one_language_model: bool = False
    common: Mapping[str, Any] = field(
        default_factory=lambda: {"early_stopping": None, "monitor": "val_loss", "tensorboard": False}
    )


ULMFIT: dict[str, Any] = {
    "schedule": "slanted_triangular",
    "discriminative": 2.6,
    "gradual_unfreezing": 1,
}
PROBLEMS: dict[str, Problem] = {
    "snips": Problem(
        title="SNIPS intents, 200 labels",
        files=("snips/snips_train.tsv.gz", "snips/snips_test.tsv.gz"),
        columns=("label", "text", "tags"),
        labels=200,
        max_tokens=5_000,
        max_length=None,
        sizes={"embedding_size": 128, "units": (256,), "cell": "lstm"},
        language_model={"dropout": 0.5, "embedding_dropout": 0.1},
        classifier={"dropout": 0.5, "pooling": "max"},
        pretraining={"epochs": 25, "batch_size": 16, "learning_rate": 3e-3, "schedule": "cosine"},
        fine_tuning={"epochs": 80, "batch_size": 16, "learning_rate": 1e-2, **ULMFIT, "discriminative": 1.5},
        scratch={
            "epochs": 60,
            "batch_size": 16,
            "learning_rate": 1e-2,
            "schedule": "slanted_triangular",
        },
    ),
    "imdb": Problem(
        title="IMDB reviews, 1,000 labels",
        files=("imdb/train.tsv.gz", "imdb/test.tsv.gz"),
        columns=("label", "id", "text"),
        labels=1_000,
        max_tokens=5_000,
        max_length=200,
        one_language_model=True,
        sizes={"embedding_size": 128, "units": (128,), "cell": "lstm"},
        language_model={"dropout": 0.1},
        classifier={"dropout": 0.3, "pooling": "concat"},
        pretraining={
            "epochs": 1,
            "batch_size": 32,
            "learning_rate": 3e-3,
            "schedule": "cosine",
            "reset_states": 0.01,
        },
        seconds=1150,
        # Gradual unfreezing with smaller rates below the head: worse by a tenth on the held-back rows.
        fine_tuning={"epochs": 10, "batch_size": 32, "learning_rate": 2e-3},
        scratch={"epochs": 10, "batch_size": 32, "learning_rate": 2e-3},
    ),
}


@dataclass(frozen=True)
class Data:
    """Texts in words joined by blanks; the labelled rows are some of the training rows."""

    texts: list[str]
    labelled: tuple[list[str], list[str]]
    test: tuple[list[str], list[str]]


class TimeLimit(keras.callbacks.Callback):
    """Ends training at the first batch after so many seconds; the best epoch so far is kept."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.perf_counter() - self._started > self.seconds:
            self.model.stop_training = True


def load(problem: Problem, seed: int, *, development: bool) -> Data:
    """Draws the labelled rows, the same share of every class."""
    train_part, test = (_read(data_directory() / name, problem.columns) for name in problem.files)
    train_part = train_part.sample(frac=1.0, random_state=seed)
    if development:
        train_part, test = train_part.iloc[HELD_BACK:], train_part.iloc[:HELD_BACK]
    each = problem.labels / len(train_part)
    labelled = train_part.groupby("label").sample(frac=each, random_state=seed)
    missing = problem.labels - len(labelled)
    if missing > 0:
        rest = train_part.drop(labelled.index)
        labelled = pd.concat([labelled, rest.sample(missing, random_state=seed)])
    labelled = labelled.iloc[: problem.labels].sample(frac=1.0, random_state=seed)
    return Data(
        texts=train_part["text"].tolist(),
        labelled=(labelled["text"].tolist(), labelled["label"].tolist()),
        test=(test["text"].tolist(), test["label"].tolist()),
    )


@functools.cache
def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.read_csv(path, sep="\t", names=list(columns), quoting=3, dtype=str, keep_default_na=False)
    frame["text"] = [b" ".join(split_words(text)).decode() for text in frame["text"]]
    return frame


@functools.lru_cache(maxsize=1)
def pretrained(
    name: str, seed: int, seconds: float, development: bool, folder: Path | None
) -> tuple[Any, Splits, dict[str, Any]]:
    """The language model of all texts, a twentieth of them for validation."""
    problem = PROBLEMS[name]
    data = load(problem, seed, development=development)
    splits = text_stream_splits(
        "\n".join(data.texts),
        window=problem.window,
        max_tokens=problem.max_tokens,
        validation_fraction=0.05,
        test_fraction=0.0,
    )
    keras.utils.set_random_seed(seed)
    model = build_language_model(**splits.model_arguments, **problem.sizes, **problem.language_model)
    stem = f"{name}-{seed}{'-development' if development else ''}"
    weights, facts = ((folder or Path()) / f"{stem}.{ending}" for ending in ("weights.h5", "json"))
    if folder is not None and facts.is_file():
        model.load_weights(weights)
        return model, splits, json.loads(facts.read_text())
    config = TrainConfig(seed=seed, **{**problem.common, **problem.pretraining})
    result = train(model, splits, config=config, callbacks=[TimeLimit(seconds)], progress=False)
    found = {
        "pretraining_epochs": len(result.history),
        "pretraining_seconds": round(result.seconds, 1),
        "pretraining_tokens": splits.description["tokens"]["train"],
        "perplexity": round(result.metrics["validation"]["perplexity"], 1),
    }
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        model.save_weights(weights)
        facts.write_text(json.dumps(found))
    return model, splits, found


def classify(
    problem: Problem, data: Data, seed: int, words: TokenPreprocessing, language_model: Any | None
) -> dict[str, Any]:
    """Trains the classifier on the labelled rows, from the language model or from random weights."""
    # A text begins where another ended, as in the language model's stream.
    rows = [f"{END_OF_LINE} {text}" for text in data.labelled[0]]
    test_rows = [f"{END_OF_LINE} {text}" for text in data.test[0]]
    splits = Splits.from_arrays(
        rows,
        data.labelled[1],
        test=(test_rows, data.test[1]),
        validation_fraction=0.2,
        preprocessing=TokenPreprocessing(words.vocabulary.words, max_length=problem.max_length),
        seed=seed,
    )
    keras.utils.set_random_seed(seed)
    model = build_classifier(**splits.model_arguments, **problem.sizes, **problem.classifier)
    fields = problem.scratch
    if language_model is not None:
        transfer(language_model, model, vocabulary_from=words, vocabulary_to=splits.preprocessing)
        fields = problem.fine_tuning
    config = TrainConfig(seed=seed, **{**problem.common, **fields})
    result = train(model, splits, config=config, progress=False)
    return {
        "test": round(result.metrics["test"]["accuracy"], 5),
        "validation": round(result.metrics["validation"]["accuracy"], 5),
        "best_epoch": result.best_epoch,
        "train_seconds": round(result.seconds, 1),
        "parameters": model.count_params(),
    }


def linear(data: Data, seed: int) -> list[dict[str, Any]]:
    """The baselines of the labelled rows, on the parts that the classifiers have."""
    splits = Splits.from_arrays(*data.labelled, test=data.test, validation_fraction=0.2, seed=seed)
    assert splits.test is not None
    truth = splits.rows("test").gather(np.arange(len(splits.test)))[1]
    found = []
    for answer in answer_each(splits, splits.test, names=BASELINES):
        assert answer.outputs is not None, answer.skipped
        accuracy = score(splits.task, answer.outputs, truth)["accuracy"]
        found.append(
            {
                "method": answer.name,
                "test": round(accuracy, 5),
                "train_seconds": round(answer.seconds, 1),
            }
        )
    return found


def renew_baselines(data: list[str]) -> None:
    """Fits the baselines again for the data and seeds that are there, on the same rows."""
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)]
    for name in data:
        problem = PROBLEMS[name]
        for seed in sorted({int(row["seed"]) for row in rows if row["data"] == name}):
            rows = [
                row
                for row in rows
                if (row["data"], row["seed"]) != (name, str(seed)) or row["method"] in METHODS[:2]
            ]
            for scores in linear(load(problem, seed, development=False), seed):
                rows.append({"data": name, "labels": problem.labels, "seed": seed, **scores, **machine()})
                print({key: rows[-1][key] for key in ("data", "method", "seed", "test")}, flush=True)
            write_rows(RESULTS, rows)


def run_one(
    name: str, seed: int, methods: list[str], *, seconds: float | None, development: bool, folder: Path | None
) -> list[dict[str, Any]]:
    problem = PROBLEMS[name]
    data = load(problem, seed, development=development)
    seconds = problem.seconds if seconds is None else seconds
    first_seed = 0 if problem.one_language_model else seed
    model, splits, facts = pretrained(name, first_seed, seconds, development, folder)
    if development:
        print(facts, flush=True)
    found = []
    fitted = {row["method"]: row for row in (linear(data, seed) if set(BASELINES) & set(methods) else [])}
    for method in methods:
        if method in BASELINES:
            scores = fitted[method]
        else:
            first = model if method == METHODS[0] else None
            scores = classify(problem, data, seed, splits.get_preprocessing(TokenPreprocessing), first)
            scores |= facts if first is not None else {}
        found.append({"data": name, "method": method, "labels": problem.labels, "seed": seed, **scores})
        print(
            {key: found[-1].get(key) for key in ("data", "method", "seed", "test", "validation")}, flush=True
        )
    return [{**row, **machine()} for row in found]


def table() -> str:
    """The README's table."""
    rows = read_rows(RESULTS)
    lines = [f"| | {' | '.join(METHODS)} |", "|---" * (len(METHODS) + 1) + "|"]
    for name, problem in PROBLEMS.items():
        cells = []
        for method in METHODS:
            own = [float(row["test"]) for row in rows if (row["data"], row["method"]) == (name, method)]
            spread = f" ({min(own):.3f}-{max(own):.3f}, {len(own)} seeds)" if own else ""
            cells.append(f"{np.mean(own):.3f}{spread}" if own else "-")
        lines.append(f"| {problem.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", nargs="*", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="time for pre-training, instead of that of the problem")
    parser.add_argument("--language-models", type=Path, help="a folder to keep language models in")
    parser.add_argument("--development", action="store_true", help="score on held-back training rows")
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines again")
    options = parser.parse_args()
    if options.baselines:
        renew_baselines(options.data)
        return
    if options.table:
        print(table())
        return
    rows: list[dict[str, Any]] = [] if options.development else [*read_rows(RESULTS)]
    done = {(row["data"], row["method"], str(row["seed"])) for row in rows}
    for name in options.data:
        for seed in range(options.seeds):
            methods = [method for method in METHODS if (name, method, str(seed)) not in done]
            if methods:
                rows += run_one(
                    name,
                    seed,
                    methods,
                    seconds=options.seconds,
                    development=options.development,
                    folder=options.language_models,
                )
                if not options.development:
                    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
