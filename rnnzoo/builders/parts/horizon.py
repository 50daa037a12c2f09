"""What forecasters share: the level of a window, and what is answered for each value ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keras import layers

from rnnzoo import checks
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, check_quantiles
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.distributions import GaussianParameters, MonotoneQuantiles
from rnnzoo.layers.window_normalization import METHODS, WindowNormalization, WindowRestoration
from rnnzoo.tensors import Tensor

#: What can be answered for each value ahead, and the name of the output, which says what it is trained for.
HEADS = {"point": "values", "quantile": "quantiles", "gaussian": "distribution"}


@dataclass(frozen=True)
class Level:
    """Where a window was before it was normalised: ``location`` and ``scale`` ``(batch, 1, targets)``."""

    location: Tensor
    scale: Tensor


def normalize(
    x: Tensor, normalization: str | None, *, num_features: int, num_targets: int
) -> tuple[Tensor, Level | None]:
    """Normalises the past of the targets, the first features, by the window itself.

    Args:
        x: The window ``(batch, time, features)``.
        normalization: ``"reversible"``, ``"last"`` or ``None``.
        num_features: Number of features.
        num_targets: Number of targets.

    Returns:
        The window, and its level to be given back to the forecasts.
    """
    if normalization is None:
        return x, None
    checks.choice("normalization", normalization, METHODS)
    check_targets(num_features, num_targets, f"normalization={normalization!r}")
    x, location, scale = WindowNormalization(num_targets, normalization, name="window_normalization")(x)
    return x, Level(location, scale)


def check_targets(num_features: int, num_targets: int, what: str) -> None:
    """Checks that the features can hold the targets' own past."""
    checks.integer("num_features", num_features, minimum=1)
    if num_targets > num_features:
        raise ArgumentError(
            f"num_targets: received {num_targets} with num_features={num_features}; expected at most as many with "
            f"{what}, for the first features are the targets' own past. Make them part of the features."
        )


@dataclass(frozen=True)
class Head:
    """What is answered for each value ahead.

    Attributes:
        kind: A name in ``HEADS``.
        quantiles: The levels, where quantiles are answered.
    """

    kind: str
    quantiles: tuple[float, ...] | None

    @property
    def numbers(self) -> int:
        """How many numbers describe one value."""
        return {"point": 1, "gaussian": 2}.get(self.kind) or len(self.quantiles or ())

    @property
    def location(self) -> int:
        """Which of the numbers says where a value lies: the value itself, the mean or the median."""
        return (self.quantiles or (0.5,)).index(0.5)

    def answer(self, x: Tensor, horizon: int, num_targets: int, level: Level | None) -> Tensor:
        """Ends a model: free numbers, ``horizon * num_targets * numbers`` a row in this order, to its output.

        Args:
            x: The numbers, in any shape and in float32.
            horizon: Number of steps ahead.
            num_targets: Number of series.
            level: The level of the window, if it was normalised.
        """
        name = HEADS[self.kind]
        # The last layer gives the output its name.
        names = [name] if level is None else [f"normalized_{name}", name]
        if self.kind == "point":
            x = layers.Reshape((horizon, num_targets), dtype="float32", name=names[0])(x)
        else:
            x = layers.Reshape((horizon, num_targets, self.numbers), dtype="float32", name="numbers")(x)
            made = (
                MonotoneQuantiles(self.quantiles or (), name=names[0])
                if self.kind == "quantile"
                else GaussianParameters(name=names[0])
            )
            x = made(x)
        if level is None:
            return x
        restoration = WindowRestoration(spread_last=self.kind == "gaussian", name=name)
        return restoration([x, level.location, level.scale])


def find_head(head: str, quantiles: Sequence[float] | None) -> Head:
    """Checks what is to be answered.

    Args:
        head: A name in ``HEADS``.
        quantiles: The levels for ``"quantile"``; ``None`` for 0.1, 0.5 and 0.9.

    Raises:
        ArgumentError: If the two do not go together.
    """
    checks.choice("head", head, HEADS)
    if head == "quantile":
        return Head(head, check_quantiles(DEFAULT_QUANTILES if quantiles is None else quantiles))
    if quantiles is not None:
        raise ArgumentError(
            f"quantiles: received {quantiles!r} with head={head!r}; expected them with head='quantile' only."
        )
    return Head(head, None)
