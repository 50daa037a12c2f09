"""Truth of ``rnnzoo.preprocessing.storage``: own kinds are named in files, and no file says what to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from own_preprocessing import Letters, Vowels
from rnnzoo.errors import ArgumentError, DataError, NotRegisteredError
from rnnzoo.preprocessing import PairPreprocessing, WordPreprocessing, load_preprocessing, save_preprocessing


class Capitals(Letters):
    """Is not registered."""

    kind = "capitals"


def test_an_own_preprocessing_comes_back_and_is_named_by_class_and_package(tmp_path: Path) -> None:
    save_preprocessing(Letters(upper=True), tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text()) == {
        "format_version": 1,
        "kind": "letters",
        "class": "own_preprocessing.Letters",
        "package": "own_preprocessing",
        "config": {"upper": True},
    }
    again = load_preprocessing(tmp_path / "p.json")
    assert isinstance(again, Letters)
    assert again.upper


def test_rnnzoos_own_are_stored_as_before(tmp_path: Path) -> None:
    save_preprocessing(WordPreprocessing.fit(["a dog"]), tmp_path / "p.json")
    assert set(json.loads((tmp_path / "p.json").read_text())) == {"format_version", "kind", "config"}


#: For another process, which finds the same packages.
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
LOAD = "import sys; from rnnzoo.preprocessing import load_preprocessing; {0}load_preprocessing(sys.argv[1])"


@pytest.mark.parametrize("own", [Letters(), PairPreprocessing(WordPreprocessing.fit(["a"]), Vowels())])
def test_a_process_that_does_not_know_the_class_is_told_what_to_import(
    own: Letters | PairPreprocessing, tmp_path: Path
) -> None:
    save_preprocessing(own, tmp_path / "p.json")
    # The package could be imported, and is not.
    command = [sys.executable, "-c", LOAD.format(""), str(tmp_path / "p.json")]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert found.returncode == 1
    name, where = ("letters", "") if isinstance(own, Letters) else ("vowels", "target: ")
    assert found.stderr.splitlines()[-1] == (
        f"rnnzoo.errors.NotRegisteredError: {tmp_path / 'p.json'}: {where}needs the preprocessing {name!r}, the class "
        f"own_preprocessing.{name.capitalize()}, which is not registered here; expected the module own_preprocessing "
        "to be imported before. Write `import own_preprocessing`, or run `rnnzoo serve --import own_preprocessing`."
    )
    with_import = [sys.executable, "-c", LOAD.format("import own_preprocessing; "), str(tmp_path / "p.json")]
    subprocess.run(with_import, check=True, env=ENVIRONMENT)


def test_another_class_of_the_same_name_does_not_take_its_place(tmp_path: Path) -> None:
    save_preprocessing(Letters(), tmp_path / "p.json")
    stored = json.loads((tmp_path / "p.json").read_text())
    (tmp_path / "p.json").write_text(json.dumps({**stored, "class": "other.Letters", "package": "other"}))
    with pytest.raises(NotRegisteredError) as caught:
        load_preprocessing(tmp_path / "p.json")
    assert "the class other.Letters, which is not what is registered here: own_preprocessing.Letters" in str(
        caught.value
    )


def test_an_unknown_kind_without_a_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"format_version": 1, "kind": "odd", "config": {}}))
    with pytest.raises(
        DataError, match="received the kind 'odd'; expected 1 and one of the kinds text, tokens"
    ):
        load_preprocessing(tmp_path / "p.json")


@pytest.mark.parametrize("own", [Capitals(), PairPreprocessing(Vowels(), WordPreprocessing.fit(["a"]))])
def test_what_is_not_registered_is_not_written(
    own: Letters | PairPreprocessing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(own, PairPreprocessing):  # a part that nobody registered
        monkeypatch.setattr(Vowels, "kind", "secret")
    with pytest.raises(ArgumentError, match=r"Call rnnzoo.register\('preprocessing', '(capitals|secret)', "):
        save_preprocessing(own, tmp_path / "p.json")
    assert list(tmp_path.iterdir()) == []
