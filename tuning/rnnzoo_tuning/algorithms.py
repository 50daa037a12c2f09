"""What the algorithms of a search are called, and what a search is by default; known without Keras Tuner."""

from __future__ import annotations

#: Random search; Gaussian processes; many trials of few epochs and ever fewer of more; all combinations.
ALGORITHMS = ("random", "bayesian", "hyperband", "grid")
#: The algorithm and the number of trials where none is named.
ALGORITHM, MAX_TRIALS = "bayesian", 10
#: Epochs of a trial in the command, at most: fewer than a training has, for the best model is trained once more.
TRIAL_EPOCHS = 15
