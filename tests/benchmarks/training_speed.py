"""Times training on a CPU against PyTorch and plain Keras, and says how long rnnzoo's training waits for its data.

    RNNZOO_DATA=../shared/data python tests/benchmarks/training_speed.py --peers peers
    RNNZOO_DATA=../shared/data python tests/benchmarks/training_speed.py --profile
    python tests/benchmarks/training_speed.py --table

The first: an embedding, an LSTM or GRU of 64 units, its state after the last valid step and two logits learn from
reviews of IMDB, at most 400 words each. All sides start from the same weights, read the same batches with the same
padding, use Adam with the global norm clipped at 1 and the same number of threads (one by default: with two, PyTorch's
times vary several-fold on a shared machine), and flush denormal numbers to zero; that their losses agree is checked.
PyTorch runs as its users run it, once with packed sequences and once over the padding, and is compared by the faster.
Sides take turns, each with a pass over all rows, after passes that are not counted; times are medians. The same rows
come three times: in batches of 32 drawn at random, in batches of 32 of like length (``batch_order``), and in batches of
as many tokens (``token_batch_order``). PyTorch is installed into a virtual environment of its own at ``--peers``, which
is made if it is not there.

The second: seconds of an epoch of real training, of the same with all batches in memory, and of reading the data alone.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import itertools
import json
import os
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from zoo import machine, write_rows

from rnnzoo import TrainConfig, build_classifier, create_model, load_dataset
from rnnzoo.data.batching import batch_order, token_batch_order
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.watching.callbacks import StopOnNonFinite
from rnnzoo.training.watching.execution import steps_at_once, steps_per_execution
from rnnzoo.training.written_gradients.recurrent_loops import written_gradients

RESULTS = Path(__file__).parent / "results" / "training_speed.csv"
PROFILE = Path(__file__).parent / "results" / "input_pipeline.csv"
PEERS = Path(__file__).parent / "training_speed_peers.py"
PACKAGES = ("torch", "numpy")
UNITS, EMBEDDING, ROWS, LONGEST = 64, 64, 32, 400
#: Losses of the first batches may differ by this share, through rounding.
TOLERANCE, CHECKED = 1e-4, 10
SIDES = ("rnnzoo", "Keras", "PyTorch packed", "PyTorch padded")
PROFILED: dict[str, tuple[str, dict[str, Any], str]] = {
    "IMDB": ("imdb", {"max_length": LONGEST}, "text-classifier-lstm"),
    "SNIPS": ("snips", {}, "text-classifier-lstm"),
    "digits": ("digits", {}, "series-classifier-gru"),
    "Beijing PM2.5": ("beijing_pm25", {}, "forecaster-lstm"),
}

Batch = tuple[np.ndarray, np.ndarray]


def python_of_peers(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def batchings(split: Any, count: int) -> dict[str, list[Batch]]:
    """The same rows as random batches, as batches of like length and as batches of as many tokens."""
    rows = np.random.default_rng(0).permutation(len(split))[:count]
    lengths = split.lengths[rows]
    order = batch_order(lengths, ROWS, shuffle=True)
    # As many steps a batch as those of like length have in the mean.
    tokens = round(sum(len(batch) * lengths[batch].max() for batch in order) / len(order))
    orders = {
        "random": [np.arange(start, min(start + ROWS, count)) for start in range(0, count, ROWS)],
        "by length": order,
        "by tokens": token_batch_order(lengths, max(tokens, int(lengths.max())), shuffle=True),
    }
    return {name: [_gather(split, rows[batch]) for batch in order] for name, order in orders.items()}


def _gather(split: Any, rows: np.ndarray) -> Batch:
    inputs, targets, _ = split.gather(rows)
    return inputs["tokens"], targets


class Trainer:
    """A model and its batches in memory, trained by rnnzoo's loop or by Keras alone."""

    def __init__(self, side: str, cell: str, batches: list[Batch], vocabulary_size: int) -> None:
        keras.utils.set_random_seed(0)
        self.model = build_classifier(
            num_classes=2, vocabulary_size=vocabulary_size, cell=cell, units=UNITS, embedding_size=EMBEDDING
        )
        self.model.compile(
            build_optimizer(TrainConfig(), steps_per_epoch=1),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        self.weights = self.model.get_weights()
        self._ours = side == "rnnzoo"
        signature = (tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32))
        data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
        self._data = data.apply(tf.data.experimental.assert_cardinality(len(batches))).cache().prefetch(2)
        self._stack = contextlib.ExitStack()
        if self._ours:
            self._stack.enter_context(written_gradients(self.model))
            self._stack.enter_context(steps_at_once(self.model, steps_per_execution(TrainConfig())))

    def losses(self, count: int) -> list[float]:
        """Trains on the first batches one by one, and says what each cost."""
        found: list[float] = []
        for inputs, targets in self._data.take(count):
            self.model.reset_metrics()
            found.append(float(self.model.train_on_batch(inputs, targets)))
        return found

    def run(self) -> None:
        """Makes a pass over all batches."""
        self.model.fit(self._data, shuffle=False, verbose=0, callbacks=[StopOnNonFinite()])

    def close(self) -> None:
        self._stack.close()


class Peer:
    """PyTorch in a process of its own, which waits while others run."""

    def __init__(self, python: Path, folder: Path, threads: int) -> None:
        command = [str(python), str(PEERS), str(folder), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.version = self.ask("version")

    def ask(self, *words: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the peer ended; see what it printed")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def write_case(folder: Path, cell: str, batches: list[Batch], weights: list[np.ndarray]) -> None:
    content: dict[str, Any] = {f"tokens_{i}": tokens for i, (tokens, _) in enumerate(batches)}
    content |= {f"targets_{i}": targets for i, (_, targets) in enumerate(batches)}
    content |= {f"weight_{i}": weight for i, weight in enumerate(weights)}
    np.savez(folder / "case.npz", **content)
    (folder / "case.json").write_text(json.dumps({"cell": cell, "batches": len(batches)}))


def compare(
    peer: Peer, folder: Path, cell: str, batches: list[Batch], vocabulary_size: int, repeats: int
) -> dict[str, float]:
    """Median seconds of a pass of each side, and the largest difference of losses."""
    sides: dict[str, Trainer] = {side: Trainer(side, cell, batches, vocabulary_size) for side in SIDES[:2]}
    write_case(folder, cell, batches, sides["rnnzoo"].weights)
    peer.ask("load")
    losses = {side: trainer.losses(CHECKED) for side, trainer in sides.items()}
    losses |= {side: peer.ask("losses", side, str(CHECKED)) for side in SIDES[2:]}
    expected = np.array(losses["Keras"])
    difference = max(float(np.abs(np.array(found) / expected - 1).max()) for found in losses.values())
    if difference > TOLERANCE:
        raise SystemExit(f"{cell}: losses differ by {difference:.2g}; expected {TOLERANCE} at most: {losses}")
    calls: dict[str, Callable[[], Any]] = {side: trainer.run for side, trainer in sides.items()}
    calls |= {side: functools.partial(peer.ask, "run", side) for side in SIDES[2:]}
    seconds = take_turns(calls, repeats)
    for trainer in sides.values():
        trainer.close()
    return {**seconds, "loss_difference": difference}


def take_turns(calls: dict[str, Callable[[], Any]], repeats: int, uncounted: int = 1) -> dict[str, float]:
    """Median seconds of each call, in an order that is drawn anew each time."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    rng = np.random.default_rng(0)
    for number in range(repeats + uncounted):
        for name in rng.permutation(list(calls)):
            started = time.perf_counter()
            calls[name]()
            if number >= uncounted:
                seconds[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def measure(python: Path, threads: int, count: int, repeats: int) -> Iterator[dict[str, Any]]:
    splits = load_dataset("imdb", max_length=LONGEST)
    vocabulary_size = splits.model_arguments["vocabulary_size"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = Peer(python, folder, threads)
        for cell in ("lstm", "gru"):
            for kind, batches in batchings(splits.train, count).items():
                found = compare(peer, folder, cell, batches, vocabulary_size, repeats)
                yield as_row(cell, kind, batches, found) | {"threads": threads, "torch": peer.version}
        peer.close()


def as_row(cell: str, kind: str, batches: list[Batch], found: dict[str, float]) -> dict[str, Any]:
    tokens = sum(int((x != 0).sum()) for x, _ in batches)
    best = min(SIDES[2:], key=lambda side: found[side])
    own = found["rnnzoo"]
    return {
        "cell": cell,
        "batches": kind,
        "rows": sum(len(targets) for _, targets in batches),
        "steps": len(batches),
        "tokens": tokens,
        "padding": round(1 - tokens / sum(x.size for x, _ in batches), 3),
        "steps_per_second": round(len(batches) / own, 2),
        "tokens_per_second": round(tokens / own),
        **{f"{side} seconds": round(found[side], 3) for side in SIDES},
        "times as fast as Keras": round(found["Keras"] / own, 2),
        "times as fast as PyTorch": round(found[best] / own, 2),
        "best of PyTorch": best.removeprefix("PyTorch "),
        "loss_difference": float(f"{found['loss_difference']:.1e}"),
        **machine(),
    }


def profile(repeats: int, limit: int) -> Iterator[dict[str, Any]]:
    """How long training waits for its data: an epoch as it is against one whose batches are in memory."""
    config = TrainConfig()
    for name, (dataset, options, model_name) in PROFILED.items():
        splits = load_dataset(dataset, **options)
        model = create_model(model_name, **splits.model_arguments)
        task = get_task(splits.task)
        model.compile(build_optimizer(config, steps_per_epoch=1), task.loss(None), jit_compile=False)
        inputs = model.inputs[0].name
        epoch = itertools.count()  # each epoch mixes anew, as in training
        data = splits.train.dataset(config.batch_size, shuffle=True, epoch=epoch.__next__)
        data = data.map(lambda x, *rest, inputs=inputs: (x[inputs], *rest)).take(limit)
        memory = data.cache().prefetch(2)

        fit = functools.partial(model.fit, shuffle=False, verbose=0, callbacks=[StopOnNonFinite()])
        with written_gradients(model), steps_at_once(model, steps_per_execution(config)):
            calls: dict[str, Callable[[], Any]] = {
                "real": functools.partial(fit, data),
                "in memory": functools.partial(fit, memory),
                "data alone": functools.partial(_read_all, data),
            }
            seconds = take_turns(calls, repeats)
        yield {
            "data": name,
            "model": model_name,
            "batches": _read_all(data),
            "training_seconds": round(seconds["real"], 3),
            "from_memory_seconds": round(seconds["in memory"], 3),
            "data_alone_seconds": round(seconds["data alone"], 3),
            "data_alone_share": round(seconds["data alone"] / seconds["real"], 3),
            "waiting_share": round(1 - seconds["in memory"] / seconds["real"], 3),
            **machine(),
        }


def _read_all(data: Any) -> int:
    return sum(1 for _ in data)


def table() -> str:
    """The README's tables."""
    lines = [
        "| CPU, IMDB | batches | padding | steps/s | tokens/s | against Keras | against PyTorch |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in _read(RESULTS):
        lines.append(
            f"| {row['cell'].upper()} | {row['batches']} | {100 * float(row['padding']):.0f} % "
            f"| {float(row['steps_per_second']):.1f} | {int(row['tokens_per_second']):,} "
            f"| {row['times as fast as Keras']}x | {row['times as fast as PyTorch']}x ({row['best of PyTorch']}) |"
        )
    lines += [
        "",
        "| data | model | seconds of an epoch | with batches in memory | data alone |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['data']} | `{row['model']}` | {row['training_seconds']} | {row['from_memory_seconds']} "
        f"| {row['data_alone_seconds']} |"
        for row in _read(PROFILE)
    ]
    return "\n".join(lines)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--peers", type=Path, help="where PyTorch's virtual environment is or goes")
    action.add_argument("--profile", action="store_true", help="measure what the input pipeline costs")
    action.add_argument("--table", action="store_true", help="print the README's tables from the results")
    parser.add_argument("--threads", type=int, help="one against peers, all for the profile, if not given")
    parser.add_argument("--rows", type=int, default=1280, help="rows of a pass")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--batches", type=int, default=400, help="batches of an epoch of the profile, at most"
    )
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    threads = arguments.threads or (os.cpu_count() or 1 if arguments.profile else 1)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    path = PROFILE if arguments.profile else RESULTS
    found = (
        profile(arguments.repeats, arguments.batches)
        if arguments.profile
        else measure(python_of_peers(arguments.peers), threads, arguments.rows, arguments.repeats)
    )
    rows = []
    for row in found:
        rows.append(row)
        print(row, flush=True)
    write_rows(path, rows)


if __name__ == "__main__":
    main()
