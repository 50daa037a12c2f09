"""The rows on which a smaller file is compared: checked against file and task before a runtime sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.tasks import TASKS, get_task
from rnnzoo_export.inference.given_arrays import check_given
from rnnzoo_export.signature import Signature, TensorSpec

if TYPE_CHECKING:
    from rnnzoo.data.split import Split

_ROWS = 256
_HOW = "Give a split such as splits.validation, or [({'x': x}, y)]."

Batches = Iterable[tuple[Any, ...]] | tuple[Any, ...]


class HeldOut(NamedTuple):
    """One batch: arrays by input name, its targets, and weights of rows or steps where some do not count."""

    inputs: dict[str, np.ndarray]
    targets: np.ndarray
    weights: np.ndarray | None

    @property
    def counted(self) -> Any:
        """The index of the rows or steps that count."""
        return ... if self.weights is None else self.weights > 0


def held_out_rows(session: onnxruntime.InferenceSession, data: Split | Batches) -> Iterator[HeldOut]:
    """Yields batches whose inputs the file takes, with as many targets as rows.

    Args:
        session: The file.
        data: A split, batches ``(inputs by name, targets)`` or ``(inputs by name, targets, weights)``, or one batch.

    Raises:
        DataError: If a batch is none; the message says which and how.
    """
    signature = _signature(session)
    if isinstance(data, tuple) and data and isinstance(data[0], Mapping):
        data = [data]
    of_split = getattr(data, "batches", None)
    batches: Any = data if of_split is None else of_split(_ROWS)
    if isinstance(batches, Mapping | str | np.ndarray) or not isinstance(batches, Iterable):
        raise DataError(
            f"data: received {type(data).__name__}; expected batches (inputs by name, targets). {_HOW}"
        )
    for number, batch in enumerate(batches):
        yield _checked(signature, batch, f"data: batch {number}")


def _checked(signature: Signature, batch: Any, what: str) -> HeldOut:
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        size = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        raise DataError(
            f"{what}: received {type(batch).__name__}{size}; expected (inputs by name, targets), and weights where "
            f"some do not count. {_HOW}"
        )
    inputs, targets = batch[0], np.asarray(batch[1])
    weights = None if len(batch) == 2 or batch[2] is None else np.asarray(batch[2])
    names = [spec.name for spec in signature.inputs]
    if not isinstance(inputs, Mapping) or not set(names) <= set(inputs):
        found = sorted(inputs) if isinstance(inputs, Mapping) else type(inputs).__name__
        raise DataError(f"data: received the inputs {found}; expected arrays by name, {names}.")
    try:
        arrays = check_given(signature, {name: inputs[name] for name in names}, what)
    except ArgumentError as error:
        raise DataError(str(error)) from error
    rows = len(next(iter(arrays.values())))
    for name, values in (("targets", targets), ("weights", weights)):
        if values is not None and (not values.ndim or len(values) != rows):
            raise DataError(
                f"{what}: received {len(values) if values.ndim else 'no'} {name} for {rows} rows; expected one each."
            )
    return HeldOut(arrays, targets, weights)


def check_targets(task: str, outputs: np.ndarray, targets: np.ndarray) -> None:
    """Checks that targets are those of a task for outputs, rows or steps that do not count left out.

    Raises:
        DataError: If their type, shape or values are others.
    """
    kind = get_task(task).targets
    if targets.dtype.kind not in "biuf":
        expected = "class numbers from 0" if kind == "classes" else "numbers"
        raise DataError(
            f"data: received targets of type {targets.dtype}; expected {expected}. Use splits.validation, or number "
            "the labels in the order of decoding.labels."
        )
    if not np.isfinite(targets).all():
        raise DataError(
            "data: received targets with NaN or infinity; expected finite numbers. Leave these rows out."
        )
    if kind == "classes":
        _check_classes(task, outputs, targets)
    elif (
        kind in ("labels", "values")
        and len(get_task(task).output_axes) == 0
        and targets.shape != outputs.shape
    ):
        raise DataError(
            f"data: received targets of shape {targets.shape} for answers of shape {outputs.shape}, task {task!r}; "
            "expected the same shape."
        )
    if kind == "labels" and not np.isin(targets, (0, 1)).all():
        raise DataError(
            f"data: received targets other than 0 and 1 for task {task!r}; expected a 1 for each label."
        )


def _check_classes(task: str, outputs: np.ndarray, targets: np.ndarray) -> None:
    found = get_task(task)
    if TASKS.is_own(task):
        return  # its scores say what its targets are
    classes = 2 if found.two_classes else outputs.shape[-1]
    shape = outputs.shape[: outputs.ndim - len(found.output_axes)]
    if targets.shape != shape and not (found.two_classes and targets.shape == shape[:1]):
        onehot = " Use y.argmax(axis=-1) of one-hot rows." if targets.shape == outputs.shape else ""
        raise DataError(
            f"data: received targets of shape {targets.shape} for answers of shape {outputs.shape}, task {task!r}; "
            f"expected one class number each, shape {shape}.{onehot}"
        )
    if (
        not (targets == np.floor(targets)).all()
        or targets.min(initial=0) < 0
        or targets.max(initial=0) >= classes
    ):
        raise DataError(
            f"data: received targets from {targets.min()} to {targets.max()} for task {task!r}; expected whole numbers "
            f"from 0 to {classes - 1}, the classes that the file answers."
        )


def _signature(session: onnxruntime.InferenceSession) -> Signature:
    """Returns what a file takes: what it says itself, or what onnxruntime says of it."""
    nodes = session.get_inputs()
    stored = session.get_modelmeta().custom_metadata_map.get("signature")
    if stored is not None:
        signature = Signature.from_config(json.loads(stored))
        if [spec.name for spec in signature.inputs] == [node.name for node in nodes]:
            return signature
    return Signature(tuple(_spec(node) for node in nodes), ())


def _spec(node: Any) -> TensorSpec:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    sizes = tuple(size if isinstance(size, int) else None for size in node.shape)
    dtype = {"float": "float32", "double": "float64", "string": "str"}.get(kind, kind)
    return TensorSpec(node.name, dtype, sizes, ("batch", *[None] * (len(sizes) - 1)))
