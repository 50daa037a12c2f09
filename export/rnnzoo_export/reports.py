"""What exports report: the file that was written, and how well it agrees with its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rnnzoo_export.signature import State


@dataclass(frozen=True)
class ExportReport:
    """What an export gave.

    Attributes:
        path: The file.
        opset: Its ONNX operator set.
        operators: How many operators of each type it holds, through all subgraphs.
        fused: The recurrent layers that became one operator each.
        loops: The recurrent layers for which ONNX has no operator, which run as loops.
        parity: The measured agreement with the Keras model.
        states: The states that a streaming file carries.
    """

    path: Path
    opset: int
    operators: Mapping[str, int]
    fused: tuple[str, ...]
    loops: tuple[str, ...]
    parity: ParityReport
    states: tuple[State, ...] = ()


#: Largest difference allowed: ``|a - b| <= TOLERANCE + TOLERANCE * scale``, float32 sums in another order. The scale is
#: the largest ``|b|`` of the same unit in the batch: a sum is rounded as its terms are large, not as what is left of
#: them where they cancel (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
TOLERANCE = 1e-5
#: Largest tolerance that can be asked for; with a larger one nothing would be proved.
LARGEST_TOLERANCE = 0.1


@dataclass(frozen=True)
class ParityReport:
    """The agreement of an exported file with its model.

    Attributes:
        max_difference: The largest absolute difference found, but for the batches of large numbers.
        where: The output, the place in it and the batch where it was found.
        cases: How many batches were compared.
        values: How many numbers were compared.
        tolerance: What was allowed: ``|a - b| <= tolerance + tolerance * scale``, where the scale is the largest
            ``|b|`` of the same unit in the batch.
        least_steps: The fewest steps that the model takes; ``None`` where its time axis is fixed.
        masks: The shapes of mask that each masked recurrent layer met: ``"right"``, ``"left"``, ``"holes"``, ``"empty
            row"``. A layer with none of them was compared without a masked step.
        refused_masks: The shapes of mask that the model itself refuses, on which nothing was compared.
    """

    max_difference: float
    where: str
    cases: int
    values: int
    tolerance: float = TOLERANCE
    least_steps: int | None = None
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused_masks: tuple[str, ...] = ()

    def to_config(self) -> dict[str, Any]:
        """Returns the report as JSON has it."""
        return asdict(self)

    def merge(self, other: ParityReport) -> ParityReport:
        """Returns the report of two comparisons as one."""
        worse = max(self, other, key=lambda report: report.max_difference)
        masks = {
            layer: tuple(sorted({*self.masks.get(layer, ()), *other.masks.get(layer, ())}))
            for layer in {**self.masks, **other.masks}
        }
        return replace(
            worse,
            cases=self.cases + other.cases,
            values=self.values + other.values,
            least_steps=other.least_steps if self.least_steps is None else self.least_steps,
            masks=masks,
            refused_masks=tuple(dict.fromkeys((*self.refused_masks, *other.refused_masks))),
        )
