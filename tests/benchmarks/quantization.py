"""Sizes, scores and speeds of quantized files of two trained models, over several seeds.

    RNNZOO_DATA=... python tests/benchmarks/quantization.py --seeds 3

``results/quantization.csv`` holds one row for each model, seed and method: the size as a share of the float32 file's,
the drop of the test accuracy in points, the largest change of a probability with neighbours and padding (8-bit
arithmetic alone), and the time of one row and of 32 as a multiple of the float32 file's (calls that take turns, one
thread). ``max_change`` is lifted, so that the changes that it would refuse are in the table too.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from timing import medians, session
from zoo import machine, write_rows

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, read_table, train
from rnnzoo.errors import ExportError
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.formats.quantization import METHODS

RESULTS = Path(__file__).parent / "results" / "quantization.csv"


def cases() -> dict[str, tuple[str, Splits, TrainConfig]]:
    """The models: name in the zoo, data and how they are trained."""
    folder = Path(os.environ["RNNZOO_DATA"]) / "snips"
    snips = read_table(
        folder / "snips_train.tsv.gz",
        test=folder / "snips_test.tsv.gz",
        column_names=["intent", "tokens", "tags"],
        text="tokens",
        label="intent",
    )
    return {
        "digits": ("series-classifier-bilstm", load_dataset("digits"), TrainConfig(epochs=20)),
        "SNIPS intents": ("text-classifier-bilstm", snips, TrainConfig(epochs=4)),
        "SNIPS intents, GRU": ("text-classifier-bigru", snips, TrainConfig(epochs=4)),
    }


def measure(case: str, name: str, splits: Splits, config: TrainConfig, folder: Path) -> list[dict[str, Any]]:
    """Trains, exports and quantizes one model."""
    assert splits.test is not None
    keras.utils.set_random_seed(config.seed)
    model = create_model(name, **splits.model_arguments)
    train(model, splits, config=config, progress=False)
    original = folder / "model.onnx"
    export_onnx(model, original, overwrite=True)
    rows = []
    for method in METHODS:
        out = folder / f"{method}.onnx"
        try:
            report = quantize_onnx(
                original,
                out,
                method=method,
                data=splits.test,
                task=splits.task,
                max_drop=100,
                max_change=1,
                overwrite=True,
            )
        except ExportError as error:  # nothing to make smaller
            print(f"{case}: {method}: {error}", flush=True)
            continue
        ratios = {}
        for count in (1, 32):
            inputs = splits.rows("test").gather(np.arange(count))[0]
            times = medians({p.stem: partial(session(p).run, None, inputs) for p in (original, out)})
            ratios[f"time_ratio_{count}"] = round(times[method] / times["model"], 2)
        rows.append(
            {
                "case": case,
                "model": name,
                "seed": config.seed,
                "method": method,
                "accuracy": round(report.original_score, 4),
                "drop": round(report.drop, 2),
                "max_difference": float(f"{report.max_difference:.2g}"),
                **{
                    f"change_{name}": float(f"{report.changes[name]:.2g}") if name in report.changes else ""
                    for name in ("beside", "padded")
                },
                "kilobytes": round(report.original_size / 1e3),
                "size_ratio": round(report.size / report.original_size, 3),
                **ratios,
                **machine(),
            }
        )
        print(rows[-1], flush=True)
    return rows


def table() -> str:
    """The README's table: means over seeds, medians of the times."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| | method | size | drop in points (worst seed) | largest change with the batch | time, 1 row | 32 rows |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, method in dict.fromkeys((row["case"], row["method"]) for row in rows):
        own = [row for row in rows if (row["case"], row["method"]) == (case, method)]
        size, drop, one, many = (
            [float(row[key]) for row in own]
            for key in ("size_ratio", "drop", "time_ratio_1", "time_ratio_32")
        )
        changes = [float(row[f"change_{name}"] or 0) for row in own for name in ("beside", "padded")]
        change = f"{max(changes):.3f}" if method == "dynamic_int8" else "none"
        lines.append(
            f"| {case} (`{own[0]['model']}`) | `{method}` | {np.mean(size):.2f} "
            f"| {np.mean(drop):.2f} ({max(drop):.2f}) | {change} | {np.median(one):.2f} | {np.median(many):.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    arguments = parser.parse_args()
    if arguments.table:
        print(table())
        return
    seeds = range(arguments.seeds)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case, (name, splits, config) in cases().items():
            for seed in seeds:
                own = TrainConfig(epochs=config.epochs, seed=seed)
                rows += measure(case, name, splits, own, Path(folder))
    write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
