"""The data that a run of the command was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.cli.data_loading import load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.errors import DataError
from rnnzoo.zoo import get_spec


def load_run_data(run: Path, config: dict[str, Any]) -> Any:
    """Reads the data of a run again.

    Args:
        run: The run, for messages.
        config: Its configuration.

    Returns:
        The splits, the same as in training.

    Raises:
        DataError: If the run does not say how to read them, or they have changed.
    """
    details = config.get("details", {})
    if "recipe" in details:
        splits, source = _of_recipe(details["recipe"], config), details["recipe"]
    elif "data_options" in details:
        options = DataOptions.from_dict(details["data_options"])
        spec = get_spec(details["model"]) if "model" in details else None
        fold = details.get("fold")
        splits = load_data(options, spec, fold=None if fold is None else tuple(fold))
        source = options.data
    else:
        raise DataError(
            f"{run}: does not say how its data were read (it was trained from Python); expected a run of the command. "
            "Use rnnzoo from Python with your splits instead."
        )
    if splits.description["checksum"] != config["data"]["checksum"]:
        raise DataError(f"{source}: has changed since {run} was trained. Train again.")
    return splits


def _of_recipe(name: str, config: dict[str, Any]) -> Any:
    from rnnzoo.recipes.runs import load
    from rnnzoo.recipes.table import get_recipe

    # The number of a recipe's run is its seed.
    return load(get_recipe(name), config["train_config"]["seed"])
