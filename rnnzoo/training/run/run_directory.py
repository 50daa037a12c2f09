"""What a training run leaves on disk, and where."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.decoding import Decoding, load_decoding
from rnnzoo.errors import DataError, NotRegisteredError, RunError
from rnnzoo.files import (
    existing_directory,
    existing_file,
    read_json,
    refuse_other_work,
    remove_partial,
    write_csv,
    write_json,
)
from rnnzoo.preprocessing import Preprocessing, load_preprocessing
from rnnzoo.tasks import TASKS, Task, get_task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.run.differences import differences

FORMAT_VERSION = 1


class RunDirectory:
    """A training run on disk.

    ``model.keras`` (the best epoch), ``preprocessing.json``, ``decoding.json``, ``config.json``, ``history.csv``,
    ``metrics.json`` (it says that the run is finished; baselines are added), ``plots/``, ``report.html``,
    ``class_scores.csv`` and the other ``TABLES`` of what is right and wrong, ``samples.npz`` and ``example.json``
    (held-out inputs to prove and try exported files with),
    ``gradients.csv`` and ``tensorboard/`` if wanted; while training also ``checkpoint.npz``. Runs of the command have
    ``config.yaml`` besides, from which ``--config`` makes them again.

    Args:
        path: The directory.
    """

    #: The tables of details; a run has those of its task, each as ``NAME.csv``.
    TABLES = (
        "class_scores",
        "confused_pairs",
        "calibration",
        "worst_rows",
        "errors_by_step",
        "errors_by_series",
        "coverage",
    )

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.model = self.path / "model.keras"
        self.preprocessing = self.path / "preprocessing.json"
        self.decoding = self.path / "decoding.json"
        self.config = self.path / "config.json"
        self.history = self.path / "history.csv"
        self.gradients = self.path / "gradients.csv"
        self.metrics = self.path / "metrics.json"
        self.samples = self.path / "samples.npz"
        self.example = self.path / "example.json"
        self.checkpoint = self.path / "checkpoint.npz"
        self.plots = self.path / "plots"
        self.report = self.path / "report.html"

    def table(self, name: str) -> Path:
        """Returns the file of a table of details."""
        return self.path / f"{name}.csv"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.metrics.is_file()

    def prepare(self, *, config: Mapping[str, Any], resume: bool, overwrite: bool) -> bool:
        """Makes the directory ready for a run.

        Args:
            config: What the run is; a resumed run must be the same one.
            resume: Whether to go on from an unfinished run, if there is one.
            overwrite: Whether what is there may be deleted.

        Returns:
            Whether there is a checkpoint to go on from; a run that was stopped before its first one starts anew.

        Raises:
            PathExistsError: If something is there and neither flag says what to do with it.
            RunError: If the unfinished run is of another model, data set or config.
        """
        self.check_free(resume=resume, overwrite=overwrite)
        if resume and self._unfinished:
            self.check_same({key: value for key, value in config.items() if key != "details"})
            if self.checkpoint.is_file():
                remove_partial(self.path)
                return True
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.config, {"format_version": FORMAT_VERSION, **config})
        return False

    @property
    def _unfinished(self) -> bool:
        return self.config.is_file() and not self.finished

    def check_free(self, *, resume: bool, overwrite: bool) -> None:
        """Checks that a run may be written here.

        Raises:
            PathExistsError: If something is there and neither flag says what to do with it; a run can be resumed, a
                finished one too, whose result is there.
        """
        state = "an unfinished run (resume goes on with it)" if self._unfinished else "a run"
        refuse_other_work(
            self.path,
            "training run",
            state=state if self.config.is_file() else None,
            resume=resume,
            overwrite=overwrite,
        )

    def check_same(self, config: Mapping[str, Any]) -> None:
        """Raises ``RunError`` where ``config.json`` says otherwise than ``config``, for the keys of that."""
        saved = self.read_config()
        # A field that is younger than the run has its default in it.
        saved["train_config"] = {**TrainConfig().to_dict(), **saved.get("train_config", {})}
        found = differences(saved, config)
        if found:
            raise RunError(
                f"{self.path}: cannot resume: {found}. Resume with the settings it was started with, or overwrite it."
            )

    def read_task(self) -> Task:
        """Reads the task.

        Raises:
            NotRegisteredError: If it is a user's, which must be registered first.
            DataError: If the run is damaged.
        """
        name = str(self.read_config().get("task"))
        if name not in TASKS and self.decoding.is_file():
            load_decoding(self.decoding)  # which knows the package
        if name not in TASKS:
            raise NotRegisteredError(
                f"{self.path}: needs the task {name!r}, which is not registered here; expected the package that "
                "registers it to be imported before. Pass --import with its name, or import it."
            )
        return get_task(name)

    def read_config(self) -> dict[str, Any]:
        """Reads ``config.json``; a newer format is refused."""
        config: dict[str, Any] = read_json(self.config, "the config of a training run")
        if config.get("format_version") != FORMAT_VERSION:
            raise DataError(
                f"{self.config}: received format version {config.get('format_version')!r}; expected "
                f"{FORMAT_VERSION}. Use the version of rnnzoo that wrote it."
            )
        return config

    def read_metrics(self) -> dict[str, Any]:
        """Reads ``metrics.json``."""
        metrics: dict[str, Any] = read_json(self.metrics, "the metrics of a training run")
        return metrics

    def read_preprocessing(self) -> Preprocessing | None:
        """Reads the fitted preprocessing, if the run has one."""
        return load_preprocessing(self.preprocessing) if self.preprocessing.is_file() else None

    def read_decoding(self) -> Decoding | None:
        """Reads the decoding, if the run has one."""
        return load_decoding(self.decoding) if self.decoding.is_file() else None

    def read_example(self) -> Any:
        """Reads one raw input of the held-out part, or ``None``."""
        return read_json(self.example, "an example") if self.example.is_file() else None

    def read_samples(self) -> dict[str, np.ndarray]:
        """Reads some held-out model inputs, with which exported files are proved."""
        with np.load(existing_file(self.samples, "held-out inputs of the run"), allow_pickle=False) as file:
            return dict(file)

    def read_history(self) -> list[dict[str, float]]:
        """Reads one dictionary per epoch."""
        with self.history.open(newline="", encoding="utf-8") as file:
            rows = [
                {name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)
            ]
        return [{**row, "epoch": int(row["epoch"])} for row in rows]

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Writes one line per epoch."""
        write_csv(self.history, rows)


def open_run(path: str | os.PathLike[str]) -> RunDirectory:
    """Opens a finished run.

    Raises:
        PathNotFoundError: If there is no run.
        RunError: If it never came to its end.
    """
    run = RunDirectory(existing_directory(path, "a run directory written by train"))
    run.read_config()
    if not run.finished:
        raise RunError(f"{run.path}: the run is unfinished; expected a finished one. Resume it first.")
    return run
