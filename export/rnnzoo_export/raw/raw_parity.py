"""Does a file that takes raw examples answer as preprocessing and model do, one after the other?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.errors import ParityError
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.comparison import compare, given_batch
from rnnzoo_export.raw.raw_graph import RawGraph
from rnnzoo_export.reports import TOLERANCE, ParityReport


def check_examples(
    exportable: Exportable,
    raw: RawGraph,
    answer: Callable[[list[Any]], Mapping[str, np.ndarray]],
    *,
    name: str,
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Compares answers to the examples of a preprocessing with those of preprocessing and model.

    Args:
        exportable: The model.
        raw: The preprocessing, as it stands in the file.
        answer: Runs the file on a batch of raw examples; outputs by name, in the model's units.
        name: What messages call the file.
        tolerance: What is allowed: see ``TOLERANCE``.

    Raises:
        ParityError: If they differ, or the model takes none of the examples.
    """
    reports = []
    for batch in raw.examples():
        given = given_batch(exportable.signature, raw.preprocessing.apply(batch))
        if exportable.is_too_short(given):
            continue
        expected = exportable.predict(given)
        reports.append(compare(name, answer(batch), expected, raw.arrays(batch), tolerance=tolerance))
    return _merge(name, reports)


def _merge(name: str, reports: Sequence[ParityReport]) -> ParityReport:
    if not reports:
        raise ParityError(
            f"{name}: the model needs more steps than any of the examples with which a file of raw inputs is proved; "
            "expected a model that takes short ones. Export the network alone."
        )
    return functools.reduce(ParityReport.merge, reports)
