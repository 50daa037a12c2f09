"""What the page to try a model must know of it: what it reads, an example, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    JoinedPreprocessing,
    LogMelPreprocessing,
    NumbersPreprocessing,
    Preprocessing,
    WindowPreprocessing,
)
from rnnzoo.preprocessing.window_request import describe_request
from rnnzoo_export.bundle import Bundle
from rnnzoo_export.inference.generator import writes_texts
from rnnzoo_export.serving.datatypes import describe_tensors
from rnnzoo_export.signature import Signature

#: Of so many categories at most a page tells the names.
_MOST_CATEGORIES = 200
#: The greatest values that pixels of images have.
_GREATEST = (1.0, 16.0, 255.0)
_DIGITS = frozenset("0123456789")
#: Images of fewer rows are series that happen to be square.
_LEAST_ROWS = 6


def describe_bundle(bundle: Bundle) -> dict[str, Any]:
    """Returns the facts of a bundle, as JSON has them.

    Args:
        bundle: The bundle.

    Returns:
        ``name``, ``task``, ``takes`` (what a raw row is, or ``"tensors"``), what else is known of a row, ``example``,
        ``writes`` for language models that can be asked token by token, and the origin.
    """
    facts = {**_origin(bundle), **_row(bundle)}
    if bundle.preprocessing is not None and writes_texts(bundle) and bundle.streaming_path.is_file():
        facts["writes"] = bundle.preprocessing.writes
    return facts


def describe_translator(signature: Signature, *, reads_text: bool, most_beams: int) -> dict[str, Any]:
    """Returns the facts of a translator, as ``describe_bundle`` does of a bundle.

    Args:
        signature: What ``infer`` takes.
        reads_text: Whether it takes texts, and not only ids.
        most_beams: The most beginnings that may be kept.
    """
    facts = {"task": "translator", "beams": {"usual": min(4, most_beams), "most": most_beams}}
    if reads_text:
        return {**facts, "takes": "source", "example": None}
    return {**facts, "takes": "tensors", "example": {"inputs": _zeros(signature)}}


def _row(bundle: Bundle) -> dict[str, Any]:
    if bundle.preprocessing is None:
        return {"takes": "tensors", "example": {"inputs": _zeros(bundle.signature)}}
    example = bundle.provenance.get("example")
    facts = {**describe_row(bundle.preprocessing), "example": example}
    image = find_image(bundle.preprocessing, bundle.decoding, example)
    return facts if image is None else {**facts, "image": image}


def _origin(bundle: Bundle) -> dict[str, Any]:
    provenance = bundle.provenance
    return {
        "name": bundle.name,
        "task": provenance.get("task"),
        "metrics": (provenance.get("metrics") or {}).get("test"),
        "created": provenance.get("created"),
        "parameters": provenance.get("parameters"),
        "rnnzoo": (provenance.get("versions") or {}).get("rnnzoo"),
        "sha256": bundle.sha256,
    }


def describe_row(preprocessing: Preprocessing) -> dict[str, Any]:
    """Returns what a raw row holds.

    Example:
        >>> describe_row(FeaturePreprocessing([0.0, 1.0], [1.0, 1.0], variable_length=True))
        {'takes': 'series', 'features': 2}
    """
    return {"takes": preprocessing.takes, **_details(preprocessing)}


def _details(preprocessing: Preprocessing) -> dict[str, Any]:
    match preprocessing:
        case JoinedPreprocessing():
            return {"parts": {name: describe_row(part) for name, part in preprocessing.by_name.items()}}
        case WindowPreprocessing():
            return _window(preprocessing)
        case FeaturePreprocessing() | IrregularPreprocessing():
            return {"features": len(preprocessing.mean)}
        case NumbersPreprocessing():
            return {"count": len(preprocessing.mean)}
        case FramePreprocessing():
            return {"frame_shape": list(preprocessing.frame_shape)}
        case LogMelPreprocessing():
            return {"sample_rate": preprocessing.sample_rate}
        case CategoryPreprocessing():
            return {"categories": list(preprocessing.categories), "unknown": preprocessing.unknown}
        case DNAPreprocessing():
            return {"kmer": preprocessing.kmer}
    return {}


def _window(preprocessing: WindowPreprocessing) -> dict[str, Any]:
    """Returns what a request holds, whether it is ``whole`` or the past alone, and the categories by column."""
    covariates = preprocessing.covariates
    past = preprocessing.past
    known = [past] if covariates is None else [past, covariates.future, covariates.static]
    request = describe_request(past, preprocessing.window, covariates, preprocessing.levels)
    return {
        "request": {**request, "whole": preprocessing.request is not None},
        "categories": {
            name: list(values)[:_MOST_CATEGORIES]
            for columns in known
            for name, values in columns.categories.items()
        },
    }


def find_image(
    preprocessing: Preprocessing, decoding: Decoding | None, example: Any
) -> Mapping[str, Any] | None:
    """Returns ``height``, ``width`` and the greatest value ``most`` of images that are read row by row.

    ``None`` for all series but digits: those that have the ten labels, and as many steps as features.

    Example:
        >>> rows = FeaturePreprocessing([8.0] * 8, [4.0] * 8, variable_length=False)
        >>> labels = Decoding("classification", labels=list("0123456789"))
        >>> find_image(rows, labels, [[0.0] * 7 + [15.0]] * 8)
        {'height': 8, 'width': 8, 'most': 16.0}
    """
    if not isinstance(preprocessing, FeaturePreprocessing) or preprocessing.variable_length:
        return None
    labels = None if decoding is None else decoding.labels
    if labels is None or len(labels) != len(_DIGITS) or not _DIGITS.issuperset(labels):
        return None
    try:
        values = [[float(value) for value in row] for row in example]
    except (TypeError, ValueError):
        return None
    side = len(preprocessing.mean)
    if side < _LEAST_ROWS or [len(row) for row in values] != [side] * side:
        return None
    least, most = min(map(min, values)), max(map(max, values))
    if least < 0 or most > _GREATEST[-1]:
        return None
    return {"height": side, "width": side, "most": next(limit for limit in _GREATEST if most <= limit)}


def _zeros(signature: Signature) -> list[dict[str, Any]]:
    """Returns a tensor for each input, of one row and as few steps as can be."""
    found = []
    for spec, tensor in zip(signature.inputs, describe_tensors(signature.inputs), strict=True):
        shape = [
            (signature.least_steps if axis == 1 else 1) if size is None else size
            for axis, size in enumerate(spec.shape)
        ]
        count = 1
        for size in shape:
            count *= size
        value: Any = True if spec.kind == "b" else 0.0 if spec.kind == "f" else 0
        found.append({**tensor, "shape": shape, "data": [value] * count})
    return found
