"""How the parts of an example are hidden: by what a model reads."""

from __future__ import annotations

from typing import Any

from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo_export.explanation.number_hiding import NumberHiding
from rnnzoo_export.explanation.raw_hiding import BaseHiding, ObservationHiding
from rnnzoo_export.explanation.variants import Hiding
from rnnzoo_export.explanation.word_hiding import WordHiding
from rnnzoo_export.inference.predictor import OnnxPredictor


def hide_parts(predictor: OnnxPredictor, example: Any, *, width: int | None, tags: bool) -> Hiding:
    """Returns an example and its parts.

    Args:
        predictor: What answers it.
        example: The raw example.
        width: How many words, steps or bases are hidden together; ``None`` for as many as keep the number of parts
            small.
        tags: Whether each step has an answer, so that none may be left out.

    Raises:
        ArgumentError: If the parts of the example cannot be hidden.
        DataError: If the example cannot be read.
    """
    preprocessing = predictor.bundle.preprocessing
    assert preprocessing is not None, "it was checked"
    encoded = predictor.encode([example])[0]
    inputs = predictor.collate([encoded])
    if preprocessing.takes == "dna":
        return BaseHiding(predictor, example, encoded, inputs).hide(width)
    if isinstance(preprocessing, IrregularPreprocessing):
        return ObservationHiding(predictor, example, encoded, inputs).hide(width)
    if all(array.dtype.kind in "fb" for array in inputs.values()):
        return NumberHiding(preprocessing, example, encoded, inputs).hide(width)
    return WordHiding(predictor, example, encoded, inputs, tags).hide(width)
