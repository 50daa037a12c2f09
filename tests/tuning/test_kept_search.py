"""Truth of ``rnnzoo_tuning.kept_search``: a search is read from its directory alone, or said to be none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hand_made_search import ADAM, SGD, done, failed, pruned, refused, write_search
from rnnzoo.errors import DataError, PathNotFoundError
from rnnzoo.files import write_json
from rnnzoo_tuning.kept_search import open_search


def test_trials_are_told_with_their_reasons(tmp_path: Path) -> None:
    root = write_search(
        tmp_path / "search",
        done(0.5, **ADAM),
        pruned(0.4, **SGD),
        refused("size_mb is 9.5; at most 2", **SGD),
        failed("OOM", **ADAM),
    )
    search = open_search(root)
    told = [(trial.number, trial.status, trial.score, trial.reason) for trial, _ in search.trials]
    assert told == [
        (0, "done", 0.5, ""),
        (1, "pruned", 0.4, ""),
        (None, "refused", None, "size_mb is 9.5; at most 2"),
        (2, "failed", None, "OOM"),
    ]
    assert (search.max_trials, search.finished, search.objectives) == (20, False, ["val_accuracy"])
    assert search.best_scores() == {}


def test_objectives_have_names(tmp_path: Path) -> None:
    both = ("maximize", "minimize")
    unnamed = open_search(write_search(tmp_path / "a", done(0.5, 2.0, **ADAM), directions=both))
    assert unnamed.objectives == ["val_accuracy", "objective 2"]
    names = ["val_accuracy", "latency_ms"]
    named = open_search(write_search(tmp_path / "b", directions=both, measures=names[1:]))
    assert named.objectives == names


def test_another_study_may_be_named(tmp_path: Path) -> None:
    other = write_search(tmp_path / "other", done(0.5, **ADAM))
    root = write_search(tmp_path / "search")
    (root / "study.db").unlink()
    kept = json.loads((root / "search.json").read_text())
    write_json(root / "search.json", {**kept, "settings": {**kept["settings"], "study": "search"}})
    assert len(open_search(root, f"sqlite:///{other / 'study.db'}").trials) == 1
    with pytest.raises(
        PathNotFoundError, match=r"whose address is kept nowhere.* Put --storage URL before --report"
    ):
        open_search(root)


def test_options_of_the_data_come_from_the_files_of_the_command(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search")
    assert open_search(root).data_options() is None
    (root / "best").mkdir()
    options = {"data": "digits", "split_seed": 3, "text": None}
    details = {"data_options": options, "changed_options": ["split_seed"]}
    write_json(root / "best" / "config.json", {"details": details})
    assert open_search(root).data_options() == {"data": "digits", "split_seed": 3}
    (root / "config.yaml").write_text("model: series-classifier-gru\ndata: {data: digits, split_seed: 4}\n")
    assert open_search(root).data_options() == {"data": "digits", "split_seed": 4}


def test_what_is_no_search_is_told(tmp_path: Path) -> None:
    advice = (
        "; expected the directory of a search. Name the one that was given to rnnzoo tune as --out, or to run_search "
        "as directory."
    )
    with pytest.raises(PathNotFoundError) as error:
        open_search(tmp_path / "nowhere")
    assert str(error.value) == f"{tmp_path / 'nowhere'}: no such directory{advice}"
    with pytest.raises(PathNotFoundError) as error:
        open_search(tmp_path)
    assert str(error.value) == f"{tmp_path}: holds no search.json{advice}"


def test_a_search_without_its_trials_is_told(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search")
    (root / "study.db").rename(tmp_path / "study.db")
    with pytest.raises(PathNotFoundError) as error:
        open_search(root)
    assert str(error.value) == (
        f"{root}: holds no study.db, in which the trials are; expected one. Wait until the first trial has begun, or "
        "copy the file to this place again."
    )
    assert not (root / "study.db").exists()
    (tmp_path / "study.db").rename(root / "study.db")
    assert open_search(root).trials == []


def test_the_settings_of_another_release_are_told(tmp_path: Path) -> None:
    root = write_search(tmp_path / "search")
    write_json(root / "search.json", {"format_version": 9})
    with pytest.raises(DataError, match="received format version 9"):
        open_search(root)
