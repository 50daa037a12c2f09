"""Models trained with and without each augmentation, on real data: the figures of the README's table.

    RNNZOO_DATA=... python tests/benchmarks/augmentation.py --seeds 3

Every rate is the default of its paper or of the table, chosen before any score was seen; epochs and early stopping are
the same with and without. SNIPS has the 1,000 training rows of ``ablation.py``, for all 13,000 leave nothing to gain.
Speech holds out one speaker a seed, up to six. Adds to ``results/augmentation.csv`` what is not there yet, so that a
stopped run goes on; ``--table`` prints the means.

Paraphrases come from two translators of the zoo, English to German and back, which ``--translators FOLDER`` trains on
Multi30k (about an hour) unless they are there, and keeps with the paraphrases; without it they are left out.
"""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ablation
import keras
import numpy as np
from zoo import machine, read_rows, write_rows

from rnnzoo import Splits, TrainConfig, back_translate, create_model, load_dataset, pair_splits, train
from rnnzoo.data.readers.pairs import read_lines
from rnnzoo.data.sets.set_files import data_directory
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score
from rnnzoo.preprocessing import PairPreprocessing
from rnnzoo_export import Translator, export_seq2seq_onnx

RESULTS = Path(__file__).parent / "results" / "augmentation.csv"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# Words of commands to assistants, written down before any score was seen.
SYNONYMS = {
    "play": ["start", "put on"],
    "book": ["reserve"],
    "restaurant": ["eatery", "diner"],
    "add": ["put", "include"],
    "song": ["track", "tune"],
    "album": ["record"],
    "movie": ["film"],
    "movies": ["films"],
    "weather": ["forecast"],
    "rate": ["score", "grade"],
    "find": ["look for", "locate"],
    "show": ["display"],
    "want": ["would like"],
    "need": ["require"],
    "music": ["songs", "tunes"],
    "table": ["seat", "spot"],
    "give": ["award"],
    "tell": ["inform"],
    "search": ["look"],
    "novel": ["book"],
}


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, model, how it is trained, and what is compared with training on clean rows."""

    name: str
    load: Callable[[int], Splits]
    model: str
    config: dict[str, Any]
    augmentations: dict[str, Any]
    largest_seed: int = 99
    shared: bool = True  # whether all seeds have the same data


PROBLEMS = (
    Problem(
        f"SNIPS intents, {ablation.ROWS:,} rows",
        lambda seed: ablation.load("snips"),
        "text-classifier-bilstm",
        {"epochs": 40, "early_stopping": 8},
        {
            "token_dropout": 0.1,
            "token_swap": 0.1,
            "token_insertion": 0.1,
            "keyboard_typos": 0.1,
            "synonyms": {"table": SYNONYMS, "rate": 0.1},
        },
    ),
    Problem(
        "Japanese vowels",
        lambda seed: load_dataset("japanese_vowels"),
        "series-classifier-bilstm",
        {"epochs": 60, "early_stopping": 15, "learning_rate": 3e-3, "batch_size": 16},
        {"jitter": 0.05, "scaling": 0.1, "window_warp": 0.5, "time_mask": 0.1},
    ),
    Problem(
        "digits",
        lambda seed: load_dataset("digits"),
        "series-classifier-bilstm",
        {"epochs": 60, "early_stopping": 10, "learning_rate": 3e-3},
        {"shift": {"steps": 1, "features": 1, "fill": 0.0}},
    ),
    Problem(
        "spoken digits, a speaker held out",
        lambda seed: load_dataset("fsdd", held_out=SPEAKERS[seed]),
        "speech-digits-bilstm",
        {"epochs": 20, "early_stopping": 5, "learning_rate": 3e-3},
        {"spec_augment": {}},
        largest_seed=len(SPEAKERS) - 1,
        shared=False,
    ),
    Problem(
        "splice",
        lambda seed: load_dataset("splice", seed=1),
        "dna-classifier-bilstm",
        {"epochs": 100, "early_stopping": 12, "learning_rate": 3e-3},
        {"point_mutation": 0.05, "reverse_complement": 0.5},
    ),
)


@functools.cache
def load(problem: Problem, seed: int) -> Splits:
    return problem.load(seed)


@functools.cache
def baseline(problem: Problem, seed: int) -> tuple[str, float]:
    """The name and test score of the best baseline, which sees clean rows."""
    splits = load(problem, seed)
    assert splits.test is not None
    truth = splits.rows("test").gather(np.arange(len(splits.test)))[1]
    scores = {
        name: score(splits.task, outputs, truth)["accuracy"]
        for name, outputs in run_baselines(splits, splits.test).items()
    }
    best = max(scores, key=lambda name: scores[name])
    return best, scores[best]


def renew_baselines(data: str) -> None:
    """Fits the baselines again for the rows that are there; they hang on the data alone."""
    rows: list[dict[str, Any]] = [*read_rows(RESULTS)]
    for problem in PROBLEMS:
        for row in rows:
            if row["data"] == problem.name and problem.name.startswith(data):
                best, value = baseline(problem, 0 if problem.shared else int(row["seed"]))
                row |= {"baseline": best, "baseline_test": round(value, 5)}
                print(problem.name, best, value, flush=True)
    write_rows(RESULTS, rows)


def jobs(seeds: int) -> Iterator[tuple[Problem, str, int]]:
    for seed in range(seeds):
        for problem in PROBLEMS:
            if seed <= problem.largest_seed:
                yield from ((problem, name, seed) for name in ("none", *problem.augmentations))


def run_one(problem: Problem, name: str, seed: int, augmentation: dict[str, Any] | None) -> dict[str, Any]:
    data_seed = 0 if problem.shared else seed
    splits = load(problem, data_seed)
    keras.utils.set_random_seed(seed)
    model = create_model(problem.model, **splits.model_arguments)
    config = TrainConfig(seed=seed, augmentation=augmentation, tensorboard=False, **problem.config)
    result = train(model, splits, config=config, progress=False)
    best, baseline_score = baseline(problem, data_seed)
    return {
        "data": problem.name,
        "model": problem.model,
        "augmentation": name,
        "seed": seed,
        "test": round(result.metrics["test"]["accuracy"], 5),
        "validation": round(result.metrics["validation"]["accuracy"], 5),
        "baseline": best,
        "baseline_test": round(baseline_score, 5),
        "parameters": model.count_params(),
        "epochs": len(result.history),
        "train_seconds": round(result.seconds, 1),
        **machine(),
    }


def translator(source: str, target: str, folder: Path) -> Translator:
    """The zoo's translator of captions, trained unless it is there."""
    directory = folder / f"{source}-{target}"
    if not directory.is_dir():
        captions = data_directory() / "multi30k"
        parts = {
            part: (read_lines(captions / f"{part}.{source}.gz"), read_lines(captions / f"{part}.{target}.gz"))
            for part in ("train", "val")
        }
        splits = pair_splits(
            parts["train"], validation=parts["val"], coding="subwords", max_tokens=6_000, max_length=40
        )
        keras.utils.set_random_seed(0)
        model = create_model("translator-gru-bahdanau", **splits.model_arguments)
        config = TrainConfig(
            epochs=6, batch_size=64, learning_rate=3e-3, schedule="cosine", tensorboard=False
        )
        train(model, splits, config=config)
        export_seq2seq_onnx(model, directory, preprocessing=splits.get_preprocessing(PairPreprocessing))
    return Translator(directory)


def paraphrases(texts: list[str], folder: Path) -> dict[str, str]:
    """Texts to German and back."""
    there, back = translator("en", "de", folder), translator("de", "en", folder)
    table = back_translate(
        texts,
        lambda batch: [answer.text for answer in there.translate(batch, max_length=40)],
        lambda batch: [answer.text for answer in back.translate(batch, max_length=40)],
        cache=folder / "paraphrases.sqlite",
        name="multi30k en-de-en, translator-gru-bahdanau",
    )
    for text in list(table)[:5]:
        print(f"{text!r} came back as {table[text]!r}", flush=True)
    return table


def print_table() -> None:
    rows = read_rows(RESULTS)
    print(
        "| data, model | augmentation | test accuracy | beside none | best baseline |\n|---|---|---|---|---|"
    )
    for name in dict.fromkeys(row["data"] for row in rows):
        own = [row for row in rows if row["data"] == name]
        clean = {row["seed"]: float(row["test"]) for row in own if row["augmentation"] == "none"}
        for kind in dict.fromkeys(row["augmentation"] for row in own):
            found = {row["seed"]: float(row["test"]) for row in own if row["augmentation"] == kind}
            values = np.array(list(found.values()))
            shared = [found[seed] - clean[seed] for seed in found if seed in clean]
            beside = f"{np.mean(shared):+.3f}" if kind != "none" and shared else ""
            unit = "speakers" if "speaker" in name else "seeds"
            spread = f"{values.mean():.3f} ({values.min():.3f}-{values.max():.3f}, {len(values)} {unit})"
            baselines = np.mean([float(row["baseline_test"]) for row in own if row["augmentation"] == kind])
            label = f"{name}, `{own[0]['model']}`" if kind == "none" else ""
            shown = "none" if kind == "none" else f"`{kind}`"
            baseline = f"{own[0]['baseline']} {baselines:.3f}" if kind == "none" else ""
            print(f"| {label} | {shown} | {spread} | {beside} | {baseline} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="", help="only the data whose name begins so")
    parser.add_argument("--translators", type=Path, help="a folder to keep translators and paraphrases in")
    parser.add_argument("--table", action="store_true", help="print the README's table from the results")
    parser.add_argument("--baselines", action="store_true", help="only fit the baselines again")
    options = parser.parse_args()
    if options.baselines:
        renew_baselines(options.data)
        return
    if options.table:
        print_table()
        return
    todo = [job for job in jobs(options.seeds) if job[0].name.startswith(options.data)]
    configs = {
        (problem, name): {name: value}
        for problem in PROBLEMS
        for name, value in problem.augmentations.items()
    }
    if options.translators is not None:
        problem = PROBLEMS[0]
        table = paraphrases(list(load(problem, 0).train.raw or ()), options.translators)
        configs[problem, "paraphrases"] = {"paraphrases": {"table": table, "rate": 0.5}}
        todo += [(problem, "paraphrases", seed) for seed in range(options.seeds)]
    rows: list[dict[str, Any]] = list(read_rows(RESULTS))
    done = {(row["data"], row["augmentation"], str(row["seed"])) for row in rows}
    for problem, name, seed in todo:
        if (problem.name, name, str(seed)) in done:
            continue
        rows.append(run_one(problem, name, seed, configs.get((problem, name))))
        write_rows(RESULTS, rows)
        print(
            {key: rows[-1][key] for key in ("data", "augmentation", "seed", "test", "train_seconds")},
            flush=True,
        )


if __name__ == "__main__":
    main()
