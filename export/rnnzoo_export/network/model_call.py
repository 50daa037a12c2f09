"""How a model is called: with one argument or several, each a tensor or a structure of tensors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_inputs import input_names, input_structure
from rnnzoo_export.network.export_config import InputSignature

if TYPE_CHECKING:
    from rnnzoo.tensors import Tensor

#: How inputs are described, in advice.
EXAMPLES = (
    "keras.Input((None, 8), name='features'), of ids keras.Input((None,), dtype='int32', name='tokens')"
)
_NO_TENSORS = ("training", "mask")


@dataclass(frozen=True)
class ModelCall:
    """How a model is called.

    Attributes:
        structure: Descriptions of tensors as the model takes them: one, or a list or dictionary of them; a tuple with
            one entry for each argument where there are several.
        arguments: The names of the arguments, where there are several; else empty.
    """

    structure: Any
    arguments: tuple[str, ...] = ()

    @property
    def places(self) -> list[Any]:
        """The descriptions, one after the other."""
        return list(keras.tree.flatten(self.structure))

    @property
    def names(self) -> list[str]:
        """What the inputs are called: see ``input_names``."""
        return input_names(self.structure, self.arguments)

    def arranged(self, tensors: Sequence[Tensor]) -> tuple[Any, ...]:
        """Returns tensors in the order of ``places`` as the arguments of a call."""
        packed = keras.tree.pack_sequence_as(self.structure, list(tensors))
        return tuple(packed) if self.arguments else (packed,)


def read_call(model: keras.Model, input_signature: InputSignature | None) -> ModelCall:
    """Finds out how a model is called.

    Args:
        model: The model.
        input_signature: What a model takes that does not say it itself.

    Raises:
        ArgumentError: If that is not known.
    """
    if not isinstance(model, keras.Model):
        raise ArgumentError(f"model: received {type(model).__name__}; expected a keras.Model.")
    if input_signature is not None:
        return _given_call(model, input_signature)
    structure = input_structure(model)
    if structure is not None:
        return ModelCall(structure)
    if isinstance(model, keras.Sequential):
        raise ArgumentError(
            f"model {model.name!r}: is not built, so that it does not say what it takes; expected a built one. Begin "
            f"it with {EXAMPLES}, or call it on a batch first."
        )
    raise ArgumentError(
        f"model {model.name!r}: a subclassed model does not say what it takes; expected input_signature. "
        f"Pass e.g. input_signature={_example(model)}."
    )


def _given_call(model: keras.Model, signature: InputSignature) -> ModelCall:
    """Checks that each input is described, its sizes and its type, and that there is one entry for each argument."""
    try:
        places = keras.tree.flatten(signature)
    except (TypeError, ValueError):
        places = [signature]
    if not places or not all(hasattr(place, "shape") and hasattr(place, "dtype") for place in places):
        raise ArgumentError(
            f"input_signature: received {signature!r}; expected a keras.Input for each input, in a list or dictionary "
            f"where there are several. Pass e.g. input_signature={EXAMPLES}."
        )
    needed, taken = _tensor_arguments(model)
    if len(needed) < 2:
        return ModelCall(signature)
    if not isinstance(signature, list | tuple) or not len(needed) <= len(signature) <= len(taken):
        described = f"{len(signature)} entries" if isinstance(signature, list | tuple) else "one entry"
        raise ArgumentError(
            f"input_signature: received {described}; model {model.name!r} is called with the arguments "
            f"{', '.join(needed)}. Pass one entry for each, e.g. input_signature={_example(model)}."
        )
    return ModelCall(tuple(signature), tuple(taken[: len(signature)]))


def needs_arguments(model: keras.Model) -> bool:
    """Whether a model is called with several arguments."""
    return len(_tensor_arguments(model)[0]) > 1


def _tensor_arguments(model: keras.Model) -> tuple[list[str], list[str]]:
    """Returns the arguments of tensors that a call needs, and all that it takes by position."""
    called = _called_shapes(model)
    parameters = [
        entry
        for entry in inspect.signature(model.call).parameters.values()
        if entry.kind in (entry.POSITIONAL_ONLY, entry.POSITIONAL_OR_KEYWORD)
        and entry.name not in _NO_TENSORS
    ]
    # An argument that may be left out counts where the model was called with it.
    needed = [entry.name for entry in parameters if entry.default is entry.empty or entry.name in called]
    return needed, [entry.name for entry in parameters]


def _called_shapes(model: keras.Model) -> dict[str, Any]:
    """Returns the shapes of the arguments that a model was called with, as Keras keeps them."""
    shapes = getattr(model, "_build_shapes_dict", None) or {}
    return {name.removesuffix("_shape"): shape for name, shape in shapes.items()}


def _example(model: keras.Model) -> str:
    """Returns a signature as code: with the sizes that the model was called with, where there are several arguments."""
    needed, _ = _tensor_arguments(model)
    if len(needed) < 2:
        return EXAMPLES
    called = _called_shapes(model)
    # Keras may know the first alone, which it then calls input; the others are often like it.
    first = called.get(needed[0], called.get("input"))
    return f"({', '.join(_described(name, called.get(name, first)) for name in needed)})"


def _described(name: str, shape: Any) -> str:
    if isinstance(shape, Mapping):
        parts = (f"{key!r}: {_described(key, size)}" for key, size in shape.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(shape, Sequence) and shape and not isinstance(shape[0], int | None):
        return f"[{', '.join(_described(f'{name}_{i}', size) for i, size in enumerate(shape))}]"
    sizes = (None, 8) if not shape else tuple(shape)[1:]
    if len(sizes) > 1:
        sizes = (None, *sizes[1:])
    return f"keras.Input({sizes}, name={name!r})"
