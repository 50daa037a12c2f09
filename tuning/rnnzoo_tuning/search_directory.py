"""The directory of a search: when it may be written, and making it ready."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rnnzoo.errors import DataError, PathExistsError, RunError
from rnnzoo.files import is_partial, read_json, refuse_both, write_json
from rnnzoo.training.run.differences import differences

#: Where Optuna keeps the trials; its presence says that the directory is a search, as that of ``SETTINGS`` does.
STUDY = "study.db"
# Where earlier releases kept them.
_TUNER = "tuner"
SETTINGS, TRIALS, BEST, BUNDLE = "search.json", "trials.json", "best", "bundle"
#: How the best trials did with several seeds, and where they are trained.
CONFIRMATION, CONFIRMING = "confirmation.json", "confirming"
#: What was measured of the files of the bundle.
MEASURED = "measures.json"
PICTURE, REPORT = "search.png", "report.html"
#: What a search of the command can be made again by.
CONFIG = "config.yaml"
FORMAT_VERSION = 2


def check_free(root: Path, *, resume: bool, overwrite: bool) -> None:
    """Checks that a search may be written at ``root``.

    Raises:
        ArgumentError: If both flags are given.
        PathExistsError: If something is there and neither flag says what to do with it.
        RunError: If a search is to be resumed that did not keep its settings, or whose trials are lost.
    """
    refuse_both(resume=resume, overwrite=overwrite)
    if not root.exists() or (root.is_dir() and all(map(is_partial, root.iterdir()))):
        return  # another worker may be about to begin
    is_search = _is_search(root)
    if is_search and resume:
        _check_kept(root)
    if is_search and (resume or overwrite):
        return
    state = "a search" if is_search else "something else"
    fix = ", resume the search, or overwrite it." if is_search else "."
    raise PathExistsError(
        f"{root}: already holds {state}; expected a new or empty directory. Choose another directory{fix}"
    )


def prepare(
    root: Path,
    settings: Mapping[str, Any],
    *,
    max_trials: int,
    resume: bool,
    overwrite: bool,
    join: Callable[[], None] = lambda: None,
) -> bool:
    """Makes the directory ready: an earlier search in it is taken up, or deleted if it may be.

    Args:
        root: The directory.
        settings: What the search is; a resumed one must be the same.
        max_trials: Trials at most.
        resume: Whether to go on with a search that is there.
        overwrite: Whether what is there may be deleted.
        join: Called once the directory may be used, before anything in it is written or deleted.

    Returns:
        Whether the search came to its end already.

    Raises:
        PathExistsError: If something is there and neither flag says what to do with it.
        RunError: If the search there has other settings, or did not keep them.
    """
    check_free(root, resume=resume, overwrite=overwrite)
    if resume and _is_search(root):
        saved = read_search(root)
        found = _changes(saved["settings"], settings)
        if found:
            raise RunError(
                f"{root}: cannot resume: {found}. Resume with the settings it was started with, or start a new search "
                "in another directory."
            )
        _check_trials(root, saved)
        if _ended(root, saved, max_trials):
            return True
    join()
    if not resume and _is_search(root):
        shutil.rmtree(root)
    _write(root, settings, max_trials=max_trials, finished=False)
    return False


def finish(root: Path, settings: Mapping[str, Any], *, max_trials: int) -> None:
    """Notes that the search came to its end."""
    _write(root, settings, max_trials=max_trials, finished=True)


def read_rows(root: Path) -> list[dict[str, Any]]:
    """Reads the rows of a finished search."""
    rows: list[dict[str, Any]] = read_json(root / TRIALS, "the trials of a search")["trials"]
    return rows


def read_search(root: Path) -> dict[str, Any]:
    """Reads ``search.json``.

    Raises:
        DataError: If it is damaged, or was written by another release.
    """
    saved: dict[str, Any] = read_json(root / SETTINGS, "the settings of a search")
    version = saved.get("format_version")
    if version != FORMAT_VERSION:
        raise DataError(
            f"{root / SETTINGS}: received format version {version!r}; expected {FORMAT_VERSION}. Use the version of "
            "rnnzoo that wrote it."
        )
    return saved


def _changes(saved: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Names what differs; the seed once, where that of the training is that of the search."""
    both = [saved, settings]
    if all(one["train_config"].get("seed") == one["seed"] for one in both):
        both = [{**one, "train_config": {**one["train_config"], "seed": None}} for one in both]
    return differences(*both)


def _is_search(root: Path) -> bool:
    return (root / STUDY).is_file() or (root / _TUNER).is_dir() or (root / SETTINGS).is_file()


def _check_kept(root: Path) -> None:
    if not (root / SETTINGS).is_file():
        raise RunError(
            f"{root}: cannot resume: holds the search of an earlier release, which did not keep its settings; expected "
            f"{SETTINGS}, with which they are compared. Its trials stay readable in {TRIALS} and its best model in "
            f"{BEST}, if it was finished; start a new search in another directory."
        )


def _check_trials(root: Path, saved: Mapping[str, Any]) -> None:
    """Refuses to go on with a search whose trials are lost: all would be trained again."""
    is_here = saved["settings"].get("study") is None
    if is_here and not (root / STUDY).is_file() and (root / TRIALS).is_file() and (rows := read_rows(root)):
        raise RunError(
            f"{root}: cannot resume: {STUDY}, in which its {len(rows)} trials were, is not there; expected it. Copy "
            f"the file back. Or start anew: overwrite the search; its trials can be read in {TRIALS} until then."
        )


def _ended(root: Path, saved: Mapping[str, Any], max_trials: int) -> bool:
    """Whether nothing is left to do: a search may be given more trials."""
    more = max_trials > saved["max_trials"]
    return saved["finished"] and not more and (root / TRIALS).is_file()


def _write(root: Path, settings: Mapping[str, Any], *, max_trials: int, finished: bool) -> None:
    facts = {"settings": settings, "max_trials": max_trials, "finished": finished}
    write_json(root / SETTINGS, {"format_version": FORMAT_VERSION, **facts})
