"""One baseline of a recipe by name, fitted again, for its answers to each row."""

from __future__ import annotations

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines import answer_each, list_baselines
from rnnzoo.recipes.further_baselines import FURTHER_BASELINES, run_further_baseline


def answer_again(name: str, splits: Splits, part: Split) -> np.ndarray | None:
    """Fits a baseline on the training part and returns its outputs for ``part``.

    Args:
        name: Its name on a card.
        splits: The data, with the decoding for the task of the model.
        part: The part to answer.

    Returns:
        Outputs such as the model gives; ``None`` where there is no such baseline, or it cannot be fitted.
    """
    if name in list_baselines(splits, part):
        (answered,) = answer_each(splits, part, names=[name])
        return answered.outputs
    further = next((kind for kind in FURTHER_BASELINES if name.startswith(f"{kind} on ")), None)
    return None if further is None else run_further_baseline(further, splits, part)[name]
