"""Do the cells remember? The adding problem, copying, and how far back gradients reach.

    python tests/benchmarks/long_memory.py                 # everything; hours on two cores
    python tests/benchmarks/long_memory.py --only adding --cells min_gru lstm
    python tests/benchmarks/long_memory.py --table

Adding (Hochreiter & Schmidhuber 1997, as in Le 2015, arXiv:1504.00941): 200 steps of a random number and a mark; the
answer is the sum of the two marked numbers. Answering 1 always has a mean square error of 0.167. Copying (Arjovsky
2016, arXiv:1511.06464): 10 symbols of 8, ``delay`` blanks, then the 10 symbols are to be repeated; without memory the
cross entropy is 10 ln 8 / (delay + 20). Training stops at an error of a twentieth of the goal, or after ``--steps``.

Rows are added to ``results/long_memory.csv``, one for each task and cell, those of an earlier run replaced. For the
adding problem they also hold how far the loss's gradient reaches before and after training: the norm at the first
quarter of the steps as a share of that at the last. ``results/gradient_reach.png`` shows it step by step, after
training.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from zoo import machine, write_rows

from rnnzoo import build_classifier, build_tagger
from rnnzoo.training.run.plots import gradient_reach, save_figure
from rnnzoo.training.watching.gradient_norms import measure_gradient_norms

RESULTS = Path(__file__).parent / "results" / "long_memory.csv"
NORMS = RESULTS.with_name("gradient_reach.csv")
PICTURE = RESULTS.with_name("gradient_reach.png")
CELLS: dict[str, dict[str, Any]] = {
    "simple_rnn": {"units": (64,)},
    "lstm": {"units": (64,)},
    "gru": {"units": (64,)},
    "ind_rnn": {"units": (64, 64)},
    "min_gru": {"units": (64, 64)},
    "rg_lru": {"units": (64, 64)},
}
ADDING_STEPS, DELAY, SYMBOLS, COPIED = 200, 100, 8, 10
BATCH = 64
GOALS = {"adding": 0.01, "copying": 0.01}


def adding(seed: int, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    while True:
        values = rng.random((rows, ADDING_STEPS))
        marks = np.zeros_like(values)
        half = ADDING_STEPS // 2
        for first, last in ((0, half), (half, ADDING_STEPS)):
            marks[np.arange(rows), rng.integers(first, last, rows)] = 1
        x = np.stack([values, marks], axis=-1).astype(np.float32)
        yield x, (values * marks).sum(axis=1, keepdims=True).astype(np.float32)


def copying(seed: int, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ids: 1 to 8 symbols, 9 blank, 10 the sign to answer."""
    rng = np.random.default_rng(seed)
    while True:
        symbols = rng.integers(1, SYMBOLS + 1, (rows, COPIED))
        ids = np.full((rows, DELAY + 2 * COPIED), SYMBOLS + 1)
        ids[:, :COPIED] = symbols
        ids[:, COPIED + DELAY - 1] = SYMBOLS + 2
        targets = np.zeros_like(ids)
        targets[:, -COPIED:] = symbols
        yield ids.astype(np.int32), targets.astype(np.int32)


def model_of(task: str, cell: str) -> Any:
    if task == "adding":
        return build_classifier(num_classes=1, num_features=2, task="regression", cell=cell, **CELLS[cell])
    return build_tagger(
        num_classes=SYMBOLS + 1,
        vocabulary_size=SYMBOLS + 3,
        embedding_size=16,
        cell=cell,
        bidirectional=False,
        **CELLS[cell],
    )


def learn(task: str, cell: str, *, steps: int, seconds: float) -> dict[str, Any]:
    """Trains until the goal is passed; the error is that on 1,000 rows nobody trained on."""
    keras.utils.set_random_seed(0)
    model = model_of(task, cell)
    make = adding if task == "adding" else copying
    loss = "mse" if task == "adding" else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3, global_clipnorm=1.0), loss, jit_compile=False)
    held_out, batches = next(make(1, 1000)), make(0, BATCH)
    without = 0.167 if task == "adding" else COPIED * np.log(SYMBOLS) / (DELAY + 2 * COPIED)
    before = share(gradient_norms(model)) if task == "adding" else np.nan
    started, error, done = time.perf_counter(), np.inf, 0
    while done < steps and error > GOALS[task] / 20 and time.perf_counter() - started < seconds:
        for _ in range(100):
            model.train_on_batch(*next(batches))
        done += 100
        error = float(model.evaluate(*held_out, batch_size=250, verbose=0))
        print(f"{task} {cell} {done} steps: {error:.5f}", flush=True)
    minutes = (time.perf_counter() - started) / 60
    after = np.nan
    if task == "adding":
        norms = gradient_norms(model)
        after = share(norms)
        keep_norms(cell, norms)
    return {
        "task": task,
        "cell": cell,
        "units": "x".join(map(str, CELLS[cell]["units"])),
        "steps": done,
        "error": round(error, 5),
        "without_memory": round(float(without), 4),
        "gradient_before": f"{before:.1e}",
        "gradient_after": f"{after:.1e}",
        "minutes": round(minutes, 1),
        **machine(),
    }


def share(norms: np.ndarray) -> float:
    quarter = len(norms) // 4
    return float(norms[:quarter].mean() / norms[-quarter:].mean())


def gradient_norms(model: Any) -> np.ndarray:
    """The gradient of the adding problem's loss at each of its steps."""
    x, y = next(adding(2, 64))
    found = measure_gradient_norms(model, {"features": x}, y, loss=keras.losses.MeanSquaredError())
    print(found.verdict(), flush=True)
    return next(iter(found.steps.values()))


def keep_norms(cell: str, norms: np.ndarray) -> None:
    """Adds a column to the file of norms and draws all of them."""
    columns: dict[str, list[float]] = {}
    if NORMS.is_file():
        with NORMS.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
    columns[cell] = [float(f"{norm:.4g}") for norm in norms]
    order = [name for name in CELLS if name in columns]
    write_rows(NORMS, [{name: columns[name][step] for name in order} for step in range(len(norms))])
    figure = gradient_reach(
        {name: np.array(columns[name]) for name in order}, title="How far back gradients reach after training"
    )
    save_figure(figure, PICTURE)


def table() -> str:
    """The README's table."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    titles = {"adding": "adding, 200 steps", "copying": "copying over 100 steps"}
    tasks = [task for task in GOALS if any(row["task"] == task for row in rows)]
    lines = [f"| cell | {' | '.join(titles[task] for task in tasks)} |", "|---|" + "---|" * len(tasks)]
    for cell in dict.fromkeys(row["cell"] for row in rows):
        texts = []
        for task in tasks:
            found = [row for row in rows if (row["cell"], row["task"]) == (cell, task)]
            texts.append(
                f"{float(found[0]['error']):.4f} ({int(found[0]['steps']):,} updates)" if found else "-"
            )
        lines.append(f"| `{cell}` | {' | '.join(texts)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    parser.add_argument("--only", choices=tuple(GOALS))
    parser.add_argument("--cells", nargs="*", default=list(CELLS))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seconds", type=float, default=1200.0, help="the longest training of one model")
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    for task in GOALS if arguments.only is None else (arguments.only,):
        for cell in arguments.cells:
            row = learn(task, cell, steps=arguments.steps, seconds=arguments.seconds)
            rows: list[dict[str, Any]] = []
            if RESULTS.is_file():
                with RESULTS.open(encoding="utf-8") as file:
                    rows = [r for r in csv.DictReader(file) if (r["task"], r["cell"]) != (task, cell)]
            order = {name: number for number, name in enumerate(CELLS)}
            write_rows(RESULTS, sorted([*rows, row], key=lambda r: (r["task"], order[r["cell"]])))


if __name__ == "__main__":
    main()
