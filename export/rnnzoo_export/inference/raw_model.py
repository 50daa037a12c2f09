"""The model of a bundle as raw rows ask it: tensors of rows to outputs in original units, as ``raw.onnx`` does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.decoding.answers import Decoding
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo_export.inference.predictor import OnnxPredictor, check_outputs
from rnnzoo_export.inference.raw_tensors.checks import check_tensors
from rnnzoo_export.signature import Signature, TensorSpec

_MASK = "mask"


class RawModel:
    """What a bundle answers to the tensors of raw rows, whether it holds ``raw.onnx`` or not.

    Names, types, axes and numbers are those of that file. It answers NaN for a row that the preprocessing refuses; here
    such a row is an error.

    Args:
        predictor: Runs the bundle, and has the limits.

    Attributes:
        signature: What goes in and comes out.

    Raises:
        ArgumentError: If the bundle has no preprocessing, or one that does not say what its rows are.
    """

    def __init__(self, predictor: OnnxPredictor) -> None:
        preprocessing = predictor.bundle.preprocessing
        if preprocessing is None:
            raise ArgumentError(
                "preprocessing: the bundle has none, so that nothing is known of raw rows; expected one. Send tensors "
                "of the network."
            )
        # All kinds of preprocessing, which a server of models that take tensors alone does not need.
        from rnnzoo_export.inference.raw_tensors.kinds import find_raw_tensors

        self._predictor, self._preprocessing = predictor, preprocessing
        self.tensors = find_raw_tensors(preprocessing)
        self._decoding = unit_decoding(predictor.signature, predictor.bundle.decoding)
        self.signature = raw_signature(
            predictor.signature, self.tensors.inputs, preprocessing, self._decoding
        )

    def prepare(self, inputs: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], Sequence[Any]]:
        """Turns tensors of raw rows into the inputs of the network.

        Args:
            inputs: Arrays by input name, as the signature says; NaN and empty texts are missing values.

        Returns:
            Arrays for ``OnnxPredictor.execute``, and the encoded rows, for ``finish``.

        Raises:
            RequestError: If they do not fit the signature (status 400), or are too large (413).
            DataError: If the preprocessing refuses a row; the message names it.
        """
        arrays = check_tensors(self.tensors, inputs, self._predictor.limits)
        encoded = self._predictor.encode(self.tensors.rows(arrays))
        made = self._predictor.collate(encoded)
        steps = self.tensors.steps(arrays)
        if steps is not None and _MASK in made:
            made = self._padded(made, steps)
        return self._predictor.check(made), encoded

    def finish(self, outputs: Mapping[str, np.ndarray], encoded: Sequence[Any]) -> dict[str, np.ndarray]:
        """Brings the outputs of the network to original units, where they have units.

        Args:
            outputs: What ``OnnxPredictor.execute`` returned.
            encoded: The rows that ``prepare`` returned.
        """
        if self._decoding is None:
            return dict(outputs)
        level = self._preprocessing.level_of_rows(encoded)
        units = self._decoding if level is None else self._decoding.with_level(*level)
        name = self.signature.outputs[0].name
        return {**outputs, name: units.outputs_in_original_units(outputs[name])}

    def run(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Answers tensors of raw rows; see ``prepare``."""
        arrays, encoded = self.prepare(inputs)
        outputs = self._predictor.execute(arrays)
        check_outputs(outputs)
        return self.finish(outputs, encoded)

    def _padded(self, arrays: Mapping[str, np.ndarray], steps: int) -> dict[str, np.ndarray]:
        """Returns inputs of so many steps, those that are added being padding."""
        stepped = {
            spec.name
            for spec in self._predictor.signature.inputs
            if len(spec.shape) > 1 and spec.shape[1] is None
        }
        return {name: _pad_to(array, steps) if name in stepped else array for name, array in arrays.items()}


def raw_signature(
    network: Signature,
    inputs: tuple[TensorSpec, ...],
    preprocessing: Preprocessing,
    decoding: Decoding | None,
) -> Signature:
    """Returns what goes in and comes out where raw rows go in.

    Args:
        network: What the network takes and answers.
        inputs: What rows are as tensors.
        preprocessing: What reads them.
        decoding: Whose units the first output leaves in; ``None`` to leave it as it is.
    """
    outputs = network.outputs
    if decoding is not None:
        outputs = (dataclasses.replace(outputs[0], dtype="float64"), *outputs[1:])
    return Signature(inputs, outputs, request=preprocessing.request)


def unit_decoding(network: Signature, decoding: Decoding | None) -> Decoding | None:
    """Returns the decoding whose units the values of a network have; ``None`` where they are no values with units."""
    if decoding is None or decoding.target_names is None or not _has_values(network.outputs, decoding):
        return None
    return decoding


def _has_values(outputs: Sequence[TensorSpec], decoding: Decoding) -> bool:
    behind = (len(decoding.target_names or ()), *decoding.numbers)
    return outputs[0].shape[-len(behind) :] == behind


def _pad_to(array: np.ndarray, steps: int) -> np.ndarray:
    missing = steps - array.shape[1]
    if missing <= 0:
        return array
    return np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)])
