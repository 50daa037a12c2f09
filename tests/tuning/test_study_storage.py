"""Truth of ``rnnzoo_tuning.study_storage``: where trials are kept, and what is told where they cannot be."""

from __future__ import annotations

import builtins
import gc
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from advice import followed
from postgresql_server import postgresql
from rnnzoo.errors import ArgumentError, PathExistsError, RunError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace, open_storage, shown, study_place, told

MAX = Monitor("val_accuracy", "max")
SECRET = "s3cret"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as address:
        yield address


def checked(place: StudyPlace) -> None:
    place.check(resume=True, overwrite=False)


def test_trials_lie_in_the_directory_where_nothing_is_named(tmp_path: Path) -> None:
    place = study_place(tmp_path, None, None)
    assert place == StudyPlace(f"sqlite:///{tmp_path}/study.db", "search", shared=False)
    place.check(resume=True, overwrite=False)
    assert not (tmp_path / "study.db").exists()
    place.prepare(resume=False, overwrite=False)


def test_a_study_is_named_like_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = "sqlite:////tmp/others.db"
    assert study_place(Path("reviews"), url, None) == StudyPlace(url, "reviews", shared=True)
    assert study_place(Path(), url, None).name == tmp_path.name
    assert study_place(Path(), url, "mine").name == "mine"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_psycopg(scheme: str) -> None:
    place = study_place(Path("a"), f"{scheme}://ada:{SECRET}%40@db.example:1/searches?sslmode=require", None)
    assert place.address == f"postgresql+psycopg://ada:{SECRET}%40@db.example:1/searches?sslmode=require"
    assert SECRET not in repr(place) + shown(place.address)


WRONG = {
    "nonsense": "a text",
    f"postgresql:/ada:{SECRET}@host/db": "a text",
    f"mysql://ada:{SECRET}@host/db": "an address that begins with mysql://",
    f"postgresql://ada:{SECRET}@host": "an address that begins with postgresql:// and names no database",
    f"postgresql://ada:{SECRET}@host:port/db": "a text",
    f"postgresql+asyncpg://ada:{SECRET}@host/db": "an address that begins with postgresql+asyncpg://",
    "sqlite://": "an address that begins with sqlite:// and names no database",
}


@pytest.mark.parametrize("address", WRONG)
def test_a_wrong_address_is_told_without_its_password(address: str) -> None:
    with pytest.raises(ArgumentError) as error:
        study_place(Path("a"), address, None)
    assert str(error.value) == (
        f"storage: received {WRONG[address]}; expected postgresql://user:password@host/database, or "
        "sqlite:////path/of/a/file. Correct the address; write %40 for an @ in a password."
    )
    assert SECRET not in repr(error.value.__context__)


def test_what_is_wrong_beside_an_address_is_told() -> None:
    storage: Any = 5
    with pytest.raises(ArgumentError, match=r"storage: received int; expected postgresql://"):
        study_place(Path("a"), storage, None)
    url = "sqlite:////tmp/others.db"
    followed(
        lambda: study_place(Path("a"), None, "mine"),
        "Leave it out, or give storage too.",
        lambda: study_place(Path("a"), None, None),
        lambda: study_place(Path("a"), url, "mine"),
    )
    followed(
        lambda: study_place(Path("a"), url, " "), "Write one.", lambda: study_place(Path("a"), url, "mine")
    )


def test_a_study_of_that_name_is_resumed_or_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/others.db"
    place = study_place(tmp_path / "a", url, None)
    place.prepare(resume=False, overwrite=False)
    SearchStudy(place.address, MAX, name="a").agree({"seed": 1})
    followed(
        lambda: place.prepare(resume=False, overwrite=False),
        f"{tmp_path}/others.db: already holds a study 'a'; expected a new one. Choose another study, resume the "
        "search, or overwrite it.",
        lambda: study_place(tmp_path / "a", url, "b").prepare(resume=False, overwrite=False),
        lambda: place.prepare(resume=True, overwrite=False),
        lambda: SearchStudy(place.address, MAX, name="a").agree({"seed": 1}),  # it is still there
        lambda: place.prepare(resume=False, overwrite=True),
        lambda: SearchStudy(place.address, MAX, name="a").agree({"seed": 2}),  # it is another one
    )
    with pytest.raises(PathExistsError):
        place.prepare(resume=False, overwrite=False)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("{" * 200)
    followed(
        lambda: checked(study_place(tmp_path, None, None)),
        "start a new search in another directory",
        lambda: checked(study_place(tmp_path / "another", None, None)),
    )


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RunError) as error:
        checked(study_place(Path("a"), f"postgresql://ada:{SECRET}@127.0.0.1/db", None))
    assert str(error.value) == (
        "postgresql://ada:***@127.0.0.1/db: needs psycopg, which is not installed or cannot be loaded (No module named "
        "'psycopg'); expected the extra that brings it. Run: pip install 'rnnzoo[postgresql]'"
    )


def test_a_server_that_is_not_there_is_told() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(RunError) as error:
        checked(study_place(Path("a"), f"postgresql://ada:{SECRET}@127.0.0.1:1/db", None))
    text = str(error.value)
    assert text.startswith(
        "postgresql://ada:***@127.0.0.1:1/db: cannot be used as the study of a search (connection "
    )
    assert text.endswith(
        "Check the address, the password and that the server runs; trials that ended are kept: resume the search."
    )
    assert SECRET not in text


def test_a_short_password_is_hidden_and_leaves_words_as_they_are() -> None:
    said = sqlalchemy.exc.OperationalError(
        "select", {}, Exception("refused postgresql://ada:e@here/searches")
    )
    with pytest.raises(RunError) as error, told("postgresql://ada:e@here/searches"):
        raise said
    assert "(refused postgresql://ada:***@here/searches)" in str(error.value)


def test_a_server_refuses_a_wrong_password(server: str) -> None:
    checked(study_place(Path("a"), server, None))
    wrong = sqlalchemy.make_url(server).set(password=SECRET).render_as_string(hide_password=False)
    with pytest.raises(RunError, match="password authentication failed") as error:
        checked(study_place(Path("a"), wrong, None))
    assert SECRET not in str(error.value)


# Attempts that came too late leave their connections to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_may_make_the_tables_at_the_same_time(server: str, tmp_path: Path) -> None:
    schema = f"rnnzoo_{uuid.uuid4().hex}"
    engine = sqlalchemy.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.schema.CreateSchema(schema))
    empty = f"{server}?options=-csearch_path%3D{schema}"
    for number, address in enumerate((empty, *[f"sqlite:///{tmp_path}/{n}.db" for n in range(4)])):
        place = study_place(tmp_path / str(number), address, None)

        def opened(_: int, place: StudyPlace = place) -> int:
            storage = open_storage(place.address)
            found = len(storage.get_all_studies())
            storage.engine.dispose()
            return found

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(opened, range(4)))) == 1
    with engine.begin() as connection:
        connection.execute(sqlalchemy.schema.DropSchema(schema, cascade=True))
    engine.dispose()
    gc.collect()
