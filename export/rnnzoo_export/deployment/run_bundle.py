"""The bundle of a training run, with all that its directory knows."""

from __future__ import annotations

import os
from typing import Any

import keras

from rnnzoo.keras_models.loading import load_model
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.deployment.bundle_writer import save_bundle


def save_run_bundle(
    run: RunDirectory,
    directory: str | os.PathLike[str],
    *,
    model: keras.Model | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Bundle:
    """Exports the model of a finished run: see ``save_bundle``.

    Args:
        run: The run.
        directory: Where to write.
        model: Its model; ``None`` to load it.
        overwrite: Whether an existing directory is replaced.
        options: What the run does not know, such as ``also`` and ``quantization_data``.
    """
    config = run.read_config()
    return save_bundle(
        load_model(run.model) if model is None else model,
        directory,
        preprocessing=run.read_preprocessing(),
        decoding=run.read_decoding(),
        task=config["task"],
        provenance={
            "data": config["data"],
            "train_config": config["train_config"],
            "details": config["details"],
            "example": run.read_example(),
        },
        metrics=run.read_metrics(),
        name=config["model"]["name"],
        parity_inputs=run.read_samples(),
        overwrite=overwrite,
        **options,
    )
