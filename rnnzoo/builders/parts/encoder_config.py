"""What every builder knows of its recurrent layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnzoo import checks
from rnnzoo.builders.parts.config_fields import from_mapping
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.cells import CELLS, Cell, sequence_cells
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.pooling import LAST, check_pooling
from rnnzoo.value_objects import checked_fields

SKIPS = ("none", "residual", "highway")


@checked_fields
@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """The recurrent layers of a model and what is made of their outputs.

    Its fields are words that every builder takes flat: ``build_classifier(num_classes=3, num_features=5, cell="gru",
    units=(64, 64))`` is ``build_classifier(num_classes=3, num_features=5, encoder=EncoderConfig(cell="gru",
    units=(64, 64)))``. A ready one can be passed to several builders; ``dataclasses.replace`` changes a field of it.
    It is taken whole: a field that it was not given is the default below, not the builder's own. Words beside a ready
    one fill what it leaves ``None``; what it says otherwise is refused.

    Attributes:
        cell: A name in ``rnnzoo.cells.CELLS`` that reads vectors, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer (of each direction): ``(64, 64)`` is two layers of 64. One number is one
            layer.
        bidirectional: Whether each layer also reads backwards; the two outputs are joined.
        dropout: Share of connections between layers dropped in training. Never of recurrent ones (Zaremba 2014), so
            that it keeps cuDNN.
        recurrent_dropout: Share of recurrent connections dropped in training (Gal 2016). Leaves cuDNN, with a warning.
        skip: What leads around each layer whose input is as wide as its output, that is all but the first (and the
            last, if it answers only once): ``"residual"`` adds the input to the output, ``"highway"`` mixes them;
            ``"none"`` does neither. The widths must be equal.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        pooling: What the one answer to a sequence is made of; ``None`` for what the builder takes by default.
            ``"last"``: the output after the last valid step (of each direction), the only one that streams. ``"mean"``,
            ``"max"``: the mean or maximum of the outputs over all valid steps. ``"attention"``: their mean weighted by
            a learned query (Yang 2016). ``"concat"``: last, maximum and mean side by side (Howard & Ruder 2018).
            ``"middle"``: the output in the middle, for windows cut around a site. Or a pooling of one's own.

    Raises:
        ArgumentError: If a field is out of range, or the cell cannot do what another field asks.
        UnknownNameError: If there is no such cell, skip or pooling; the nearest name is suggested.

    Example:
        >>> encoder = EncoderConfig(cell="gru", units=64, regularization={"weight_drop": 0.5})
        >>> encoder.units, encoder.regularization.weight_drop
        ((64,), 0.5)
    """

    cell: str = "lstm"
    units: int | Sequence[int] = (64,)
    bidirectional: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    skip: str = "none"
    regularization: Regularization | Mapping[str, float] | None = None
    pooling: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cell, str) or self.cell not in CELLS:
            checks.choice("cell", self.cell, sequence_cells())
        checks.flag("bidirectional", self.bidirectional)
        checks.number("dropout", self.dropout, minimum=0, below=1)
        checks.number("recurrent_dropout", self.recurrent_dropout, minimum=0, below=1)
        object.__setattr__(self, "units", checks.widths("units", self.units))
        object.__setattr__(self, "regularization", Regularization.of(self.regularization))
        checks.choice("skip", self.skip, SKIPS)
        if self.pooling is not None:
            check_pooling(self.pooling)
        _check_cell(self.cell, self.recurrent_dropout, self.extra)

    @classmethod
    def of(cls, value: object) -> EncoderConfig:
        """Returns a config from one, or from a mapping of its fields.

        Raises:
            ArgumentError: If ``value`` is neither.
            UnknownNameError: If the mapping names a field that there is not.
        """
        return value if isinstance(value, EncoderConfig) else from_mapping(cls, value, "encoder")

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each layer."""
        return tuple(self.units)  # type: ignore[arg-type]

    @property
    def extra(self) -> Regularization:
        """The rarer ways to regularise."""
        return Regularization.of(self.regularization)

    @property
    def reads_last(self) -> bool:
        """Whether the answer is made of the output after the last valid step alone."""
        return self.pooling in (None, LAST)

    def without_output_penalties(self) -> EncoderConfig:
        """Returns the same without penalties on the outputs, for layers whose outputs another layer makes."""
        extra = dataclasses.replace(self.extra, activation_penalty=0.0, change_penalty=0.0)
        return dataclasses.replace(self, regularization=extra)

    def check_skip(self, *, return_sequences: bool) -> None:
        """Checks that there are layers to lead around.

        Args:
            return_sequences: Whether the last layer answers at every step.

        Raises:
            ArgumentError: If there are too few, or of different widths.
        """
        least = 2 if return_sequences else 3
        if self.skip != "none" and (len(set(self.widths)) > 1 or len(self.widths) < least):
            raise ArgumentError(
                f"skip: received {self.skip!r} with units={self.widths}; expected {least} layers or more, of equal "
                f"width. Pass e.g. units={(64,) * least}."
            )


def _check_cell(cell: str, recurrent_dropout: float, extra: Regularization) -> None:
    """Refuses what a cell cannot do."""
    able = CELLS[cell]
    others = ", ".join(
        name for name, other in CELLS.items() if other.recurrent_dropout and other.reads == able.reads
    )
    others = others or ", ".join(name for name in sequence_cells() if CELLS[name].recurrent_dropout)
    if recurrent_dropout and not able.recurrent_dropout:
        raise ArgumentError(
            f"recurrent_dropout: received {recurrent_dropout} with cell={cell!r}, which {_why_not(able)}; expected 0. "
            f"Use dropout between the layers, or one of the cells {others}."
        )
    if extra.weight_drop and not able.recurrent_dropout:
        raise ArgumentError(
            f"weight_drop: received {extra.weight_drop} with cell={cell!r}; expected 0. It needs one of the cells "
            f"{others}, whose recurrent weights are one matrix."
        )
    if extra.zoneout and not able.recurrent_dropout:
        raise ArgumentError(
            f"zoneout: received {extra.zoneout} with cell={cell!r}; expected 0. It needs one of the cells {others}."
        )
    if extra.zoneout and recurrent_dropout:
        raise ArgumentError(
            f"zoneout: received {extra.zoneout} and recurrent_dropout={recurrent_dropout}; expected one of them."
        )
    if (extra.recurrent_l1 or extra.recurrent_l2) and not able.recurrent_matrix:
        raise ArgumentError(
            f"recurrent_l1, recurrent_l2: received a penalty with cell={cell!r}, which has no matrix that reads the "
            "state; expected 0. Use kernel_l1 or kernel_l2."
        )


def _why_not(cell: Cell) -> str:
    return "computes all steps at once" if cell.parallel else "has no dropout of its state"
