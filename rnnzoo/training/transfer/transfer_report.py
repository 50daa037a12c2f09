"""What became of each layer when one model started from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerTransfer:
    """What became of one layer.

    Attributes:
        name: Its name in the model that receives; of a wrapped layer, that of the layer inside.
        outcome: ``"copied"``, ``"remapped"`` (the rows of a vocabulary, word by word) or ``"left"`` as it was.
        source: The name of the layer it was copied from, or ``None``.
        detail: Why it was left; how many words found a row.
        weights: How many numbers it has.
    """

    name: str
    outcome: str
    source: str | None
    detail: str
    weights: int


@dataclass(frozen=True)
class TransferReport:
    """What was transferred and what was not. ``str(report)`` says it in words.

    Attributes:
        layers: Every layer with weights of the model that receives, in its order.
        unused: Layers with weights of the model that gives which nothing was copied from.
        new_words: Words that only the receiving model knows; they start from the mean of all known rows.
    """

    layers: tuple[LayerTransfer, ...]
    unused: tuple[str, ...]
    new_words: tuple[str, ...] = ()

    def names(self, outcome: str) -> list[str]:
        """Returns the names of the layers with this outcome."""
        return [layer.name for layer in self.layers if layer.outcome == outcome]

    def __str__(self) -> str:
        lines = [_line(layer) for layer in self.layers]
        if self.unused:
            lines.append(f"not used of the source: {', '.join(self.unused)}")
        return "\n".join(lines)


def _line(layer: LayerTransfer) -> str:
    if layer.outcome == "left":
        return f"{layer.name}: left as it was ({layer.detail})"
    renamed = "" if layer.source == layer.name else f" from {layer.source}"
    return f"{layer.name}: {layer.outcome}{renamed} ({layer.detail})"
