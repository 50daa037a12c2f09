"""What the algorithms of a search are called, and what a search is by default; known without Keras Tuner and Optuna."""

from __future__ import annotations

from rnnzoo import checks
from rnnzoo.errors import ArgumentError

#: Tree-structured Parzen estimators (Bergstra 2011); random search; a genetic algorithm (Deb 2002); all combinations.
ALGORITHMS = ("tpe", "random", "nsga2", "grid")
#: Successive halving without waiting (Li 2020); several of it (Li 2017); what is worse than the median of the others.
PRUNERS = ("asha", "hyperband", "median")
#: Other words: for an algorithm, or for one with a pruner.
ALIASES: dict[str, tuple[str, str | None]] = {"bayesian": ("tpe", None), "hyperband": ("tpe", "hyperband")}
#: Where the weights of the best model come from: its trial, or a training on the rows of both parts.
REFITS = ("checkpoint", "train+validation")
#: The algorithm and the number of trials where none is named.
ALGORITHM, MAX_TRIALS = "tpe", 10
#: Epochs of a trial in the command, at most: fewer than a training has, for the best model is trained once more.
TRIAL_EPOCHS = 15


def chosen(algorithm: str, pruner: str | None) -> tuple[str, str | None]:
    """Returns algorithm and pruner by their own names.

    Raises:
        UnknownNameError: If there is no such algorithm or pruner.
        ArgumentError: If a word says a pruner, and another is named.

    Example:
        >>> chosen("hyperband", None)
        ('tpe', 'hyperband')
    """
    checks.choice("algorithm", algorithm, (*ALGORITHMS, *ALIASES))
    if pruner is not None:
        checks.choice("pruner", pruner, PRUNERS)
    meant, implied = ALIASES.get(algorithm, (algorithm, None))
    if implied is not None and pruner not in (None, implied):
        raise ArgumentError(
            f"pruner: received {pruner!r} with algorithm={algorithm!r}, which means {implied!r}; expected one of them. "
            f"Pass algorithm={meant!r}."
        )
    return meant, pruner or implied
