"""The directory of a search: when it may be written, and making it ready."""

from __future__ import annotations

import shutil
from pathlib import Path

from rnnzoo.errors import PathExistsError

#: Where Keras Tuner keeps its files; its presence says that the directory is a search.
TUNER = "tuner"


def check_free(root: Path, *, resume: bool, overwrite: bool) -> None:
    """Checks that a search may be written at ``root``.

    Raises:
        PathExistsError: If something is there and neither flag says what to do with it.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return
    is_search = (root / TUNER).is_dir()
    if is_search and (resume or overwrite):
        return
    state = "a search" if is_search else "something else"
    fix = ", resume the search, or overwrite it." if is_search else "."
    raise PathExistsError(
        f"{root}: already holds {state}; expected a new or empty directory. Choose another directory{fix}"
    )


def prepare(root: Path, *, resume: bool, overwrite: bool) -> None:
    """Makes the directory ready: an earlier search in it is taken up, or deleted if it may be.

    Raises:
        PathExistsError: If something is there and neither flag says what to do with it.
    """
    check_free(root, resume=resume, overwrite=overwrite)
    if root.is_dir() and not resume:
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
