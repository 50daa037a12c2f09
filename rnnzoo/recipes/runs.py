"""Running a recipe: every seed or fold, the ONNX file, and the card of it all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo import checks
from rnnzoo.data.datasets import load_dataset
from rnnzoo.data.learned_vectors import learn_word_vectors
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.files import refuse_existing, write_json
from rnnzoo.recipes.card import Card, build_card, write_page
from rnnzoo.recipes.latency import measure_latency
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.recipes.rivals import run_rival
from rnnzoo.recipes.table import get_recipe
from rnnzoo.tasks import get_task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.evaluation import score_outputs
from rnnzoo.training.run_directory import RunDirectory
from rnnzoo.training.scores import Scores
from rnnzoo.training.trainer import train
from rnnzoo.zoo import create_model
from rnnzoo_export.onnx_export import export_onnx

_ROWS = (1, 32)


def run_recipe(
    name: str,
    directory: str | os.PathLike[str],
    *,
    runs: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    report: Callable[[str], None] = lambda line: None,
) -> Card:
    """Runs a recipe and keeps its runs, its ONNX file and its card.

    Args:
        name: A name in the table of recipes: see ``list_recipes``.
        directory: Where to keep everything: ``run-0`` and so on, ``model.onnx`` of run 0, ``card.json`` and
            ``card.html``.
        runs: How many of its runs to make; ``None`` for all.
        resume: Whether to go on with what is there: finished runs are kept, an unfinished one goes on.
        overwrite: Whether what is there may be replaced.
        progress: Whether to show the progress of training.
        report: Called with a line before each run.

    Returns:
        The card.

    Raises:
        UnknownNameError: If there is no such recipe.
        PathNotFoundError: If its data are not there.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     card = run_recipe("moving-digits", folder + "/out", runs=1, progress=False)
        >>> card.scores["accuracy"]["mean"] > 0.9
        True
    """
    recipe = get_recipe(name)
    count = recipe.runs if runs is None else checks.integer("runs", runs, minimum=1)
    if count > recipe.runs:
        raise ArgumentError(f"runs: received {count} for {name!r}; expected {recipe.runs} at most.")
    folder = Path(directory)
    if not resume:
        refuse_existing(folder, overwrite=overwrite)
    found, rivals = [], []
    for number in range(count):
        report(f"{name}: run {number + 1} of {count}")
        splits = load(recipe, number)
        run = folder / f"run-{number}"
        if not (resume and RunDirectory(run).finished):
            _train(recipe, splits, number, run, resume=resume, overwrite=overwrite, progress=progress)
        found.append(RunDirectory(run))
        rivals.append(_rivals(recipe, splits))
    onnx = _export(recipe, found[0], folder)
    card = build_card(recipe, found, onnx, rivals=rivals)
    write_json(folder / "card.json", card.to_dict())
    write_page(folder / "card.html", card, found[0])
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
    return learn_word_vectors(texts, splits.preprocessing, embedding_size=size).matrix


def _train(
    recipe: Recipe, splits: Splits, seed: int, run: Path, *, resume: bool, overwrite: bool, progress: bool
) -> None:
    train(
        build(recipe, splits, seed),
        splits,
        config=TrainConfig.from_dict({"tensorboard": False, **recipe.training, "seed": seed}),
        directory=run,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        details={"recipe": recipe.name, "model": recipe.model, "model_arguments": dict(recipe.arguments)},
    )


def _rivals(recipe: Recipe, splits: Splits) -> dict[str, Scores]:
    part = splits.test if splits.test is not None else splits.validation
    truth = part.gather(np.arange(len(part)))[1]
    return {
        name: score_outputs(answers, truth, splits, get_task(splits.task))
        for rival in recipe.rivals
        for name, answers in run_rival(rival, splits, part).items()
    }


def _export(recipe: Recipe, run: RunDirectory, folder: Path) -> dict[str, Any]:
    from rnnzoo.loading import load_model

    path = folder / "model.onnx"
    model = load_model(run.model)
    export_onnx(model, path, overwrite=True)
    samples = run.read_samples()
    return {
        "bytes": path.stat().st_size,
        "milliseconds": {
            str(rows): round(measure_latency(path, _repeated(samples, rows)), 3) for rows in _ROWS
        },
        "parameters": int(model.count_params()),
    }


def _repeated(samples: Mapping[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """Returns so many held-out rows, the first ones again where there are too few."""
    return {name: values[np.arange(rows) % len(values)] for name, values in samples.items()}
