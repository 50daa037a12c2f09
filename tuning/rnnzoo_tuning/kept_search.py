"""A search as its directory has it, whether it runs, was stopped or is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from rnnzoo.errors import PathNotFoundError
from rnnzoo.files import read_json, read_text
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.yaml_text import read_yaml
from rnnzoo_tuning.search_directory import BEST, CONFIG, SETTINGS, STUDY, read_search
from rnnzoo_tuning.space import SearchSpace
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace, storage_of, study_place
from rnnzoo_tuning.trial_records import EndedTrial

_SPACE = ("model_space", "training_space", "conditions")


@dataclass(frozen=True)
class KeptSearch:
    """What is known of a search without its data and its model.

    Attributes:
        root: Its directory.
        settings: ``settings`` of ``search.json``.
        max_trials: Trials at most.
        finished: Whether the best model of all trials is trained.
        directions: Whether each objective is to be maximized or minimized.
        trials: Those that have ended, in the order in which they did, each beside what Optuna keeps of it.
    """

    root: Path
    settings: Mapping[str, Any]
    max_trials: int
    finished: bool
    directions: Sequence[StudyDirection]
    trials: Sequence[tuple[EndedTrial, FrozenTrial]]

    @property
    def monitor(self) -> Monitor:
        """What trials are compared by."""
        return Monitor(self.settings["objective"], self.settings["direction"])

    @property
    def objectives(self) -> list[str]:
        """The names of all objectives, that of ``monitor`` first."""
        others = [str(name) for name in self.settings.get("measures") or ()]
        numbers = range(1 + len(others), len(self.directions))
        return [self.monitor.name, *others, *(f"objective {number + 1}" for number in numbers)]

    @property
    def space(self) -> SearchSpace:
        """What varies."""
        return SearchSpace.from_dict({name: self.settings[name] for name in _SPACE if name in self.settings})

    def data_options(self) -> dict[str, Any] | None:
        """Returns how the command was told to read the data, without what is left at its default.

        Returns:
            The options by name; ``None`` where the search was not one of the command, or does not say yet.
        """
        if (self.root / CONFIG).is_file():
            text = read_text(self.root / CONFIG, "the settings of a search")
            options: dict[str, Any] | None = read_yaml(text, of=str(self.root / CONFIG)).get("data")
            return options
        config = RunDirectory(self.root / BEST).config
        details = read_json(config, "a run")["details"] if config.is_file() else {}
        if not {"data_options", "changed_options"} <= details.keys():
            return None
        return {name: details["data_options"][name] for name in ("data", *details["changed_options"])}

    def best_scores(self) -> dict[str, float]:
        """Returns the scores of the best model on the test part; empty where it is not trained, or there is none."""
        run = RunDirectory(self.root / BEST)
        scores: dict[str, float] = (run.read_metrics().get("test") or {}) if self.finished_best else {}
        return scores

    @property
    def finished_best(self) -> bool:
        """Whether the best model of this search is trained."""
        return self.finished and RunDirectory(self.root / BEST).finished


def open_search(root: Path, storage: str | None = None) -> KeptSearch:
    """Opens a search to read it, as it is now.

    Args:
        root: Its directory.
        storage: The database that its trials are in; ``None`` for ``study.db`` in the directory.

    Raises:
        PathNotFoundError: If there is no search, or none of whose trials has begun.
        RunError: If the study cannot be opened.
        DataError: If the settings are damaged, or those of another release.
    """
    if not (root / SETTINGS).is_file():
        found = (
            f"holds no {SETTINGS}" if root.is_dir() else "is a file" if root.exists() else "no such directory"
        )
        raise PathNotFoundError(
            f"{root}: {found}; expected the directory of a search. Name the one that was given to rnnzoo tune as "
            "--out, or to run_search as directory."
        )
    saved = read_search(root)
    study = _open_study(root, saved["settings"], storage)
    return KeptSearch(
        root=root,
        settings=saved["settings"],
        max_trials=saved["max_trials"],
        finished=saved["finished"],
        directions=study.directions,
        trials=study.ended_of_optuna(),
    )


def _open_study(root: Path, settings: Mapping[str, Any], storage: str | None) -> SearchStudy:
    """Opens the study of a search: that of its directory, or one in a database."""
    name = settings.get("study")
    if name is not None and storage is None:
        raise PathNotFoundError(
            f"{root}: its trials are in a database, whose address is kept nowhere; expected that too. Put "
            "--storage URL before --report."
        )
    if name is None and not (root / STUDY).is_file():
        raise PathNotFoundError(
            f"{root}: holds no {STUDY}, in which the trials are; expected one. Wait until the first trial has begun, "
            "or copy the file to this place again."
        )
    place = StudyPlace(storage_of(root / STUDY)) if name is None else study_place(root, storage, name)
    return SearchStudy(
        place.address,
        Monitor(settings["objective"], settings["direction"]),
        measures=settings.get("measures") or (),
        name=place.name,
    )
