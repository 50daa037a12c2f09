"""The algorithms and pruners of a search as Optuna has them."""

from __future__ import annotations

import numpy as np
import optuna

#: Trials that are drawn before an algorithm proposes some.
STARTUP = 6


def make_sampler(algorithm: str, seed: list[int]) -> optuna.samplers.BaseSampler:
    """Returns a sampler that proposes for one trial: Optuna does not keep what it has drawn."""
    number = int(np.random.SeedSequence(seed).generate_state(1)[0])
    if algorithm == "tpe":
        return optuna.samplers.TPESampler(seed=number, n_startup_trials=STARTUP)
    if algorithm == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=number, population_size=STARTUP)
    return optuna.samplers.RandomSampler(seed=number)


def make_pruner(name: str | None, epochs: int) -> optuna.pruners.BasePruner:
    """Returns a pruner of trials that have so many epochs at most."""
    if name == "asha":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=1)
    return optuna.pruners.NopPruner()
