"""Explaining an answer by occlusion: its example is answered again with each of its parts hidden."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.answers import TagDecoding
from rnnzoo.errors import ArgumentError
from rnnzoo_export.bundle import TRANSLATOR_FILE, Bundle
from rnnzoo_export.explanation.explanation import ExplainedAnswer, Explanation
from rnnzoo_export.explanation.hiding import hide_parts
from rnnzoo_export.explanation.measures import choose_measure
from rnnzoo_export.explanation.variants import Inputs, Variant
from rnnzoo_export.inference.predictor import OnnxPredictor

#: What the example alone is centred and divided by, each ``(1, values)``.
_Level = tuple[np.ndarray, np.ndarray] | None

#: Rows that have no parts of one kind that could be hidden in turn, by what a preprocessing takes.
_UNLIKE = {
    "joined": "mappings of several parts",
    "category": "one category each",
    "numbers": "some numbers each",
}


def explain(
    model: OnnxPredictor | Bundle | str | os.PathLike[str],
    example: Any,
    *,
    answer: str | None = None,
    width: int | None = None,
    batch_size: int = 64,
) -> Explanation:
    """Says which parts of one example matter to its answer, by hiding them one after the other.

    What is hidden depends on what the model reads:

    * Texts: each word is left out. Of sentences to tag, each word becomes the unknown one, for the others must keep
      their places. (A model whose vocabulary had all words of its training texts has learned nothing of that one.)
    * Series and windows of a table: steps that follow each other, and each channel or column, become the mean of the
      training rows, which is 0 after scaling; the indicators of a category become 0, none of those that are known.
      Series at irregular times: what is hidden was not observed.
    * Sounds and films: frames that follow each other become the mean of the training rows.
    * DNA: bases become ``N``, any base.

    The importance of a part is by how much the log-probability of the answered label (tag, text) drops without it, so
    that a part that speaks against the answer has a negative one. For regression and forecasts it is the absolute
    change of the values in original units, the mean over all steps ahead.

    It takes a run of the model for each part, a few hundred at most. Parts are hidden one by one: of two that say the
    same, neither may seem to matter.

    Args:
        model: A predictor, or a bundle or its path.
        example: One raw example, as ``OnnxPredictor.predict`` takes a list of them.
        answer: The label or the target to explain; ``None`` for the label that is answered, of several the likeliest,
            or the first target. Taggers explain the tags of all words; of a tagged series, states that last.
        width: How many words, steps or bases are hidden together; ``None`` for one, or as many as keep the parts below
            300 words, 100 bases or 60 steps.
        batch_size: How many hidden parts are run at once; the explanation does not depend on it.

    Returns:
        The explanation.

    Raises:
        ArgumentError: If the model is none whose answers can be explained, such as a language model or a translator,
            has no preprocessing, or reads rows of several parts (``JoinedPreprocessing``).
        UnknownNameError: If there is no such label or target; the nearest is suggested.
        DataError: If the example cannot be read.

    Example:
        ``explain("bundle", "my parcel never arrived").ranked("words")[0]`` is the word that matters most, and by how
        much.

    Reference:
        Zeiler & Fergus 2014, Visualizing and Understanding Convolutional Networks, arXiv:1311.2901; for words
        Li 2016, Understanding Neural Networks through Representation Erasure, arXiv:1612.08220.
    """
    checks.integer("batch_size", batch_size, minimum=1)
    if width is not None:
        checks.integer("width", width, minimum=1)
    predictor = open_model(model)
    decoding, preprocessing = predictor.bundle.decoding, predictor.bundle.preprocessing
    assert decoding is not None, "it was checked"
    assert preprocessing is not None, "it was checked"
    level = preprocessing.level_of_rows(predictor.encode([example]))
    hiding = hide_parts(predictor, example, width=width, tags=isinstance(decoding, TagDecoding))
    whole = _run(predictor, [hiding.inputs], level)[0]
    answered, measure = choose_measure(decoding, whole, hiding.length, names=hiding.words, wanted=answer)
    before = measure.measure(whole, hiding.length)
    columns = [
        measure.importances(before, measure.measure(outputs, variant.length))
        for variant, outputs in _run_variants(predictor, hiding.variants, batch_size, level)
    ]
    return Explanation(
        answer=answered,
        measure=measure.words,
        hidden=hiding.how,
        parts=tuple(variant.part for variant in hiding.variants),
        answers=tuple(
            ExplainedAnswer(row.name, row.of, row.probability, tuple(column[number] for column in columns))
            for number, row in enumerate(measure.answers)
        ),
        lines=hiding.lines,
    )


def open_model(model: OnnxPredictor | Bundle | str | os.PathLike[str]) -> OnnxPredictor:
    """Returns what answers, if it is a model whose answers can be explained; see ``explain``."""
    if not isinstance(model, OnnxPredictor | Bundle):
        if (Path(model) / TRANSLATOR_FILE).is_file():
            raise ArgumentError(
                f"explain: received the translator {os.fspath(model)}, whose answers are searched word by word; "
                "expected a bundle of a model that answers a label, tags, a text or values. Use Translator."
            )
        model = OnnxPredictor(model)
    predictor = model if isinstance(model, OnnxPredictor) else OnnxPredictor(model)
    for name in ("preprocessing", "decoding"):
        if getattr(predictor.bundle, name) is None:
            raise ArgumentError(
                f"explain: the bundle {predictor.bundle.directory} has no {name}; expected one, for the parts of an "
                "example and its answer. Export it again: save_bundle(model, directory, preprocessing=..., "
                "decoding=...)."
            )
    takes = predictor.bundle.preprocessing.takes if predictor.bundle.preprocessing is not None else ""
    if takes in _UNLIKE:
        raise ArgumentError(
            f"explain: received a model whose rows are {_UNLIKE[takes]}; expected rows of words, steps, bases or "
            "frames, which can be hidden one by one. Change an entry of the row yourself, and compare the answers of "
            "OnnxPredictor.predict."
        )
    return predictor


def _run_variants(
    predictor: OnnxPredictor, variants: Sequence[Variant], batch_size: int, level: _Level
) -> Iterator[tuple[Variant, np.ndarray]]:
    """Yields the outputs of each variant; neighbours of one shape are run together."""
    size = batch_size if predictor.rows_are_free else 1
    size = min(size, predictor.limits.max_rows or size)
    waiting: list[tuple[Variant, Inputs]] = []
    for variant in variants:
        inputs = variant.make()
        if waiting and (len(waiting) == size or _shapes(waiting[0][1]) != _shapes(inputs)):
            yield from _flush(predictor, waiting, level)
            waiting = []
        waiting.append((variant, inputs))
    if waiting:
        yield from _flush(predictor, waiting, level)


def _flush(
    predictor: OnnxPredictor, waiting: Sequence[tuple[Variant, Inputs]], level: _Level
) -> Iterator[tuple[Variant, np.ndarray]]:
    outputs = _run(predictor, [inputs for _, inputs in waiting], level)
    yield from zip((variant for variant, _ in waiting), outputs, strict=True)


def _shapes(inputs: Inputs) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in inputs.items()}


def _run(predictor: OnnxPredictor, rows: Sequence[Inputs], level: _Level) -> np.ndarray:
    """Returns the outputs of some rows of one shape, as they would be if the example had no level of its own."""
    batch = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    output = predictor.signature.outputs[0].name
    found = predictor.run(batch, [output])[output]
    decoding = predictor.bundle.decoding
    return found if level is None or decoding is None else decoding.rescaled(found, *level)
