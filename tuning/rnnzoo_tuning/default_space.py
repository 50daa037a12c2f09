"""What a search varies where nobody says it: by what the model is made of, and by its data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from rnnzoo import checks
from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.data.augmentation.table import fitting_augmentations
from rnnzoo.zoo import ModelSpec, get_spec
from rnnzoo_tuning.dimensions import Choice, Dimension, Integer, Real
from rnnzoo_tuning.space import SearchSpace

if TYPE_CHECKING:
    from rnnzoo.data.splits import Splits

#: Strengths that leave a row what it is, beside none.
_NOISE: dict[str, tuple[float, ...]] = {
    "token_dropout": (0.1, 0.2),
    "jitter": (0.05,),
    "scaling": (0.1,),
    "point_mutation": (0.02,),
}


def _architecture(spec: ModelSpec, splits: Splits | None) -> SearchSpace:
    given = spec.arguments
    model: dict[str, Dimension] = {}
    if "units" in given:
        # What leads around layers needs as many as the model of the table has.
        depth = len(given["units"])
        depths = Integer(depth, depth + 1) if given.get("skip", "none") != "none" else Integer(1, 2)
        model = {"width": Choice((32, 64, 128)), "depth": depths}
    if "embedding_size" in given:
        model["embedding_size"] = Choice((50, 100, 200))
    # The other poolings cannot be streamed; nor can two directions.
    if spec.builder == "build_classifier" and given.get("bidirectional"):
        model["pooling"] = Choice((given.get("pooling", "last"), *_others(given.get("pooling", "last"))))
    return SearchSpace(model)


def _others(pooling: str) -> list[str]:
    return [other for other in ("last", "max", "mean") if other != pooling]


def _regularization(spec: ModelSpec, splits: Splits | None) -> SearchSpace:
    known = builder_parameters(spec.builder)
    model: dict[str, Dimension] = {"dropout": Real(0.0, 0.5, step=0.1)} if "dropout" in known else {}
    return SearchSpace(model, {"weight_decay": Choice((0.0, 1e-4, 1e-2))})


def _optimization(spec: ModelSpec, splits: Splits | None) -> SearchSpace:
    return SearchSpace(
        training={
            "learning_rate": Real(5e-4, 1e-2, log=True),
            "batch_size": Choice((32, 64)),
            "schedule": Choice(("constant", "cosine")),
        }
    )


def _augmentation(spec: ModelSpec, splits: Splits | None) -> SearchSpace:
    fitting = () if splits is None else fitting_augmentations(splits)
    noise = [{name: strength} for name in fitting for strength in _NOISE.get(name, ())]
    return SearchSpace(training={"augmentation": Choice((None, *noise))} if noise else {})


#: The parts of a default space, the most important dimensions first.
GROUPS: Mapping[str, Callable[[ModelSpec, Splits | None], SearchSpace]] = {
    "optimization": _optimization,
    "architecture": _architecture,
    "regularization": _regularization,
    "augmentation": _augmentation,
}


def default_space(
    model_name: str, splits: Splits | None = None, *, groups: Collection[str] = tuple(GROUPS)
) -> SearchSpace:
    """Returns the dimensions that matter most for recurrent networks (Greff 2017, arXiv:1503.04069).

    The learning rate comes first, then the width; clipping and momentum hardly matter and stay as they are.

    Args:
        model_name: A name of the zoo.
        splits: The data, which say what noise leaves their targets true; without them there is no augmentation.
        groups: Some of ``"optimization"`` (rate, batch size, schedule), ``"architecture"`` (width, depth, embedding,
            pooling), ``"regularization"`` (dropout, weight decay) and ``"augmentation"``.

    Raises:
        UnknownNameError: If there is no such model or group.

    Example:
        >>> list(default_space("series-classifier-gru", groups=["optimization"]).dimensions)
        ['learning_rate', 'batch_size', 'schedule']
    """
    spec, space = get_spec(model_name), SearchSpace()
    groups = (groups,) if isinstance(groups, str) else groups
    for group in groups:
        checks.choice("group", group, GROUPS)
    for group, dimensions in GROUPS.items():
        if group in groups:
            found: Any = dimensions(spec, splits)
            space = space.add(model=found.model, training=found.training)
    return space
