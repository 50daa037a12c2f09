"""The folder that a recipe keeps its runs and its card in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from rnnzoo.errors import PathExistsError
from rnnzoo.files import refuse_existing
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.training.run.run_directory import RunDirectory

CARD, PAGE, ONNX = "card.json", "card.html", "model.onnx"


def run_path(folder: Path, number: int) -> Path:
    """Returns where the run of this number is kept."""
    return folder / f"run-{number}"


def check_folder(folder: Path, recipe: Recipe, *, resume: bool, overwrite: bool) -> None:
    """Checks that a recipe may write here.

    Raises:
        PathExistsError: If something is there that no recipe wrote, or that nobody asked to go on with or to overwrite.
    """
    if not resume:
        refuse_existing(folder, overwrite=overwrite)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    owners = set(_owners(folder))
    wanted = owners if overwrite else {recipe.name}
    if not owners or owners != wanted:
        found = f"runs of {', '.join(sorted(owners))}" if owners else "no runs of a recipe"
        raise PathExistsError(
            f"{folder}: holds {found}; expected a new folder or the one of {recipe.name}. Choose another path, or "
            "empty it yourself."
        )


def _owners(folder: Path) -> Iterator[str]:
    for config in folder.glob("run-*/config.json"):
        recipe = RunDirectory(config.parent).read_config().get("details", {}).get("recipe")
        if recipe is not None:
            yield recipe


def clear_folder(folder: Path) -> None:
    """Deletes what a recipe wrote; other files stay."""
    for run in folder.glob("run-*"):
        shutil.rmtree(run)
    for name in (CARD, PAGE, ONNX):
        (folder / name).unlink(missing_ok=True)
