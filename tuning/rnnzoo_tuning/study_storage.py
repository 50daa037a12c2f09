"""Where the trials of a search are kept: in one file, or in a database that several machines share.

Known without TensorFlow, so that a database that cannot be used is told of before anything slow.
"""

from __future__ import annotations

import contextlib
import errno
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.trial import FrozenTrial, TrialState, create_trial

from rnnzoo.errors import ArgumentError, PathExistsError, RnnzooError, RunError, one_line
from rnnzoo_tuning.search_directory import STUDY
from rnnzoo_tuning.trial_records import BEGUN_BY
from rnnzoo_tuning.worker import this_worker

#: Seconds between two signs of life of a worker, and after how many without one its trial is taken up by another.
HEARTBEAT, GRACE = 10, 60
#: What a database raises that cannot be read or written now.
FAILURES = (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError)
# What a disk says that is full, or may only be read.
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# Seconds to wait for a server, and for another process that writes the same file.
_CONNECT, _BUSY = 10, 60
# How often the tables are made anew where another worker makes them at the same time, and the seconds between.
_ATTEMPTS, _PAUSE = 5, 0.5
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class StudyPlace:
    """Where the trials of one search are.

    Attributes:
        address: The database, as SQLAlchemy has it; it may hold a password.
        name: The name of the study there.
        shared: Whether it is a database of the user's, which other directories may use too.
    """

    address: str
    name: str = "search"
    shared: bool = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown(self.address)}, {self.name!r})"

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Checks in a moment that a search may keep its trials here.

        Raises:
            PathExistsError: If a database that other directories may use holds the study, and neither flag says what to
                do with it.
            RunError: If the database cannot be reached or read, or its driver is missing.
        """
        if not self.shared and (overwrite or not Path(shown(self.address)).exists()):
            return
        if self.name in self._names() and self.shared and not (resume or overwrite):
            raise PathExistsError(
                f"{shown(self.address)}: already holds a study {self.name!r}; expected a new one. Choose another "
                "study, resume the search, or overwrite it."
            )

    def prepare(self, *, resume: bool, overwrite: bool) -> None:
        """Makes a database that other directories may use ready for a search: a study that may be replaced is deleted.

        Raises:
            PathExistsError: If it holds the study and neither flag says what to do with it.
            RunError: If it cannot be used.
        """
        self.check(resume=resume, overwrite=overwrite)
        if overwrite and not resume:
            with told(self.address):
                storage = open_storage(self.address)
                for name in self._names():
                    if name == self.name or name.startswith(
                        (f"{self.name} best of ", f"{self.name} confirm ")
                    ):
                        optuna.delete_study(study_name=name, storage=storage)
                storage.engine.dispose()

    def best(self, root: Path, max_trials: int) -> str:
        """Returns the name of the study whose only trial is the training of the best of so many trials."""
        # Workers of several machines know a directory that they share by its number on the disk.
        return f"{self.name} best of {max_trials}" + (f" in {root.stat().st_ino}" if self.shared else "")

    def _names(self) -> list[str]:
        with told(self.address):
            storage = open_storage(self.address)
            names = optuna.get_all_study_names(storage)
            storage.engine.dispose()
            return names


def study_place(root: Path, storage: str | None, study: str | None) -> StudyPlace:
    """Returns where the trials of a search are.

    Args:
        root: The directory of the search.
        storage: The address of a database; ``None`` for a file in the directory.
        study: The name in that database; ``None`` for that of the directory.

    Raises:
        ArgumentError: If the address is none, or a name is given without one.
    """
    if storage is None:
        if study is not None:
            raise ArgumentError(
                f"study: received {study!r} without storage; expected it with the address of a database, in which "
                "studies have names. Leave it out, or give storage too."
            )
        return StudyPlace(storage_of(root / STUDY))
    if study is not None and (not isinstance(study, str) or not study.strip()):
        raise ArgumentError(f"study: received {study!r}; expected a name, such as 'reviews'. Write one.")
    return StudyPlace(_address(storage), study or root.absolute().name, shared=True)


def storage_of(path: Path) -> str:
    """Returns the address of a study that is one file."""
    return f"sqlite:///{path.absolute()}"


def shown(address: str) -> str:
    """Returns an address without its password.

    Example:
        >>> shown("postgresql+psycopg://ada:secret@db.example/searches")
        'postgresql://ada:***@db.example/searches'
        >>> shown("sqlite:////home/ada/search/study.db")
        '/home/ada/search/study.db'
    """
    url = sqlalchemy.make_url(address)
    if url.drivername == "sqlite":
        return url.database or ""
    return url.set(drivername=url.get_backend_name(), query={}).render_as_string(hide_password=True)


class _SigningStorage(optuna.storages.RDBStorage):
    """A database whose trials bear the name of their worker before they run: a kill must leave none to nobody."""

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        if template_trial is None:
            template_trial = create_trial(state=TrialState.RUNNING, user_attrs={BEGUN_BY: this_worker()})
        return super()._create_new_trial(study_id, template_trial)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        if state == TrialState.RUNNING:  # it was in line
            self.set_trial_user_attr(trial_id, BEGUN_BY, this_worker())
        return super().set_trial_state_values(trial_id, state, values)


def open_storage(
    address: str, *, heartbeat: int = HEARTBEAT, grace: int = GRACE
) -> optuna.storages.RDBStorage:
    """Opens a database in which Optuna keeps trials; its tables are made where there are none.

    Args:
        address: The database.
        heartbeat: Seconds between two signs of life of a worker.
        grace: Seconds without one after which a worker is dead.
    """
    options: dict[str, Any] = {"connect_args": {"timeout": _BUSY}}
    if not address.startswith("sqlite"):
        options = {"connect_args": {"connect_timeout": _CONNECT}, "pool_pre_ping": True}
    for attempt in range(_ATTEMPTS):
        try:
            with without_warnings():
                return _SigningStorage(
                    address, engine_kwargs=options, heartbeat_interval=heartbeat, grace_period=grace
                )
        except sqlalchemy.exc.SQLAlchemyError as error:
            # Another worker made the same table, or noted its version, a moment earlier.
            if attempt == _ATTEMPTS - 1 or not _is_taken(error):
                raise
            time.sleep(_PAUSE)
    raise AssertionError("unreachable")


@contextlib.contextmanager
def told(address: str) -> Iterator[None]:
    """Raises ``RunError`` where a database cannot be used within the block."""
    try:
        yield
    except ImportError as error:
        raise RunError(
            f"{shown(address)}: needs psycopg, which is not installed or cannot be loaded "
            f"({one_line(error.__cause__ or error, 200)}); expected the extra that brings it. "
            "Run: pip install 'rnnzoo[postgresql]'"
        ) from error
    except (*FAILURES, RuntimeError) as error:  # Optuna tells of other versions by the last
        if isinstance(error, RunError):
            raise
        raise _unusable(error, address) from None  # what it raised may show the password


def is_lost(error: BaseException) -> bool:
    """Whether nothing can be kept any more: an error of the database or the disk, which is no trial's fault."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, FAILURES) or (isinstance(current, OSError) and current.errno in _NO_SPACE):
            return True
        current = current.__cause__ or current.__context__
    return False


@contextlib.contextmanager
def told_if_lost(directory: Path, place: StudyPlace) -> Iterator[None]:
    """Raises ``RunError`` where the block ends because nothing can be kept any more."""
    try:
        yield
    except FAILURES as error:
        raise _unusable(error, place.address) from None
    except OSError as error:
        if isinstance(error, RnnzooError) or error.errno not in _NO_SPACE:
            raise
        raise RunError(
            f"{directory}: cannot be written ({error.strerror}); expected a directory with space that may be written. "
            "Make space or change the rights, then resume the search: the trials that ended are kept."
        ) from error


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Keeps back that Optuna calls signs of life an experiment, and expects them in its own loop alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        yield


def _address(storage: object) -> str:
    """Returns an address with the driver that is ours; no message shows what was received: it may hold a password."""
    try:
        url = sqlalchemy.make_url(str(storage)) if isinstance(storage, str) else None
    except (sqlalchemy.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS or not url.database:
        raise ArgumentError(
            f"storage: received {_kind(storage, url)}; expected postgresql://user:password@host/database, or "
            "sqlite:////path/of/a/file. Correct the address; write %40 for an @ in a password."
        ) from None
    return url.set(drivername=_DRIVERS[url.drivername]).render_as_string(hide_password=False)


def _kind(storage: object, url: sqlalchemy.URL | None) -> str:
    if url is None:
        return "a text" if isinstance(storage, str) else type(storage).__name__
    lacks = "" if url.drivername not in _DRIVERS else " and names no database"
    return f"an address that begins with {url.drivername}://{lacks}"


def _unusable(error: BaseException, address: str) -> RunError:
    return RunError(
        f"{shown(address)}: cannot be used as the study of a search ({_reason(error, address)}); expected a "
        f"database that Optuna can read and write. {_advice(address)}"
    )


def _reason(error: BaseException, address: str) -> str:
    """Returns what a database said, in one line without its password."""
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
    original = getattr(cause, "orig", None) or cause or error
    password = sqlalchemy.make_url(address).password
    text = one_line(original)
    return (re.sub(rf"(?<!\w){re.escape(str(password))}(?!\w)", "***", text) if password else text)[:300]


def _advice(address: str) -> str:
    if address.startswith("sqlite"):
        return (
            "Check the space on the disk and the rights, or start a new search in another directory; trials that ended "
            "are kept: resume the search once it can be written."
        )
    return "Check the address, the password and that the server runs; trials that ended are kept: resume the search."


def _is_taken(error: BaseException) -> bool:
    text = str(error).lower()
    return "already exists" in text or "unique" in text
