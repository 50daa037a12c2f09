"""Running a recipe: every seed or fold, the ONNX file, and the card of it all."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo.data.sets.datasets import load_dataset
from rnnzoo.data.split import as_rows
from rnnzoo.data.splits import Splits
from rnnzoo.data.vectors.learned_vectors import learn_word_vectors
from rnnzoo.evaluation.evaluation import score_outputs
from rnnzoo.evaluation.paired import PairedDifference
from rnnzoo.evaluation.scores import Scores
from rnnzoo.files import write_json
from rnnzoo.recipes.card import Card, build_card
from rnnzoo.recipes.card_page import write_page
from rnnzoo.recipes.folder import CARD, ONNX, PAGE, check_folder, clear_folder, run_path
from rnnzoo.recipes.further_baselines import run_further_baseline
from rnnzoo.recipes.latency import measure_latency
from rnnzoo.recipes.recipe import BASELINE_SECONDS, Recipe
from rnnzoo.recipes.robustness import measure_robustness
from rnnzoo.recipes.row_comparison import compare_runs
from rnnzoo.recipes.table import get_recipe
from rnnzoo.tasks import get_task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.run.baseline_scores import STOPPED
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.trainer import train
from rnnzoo.zoo import create_model
from rnnzoo_export.formats.onnx_export import export_onnx

_ROWS = (1, 32)


def run_recipe(
    name: str,
    directory: str | os.PathLike[str],
    *,
    runs: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    baseline_seconds: float = BASELINE_SECONDS,
    report: Callable[[str], None] = lambda line: None,
) -> Card:
    """Runs a recipe and keeps its runs, its ONNX file and its card.

    Args:
        name: A name in the table of recipes: see ``list_recipes``.
        directory: Where to keep everything: ``run-0`` and so on, ``model.onnx`` of run 0, ``card.json`` and
            ``card.html``.
        runs: How many of its runs to make; ``None`` for all.
        resume: Whether to go on with what is there: finished runs are kept, an unfinished one goes on.
        overwrite: Whether runs and card of a recipe that are there may be deleted.
        progress: Whether to show the progress of training.
        baseline_seconds: Seconds for the baselines of each run together; 0 fits none, nor those of the recipe.
        report: Called with a line before each run.

    Returns:
        The card.

    Raises:
        UnknownNameError: If there is no such recipe.
        ArgumentError: If the recipe has fewer runs.
        PathNotFoundError: If its data are not there.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it, or something that
            no recipe wrote.
        RunError: If a run to go on with is of other settings or data.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     card = run_recipe("moving-digits", folder + "/out", runs=1, progress=False)
        >>> card.scores["accuracy"]["mean"] > 0.9
        True
    """
    recipe = get_recipe(name)
    count = recipe.count_runs(runs)
    folder = Path(directory)
    check_folder(folder, recipe, resume=resume, overwrite=overwrite)
    found, further_baselines = [], []
    for number in range(count):
        report(f"{name}: run {number + 1} of {count}")
        splits = load(recipe, number)
        if number == 0 and not resume:
            clear_folder(folder)
        found.append(_run(recipe, splits, number, folder, baseline_seconds, progress=progress))
        further_baselines.append(_further_baselines(recipe, splits) if baseline_seconds else {})
    onnx = _export(recipe, found[0], folder / ONNX)
    card = build_card(recipe, found, onnx, further_baselines=further_baselines)
    report(f"{name}: differences and robustness")
    card = _compared(recipe, card, found)
    write_json(folder / CARD, card.to_dict())
    write_page(folder / PAGE, card, found[0])
    return card


def load(recipe: Recipe, number: int) -> Splits:
    """Reads the data of one run of a recipe."""
    folds: dict[str, Any] = {} if recipe.folds is None else {"fold": number, "folds": recipe.folds}
    return load_dataset(recipe.data, **folds, **recipe.data_options)


def build(recipe: Recipe, splits: Splits, seed: int) -> keras.Model:
    """Builds the model of one run of a recipe."""
    arguments = {**splits.model_arguments, **recipe.arguments}
    if recipe.word_vectors:
        arguments["embedding_weights"] = _vectors(recipe, splits)
    keras.utils.set_random_seed(seed)
    return create_model(recipe.model, **arguments)


def _vectors(recipe: Recipe, splits: Splits) -> np.ndarray:
    others = [load_dataset(name).train.raw or () for name in recipe.word_vectors]
    texts = [text for rows in (splits.train.raw or (), *others) for text in rows]
    size = recipe.arguments["embedding_size"]
    return learn_word_vectors(texts, splits.get_preprocessing(), embedding_size=size).matrix


def _run(
    recipe: Recipe, splits: Splits, seed: int, folder: Path, baseline_seconds: float, *, progress: bool
) -> RunDirectory:
    """Makes a run, goes on with an unfinished one, or takes a finished one that is the same."""
    run = RunDirectory(run_path(folder, seed))
    config = TrainConfig.from_dict({"tensorboard": False, **recipe.training, "seed": seed})
    details = {
        "recipe": recipe.name,
        "model": recipe.model,
        "model_arguments": dict(recipe.arguments),
        "word_vectors": list(recipe.word_vectors),
    }
    if run.finished:
        same = {"train_config": config.to_dict(), "data": splits.description, "details": details}
        run.check_same(json.loads(json.dumps(same)))
        if not baseline_seconds or STOPPED not in run.read_metrics()["baselines"].get("skipped", {}).values():
            return run
    train(
        build(recipe, splits, seed),
        splits,
        config=config,
        directory=run.path,
        resume=True,
        progress=progress,
        baseline_seconds=baseline_seconds,
        details=details,
    )
    return run


def _compared(recipe: Recipe, card: Card, runs: Sequence[RunDirectory]) -> Card:
    """Returns a card with its difference to the best baseline, and the robustness of both."""
    from rnnzoo.keras_models.loading import load_model

    baseline = None if card.best_baseline is None else card.best_baseline[0]
    data = functools.lru_cache(maxsize=1)(functools.partial(load, recipe))  # of several folds one at a time
    found = None if baseline is None else compare_runs(recipe, runs, baseline, data)
    difference = None
    if found is not None and math.isfinite(found.mean):
        difference = {"baseline": baseline, **_as_json(found)}
    robustness = measure_robustness(recipe.metric, load_model(runs[0].model), data(0), baseline)
    return dataclasses.replace(card, difference=difference, robustness=robustness)


def _as_json(difference: PairedDifference) -> dict[str, Any]:
    error = difference.standard_error
    return {
        **dataclasses.asdict(difference),
        "mean": round(difference.mean, 5) + 0.0,  # no -0.0
        # A single group of rows has none, and JSON no NaN.
        "standard_error": round(error, 5) if math.isfinite(error) else None,
    }


def _further_baselines(recipe: Recipe, splits: Splits) -> dict[str, Scores]:
    part = splits.test if splits.test is not None else splits.validation
    truth = as_rows(part).gather(np.arange(len(part)))[1]
    return {
        name: score_outputs(answers, truth, splits, get_task(splits.task))
        for baseline in recipe.further_baselines
        for name, answers in run_further_baseline(baseline, splits, part).items()
    }


def _export(recipe: Recipe, run: RunDirectory, path: Path) -> dict[str, Any]:
    from rnnzoo.keras_models.loading import load_model

    model = load_model(run.model)
    export_onnx(model, path, overwrite=True)
    samples = run.read_samples()
    return {
        "bytes": path.stat().st_size,
        "milliseconds": {
            str(rows): round(measure_latency(path, _repeated(samples, rows)), 3) for rows in _ROWS
        },
        "input_shapes": {name: list(values.shape[1:]) for name, values in samples.items()},
        "parameters": int(model.count_params()),
    }


def _repeated(samples: Mapping[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """Returns so many held-out rows, the first ones again where there are too few."""
    return {name: values[np.arange(rows) % len(values)] for name, values in samples.items()}
