"""Truth of ``rnnzoo.summary``, ``rnnzoo.report`` and ``rnnzoo.line_chart``: escaped, short, legible."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree

from notebook_output import facts, shown, table
from rnnzoo.line_chart import line_chart
from rnnzoo.report import Section, write_report
from rnnzoo.summary import Summary, Table


class Shown:
    def __init__(self, summary: Summary) -> None:
        self._repr_html_ = summary.to_html


ROWS = [{"name": f"row {number}", "score": number / 7} for number in range(100)]


def test_what_users_wrote_is_shown_as_it_is() -> None:
    rows = [{"<b>": "<script>alert(1)</script>", "a & b": 'x" onload="y'}]
    summary = Summary("</style><script>", {"<i>": "&amp;"}, [Table("<caption>", rows)])
    tree = shown(Shown(summary))
    assert facts(tree) == {"<i>": "&amp;"}
    assert table(tree, "<caption>") == rows
    assert "<script>alert(1)</script>" in summary.to_text()


def test_long_tables_and_values_are_cut_and_say_so() -> None:
    summary = Summary("many", {"long": "x" * 500}, [Table("rows", ROWS, best=60), Table("none", [])])
    lines = summary.to_text().splitlines()
    assert len(lines) < 20
    assert max(map(len, lines)) < 180
    assert lines[-2:] == ["  row 60 (best)  8.571", "  and 88 more"]
    assert "none" not in lines
    rows = table(shown(Shown(summary)), "rows")
    assert rows[-1] == {"name": "row 60 (best)", "score": "8.571", "best": "yes"}
    assert "and 80 more" in summary.to_html()


def test_a_chart_holds_every_epoch_and_says_what_it_shows() -> None:
    values = {"training": [0.1, 0.5, 0.9], "validation": [math.nan, 0.4, 0.8]}
    tree = ElementTree.fromstring(line_chart(values, title="macro <f1>", marked=3))
    assert tree.get("aria-label") == "macro <f1> over 3 epochs: training, validation; epoch 3 is marked"
    points = [
        [tuple(map(float, p.split(","))) for p in line.get("points", "").split()]
        for line in tree.iter("polyline")
    ]
    assert [len(line) for line in points] == [3, 2]
    assert points[0][1:] != points[1]
    across = [x for x, _ in points[0]]
    assert across[1] - across[0] == across[2] - across[1] > 0
    assert points[0][0][1] > points[0][1][1] > points[0][2][1], "more is higher"
    dashes = [line.get("stroke-dasharray") for line in tree.iter("polyline")]
    assert dashes == [None, "6 3"], "lines can be told apart without colours"


def test_a_chart_of_one_epoch_has_dots_and_of_nothing_is_none() -> None:
    tree = ElementTree.fromstring(line_chart({"training": [0.5]}, title="loss", marked=1))
    assert len(list(tree.iter("circle"))) == 1
    assert line_chart({"training": [math.nan, math.inf]}, title="loss", marked=1) == ""


def test_a_report_is_one_file_of_tables_that_can_be_read_aloud(tmp_path: Path) -> None:
    section = Section("Scores", rows=[{"method": "<model>", "accuracy": 0.98612}], best=0)
    page = write_report(tmp_path / "r.html", title="a & b", lead="c", sections=[section]).read_text()
    assert '<th scope="col">accuracy</th>' in page
    assert '<tr class="best"><td>&lt;model&gt;</td><td>0.9861</td></tr>' in page
    assert re.findall(r"(?:src|href)=", page) == []
