"""Raw rows as tensors: the model ``NAME-raw`` beside ``NAME``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo_export.inference.raw_model import RawModel
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.datatypes import describe_tensors
from rnnzoo_export.serving.metrics import Metrics
from rnnzoo_export.serving.models import Load, ServedModel
from rnnzoo_export.serving.protocol import Leeway
from rnnzoo_export.serving.tensor_model import TensorModel

_SUFFIX = "-raw"
# To make features of sound, or ids of a text, takes about as much longer than to read numbers.
_HEAVIER = 16


class RowsModel(TensorModel):
    """Takes and gives the tensors of ``raw.onnx``, whether the bundle holds that file or not.

    Its requests are put into the batches of the model that it stands beside.

    Args:
        model: That model.

    Raises:
        ArgumentError: If nothing is known of its raw rows.
    """

    beside = True

    def __init__(self, model: BundleModel) -> None:
        self.name, self.version = raw_name(model.name), model.version
        self._model, self._raw = model, RawModel(model.predictor)
        self.signature, self.batcher = self._raw.signature, model.batcher
        self.leeway = Leeway(missing=True, uncounted=self._raw.tensors.uncounted)

    @property
    def ready(self) -> bool:
        """Whether the model that it stands beside is."""
        return self._model.ready

    @property
    def at_work(self) -> bool:
        """Whether the model that it stands beside is."""
        return self._model.at_work

    @property
    def sha256(self) -> str:
        """That of the model that it stands beside."""
        return self._model.sha256

    @property
    def load(self) -> Load:
        """Nothing: its requests are among those of the model that it stands beside."""
        return Load()

    def stop(self, timeout: float) -> None:
        """Ends nothing: the threads are those of the model that it stands beside."""

    def observe(self, metrics: Metrics) -> None:
        """Counts nothing: its runs are those of the model that it stands beside."""

    async def check(self) -> bool:
        """Returns whether the model that it stands beside has answered lately."""
        return await self._model.check()

    def facts(self) -> dict[str, Any]:
        """Returns the metadata."""
        facts = {
            **self._model.facts(),
            "name": self.name,
            "inputs": describe_tensors(self.signature.inputs),
            "outputs": describe_tensors(self.signature.outputs),
        }
        return facts if self.signature.request is None else {**facts, "request": self.signature.request}

    def prepare(self, inputs: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Any]:
        """Returns what the session takes in place of raw rows, and these encoded."""
        return self._raw.prepare(inputs)

    def finish(self, outputs: Mapping[str, np.ndarray], context: Any) -> Mapping[str, np.ndarray]:
        """Returns outputs in original units."""
        return self._raw.finish(outputs, context)

    def work_of(self, size: int) -> int:
        """Returns more than the bytes of the body: the preprocessing takes longer than to read."""
        return size * _HEAVIER


def raw_name(name: str) -> str:
    """Returns what the model of raw rows of another is called."""
    return name + _SUFFIX


def rows_models(models: Iterable[ServedModel]) -> tuple[list[RowsModel], dict[str, str]]:
    """Returns the models of raw rows beside others, and why some are not there.

    Args:
        models: The others.

    Raises:
        ArgumentError: If one of these has the name of a model of raw rows.
    """
    found, missing = [], {}
    bundles = [model for model in models if isinstance(model, BundleModel)]
    taken = {raw_name(model.name) for model in bundles} & {model.name for model in models}
    if taken:
        name = min(taken)
        raise ArgumentError(
            f"name: a bundle is called {name!r}, which is what {name.removesuffix(_SUFFIX)!r} is called for raw rows; "
            "expected another name. Give other names: rnnzoo serve A B --name a --name b"
        )
    for model in bundles:
        try:
            found.append(RowsModel(model))
        except ArgumentError as error:
            missing[raw_name(model.name)] = str(error)
    return found, missing
