"""Truth of ``rnnzoo_tuning.html_report``: the page shows all of a search, needs nothing else, and is always written."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from hand_made_search import ADAM, SGD, done, failed, pruned, refused, write_search
from rnnzoo.files import write_json
from rnnzoo_tuning.search_files import write_report


def page(root: Path) -> str:
    return write_report(root).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, its heads first."""
    below = text.partition(f"<h2>{heading}</h2>")[2]
    table = re.search(r"<table.*?>(.*?)</table>", below, re.DOTALL)
    assert table is not None
    lines = re.findall(r"<tr.*?>(.*?)</tr>", table[1])
    return [[html.unescape(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", line)] for line in lines]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_search(
        tmp_path / "search",
        done(0.5, curve=(0.3, 0.5), **ADAM),
        refused("size_mb is 9.5; at most 2", **SGD),
        failed("ValueError: <units> & more", **ADAM),
        done(0.75, curve=(0.5, 0.75), measures={"latency_ms": 0.41, "size_mb": 0.2}, **SGD),
        pruned(0.9, **ADAM),
    )


def test_every_trial_is_shown_with_its_reason(root: Path) -> None:
    text = page(root)
    head, first, refused_one, failed_one, best, early = rows(text, "Trials")
    assert head == [
        *(
            "trial",
            "status",
            "score",
            "seconds",
            "units",
            "learning_rate",
            "optimizer",
            "size_mb",
            "clip_bound",
        ),
        *("reason", "latency_ms"),
    ]
    assert first[:6] == ["1", "done", "0.5", "1.5", "[8]", "0.01"]
    shown = dict(zip(head, refused_one, strict=True))
    assert (shown["status"], shown["score"], shown["size_mb"]) == ("refused", "", "9.5")
    assert shown["reason"] == "size_mb is 9.5; at most 2"
    assert dict(zip(head, failed_one, strict=True))["reason"] == "ValueError: <units> & more"
    assert dict(zip(head, best, strict=True))["latency_ms"] == "0.41"
    assert early[:3] == ["4", "pruned", "0.9"]
    assert re.findall(r'<tr class="best"><td>(\d+)</td>', text) == ["3"]
    lead = "4 of at most 20 trials: 2 done, 1 refused, 1 failed, 1 pruned. The search is not finished."
    assert f'<p class="lead">{lead}</p>' in text
    assert "<h2>Best trial: 3</h2>" in text


def test_settings_and_what_varied_are_shown(root: Path) -> None:
    text = page(root)
    settings = dict(rows(text, "Settings"))
    assert settings["algorithm"] == "tpe"
    assert settings["pruner"] == ""
    assert (settings["objective"], settings["max_trials"]) == ("val_accuracy", "20")
    assert rows(text, "What varied")[1:] == [
        ["units", "model", "[8], [16, 16]", ""],
        ["learning_rate", "training", "0.001 to 0.03, logarithmic", ""],
        ["optimizer", "training", "adam, sgd", ""],
        ["clip_bound", "training", "0.1 to 1, logarithmic", "optimizer is sgd"],
    ]
    same = [["dropout", "model", "0.1"], ["epochs", "training", "3"], ["batch_size", "training", "128"]]
    assert rows(text, "The same in all trials")[1:4] == same
    assert ["source", "digits (scikit-learn)"] in rows(text, "Data")


def test_the_page_needs_nothing_else_and_fits_a_telephone(root: Path) -> None:
    text = page(root)
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)', text) == []
    assert re.findall(r"https?://|<script|<link|@import", text) == []
    assert "img { max-width: 100%; height: auto;" in text
    assert text.count("<table") == text.count('<div class="wide"><table')
    assert text.count("<img") == 7


def test_what_is_best_is_shown_with_its_test_score(root: Path) -> None:
    assert "test accuracy" not in page(root)
    kept = (root / "search.json").read_text()
    (root / "search.json").write_text(kept.replace('"finished": false', '"finished": true'))
    (root / "best").mkdir()
    write_json(root / "best" / "metrics.json", {"test": {"accuracy": 0.71}})
    best = rows(page(root), "Best trial: 3")
    assert best[:2] == [["val_accuracy", "0.75"], ["test accuracy", "0.71"]]
    assert ["optimizer", "sgd"] in best


def test_two_objectives_have_their_columns_and_their_front(tmp_path: Path) -> None:
    both: dict[str, Any] = {
        "directions": ("maximize", "minimize"),
        "measures": ["latency_ms"],
    }
    trials = [done(0.5, 2.0, **ADAM), done(0.7, 3.0, **SGD), done(0.6, 4.0, **SGD)]
    text = page(write_search(tmp_path / "search", *trials, **both))
    head, *lines = rows(text, "Trials")
    assert head[2:4] == ["score", "latency_ms"]
    assert [line[3] for line in lines] == ["2", "3", "4"]
    assert re.findall(r'<tr class="(\w+)"><td>(\d)</td>', text) == [("marked", "1"), ("best", "2")]


@pytest.mark.parametrize(
    "trials", [[], [failed("OOM", **ADAM)], [refused("too large", **SGD)]], ids=["none", "failed", "refused"]
)
def test_it_is_written_without_a_score(trials: list[Any], tmp_path: Path) -> None:
    text = page(write_search(tmp_path / "search", *trials))
    assert "No trial has a score yet." in text
    left_out = dict(rows(text, "Pictures left out"))
    assert left_out["Scores of the trials"] == "no trial came to its last epoch"
    assert "<pre>" not in text
