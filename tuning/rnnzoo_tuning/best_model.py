"""The best model of a search as a run: taken from its trial's checkpoint, or trained anew on more rows."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from rnnzoo import checks
from rnnzoo.data.split import as_rows
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.files import write_json
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.problem import prepare
from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.differences import differences
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.trainer import train
from rnnzoo_tuning.algorithms import REFITS
from rnnzoo_tuning.trial_runs import checkpoint_of


@dataclass(frozen=True, kw_only=True)
class BestModel:
    """The best model that a search found, and how it becomes a run.

    Attributes:
        model: The model, with weights as it was built.
        splits: The data.
        config: The training of its trial.
        origin: The number of its trial.
        best_epoch: The best epoch of its trial, counted from 1.
        details: JSON-able facts to keep with the run, its ``model_arguments`` among them.
        refit: ``"checkpoint"`` or ``"train+validation"``.
        baseline_seconds: Seconds for the baselines beside it.
        progress: Whether to show progress.
    """

    model: keras.Model
    splits: Splits
    config: TrainConfig
    origin: int
    best_epoch: int
    details: Mapping[str, Any]
    refit: str
    baseline_seconds: float
    progress: bool

    def write(self, search: Path, directory: Path) -> TrainResult:
        """Writes the run, or goes on with it; one that is written already is read back.

        Args:
            search: The directory of the search, which has the checkpoint of the trial.
            directory: Where to write.
        """
        splits, config, callbacks = self.splits, self.config, []
        if self.refit == "train+validation":
            splits = with_validation_learned(splits)
            config = dataclasses.replace(config, early_stopping=None, restore_best=False)
            callbacks = [EndAfter(self.best_epoch)]
        run = RunDirectory(directory)
        same = run.config.is_file() and self._is_in(run, splits, config)
        if same and run.finished:
            write_json(
                run.config, {**run.read_config(), "details": dict(self.details)}
            )  # there may be more trials
        if self.refit == "checkpoint" and not (same and (run.finished or run.checkpoint.is_file())):
            same = self._take_checkpoint(checkpoint_of(search, self.origin), run)
        return train(
            self.model,
            splits,
            config=config,
            directory=directory,
            resume=same,
            overwrite=not same,
            callbacks=callbacks,
            progress=self.progress,
            baseline_seconds=self.baseline_seconds,
            details=self.details,
        )

    def _take_checkpoint(self, found: RunDirectory | None, run: RunDirectory) -> bool:
        """Copies what the trial kept into the run; ``False`` where it is on another machine, or deleted."""
        if found is None:
            return False
        described = prepare(self.model, self.splits, None, self.config).describe()
        run.prepare(config={**described, "details": dict(self.details)}, resume=False, overwrite=True)
        for path in sorted(
            found.path.iterdir(), key=lambda path: path == found.checkpoint
        ):  # which says it is whole
            if path.is_file() and path.name != run.config.name:
                shutil.copy2(path, run.path / f"{path.name}.part")
                (run.path / f"{path.name}.part").rename(run.path / path.name)
        return True

    def _is_in(self, run: RunDirectory, splits: Splits, config: TrainConfig) -> bool:
        """Whether a run is one of this model."""
        saved = run.read_config()
        kept = {**saved, "model_arguments": saved["details"].get("model_arguments")}
        wanted = {
            "train_config": config.to_dict(),
            "data": splits.description,
            "model_arguments": self.details["model_arguments"],
        }
        return not differences(kept, wanted)


class EndAfter(keras.callbacks.Callback):
    """Ends training after an epoch; the schedule of the learning rate stays that of all epochs.

    Args:
        epoch: The last epoch, counted from 1.
    """

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Ends it."""
        if epoch + 1 >= self._epoch:
            self.model.stop_training = True


def check_refit(refit: str, splits: Splits) -> None:
    """Checks that the best model can be had so.

    Raises:
        UnknownNameError: If there is no such way.
        ArgumentError: If the validation rows are to be learned from, and no others would be left to score by, or their
            rows have no numbers.
    """
    checks.choice("refit", refit, REFITS)
    if refit != "train+validation":
        return
    if splits.test is None:
        raise ArgumentError(
            "refit: received 'train+validation' for data without a test part, so that no row would be left to score "
            "by; expected one. Read the data with a test part, or pass refit='checkpoint'."
        )
    with_validation_learned(splits)


def with_validation_learned(splits: Splits) -> Splits:
    """Returns data whose training part has the rows of the validation part too.

    Raises:
        DataError: If the rows have no numbers.
    """
    train = as_rows(splits.train, "train").joined(as_rows(splits.validation, "validation"))
    return dataclasses.replace(
        splits, train=train, description={**splits.description, "learned_from": "train+validation"}
    )
