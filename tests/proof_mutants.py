"""The lowering broken in many ways, and the networks in which each break is looked for.

Whether the file of a broken lowering answers otherwise than Keras is looked at on inputs that are made here, and not by
the proof; then the proof must say so too.

    python tests/proof_mutants.py [--every]

prints the table of mutants.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import onnx
import onnxruntime

from lowering_breaks import MUTANTS
from proof_networks import Mutant, Network, networks
from rnnzoo.errors import ParityError
from rnnzoo_export import conversion as onnx_model
from rnnzoo_export.graph import lowering
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.proof import prove

KINDS = ("full", "right", "left", "holes", "empty row")
# Differences that Keras and onnxruntime have on their own stay below a tenth of this.
VISIBLE = 1e-4


@dataclass
class Outcome:
    """What one mutant did to one network, by what was looked at.

    Attributes:
        seen: Where the file answers otherwise than Keras.
        caught: Where the proof refuses it.
    """

    network: Network
    mutant: str
    seen: set[str]
    caught: set[str]
    reason: str | None


class Laboratory:
    """One network, converted once, lowered as often as there are mutants.

    Args:
        network: The network.
        folder: Where files go.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self._folder = network, folder
        self.model = network.build()
        # Its answers are kept, for they are asked for again and again.
        self._exportable = Exportable(self.model)
        self._answers: dict[Any, Any] = {}
        predict, eagerly = self._exportable.predict, self._exportable.predict_eagerly
        vars(self._exportable).update(
            predict=lambda arrays: self._known("truth", predict, arrays),
            predict_eagerly=lambda arrays: self._known("eager", eagerly, arrays),
        )
        self._converted = self._convert()
        self.right = self._session("right", self._lower(self._converted))
        self._truths: dict[str, np.ndarray] = {}

    def kinds(self, mutant: Mutant) -> tuple[str, ...]:
        """What is looked at: each kind of row on its own."""
        if mutant.view != "rows":
            return (mutant.view,)
        return ("full",) if self.network.mask == "none" else KINDS

    def outcome(self, mutant: Mutant) -> Outcome:
        """Breaks the lowering and looks what answers otherwise, and what the proof says of it."""
        with mutant.patch():
            converted = self._convert() if mutant.while_tracing else self._converted
            wrong = self._session(mutant.name, self._lower(converted))
        seen = {kind for kind in self.kinds(mutant) if self._differs(wrong, kind)}
        caught = {kind for kind in seen if self._is_refused(wrong, kind)}
        return Outcome(self.network, mutant.name, seen, caught, mutant.equal(self.network))

    def is_proved(self) -> bool:
        """Whether the proof lets the right file pass."""
        return not self._refuses(self.right)

    def _convert(self) -> tuple[onnx.ModelProto, dict[str, Any]]:
        kept: list[Any] = []

        def keep(proto: onnx.ModelProto, steps: dict[str, Any]) -> list[str]:
            copy = onnx.ModelProto()
            copy.CopyFrom(proto)
            kept.append((copy, steps))
            return list(lowering.lower_markers(proto, steps))

        with mock.patch.object(onnx_model, "lower_markers", keep):
            onnx_model._convert(self._exportable, 18)
        made: tuple[onnx.ModelProto, dict[str, Any]] = kept[0]
        return made

    def _lower(self, converted: tuple[onnx.ModelProto, dict[str, Any]]) -> onnx.ModelProto:
        proto = onnx.ModelProto()
        proto.CopyFrom(converted[0])
        lowering.lower_markers(proto, converted[1])
        onnx_model._order(proto, self._exportable.signature)
        return proto

    def _session(self, name: str, proto: onnx.ModelProto) -> Callable[[Any], dict[str, np.ndarray]]:
        path = self._folder / "model.onnx"
        onnx.save(proto, path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.intra_op_num_threads = 4, 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]

        def run(arrays: Any) -> dict[str, np.ndarray]:
            return dict(zip(names, session.run(names, dict(arrays)), strict=True))

        return lambda arrays: self._known(name, run, arrays)

    def _known(self, name: str, run: Any, arrays: Any) -> Any:
        key = (name, *((key, value.shape, value.tobytes()) for key, value in arrays.items()))
        if key not in self._answers:
            self._answers[key] = run(arrays)
        return self._answers[key]

    def _differs(self, wrong: Any, kind: str) -> bool:
        if kind in ("many", "large"):
            arrays = self.network.inputs("full", rows=400 if kind == "many" else 4, large=kind == "large")
        else:
            arrays = self.network.inputs(kind)
        if kind not in self._truths:
            truth = self.model([arrays[tensor.name] for tensor in self.model.inputs])
            self._truths[kind] = np.asarray(truth)
            assert np.isfinite(self._truths[kind]).all()
        (found,) = wrong(arrays).values()
        truth = self._truths[kind]
        size = max(1.0, float(np.abs(truth).max()))
        return not bool((np.abs(found - truth) <= VISIBLE * size).all())

    def _is_refused(self, wrong: Any, kind: str) -> bool:
        """Whether the proof refuses a file that is wrong for rows of one kind alone."""
        if kind in ("many", "large"):
            return self._refuses(wrong)

        def run(arrays: Any) -> dict[str, np.ndarray]:
            rows = self._rows(arrays["x"], kind)
            good, bad = self.right(arrays), wrong(arrays)
            return {
                key: np.where(rows.reshape(-1, *[1] * (value.ndim - 1)), bad[key], value)
                for key, value in good.items()
            }

        return self._refuses(run)

    def _rows(self, x: np.ndarray, kind: str) -> np.ndarray:
        """Returns which rows of a batch have one kind of mask and no other."""
        if self.network.mask == "none":
            return np.ones(len(x), bool)
        valid = x != 0 if self.network.mask == "ids" else (x != float(self.network.mask)).any(axis=-1)
        steps = np.arange(valid.shape[1])
        first = np.where(valid, steps, len(steps)).min(axis=1)
        last = np.where(valid, steps, -1).max(axis=1)
        right, left = last < len(steps) - 1, first > 0
        holes = last - first + 1 > valid.sum(axis=1)
        none = ~valid.any(axis=1)
        return {
            "full": valid.all(axis=1),
            "right": right & ~left & ~holes & ~none,
            "left": left & ~right & ~holes & ~none,
            "holes": holes,
            "empty row": none,
        }[kind]

    def _refuses(self, run: Any) -> bool:
        try:
            prove(self._exportable, run, None, "mutant")
        except ParityError:
            return True
        return False


def outcomes(chosen: list[Network]) -> Iterator[Outcome]:
    """Breaks the lowering of every network in every way; a right file must be proved."""
    for network in chosen:
        with tempfile.TemporaryDirectory() as folder:
            laboratory = Laboratory(network, Path(folder))
            assert laboratory.is_proved(), network
            for mutant in MUTANTS:
                yield laboratory.outcome(mutant)


def table(found: list[Outcome]) -> str:
    """Returns a row for each mutant: how often it was seen and caught, by kind of row, and where it cannot be."""
    lines = ["| mutant | networks | rows seen | caught | nothing to see: |", "|---|---|---|---|---|"]
    for mutant in MUTANTS:
        mine = [outcome for outcome in found if outcome.mutant == mutant.name]
        shown = [outcome for outcome in mine if outcome.seen]
        seen, caught = (
            sum(len(one) for one in sets) for sets in zip(*((o.seen, o.caught) for o in mine), strict=True)
        )
        reasons = dict.fromkeys(o.reason or "?" for o in mine if not o.seen)
        lines.append(
            f"| {mutant.name} | {len(shown)} of {len(mine)} | {seen} | {caught} | {'; '.join(reasons)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table, with ``--every`` of all networks."""
    chosen = networks(every="--every" in sys.argv)
    sys.stdout.write(table(list(outcomes(chosen))) + "\n")


if __name__ == "__main__":
    main()
