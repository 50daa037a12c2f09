"""Truth of ``rnnzoo_tuning.search_directory``: what is gone on with is the same search, with its trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rnnzoo.errors import RunError
from rnnzoo_tuning.search_directory import prepare


def test_an_older_search_without_goals_is_resumed_and_one_with_limits_not_without_them(
    tmp_path: Path,
) -> None:
    settings = {"seed": 1, "train_config": {"seed": 1, "epochs": 3}}
    unlimited = {**settings, "measures": [], "limits": {}, "measured": None}
    limited = {**settings, "measures": [], "limits": {"size_mb": 1.0}, "measured": {"batch": 1}}
    for number, (kept, wanted, found) in enumerate(
        (
            (settings, unlimited, ""),
            (limited, unlimited, "limits differs: size_mb was 1.0, now absent; measured differs: it was "),
            (
                unlimited,
                limited,
                "limits differs: size_mb was absent, now 1.0; measured differs: it was None, now ",
            ),
            (
                settings,
                {"seed": 2, "train_config": {"seed": 2, "epochs": 3}},
                "seed differs: it was 1, now 2. ",
            ),
            (
                settings,
                {"seed": 1, "train_config": {"seed": 2, "epochs": 3}},
                "train_config differs: seed was 1, now 2. ",
            ),
        )
    ):
        root = tmp_path / str(number)
        prepare(root, kept, max_trials=3, resume=False, overwrite=False)
        if not found:
            assert not prepare(root, wanted, max_trials=3, resume=True, overwrite=False)
            continue
        with pytest.raises(RunError) as caught:
            prepare(root, wanted, max_trials=3, resume=True, overwrite=False)
        assert str(caught.value).startswith(f"{root}: cannot resume: {found}")


def test_a_search_whose_trials_are_lost_is_not_begun_anew_unasked(tmp_path: Path) -> None:
    root = tmp_path / "search"
    settings: dict[str, Any] = {"seed": 1, "train_config": {}, "study": None}
    prepare(root, settings, max_trials=3, resume=False, overwrite=False)
    prepare(root, settings, max_trials=3, resume=True, overwrite=False)  # no trial has ended
    (root / "trials.json").write_text(json.dumps({"trials": [{"trial": 1}, {"trial": 2}]}))
    with pytest.raises(RunError) as caught:
        prepare(root, settings, max_trials=3, resume=True, overwrite=False)
    assert str(caught.value) == (
        f"{root}: cannot resume: study.db, in which its 2 trials were, is not there; expected it. Copy the file back. "
        "Or start anew: overwrite the search; its trials can be read in trials.json until then."
    )
    (root / "study.db").touch()
    prepare(root, settings, max_trials=3, resume=True, overwrite=False)
    (root / "study.db").unlink()
    prepare(root, settings, max_trials=3, resume=False, overwrite=True)
    assert not (root / "trials.json").exists()
