"""Texts to token ids as ONNX nodes, with the operators of the standard alone.

The standard has no operator that replaces characters. A text is split at one of them instead, and the parts are put
together again two by two, so that a text of n parts takes log2(n) rounds. onnxruntime splits words at blanks only;
so all other white space becomes a blank first.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import TensorProto

from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues

_ASCII_SPACE = "\t\n\r\v\f"
#: White space beyond the blank, as ``str.split`` knows it.
UNICODE_SPACE = "".join(chr(i) for i in range(0x10000) if chr(i).isspace() and chr(i) != " ")

#: Texts on which implementations differ.
HOSTILE: tuple[str, ...] = (
    "",
    " ",
    "!",
    "?!.,",
    "Don't stop -- the U.S.A. is GREAT!!! (really)",
    "tabs\tand\nlines\r\nand\vmore\f!",
    string.punctuation,
    string.printable,
    "na\u00efve Caf\u00e9 \u00c9COLE stra\u00dfe \u0130\u0131",
    "no\u00a0break\u2003spaces\u3000here\u2028line\u0085next\u001cfile",
    "\u65e5\u672c\u8a9e \u30c6\u30b9\u30c8\u3002 \U0001f600 e\u0301",
    "zero\x00byte \x00 \x00!",
    "[UNK] unk [unk] ",
    "a," * 50 + "b",
    "x" * 1000 + "!",
)


class TextGraph(RawGraph):
    """A ``TextPreprocessing`` or ``TokenPreprocessing``: one input ``text`` of strings ``(batch,)``.

    Args:
        preprocessing: The fitted vocabulary and limit.
    """

    opset: ClassVar[int] = 20
    network_inputs: ClassVar[tuple[str, ...]] = ("tokens",)

    def __init__(self, preprocessing: TextPreprocessing) -> None:
        super().__init__(preprocessing)
        self.preprocessing: TextPreprocessing = preprocessing
        keeps_punctuation = preprocessing.keeps_punctuation
        self._removed = "" if keeps_punctuation else string.punctuation
        self._blanks = UNICODE_SPACE if keeps_punctuation else _ASCII_SPACE

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes from ``text`` to ``tokens``."""
        add = builder.add
        text = add(
            "StringNormalizer", ["text"], case_change_action="LOWER", is_case_sensitive=1, locale="C"
        )  # the locale "C" lowers ASCII only, as TensorFlow does
        # No text is empty then, so that a split gives one part at least. A blank at the end changes no word.
        text = add("StringConcat", [text, builder.constant(np.array(" ", object))])
        for character in self._removed:
            text = _replace(builder, text, character, "")
        for character in self._blanks:
            text = _replace(builder, text, character, " ")
        words, _ = builder.add_many("StringSplit", [text], [builder.name("words"), builder.name("count")])
        ids = builder.add("LabelEncoder", [words], domain="ai.onnx.ml", **self._table())
        ids = self._sized(builder, ids)
        first = add("Gather", [ids, builder.constant(np.int64(0))], axis=1)
        # Only a text without a word begins with padding.
        return RawValues({"tokens": ids}, add("Equal", [first, builder.constant(np.int64(0))]))

    def _table(self) -> dict[str, Any]:
        known = self.preprocessing.vocabulary.words[2:]
        return {
            "keys_strings": ["", *known],  # the empty string is where a shorter text has no word
            "values_int64s": [0, *range(2, 2 + len(known))],
            "default_int64": 1,
        }

    def _sized(self, builder: NodeBuilder, ids: str) -> str:
        """Cuts ids to the longest length allowed, and gives them one step at least."""
        add = builder.add
        step = add(
            "Expand", [builder.constant(np.zeros(1, np.int64)), _pair(builder, _size(builder, ids, 0), 1)]
        )
        steps = add("Max", [_size(builder, ids, 1), builder.integers(1)])
        if self.preprocessing.max_length is not None:
            steps = add("Min", [steps, builder.integers(self.preprocessing.max_length)])
        longer = add("Concat", [ids, step], axis=1)
        return add("Slice", [longer, builder.integers(0), steps, builder.integers(1)])

    def examples(self) -> Iterator[list[Any]]:
        """Yields hostile texts, none of them empty, one by one and all at once, then texts of known words."""
        texts = [text for text in HOSTILE if self.preprocessing.words(text, 0)]
        yield from ([text] for text in texts)
        yield texts
        words = self.preprocessing.vocabulary.words[2:] or ["word"]
        rng = np.random.default_rng(0)
        yield [" ".join(rng.choice(words, count)) for count in (1, 3, 20)]


def _pair(builder: NodeBuilder, rows: str, columns: int) -> str:
    return builder.add("Concat", [rows, builder.integers(columns)], axis=0)


def _size(builder: NodeBuilder, value: str, axis: int) -> str:
    """Returns the size of one axis as a vector of one number."""
    shape = builder.add("Shape", [value])
    return builder.add("Slice", [shape, builder.integers(axis), builder.integers(axis + 1)])


def _replace(builder: NodeBuilder, text: str, character: str, by: str) -> str:
    """Replaces a character in texts ``(batch,)``."""
    outputs = [builder.name("parts"), builder.name("count")]
    parts, _ = builder.add_many("StringSplit", [text], outputs, delimiter=character)
    several = builder.add("Squeeze", [builder.add("Less", [builder.integers(1), _size(builder, parts, 1)])])
    body = _join_pairs(builder, by)
    # Each round halves the parts. A loop without a number of rounds is one that some tools cannot read.
    rounds = builder.constant(np.int64(64))
    (whole,) = builder.add_many("Loop", [rounds, several, parts], [builder.name("whole")], body=body)
    # A reshape tells the rank, which onnx's inference of shapes needs at the next split.
    return builder.add("Reshape", [whole, builder.integers(-1)])


def _join_pairs(builder: NodeBuilder, by: str) -> onnx.GraphProto:
    """Returns the body of a loop that joins the columns of strings ``(batch, parts)`` two by two, until one is left."""
    body = builder.child(builder.name("join").rpartition("/")[2])
    add, parts = body.add, body.name("parts")
    column = add("Expand", [body.constant(np.array("", object)), _pair(body, _size(body, parts, 0), 1)])
    padded = add("Concat", [parts, column], axis=1)
    pairs = add("Div", [add("Add", [_size(body, parts, 1), body.integers(1)]), body.integers(2)])
    end = add("Mul", [pairs, body.integers(2)])
    first, second = (
        add("Slice", [padded, body.integers(i), end, body.integers(1), body.integers(2)]) for i in (0, 1)
    )
    if by:
        first = add("StringConcat", [first, body.constant(np.array(by, object))])
    joined = add("StringConcat", [first, second])
    again = add("Squeeze", [add("Less", [body.integers(1), pairs])])
    return builder.subgraph(
        "join",
        (body, [again, joined]),
        inputs=[
            (body.name("round"), TensorProto.INT64, []),
            (body.name("go"), TensorProto.BOOL, []),
            (parts, TensorProto.STRING, None),
        ],
        elements=[TensorProto.BOOL, TensorProto.STRING],
    )
