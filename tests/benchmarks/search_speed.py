"""Times a whole search against stock Keras Tuner: the same 20 sets of hyperparameters, epochs, data and batches.

    RNNZOO_DATA=... python tests/benchmarks/search_speed.py [--rounds 3]

Stock Keras Tuner is written as its users write it: a function that builds and compiles a model of Keras layers, a tuner
with one objective, ``tuner.search`` over ``tf.data`` batches, here those of rnnzoo with rows of like length together.
Its ``GridSearch`` runs the list, with the same ``Tuner`` below as its ``RandomSearch``, whose draws would be others.
rnnzoo's side is ``run_search``, checkpoints, pictures, report and the run of the best model included.

Sides take turns in processes of their own; the time is that of the search alone, without imports and reading of data.
Best scores and the weights of the best models are kept beside it. Writes ``results/search_speed.csv``; ``--table``
prints the table of the documentation.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_tuner
import numpy as np
from search_results import snips
from zoo import machine, read_rows, write_rows

from rnnzoo import Splits, TrainConfig, load_dataset
from rnnzoo.data.batching import BatchOrder
from rnnzoo_tuning import Choice, SearchSpace, run_search

RESULTS = Path(__file__).parent / "results" / "search_speed.csv"
UNITS, DROPOUT, RATES = (32, 64), (0.0, 0.3), (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)
SIDES = ("rnnzoo", "Keras Tuner")


@dataclass(frozen=True)
class Case:
    """A model and its data.

    Attributes:
        title: For the table.
        model: The name of the model.
        epochs: Epochs of each trial.
        embedding: The width of the embedding of texts; ``None`` for series.
    """

    title: str
    model: str
    epochs: int
    embedding: int | None = None

    def load(self) -> Splits:
        """Reads the data."""
        return load_dataset("digits") if self.embedding is None else snips()


CASES = {
    "texts": Case("SNIPS intents, 1,000 rows, BiLSTM", "text-classifier-bilstm", 8, embedding=100),
    "series": Case("digits, 1,797 rows, GRU", "series-classifier-gru", 8),
}


def rnnzoo_search(case: Case, splits: Splits, folder: Path) -> tuple[float, int]:
    """Returns the best score and the number of weights of the best model."""
    space = SearchSpace(
        model={"units": Choice(tuple((units,) for units in UNITS)), "dropout": Choice(DROPOUT)},
        training={"learning_rate": Choice(RATES)},
    )
    found = run_search(
        case.model,
        splits,
        space=space,
        arguments={} if case.embedding is None else {"embedding_size": case.embedding},
        config=TrainConfig(epochs=case.epochs, early_stopping=None, tensorboard=False),
        algorithm="grid",
        max_trials=20,
        directory=folder / "search",
        baseline_seconds=0,
        bundle=False,
        progress=False,
    )
    return found.score, found.best.model.count_params()


def stock_search(case: Case, splits: Splits, folder: Path) -> tuple[float, int]:
    """The same with Keras Tuner alone."""
    sizes = splits.model_arguments

    def build(hp: keras_tuner.HyperParameters) -> keras.Model:
        units = hp.Choice("units", list(UNITS))
        if case.embedding is None:
            inputs = keras.Input((None, sizes["num_features"]), name="features")
            x = keras.layers.GRU(units)(inputs)
        else:
            inputs = keras.Input((None,), dtype="int32", name="tokens")
            x = keras.layers.Embedding(sizes["vocabulary_size"], case.embedding, mask_zero=True)(inputs)
            x = keras.layers.Bidirectional(keras.layers.LSTM(units))(x)
        x = keras.layers.Dropout(hp.Choice("dropout", list(DROPOUT)))(x)
        model = keras.Model(inputs, keras.layers.Dense(sizes["num_classes"])(x))
        model.compile(
            optimizer=keras.optimizers.Adam(hp.Choice("rate", list(RATES)), global_clipnorm=1.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return model

    tuner = keras_tuner.GridSearch(build, objective="val_accuracy", max_trials=20, directory=folder)
    batch = TrainConfig.batch_size
    tuner.search(
        splits.train.dataset(BatchOrder(batch, shuffle=True, seed=0)),
        validation_data=splits.validation.dataset(BatchOrder(4 * batch)),
        epochs=case.epochs,
        verbose=0,
    )
    (best,) = tuner.oracle.get_best_trials(1)
    return best.score, tuner.get_best_models(1)[0].count_params()


def measure(side: str, name: str) -> dict[str, Any]:
    """Searches once, in this process."""
    case = CASES[name]
    splits = case.load()
    search = rnnzoo_search if side == "rnnzoo" else stock_search
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        score, weights = search(case, splits, Path(folder))
        seconds = time.perf_counter() - began
    return {"side": side, "case": name, "seconds": round(seconds, 2), "score": score, "weights": weights}


def table() -> str:
    """The table of the documentation."""
    lines = ["| search of 20 trials | rnnzoo's time, of stock Keras Tuner's | best validation accuracy |"]
    lines.append("|---|---|---|")
    rows = read_rows(RESULTS)
    for name, case in CASES.items():
        of = {side: [row for row in rows if (row["case"], row["side"]) == (name, side)] for side in SIDES}
        ours, stock = ([float(row["seconds"]) for row in of[side]] for side in SIDES)
        ratios = [one / other for one, other in zip(ours, stock, strict=True)]
        scores = ", ".join(
            f"{side} {np.mean([float(row['score']) for row in own]):.3f}" for side, own in of.items()
        )
        shown = f"{np.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        lines.append(f"| {case.title}, {case.epochs} epochs | {shown} | {scores} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "CASE"), help="search once, print JSON")
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    if options.one:
        print(json.dumps(measure(*options.one)))
        return
    rows: list[dict[str, Any]] = []
    for number in range(options.rounds):
        for name in CASES:
            for side in SIDES if number % 2 == 0 else SIDES[::-1]:
                command = [sys.executable, __file__, "--one", side, name]
                told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                rows.append({**json.loads(told.splitlines()[-1]), "round": number, **machine()})
                print({key: rows[-1][key] for key in ("case", "side", "seconds", "score")}, flush=True)
        write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
