"""The families of the zoo: what kind of data each is for, and which of its models to start with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnzoo.zoo import ModelSpec


@dataclass(frozen=True)
class Family:
    """Models of the zoo for one kind of data.

    Attributes:
        name: What the names of its models begin with.
        rows: What one row of its data is.
        answer: What its models answer to a row.
        start: The model to start with.
        file: What ``data`` names, in words.
        data: What a command such as ``rnnzoo train`` is told of a file of its data.
        takes: What its rows are in the words of ``Preprocessing.takes``.
        also: When another model of the family is the better choice; empty where none is.
    """

    name: str
    rows: str
    answer: str
    start: str
    file: str
    data: str
    takes: tuple[str, ...]
    also: str = ""


_TABLE: tuple[Family, ...] = (
    Family(
        "text-classifier",
        "a text",
        "a label, several labels, or a number",
        "text-classifier-bilstm",
        "a table with a column of texts and one of labels",
        "--data reviews.csv --text text --label stars",
        ("text", "words"),
    ),
    Family(
        "series-classifier",
        "a series of measured values, of any length",
        "a label, several labels, or a number",
        "series-classifier-lstm-fcn",
        "an .npz file with arrays x (rows, time, features) and y (rows,)",
        "--data series.npz",
        ("series", "sound"),
        "to answer while the series still runs: series-classifier-gru",
    ),
    Family(
        "irregular",
        "values measured at irregular times, some of them missing",
        "a label, several labels, or a number",
        "irregular-gru-d",
        "a table with a line for each time at which something was measured",
        "--data stays.csv --series stay --time hour --label died",
        ("irregular",),
    ),
    Family(
        "dna-classifier",
        "a piece of DNA or RNA",
        "a label",
        "dna-classifier-bilstm",
        "a table with a column of bases and one of labels",
        "--data genes.csv --text bases --label kind",
        ("dna",),
    ),
    Family(
        "video",
        "a film: frames of equal size",
        "a label",
        "video-cnn-lstm",
        "an .npz file with arrays x (rows, time, height, width, channels) and y (rows,)",
        "--data films.npz",
        ("frames",),
    ),
    Family(
        "speech-digits",
        "a recorded word or sound",
        "a label",
        "speech-digits-bilstm",
        "a folder with a folder of .wav files for each label",
        "--data sounds",
        ("sound",),
    ),
    Family(
        "text-tagger",
        "a sentence, cut into words",
        "a tag for each word",
        "text-tagger-char-bilstm-crf",
        "a file with a word and its tag on each line, and a blank line between sentences",
        "--data sentences.conll",
        ("words",),
        "to train in a third of the time: text-tagger-bilstm",
    ),
    Family(
        "series-tagger",
        "a series of measured values",
        "a state for each step",
        "series-tagger-bigru",
        "an .npz file with arrays x (rows, time, features) and y (rows, time)",
        "--data series.npz",
        ("series",),
        "to answer while the series still runs: series-tagger-lstm",
    ),
    Family(
        "forecaster",
        "a table whose rows follow each other in time",
        "the next values of one or more columns",
        "forecaster-gru",
        "a table with a line for each step",
        "--data air.csv --target co2 --window 72 --horizon 24",
        ("windows",),
        "where the level drifts: forecaster-segrnn; for intervals: forecaster-quantile-lstm",
    ),
    Family(
        "language-model",
        "running text",
        "the next word or character",
        "language-model-lstm",
        "a text file",
        "--data book.txt",
        ("text", "words"),
    ),
    Family(
        "translator",
        "a text and its translation",
        "a text",
        "translator-gru-bahdanau",
        "a table with a column for each language",
        "--data pairs.csv --text english --label german",
        ("text",),
    ),
    Family(
        "transcriber",
        "a recording and what is said in it",
        "a text",
        "transcriber-bilstm",
        "a folder with NAME.txt beside each NAME.wav",
        "--data recordings",
        ("sound", "series"),
        "to write while somebody speaks: transcriber-gru-streaming",
    ),
)

#: The families by name, in the order in which they are shown.
FAMILIES: dict[str, Family] = {family.name: family for family in _TABLE}


def family_of(spec: ModelSpec) -> Family | None:
    """Returns the family that a model's name begins with; ``None`` for models that users named otherwise.

    Example:
        >>> from rnnzoo.zoo import get_spec
        >>> family_of(get_spec("series-tagger-lstm")).start
        'series-tagger-bigru'
    """
    return next((family for family in FAMILIES.values() if spec.name.startswith(f"{family.name}-")), None)
