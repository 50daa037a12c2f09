"""Compares what answers in place of a model with the model.

On batches of several sizes and lengths that the conversion did not use, with every shape of mask, with large numbers,
and on whatever real inputs are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rnnzoo.errors import ExportError, ParityError
from rnnzoo_export.network.proof_batches import LONG, MANY, ONE, SOME, masked_batches
from rnnzoo_export.parity.comparison import Arrays, ValueDifferenceError, compare, given_batch
from rnnzoo_export.parity.large_numbers import large_reports
from rnnzoo_export.parity.rounding import explained
from rnnzoo_export.reports import TOLERANCE, ParityReport

if TYPE_CHECKING:
    from rnnzoo_export.network.exportable import Exportable

# Which of the random batches the model answers step by step too: its graph may differ from what it does in Python.
_ALSO_EAGERLY = 2


def prove(
    exportable: Exportable,
    run: Callable[[Arrays], Arrays],
    inputs: Arrays | None,
    name: str,
    *,
    tolerance: float = TOLERANCE,
) -> ParityReport:
    """Compares what a file answers with what the model does.

    On random batches of several sizes: full, with every shape of mask on every axis that can be masked, filled with
    each value that masks a step, and with large numbers; then on what is given.

    Args:
        exportable: The model.
        run: Answers a batch by the file.
        inputs: A batch to compare on, beside random ones.
        name: What messages call the file.
        tolerance: What is allowed: see ``TOLERANCE``.

    Raises:
        ParityError: If they differ; the message says whether it is rounding.
        ExportError: If the model answers nothing.
    """
    proof = functools.partial(_prove, exportable, run, inputs, name)
    try:
        return proof(tolerance)
    except ValueDifferenceError as error:
        raise explained(error, exportable, proof) from error


def _prove(
    exportable: Exportable,
    run: Callable[[Arrays], Arrays],
    inputs: Arrays | None,
    name: str,
    tolerance: float,
) -> ParityReport:
    reports = [*_random_reports(exportable, run, name, tolerance)]
    for report in large_reports(exportable, run, name, tolerance):
        # Beside large numbers an absolute difference says nothing of the others.
        reports.append(replace(report, max_difference=0.0))
    if inputs is not None:
        batch = given_batch(exportable.signature, inputs)
        reports.append(compare(name, run(batch), exportable.truth(batch), batch, tolerance=tolerance))
    report = functools.reduce(ParityReport.merge, reports)
    seen = {layer: tuple(sorted(shapes)) for layer, shapes in exportable.seen_masks.items()}
    return replace(report, least_steps=exportable.least_steps, masks=seen)


def _random_reports(
    exportable: Exportable, run: Callable[[Arrays], Arrays], name: str, tolerance: float
) -> Iterator[ParityReport]:
    least = exportable.least_steps or 1
    extra = {size: exportable.nearby_steps(least + size[1]) for size in (ONE, SOME, LONG, MANY)}
    same = functools.partial(_same, tolerance)
    refused: dict[str, str] = {}
    for number, batch in enumerate(masked_batches(exportable.batches(), extra)):
        if batch.kind in refused:
            continue
        try:
            truth = exportable.truth(batch.arrays)
        except ExportError as error:
            if batch.kind in ("full", "mixed"):  # a mix has what was refused alone
                if batch.kind == "mixed" and refused:
                    continue
                raise
            refused[batch.kind] = str(error)
            continue
        if number == _ALSO_EAGERLY and not exportable.trusts_graph(batch.arrays, same):
            truth = exportable.truth(batch.arrays)
        report = compare(name, run(batch.arrays), truth, batch.arrays, tolerance=tolerance)
        yield replace(report, refused_masks=tuple(refused))


def _same(tolerance: float, graph: Arrays, eager: Arrays) -> bool:
    try:
        compare("graph", graph, eager, {}, tolerance=tolerance)
    except ParityError:
        return False
    return True
