"""Truth of ``rnnzoo.cli.raw_input_options``: `predict` and `explain` read the same rows of the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import refused
from handmade_bundles import scorer
from rnnzoo.cli.app import run
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import OnnxPredictor, explain
from window_panels import HORIZON, KEYS, request

pytestmark = pytest.mark.usefixtures("in_own_folder")

ROWS: list[dict[str, Any]] = [{**request(20 + number), "series": key} for number, key in enumerate(KEYS)]
PAST = pd.concat(
    [
        pd.DataFrame(row["past"]).assign(shop=row["series"][0], article=row["series"][1], **row["static"])
        for row in ROWS
    ]
)


def ahead() -> pd.DataFrame:
    """The steps ahead of all series, as a table of their own."""
    parts = []
    for row in ROWS:
        hours = pd.date_range(row["past"]["date"][-1], periods=HORIZON + 1, freq="h")[1:]
        names = dict(zip(("shop", "article"), row["series"], strict=True))
        parts.append(pd.DataFrame({**names, "date": hours.strftime("%Y-%m-%d %H:%M"), **row["future"]}))
    return pd.concat(parts)


def as_json(capsys: pytest.CaptureFixture[str], *command: str | Path) -> Any:
    capsys.readouterr()
    status = run([*map(str, command), "--json"])
    out, error = capsys.readouterr()
    assert status == 0, error
    return json.loads(out)


def write(form: str) -> tuple[str, ...]:
    """Writes past and future in a form, and returns the options that say how to read them."""
    tables = {"past": PAST, "ahead": ahead()}
    for name, table in tables.items():
        if form == "sheet":
            with pd.ExcelWriter(f"{name}.xlsx") as book:
                pd.DataFrame({"note": ["other"]}).to_excel(book, sheet_name="notes", index=False)
                table.to_excel(book, sheet_name="data", index=False)
        elif form == "marks":
            table.to_csv(f"{name}.csv", index=False, sep="|", decimal=",", encoding="cp1252")
        else:
            table.to_csv(f"{name}.csv", index=False)
    ending = "xlsx" if form == "sheet" else "csv"
    files = ("--data", f"past.{ending}", "--future", f"ahead.{ending}")
    options = {
        "sheet": ("--sheet", "data"),
        "marks": ("--separator", "|", "--decimal", ",", "--encoding", "cp1252"),
    }
    return (*files, *options.get(form, ()))


@pytest.mark.parametrize("form", ["plain", "marks", "sheet"])
def test_a_row_of_two_tables_is_answered_and_explained(
    form: str, panel_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = write(form)
    answers = as_json(capsys, "predict", panel_bundle, *options)
    expected = OnnxPredictor(panel_bundle).predict(ROWS)
    for row, answer, known in zip(ROWS, answers, expected, strict=True):
        assert answer["series"] == row["series"]
        np.testing.assert_allclose(answer["values"]["sales"], known["values"]["sales"], rtol=1e-6)
    found = as_json(capsys, "explain", panel_bundle, *options, "--row", "2")
    assert found == json.loads(json.dumps(explain(panel_bundle, ROWS[2]).to_dict()))


def test_what_would_do_nothing_is_refused_by_both(
    panel_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = TextPreprocessing(["", "[UNK]", "good", "bad"])
    decoding = Decoding("classification", labels=["up", "down"])
    words = scorer(Path("words"), np.eye(4)[:, :2], preprocessing=texts, decoding=decoding)
    Path("t.txt").write_text("good\n", encoding="utf-8")
    Path("t.csv").write_text("text\ngood\n", encoding="utf-8")
    for command in ("predict", "explain"):
        said = refused(capsys, command, words, "--data", "t.csv", "--text", "text", "--future", "t.csv")
        assert said.startswith("error: --future: received t.csv, but the model reads no column of the steps")
        said = refused(capsys, command, words, "--data", "t.txt", "--separator", ";")
        assert said.startswith("error: separator: received ';' with t.txt, which is no table")
        said = refused(capsys, command, panel_bundle, json.dumps(ROWS[0]), "--future", "t.csv")
        assert said.startswith("error: --future: received no --data; expected two tables")
