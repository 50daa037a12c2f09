"""What hiding the parts of an example one by one has shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rnnzoo import files
from rnnzoo.errors import ArgumentError
from rnnzoo.report import show
from rnnzoo.summary import Summary, Table

#: What a part of an example is.
Kind = Literal["words", "steps", "frames", "bases", "channels", "columns"]
#: How many of the parts on which an answer rests are named beside it.
_NAMED = 3


@dataclass(frozen=True)
class ExamplePart:
    """A part of an example that was hidden.

    Attributes:
        kind: ``"words"``, ``"steps"``, ``"frames"`` or ``"bases"`` along the time; ``"channels"`` of a series or
            ``"columns"`` of a table across it.
        name: What it is called: its words, its steps, or its channel.
        input: The model's input that it is in.
        start: The first of its words, steps or features, counted from 0.
        stop: The one behind the last.
    """

    kind: Kind
    name: str
    input: str
    start: int
    stop: int


@dataclass(frozen=True)
class ExplainedAnswer:
    """One answer, and how much each part matters to it.

    Attributes:
        name: The label, tag or text that was answered, or the target that is forecast.
        of: The word, or the steps, that it was given to; empty for an answer to the whole example.
        probability: The probability of it; ``None`` for values.
        importances: One number for each of ``Explanation.parts``.
    """

    name: str
    of: str
    probability: float | None
    importances: tuple[float, ...]


@dataclass(frozen=True)
class Explanation:
    """Which parts of an example matter to its answer: what ``explain`` returns.

    Attributes:
        answer: The answer to the whole example, as ``OnnxPredictor.predict`` gives it.
        measure: What the importances are, in words.
        hidden: How parts were hidden, in words.
        parts: The parts that were hidden one by one.
        answers: What was explained: one answer, or one for each tag.
        lines: The series that the example holds, by name, in original units; empty for texts.
    """

    answer: Mapping[str, Any]
    measure: str
    hidden: str
    parts: tuple[ExamplePart, ...]
    answers: tuple[ExplainedAnswer, ...]
    lines: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of parts, in the order in which they were hidden."""
        return tuple(dict.fromkeys(part.kind for part in self.parts))

    def ranked(self, kind: Kind | None = None, *, answer: int = 0) -> list[tuple[ExamplePart, float]]:
        """Returns parts with their importances, the most important first.

        Args:
            kind: The parts of this kind alone; ``None`` for all.
            answer: The number of the answer: that of a tag, for taggers.

        Raises:
            ArgumentError: If there is no such answer, or no part of this kind.
        """
        if not 0 <= answer < len(self.answers):
            raise ArgumentError(
                f"answer: received {answer}; expected 0 to {len(self.answers) - 1}, the number of an answer."
            )
        if kind is not None and kind not in self.kinds:
            raise ArgumentError(f"kind: received {kind!r}; expected {' or '.join(map(repr, self.kinds))}.")
        pairs = zip(self.parts, self.answers[answer].importances, strict=True)
        chosen = [(part, value) for part, value in pairs if kind in (None, part.kind)]
        return sorted(chosen, key=lambda pair: -pair[1])

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as JSON has it: the importances of each answer in the order of the parts."""
        return {
            "answer": dict(self.answer),
            "measure": self.measure,
            "hidden": self.hidden,
            "parts": [asdict(part) for part in self.parts],
            "answers": [{**asdict(row), "importances": list(row.importances)} for row in self.answers],
        }

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Writes what ``to_dict`` returns as a JSON file.

        Args:
            path: The file.
            overwrite: Whether it may be replaced.

        Raises:
            PathExistsError: If it is there and may not be replaced.
        """
        files.refuse_existing_file(Path(path), overwrite=overwrite)
        files.write_json(Path(path), self.to_dict())
        return Path(path)

    def save_picture(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Draws the explanation as a PNG file that a telephone shows too: words in colour, series with shaded steps.

        Needs matplotlib, which a server has no need of.

        Args:
            path: The file.
            overwrite: Whether it may be replaced.

        Raises:
            ArgumentError: If the name does not end in ``.png``.
            PathExistsError: If it is there and may not be replaced.
        """
        from rnnzoo_export.explanation.picture import draw

        file = Path(path)
        check_picture(file, overwrite=overwrite)
        with files.replacing(file) as temporary:
            draw(self).savefig(temporary, format="png")
        return file

    def tables(self) -> list[Table]:
        """Returns what a terminal shows: for one answer the parts of each kind, else the answers with their parts."""
        if len(self.answers) > 1:
            rows = [self._row_of(number) for number in range(len(self.answers))]
            return [Table(f"What each answer rests on ({self.measure})", rows)]
        return [
            Table(
                f"{kind.capitalize()} by importance ({self.measure})",
                [{kind: part.name, "importance": value} for part, value in self.ranked(kind)],
            )
            for kind in self.kinds
        ]

    def _row_of(self, number: int) -> dict[str, object]:
        answer = self.answers[number]
        named = [f"{part.name} {show(value)}" for part, value in self.ranked(answer=number)[:_NAMED]]
        return {
            "of": answer.of,
            "answer": answer.name,
            "probability": answer.probability,
            "rests on": ", ".join(named),
        }

    def facts(self) -> dict[str, object]:
        """Returns what is answered and how it was explained, by name."""
        first = self.answers[0]
        found: dict[str, object] = {"hidden": self.hidden, "importance": self.measure}
        if len(self.answers) > 1:
            return {"answers": len(self.answers), **found}
        if first.probability is None:
            return {"target": first.name, **found}
        return {"answer": first.name, "probability": first.probability, **found}

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        return Summary("Explanation by hiding parts of the example", self.facts(), self.tables())


def check_picture(path: Path, *, overwrite: bool) -> None:
    """Checks that a picture may be drawn here; see ``Explanation.save_picture``."""
    if path.suffix.lower() != ".png":
        raise ArgumentError(f"picture: received {str(path)!r}; expected a name that ends in .png. Rename it.")
    files.refuse_existing_file(path, overwrite=overwrite)
