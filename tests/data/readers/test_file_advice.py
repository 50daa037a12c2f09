"""Truth of ``rnnzoo.data.readers.data_files``: advice on series in archives, sentences and tables works."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from advice import Advice, followed
from rnnzoo import (
    Splits,
    read_sentences,
    read_texts,
    read_ts,
)

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = 40
TS = "@problemName waves\n@classLabel true a b\n@data\n"
NUMBERS = "@problemName waves\n@targetLabel true\n@data\n"


def archive(rows: str, header: str = TS, **options: Any) -> Splits:
    Path("x.ts").write_text(header + rows)
    return read_ts("x.ts", **options)


def _ts(bad: str, good: str) -> tuple[Callable[[], object], Callable[[], object]]:
    rest = "1,2,3:a\n3,4,5:b\n" * 20
    return partial(archive, rest + bad), partial(archive, rest + good)


_NUMBERED = "".join(f"1,2,{i}:{i / 2}\n" for i in range(ROWS))
ARCHIVES: dict[str, Advice] = {
    "numbers": (
        lambda: archive(_NUMBERED, NUMBERS, task="classification"),
        "Pass task='regression' (on the command line --task regression)",
        (lambda: archive(_NUMBERED, NUMBERS, task="regression"),),
    ),
    "all dropped": (
        lambda: archive("1,?:a\n1,?:b\n" * 20, missing="drop"),
        "Pass missing='ffill' (on the command line --missing ffill)",
        (lambda: archive("1,?:a\n1,?:b\n" * 20, missing="ffill"),),
    ),
    "no value": (
        lambda: archive("1,2:a\n1,3:b\n" * 20 + "?,?:a\n", missing="ffill"),
        "Drop the line, or pass missing='drop' (on the command line --missing drop)",
        (
            lambda: archive("1,2:a\n1,3:b\n" * 20, missing="ffill"),
            lambda: archive("1,2:a\n1,3:b\n" * 20 + "?,?:a\n", missing="drop"),
        ),
    ),
    "missing": (
        lambda: archive("1,2:a\n1,?:b\n" * 20),
        "Pass missing='ffill' (on the command line --missing ffill) to take the last value before, or missing='drop'",
        (
            lambda: archive("1,2:a\n1,?:b\n" * 20, missing="ffill"),
            lambda: archive("1,2:a\n1,?:b\n1,4:b\n" * 20, missing="drop"),
        ),
    ),
    **{
        name: (wrong, f"line 44: {said}", (right,))
        for name, said, (wrong, right) in (
            (
                "features",
                "received 2 features; expected 1, as in the rows before. Correct",
                _ts("1:2:a\n", "1,2:a\n"),
            ),
            (
                "infinite",
                "received inf; expected finite numbers. Correct the line",
                _ts("1,inf:a\n", "1,2:a\n"),
            ),
            ("words", "could not convert", _ts("1,x:a\n", "1,?:a\n".replace("?", "2"))),
        )
    },
    "steps": (
        lambda: archive("1,2:3:a\n1,2:3:b\n" * 20),
        "expected as many of each. Correct the line",
        (lambda: archive("1,2:3,4:a\n1,2:3,5:b\n" * 20),),
    ),
    "stamps": (
        lambda: archive("1,2:a\n1,3:b\n" * 20, "@timeStamps true\n" + TS),
        "expected values at even steps. Remove the stamps",
        (lambda: archive("1,2:a\n1,3:b\n" * 20, "@timeStamps false\n" + TS),),
    ),
    "target": (
        lambda: archive("1,2:high\n" + _NUMBERED, NUMBERS),
        "expected a finite number. Correct the line",
        (lambda: archive("1,2:7\n" + _NUMBERED, NUMBERS),),
    ),
}


def tagged(content: str, name: str = "x.conll", **options: Any) -> Splits:
    Path(name).write_text(content)
    return read_sentences(name, **options)


SENTENCE = "good\tX\nfilm\tY\n\n"
TREE = "1\tgood\t_\tADJ\tJJ\t_\t_\t_\t_\t_\n2\tfilm\t_\tNOUN\tNN\t_\t_\t_\t_\t_\n\n"
SENTENCES: dict[str, Advice] = {
    "task": (
        lambda: tagged(SENTENCE * 20, task="classification"),
        "Pass task='tagging'",
        (lambda: tagged(SENTENCE * 20, task="tagging"),),
    ),
    "one column": (
        lambda: tagged("good\nfilm\n\n" * 20),
        "expected a word and its tag, separated by a tab or blanks. Correct the file",
        (lambda: tagged(SENTENCE * 20), lambda: tagged(SENTENCE.replace("\t", " ") * 20)),
    ),
    "empty": (
        lambda: tagged("good\tX\n\tY\n\n" * 20),
        "has an empty word; expected a word and its tag. Correct it",
        (lambda: tagged(SENTENCE * 20),),
    ),
    "ragged": (
        lambda: tagged(SENTENCE * 20 + "a\tb\tX\n"),
        "Correct the line; a blank line ends a sentence",
        (lambda: tagged(SENTENCE * 20 + "a\tX\n"),),
    ),
    "standard": (
        lambda: tagged(SENTENCE * 20, "x.conllu"),
        "Correct the line, or rename the file to .conll for other columns",
        (lambda: tagged(TREE * 20, "x.conllu"), lambda: tagged(SENTENCE * 20, "x.conll")),
    ),
    "number": (
        lambda: tagged("one" + TREE[1:] + TREE * 20, "x.conllu"),
        "has the ID 'one'; expected a number, such as 3, 3-4 or 3.1. Correct it",
        (lambda: tagged("3" + TREE[1:] + TREE * 20, "x.conllu"),),
    ),
    "column": (
        lambda: tagged(TREE * 20, "x.conllu", column=11),
        "expected 1 to 10, or a name such as 'XPOS'",
        (
            lambda: tagged(TREE * 20, "x.conllu", column=5),
            lambda: tagged(TREE * 20, "x.conllu", column="XPOS"),
        ),
    ),
}


def lines(content: str, name: str = "t.csv", **options: Any) -> Splits:
    Path(name).write_text(content)
    return read_texts(name, **{"text": "text", "label": "label", **options})


def coded(written: str, **options: Any) -> Splits:
    Path("t.csv").write_bytes(_LINES.replace("film", "cafés é x").encode(written))
    return read_texts("t.csv", text="text", label="label", **options)


_LINES = "text,label\n" + "".join(f"film {i},{'ab'[i % 2]}\n" for i in range(ROWS))
TABLES: dict[str, Advice] = {
    "ragged": (
        lambda: lines(_LINES + "a,b,c\n"),
        "line 42 has 3 columns; expected 2. Correct",
        (lambda: lines(_LINES),),
    ),
    "quote": (
        lambda: lines(_LINES + '"odd,a\n'),
        "expected quotes to be closed",
        (lambda: lines(_LINES + '"odd",a\n'),),
    ),
    "same": (
        lambda: lines(_LINES, label="text"),
        "expected another one. Name the column of labels",
        (lambda: lines(_LINES, label="label"),),
    ),
    "two separators": (
        lambda: lines("a,text;label\n" + "".join(f"{i},x y {i};{'ab'[i % 2]}\n" for i in range(ROWS))),
        "separator=',' or separator=';' (on the command line --separator)",
        (
            lambda: lines(
                "a,text;label\n" + "".join(f"{i},x y {i};{'ab'[i % 2]}\n" for i in range(ROWS)),
                separator=";",
                text="a,text",
            ),
        ),
    ),
    "encoding": (
        lambda: coded("cp1252"),
        "line 2 is not UTF-8 (invalid continuation byte); expected text in UTF-8. Pass the one that it was written in, "
        "such as encoding='cp1252' (on the command line --encoding cp1252; Western Europe)",
        (lambda: coded("cp1252", encoding="cp1252"), lambda: coded("cp1252", encoding="windows-1252")),
    ),
    "encoding without a mark": (
        lambda: coded("utf-16-be"),
        "Pass the one that it was written in: encoding='utf-16-be' (on the command line --encoding utf-16-be)",
        (lambda: coded("utf-16-be", encoding="utf-16-be"),),
    ),
    "encoding beside a mark": (
        lambda: coded("utf-8-sig", encoding="cp1252"),
        "encoding: received 'cp1252' for t.csv, which begins with the mark of UTF-8; expected None. Leave it out",
        (lambda: coded("utf-8-sig"), lambda: coded("utf-16"), lambda: coded("utf-8-sig", encoding="utf-8")),
    ),
    "sheet": (
        lambda: lines(_LINES, sheet="one"),
        "sheet: received 'one' with t.csv, which has no sheets; expected None. Leave it out",
        (lambda: lines(_LINES),),
    ),
    "buffer": (
        lambda: lines(_LINES, buffer_rows=10),
        "expected it with from_disk=True alone. Leave it out",
        (lambda: lines(_LINES), lambda: lines(_LINES, from_disk=True, buffer_rows=10)),
    ),
}

ALL = {
    **{f"archives {name}": case for name, case in ARCHIVES.items()},
    **{f"sentences {name}": case for name, case in SENTENCES.items()},
    **{f"tables {name}": case for name, case in TABLES.items()},
}


@pytest.mark.parametrize("case", ALL)
def test_the_advice_works(case: str) -> None:
    wrong, advice, right = ALL[case]
    followed(wrong, advice, *right)
