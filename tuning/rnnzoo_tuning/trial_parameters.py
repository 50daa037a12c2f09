"""Hyperparameters of Keras Tuner whose values come from a trial of Optuna, or from a walk over all combinations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras_tuner
import optuna
from keras_tuner.engine import hyperparameters as kinds


class DrawnParameters(keras_tuner.HyperParameters):
    """Asks for the value of each hyperparameter the first time that it is named, where it applies."""

    def _register(self, hyperparameter: Any, overwrite: bool = False) -> Any:
        value = super()._register(hyperparameter, overwrite)
        if self.is_active(hyperparameter) and not isinstance(hyperparameter, kinds.Fixed):
            value = self.values[hyperparameter.name] = self.draw(hyperparameter)
        return value

    def draw(self, hyperparameter: Any) -> Any:
        """Returns the value of one that applies."""
        raise NotImplementedError


class TrialParameters(DrawnParameters):
    """Values that a trial of Optuna suggests, or has kept.

    Args:
        trial: The trial.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self._trial = trial

    def draw(self, hyperparameter: Any) -> Any:
        """Asks the trial."""
        name, trial = hyperparameter.name, self._trial
        if isinstance(hyperparameter, kinds.Boolean):
            return trial.suggest_categorical(name, [False, True])
        log = getattr(hyperparameter, "sampling", "linear") != "linear"
        if isinstance(hyperparameter, kinds.Choice) or (log and hyperparameter.step is not None):
            return trial.suggest_categorical(name, list(hyperparameter.values))
        low, high, step = hyperparameter.min_value, hyperparameter.max_value, hyperparameter.step
        if isinstance(hyperparameter, kinds.Int):
            return trial.suggest_int(name, low, high, step=step or 1, log=log)
        return _on_grid(trial.suggest_float(name, low, high, step=step, log=log), step)


def _on_grid(value: float, step: float | None) -> float:
    """Returns 0.3 for 3 steps of 0.1, which floats do not add up to."""
    return value if step is None else float(f"{value:.12g}")


class GridParameters(DrawnParameters):
    """One of all combinations of values, of which the hyperparameter that is named last changes first.

    Args:
        places: Which value each hyperparameter has, in the order in which they are named; those that follow have
            their first.
    """

    def __init__(self, places: Sequence[int] = ()) -> None:
        super().__init__()
        self._given = list(places)
        self._places: list[int] = []
        self._sizes: list[int] = []
        self._drawn: dict[str, Any] = {}

    def draw(self, hyperparameter: Any) -> Any:
        """Takes the value at the next place."""
        values = list(hyperparameter.values)
        number = len(self._places)
        place = self._given[number] if number < len(self._given) else 0
        self._places.append(place)
        self._drawn[hyperparameter.name] = values[place]
        self._sizes.append(len(values))
        return values[place]

    @property
    def drawn(self) -> dict[str, Any]:
        """The values by name, without those that are fixed."""
        return dict(self._drawn)

    @property
    def places(self) -> list[int]:
        """Which value each hyperparameter has."""
        return list(self._places)

    def following(self) -> list[int] | None:
        """Returns the places of the next combination; ``None`` after the last."""
        places = list(self._places)
        while places:
            places[-1] += 1
            if places[-1] < self._sizes[len(places) - 1]:
                return places
            places.pop()
        return None
