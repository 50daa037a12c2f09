"""Do a model's outputs and a decoding speak of the same thing? Asked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError
from rnnzoo.tasks import TASKS
from rnnzoo_export.signature import TensorSpec

_FIX = "Pass splits.for_model(model).decoding, and its task."


def check_distribution(outputs: Sequence[TensorSpec], decoding: Decoding | None, task: str | None) -> None:
    """Checks that forecasts of a distribution are decoded as what they are.

    Args:
        outputs: The model's outputs.
        decoding: From outputs to answers, if there is one.
        task: The task that is to be noted, if there is one.

    Raises:
        ArgumentError: If they do not go together.
    """
    distributions = {known.output: name for name, known in TASKS.items() if known.quantiles is not None}
    meant = distributions.get(outputs[0].name) if len(outputs) == 1 else None
    for what, received in (("decoding", decoding.task if decoding else None), ("task", task)):
        if meant and received is not None and received != meant:
            raise ArgumentError(
                f"{what}: received one for {received}; the model's output {outputs[0].name!r} is for {meant}. {_FIX}"
            )
    if decoding is None or decoding.quantiles is None:
        return
    expected = (len(decoding.target_names or ()), *decoding.numbers)
    if len(outputs) != 1 or outputs[0].shape[2:] != expected:
        found = ", ".join(f"{spec.name} {spec.shape}" for spec in outputs)
        raise ArgumentError(
            f"decoding: received one for {decoding.task} of {expected[0]} targets with {expected[1]} numbers each; the "
            f"model's {found} is not (batch, horizon, {expected[0]}, {expected[1]}). {_FIX}"
        )
