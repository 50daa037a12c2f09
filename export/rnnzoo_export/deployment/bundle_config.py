"""What a bundle is to hold beside the network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from rnnzoo import checks
from rnnzoo.data.split import Split
from rnnzoo.errors import ArgumentError
from rnnzoo_export.bundle import check_model_name
from rnnzoo_export.formats.held_out_rows import Batches
from rnnzoo_export.formats.quantization import METHODS
from rnnzoo_export.network.export_config import ExportConfig, InputSignature, check_tolerance
from rnnzoo_export.network.input_names import InputNames
from rnnzoo_export.reports import TOLERANCE

#: The files that a bundle may hold beside those that every bundle does.
ALSO = ("streaming", "raw", *METHODS)


class BundleOptions(TypedDict, total=False):
    """The fields of ``BundleConfig`` as keywords."""

    name: str | None
    version: int
    provenance: Mapping[str, Any] | None
    metrics: Mapping[str, Any] | None
    parity_inputs: Mapping[str, np.ndarray] | None
    input_signature: InputSignature | None
    input_names: InputNames | None
    strict: bool
    tolerance: float
    also: Collection[str]
    quantization_data: Split | Batches | None


@dataclass(frozen=True, kw_only=True)
class BundleConfig:
    """What a bundle is to hold beside the network; the attributes are the arguments of ``save_bundle``."""

    name: str | None = None
    version: int = 1
    provenance: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] | None = None
    parity_inputs: Mapping[str, np.ndarray] | None = None
    input_signature: InputSignature | None = None
    input_names: InputNames | None = None
    strict: bool = True
    tolerance: float = TOLERANCE
    also: Collection[str] = ()
    quantization_data: Split | Batches | None = None

    def __post_init__(self) -> None:
        check_tolerance(self.tolerance)
        checks.integer("version", self.version, minimum=1)
        if self.name is not None:
            check_model_name(self.name)

    @property
    def export(self) -> ExportConfig:
        """How each ONNX file is exported."""
        return ExportConfig(
            strict=self.strict,
            input_signature=self.input_signature,
            input_names=self.input_names,
            parity_inputs=self.parity_inputs,
            tolerance=self.tolerance,
        )

    @property
    def example(self) -> Any:
        """An example of raw input; ``None`` where none was given."""
        return (self.provenance or {}).get("example")

    def quantization_method(self, task: str | None) -> str | None:
        """Returns the method of quantization that is asked for; ``None`` where none is.

        Raises:
            ArgumentError: If a file in ``also`` is not known, or what scores the smaller file is missing.
        """
        for name in self.also:
            checks.choice("file in also", name, ALSO)
        methods = [name for name in self.also if name in METHODS]
        if len(methods) > 1:
            raise ArgumentError(
                f"also: received {' and '.join(methods)}; expected one method of quantization."
            )
        if methods and (self.quantization_data is None or task is None):
            raise ArgumentError(
                f"also: received {methods[0]} alone; expected quantization_data and task with it, to score the file."
            )
        return methods[0] if methods else None
