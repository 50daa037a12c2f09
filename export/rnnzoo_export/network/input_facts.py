"""What a traced model does with its inputs: which are ids and of how many categories, which value masks a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from rnnzoo.tensors import Operation, Tensor

# What leaves values as they are, and the inputs of it that hold them; the other inputs say where they go.
_MOVES: dict[str, slice] = {
    **dict.fromkeys(
        (
            *("Identity", "IdentityN", "StopGradient", "EnsureShape", "Snapshot", "Cast", "Reshape"),
            *("ExpandDims", "Squeeze", "StridedSlice", "Slice", "Transpose", "Unpack", "SplitV", "Tile"),
            *("BroadcastTo", "ReverseV2", "Pad", "PadV2", "MirrorPad", "GatherV2", "GatherNd"),
            *("Round", "Floor"),
        ),
        slice(0, 1),
    ),
    "Split": slice(1, 2),
    "SelectV2": slice(1, 3),
    "ConcatV2": slice(0, -1),
    "Pack": slice(0, None),
    "Maximum": slice(0, None),
    "Minimum": slice(0, None),
    "ClipByValue": slice(0, 1),
}
# Of these some values of an input may not be in the output.
_PARTS = (
    *("StridedSlice", "Slice", "Unpack", "Split", "SplitV", "GatherV2", "GatherNd"),
    *("Maximum", "Minimum", "ClipByValue"),
)
_COMPARISONS = ("NotEqual", "Equal", "Greater", "GreaterEqual", "Less", "LessEqual")
_LOOKUPS = (
    "GatherV2",
    "ResourceGather",
    "GatherNd",
    "OneHot",
    "LookupTableFindV2",
    "DenseBincount",
    "Bincount",
)


class Table(NamedTuple):
    """What a layer looks up: its keys and one that is none where it takes any, and the key that masks a step."""

    keys: Sequence[int | str]
    mask: int | str | None


@dataclass(frozen=True)
class InputFacts:
    """What one input means.

    Attributes:
        categories: How many rows the smallest table has that all its values are looked up in; ``None`` for none. A part
            of the input, or values that are clipped or chosen among others, do not bound the rest.
        ids: The whole numbers that it may hold, from the first to below the second; ``None`` where they are not known.
        pads: The values that a step is compared with, so that it is masked; each a number or one for each feature.
        looked_up: Whether a lookup depends on it at all.
        keys: Whole numbers or texts that a table has as keys in which all its values are looked up, and one that is
            none where the table takes any; empty without such a table.
    """

    categories: int | None = None
    ids: tuple[int, int] | None = None
    pads: tuple[Any, ...] = ()
    looked_up: bool = False
    keys: tuple[int | str, ...] = ()


@dataclass(frozen=True)
class _Line:
    """A tensor of the graph that holds ``scale * input + offset``, of the ``whole`` input or of some of it."""

    tensor: Tensor
    scale: float = 1.0
    offset: float = 0.0
    whole: bool = True


def read_facts(tensor: Tensor, tables: Mapping[str, Table] | None = None) -> InputFacts:
    """Follows an input through a graph, nested models and layers of one's own included.

    Args:
        tensor: The placeholder of the input.
        tables: The tables of the graph, by the name of the tensor that stands for the table.

    Returns:
        What the operations say that its values reach unchanged, or scaled and shifted by constants.
    """
    ranges: list[tuple[int, int]] = []
    sizes: list[int] = []
    pads: list[Any] = []
    keys: list[int | str] = []
    for line, operation, place in _uses(tensor):
        size = _lookup_size(operation, place)
        if size is not None and line.scale == 1 and float(line.offset).is_integer():
            ranges.append((-int(line.offset), size - int(line.offset)))
            if operation.type != "OneHot" and not line.offset and line.whole:
                sizes.append(size)
        if operation.type == "LookupTableFindV2" and (line.scale, line.offset) == (1, 0):
            table = (tables or {}).get(operation.inputs[0].name, Table((), None))
            keys += table.keys
            pads += [] if table.mask is None else [np.asarray(table.mask)]
        value = _compared_with(operation, place)
        if value is not None and line.scale and np.isfinite(value).all():
            pad = (np.asarray(value, np.float64) - line.offset) / line.scale
            if not any(np.array_equal(pad, known) for known in pads):
                pads.append(pad)
    # Where an id is both looked up and compared, as Keras's Embedding does, the pad is an id too.
    ids = (max(low for low, _ in ranges), min(high for _, high in ranges)) if ranges else None
    return InputFacts(
        categories=min(sizes, default=None),
        ids=ids if ids is not None and ids[0] < ids[1] else None,
        pads=tuple(pad.item() if pad.ndim == 0 else pad for pad in pads),
        looked_up=_reaches_lookup(tensor),
        keys=tuple(dict.fromkeys(keys)),
    )


def _uses(tensor: Tensor) -> Iterator[tuple[_Line, Operation, int]]:
    """Yields every use of an input's values: what they are by then, the operation, the place among its inputs."""
    waiting, met = [_Line(tensor)], set()
    while waiting:
        line = waiting.pop()
        for operation in line.tensor.consumers():
            for place, source in enumerate(operation.inputs):
                use = (operation.name, place, line.scale, line.offset, line.whole)
                if source is not line.tensor or use in met:
                    continue
                met.add(use)
                yield line, operation, place
                waiting += _onward(line, operation, place)


def _onward(line: _Line, operation: Operation, place: int) -> Iterator[_Line]:
    """Yields the outputs of an operation that hold the values again."""
    scale, offset = line.scale, line.offset
    kept = _MOVES.get(operation.type)
    if kept is None:
        other = _constant(operation.inputs[1 - place]) if len(operation.inputs) == 2 else None
        if other is None or other.ndim or other.dtype.kind not in "fiu":
            return
        number = float(other)
        if operation.type in ("AddV2", "Add"):
            offset += number
        elif operation.type == "Sub":
            sign = 1.0 if place == 0 else -1.0
            scale, offset = sign * scale, sign * (offset - number)
        elif operation.type == "Mul":
            scale, offset = scale * number, offset * number
        elif operation.type == "RealDiv" and place == 0 and number:
            scale, offset = scale / number, offset / number
        else:
            return
    elif place not in range(len(operation.inputs))[kept] or operation.outputs[0].dtype == tf.bool:
        return
    whole = line.whole and operation.type not in _PARTS and not _chooses(operation, place)
    for output in operation.outputs:
        yield _Line(output, scale, offset, whole)


def _chooses(operation: Operation, place: int) -> bool:
    """Whether something else may stand for these values, but for a place counted from the end, as Keras does it."""
    if operation.type != "SelectV2":
        return False
    other = operation.inputs[3 - place].op
    return not (
        other.type in ("AddV2", "Add") and any(tensor is operation.inputs[place] for tensor in other.inputs)
    )


def _lookup_size(operation: Operation, place: int) -> int | None:
    """Returns how many entries an operation has that takes these values for places."""
    if place == 0 and operation.type == "OneHot":
        depth = _constant(operation.inputs[1])
        return None if depth is None else int(depth)
    if place != 1:
        return None
    if operation.type == "ResourceGather":
        data = getattr(operation.inputs[0], "_handle_data", None)
        return data.shape_and_type[0].shape.dim[0].size if data is not None and data.is_set else None
    if operation.type != "GatherV2":
        return None
    axis = _constant(operation.inputs[2])
    shape = operation.inputs[0].shape
    return None if axis is None or shape.rank is None else shape[int(axis)]


def _compared_with(operation: Operation, place: int) -> Tensor | None:
    """Returns the constant with which an operation compares these values, if it does."""
    if operation.type == "Cast" and operation.outputs[0].dtype == tf.bool:
        return np.float64(0)
    if operation.type not in _COMPARISONS:
        return None
    value = _constant(operation.inputs[1 - place])
    if value is None or value.dtype.kind not in "fiu":
        return None
    # Keras asks of every id whether it is below 0, which would count from the table's end.
    below_zero = operation.type == "Less" and place == 0 and not value.any()
    return None if below_zero else value


def _constant(tensor: Tensor) -> np.ndarray | None:
    value = tf.get_static_value(tensor)
    return None if value is None else np.squeeze(np.asarray(value))


def _reaches_lookup(tensor: Tensor) -> bool:
    waiting, met = [tensor], set()
    while waiting:
        for operation in waiting.pop().consumers():
            if operation.name not in met:
                met.add(operation.name)
                if operation.type in _LOOKUPS:
                    return True
                waiting += operation.outputs
    return False
