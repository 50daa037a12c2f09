"""What each trick of training is worth: all of them together, then each switched off alone.

    RNNZOO_DATA=... python tests/benchmarks/ablation.py --seeds 3

Two small real sets: SNIPS intents with 1,000 training rows, and Beijing PM2.5 a day ahead. The settings were written
down before anything was measured. An effect is the test score with all tricks less that without one, seed by seed, so
that more is better in both. Adds to ``results/ablation.csv`` what is not there yet; ``--table`` prints the README's
table and draws ``results/ablation.png``.
"""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from zoo import machine, read_rows, write_rows

from rnnzoo import Splits, TrainConfig, create_model, evaluate, load_dataset, train
from rnnzoo.training.run.plots import BLUE, GREY, ORANGE, STYLE, save_figure

RESULTS = Path(__file__).parent / "results" / "ablation.csv"
PICTURE = RESULTS.with_suffix(".png")
ALL = "all tricks"
LAST_EPOCH = "best epoch"
ROWS = 1_000


@dataclass(frozen=True)
class Problem:
    """A data set with all tricks on, and how each is switched off."""

    title: str
    model: str
    metric: str
    sign: float
    arguments: Mapping[str, Any]
    training: Mapping[str, Any]
    arguments_without: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training_without: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def variants(self) -> list[str]:
        return [ALL, *self.arguments_without, *self.training_without, LAST_EPOCH]


SHARED: dict[str, Any] = {
    "clip": "global_norm",
    "clip_bound": 1.0,
    "optimizer": "adamw",
    "tensorboard": False,
}
WITHOUT: dict[str, dict[str, Any]] = {
    "gradient clipping": {"clip": None},
    "weight decay": {"weight_decay": 0.0},
    "falling rate": {"schedule": "constant", "warmup": 0.0},
    "averaged weights": {"averaging": None},
    "augmentation": {"augmentation": None},
}
PROBLEMS: dict[str, Problem] = {
    "snips": Problem(
        title="SNIPS intents, 1,000 rows: accuracy in points",
        model="text-classifier-bilstm",
        metric="accuracy",
        sign=100.0,
        arguments={
            "units": (64,),
            "embedding_size": 100,
            "dropout": 0.4,
            "pooling": "max",
            "regularization": {"kernel_l2": 1e-5, "recurrent_l2": 1e-5, "weight_drop": 0.2},
        },
        training={
            **SHARED,
            "epochs": 25,
            "early_stopping": 8,
            "learning_rate": 3e-3,
            "schedule": "cosine",
            "warmup": 0.1,
            "weight_decay": 0.01,
            "averaging": "ema",
            "label_smoothing": 0.1,
            "augmentation": {"token_dropout": 0.1},
        },
        arguments_without={
            "LSTM (Elman instead)": {"cell": "simple_rnn"},
            "second direction": {"bidirectional": False},
            "dropout": {"dropout": 0.0},
            "weight-drop": {"regularization": {"kernel_l2": 1e-5, "recurrent_l2": 1e-5}},
            "L2": {"regularization": {"weight_drop": 0.2}},
        },
        training_without={**WITHOUT, "label smoothing": {"label_smoothing": 0.0}},
    ),
    "beijing": Problem(
        title="Beijing PM2.5, a day ahead: MAE in ug/m3",
        model="forecaster-gru",
        metric="mae",
        sign=-1.0,
        arguments={
            "units": (32,),
            "dropout": 0.2,
            "linear": False,
            "regularization": {"kernel_l2": 1e-5, "recurrent_l2": 1e-5, "weight_drop": 0.2},
        },
        training={
            **SHARED,
            "epochs": 10,
            "early_stopping": 4,
            "batch_size": 256,
            "learning_rate": 3e-3,
            "schedule": "cosine",
            "warmup": 0.1,
            "weight_decay": 0.01,
            "averaging": "ema",
            "augmentation": {"jitter": 0.03},
        },
        arguments_without={
            "GRU (Elman instead)": {"cell": "simple_rnn"},
            "dropout": {"dropout": 0.0},
            "weight-drop": {"regularization": {"kernel_l2": 1e-5, "recurrent_l2": 1e-5}},
            "L2": {"regularization": {"weight_drop": 0.2}},
        },
        training_without=WITHOUT,
    ),
}


@functools.cache
def load(name: str) -> Splits:
    if name == "beijing":
        return load_dataset("beijing_pm25", window=24, horizon=24)
    from sklearn.model_selection import train_test_split

    splits = load_dataset("snips")
    parts = {}
    for part, rows in (("train", ROWS), ("validation", ROWS)):
        split = getattr(splits, part)
        labels = [
            (splits.get_decoding().labels or [])[number] for number in split.gather(np.arange(len(split)))[1]
        ]
        texts, _, chosen, _ = train_test_split(
            split.raw, labels, train_size=rows, stratify=labels, random_state=0
        )
        parts[part] = (texts, chosen)
    assert splits.test is not None
    truth = splits.rows("test").gather(np.arange(len(splits.test)))[1]
    test = (splits.test.raw or (), [(splits.get_decoding().labels or [])[number] for number in truth])
    return Splits.from_arrays(*parts["train"], validation=parts["validation"], test=test)


class LastWeights(keras.callbacks.Callback):
    """Keeps the weights of the last epoch, whatever the best one was."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.weights = self.model.get_weights()


def run_one(name: str, variant: str, seed: int) -> dict[str, Any]:
    problem, splits = PROBLEMS[name], load(name)
    arguments = {**problem.arguments, **problem.arguments_without.get(variant, {})}
    training = {**problem.training, **problem.training_without.get(variant, {})}
    if variant == LAST_EPOCH:
        training["early_stopping"] = None
    keras.utils.set_random_seed(seed)
    model = create_model(problem.model, **{**splits.model_arguments, **arguments})
    last = LastWeights()
    result = train(model, splits, config=TrainConfig(**training, seed=seed), callbacks=[last], progress=False)
    score = result.metrics["test"][problem.metric]
    if variant == LAST_EPOCH:
        model.set_weights(last.weights)
        score = evaluate(model, splits)[problem.metric]
    return {
        "data": name,
        "without": variant,
        "seed": seed,
        "metric": problem.metric,
        "test": round(score, 5),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
        **machine(),
    }


def effects(name: str) -> dict[str, np.ndarray]:
    """By trick: what it is worth, seed by seed."""
    scores = {
        (row["without"], row["seed"]): float(row["test"]) for row in read_rows(RESULTS) if row["data"] == name
    }
    found = {}
    for variant in PROBLEMS[name].variants[1:]:
        seeds = [seed for (without, seed) in scores if without == variant]
        if seeds:
            differences = [scores[ALL, seed] - scores[variant, seed] for seed in seeds]
            found[variant] = PROBLEMS[name].sign * np.array(differences)
    return found


def measured() -> list[str]:
    """The sets that have results."""
    return [name for name in PROBLEMS if effects(name)]


def table() -> str:
    """The README's table, of both sets side by side."""
    found = {name: effects(name) for name in measured()}
    tricks = list(dict.fromkeys(trick for one in found.values() for trick in one))
    lines = [
        f"| worth of | {' | '.join(PROBLEMS[name].title for name in found)} |",
        f"|---|{'---|' * len(found)}",
    ]
    for trick in tricks:
        cells = [
            f"{_signed(one[trick].mean())} ({_signed(one[trick].min())} to {_signed(one[trick].max())})"
            if trick in one
            else "-"
            for one in found.values()
        ]
        lines.append(f"| {trick} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _signed(number: float) -> str:
    return f"{round(number, 2) + 0.0:+.2f}"  # no minus before zero


def picture() -> Figure:
    """Every seed a dot, the mean a bar."""
    with mpl.rc_context(STYLE):
        names = measured()
        figure = Figure(figsize=(5.6 * len(names), 4.2))
        for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
            found = dict(sorted(effects(name).items(), key=lambda item: item[1].mean()))
            for place, values in enumerate(found.values()):
                mean = values.mean()
                axes.barh(place, mean, color=BLUE if mean > 0 else ORANGE, alpha=0.5)
                axes.plot(values, [place] * len(values), "o", color=GREY, markersize=4)
            axes.axvline(0, color=GREY, linewidth=1)
            axes.set_yticks(range(len(found)), list(found))
            axes.set(title=PROBLEMS[name].title, xlabel="worse without it →")
        figure.tight_layout()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", nargs="*", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the table and draw the picture")
    options = parser.parse_args()
    if options.table:
        save_figure(picture(), PICTURE)
        print(table())
        return
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)]
    done = {(row["data"], row["without"], str(row["seed"])) for row in rows}
    for seed in range(options.seeds):
        for name in options.data:
            for variant in PROBLEMS[name].variants:
                if (name, variant, str(seed)) not in done:
                    rows.append(run_one(name, variant, seed))
                    write_rows(RESULTS, rows)
                    print({key: rows[-1][key] for key in ("data", "without", "seed", "test")}, flush=True)


if __name__ == "__main__":
    main()
