"""The data that a run of the command was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.cli.data_options import DataOptions
from rnnzoo.errors import DataError


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
    options = config.get("details", {}).get("data_options")
    if options is None:
        raise DataError(
            f"{run}: does not say how its data were read (it was trained from Python); expected a run of the command. "
            "Use rnnzoo from Python with your splits instead."
        )
    splits = DataOptions.from_dict(options).load()
    if splits.description["checksum"] != config["data"]["checksum"]:
        raise DataError(f"{options['data']}: has changed since {run} was trained. Train again.")
    return splits
