"""What an answer is measured by while parts of its example are hidden: log-probabilities, or values."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo.decoding.answers import Decoding, NextTokenDecoding, TagDecoding, TranscriptDecoding
from rnnzoo.decoding.ctc import log_probability
from rnnzoo.decoding.probabilities import softmax
from rnnzoo.decoding.viterbi import marginals
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo_export.explanation.variants import range_name

# What is less likely is as unlikely as this: a logarithm has to be finite.
_LEAST = 1e-300

#: Numbers of one answer, of which the mean change counts.
Numbers = np.ndarray


@dataclass(frozen=True)
class Measured:
    """An answer that is measured.

    Attributes:
        name: What was answered.
        of: The word or steps that it was given to.
        probability: Its probability; ``None`` for values.
    """

    name: str
    of: str
    probability: float | None


class Measure(ABC):
    """Measures what the model says of the answers to one example.

    Attributes:
        words: What the importance of a part is.
        answers: The answers, in the order of what ``measure`` returns.
    """

    words = "drop of the log-probability of the answer"
    answers: tuple[Measured, ...]

    @abstractmethod
    def measure(self, outputs: np.ndarray, length: int) -> list[Numbers]:
        """Returns the numbers of each answer, from the outputs of one row without the batch axis."""

    def importances(self, whole: Sequence[Numbers], hidden: Sequence[Numbers]) -> list[float]:
        """Returns by how much each answer has changed: by how much less likely it is."""
        return [float(np.mean(before - after)) for before, after in zip(whole, hidden, strict=True)]


class LabelMeasure(Measure):
    """The log-probability of one label."""

    def __init__(self, decoding: Decoding, answer: Mapping[str, Any], wanted: str | None) -> None:
        shares = answer["probabilities"]
        likeliest = max(shares, key=lambda label: shares[label])
        name = str(answer.get("label", likeliest)) if wanted is None else wanted
        if name not in shares:
            raise UnknownNameError("label", name, shares)
        self._decoding, self._label = decoding, name
        self.answers = (Measured(name, "", float(shares[name])),)

    def measure(self, outputs: np.ndarray, length: int) -> list[Numbers]:
        """Returns the log-probability of the label."""
        share = self._decoding(outputs[None], [length])[0]["probabilities"][self._label]
        return [_log(np.array([share]))]


class ValueMeasure(Measure):
    """The values of one target: a number, or those of all steps ahead."""

    def __init__(self, decoding: Decoding, answer: Mapping[str, Any], wanted: str | None) -> None:
        names = list(answer["values"])
        if wanted is not None and wanted not in names:
            raise UnknownNameError("target", wanted, names)
        self._decoding, self._target = decoding, names[0] if wanted is None else wanted
        steps = np.size(answer["values"][self._target])
        mean = f", mean over {steps} steps ahead" if steps > 1 else ""
        self.words = f"absolute change of {self._target}, in its own units{mean}"
        self.answers = (Measured(self._target, "", None),)

    def measure(self, outputs: np.ndarray, length: int) -> list[Numbers]:
        """Returns the values in original units."""
        values = self._decoding(outputs[None], [length])[0]["values"][self._target]
        return [np.atleast_1d(np.asarray(values, np.float64))]

    def importances(self, whole: Sequence[Numbers], hidden: Sequence[Numbers]) -> list[float]:
        """Returns by how much the values have changed, up or down."""
        return [float(np.mean(np.abs(before - after))) for before, after in zip(whole, hidden, strict=True)]


class TagMeasure(Measure):
    """The log-probability of each tag; of steps in a row that have the same one, the mean."""

    words = "drop of the log-probability of the tag"

    def __init__(
        self,
        answer: Mapping[str, Any],
        outputs: np.ndarray,
        labels: Sequence[str],
        names: Sequence[str] | None,
    ):
        tags = list(answer["labels"])
        places = {label: number for number, label in enumerate(labels)}
        self._tags = np.array([places[tag] for tag in tags], int)
        # A word has a tag of its own; steps of a series with the same state are one answer.
        bounds = list(range(len(tags) + 1)) if names is not None else _run_bounds(tags)
        self._bounds = list(itertools.pairwise(bounds))
        whole = self.measure(outputs, len(tags))
        self.answers = tuple(
            Measured(
                tags[first],
                names[first] if names is not None else range_name("steps", first, end),
                float(np.exp(values.mean())),
            )
            for (first, end), values in zip(self._bounds, whole, strict=True)
        )

    def measure(self, outputs: np.ndarray, length: int) -> list[Numbers]:
        """Returns the log-probabilities of the tags that the whole example has, step by step."""
        row = np.asarray(outputs[:length], np.float64)
        shares = marginals(row) if row.ndim > 2 else softmax(row)
        values = _log(np.take_along_axis(shares, self._tags[:, None], axis=1)[:, 0])
        return [values[first:end] for first, end in self._bounds]


class TranscriptMeasure(Measure):
    """The log-probability of the text, over all paths that stand for it."""

    words = "drop of the log-probability of the text"

    def __init__(self, answer: Mapping[str, Any], labels: Sequence[str]) -> None:
        self._symbols = [labels.index(character) for character in answer["text"]]
        self.answers = (Measured(answer["text"], "", float(answer["probability"])),)

    def measure(self, outputs: np.ndarray, length: int) -> list[Numbers]:
        """Returns the log-probability of the symbols."""
        return [np.maximum(np.array([log_probability(outputs, self._symbols)]), np.log(_LEAST))]


def choose_measure(
    decoding: Decoding,
    outputs: np.ndarray,
    length: int,
    *,
    names: Sequence[str] | None,
    wanted: str | None,
) -> tuple[Mapping[str, Any], Measure]:
    """Returns the answer to an example, and what measures it.

    Args:
        decoding: From outputs to answers.
        outputs: The outputs of the example, without the batch axis.
        length: Its number of steps.
        names: The words of the example, where its steps are words.
        wanted: The label or target to explain; ``None`` for what is answered.

    Raises:
        ArgumentError: If answers of this kind cannot be explained, or ``wanted`` is for none of them.
        UnknownNameError: If there is no such label or target.
    """
    if isinstance(decoding, NextTokenDecoding):
        raise ArgumentError(
            "explain: received a language model, which answers what may come next; expected a model that answers a "
            "label, tags, a text or values. Use predict."
        )
    answer = decoding(outputs[None], [length])[0]
    if isinstance(decoding, TagDecoding | TranscriptDecoding):
        if wanted is not None:
            raise ArgumentError(
                f"answer: received {wanted!r} for a model of {decoding.task}, whose answers are all explained; "
                "expected None. Leave it out."
            )
        if isinstance(decoding, TagDecoding):
            return answer, TagMeasure(answer, outputs, decoding.labels or (), names)
        return answer, TranscriptMeasure(answer, decoding.labels or [])
    if isinstance(answer.get("values"), Mapping):
        return answer, ValueMeasure(decoding, answer, wanted)
    if isinstance(answer.get("probabilities"), Mapping):
        return answer, LabelMeasure(decoding, answer, wanted)
    raise ArgumentError(
        f"explain: received a model whose answers hold {', '.join(answer)}; expected probabilities of labels, or "
        "values. Give the decoding an answer that has them."
    )


def _log(shares: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(shares, _LEAST))


def _run_bounds(tags: Sequence[str]) -> list[int]:
    changes = [place for place in range(1, len(tags)) if tags[place] != tags[place - 1]]
    return [0, *changes, len(tags)]
