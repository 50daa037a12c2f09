"""What a search of 30 trials is worth beside the defaults, and what half the latency costs.

    RNNZOO_DATA=... python tests/benchmarks/search_results.py --out FOLDER [--searches snips etth1 ...]

Each search compares its trials on validation with one seed. Its best three and the defaults are then trained with three
other seeds; the best of these means and the defaults, with the same seeds, are scored on the test rows. Adds to
``results/search.csv`` what is not there yet, and a stopped search goes on from ``FOLDER``; ``--table`` prints the table
of the documentation, ``--picture FILE`` draws the Pareto front of ``snips-front``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
from zoo import SNIPS_COLUMNS, machine, read_rows, true_answers, write_rows

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, load_model, train
from rnnzoo.data.sets.set_files import data_directory
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score
from rnnzoo_export import MeasureConfig
from rnnzoo_export.deployment.measuring import Timing, file_call, time_calls
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_tuning import SearchResult, run_search
from rnnzoo_tuning.artefact import typical_steps
from rnnzoo_tuning.kept_search import open_search
from rnnzoo_tuning.report_plots import save_plots

RESULTS = Path(__file__).parent / "results" / "search.csv"
TRIALS, BEST, SEEDS = 30, 3, 3
#: The share of the unconstrained best model's median that the constrained one may take.
SHARE = 0.5


def snips() -> Splits:
    """1,000 of the 13,784 training utterances, 200 of them for validation; the test rows are those of the set."""
    rows, test = (
        pd.read_csv(
            data_directory() / "snips" / f"snips_{part}.tsv.gz", sep="\t", names=SNIPS_COLUMNS, quoting=3
        )
        for part in ("train", "test")
    )
    rows = rows.sample(1_000, random_state=0)
    return Splits.from_arrays(
        rows["tokens"].tolist(),
        rows["intent"].tolist(),
        test=(test["tokens"].tolist(), test["intent"].tolist()),
        validation_fraction=0.2,
        seed=0,
    )


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        title: For the table.
        model: The name of the model.
        load: Reads the data.
        config: Fields of the trials' ``TrainConfig``.
        metric: The metric of both parts that is shown; the objective of the search is its value on validation.
        options: Further options of ``run_search``.
    """

    title: str
    model: str
    load: Callable[[], Splits]
    config: Mapping[str, Any]
    metric: str
    options: Mapping[str, Any] = field(default_factory=dict)


_TEXTS: dict[str, Any] = {"epochs": 20, "early_stopping": 3}
_FORECASTS: dict[str, Any] = {
    "epochs": 20,
    "early_stopping": 3,
    "loss": "mean_squared_error",
    "batch_size": 64,
}
SEARCHES: dict[str, Search] = {
    "snips": Search(
        "SNIPS intents, 1,000 rows: accuracy", "text-classifier-bilstm", snips, _TEXTS, "accuracy"
    ),
    "etth1": Search(
        "ETTh1, 96 hours ahead: MAE",
        "forecaster-segrnn",
        lambda: load_dataset("etth1", window=96, horizon=96),
        {**_FORECASTS, "monitor": "val_mae"},
        "mae",
    ),
    "beijing": Search(
        "Beijing PM2.5, 24 hours ahead from 24: MAE",
        "forecaster-gru",
        lambda: load_dataset("beijing_pm25", window=24, horizon=24),
        {"epochs": 8, "early_stopping": 2, "monitor": "val_mae"},
        "mae",
        {"pruner": "asha"},
    ),
    "snips-half": Search(
        "SNIPS, at most half the latency: accuracy", "text-classifier-bilstm", snips, _TEXTS, "accuracy"
    ),
    "snips-front": Search("SNIPS, accuracy and latency", "text-classifier-bilstm", snips, _TEXTS, "accuracy"),
}


def searched(name: str, splits: Splits, folder: Path) -> SearchResult:
    """Runs a search, or goes on with it."""
    search = SEARCHES[name]
    options: dict[str, Any] = {"confirm": BEST, **search.options}
    if name == "snips-half":
        median = latencies(splits, [folder / "snips"])[0].median
        kept = folder / "limit.json"  # a search that goes on has the limit it began with
        if not kept.exists():
            kept.write_text(json.dumps(round(SHARE * median, 4)))
        options["constraints"] = {"latency_ms": json.loads(kept.read_text())}
    elif name == "snips-front":
        options |= {"objectives": ("accuracy", "latency_ms"), "confirm": 0}
    return run_search(
        search.model,
        splits,
        directory=folder / name,
        config=TrainConfig(tensorboard=False, **search.config),
        max_trials=TRIALS,
        baseline_seconds=0,
        resume=True,
        **options,
    )


def latencies(splits: Splits, found: Sequence[Path]) -> list[Timing]:
    """Times one row through the bundles of searches, which take turns."""
    config = MeasureConfig(rounds=100)
    calls = {
        str(path): file_call(
            path / "bundle" / "model.onnx",
            Exportable(load_model(path / "best" / "model.keras")),
            config,
            steps=typical_steps(splits),
        )
        for path in found
    }
    return list(time_calls(calls, rounds=config.rounds).values())


def scored(
    search: Search, splits: Splits, arguments: Mapping[str, Any], config: TrainConfig, seed: int
) -> dict[str, Any]:
    """Trains one candidate with one seed; returns its scores on both parts."""
    keras.utils.set_random_seed(seed)
    model = create_model(search.model, **{**splits.model_arguments, **arguments})
    fields = {**config.to_dict(), "seed": seed}
    metrics = train(model, splits, config=TrainConfig.from_dict(fields), progress=False).metrics
    return {part: round(metrics[part][search.metric], 4) for part in ("validation", "test")}


def run_one(name: str, folder: Path) -> list[dict[str, Any]]:
    """Returns the rows of one search: its best and the defaults, each seed, and the best baseline."""
    search = SEARCHES[name]
    splits = search.load()
    found = searched(name, splits, folder)
    known = {"search": name, "model": search.model, "trials": TRIALS, **machine()}
    if name == "snips-half":
        took = latencies(splits, [folder / "snips", folder / name])
        known["latency_ratio"] = round(took[1].median / took[0].median, 3)
    base = TrainConfig(tensorboard=False, **search.config)
    varied = {**found.arguments, **_changed(found.config, base)}
    shown = ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in varied.items()
        if key not in splits.model_arguments
    )
    candidates: dict[str, tuple[Mapping[str, Any], TrainConfig, str]] = {
        "best": (found.arguments, found.config, shown),
        "default": ({}, base, ""),
    }
    rows = []
    for candidate, (arguments, config, text) in candidates.items():
        for seed in range(1, 1 + SEEDS):
            scores = scored(search, splits, arguments, config, seed)
            rows.append({**known, "candidate": candidate, "seed": seed, **scores, "settings": text})
            print({key: rows[-1][key] for key in ("search", "candidate", "seed", "test")}, flush=True)
    return [*rows, {**known, **best_baseline(search, splits)}]


def best_baseline(search: Search, splits: Splits) -> dict[str, Any]:
    """Returns the best of the simple baselines on the same rows."""
    assert splits.test is not None
    truth = true_answers(splits, splits.test)
    found = {
        baseline: float(score(splits.task, outputs, truth)[search.metric])
        for baseline, outputs in run_baselines(splits, splits.test).items()
    }
    best = (max if search.metric == "accuracy" else min)(found, key=lambda baseline: found[baseline])
    return {"candidate": best, "seed": "", "validation": "", "test": round(found[best], 4)}


def _changed(config: TrainConfig, base: TrainConfig) -> dict[str, Any]:
    before = base.to_dict()
    return {name: value for name, value in config.to_dict().items() if value != before[name]}


def table() -> str:
    """The table of the documentation."""
    lines = ["| search | settings | validation | test |", "|---|---|---|---|"]
    rows = read_rows(RESULTS)
    names = dict.fromkeys((row["search"], row["candidate"]) for row in rows)
    for name, candidate in sorted(names, key=lambda pair: list(SEARCHES).index(pair[0])):
        own = [row for row in rows if (row["search"], row["candidate"]) == (name, candidate)]
        if candidate != "best" and name == "snips-half":  # as of the first search
            continue
        shown = [_mean([float(row[part]) for row in own if row[part]]) for part in ("validation", "test")]
        ratio = own[0].get("latency_ratio")
        title = SEARCHES[name].title + (f"; {ratio} of the first search's latency" if ratio else "")
        settings = f"best of {own[0]['trials']}: {own[0]['settings']}" if own[0]["settings"] else candidate
        lines.append(f"| {title} | {settings} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else "-"
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="where searches are kept")
    parser.add_argument("--searches", nargs="*", default=[*SEARCHES], choices=[*SEARCHES])
    parser.add_argument("--table", action="store_true", help="print the table from the results")
    parser.add_argument("--picture", type=Path, help="draw the front of snips-front, which lies in --out")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    if options.picture:
        plots = save_plots(open_search(options.out / "snips-front"), options.out / "pictures")
        (front,) = [plot.path for plot in plots if plot.title == "Pareto front"]
        assert front is not None
        shutil.copy(front, options.picture)
        return
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)] if RESULTS.exists() else []
    for name in options.searches:
        if name == "snips-front":
            searched(name, SEARCHES[name].load(), options.out)
        elif not any(row["search"] == name for row in rows):
            rows += run_one(name, options.out)
            write_rows(RESULTS, rows)


if __name__ == "__main__":
    main()
