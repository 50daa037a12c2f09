"""Truth of ``rnnzoo.data.readers.sentences``: a word and its tag per line."""

# mypy: disable-error-code="arg-type, call-arg, call-overload"

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rnnzoo import read_sentences
from rnnzoo.data.readers.sentences import parse_sentences
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError

NAMES = "-DOCSTART- -X- O O\n\nAda NNP B-NP B-PER\nsleeps VBZ B-VP O\n. . O O\n\nRome NNP B-NP B-LOC\n"
TREEBANK = (
    "# newdoc id = a\n# text = Don't!\n1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tDo\tdo\tAUX\tVBP\t_\t2\taux\t_\t_\n2\tn't\tnot\tPART\tRB\t_\t0\troot\t_\t_\n"
    "2.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_\n3\t!\t!\tPUNCT\t.\t_\t2\tpunct\t_\t_\n\n"
    "# text = 10 000\n1\t10 000\t10000\tNUM\tCD\t_\t0\troot\t_\t_\n\n"
)


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["x.conll", "x.iob2.gz"])
@pytest.mark.parametrize("separator", [" ", "\t", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_words_come_first_and_tags_last(name: str, separator: str, end: str, tmp_path: Path) -> None:
    content = NAMES.replace(" ", separator).replace("\n", end)
    found = parse_sentences(write(tmp_path / name, content))
    assert found.words == [["Ada", "sleeps", "."], ["Rome"]]
    assert found.tags == [["B-PER", "O", "O"], ["B-LOC"]]
    assert found.lines == [3, 7]
    assert parse_sentences(tmp_path / name, column=2).tags == [["NNP", "VBZ", "."], ["NNP"]]
    assert parse_sentences(tmp_path / name, column="3").tags == [["B-NP", "B-VP", "O"], ["B-NP"]]


def test_comments_and_hashes_are_told_apart(tmp_path: Path) -> None:
    content = "# id 7 domain=en\n# done\nrun O\n# O\n#tag B-X\n   \nno O\n"
    found = parse_sentences(write(tmp_path / "x.bio", content.replace("# done\n", "")))
    assert found.words == [["run", "#", "#tag"], ["no"]]
    tabs = parse_sentences(write(tmp_path / "x.bio", "# a comment\na b\tO\n#\tO\n"))
    assert tabs.words == [["a b", "#"]]


def test_universal_dependencies_are_read_by_their_standard(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conllu", TREEBANK)
    found = parse_sentences(path)
    assert found.words == [["Do", "n't", "!"], ["10 000"]]
    assert found.tags == [["AUX", "PART", "PUNCT"], ["NUM"]]
    assert parse_sentences(path, column="xpos").tags[0] == ["VBP", "RB", "."]
    assert parse_sentences(path, column=8).tags[0] == ["aux", "root", "punct"]
    with pytest.raises(
        UnknownNameError, match="unknown column of CoNLL-U: received 'UPSO'; did you mean 'UPOS'"
    ):
        parse_sentences(path, column="UPSO")
    with pytest.raises(ArgumentError, match="column: received 11; expected 1 to 10"):
        parse_sentences(path, column=11)
    with pytest.raises(DataError, match="line 5 has 2 columns; expected the 10 of CoNLL-U"):
        parse_sentences(write(path, TREEBANK.replace("2\tn't\tnot\tPART\tRB\t_\t0\troot\t_\t_", "n't\tPART")))
    with pytest.raises(DataError, match="line 5 has the ID 'two'; expected a number"):
        parse_sentences(write(path, TREEBANK.replace("\n2\tn't", "\ntwo\tn't")))


BROKEN = {
    "ragged": ("a O\nb B c\n", {}, r"line 2 has 3 columns; expected 2, as line 1 has"),
    "one": ("alone\n", {}, "line 1 has one column; expected a word and its tag"),
    "none": ("\n\n", {}, "holds no word with a tag"),
    "comments": ("# a\n", {}, "holds no word with a tag"),
    "empty word": ("a\tO\n\tO\n", {}, "line 2: has an empty word"),
    "empty tag": ("a\tO\nb\t\n", {}, "line 2: has an empty tag"),
    "counted": ("1 a O\n2 b O\n\n1 c X\n", {}, r"numbers the words of each sentence.*\.conllu"),
    "name": ("a O\n", {"column": "NER"}, "whose columns have no names; expected a number from 2 to 2"),
    "number": ("a O\n", {"column": 1}, "which has 2 columns, the first of words; expected a number from 2"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_named(case: str, tmp_path: Path) -> None:
    content, options, message = BROKEN[case]
    with pytest.raises((ArgumentError, DataError), match=message):
        parse_sentences(write(tmp_path / "x.conll", content), **options)
    with pytest.raises(PathNotFoundError, match="no such file; expected a file of words and tags"):
        parse_sentences(tmp_path / "none.conll")


def test_sentences_become_splits(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conll", (NAMES + "\n") * 20)
    splits = read_sentences(path, test=write(tmp_path / "t.conll", NAMES))
    assert (splits.task, splits.get_decoding().labels) == ("tagging", ["B-LOC", "B-PER", "O"])
    assert splits.description["rows"] == {"train": 34, "validation": 6, "test": 2}
    assert (splits.description["source"], splits.description["test_source"]) == ("x.conll", "t.conll")
    more = read_sentences(path, characters=True).model_arguments.keys() - splits.model_arguments.keys()
    assert more == {"character_vocabulary_size"}
    with pytest.raises(DataError, match=r"t\.conll: line 3: targets: received the label 'B-ORG'"):
        read_sentences(path, test=write(tmp_path / "t.conll", NAMES.replace("PER", "ORG")))
    with pytest.raises(
        ArgumentError, match="task: received 'classification' for sentences whose words have tags"
    ):
        read_sentences(path, task="classification")
    with pytest.raises(UnknownNameError, match="unknown argument of read_sentences: received 'colum'"):
        read_sentences(path, colum=1)
