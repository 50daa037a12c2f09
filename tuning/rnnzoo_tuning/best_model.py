"""The best model of a search as a run: taken from its trial's checkpoint, or trained anew on more rows."""

from __future__ import annotations

import dataclasses
import functools
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
from rnnzoo.evaluation.compatibility import choose_task
from rnnzoo.files import replacing, write_json
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.problem import describe
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

    @functools.cached_property
    def _training(self) -> tuple[Splits, TrainConfig]:
        """The data and the config that the weights of the run come from."""
        if self.refit == "checkpoint":
            return self.splits, self.config
        config = dataclasses.replace(self.config, early_stopping=None, restore_best=False)
        return with_validation_learned(self.splits), config

    def is_written(self, directory: Path) -> bool:
        """Whether the run is there, with all that is to be kept of it."""
        run = RunDirectory(directory)
        return (
            self._is_in(run)
            and run.finished
            and not differences(run.read_config()["details"], dict(self.details))
        )

    def write(self, search: Path, directory: Path) -> TrainResult:
        """Writes the run, or goes on with it; one that is written already is read back.

        Args:
            search: The directory of the search, which has the checkpoint of the trial.
            directory: Where to write.
        """
        run = RunDirectory(directory)
        same = self._is_in(run)
        if same and run.finished:  # of a search that had fewer trials, perhaps
            write_json(run.config, {**run.read_config(), "details": dict(self.details)})
        if self.refit == "checkpoint" and not (same and (run.finished or run.checkpoint.is_file())):
            same = self._take_checkpoint(checkpoint_of(search, self.origin), run)
        splits, config = self._training
        return train(
            self.model,
            splits,
            config=config,
            directory=directory,
            resume=same,
            overwrite=not same,
            callbacks=[] if self.refit == "checkpoint" else [EndAfter(self.best_epoch)],
            progress=self.progress,
            baseline_seconds=self.baseline_seconds,
            details=self.details,
        )

    def _take_checkpoint(self, found: RunDirectory | None, run: RunDirectory) -> bool:
        """Copies what the trial kept into the run; ``False`` where it is on another machine, or deleted."""
        if found is None:
            return False
        task = choose_task(self.model, self.splits, None)[0]
        described = describe(self.model, self.splits, task, self.config)
        run.prepare(config={**described, "details": dict(self.details)}, resume=False, overwrite=True)
        # The checkpoint comes last: it says that all is there.
        for path in sorted(found.path.iterdir(), key=lambda path: path == found.checkpoint):
            if path.is_file() and path.name != run.config.name:
                with replacing(run.path / path.name) as temporary:
                    shutil.copy2(path, temporary)
        return True

    def _is_in(self, run: RunDirectory) -> bool:
        """Whether a run, if there is one, is of this model."""
        if not run.config.is_file():
            return False
        splits, config = self._training
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
