"""A translator as a model of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.beam import Hypothesis
from rnnzoo.errors import DataError, RequestError
from rnnzoo.preprocessing.text_coding import END, PADDING
from rnnzoo_export.inference.validation import check_inputs, shorten
from rnnzoo_export.serving.answers import json_bytes
from rnnzoo_export.serving.batching import Batcher, LeftError
from rnnzoo_export.serving.jobs import Arrays
from rnnzoo_export.serving.pace import Pace
from rnnzoo_export.serving.parameters import check_keys, checked_number
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.tensor_model import TensorModel
from rnnzoo_export.serving.warm_up import warm_up
from rnnzoo_export.signature import Signature, TensorSpec

if TYPE_CHECKING:  # a server of bundles starts sooner without
    from rnnzoo_export.inference.translator import Translator

PARAMETERS = ("beams", "alpha", "max_length")
# Sources are padded to a multiple of this, so that those of like length go into one run.
_STEP = 8
# Beginnings of answers that are searched in one run, over all rows, and the steps of the sources that they read.
_MOST_BEGINNINGS, _MOST_READ = 64, 32_768
#: By how much longer answers are favoured at most.
MOST_ALPHA = 10.0
# Steps of the run from which it is learned what a step takes.
_WARM_STEPS = 32


@dataclass(frozen=True)
class SearchOptions:
    """How answers are searched; see ``Translator.translate``."""

    beams: int
    alpha: float
    max_length: int


class TranslatorModel(TensorModel):
    """Answers texts with their translations, and token ids with token ids.

    Args:
        translator: What translates.
        settings: What may be asked, and how much of it.
        name: What requests call it.

    Attributes:
        signature: What ``infer`` takes and gives.
        batcher: What runs the searches.
        encoding: From texts and parameters to the texts encoded, one by one and as what the search takes.
        decoding: From outputs, encoded texts and texts to the answer of ``predict``.
    """

    version = "1"
    #: What a request to ``predict`` may hold.
    predict_keys = ("inputs", "parameters")

    def __init__(self, translator: Translator, settings: Settings, *, name: str) -> None:
        self.name, self._translator, self._settings = name, translator, settings
        self.signature = _signature(translator.vocabulary_size)
        self.encoding, self.decoding = Pace(self._encode), Pace(self._decode)
        self.batcher = Batcher(
            self._search,
            max_batch=settings.max_batch,
            max_queue=settings.max_queue,
            deadline=settings.deadline,
            free=("tokens",),
            stoppable=True,
        )

    def page_facts(self) -> dict[str, Any]:
        """Returns what the page to try it must know."""
        from rnnzoo_export.serving.model_facts import describe_translator  # a server starts sooner without

        facts = describe_translator(
            self.signature,
            reads_text=self._translator.preprocessing is not None,
            most_beams=self._settings.max_beams,
        )
        return {**facts, "name": self.name, "version": self.version}

    async def start(self) -> None:
        """Starts the threads and lets them search: the first request finds all warm, and what it costs known."""
        await warm_up(self.batcher, self.some_row, self.signature.least_steps, _WARM_STEPS)

    def some_row(self, steps: int) -> dict[str, np.ndarray]:
        """Returns what the search takes for a text of so many tokens."""
        return dict(self._rows(np.full((1, steps), END, np.int32), self._options({})))

    # What infer asks

    def prepare(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], SearchOptions]:
        """Returns what the search takes in place of a request's tensors, and how it searches."""
        tokens = check_inputs(self.signature, inputs, self._settings.limits)["tokens"]
        valid = (tokens != PADDING).any(axis=1)
        if not valid.all():
            raise RequestError(
                f"tokens: row {int(valid.argmin())} is padding alone; expected at least one step. Leave the row out."
            )
        options = self._options({})
        return self._rows(tokens, options), options

    def finish(self, outputs: Mapping[str, np.ndarray], context: SearchOptions) -> Mapping[str, np.ndarray]:
        """Returns the tensors of the answer, as wide as its longest row."""
        longest = max(1, int((outputs["tokens"] != PADDING).sum(axis=1).max()))
        return {**outputs, "tokens": outputs["tokens"][:, :longest]}

    # What predict asks

    def _encode(
        self, raw: Sequence[Any], parameters: Mapping[str, Any] | None
    ) -> tuple[Sequence[Any], dict[str, np.ndarray]]:
        preprocessing, most = self._translator.preprocessing, self._settings.max_steps
        if preprocessing is None:
            raise RequestError(
                f"predict: {self.name} was exported without preprocessing, so that it takes ids; expected one that "
                "takes texts. Export it with preprocessing=, or send tokens to infer."
            )
        options = self._options({} if parameters is None else parameters)
        encoded = preprocessing.encode_rows(raw)
        for row, ids in enumerate(encoded):
            if len(ids) > most:
                raise RequestError(
                    f"inputs: row {row}: received {len(ids)} tokens; expected at most {most}. Cut it.",
                    status=413,
                )
        return encoded, self._rows(preprocessing.batch(encoded)["tokens"], options)

    def _decode(self, outputs: Mapping[str, np.ndarray], encoded: Sequence[Any], raw: Sequence[Any]) -> bytes:
        assert self._translator.preprocessing is not None
        decode = self._translator.preprocessing.decode
        answers = [
            {"text": decode(tokens[tokens != PADDING]), "score": float(score), "ended": bool(ended)}
            for tokens, score, ended in zip(*outputs.values(), strict=True)
        ]
        return json_bytes({"model_name": self.name, "model_version": self.version, "answers": answers})

    def _options(self, parameters: Mapping[str, Any]) -> SearchOptions:
        if not isinstance(parameters, Mapping):
            raise RequestError(f"parameters: received {shorten(parameters)}; expected an object.")
        check_keys("parameters", parameters, PARAMETERS)
        given = {name: value for name, value in parameters.items() if value is not None}
        most, beams = self._settings.max_new_tokens, self._settings.max_beams
        whole = partial(checks.integer, minimum=1)
        rules: dict[str, tuple[Any, Callable[[str, Any], Any]]] = {
            "beams": (min(4, beams), partial(whole, maximum=beams)),
            "alpha": (0.6, partial(checks.number, minimum=0, maximum=MOST_ALPHA)),
            "max_length": (min(100, most), partial(whole, maximum=most)),
        }
        return SearchOptions(
            **{
                name: checked_number(name, given.get(name, usual), rule)
                for name, (usual, rule) in rules.items()
            }
        )

    # The search

    def _rows(self, tokens: np.ndarray, options: SearchOptions) -> dict[str, np.ndarray]:
        """Returns rows of which each knows how it is searched, so that those of several requests go into one run."""
        rows, steps = tokens.shape
        padded = np.pad(np.asarray(tokens, np.int32), ((0, 0), (0, -steps % _STEP)), constant_values=PADDING)
        return {
            "tokens": padded,
            "beams": np.full(rows, options.beams, np.int32),
            "alpha": np.full(rows, options.alpha, np.float64),
            "max_length": np.full(rows, options.max_length, np.int32),
        }

    def _search(self, inputs: Arrays, is_wanted: Callable[[], bool]) -> dict[str, np.ndarray]:
        """Searches the answers to rows as long as somebody waits for them."""

        def go_on() -> None:
            if not is_wanted():
                raise LeftError

        count = len(inputs["tokens"])
        # As wide as any answer can be: parts of several runs are joined.
        tokens = np.full((count, self._settings.max_new_tokens), PADDING, np.int32)
        scores, ended = np.zeros(count, np.float64), np.zeros(count, bool)
        for options, rows in _parts(inputs):
            found = self._best(inputs["tokens"][rows], options, go_on)
            for row, best in zip(rows, found, strict=True):
                tokens[row, : len(best.tokens)] = best.tokens
                scores[row], ended[row] = best.score, best.ended
        return {"tokens": tokens, "score": scores, "ended": ended}

    def _best(
        self, tokens: np.ndarray, options: SearchOptions, go_on: Callable[[], None]
    ) -> list[Hypothesis]:
        longest = int((tokens != PADDING).any(axis=0).nonzero()[0].max()) + 1
        try:
            answers = self._translator.search(tokens[:, :longest], **asdict(options), before_step=go_on)
        except DataError as error:  # the rows were checked: it is the model's
            raise RequestError(str(error), status=500) from error
        return [best for best, *_ in answers]


def _parts(inputs: Arrays) -> Iterator[tuple[SearchOptions, np.ndarray]]:
    """Yields the numbers of rows that are searched together, and how."""
    steps = inputs["tokens"].shape[1]
    kinds = list(zip(*(inputs[name].tolist() for name in PARAMETERS), strict=True))
    for kind in dict.fromkeys(kinds):
        options = SearchOptions(*kind)
        rows = np.array([row for row, other in enumerate(kinds) if other == kind])
        size = max(1, min(_MOST_BEGINNINGS, _MOST_READ // steps) // options.beams)
        for first in range(0, len(rows), size):
            yield options, rows[first : first + size]


def _signature(vocabulary_size: int) -> Signature:
    return Signature(
        inputs=(
            TensorSpec("tokens", "int32", (None, None), ("batch", "source"), categories=vocabulary_size),
        ),
        outputs=(
            TensorSpec("tokens", "int32", (None, None), ("batch", "target")),
            TensorSpec("score", "float64", (None,), ("batch",)),
            TensorSpec("ended", "bool", (None,), ("batch",)),
        ),
    )
